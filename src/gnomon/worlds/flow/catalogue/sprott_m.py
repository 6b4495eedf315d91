"""Sprott's case M."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottM(AbstractFlow):
    r"""An oscillation that is kicked by a square and has a constant drive.

    .. math::
        \dot x = -z, \qquad \dot y = -x^2 - b y, \qquad \dot z = a + a x + y

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 1.7, "b": 1.0},
        knob="a",
        knob_means="constant drive, and stiffness",
        start=(1.6024402, -1.5983203, -2.6236374),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -z, -(x**2) - p["b"] * y, p["a"] + p["a"] * x + y
