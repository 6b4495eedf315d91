"""The solver under both worlds: jcm's spectral dynamical core on dinosaur, built once and shared by all traces."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.spec.errors import MissingExtra
from gnomon.worlds.sphere.gauss import gauss
from gnomon.worlds.sphere.levels import Column

REFERENCE = 1.0e5  # Pa, over which surface pressure is kept
DAY = 86400.0


class Air(NamedTuple):
    """What every atmosphere here is made of: spectral coefficients [level, order, degree], all real.

    Attributes:
        vorticity: s-1.
        divergence: s-1.
        temperature: departure from the core's reference profile, K.
        humidity: kg kg-1; zero in a dry world.
        log_pressure: ln of surface pressure over 1e5 Pa, one level.
    """

    vorticity: Array
    divergence: Array
    temperature: Array
    humidity: Array
    log_pressure: Array


class Machine(NamedTuple):
    """A dynamical core with what it stands on.

    Attributes:
        coords: dinosaur's coordinate system.
        core: jcm's dynamical core.
        terrain: jcm's terrain.
        sigma: of the levels, ascending.
    """

    coords: Any
    core: Any
    terrain: Any
    sigma: np.ndarray


def build(truncation: int, *, minutes: float, boundaries: tuple[float, ...], ground: str) -> Machine:
    """The machine for a grid and an inner step; made once in each precision.

    Args:
        truncation: total wavenumber.
        minutes: inner step.
        boundaries: of the sigma layers, from 0 to 1.
        ground: "earth" for packaged terrain and land, "flat" for none.
    """
    return _build(truncation, minutes, boundaries, ground, jnp.zeros(()).dtype == jnp.float64)


@functools.lru_cache(maxsize=8)
def _build(
    truncation: int, minutes: float, boundaries: tuple[float, ...], ground: str, double: bool
) -> Machine:
    try:
        from jcm.dycore.dinosaur.dycore import DinosaurDycore
        from jcm.terrain import TerrainData
        from jcm.utils import get_coords
    except ImportError as error:
        raise MissingExtra("atmos", error.name or "jcm") from None
    with jax.ensure_compile_time_eval():  # it may be asked for inside a trace, and outlives it
        coords = get_coords(jnp.asarray(boundaries), spectral_truncation=truncation)
        if ground == "earth":
            from gnomon.worlds.sphere.surface import surface

            here = surface(truncation)
            terrain = TerrainData.from_coords(
                coords, orography=jnp.asarray(here.orography.T, float), fmask=jnp.asarray(here.land.T, float)
            )
        else:
            terrain = TerrainData.aquaplanet(coords)
        core = DinosaurDycore(coords, terrain, 60.0 * minutes, advection="eulerian")
    return Machine(coords, core, terrain, np.asarray(coords.vertical.centers, float))


def native(air: Air) -> Any:
    """The state as dinosaur knows it."""
    from dinosaur.primitive_equations import State

    return State(
        vorticity=air.vorticity,
        divergence=air.divergence,
        temperature_variation=air.temperature,
        log_surface_pressure=air.log_pressure,
        tracers={"specific_humidity": air.humidity},
        sim_time=jnp.zeros((), air.vorticity.dtype),
    )


def air_of(state: Any) -> Air:
    """Back from dinosaur's state."""
    return Air(
        vorticity=state.vorticity,
        divergence=state.divergence,
        temperature=state.temperature_variation,
        humidity=state.tracers["specific_humidity"],
        log_pressure=state.log_surface_pressure,
    )


def grid_state(machine: Machine, air: Air) -> Any:
    """The state of jcm on the grid [level, lon, lat], humidity cut at zero."""
    from jcm.physics_interface import verify_state

    return verify_state(machine.core.to_physics_state(native(air)))


def column_of(state: Any) -> Column:
    """A grid state as columns [level, lat, lon]."""
    turned = lambda x: jnp.swapaxes(x, -1, -2)  # noqa: E731 - one word for one thing
    return Column(
        u=turned(state.u_wind),
        v=turned(state.v_wind),
        temperature=turned(state.temperature),
        humidity=turned(state.specific_humidity),
        geopotential=turned(state.geopotential),
        pressure=REFERENCE * turned(state.normalized_surface_pressure),
    )


def changed(machine: Machine, air: Air, change: dict[str, Array], log_pressure: Array) -> Air:
    """Air with changes of u, v, temperature, humidity [level, lat, lon] and of ln(surface pressure) [lat, lon] added.

    What the truncation cannot hold is lost; where nothing changes, every bit stays.
    """
    from dinosaur.spherical_harmonic import uv_nodal_to_vor_div_modal

    horizontal = machine.coords.horizontal
    turned = {k: jnp.swapaxes(v, -1, -2) for k, v in change.items()}
    vorticity, divergence = uv_nodal_to_vor_div_modal(horizontal, turned["u"], turned["v"])
    return Air(
        vorticity=air.vorticity + vorticity,
        divergence=air.divergence + divergence,
        temperature=air.temperature + horizontal.to_modal(turned["temperature"]),
        humidity=air.humidity + horizontal.to_modal(turned["humidity"]),
        log_pressure=air.log_pressure + horizontal.to_modal(jnp.swapaxes(log_pressure, -1, -2)[None]),
    )


def at_rest(machine: Machine, truncation: int, pressure: float, *, key: Array) -> Air:
    """An isothermal atmosphere at rest over the terrain, with small noise; `pressure` (Pa) is its global mean."""
    state = machine.core.initial_state(None, random_seed=0)
    air = air_of(state)
    horizontal = machine.coords.horizontal
    noise = horizontal.to_modal(jax.random.normal(key, air.vorticity.shape[:1] + horizontal.nodal_shape))
    log_pressure = horizontal.to_nodal(air.log_pressure)[0]
    weights = jnp.asarray(gauss(truncation).weights, log_pressure.dtype)
    mean = jnp.sum(jnp.exp(log_pressure).mean(0) * weights)
    shift = horizontal.to_modal(jnp.full(horizontal.nodal_shape, jnp.log(pressure / REFERENCE / mean)))
    return air._replace(
        temperature=air.temperature + noise.astype(air.temperature.dtype),
        log_pressure=air.log_pressure + shift[None].astype(air.log_pressure.dtype),
    )
