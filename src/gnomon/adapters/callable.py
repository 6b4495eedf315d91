"""Runs any `step(state, forcing) -> state`: a batched loop on the host, over NumPy, PyTorch or JAX arrays."""

import time
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np

from gnomon.adapters.frameworks import HostStep, StepRaised, host_step
from gnomon.adapters.knobs import knob_table, saved_times
from gnomon.adapters.layout import Layout, layout_of
from gnomon.adapters.loading import LoadedModel, describe_error
from gnomon.adapters.tangent import host_exponents
from gnomon.core.memory import mark_peak, peak_mb, resident_mb
from gnomon.core.runner import AbstractRunner, Bounds, Starts, bounds_of, noisy_history
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.watch import Watch
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadModel, GnomonError
from gnomon.spec.experiment import Experiment
from gnomon.spec.identity import seed_of

REPEATS = 3  # of a timed run; the median counts
LOOK = 16  # saved steps between two looks at the limits


class Pace(NamedTuple):
    """How calls of `step` fit between two saved steps.

    Attributes:
        calls: in one saved step.
        dt: time of one call, in the world's units.
    """

    calls: int
    dt: float


class CallableRunner(AbstractRunner):
    """Runs a user's step from the observed history, every unit and member at once."""

    model: LoadedModel = eqx.field(static=True)
    card: WorldCard = eqx.field(static=True)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        """See `AbstractRunner.run`."""
        pace = pace_of(self.model, self.card, experiment)
        if isinstance(pace, str):
            return Unsupported(experiment.label, pace)
        layout = layout_of(self.card, self.model.declared)
        seen = noisy_history(self.card, starts, experiment.members, seed=seed)
        initial = {k: v[:, 0, -1] for k, v in seen.items()}
        if "exponents" in experiment.outputs:
            found = host_exponents(self.model, self.card, experiment, layout, initial, pace.calls, seed=seed)
            if isinstance(found, Unsupported):
                return found
            lost = np.where(np.isfinite(found).all(axis=1), -1, 0)[:, None]
            return self._pack(experiment, {}, lost, found, initial, {})
        lanes = experiment.units * experiment.members
        past = {k: v[:, :, -self.model.declared.context :] for k, v in seen.items()}
        window = layout.pack(past, 3).reshape(lanes, -1, layout.size)
        bounds = bounds_of(self.card, starts)
        loop = _Loop(self.model, self.card, experiment, layout, pace, bounds)
        states, first, cost = self._timed(loop, window, seed=seed, watch=watch)
        obs = layout.unpack(
            states.reshape(experiment.units, experiment.members, experiment.steps, layout.size)
        )
        obs = {k: np.asarray(v, np.float32) for k, v in obs.items()}
        lost = first.reshape(experiment.units, experiment.members)
        return self._pack(experiment, obs, lost, None, initial, cost)

    def _timed(
        self, loop: "_Loop", window: np.ndarray, *, seed: int, watch: Watch
    ) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
        """One run; repeated and timed warm where the experiment asks for it."""
        timing = "timing" in loop.experiment.outputs
        if timing:
            run_loop(loop, window, seed=seed, watch=watch)
        held = resident_mb()
        if timing:
            mark_peak()
        seconds, ran = [], []
        for _ in range(REPEATS if timing else 1):
            began = time.perf_counter()
            ran = [run_loop(loop, window, seed=seed, watch=watch)]
            seconds.append(time.perf_counter() - began)
        states, first = ran[0]
        saved = (loop.experiment.discard + loop.experiment.steps) * len(window)
        calls = float(saved * loop.pace.calls)
        cost = {"seconds": float(np.median(seconds)), "steps": calls, "time_units": calls * loop.pace.dt}
        if timing:
            cost["peak_memory_mb"] = max(peak_mb() - held, 0.0)
        return states, first, cost

    def _pack(
        self,
        experiment: Experiment,
        obs: dict[str, np.ndarray],
        lost: np.ndarray,
        exponents: np.ndarray | None,
        initial: dict[str, np.ndarray],
        cost: dict[str, float],
    ) -> Runs:
        times = saved_times(self.card, experiment)
        return Runs(
            label=experiment.label, obs=obs, time=times, forcing=knob_table(self.card, experiment, times),
            diverged=lost, exponents=exponents, initial=initial, cost=cost,
        )  # fmt: skip


class _Loop(NamedTuple):
    """What a loop needs to know besides where it starts."""

    model: LoadedModel
    card: WorldCard
    experiment: Experiment
    layout: Layout
    pace: Pace
    bounds: Bounds


def pace_of(model: LoadedModel, card: WorldCard, experiment: Experiment) -> Pace | str:
    """How the model's step fits the experiment's, or why it does not."""
    dt = model.declared.dt or card.dt
    between = experiment.stride * card.dt
    calls = round(between / dt)
    if calls < 1 or abs(calls * dt - between) > 1e-6 * between:
        return (
            f"{model.name} steps by {dt:g} {card.time_units}, which does not divide the {between:g} {card.time_units} "
            f"between two saved steps; declare a dt that does"
        )
    return Pace(calls, dt)


