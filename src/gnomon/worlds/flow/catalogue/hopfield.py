"""Six neurons that frustrate each other."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow

COUPLING = -np.array(
    [
        [0, 1, 0, 0, 1, 1],
        [0, 0, 0, 1, 1, 1],
        [1, 1, 0, 0, 1, 0],
        [1, 1, 1, 0, 0, 0],
        [1, 1, 0, 1, 0, 0],
        [0, 1, 1, 1, 0, 0],
    ],
    dtype=float,
)


class Hopfield(AbstractFlow):
    r"""A network of six neurons, each of which inhibits three others.

    .. math::
        \dot x_i = -x_i / \tau + f(\varepsilon \sum_j k_{ij} x_j) - \beta, \qquad f(v) = (1 + \tanh v) / 2

    The couplings k are 0 or -1.

    Lewis and Glass (1992), Nonlinear dynamics and symbolic dynamics of neural networks, doi:10.1162/neco.1992.4.5.621.
    """

    about = About(
        state=("x1", "x2", "x3", "x4", "x5", "x6"),
        parameters={"eps": 10.0, "beta": 0.5, "tau": 2.5},
        knob="eps",
        knob_means="the gain of the synapses",
        start=(-0.67127393, -0.2420173, -0.055676628, 0.34697948, 0.45273118, 0.78389688),
        symmetries=((-1, -2, -3, -4, -5, -6),),
        notes=(
            "The symmetry holds at beta = 1/2 only.",
            "Chaos ends where eps or tau is raised by a twentieth.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x = jnp.stack(jnp.broadcast_arrays(*u))
        drive = (1 + jnp.tanh(p["eps"] * jnp.tensordot(COUPLING, x, axes=1))) / 2
        return tuple(-x / p["tau"] + drive - p["beta"])
