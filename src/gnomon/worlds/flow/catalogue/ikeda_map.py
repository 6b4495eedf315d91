"""Ikeda's ring of light."""

import jax.numpy as jnp

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class IkedaMap(AbstractMapWorld):
    r"""Light that turns in a ring with a nonlinear medium, once a round trip.

    .. math::
        x' = a + b (x \cos\phi - y \sin\phi), \qquad y' = b (x \sin\phi + y \cos\phi),
        \qquad \phi = c - \frac{d}{1 + x^2 + y^2}

    Ikeda (1979), Multiple-valued stationary state and its instability of the transmitted light by a ring cavity system,
    doi:10.1016/0030-4018(79)90090-7. The real form is that of Hammel, Jones and Moloney (1985),
    doi:10.1364/JOSAB.2.000552.
    """

    about = MapAbout(
        state=(
            "x",
            "y",
        ),
        parameters={"a": 1.0, "b": 0.9, "c": 0.4, "d": 6.0},
        knob="c",
        knob_means="phase shift of the empty cavity",
        low=0.398,
        high=0.402,
        start=(
            0.5,
            -0.5,
        ),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        x, y = u
        phi = p["c"] - p["d"] / (1 + x**2 + y**2)
        return (
            p["a"] + p["b"] * (x * jnp.cos(phi) - y * jnp.sin(phi)),
            p["b"] * (x * jnp.sin(phi) + y * jnp.cos(phi)),
        )
