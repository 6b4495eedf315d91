"""Yang and Chen's hyperchaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperYangChen(AbstractFlow):
    r"""A Lorenz-like system with a fourth component that integrates the first.

    .. math::
        \dot x = a (y - x), \qquad \dot y = c x - x z + w, \qquad \dot z = x y - b z, \qquad \dot w = -d x

    Collected in Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    doi:10.48550/arXiv.2110.05266, after Meier (2003), Presentation of attractors with cinema.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 30.0, "b": 3.0, "c": 35.0, "d": 8.0},
        knob="c",
        knob_means="how strongly x drives y",
        start=(3.5344642, 4.8285252, 25.049176, 17.118520),
        symmetries=((-1, -2, 3, -4),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x), p["c"] * x - x * z + w, x * y - p["b"] * z, -p["d"] * x
