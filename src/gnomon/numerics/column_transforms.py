"""Transforms of a column that stay in the same range when the climate warms; arrays [..., level] from the top down.

Beucler and others (2024), doi:10.1126/sciadv.adj7250: relative humidity for specific humidity, the buoyancy of a
plume for temperature, and fluxes over the saturation deficit they are driven by. Saturation is SPEEDY's (Tetens,
over water above freezing and over ice below it), because its closures are written in it.
"""

import jax.numpy as jnp
from jaxtyping import Array

FREEZING = 273.16  # K
HEAT_CAPACITY = 1004.64  # J kg-1 K-1, of dry air
GAS, VAPOUR_GAS = 1004.64 * 2 / 7, 461.5  # J kg-1 K-1
LATENT_HEAT = 2.501e6  # J kg-1
COLDEST, WARMEST = (
    120.0,
    360.0,
)  # K, beyond which temperature is not taken at its word: an exponential follows
LEAST_DEFICIT = 1e-3  # kg kg-1, the smallest a flux is divided by


def saturated(temperature: Array, pressure: Array) -> Array:
    """Specific humidity of saturated air, kg kg-1: 0.622 e / (p - 0.378 e), e of Tetens; e at most half of p."""
    t = jnp.clip(temperature, COLDEST, WARMEST)
    water = 17.269 * (t - FREEZING) / (t - 35.86)
    ice = 21.875 * (t - FREEZING) / (t - 7.66)
    vapour = jnp.minimum(610.8 * jnp.exp(jnp.where(t >= FREEZING, water, ice)), 0.5 * pressure)
    return 0.622 * vapour / (pressure - 0.378 * vapour)


def relative_humidity(temperature: Array, humidity: Array, pressure: Array) -> Array:
    """Specific humidity over that of saturated air."""
    return humidity / saturated(temperature, pressure)


def rise(temperature: Array, sigma: Array) -> Array:
    """Geopotential above the lowest level, m2 s-2: R T d ln sigma, T linear between levels."""
    between = 0.5 * (temperature[..., 1:] + temperature[..., :-1])
    layers = GAS * between * jnp.log(sigma[1:] / sigma[:-1])
    above = jnp.cumsum(layers[..., ::-1], axis=-1)[..., ::-1]
    return jnp.concatenate([above, jnp.zeros_like(temperature[..., :1])], axis=-1)


def plume_buoyancy(temperature: Array, humidity: Array, pressure: Array, sigma: Array) -> Array:
    r"""How much warmer (K) saturated air lifted from the lowest level would be than its surroundings.

    .. math::
        b = \frac{h_0 - h^*}{c_p (1 + L^2 q^* / (c_p R_v T^2))}, \quad h = c_p T + L q + \Phi

    with h of the lowest level and h* of the surroundings as if saturated. Where the plume is not saturated yet it is
    not a temperature, but as smooth a coordinate as any.

    Args:
        temperature: K.
        humidity: specific.
        pressure: of every level, Pa.
        sigma: of the levels, ascending.
    """
    full = saturated(temperature, pressure)
    static = HEAT_CAPACITY * temperature + rise(temperature, sigma)
    lifted = (static + LATENT_HEAT * humidity)[..., -1:]
    steep = LATENT_HEAT**2 * full / (HEAT_CAPACITY * VAPOUR_GAS * jnp.maximum(temperature, COLDEST) ** 2)
    return (lifted - static - LATENT_HEAT * full) / (HEAT_CAPACITY * (1 + steep))


def deficit(ground: Array, humidity: Array, pressure: Array) -> Array:
    """By how much the air near the ground is drier than saturated air at the ground's temperature, kg kg-1."""
    return saturated(ground, pressure) - humidity
