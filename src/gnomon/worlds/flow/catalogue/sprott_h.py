"""Sprott's case H."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottH(AbstractFlow):
    r"""A growing oscillation pushed by the square of its own memory.

    .. math::
        \dot x = -y + z^2, \qquad \dot y = x + a y, \qquad \dot z = x - b z

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.5, "b": 1.0},
        knob="a",
        knob_means="growth rate of the oscillation",
        start=(-1.360042, 0.62585352, -1.2788196),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -y + z**2, x + p["a"] * y, x - p["b"] * z
