"""Three scrolls, unified."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Tsucs2(AbstractFlow):
    r"""A three-scroll attractor of the Lorenz family.

    .. math::
        \dot x = a (y - x) + d x z, \qquad \dot y = k x + f y - x z, \qquad \dot z = c z + x y - \epsilon x^2

    Pan, Zhou and Li (2013), Synchronization of three-scroll unified chaotic system (TSUCS) and its hyper-chaotic system
    using active pinning control, Nonlinear Dynamics 73; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 40.0, "c": 0.833, "d": 0.5, "eps": 0.65, "f": 20.0, "k": 0.0},
        knob="f",
        knob_means="growth rate of y",
        start=(1.2969944, 1.12138, 50.028988),
        symmetries=((-1, -2, 3),),
        notes=("The equation of `dequan_li` at other values.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return (
            p["a"] * (y - x) + p["d"] * x * z,
            p["k"] * x + p["f"] * y - x * z,
            p["c"] * z + x * y - p["eps"] * x**2,
        )
