"""Runs a checkpoint from the starts, and under the knobs, of a world on the sphere."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import equinox as eqx
import msgspec
import numpy as np

from gnomon.adapters.knobs import knob_table, saved_times
from gnomon.adapters.neuralgcm.checkpoint import Found
from gnomon.adapters.neuralgcm.machine import Machine, Surface, ready
from gnomon.adapters.neuralgcm.mapping import column_of, observed, offer, place_of, wants
from gnomon.adapters.neuralgcm.surface import (
    Warmed,
    is_moved,
    knob_fields,
    read_snapshot,
    surface_of,
    warmed_surface,
)
from gnomon.core.memory import mark_peak, peak_mb, resident_mb
from gnomon.core.runner import AbstractRunner, Starts, bounds_of, escaped, lose, noisy_history
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.watch import Watch
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.identity import seed_of

HOURS = 24.0  # in a day


class Plan(NamedTuple):
    """How a checkpoint is run.

    Attributes:
        date: first day, as in "1959-01-02"; empty for that of the packaged snapshot.
        perpetual: whether its calendar stands still (the hour of the day goes on).
        sea: "auto", "world" or "snapshot".
        warmed: which cells the knob "warming" warms.
        rain: whether the checkpoint accumulates rain.
    """

    date: str = ""
    perpetual: bool = False
    sea: str = "auto"
    warmed: Warmed = "all"
    rain: bool = False


class NeuralGCMRunner(AbstractRunner):
    """Runs a checkpoint, one member at a time, in steps of the world."""

    found: Found = eqx.field(static=True)
    card: WorldCard = eqx.field(static=True)
    plan: Plan = eqx.field(static=True)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        """See `AbstractRunner.run`."""
        why = self._hindrance(experiment)
        if why:
            return Unsupported(experiment.label, why)
        machine = ready(self.found)
        if (self.card.dt * HOURS) % machine.hours:
            return Unsupported(
                experiment.label,
                f"its step of {machine.hours:g} h does not divide the world's {self.card.dt:g} d",
            )
        base, _ = surface_of(self.card, machine, self.plan.sea)
        job = _Job(self.card, experiment, self.plan, machine, base, seed, watch)
        seen = noisy_history(self.card, starts, experiment.members, seed=seed)
        began, held = time.perf_counter(), 0.0
        if "timing" in experiment.outputs:
            list(_one(job, {k: v[0, 0, -1] for k, v in seen.items()}, 0, 0, limit=1))  # compile
            held, began = resident_mb(), time.perf_counter()
            mark_peak()
        obs = _all(job, seen)
        seconds = time.perf_counter() - began
        lost = _lost(job, obs, starts)
        saved = (experiment.discard + experiment.steps) * experiment.units * experiment.members
        steps = float(saved * experiment.stride)
        cost = {"seconds": seconds, "steps": steps, "time_units": steps * self.card.dt}
        if "timing" in experiment.outputs:
            cost["peak_memory_mb"] = max(peak_mb() - held, 0.0)
        times = saved_times(self.card, experiment)
        return Runs(
            label=experiment.label, obs=obs, time=times, forcing=knob_table(self.card, experiment, times),
            diverged=lost, exponents=None, initial={k: v[:, 0, -1] for k, v in seen.items()}, cost=cost,
        )  # fmt: skip

    def _hindrance(self, experiment: Experiment) -> str:
        """Why the experiment cannot be run; "" where it can."""
        if "exponents" in experiment.outputs:
            return "tangent dynamics of a checkpoint are not offered"
        if self.card.rung != "sphere":
            return "NeuralGCM is an atmosphere on a sphere"
        why = wants(self.card)
        if why:
            return why
        table = knob_table(self.card, experiment, saved_times(self.card, experiment))
        for knob in self.card.knobs:
            through_sea = knob.pattern is not None or knob.name == "warming"
            if not through_sea and is_moved(knob, table[knob.name]):
                return (
                    f"NeuralGCM is forced by the sea surface only; it has nothing like the knob {knob.name!r}"
                )
        return ""


class _Job(NamedTuple):
    """One experiment, ready to be run."""

    card: WorldCard
    experiment: Experiment
    plan: Plan
    machine: Machine
    base: Surface
    seed: int
    watch: Watch

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it will give."""
        return offer(self.card, rain=self.plan.rain).gives


