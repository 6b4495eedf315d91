"""Cai and Huang's hyperchaos."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperCai(AbstractFlow):
    r"""A Lorenz-like system with a fourth component that integrates the first.

    .. math::
        \dot x = a (y - x), \qquad \dot y = b x + c y - x z + w, \qquad \dot z = y^2 - d z, \qquad \dot w = -e x

    Cai and Huang (2007), A new finance chaotic attractor, International Journal of Nonlinear Science 3, 213; collected
    in Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 27.5, "b": 3.0, "c": 19.3, "d": 2.9, "e": 3.3},
        knob="c",
        knob_means="the growth rate of y",
        start=(-10.691274, -15.541159, 18.388273, -14.904494),
        symmetries=((-1, -2, 3, -4),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x), p["b"] * x + p["c"] * y - x * z + w, y * y - p["d"] * z, -p["e"] * x
