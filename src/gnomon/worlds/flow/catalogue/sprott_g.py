"""Sprott's case G."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottG(AbstractFlow):
    r"""A growing oscillation that a product folds back.

    .. math::
        \dot x = a x + z, \qquad \dot y = x z - b y, \qquad \dot z = -x + y

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.4, "b": 1.0},
        knob="a",
        knob_means="growth rate of the oscillation",
        start=(-0.77182478, -0.74756595, 1.3073285),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * x + z, x * z - p["b"] * y, -x + y
