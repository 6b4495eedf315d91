"""Wang's hyperchaos from Liu's system."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperWang(AbstractFlow):
    r"""Liu's Lorenz-like system with a fourth component that integrates the first.

    .. math::
        \dot x = a (y - x), \qquad \dot y = b x - x z + w, \qquad \dot z = e x^2 - c z, \qquad \dot w = -d x

    Collected in Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 10.0, "b": 40.0, "c": 2.5, "d": 10.6, "e": 4.0},
        knob="b",
        knob_means="how strongly x drives y",
        start=(0.16824907, 0.16854103, 37.04033781, -15.29027381),
        symmetries=((-1, -2, 3, -4),),
        notes=(
            "The paper that dysts names, on a four-wing attractor of three components, is another system's.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x), p["b"] * x - x * z + w, p["e"] * x * x - p["c"] * z, -p["d"] * x
