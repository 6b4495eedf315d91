"""Waves that a heating raises about a state of the air that is held: the dry core as an instrument.

One inner step of the dry core takes X to G(X; Q). About a held state H its own drift d = G(H; 0) - H is taken out, so
that H stays where it is, and the departure from it is damped:

    X <- G(X; Q) - d - r (X - H)

What is then left of X - H is the answer of the primitive equations, with the friction and cooling of the dry core, to
the heating Q alone. Whether H would be in balance with anything is not asked (the initial-value method of Jin and
Hoskins 1995, doi:10.1175/1520-0469(1995)052<0307:TDRTTH>2.0.CO;2). With d = r = 0 the same function is the free
dry core under an additional heating.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.worlds.sphere.held_suarez import DAY, HeldSuarez
from gnomon.worlds.sphere.machine import Air, Machine, air_of, native

RADIUS = 6.371e6  # m


class Setting(NamedTuple):
    """What acts on the air of one lane besides its own dynamics.

    Attributes:
        heating: additional, K s-1 [level, lat, lon].
        contrast: between equator and pole of the temperature towards which the air is drawn, K.
        held: the state from which departures are damped.
        drift: what one inner step adds to the held state; zero in a free run.
        rate: of the damping, s-1; zero in a free run.
    """

    heating: Array
    contrast: Array
    held: Air
    drift: Air
    rate: Array


def free(air: Air, heating: Array, contrast: Array) -> Setting:
    """The dry core as it is, under a heating; `air` is of one lane or of many."""
    nothing = jax.tree.map(jnp.zeros_like, air)
    return Setting(heating, contrast, nothing, nothing, jnp.zeros_like(contrast))


@eqx.filter_jit
def integrate(world: HeldSuarez, airs: Air, settings: Setting, days: Array, settle: Array) -> tuple[Air, Air]:
    """The air of every lane `days` later, and its mean over the days after `settle`."""
    machine = world.machine
    steps = jnp.round(days * DAY / world.inner).astype(int)
    first = jnp.round(settle * DAY / world.inner).astype(int)

    def lane(air: Air, setting: Setting) -> tuple[Air, Air]:
        def advance(n: Array, both: tuple[Air, Air]) -> tuple[Air, Air]:
            now, total = both
            moved = stepped(machine, world, now, setting)
            return moved, jax.tree.map(lambda s, x: s + jnp.where(n >= first, x, 0.0), total, moved)

        none = jax.tree.map(jnp.zeros_like, air)
        end, total = jax.lax.fori_loop(0, steps, advance, (air, none))
        return end, jax.tree.map(lambda s: s / (steps - first), total)

    return jax.vmap(lane)(airs, settings)


def held(world: HeldSuarez, states: Air, heating: Array, contrast: Array, days: float) -> Setting:
    """Departures about held states, one a lane, damped within `days`."""
    alone = free(states, jnp.zeros_like(heating), contrast)
    one = jnp.asarray(world.inner / DAY, contrast.dtype)
    moved, _ = integrate(world, states, alone, one, jnp.zeros_like(one))
    drift = jax.tree.map(jnp.subtract, moved, states)
    return Setting(heating, contrast, states, drift, jnp.full_like(contrast, 1 / (days * DAY)))


def stepped(machine: Machine, world: HeldSuarez, air: Air, setting: Setting) -> Air:
    """One inner step of one lane."""
    from jcm.physics_interface import PhysicsTendency

    core = native(air)
    now = machine.core.to_physics_state(core)
    friction, heating = world.drawn(now, machine, setting.contrast)
    tendency = PhysicsTendency(
        u_wind=-friction * now.u_wind,
        v_wind=-friction * now.v_wind,
        temperature=heating + jnp.swapaxes(setting.heating, -1, -2),
        specific_humidity=jnp.zeros_like(now.temperature),
    )
    moved = air_of(machine.core.step(core, tendency))
    share = setting.rate * world.inner
    return jax.tree.map(
        lambda x, d, old, h: x - d - share * (old - h), moved, setting.drift, air, setting.held
    )


def zonal(machine: Machine, air: Air) -> Air:
    """The mean over longitude, of one lane or of many."""
    orders = np.asarray(machine.coords.horizontal.modal_axes[0])[:, None]
    return jax.tree.map(lambda x: x * (orders == 0), air)


def eddy_streamfunction(machine: Machine, vorticity: Any, level: int) -> np.ndarray:
    """[lane, lat, lon] departure of the streamfunction from its mean over longitude, m2 s-1, on one level."""
    horizontal = machine.coords.horizontal
    orders, degrees = np.meshgrid(*horizontal.modal_axes, indexing="ij")
    inverse = np.where(orders == 0, 0.0, -(RADIUS**2) / np.maximum(degrees * (degrees + 1), 1))
    field = horizontal.to_nodal(jnp.asarray(np.asarray(vorticity)[:, level] * inverse))
    return np.swapaxes(np.asarray(field), -1, -2).astype(float)


def blob(world: HeldSuarez, *, lat: float, lon: float, size: float) -> np.ndarray:
    """A deep heating over a tropical ocean, less its mean over longitude, K s-1 [level, lat, lon].

    A squared cosine of 20 by 40 degrees either side of (lat, lon) and a half sine over sigma; `size` is its largest
    value in K a day. Without its zonal mean, so that what it raises is waves, and the jets stay where they are.
    """
    assert world.card.grid is not None
    rows, columns = np.asarray(world.card.grid.lat), np.asarray(world.card.grid.lon)
    away = (columns - lon + 180) % 360 - 180

    def bell(x: np.ndarray, width: float) -> np.ndarray:
        return np.where(np.abs(x) < width, np.cos(np.pi / 2 * x / width) ** 2, 0.0)

    flat = bell(rows - lat, 20.0)[:, None] * bell(away, 40.0)[None, :]
    flat = flat - flat.mean(axis=-1, keepdims=True)
    sigma = (np.arange(world.layers) + 0.5) / world.layers  # of equal mass: no solver is needed for it
    return size / DAY * np.sin(np.pi * sigma)[:, None, None] * flat