def _all(job: _Job, seen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Variable -> [unit, member, lead, lat, lon]."""
    experiment = job.experiment
    shapes = {v.name: v.shape for v in job.card.variables if v.name in job.names}
    lead = (experiment.units, experiment.members, experiment.steps)
    obs = {name: np.full((*lead, *shape), np.nan, np.float32) for name, shape in shapes.items()}
    for unit in range(experiment.units):
        for member in range(experiment.members):
            start = {k: v[unit, member, -1] for k, v in seen.items()}
            for at, frame in _one(job, start, unit, member):
                for name, x in frame.items():
                    obs[name][unit, member, at] = x
    return obs


def _one(
    job: _Job, start: dict[str, np.ndarray], unit: int, member: int, limit: int | None = None
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """(lead, variable -> [lat, lon]) of one member, up to the first that is not finite."""
    card, experiment, machine = job.card, job.experiment, job.machine
    knobs = _Knobs.of(job, unit)
    place, hours = place_of(card), round(card.dt * HOURS)
    first = np.datetime64(job.plan.date, "h") if job.plan.date else read_snapshot().when
    column = column_of(card, machine, start, read_snapshot())
    state = machine.start(column, knobs.surface(0), first, seed_of(job.seed, "member", unit, member) >> 32)
    rain, total = None, experiment.discard + experiment.steps
    for lead in range(total):
        sums: dict[str, Any] = {}
        frame: dict[str, np.ndarray] = {}
        for inner in range(experiment.stride):
            call = lead * experiment.stride + inner
            when = first + np.timedelta64(_clock(call * hours, perpetual=job.plan.perpetual), "h")
            moment = machine.advance(state, knobs.surface(call), when, hours)
            frame = observed(job.names, moment, rain, 3600.0 * hours, machine, place)
            state, rain = moment.state, moment.rain
            if experiment.average:
                sums = {k: sums.get(k, 0.0) + x / experiment.stride for k, x in frame.items()}
            job.watch.check(experiment.label, (lead + inner / experiment.stride) / total)
            if limit is not None and call + 1 >= limit:
                return
        frame = sums or frame
        if lead >= experiment.discard:
            yield lead - experiment.discard, frame
        if not all(np.all(np.isfinite(x)) for x in frame.values()):
            break  # what a lost model does next is nobody's result


def _clock(hours: int, *, perpetual: bool) -> int:
    """Hours since the first day: all of them, or those of the day only."""
    return hours % 24 if perpetual else hours


class _Knobs(NamedTuple):
    """The sea of one unit at every call.

    Attributes:
        base: at default knobs.
        fields: knob -> K a unit.
        values: knob -> [call] difference from its default, in the middle of the call.
    """

    base: Surface
    fields: dict[str, np.ndarray]
    values: dict[str, np.ndarray]

    @staticmethod
    def of(job: _Job, unit: int) -> "_Knobs":
        """The knobs of a unit."""
        calls = (job.experiment.discard + job.experiment.steps) * job.experiment.stride
        table = knob_table(job.card, job.experiment, (np.arange(calls) + 0.5) * job.card.dt)
        fields = knob_fields(job.card, job.machine, job.base, job.plan.warmed)
        values = {name: table[name][unit] - job.card.knob(name).default for name in fields}
        return _Knobs(job.base, fields, values)

    def surface(self, call: int) -> Surface:
        """The sea during a call."""
        return warmed_surface(self.base, self.fields, {k: float(v[call]) for k, v in self.values.items()})


def _lost(job: _Job, obs: dict[str, np.ndarray], starts: Starts) -> np.ndarray:
    """[unit, member] the first lost lead or -1; blanks what comes after."""
    shown = tuple(v for v in job.card.variables if v.name in obs)
    card = msgspec.structs.replace(job.card, variables=shown)
    bounds = bounds_of(card, starts)
    flat = {k: x.reshape(-1, *x.shape[2:]) for k, x in obs.items()}  # views: `lose` blanks `obs` itself
    shape = next(iter(obs.values())).shape[:2]
    return lose(flat, escaped(card, flat, bounds)).reshape(shape)
