"""Sprott's case S."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottS(AbstractFlow):
    r"""A damped oscillation about x = -1 that a square drives.

    .. math::
        \dot x = -x - a y, \qquad \dot y = x + z^2, \qquad \dot z = b + x

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 4.0, "b": 1.0},
        knob="b",
        knob_means="constant drive of z",
        start=(0.12635702, 0.12260693, 1.2215429),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -x - p["a"] * y, x + z**2, p["b"] + x
