"""Increments of a model: its error over one short step from true states, beside what each term of a library would add.

The truth is run from its own states; at every saved step truth and model take one short step from there, in double
precision. What comes back is not fields but a triangle a unit (`spec.increments`): all that a regression needs.
"""

import time
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing, forcing_of
from gnomon.core.runner import AbstractRunner, Starts, key_of
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld
from gnomon.numerics.increments import Library, begun, columns_along, rows_of, seen_of, stepped
from gnomon.numerics.world_library import library_of
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.increments import COARSE, ROWS, SPAN, TRIANGLE


class Level(NamedTuple):
    """A length of step.

    Attributes:
        truth: the world with it.
        model: the model with it; None for a simulator, which has one step.
        steps: how many make up the increment.
    """

    truth: AbstractWorld
    model: AbstractWorld | None
    steps: int


class IncrementRunner(AbstractRunner):
    """Runs a world, and asks a model for its error over one short step from each saved state.

    Attributes:
        truth: the world; moves from one saved state to the next.
        fine: the short step.
        coarse: twice as long.
        simulator: the model where it is one; its own step is its increment.
        drives: of the model, where they differ from the experiment's own (a wrong forcing).
    """

    truth: AbstractWorld
    fine: Level
    coarse: Level
    simulator: AbstractSimulator | None = None
    drives: tuple[Drive, ...] | None = eqx.field(static=True, default=None)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        """See `AbstractRunner.run`; in double precision whatever the caller's is, for small differences."""
        with jax.enable_x64(True):
            return self._run(experiment, starts, seed=seed, watch=watch)

    def _run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs:
        began = time.perf_counter()
        card, units = self.truth.card, experiment.units
        told = forcing_of(card, experiment.drives, units)
        own = told if self.drives is None else forcing_of(card, self.drives, units)
        states = jax.tree.map(_double, starts.states)
        recent = 0 if self.simulator is None else self.simulator.card.context
        window = {k: jnp.asarray(v[:, -recent:], jnp.float64) for k, v in starts.history.items() if recent}
        found: dict[str, Any] = {}
        keys = jax.random.split(key_of(seed), units)  # every unit has noise of its own
        for n in range(experiment.steps):
            first = jnp.asarray(n * experiment.stride)
            states, window = _moved(self.truth, states, window, told, keys, first, experiment.stride)
            drawn = jax.vmap(lambda k, n=n: jax.random.fold_in(k, n))(keys)
            for name, level in ((TRIANGLE, self.fine), (COARSE, self.coarse)):
                rows = self._rows(level, states, window, (told, own), drawn)
                found[name] = _triangles(found.get(name), rows)
                found[ROWS] = found.get(ROWS, 0) + (rows.shape[1] if name == TRIANGLE else 0)
            watch.check(experiment.label, (n + 1) / experiment.steps)
        lost = ~np.isfinite(found[TRIANGLE] + found[COARSE]).all(axis=(1, 2))
        span = self.fine.truth.card.dt * self.fine.steps
        return Runs(
            label=experiment.label,
            obs={k: found[k][:, None, None] for k in (TRIANGLE, COARSE)}
            | {ROWS: np.full((units, 1, 1), float(found[ROWS])), SPAN: np.full((units, 1, 1), span)},
            time=np.array([experiment.steps * experiment.stride * card.dt]),
            forcing={},
            diverged=np.where(lost, 0, -1)[:, None],
            exponents=None,
            initial={},
            cost={"seconds": time.perf_counter() - began},
        )

    def _rows(
        self, level: Level, states: Any, window: dict[str, Any], forcing: tuple[Forcing, Forcing], keys: Any
    ) -> np.ndarray:
        """[unit, place, column] of the terms, and last of the error of the tendency."""
        told, own = forcing
        library: Library = library_of(level.truth.card)
        if level.model is not None:
            at = begun(level.model, level.truth, states)
            ends = (
                seen_of(level.truth, stepped(level.truth, states, told)),
                seen_of(level.model, stepped(level.model, at, own)),
            )
            carrier, carriers = level.model, own
        else:
            ended: Any = _advanced(self.simulator, window, own, keys)
            ends = (
                seen_of(self.truth, stepped(self.truth, states, told)),
                {k: np.asarray(x, np.float64) for k, x in ended.items()},
            )
            at, carrier, carriers = states, level.truth, told
        span = level.truth.card.dt * level.steps
        error = {k: (ends[0][k] - ends[1][k]) / span for k in ends[0]}
        columns = columns_along(carrier, level.truth, (at, states), (carriers, told), level.steps, library)
        return rows_of(level.truth.card, columns, error)


def _double(leaf: Any) -> Any:
    return leaf.astype(jnp.float64) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf


def _triangles(before: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    """[unit, column, column] the triangles of what came before and new rows; not a number where one of them is."""
    stacked = rows if before is None else np.concatenate([before, rows], axis=1)
    size = stacked.shape[-1]
    lacking = np.zeros((len(stacked), max(0, size - stacked.shape[1]), size))
    good = np.asarray(np.isfinite(stacked).all(axis=(1, 2)))[:, None, None]
    stacked = np.concatenate([np.where(good, stacked, 0.0), lacking], axis=1)
    return np.where(good, np.asarray(np.linalg.qr(stacked, mode="r")), np.nan)


@eqx.filter_jit
def _advanced(simulator: Any, window: dict[str, Any], forcing: Forcing, keys: Any) -> Any:
    def one(history: Any, own: Forcing, key: Any) -> Any:
        state = simulator.assimilate(history, own, time=0.0, key=key)
        return simulator.observe(simulator.advance(state, own, time=0.0, key=key))

    return jax.vmap(one)(window, forcing, keys)


@eqx.filter_jit
def _moved(
    truth: AbstractWorld,
    states: Any,
    window: dict[str, Any],
    forcing: Forcing,
    keys: Any,
    first: Any,
    stride: int,
) -> tuple[Any, dict[str, Any]]:
    """The truth `stride` steps on, and its last observations, as many as there were.

    Args:
        truth: the world.
        states: of every unit.
        window: observations of every unit.
        forcing: of every unit.
        keys: of every unit's noise.
        first: steps that were taken before.
        stride: steps to take.
    """

    def one(carry: tuple[Any, Any], n: Any) -> tuple[tuple[Any, Any], None]:
        states, window = carry
        drawn = jax.vmap(lambda k: jax.random.fold_in(k, n))(keys)
        now = n * truth.card.dt
        moved = jax.vmap(lambda s, f, k: truth.step(s, f, time=now, key=k))(states, forcing, drawn)
        seen = jax.vmap(truth.observe)(moved)
        window = {k: jnp.concatenate([v[:, 1:], seen[k][:, None]], axis=1) for k, v in window.items()}
        return (moved, window), None

    return jax.lax.scan(one, (states, window), first + jnp.arange(stride))[0]
