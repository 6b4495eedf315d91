"""Yan's hyperchaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperYan(AbstractFlow):
    r"""Chen's system with a fourth component that is strongly damped.

    .. math::
        \dot x = a (y - x), \qquad \dot y = (c - a) x - x z + c y, \qquad
        \dot z = -b z + x y - y z + x z - w, \qquad \dot w = -d w + y z - x z

    Collected in Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    doi:10.48550/arXiv.2110.05266, after Meier (2003), Presentation of attractors with cinema.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 37.0, "b": 3.0, "c": 26.0, "d": 38.0},
        knob="c",
        knob_means="the growth rate of y",
        start=(-6.5766207, -4.6171454, 17.796515, 0.80723574),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        gap = (y - x) * z
        y_dot = (p["c"] - p["a"]) * x - x * z + p["c"] * y
        return p["a"] * (y - x), y_dot, -p["b"] * z + x * y - gap - w, -p["d"] * w + gap
