"""Sprott's case I."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottI(AbstractFlow):
    r"""A slow oscillation kicked by a square.

    .. math::
        \dot x = -a y, \qquad \dot y = x + z, \qquad \dot z = x + y^2 - b z

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.2, "b": 1.0},
        knob="a",
        knob_means="rate of the slow component",
        start=(-0.060099389, -0.49558355, 0.023159035),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -p["a"] * y, x + z, x + y**2 - p["b"] * z
