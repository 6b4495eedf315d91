"""Three cells of a cellular neural network."""

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class CellularNeuralNetwork(AbstractFlow):
    r"""Three leaky cells that exchange their clipped states.

    .. math::
        \dot x &= -x + d f(x) - b f(y) - b f(z), \\
        \dot y &= -y - b f(x) + c f(y) - a f(z), \\
        \dot z &= -z - b f(x) + a f(y) + f(z), \qquad f(u) = \tfrac12 \left( |u + 1| - |u - 1| \right)

    Arena, Caponetto, Fortuna and Porto (1998), Bifurcation and chaos in noninteger order cellular neural networks,
    doi:10.1142/S0218127498001170; collected in Gilpin (2021), doi:10.48550/arXiv.2110.05266.
    """

    about = About(
        state=("x", "y", "z"),
        parameters={"a": 4.4, "b": 3.21, "c": 1.1, "d": 1.24},
        knob="d",
        knob_means="how strongly the first cell excites itself",
        start=(-0.26574016, -0.36754928, -0.073094132),
        symmetries=((-1, -2, -3),),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, z = u
        a, b = p["a"], p["b"]
        f, g, h = (jnp.clip(v, -1.0, 1.0) for v in u)
        return p["d"] * f - b * (g + h) - x, p["c"] * g - b * f - a * h - y, a * g - b * f + h - z
