"""A speck in a box of fluid whose lids push left and right in turn."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow

TAU = 1.1  # one cycle of the lids, in units of the phase
SHARPNESS = 20.0 * TAU  # how abruptly one half of the cycle gives way to the other


class LidDrivenCavityFlow(AbstractFlow):
    r"""A speck in viscous flow in a box that is stirred by walls which alternate between two patterns.

    .. math::
        \dot x = \sum_{n=1}^2 \frac{2 U_n \sin k_n x}{D_n} [\cosh(k_n b) (n \pi y \cosh k_n y + a \sinh k_n y)
        - n \pi b \sinh(k_n b) \sinh k_n y], \qquad
        \dot y = \sum_{n=1}^2 \frac{2 n \pi U_n \cos k_n x}{D_n} [b \sinh(k_n b) \cosh k_n y - y \cosh(k_n b)
        \sinh k_n y], \qquad \dot\varphi = s

    inside 0 < x < a, -b < y < b, with k_n = n pi / a, D_n = 2 n pi b + a sinh(2 k_n b), U_2 = u2, and
    U_1 = u1 tanh(22 sin(2 pi phi / 1.1)), which is +u1 in one half of the cycle and -u1 in the other.

    Grover, Ross, Stremler and Kumar (2012), Topological chaos, braiding and bifurcation of almost-cyclic sets,
    doi:10.1063/1.4768666.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"a": 6.0, "b": 1.0, "u1": 9.92786, "u2": 8.34932, "speed": 1.0},
        knob="u1",
        knob_means="the speed of the walls in the alternating pattern",
        start=(3.9667903, 0.18425981, 0.0),
        angles={"phase": TAU},
        conservative=True,
        notes=("The pattern changes over smoothly within a thirtieth of a cycle, as in dysts.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        a, b = p["a"], p["b"]
        side = jnp.tanh(SHARPNESS * jnp.sin(2 * np.pi * phase / TAU))
        across, along = 0.0, 0.0
        for n, wall in ((1, p["u1"] * side), (2, p["u2"])):
            k = n * np.pi / a
            scale = 2 * wall / (2 * n * np.pi * b + a * jnp.sinh(2 * k * b))
            sinh_b, cosh_b, sinh_y, cosh_y = (
                jnp.sinh(k * b),
                jnp.cosh(k * b),
                jnp.sinh(k * y),
                jnp.cosh(k * y),
            )
            rise = cosh_b * (n * np.pi * y * cosh_y + a * sinh_y) - n * np.pi * b * sinh_b * sinh_y
            across = across + scale * jnp.sin(k * x) * rise
            along = along + scale * n * np.pi * jnp.cos(k * x) * (b * sinh_b * cosh_y - y * cosh_b * sinh_y)
        return across, along, p["speed"]
