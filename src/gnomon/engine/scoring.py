"""From runs to scores: every measure's numbers for truth, floor, null and subject, put side by side and judged."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from gnomon.core.learner import AbstractBrought
from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Observed, Runs, Unsupported
from gnomon.core.trial import AbstractTrial, headline_for
from gnomon.core.world import AbstractWorld
from gnomon.engine.bench import Bench
from gnomon.engine.increments import increment_run
from gnomon.engine.relaxed import relaxed_run
from gnomon.engine.starting_states import complaint_of
from gnomon.inference.bootstrap import estimate
from gnomon.inference.fidelity import judge
from gnomon.numerics.fates import count_fates, reach_of
from gnomon.spec.cards import Variable, WorldCard
from gnomon.spec.identity import canonical, seed_of
from gnomon.spec.increments import DECLARED as INCREMENTS
from gnomon.spec.registry import build, load
from gnomon.spec.relaxation import DECLARED
from gnomon.spec.results import Estimate, Score
from gnomon.spec.study import Case, Ref

Floats = tuple[float | None, ...]


class Weighed(NamedTuple):
    """What one measure makes of one role: its table and, but for the truth itself, distances and values by unit."""

    evidence: Evidence
    table: UnitTable
    distances: np.ndarray | None
    values: np.ndarray | None


class AbstractStage(Protocol):
    """Where a case's evidence comes from: runs that are made (`Stage`) or files that are read (`ArchiveStage`)."""

    card: WorldCard

    def evidence(self, role: str, null: str = "") -> Evidence:
        """Everything a measure may look at for one role ("null" and "null control" of the named null)."""
        ...

    def remember(self, key: tuple[Any, ...], make: Callable[[], Weighed]) -> Weighed:
        """What does not depend on the learner, made once in a process."""
        ...


class Stage:
    """The evidence of one case, by role; runs are made when first asked for."""

    def __init__(
        self, bench: Bench, case: Case, trial: AbstractTrial, world: AbstractWorld, log: Mapping[str, Any]
    ):
        self._bench, self._case, self._trial, self.card = bench, case, trial, world.card
        self._log = log
        self.experiments = trial.design(world.card)
        self._evidence: dict[tuple[str, str], Evidence] = {}

    def evidence(self, role: str, null: str = "") -> Evidence:
        """Everything a measure may look at for one role ("null" and "null control" of the named null).

        Where the subject does not give every variable, all roles are looked at without them: on anything less, null and
        floor would be numbers about something else.
        """
        whole = self._whole(role, null)
        if not self.missing:
            return whole
        runs = {
            k: r if isinstance(r, Unsupported) else _without(r, self.missing) for k, r in whole.runs.items()
        }
        kept = tuple(v for v in self.card.variables if v.name not in self.missing)
        return whole._replace(card=msgspec.structs.replace(self.card, variables=kept), runs=runs)

    @functools.cached_property
    def missing(self) -> tuple[str, ...]:
        """Variables of the world that the subject does not give; only what was made elsewhere may lack any."""
        if not issubclass(load("learners", self._case.learner.kind), AbstractBrought):
            return ()
        names = {v.name for v in self.card.variables}
        for runs in self._whole("subject", "").runs.values():
            if not isinstance(runs, Unsupported) and runs.obs:
                names &= set(runs.obs)
        if not names:
            return ()
        return tuple(v.name for v in self.card.variables if v.name not in names)

    def complaints(self) -> tuple[str, ...]:
        """What the world says against the states that its truth starts from: of the first experiment that is run."""
        if self._case.trial.kind in self.card.unasked:
            return ()
        relaxed = self._trial.declare(self.card).get(DECLARED, {})
        first = next((e for e in self.experiments if e.label not in relaxed), None)
        said = complaint_of(self._bench, self._case, first) if first is not None else ""
        return (said,) if said else ()

    def _whole(self, role: str, null: str) -> Evidence:
        if (role, null) not in self._evidence:
            runs = {e.label: self._run(e, role, null) for e in self.experiments}
            log = self._log if role == "subject" else {}
            declared = self._trial.declare(self.card)
            self._evidence[role, null] = Evidence(card=self.card, runs=runs, design=declared, fit=log)
        return self._evidence[role, null]

    def remember(self, key: tuple[Any, ...], make: Callable[[], Weighed]) -> Weighed:
        """What does not depend on the learner, made once in a process for each world, trial and seed."""
        case = self._case
        shared = (
            case.world, case.trial.kind, case.trial.args, case.data, case.seed, case.precision, self.missing,
        )  # fmt: skip
        return self._bench.remember((canonical(shared), *key), make)

    def _run(self, experiment: Any, role: str, null: str) -> Runs | Unsupported:
        bench, case = self._bench, self._case
        if case.trial.kind in self.card.unasked:
            return Unsupported(experiment.label, self.card.unasked[case.trial.kind])
        how = self._trial.declare(self.card).get(DECLARED, {}).get(experiment.label)
        if how is not None:
            return relaxed_run(bench, case, experiment, how, role)
        if experiment.label == self._trial.declare(self.card).get(INCREMENTS):
            return increment_run(bench, case, experiment, role)
        if role == "truth":
            return bench.truth(case, experiment)
        if role == "floor":
            return bench.floor(case, experiment)
        if role == "subject":
            return bench.subject(case, experiment)
        return bench.null(case, experiment, null, role)


