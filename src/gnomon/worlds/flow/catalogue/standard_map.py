"""Chirikov's standard map."""

import math

import jax.numpy as jnp

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class StandardMap(AbstractMapWorld):
    r"""A rotor that is kicked once in a unit of time.

    .. math::
        p' = p + k \sin\theta, \qquad \theta' = \theta + p'

    Chirikov (1979), A universal instability of many-dimensional oscillator systems, doi:10.1016/0370-1573(79)90023-1.
    """

    about = MapAbout(
        state=(
            "theta",
            "momentum",
        ),
        parameters={"k": 6.0},
        knob="k",
        knob_means="strength of the kicks",
        low=5.4,
        high=6.2,
        start=(
            1.0,
            0.5,
        ),
        conservative=True,
        angles={"theta": 2 * math.pi, "momentum": 2 * math.pi},
        symmetries=(
            (
                -1,
                -2,
            ),
        ),
        notes=(
            "Areas are kept, so there is no attractor: every fact is that of the orbits of the start.",
            "The map is periodic in the momentum too, which is observed on its circle; diffusion is not seen.",
            "For large k the leading exponent is close to ln(k / 2).",
        ),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        theta, momentum = u
        kicked = momentum + p["k"] * jnp.sin(theta)
        return theta + kicked, kicked
