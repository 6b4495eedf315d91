"""The slot of the physics in both atmospheres: jcm's grid state as columns, and a change of columns back."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.core.columns import Change, Columns
from gnomon.worlds.sphere.machine import REFERENCE, Machine
from gnomon.worlds.sphere.surface import YEAR

SOLAR = 1368.0  # W m-2, mean over the year, on a plane that faces the sun
TILT = 23.45  # degrees
EQUINOX = 80.0  # day of the year


def columns_of(state: Any, told: dict[str, Array]) -> Columns:
    """Columns [lat, lon, level] of jcm's grid state [level, lon, lat], humidity cut at zero as physics is given it."""
    from jcm.physics_interface import verify_state

    sound = verify_state(state)
    return Columns(
        u=sound.u_wind.T,
        v=sound.v_wind.T,
        temperature=sound.temperature.T,
        humidity=sound.specific_humidity.T,
        pressure=REFERENCE * sound.normalized_surface_pressure.T,
        told=told,
    )


def tendency_of(change: Change) -> Any:
    """A change of columns as jcm's tendency."""
    from jcm.physics_interface import PhysicsTendency

    return PhysicsTendency(
        u_wind=change.u.T,
        v_wind=change.v.T,
        temperature=change.temperature.T,
        specific_humidity=change.humidity.T,
    )


def change_of(tendency: Any, fluxes: dict[str, Array]) -> Change:
    """Jcm's tendency as a change of columns; fluxes are [lon, lat]."""
    return Change(
        u=tendency.u_wind.T,
        v=tendency.v_wind.T,
        temperature=tendency.temperature.T,
        humidity=tendency.specific_humidity.T,
        fluxes={k: v.T for k, v in fluxes.items()},
    )


def thickness_of(machine: Machine) -> np.ndarray:
    """Share of the mass in every layer."""
    return np.diff(np.asarray(machine.coords.vertical.boundaries, float))


def daily_sun(latitude: np.ndarray, clock: Array) -> Array:
    """Mean over a day of the sun at the top of the atmosphere, W m-2 [lat]; the orbit is a circle."""
    angle = 2 * jnp.pi * (jnp.mod(clock, YEAR) - EQUINOX) / YEAR
    declination = jnp.arcsin(np.sin(np.radians(TILT)) * jnp.sin(angle))
    phi = np.radians(np.asarray(latitude, float))
    sine, cosine, slope = (jnp.asarray(f(phi), declination.dtype) for f in (np.sin, np.cos, np.tan))
    half_day = jnp.arccos(jnp.clip(-slope * jnp.tan(declination), -1.0, 1.0))
    up = half_day * sine * jnp.sin(declination)
    return SOLAR / jnp.pi * (up + cosine * jnp.cos(declination) * jnp.sin(half_day))
