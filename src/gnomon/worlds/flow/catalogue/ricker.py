"""Ricker's stock and recruitment."""

import jax.numpy as jnp

from gnomon.worlds.flow.maps.system import AbstractMapWorld, MapAbout


class Ricker(AbstractMapWorld):
    r"""A population whose offspring starve in a crowd.

    .. math::
        x' = x e^{r (1 - x / k)}

    Ricker (1954), Stock and recruitment, doi:10.1139/f54-039.
    """

    about = MapAbout(
        state=("x",),
        parameters={"r": 3.0, "k": 1.0},
        knob="r",
        knob_means="growth rate",
        low=2.95,
        high=3.05,
        start=(0.6,),
    )

    @staticmethod
    def rule(u, p):
        """The next state."""
        (x,) = u
        return (x * jnp.exp(p["r"] * (1 - x / p["k"])),)
