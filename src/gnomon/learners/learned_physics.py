"""The simulator of a hybrid: the dynamics of a world, with learned physics in the slot of its own."""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.columns import AbstractColumnWorld, Change, Columns
from gnomon.core.forcing import Forcing
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, Time
from gnomon.learners.column_network import ColumnNetwork, ColumnScales
from gnomon.numerics.column_fixers import GRAVITY, closed, held
from gnomon.spec.cards import SimulatorCard


class Counts(NamedTuple):
    """How often what acts on the learned physics acted: sums over calls of plain means over columns.

    A plain mean counts every column of the grid alike, so that the poles weigh more than their area.

    Attributes:
        calls: of the physics.
        beyond: share of the inputs, linear ones too, that lay outside what training saw, margin included, and were
            held at its edge.
        limited: share of the answers that did, and were held.
        dried: share of the columns with less than no rain, cut to none.
        opened: kg m-2 s-1 by which the water budget of a column was open (absolute), and closed by the fixer.
        rained: kg m-2 s-1 of rain, to hold the others against.
        capped: share of the levels that would have lost more water than they hold.
        made: kg m-2 s-1 of water that this would have made; levels that gain pay, then rain, then evaporation.
    """

    calls: Array
    beyond: Array
    limited: Array
    dried: Array
    opened: Array
    rained: Array
    capped: Array
    made: Array


def no_counts() -> Counts:
    """Before the first call."""
    return Counts(*(jnp.zeros(()) for _ in Counts._fields))


def told_counts(counts: Counts) -> dict[str, float]:
    """Means over all calls, as plain data."""
    calls = np.maximum(np.asarray(counts.calls), 1.0)
    return {k: float(np.mean(np.asarray(v) / calls)) for k, v in counts._asdict().items() if k != "calls"}


class Flown(NamedTuple):
    """The state of the core, and what was counted on the way to it."""

    core: Any
    counts: Counts


class LearnedColumns(eqx.Module):
    """The physics: a network for every column, held in bounds, its water budget closed, everything counted."""

    scales: ColumnScales
    network: ColumnNetwork
    thickness: Array
    inner: float = eqx.field(static=True)

    def __call__(self, columns: Columns, counts: Counts) -> tuple[Change, Counts]:
        """The change, and the counts with this call added."""
        x, a = self.scales.encode(columns)
        limits = zip(self.scales.inputs.bounds, self.scales.linear.bounds, strict=True)
        both, beyond = held(jnp.concatenate([x, a], axis=-1), *(jnp.concatenate(pair) for pair in limits))
        x, a = both[..., : x.shape[-1]], both[..., x.shape[-1] :]
        y, limited = held(self.network(x, a, self.scales.reaches), *self.scales.outputs.bounds)
        change = self.scales.decode(columns, y)
        told = {"calls": jnp.ones(()), "beyond": beyond, "limited": limited}
        if "pr" in change.fluxes and "evspsbl" in change.fluxes:
            change, water = self._closed(columns, change)
            told |= water
        means = {k: jnp.mean(v) for k, v in told.items()}
        return change, Counts(*(old + means.get(k, 0.0) for k, old in counts._asdict().items()))

    def _closed(self, columns: Columns, change: Change) -> tuple[Change, dict[str, Array]]:
        mass = columns.pressure[..., None] * self.thickness / GRAVITY
        asked = change.fluxes["pr"]
        rain = jnp.maximum(asked, 0.0)
        done = closed(
            change.humidity, columns.humidity, mass, rain, change.fluxes["evspsbl"], seconds=self.inner
        )
        fluxes = change.fluxes | {"pr": done.rain, "evspsbl": done.evaporation}
        counted = {
            "dried": (asked < 0).astype(rain.dtype),
            "opened": done.moved,
            "rained": done.rain,
            "capped": done.capped,
            "made": done.made,
        }
        return change._replace(humidity=done.humidity, fluxes=fluxes), counted


class LearnedPhysicsSimulator(AbstractSimulator[Flown]):
    """A world's dynamics, boundary and observations under learned physics.

    Attributes:
        core: whose own physics is never asked.
        physics: asked in every inner step.
    """

    card: SimulatorCard = eqx.field(static=True)
    core: AbstractColumnWorld
    physics: LearnedColumns

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Flown:
        """The core starts from the present observation; what that does not determine, from a random state."""
        present = {name: value[-1] for name, value in history.items()}
        return Flown(self.core.lift(present, self.core.init(key=key)), no_counts())

    def lift(self, obs: Obs, background: Flown) -> Flown:
        """The core moved to what is seen; what was counted stays. So a run can be drawn towards the truth."""
        return Flown(self.core.lift(obs, background.core), background.counts)

    def advance(self, state: Flown, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Flown:
        """One step of the world, under this physics."""
        return Flown(*self.core.step_with(self.physics, state.core, state.counts, forcing, time=time))

    def observe(self, state: Flown) -> Obs:
        """As the world is observed; and for how many days so far, times the share of numbers, each clipper has acted.

        The other counts (opening, made, rain) stay in the state.
        """
        days, counts = self.physics.inner / 86_400.0, state.counts
        acted = {
            "acted_inputs_held": counts.beyond,
            "acted_answers_held": counts.limited,
            "acted_rain_cut": counts.dried,
            "acted_levels_capped": counts.capped,
        }
        return self.core.observe(state.core) | {k: v * days for k, v in acted.items()}
