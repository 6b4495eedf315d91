"""Three layers from a feedback circuit."""

from gnomon.worlds.flow.system import About, AbstractFlow


class ZhouChen(AbstractFlow):
    r"""A smooth quadratic flow whose attractor has three layers.

    .. math::
        \dot x = a x + b y + y z, \qquad \dot y = c y - x z + d y z, \qquad \dot z = e z - x y

    Zhou and Chen (2004), A simple smooth chaotic system with a 3-layer attractor, doi:10.1142/S0218127404010175;
    collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 2.97, "b": 0.15, "c": -3.0, "d": 1.0, "e": -8.78},
        knob="a",
        knob_means="growth rate of x",
        start=(-0.60390203, 0.012111953, 0.00083277923),
        symmetries=((-1, -2, 3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        return p["a"] * x + p["b"] * y + y * z, p["c"] * y - x * z + p["d"] * y * z, p["e"] * z - x * y
