"""Sprott's case J."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottJ(AbstractFlow):
    r"""A damped chain closed by a square.

    .. math::
        \dot x = a z, \qquad \dot y = -b y + z, \qquad \dot z = -x + y + y^2

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.0, "b": 2.0},
        knob="b",
        knob_means="damping of y",
        start=(4.4786928, 2.2977432, 6.5847115),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * z, -p["b"] * y + z, -x + y + y**2
