"""Sprott's case K."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottK(AbstractFlow):
    r"""A growing oscillation that a product holds.

    .. math::
        \dot x = x y - z, \qquad \dot y = x - b y, \qquad \dot z = x + a z

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.3, "b": 1.0},
        knob="a",
        knob_means="growth rate of z",
        start=(-1.3165015, -1.5429951, 0.664053),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return x * y - z, x - p["b"] * y, x + p["a"] * z
