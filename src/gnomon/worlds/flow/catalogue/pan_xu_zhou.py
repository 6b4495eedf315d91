"""Pan, Xu and Zhou's Lorenz-like system."""

from gnomon.worlds.flow.system import About, AbstractFlow


class PanXuZhou(AbstractFlow):
    r"""Lorenz' system without the damping of the second component.

    .. math::
        \dot x = a (y - x), \qquad \dot y = k x - x z, \qquad \dot z = x y - b z

    The two rest states off the axis are stable where k < a (a + b) / (a - b), which is 17.27 at the standard a and b.

    Zhou, Xu, Lu and Pan (2008), On dynamics analysis of a new chaotic attractor, doi:10.1016/j.physleta.2008.07.032.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 10.0, "b": 2.6667, "k": 28.0},
        knob="k",
        knob_means="how strongly x drives y",
        start=(-3.03805747, -1.98052429, 14.65665869),
        symmetries=((-1, -2, 3),),
        notes=(
            "At k = 16, the value of dysts, orbits are chaotic for a while and come to rest; k = 28 is used here.",
            "dysts writes it in the family of dequan_li, whose other parameters are zero here and left out.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * (y - x), (p["k"] - z) * x, x * y - p["b"] * z
