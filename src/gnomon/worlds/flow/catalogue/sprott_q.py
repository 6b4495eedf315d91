"""Sprott's case Q."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottQ(AbstractFlow):
    r"""A growing oscillation that the square of a follower folds.

    .. math::
        \dot x = -z, \qquad \dot y = x - y, \qquad \dot z = a x + y^2 + b z

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 3.1, "b": 0.5},
        knob="b",
        knob_means="growth rate of z",
        start=(2.978102, -0.065260683, -2.8031286),
        spread=0.002,
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -z, x - y, p["a"] * x + y**2 + p["b"] * z
