"""From sigma levels to pressure levels and back, column by column; arrays [level, ...] from the top down."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

GRAVITY = 9.81
GAS = 1004.64 * 2 / 7  # J kg-1 K-1, of dry air, as in jcm
VAPOUR = 0.608  # by how much a gas of vapour is lighter, in virtual temperature
LAPSE = 0.0065  # K m-1, with which temperature is continued below the lowest level
PRESSURES = (1000, 850, 700, 500, 250, 100, 50)  # hPa
EXPONENT = GAS * LAPSE / GRAVITY


class Column(NamedTuple):
    """An atmosphere on sigma levels, from the top down.

    Attributes:
        u: eastward wind, m s-1.
        v: northward wind, m s-1.
        temperature: K.
        humidity: specific, kg kg-1.
        geopotential: m2 s-2.
        pressure: at the ground, Pa (no level axis).
    """

    u: Array
    v: Array
    temperature: Array
    humidity: Array
    geopotential: Array
    pressure: Array


def shares(
    wanted: Float[Array, "out ..."], nodes: Float[Array, "level ..."]
) -> Float[Array, "out level ..."]:
    """Weights of linear interpolation from ascending nodes, constant beyond the ends.

    Args:
        wanted: places.
        nodes: of the values, ascending along their first axis.
    """
    places, low, high = wanted[:, None], nodes[None, :-1], nodes[None, 1:]
    way = jnp.clip((places - low) / (high - low), 0.0, 1.0)  # how far each interval is crossed
    first, last = jnp.ones_like(way[:, :1]), jnp.zeros_like(way[:, :1])
    return jnp.concatenate([first, way], axis=1) - jnp.concatenate([way, last], axis=1)


def spread(
    weights: Float[Array, "out level ..."], values: Float[Array, "level ..."]
) -> Float[Array, "out ..."]:
    """The weighted sum over levels."""
    return jnp.sum(weights * values[None], axis=1)


def on_pressure(column: Column, sigma: np.ndarray, pressures: Sequence[float]) -> dict[str, Array]:
    """Temperature, winds and humidity at pressures [level in the order given, ...].

    Linear in the logarithm of pressure. Above the top level constant; below the lowest one winds and humidity are
    constant and temperature follows a lapse rate of 6.5 K/km, in the air and below the ground alike.

    Args:
        column: the model's.
        sigma: of its levels, ascending.
        pressures: in hPa.
    """
    nodes = _nodes(sigma, column)
    wanted = _below_surface(pressures, column)
    weights = shares(wanted, nodes)
    excess = jnp.maximum(wanted - nodes[-1], 0.0)  # how far below the lowest level, in ln p
    return {
        "ta": spread(weights, column.temperature) * jnp.exp(EXPONENT * excess),
        "ua": spread(weights, column.u),
        "va": spread(weights, column.v),
        "hus": spread(weights, column.humidity),
    }


def height(column: Column, sigma: np.ndarray, pressure: float) -> Array:
    """Geopotential height of a pressure (hPa) in metres: exact for temperature linear in ln p between levels."""
    nodes = _nodes(sigma, column)
    wanted = _below_surface((pressure,), column)
    weights = shares(wanted, nodes)[0]
    virtual = column.temperature * (1 + VAPOUR * column.humidity)
    bend = (GAS / 2 * jnp.diff(virtual, axis=0) * jnp.diff(nodes, axis=0) * weights[:-1] * weights[1:]).sum(0)
    inside = (weights * column.geopotential).sum(0) + bend
    excess = jnp.maximum(wanted[0] - nodes[-1], 0.0)
    below = column.temperature[-1] / LAPSE * (jnp.exp(EXPONENT * excess) - 1)
    above = GAS * column.temperature[0] * jnp.maximum(nodes[0] - wanted[0], 0.0)
    return (inside + above) / GRAVITY - below


def sea_level_pressure(column: Column, sigma: np.ndarray) -> Array:
    r"""From the lowest level's own pressure, temperature and height: :math:`p_1 (1 + \Gamma z_1/T_1)^{g/R\Gamma}`."""
    lift = 1 + LAPSE * column.geopotential[-1] / GRAVITY / column.temperature[-1]
    return sigma[-1] * column.pressure * lift ** (1 / EXPONENT)


def back_to_sigma(
    change: Float[Array, "pressure ..."], pressures: Sequence[float], sigma: np.ndarray, surface: Array
) -> Float[Array, "level ..."]:
    """A change known at pressures (hPa), brought to sigma levels: linear in ln p, constant beyond the ends."""
    order = np.argsort(pressures)
    shape = (-1,) + (1,) * surface.ndim
    known = jnp.asarray(np.log(100.0 * np.asarray(pressures, float)[order])).reshape(shape)
    wanted = jnp.log(jnp.asarray(sigma)).reshape(shape) + jnp.log(surface)
    known = jnp.broadcast_to(known, (len(order), *surface.shape)).astype(surface.dtype)
    return spread(shares(wanted.astype(surface.dtype), known), change[order])


def _nodes(sigma: np.ndarray, column: Column) -> Array:
    shape = (-1,) + (1,) * column.pressure.ndim
    return jnp.asarray(np.log(sigma), column.temperature.dtype).reshape(shape) + jnp.zeros_like(
        column.pressure
    )


def _below_surface(pressures: Sequence[float], column: Column) -> Array:
    """The logarithm of pressure over the pressure at the ground."""
    shape = (-1,) + (1,) * column.pressure.ndim
    wanted = jnp.asarray(np.log(100.0 * np.asarray(pressures, float)), column.temperature.dtype).reshape(
        shape
    )
    return wanted - jnp.log(column.pressure)
