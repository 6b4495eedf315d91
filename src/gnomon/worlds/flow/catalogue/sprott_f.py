"""Sprott's case F."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottF(AbstractFlow):
    r"""A growing oscillation that a square folds back.

    .. math::
        \dot x = y + z, \qquad \dot y = -x + a y, \qquad \dot z = x^2 - b z

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.5, "b": 1.0},
        knob="a",
        knob_means="growth rate of the oscillation",
        start=(-0.98941275, -1.4191706, 0.85797204),
        notes=("In the source b = 1.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return y + z, -x + p["a"] * y, x**2 - p["b"] * z
