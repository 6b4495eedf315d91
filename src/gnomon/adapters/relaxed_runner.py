"""Relaxed runs: a model that is drawn towards the truth's own trajectory in a part of what is observed.

The truth is run again from its own states, side by side with the model, in one compiled loop. After every saved step
the gap between both is closed by a share, where the mask says so, and the model starts again from what it is then
seen to be: a world is lifted there from where it is, and so is a simulator that has a `lift(obs, background)` of its
own; any other assimilates the last observations, this one at their end. Relaxed nowhere, it is restarted all the same,
from its own observations, so that all runs differ in the mask alone.

What misleads: the truth is taken to be deterministic (all worlds here are); a simulator whose memory is longer than
its context loses that memory at every restart; observations that do not determine the state leave the rest to the
model.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from gnomon.core.forcing import Forcing, forcing_of, knob_values
from gnomon.core.runner import AbstractRunner, Starts, bounds_of, escaped, key_of, lose, noisy_history
from gnomon.core.runs import Runs
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld, Obs
from gnomon.numerics.part_masks import mask_of
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.relaxation import ERROR, TRUE, Relaxation

CHUNK = 16  # saved steps in one call
STAMP = "relaxed"  # in the cost of such runs: the share of the gap that was closed


class Pair(NamedTuple):
    """Truth and model on their way.

    Attributes:
        truth: its state.
        model: the model's state.
        window: variable -> [context, ...] the last observations of the model, relaxed; empty for what can be lifted.
    """

    truth: Any
    model: Any
    window: Obs


class RelaxedRunner(AbstractRunner):
    """Runs a world or a simulator under a relaxation; gives its errors as `error x`, see `spec.relaxation`.

    Attributes:
        truth: the world whose trajectory is aimed at.
        model: a world (started within the observation error) or a simulator (started from the observed history).
        how: what is done.
        drives: of the model, where they differ from the experiment's own (a wrong forcing).
    """

    truth: AbstractWorld
    model: AbstractWorld | AbstractSimulator
    how: Relaxation = eqx.field(static=True)
    drives: tuple[Drive, ...] | None = eqx.field(static=True, default=None)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs:
        """See `AbstractRunner.run`; one member a unit."""
        began = time.perf_counter()
        card, units = self.truth.card, experiment.units
        told = forcing_of(card, experiment.drives, units)
        own = told if self.drives is None else forcing_of(card, self.drives, units)
        seen = {k: v[:, 0] for k, v in noisy_history(card, starts, 1, seed=seed).items()}
        keys = jax.random.split(key_of(seed), units)
        pair = _begun(self.model, starts.states, {k: jnp.asarray(v) for k, v in seen.items()}, own, keys)
        mask = {k: jnp.asarray(v * self.how.weight) for k, v in mask_of(card, self.how.part).items()}
        forecast, truth = self._lanes(pair, (told, own, keys), mask, experiment, watch)
        bounds = bounds_of(card, starts)
        with np.errstate(invalid="ignore", over="ignore"):
            error = {k: forecast[k] - truth[k] for k in truth}
        lost = lose(error, escaped(card, forecast, bounds))
        kept = slice(experiment.discard, None)
        obs = {ERROR + k: np.array(v[:, None, kept], np.float32) for k, v in error.items()}
        if self.how.told:
            obs |= {TRUE + k: np.array(truth[k][:, None, kept], np.float32) for k in error}
        leads = np.arange(experiment.discard + 1, experiment.discard + experiment.steps + 1)
        times = leads * experiment.stride * card.dt
        return Runs(
            label=experiment.label,
            obs=obs,
            time=times,
            forcing=knob_values(card, experiment.drives, units, times),
            diverged=np.where(lost < 0, -1, np.maximum(lost - experiment.discard, 0))[:, None],
            exponents=None,
            initial={k: v[:, -1] for k, v in seen.items()},
            cost={"seconds": time.perf_counter() - began, STAMP: self.how.weight},
        )

    def _lanes(
        self, pair: Pair, told: tuple[Any, ...], mask: Obs, experiment: Experiment, watch: Watch
    ) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """[unit, step, ...] forecasts and truth, `card.lanes` units at a time."""
        units, total = experiment.units, experiment.discard + experiment.steps
        size = units if self.truth.card.lanes is None else min(self.truth.card.lanes, units)
        blocks = []
        for start in range(0, units, size):
            rows = np.minimum(np.arange(start, start + size), units - 1)
            state, rest = jax.tree.map(lambda x, rows=rows: x[rows], (pair, told))
            pieces = []
            for done in range(0, total, CHUNK):
                first, stride, left = (
                    jnp.asarray(n) for n in (done * experiment.stride, experiment.stride, total - done)
                )
                made: Any = _chunk(self.truth, self.model, mask, state, rest, (first, stride, left))
                state, out = made
                pieces.append(jax.tree.map(np.asarray, out))
                watch.check(
                    experiment.label,
                    (start + size * min((done + CHUNK) / total, 1.0)) / max(units, start + size),
                )
            kept = min(size, units - start)
            blocks.append(
                jax.tree.map(
                    lambda *x, kept=kept: np.moveaxis(np.concatenate(x)[:total, :kept], 0, 1), *pieces
                )
            )
        return jax.tree.map(lambda *x: np.concatenate(x), *blocks)


def lifts(model: Any) -> bool:
    """Whether a model can be moved to an observation from where it is, keeping what that does not determine."""
    return callable(getattr(model, "lift", None))


def _step_of(model: Any) -> Callable[..., Any]:
    return model.step if isinstance(model, AbstractWorld) else model.advance


@eqx.filter_jit
def _begun(model: Any, states: Any, seen: Obs, forcing: Forcing, keys: Array) -> Pair:
    def one(state: Any, history: Obs, own: Forcing, key: Array) -> Pair:
        if isinstance(model, AbstractWorld):
            return Pair(state, model.lift({k: v[-1] for k, v in history.items()}, state), {})
        window = {k: v[-model.card.context :] for k, v in history.items()}
        begun = model.assimilate(window, own, time=0.0, key=key)
        return Pair(state, begun, {} if lifts(model) else window)

    return jax.vmap(one)(states, seen, forcing, keys)


@eqx.filter_jit
def _chunk(
    truth: AbstractWorld,
    model: Any,
    mask: Obs,
    pair: Pair,
    told: tuple[Any, ...],
    steps: tuple[Array, Array, Array],
) -> tuple[Pair, tuple[Obs, Obs]]:
    """CHUNK saved steps for every lane, of which the first `left` are computed: forecasts, and the truth beside.

    `told`: forcing of the truth, of the model, keys. `steps`: done since the start, in a stride, saved ones left.
    """
    first, stride, left = steps
    dt = truth.card.dt
    step = _step_of(model)

    def lane(
        pair: Pair, told: Forcing, own: Forcing, key: Array, begin: Array
    ) -> tuple[Pair, tuple[Obs, Obs]]:
        def advanced(n: Array, both: Any) -> Any:
            now, drawn = n * dt, jax.random.fold_in(key, n)
            true, state = both
            return truth.step(true, told, time=now, key=drawn), step(state, own, time=now, key=drawn)

        end = begin + stride
        true, state = jax.lax.fori_loop(begin, end, advanced, (pair.truth, pair.model))
        aim, forecast = truth.observe(true), model.observe(state)
        forecast = {k: forecast[k] for k in aim}
        moved = {k: x + mask[k] * (aim[k] - x) for k, x in forecast.items()}
        if lifts(model):
            return Pair(true, model.lift(moved, state), {}), (forecast, aim)
        window = {k: jnp.concatenate([pair.window[k][1:], x[None]]) for k, x in moved.items()}
        again = model.assimilate(window, own, time=end * dt, key=jax.random.fold_in(key, end))
        return Pair(true, again, window), (forecast, aim)

    lanes: Any = jax.vmap(lane, in_axes=(0, 0, 0, 0, None))
    empty = jax.tree.map(
        lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(lanes, pair, *told, first)[1]
    )  # what steps beyond the last one give: they are skipped, and cut off later

    def saved(pair: Pair, i: Array) -> tuple[Pair, tuple[Obs, Obs]]:
        return jax.lax.cond(
            i < left, lambda p: lanes(p, *told, first + i * stride), lambda p: (p, empty), pair
        )

    return jax.lax.scan(saved, pair, jnp.arange(CHUNK))
