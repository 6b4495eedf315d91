"""Flow inside a drop that is stirred by its own surface."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow

TAU = 3.0  # one cycle of the strokes, in units of the phase
SHARPNESS = 20.0 * TAU  # how abruptly one stroke gives way to the other
MODES = range(1, 6)


class InteriorSquirmer(AbstractFlow):
    r"""A speck in viscous flow inside a disc whose wall slips in two alternating patterns of five waves.

    .. math::
        \dot r = (r^2 - 1) \sum_{n=1}^5 n r^{n-1} [G \cos n\theta + A \sin n\theta], \qquad
        \dot\theta = \sum_{n=1}^5 r^{n-2} [2 r^2 + n (r^2 - 1)] [A \cos n\theta - G \sin n\theta], \qquad
        \dot\varphi = s

    with A = a h, G = g (1 - h) and h = 1/2 + 1/2 tanh(60 sin(2 pi phi / 3)). Areas r dr dtheta are kept.

    Blake (1971), Self propulsion due to oscillations on the surface of a cylinder at low Reynolds number,
    doi:10.1017/S0004972700047134.
    """

    about = About(
        state=("r", "theta", "phase"),
        parameters={"a": 0.5, "g": 0.5, "speed": 1.0},
        knob="a",
        knob_means="the strength of the first stroke",
        start=(0.1, 0.1, 0.1),
        angles={"theta": 2 * np.pi, "phase": TAU},
        conservative=True,
        notes=(
            "The five amplitudes of each stroke are one parameter: in dysts they are lists of equal numbers.",
            "Polar coordinates are singular at r = 0, and r dr dtheta is kept, not dr dtheta.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        r, theta, phase = u
        first = 0.5 + 0.5 * jnp.tanh(SHARPNESS * jnp.sin(2 * np.pi * phase / TAU))
        a, g = p["a"] * first, p["g"] * (1 - first)
        outward, around = 0.0, 0.0
        for n in MODES:
            sine, cosine = jnp.sin(n * theta), jnp.cos(n * theta)
            outward = outward + n * r ** (n - 1) * (r * r - 1) * (g * cosine + a * sine)
            around = around + (2 * r**n + n * r ** (n - 2) * (r * r - 1)) * (a * cosine - g * sine)
        return outward, around, p["speed"]
