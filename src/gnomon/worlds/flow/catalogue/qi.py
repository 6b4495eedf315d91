"""Qi's four components with threefold products."""

from gnomon.worlds.flow.system import About, AbstractFlow


class Qi(AbstractFlow):
    r"""Four components, each driven by the product of the three others.

    .. math::
        \dot x = a (y - x) + y z w, \qquad \dot y = b (x + y) - x z w, \qquad \dot z = -c z + x y w, \qquad
        \dot w = -d w + x y z

    Qi, Du, Chen, Chen and Yuan (2005), On a four-dimensional chaotic system, Chaos, Solitons and Fractals 23, 1671;
    collected in Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 45.0, "b": 10.0, "c": 1.0, "d": 10.0},
        knob="b",
        knob_means="the growth rate of y",
        start=(0.25620426, 0.19566166, 7.2598238, 1.3162559),
        symmetries=((-1, -2, 3, 4), (1, 2, -3, -4)),
        notes=("dysts names a paper on hyper_qi, a system with products of two.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        x_dot = p["a"] * (y - x) + y * z * w
        y_dot = p["b"] * (x + y) - x * z * w
        return x_dot, y_dot, -p["c"] * z + x * y * w, -p["d"] * w + x * y * z