def run_loop(loop: _Loop, window: np.ndarray, *, seed: int, watch: Watch) -> tuple[np.ndarray, np.ndarray]:
    """States [lane, lead, size] in the model's units (NaN once lost), and the first lost lead of each lane (or -1).

    A lost lane is not stepped further: what an escaped model does next is nobody's result, and it may be slow or raise.
    """
    model, experiment, layout, pace = loop.model, loop.experiment, loop.layout, loop.pace
    step = host_step(model.step, model.declared, layout.size, model.name)
    knobs = _lane_knobs(loop)
    words = {knob: word for word, knob in model.declared.knobs.items()}
    flat_centre = layout.pack({k: v[None] for k, v in loop.bounds.centre.items()}, 1)[0]
    reach = _reach(loop)
    window, first = window.copy(), np.full(len(window), -1)
    kept = np.full((len(window), experiment.steps, layout.size), np.nan)
    alive = np.arange(len(window))
    total = experiment.discard + experiment.steps
    for lead in range(total):
        summed = np.zeros((len(window), layout.size))
        for call in range(pace.calls):
            n = lead * pace.calls + call
            handed = {words.get(k, k): v[alive, n] for k, v in knobs.items()}
            past = window[alive] if model.declared.context > 1 else window[alive, -1]
            answer = _call(step, past, handed, loop, alive, n, seed_of(seed, "step", n) >> 20)
            window[alive, :-1] = window[alive, 1:]
            window[alive, -1] = answer
            if experiment.average:
                summed[alive] += answer
        now = window[alive, -1]
        with np.errstate(invalid="ignore", over="ignore"):
            inside = (np.abs(now - flat_centre) <= reach).all(axis=1)
        first[alive[~inside]] = max(lead - experiment.discard, 0)
        saved = summed[alive] / pace.calls if experiment.average else now
        alive = alive[inside]
        if lead >= experiment.discard:
            kept[alive, lead - experiment.discard] = saved[inside]
        if lead % LOOK == 0:
            watch.check(experiment.label, lead / total)
        if not len(alive):
            break
    return kept, first


def _reach(loop: _Loop) -> np.ndarray:
    """[size] how far from the centre a state may be, in the model's units."""
    far = {v.name: np.full((1, *v.shape), loop.bounds.reach[v.name]) for v in loop.card.variables}
    in_world = loop.layout._replace(scale=np.ones(loop.layout.size), offset=np.zeros(loop.layout.size))
    return in_world.pack(far, 1)[0] / np.abs(loop.layout.scale)


def _lane_knobs(loop: _Loop) -> dict[str, np.ndarray]:
    """Knob -> [lane, call]: its value at the start of every call."""
    calls = (loop.experiment.discard + loop.experiment.steps) * loop.pace.calls
    table = knob_table(loop.card, loop.experiment, np.arange(calls) * loop.pace.dt)
    return {k: np.repeat(v, loop.experiment.members, axis=0) for k, v in table.items()}


def _call(
    step: HostStep, states: np.ndarray, knobs: Any, loop: _Loop, alive: np.ndarray, n: int, seed: int
) -> np.ndarray:
    """One call of the user's step for all lanes; what it raises is told with its place and time."""
    when = f"at time {n * loop.pace.dt:g} {loop.card.time_units} of experiment {loop.experiment.label!r}"
    try:
        return step(states, knobs, seed)
    except GnomonError as error:
        if n == 0:
            raise
        raise BadModel(f"{error} ({when})") from error
    except StepRaised as error:
        unit, member = divmod(int(alive[error.lane]), loop.experiment.members)
        who = f"for unit {unit}" + (f", member {member}," if loop.experiment.members > 1 else "")
        raise BadModel(f"{loop.model.name} raised {describe_error(error.error)} {who} {when}") from error
    except (Exception, SystemExit) as error:  # sys.exit in a model ends the model, not the test
        who = f"for a batch of {len(alive)} units"
        raise BadModel(f"{loop.model.name} raised {describe_error(error)} {who} {when}") from error


def probe(model: LoadedModel, card: WorldCard, obs: dict[str, np.ndarray]) -> None:
    """One call on one observed state, before anything is spent: a breach of the contract is told at once."""
    layout = layout_of(card, model.declared)
    step = host_step(model.step, model.declared, layout.size, model.name)
    state = layout.pack({k: v[None] for k, v in obs.items()}, 1)
    if model.declared.context > 1:
        state = np.repeat(state[:, None], model.declared.context, axis=1)
    words = {knob: word for word, knob in model.declared.knobs.items()}
    knobs = {words.get(k.name, k.name): np.array([k.default]) for k in card.knobs}
    try:
        step(state, knobs, 0)
    except GnomonError:
        raise
    except (Exception, SystemExit) as error:
        cause = error.error if isinstance(error, StepRaised) else error
        raise BadModel(
            f"{model.name} raised {describe_error(cause)} at its first call; it was given a state of "
            f"{layout.size} numbers and a forcing with {', '.join(knobs)}"
        ) from error
