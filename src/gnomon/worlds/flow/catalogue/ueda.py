"""Ueda's oscillator: a cubic spring that is shaken."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow


class Ueda(AbstractFlow):
    r"""A damped mass on a spring whose force goes with the cube of its length, shaken periodically.

    .. math::
        \dot x = y, \qquad \dot y = -k y - x^3 + b \cos\varphi, \qquad \dot\varphi = \omega

    Ueda (1979), Randomly transitional phenomena in the system governed by Duffing's equation, doi:10.1007/BF01011512.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"k": 0.05, "b": 7.5, "omega": 1.0},
        knob="b",
        knob_means="the amplitude of the shaking",
        start=(2.5, 0.0, 0.0),
        angles={"phase": 2 * np.pi},
        notes=("Duffing's oscillator without the linear part of the spring.",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        return y, -p["k"] * y - x**3 + p["b"] * jnp.cos(phase), p["omega"]
