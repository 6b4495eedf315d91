"""Runners for what JAX can trace: the world itself, and simulators.

One compiled function advances a batch of lanes over a fixed chunk of saved steps; the host loops over chunks. So runs
of every length, stride and ensemble size share one compilation, and limits are looked at between chunks.
"""

import functools
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.adapters.jax_exponents import leading_exponents
from gnomon.adapters.jax_timing import median_seconds, program_mb
from gnomon.core.forcing import Forcing, forcing_of, knob_values
from gnomon.core.runner import AbstractRunner, Starts, bounds_of, escaped, key_of, lose, noisy_history
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Drive, Experiment

CHUNK = 32  # saved steps in one call: long enough to hide the call, short enough to waste little at the end
SNAPSHOTS = 8  # of each unit, for lagged errors
ENOUGH = 2.0  # seconds of timing where a run is one step: three of milliseconds would time the neighbours

# A compiled function with all its arguments: called, it gives the states that a run begins with.
Begin = functools.partial[Any]


def make_starts(
    world: AbstractWorld, drives: tuple[Drive, ...], units: int, *, history: int, seed: int, watch: Watch
) -> Starts:
    """Independent states on the attractor at the knob values of time 0, with the observations that led there."""
    card = world.card
    held = tuple(
        Drive(knob=d.knob, times=(0.0,), values=tuple((row[0],) for row in d.values)) for d in drives
    )
    forcing = forcing_of(card, held, units)
    keys = jax.random.split(key_of(seed), units)
    states = _begun(world, keys)
    # The state must be the one observed last, so whole chunks are run and the history is their end.
    steps = -(-max(round(card.spinup / card.dt), history) // CHUNK) * CHUNK
    past, states, _ = _run_lanes(
        world, states, forcing, keys, steps=steps, stride=1, watch=watch, what="spin-up", lanes=card.lanes
    )
    library = {}
    if card.errors == "lagged":
        library = {k: v[:, _spread(steps)].reshape(-1, *v.shape[2:]) for k, v in past.items()}
    return Starts(states=states, history={k: v[:, -history:] for k, v in past.items()}, library=library)


def _spread(steps: int) -> np.ndarray:
    """Steps of a spin-up whose observations are kept for lagged errors: far apart, its first quarter left out."""
    return np.linspace(steps // 4, steps - 1, SNAPSHOTS).round().astype(int)


class WorldRunner(AbstractRunner):
    """Runs a world. Perturbed, it is the twin or the perfect model: it starts within the observation error."""

    world: AbstractWorld
    perturbed: bool = eqx.field(static=True)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        """See `AbstractRunner.run`."""
        card = self.world.card
        if not self.perturbed:
            clean = {k: v[:, None, -1] for k, v in starts.history.items()}
            return _conduct(
                self.world,
                card,
                experiment,
                starts,
                lambda member: functools.partial(_given, starts.states),
                clean,
                seed=seed,
                watch=watch,
            )
        seen = noisy_history(card, starts, experiment.members, seed=seed, whole=True)
        present = {k: v[:, :, -1] for k, v in seen.items()}

        def begin_of(member: int) -> Begin:
            obs = {k: jnp.asarray(v[:, min(member, v.shape[1] - 1)]) for k, v in present.items()}
            return functools.partial(_lift, self.world, obs, starts.states)

        return _conduct(self.world, card, experiment, starts, begin_of, present, seed=seed, watch=watch)


class SimulatorRunner(AbstractRunner):
    """Runs a simulator from the observed history."""

    simulator: AbstractSimulator
    card: WorldCard = eqx.field(static=True)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        """See `AbstractRunner.run`."""
        sim = self.simulator
        seen = noisy_history(self.card, starts, experiment.members, seed=seed)
        forcing = forcing_of(self.card, experiment.drives, experiment.units)

        def begin_of(member: int) -> Begin:
            past = {
                k: jnp.asarray(v[:, min(member, v.shape[1] - 1), -sim.card.context :])
                for k, v in seen.items()
            }
            keys = jax.random.split(jax.random.fold_in(key_of(seed), member), experiment.units)
            return functools.partial(_assimilate, sim, past, forcing, keys)

        present = {k: v[:, :, -1] for k, v in seen.items()}
        return _conduct(sim, self.card, experiment, starts, begin_of, present, seed=seed, watch=watch)


def _conduct(
    model: Any,
    card: WorldCard,
    experiment: Experiment,
    starts: Starts,
    begin_of: Callable[[int], Begin],
    initial: dict[str, np.ndarray],
    *,
    seed: int,
    watch: Watch,
) -> Runs | Unsupported:
    """Run every member of an experiment, one compiled batch of units at a time."""
    forcing = forcing_of(card, experiment.drives, experiment.units)
    total = experiment.discard + experiment.steps
    began = time.perf_counter()
    first_obs = {k: v[:, 0] for k, v in initial.items()}
    if "exponents" in experiment.outputs:
        exponents = leading_exponents(model, card, experiment, begin_of(0)(), forcing, seed=seed, watch=watch)
        if isinstance(exponents, str):
            return Unsupported(experiment.label, exponents)
        lost = np.where(np.isfinite(exponents).all(axis=1), -1, 0)[:, None]
        cost = {"seconds": time.perf_counter() - began}
        return _pack(experiment, {}, lost, exponents, first_obs, cost, card)
    bounds = bounds_of(card, starts)
    members, firsts = [], []
    cost: dict[str, float] = {}
    for member in range(experiment.members):
        keys = jax.random.split(jax.random.fold_in(key_of(seed), 1000 + member), experiment.units)
        obs, _, cost = _timed_lanes(
            model, begin_of(member), forcing, keys, experiment, total, card=card, watch=watch
        )
        firsts.append(lose(obs, escaped(card, obs, bounds)))
        members.append({k: v[:, experiment.discard :] for k, v in obs.items()})
    lost = np.stack(firsts, axis=1)
    lost = np.where(lost < 0, -1, np.maximum(lost - experiment.discard, 0))
    stacked = {k: np.stack([m[k] for m in members], axis=1) for k in members[0]}
    cost = {**cost, "total_seconds": time.perf_counter() - began}
    return _pack(experiment, stacked, lost, None, first_obs, cost, card)


def _timed_lanes(
    model: Any,
    begin: Begin,
    forcing: Forcing,
    keys: Any,
    experiment: Experiment,
    total: int,
    *,
    card: WorldCard,
    watch: Watch,
) -> tuple[dict[str, np.ndarray], Any, dict[str, float]]:
    """One member's run; repeated and timed warm where the experiment asks for it.

    A simulator of a world with hidden variables is asked to infer, and how it begins is its whole work: beginning and
    steps are timed together, and memory is that of the larger program. Elsewhere the steps alone are: a run is long.
    """
    timing = "timing" in experiment.outputs
    hides = timing and any(v.hidden for v in card.variables)
    infers = hides and isinstance(model, AbstractSimulator)
    # Of a scene one step is asked: room for more would be copied and counted.
    chunk = min(CHUNK, total) if hides else CHUNK
    run = functools.partial(
        _run_lanes, model, forcing=forcing, keys=keys, steps=total, stride=experiment.stride, watch=watch,
        what="timing" if timing else experiment.label, lanes=card.lanes, average=experiment.average, chunk=chunk,
    )  # fmt: skip
    states = begin()
    obs, last, cost = run(states)
    if not timing:
        return obs, last, cost
    seconds = median_seconds(lambda: run(begin() if infers else states), enough=ENOUGH if hides else 0.0)
    one = (jnp.asarray(0), jnp.asarray(1), jnp.asarray(chunk))
    held = [program_mb(_chunk, model, states, forcing, keys, *one, False, chunk)]
    if infers:
        held.append(program_mb(begin.func, *begin.args))
    return obs, last, {**cost, "seconds": seconds, "peak_memory_mb": float(np.max(held))}


def _run_lanes(
    model: Any,
    states: Any,
    forcing: Forcing,
    keys: Any,
    *,
    steps: int,
    stride: int,
    watch: Watch,
    what: str,
    lanes: int | None = None,
    average: bool = False,
    chunk: int = CHUNK,
) -> tuple[dict[str, np.ndarray], Any, dict[str, float]]:
    """Advance a batch over `steps` saved steps; observations [unit, step, ...], last states, cost.

    Args:
        model: a world or a simulator.
        states: batched over units.
        forcing: likewise.
        keys: one a unit.
        steps: saved steps.
        stride: world steps in each.
        watch: for progress and limits.
        what: is running, for the progress.
        lanes: units that one call advances; None for all.
        average: save means over the stride instead of instants.
        chunk: saved steps in one call.
    """
    began = time.perf_counter()
    units = keys.shape[0]
    # As few blocks as there must be, and all of one size: ten units on eight lanes are five and five, and not eight and
    # eight of which six are thrown away.
    size = units if lanes is None else -(-units // -(-units // lanes))
    blocks = []
    for start in range(0, units, size):
        # The last block is filled up with its own last unit, so that all blocks share one compilation.
        rows = np.minimum(np.arange(start, start + size), units - 1)
        block = (states, forcing, keys)
        if size < units:
            block = jax.tree.map(lambda x, rows=rows: x[rows], block)
        share = (start / units, size / units)
        obs, last = _run_block(
            model, *block, steps=steps, stride=stride, average=average, watch=watch, what=what, share=share,
            chunk=chunk,
        )  # fmt: skip
        kept = min(size, units - start)
        blocks.append(jax.tree.map(lambda x, kept=kept: x[:kept], (obs, last)))
    joined = {k: np.concatenate([b[0][k] for b in blocks]) for k in blocks[0][0]}
    ended = (
        blocks[0][1]
        if len(blocks) == 1
        else jax.tree.map(lambda *x: jnp.concatenate(x), *[b[1] for b in blocks])
    )
    jax.block_until_ready(ended)
    calls = units * steps * stride
    cost = {
        "seconds": time.perf_counter() - began,
        "steps": float(calls),
        "time_units": float(calls * model.card.dt),
    }
    return joined, ended, cost


def _run_block(
    model: Any,
    states: Any,
    forcing: Forcing,
    keys: Any,
    *,
    steps: int,
    stride: int,
    average: bool,
    watch: Watch,
    what: str,
    share: tuple[float, float],
    chunk: int,
) -> tuple[dict[str, np.ndarray], Any]:
    """One batch from start to end; `share`: how much of the whole was done before, and how much this is."""
    pieces: list[dict[str, np.ndarray]] = []
    done = 0
    while done < steps:
        first, left = jnp.asarray(done * stride), jnp.asarray(steps - done)
        states, obs = _chunk(model, states, forcing, keys, first, jnp.asarray(stride), left, average, chunk)
        pieces.append({k: np.asarray(v) for k, v in obs.items()})
        done += chunk
        watch.check(what, share[0] + share[1] * min(done / steps, 1.0))
    joined = {k: np.concatenate([p[k] for p in pieces], axis=1)[:, :steps] for k in pieces[0]}
    with np.errstate(over="ignore"):  # what overflows has diverged, and is found as such
        # A copy: JAX's own buffers are read-only, and lost leads are blanked in place.
        return {k: np.array(v, np.float32) for k, v in joined.items()}, states


@eqx.filter_jit
def _chunk(
    model: Any,
    states: Any,
    forcing: Forcing,
    keys: Any,
    first: Any,
    stride: Any,
    left: Any,
    average: bool,
    saves: int,
) -> tuple[Any, Any]:
    """`saves` saved steps of `stride` steps each, for every lane, of which only the first `left` are computed.

    `first` counts steps since the start.
    """
    step = model.step if isinstance(model, AbstractWorld) else model.advance
    dt = model.card.dt

    def lane(state: Any, own_forcing: Forcing, key: Any) -> tuple[Any, Any]:
        def advanced(s: Any, n: Any) -> Any:
            return step(s, own_forcing, time=n * dt, key=jax.random.fold_in(key, n))

        def saved(carry: Any, i: Any) -> tuple[Any, Any]:
            inner = jnp.where(i < left, stride, 0)
            begin = first + i * stride
            if not average:
                carry = jax.lax.fori_loop(0, inner, lambda j, s: advanced(s, begin + j), carry)
                return carry, model.observe(carry)

            def summed(j: Any, both: Any) -> Any:
                s = advanced(both[0], begin + j)
                return s, jax.tree.map(jnp.add, both[1], model.observe(s))

            zero = jax.tree.map(jnp.zeros_like, model.observe(carry))
            carry, total = jax.lax.fori_loop(0, inner, summed, (carry, zero))
            return carry, jax.tree.map(lambda x: x / jnp.maximum(inner, 1), total)

        return jax.lax.scan(saved, state, jnp.arange(saves))

    return jax.vmap(lane)(states, forcing, keys)


def _given(states: Any) -> Any:
    """Nothing is made of states that are there."""
    return states


@eqx.filter_jit
def _begun(world: AbstractWorld, keys: Any) -> Any:
    return jax.vmap(lambda key: world.init(key=key))(keys)


@eqx.filter_jit
def _assimilate(simulator: AbstractSimulator, past: Any, forcing: Forcing, keys: Any) -> Any:
    return jax.vmap(lambda h, f, k: simulator.assimilate(h, f, time=0.0, key=k))(past, forcing, keys)


@eqx.filter_jit
def _lift(world: AbstractWorld, obs: Any, background: Any) -> Any:
    return jax.vmap(world.lift)(obs, background)


def _pack(
    experiment: Experiment,
    obs: dict[str, np.ndarray],
    lost: np.ndarray,
    exponents: np.ndarray | None,
    initial: dict[str, np.ndarray],
    cost: dict[str, float],
    card: WorldCard,
) -> Runs:
    leads = np.arange(experiment.discard + 1, experiment.discard + experiment.steps + 1)
    times = leads * experiment.stride * card.dt
    return Runs(
        label=experiment.label,
        obs=obs,
        time=times,
        forcing=knob_values(card, experiment.drives, experiment.units, times),
        diverged=lost,
        exponents=exponents,
        initial=initial,
        cost=cost,
    )