FREE = "free"  # the experiment whose runs should go on for ever
POINTS = 16  # of one variable, for the fates of fields


def fates(stage: AbstractStage) -> dict[str, dict[str, int]]:
    """What became of the free runs of truth and subject; nothing where none were run, of files, or on an atmosphere.

    A run that is not lost to the engine (`core.runner.bounds_of`: 50 scales) may still be far outside of what the
    truth's free runs reach; it has exploded, too.
    """
    if not isinstance(stage, Stage) or stage.card.rung == "sphere":
        return {}
    free: dict[str, Runs] = {}
    for role in ("truth", "subject"):
        runs = stage.evidence(role).runs.get(FREE)
        if runs is None or isinstance(runs, Unsupported):
            return {}
        free[role] = runs
    told = [v for v in stage.card.variables if all(v.name in runs.obs for runs in free.values())]
    if not told:
        return {}
    states = {role: np.concatenate([_points(runs, v) for v in told], axis=-1) for role, runs in free.items()}
    reach = reach_of(states["truth"])
    return {role: count_fates(x, reach) for role, x in states.items()}


def _points(runs: Runs, variable: Variable) -> np.ndarray:
    """[run, time, channel] of the first member, over the scale; the first points of a field."""
    x = np.asarray(runs.obs[variable.name])[:, 0]
    return (x.reshape(*x.shape[:2], -1)[:, :, :POINTS] / variable.scale).astype(float)


def score(
    stage: AbstractStage, case: Case, trial: AbstractTrial, ref: Ref, *, is_null: bool
) -> tuple[Score, dict[str, Any]]:
    """One measure of one case: its score, and its figures and per-unit values."""
    measure: AbstractMeasure = build("measures", ref.kind, ref.args)
    empty = Score(
        measure=ref.shown,
        version=measure.version,
        units=measure.units,
        status="unsupported",
        headline=ref.kind == headline_for(trial, stage.card.rung),
        null_name=measure.null,
        value=Estimate(value=None),
    )
    if is_null and not measure.null:
        return _told_why(empty, "this measure names no null, so there is none to run"), {}
    try:
        weighed = _all_weighed(stage, measure, ref, is_null=is_null)
    except CannotMeasure as reason:
        return _told_why(empty, str(reason)), {}
    seed = seed_of("bootstrap", case.world.kind, trial.__class__.__name__, ref.kind, case.seed)
    distances = {role: w.distances for role, w in weighed.items() if w.distances is not None}
    values = {role: w.values for role, w in weighed.items() if w.values is not None}
    told = {role: estimate(v, seed=seed) for role, v in values.items()}
    found = msgspec.structs.replace(
        empty, value=told["subject"], floor_value=told.get("floor"), null_value=told.get("null")
    )
    bulk = {
        "curves": measure.curves(
            {role: w.table for role, w in weighed.items()}, {role: w.evidence for role, w in weighed.items()}
        ),
        "unit_values": {role: _floats(d) for role, d in distances.items()}
        | ({"value": _floats(values["subject"])} if values["subject"] is not distances["subject"] else {}),
    }
    if "null" not in distances or "floor" not in distances:
        own = distances["subject"]
        lost = int(np.sum(~np.isfinite(own)))
        status = "diverged" if lost * 2 > len(own) else "ok"
        alone = estimate(own, seed=seed)
        return msgspec.structs.replace(
            found, status=status, discrepancy=alone, n=len(own), diverged=lost
        ), bulk
    verdict = judge(distances["subject"], distances["null"], distances["floor"], seed=seed)
    missing = getattr(stage, "missing", ())
    if missing:
        told_missing = f"judged without {', '.join(missing)}, which this model does not give"
        verdict = verdict._replace(reason="; ".join(filter(None, [verdict.reason, told_missing])))
    return msgspec.structs.replace(found, **verdict._asdict()), bulk


