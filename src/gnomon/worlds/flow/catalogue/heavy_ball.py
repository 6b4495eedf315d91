"""Descent with momentum on a quartic valley, shaken by a periodic gradient."""

import jax.numpy as jnp
import numpy as np

from gnomon.worlds.flow.system import About, AbstractFlow


class HeavyBall(AbstractFlow):
    r"""Descent with momentum on a two-well objective, with a weak periodic error of the gradient.

    .. math::
        \ddot x + c \dot x + x^3 - x = g \cos\varphi, \qquad \dot\varphi = \omega

    x is the iterate, v = dx/dt its momentum, c the friction. Without the error of the gradient it would come to rest.

    Polyak (1964), Some methods of speeding up the convergence of iteration methods, doi:10.1016/0041-5553(64)90137-5.
    """

    about = About(
        state=("x", "v", "phase"),
        parameters={"damping": 0.5, "g": 0.1, "omega": 1.2},
        knob="damping",
        knob_means="the friction: one less the momentum, over the step length",
        start=(1.0, 0.0, 0.0),
        angles={"phase": 2 * np.pi},
        notes=(
            "It is not chaotic: orbits settle on a small oscillation in one of the two wells, here the right one.",
            "Duffing's oscillator is the same equation, driven harder.",
        ),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, v, phase = u
        return v, -p["damping"] * v - x**3 + x + p["g"] * jnp.cos(phase), p["omega"]
