"""Two counter-rotating gyres whose wall sways."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.system import About, AbstractFlow


class DoubleGyre(AbstractFlow):
    r"""Particles in two counter-rotating eddies side by side, between which the boundary swings.

    .. math::
        \dot x = -\pi \alpha \sin(\pi f) \cos(\pi y), \qquad
        \dot y = \pi \alpha \cos(\pi f) \sin(\pi y)\, \partial_x f, \qquad
        f = a x^2 + (1 - 2 a) x, \quad a = \varepsilon \sin \phi, \quad \dot \phi = \omega

    Shadden, Lekien and Marsden (2005), Definition and properties of Lagrangian coherent structures from finite-time
    Lyapunov exponents in two-dimensional aperiodic flows, doi:10.1016/j.physd.2005.10.007.
    """

    about = About(
        state=("x", "y", "phase"),
        parameters={"alpha": 0.1, "eps": 0.1, "omega": 0.62832},
        knob="eps",
        knob_means="how far the boundary swings",
        start=(1.0, 0.5, 0.0),
        angles={"phase": 2 * math.pi},
        conservative=True,
        notes=("Islands of regular motion lie in the chaotic sea; particles stay in [0, 2] x [0, 1].",),
    )

    @staticmethod
    def rhs(u, p):
        """The right-hand side."""
        x, y, phase = u
        a = p["eps"] * jnp.sin(phase)
        f, slope = a * x**2 + (1 - 2 * a) * x, 2 * a * x + 1 - 2 * a
        speed = jnp.pi * p["alpha"]
        return (
            -speed * jnp.sin(jnp.pi * f) * jnp.cos(jnp.pi * y),
            speed * jnp.cos(jnp.pi * f) * jnp.sin(jnp.pi * y) * slope,
            p["omega"],
        )
