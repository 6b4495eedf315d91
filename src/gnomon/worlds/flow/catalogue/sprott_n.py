"""Sprott's case N."""

from gnomon.worlds.flow.system import About, AbstractFlow


class SprottN(AbstractFlow):
    r"""A rotation driven by the square of a damped follower.

    .. math::
        \dot x = -a y, \qquad \dot y = x + z^2, \qquad \dot z = 1 + y - b z

    Sprott (1994), Some simple chaotic flows, doi:10.1103/PhysRevE.50.R647.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.0, "b": 2.0},
        knob="b",
        knob_means="damping of z",
        start=(-8.3258705, 7.3033716, 3.2798909),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return -p["a"] * y, x + z**2, 1 + y - p["b"] * z
