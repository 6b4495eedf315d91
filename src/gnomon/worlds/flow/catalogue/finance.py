"""Interest rate, investment and prices."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Finance(AbstractFlow):
    r"""Interest rate x, investment demand y and price index z of a market.

    .. math::
        \dot x = (1 / b - a) x + z + x y, \qquad \dot y = -b y - x^2, \qquad \dot z = -x - c z

    with saving a, cost of investment b and elasticity of demand c; y is counted from its level without interest.

    Cai and Huang (2007), A new finance chaotic attractor, International Journal of Nonlinear Science 3, 213;
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 0.001, "b": 0.2, "c": 1.1},
        knob="c",
        knob_means="elasticity of demand",
        start=(-0.51664739, -3.9568707, 0.0012893581),
        symmetries=((-1, 2, -3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return (1 / p["b"] - p["a"]) * x + z + x * y, -p["b"] * y - x**2, -x - p["c"] * z
