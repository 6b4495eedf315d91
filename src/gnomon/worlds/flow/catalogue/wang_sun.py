"""Four wings."""

from gnomon.worlds.flow.system import About, AbstractFlow


class WangSun(AbstractFlow):
    r"""A quadratic flow with four wings.

    .. math::
        \dot x = a x + q y z, \qquad \dot y = b x + d y - x z, \qquad \dot z = e z + f x y

    Wang, Sun, van Wyk, Qi and van Wyk (2009), A 3-D four-wing attractor and its analysis,
    doi:10.1590/S0103-97332009000500007; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.2, "b": -0.01, "d": -0.4, "e": -1.0, "f": -1.0, "q": 1.0},
        knob="a",
        knob_means="growth rate of x",
        start=(-0.54770787, 0.73876479, -0.0049284531),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * x + p["q"] * y * z, p["b"] * x + p["d"] * y - x * z, p["e"] * z + p["f"] * x * y