def _all_weighed(
    stage: AbstractStage, measure: AbstractMeasure, ref: Ref, *, is_null: bool
) -> dict[str, Weighed]:
    """Truth and subject, and floor and null where they exist; `CannotMeasure` where the subject has no answer."""
    truth = _weighed(stage, measure, ref, "truth", "", None)
    own = ("null control", measure.null) if is_null else ("subject", "")
    weighed = {"truth": truth, "subject": _weighed(stage, measure, ref, *own, truth.table)}
    beside = [("floor", "")] + ([("null", measure.null)] if measure.null else [])
    for role, null in beside:
        try:
            weighed[role] = _weighed(stage, measure, ref, role, null, truth.table)
        except CannotMeasure:
            continue  # e.g. timing has no floor; the score then says so by its absence
    return weighed


def _weighed(
    stage: AbstractStage, measure: AbstractMeasure, ref: Ref, role: str, null: str, truth: UnitTable | None
) -> Weighed:
    """One role's table and distances; truth, floor and null are the same for every learner and are kept."""

    def make() -> Weighed:
        evidence = stage.evidence(role, null)
        table = measure.summarise(evidence)
        if truth is None:
            return Weighed(evidence, table, None, None)
        distances, values = measure.discrepancy(truth, table), measure.value(truth, table)
        return Weighed(evidence, table, _settled(distances), _settled(values))

    return make() if role == "subject" else stage.remember((ref.kind, canonical(ref.args), role, null), make)


def _settled(x: np.ndarray) -> np.ndarray:
    """Eight significant digits, one more than runs are kept with.

    The last digits of a NumPy sum depend on where the array lies in memory; without this, two identical runs differ.
    """
    out = np.array(x, float)
    finite = np.isfinite(out) & (out != 0)
    unit = 10.0 ** (np.floor(np.log10(np.abs(out[finite]))) - 7)
    out[finite] = np.round(out[finite] / unit) * unit
    return out


def _without(runs: Runs, missing: tuple[str, ...]) -> Runs:
    """The same runs without some variables."""
    return runs._replace(obs=Observed({k: v for k, v in runs.obs.items() if k not in missing}))


def first_divergence(evidence: Evidence) -> tuple[float | None, int, int]:
    """Model time of the first divergence (None if none), runs lost, runs in all."""
    first, lost, total = math.inf, 0, 0
    for runs in evidence.runs.values():
        if isinstance(runs, Unsupported) or runs.exponents is not None:
            continue
        gone = runs.diverged >= 0
        total += gone.size
        lost += int(gone.sum())
        if gone.any():
            first = min(first, float(runs.time[min(int(runs.diverged[gone].min()), len(runs.time) - 1)]))
    return (None if math.isinf(first) else first), lost, total


def _told_why(score: Score, reason: str) -> Score:
    return msgspec.structs.replace(score, reason=reason, value=Estimate(value=None, reason=reason))


def _floats(values: np.ndarray) -> Floats:
    return tuple(float(v) if np.isfinite(v) else None for v in values)
