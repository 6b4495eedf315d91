"""Jia's hyperchaos from Lorenz' system, growth rate 1.3."""

from gnomon.worlds.flow.system import About, AbstractFlow


class HyperJha(AbstractFlow):
    r"""Lorenz' convection with a fourth component that grows by itself and feeds back on the first.

    .. math::
        \dot x = a (y - x) + w, \qquad \dot y = b x - y - x z, \qquad \dot z = x y - c z, \qquad \dot w = d w - x z

    Jia (2007), Hyperchaos generated from the Lorenz chaotic system and its control, Physics Letters A 366, 217;
    collected in Gilpin (2021), Chaos as an interpretable benchmark for forecasting and data-driven modelling,
    doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z", "w"),
        parameters={"a": 10.0, "b": 28.0, "c": 2.667, "d": 1.3},
        knob="b",
        knob_means="the Rayleigh number over its critical value",
        start=(13.765449, 20.203792, 32.081798, -51.189321),
        symmetries=((-1, -2, 3, -4),),
        notes=("The equation is that of hyper_lorenz, at another growth rate and with other letters.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z, w = u
        return p["a"] * (y - x) + w, p["b"] * x - y - x * z, x * y - p["c"] * z, p["d"] * w - x * z
