"""What is seen of an atmosphere: AIMIP's variables on pressure levels; and the way back into the model."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.core.world import Obs
from gnomon.worlds.sphere.levels import (
    EXPONENT,
    PRESSURES,
    Column,
    back_to_sigma,
    height,
    on_pressure,
    sea_level_pressure,
)
from gnomon.worlds.sphere.machine import Air, Machine, changed, column_of, grid_state

ON_LEVELS = ("ta", "ua", "va", "hus")
REFINED = 2  # times the gap that is left after a lift is lifted too: levels and layers do not coincide
LOWEST = 500.0  # Pa, below which a surface pressure asked for is taken as this: a logarithm needs one


def observed(machine: Machine, air: Air, *, moist: bool) -> Obs:
    """Every variable that follows from the air alone; [lat, lon], latitude from south to north.

    Args:
        machine: the solver.
        air: its state.
        moist: whether humidity is shown; without it the temperature near the ground is added, continued downwards.
    """
    return of_column(grid_state(machine, air), machine.sigma, moist=moist)


def of_column(state: Any, sigma: np.ndarray, *, moist: bool) -> Obs:
    """The same from jcm's grid state."""
    column = column_of(state)
    fields = on_pressure(column, sigma, PRESSURES)
    shown = ON_LEVELS if moist else ON_LEVELS[:3]
    obs = {f"{name}{p}": fields[name][i] for name in shown for i, p in enumerate(PRESSURES)}
    obs |= {
        "zg500": height(column, sigma, 500.0),
        "psl": sea_level_pressure(column, sigma),
        "ps": column.pressure,
    }
    return obs if moist else obs | {"tas": near_ground(column, sigma)}


def near_ground(column: Column, sigma: np.ndarray) -> Array:
    """Air temperature at the ground: the lowest level's, continued downwards by 6.5 K/km."""
    return column.temperature[-1] * sigma[-1] ** -EXPONENT


def lifted(machine: Machine, obs: Obs, air: Air, *, moist: bool) -> Air:
    """Air that looks like `obs` as far as the truncation and eight layers allow; where obs is seen already, unchanged.

    The differences on pressure levels are brought to the layers (linear in ln p, constant beyond the ends) and added;
    what is left of them is added again. Height, sea-level pressure and what lies below the ground follow from the rest
    and are not asked for. Humidity that would be negative is left at zero.
    """
    for _ in range(1 + REFINED):
        air = _closer(machine, obs, air, moist=moist)
    return air


def _closer(machine: Machine, obs: Obs, air: Air, *, moist: bool) -> Air:
    column = column_of(grid_state(machine, air))
    seen = on_pressure(column, machine.sigma, PRESSURES)
    surface = jnp.maximum(obs["ps"], LOWEST)
    new = {"ta": "temperature", "ua": "u", "va": "v", "hus": "humidity"}
    change = {}
    for name, to in new.items():
        if name == "hus" and not moist:
            change[to] = jnp.zeros_like(column.humidity)
            continue
        gap = jnp.stack([obs[f"{name}{p}"] for p in PRESSURES]) - seen[name]
        change[to] = back_to_sigma(gap, PRESSURES, machine.sigma, surface)
    if moist:
        change["humidity"] = jnp.maximum(change["humidity"], -column.humidity)
    return changed(machine, air, change, jnp.log(surface / column.pressure))
