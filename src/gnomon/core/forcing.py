"""Forcing: the values of a world's knobs in time, the same object for truth and simulator."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Drive

Knobs = dict[str, Array]


class Forcing(eqx.Module):
    """Knob values, piecewise linear between nodes and constant outside them.

    Unbatched: one unit's forcing. `jax.vmap` over the leading axis of its leaves gives each unit its own.
    """

    times: dict[str, Float[Array, " node"]]
    values: dict[str, Float[Array, " node"]]

    def at(self, time: Float[Array, ""] | float) -> Knobs:
        """Every knob's value at a time."""
        return {k: jnp.interp(time, self.times[k], self.values[k]) for k in self.times}


def forcing_of(card: WorldCard, drives: tuple[Drive, ...], units: int) -> Forcing:
    """The forcing of an experiment, batched over units; knobs that no drive moves keep their defaults."""
    moved = {d.knob: d for d in drives}
    for name in moved:
        card.knob(name)
    if len(moved) != len(drives):
        raise BadSpec("each knob can be driven once in an experiment; merge the drives of the same knob")
    times, values = {}, {}
    for knob in card.knobs:
        drive = moved.get(knob.name, Drive.steady(knob.name, knob.default))
        nodes, rows = np.asarray(drive.times, float), np.asarray(drive.values, float)
        if len(nodes) == 1:  # a second node of the same value: one compilation serves rest and ramp alike
            nodes, rows = np.append(nodes, nodes + 1), np.repeat(rows, 2, axis=-1)
        times[knob.name] = jnp.asarray(np.broadcast_to(nodes, (units, len(nodes))))
        values[knob.name] = jnp.asarray(np.broadcast_to(rows, (units, len(nodes))))
    return Forcing(times=times, values=values)


def knob_values(
    card: WorldCard, drives: tuple[Drive, ...], units: int, times: Float[np.ndarray, " time"]
) -> dict[str, np.ndarray]:
    """[unit, time] values of every knob at given times, without JAX."""
    moved = {d.knob: d for d in drives}
    out = {}
    for knob in card.knobs:
        drive = moved.get(knob.name, Drive.steady(knob.name, knob.default))
        rows = [np.interp(times, drive.times, row) for row in drive.values]
        out[knob.name] = np.broadcast_to(rows, (units, len(times))).copy()
    return out
