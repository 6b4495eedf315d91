"""Jia's hyperchaos from Lorenz' system, growth rate 1.1."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperLorenz(AbstractFlow):
    r"""Lorenz' convection with a fourth component that grows by itself and feeds back on the first.

    .. math::
        \dot x = a (y - x) + w, \qquad \dot y = c x - y - x z, \qquad \dot z = x y - b z, \qquad \dot w = d w - x z

    Jia (2007), Hyperchaos generated from the Lorenz chaotic system and its control, Physics Letters A 366, 217;
    collected in Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 10.0, "b": 2.667, "c": 28.0, "d": 1.1},
        knob="c",
        knob_means="the Rayleigh number over its critical value",
        start=(-9.1860737, -0.67445706, 16.440537, -145.02438),
        symmetries=((-1, -2, 3, -4),),
        notes=("The equation is that of hyper_jha, at another growth rate and with other letters.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x) + w, p["c"] * x - y - x * z, x * y - p["b"] * z, p["d"] * w - x * z
