"""Resampled perfect twins: a pool's units dealt to truth, floor, subject and null again and again, each time judged."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np

from gnomon.core.faults import AbstractResponseFault, AbstractWorldFault
from gnomon.core.learner import AbstractControl
from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Runs
from gnomon.core.trial import AbstractTrial
from gnomon.inference.fidelity import Judgement, judge
from gnomon.inference.told_apart import Pair, told_apart
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadData
from gnomon.spec.experiment import Experiment
from gnomon.spec.identity import identity, seed_of
from gnomon.spec.registry import build, load
from validation.faults.plans import Plan, Planted
from validation.faults.pool import save

PERFECT, NULL = "perfect", "null"
MADE = ("no_response", "frozen")  # nulls that a pool can give
LAYOUT = 1  # of stored tables; raised when pools or faults change in a way that no version tells


class AnyPool(Protocol):
    """Where runs come from."""

    plan: Plan
    card: WorldCard
    seed: int

    def trial(self, name: str) -> AbstractTrial:
        """A trial with the plan's lengths."""
        ...

    def runs(self, experiment: Experiment, changed: Mapping[str, Any] | None = None) -> Runs:
        """All units of one experiment."""
        ...


class Cell(NamedTuple):
    """A measure of a trial, and whether it is the trial's headline."""

    trial: str
    measure: str
    headline: bool

    @property
    def name(self) -> str:
        """As in a plan."""
        return f"{self.trial}/{self.measure}"


Tables = dict[str, UnitTable]  # who -> the table of the whole pool


def tables_of(pool: AnyPool, folder: Path) -> tuple[dict[Cell, Tables], dict[str, str]]:
    """Every measure's tables of the truth, of its null and of every fault, and why some cells have none.

    Tables are kept in the folder: what was measured once is not measured again.
    """
    out: dict[Cell, Tables] = {}
    without: dict[str, str] = {}
    for trial in pool.plan.trials:
        built = pool.trial(trial)
        measures = pool.plan.measures.get(trial) or built.measures_on.get(pool.card.rung, built.measures)
        made: dict[str, Evidence] = {}

        def evidence(who: str, built: AbstractTrial = built, made: dict[str, Evidence] = made) -> Evidence:
            if PERFECT not in made:
                made[PERFECT] = _evidence(pool, built)
            if who not in made:
                for other in [k for k in made if k != PERFECT]:
                    del made[other]  # a pool of an atmosphere is gigabytes
                made[who] = _of(who, pool, built, made[PERFECT])
            return made[who]

        names = {m: measure_of(m) for m in measures}
        nulls = tuple(dict.fromkeys(f"{NULL} {m.null}" for m in names.values() if m.null in MADE))
        for who in (PERFECT, *nulls, *(f.name for f in pool.plan.faults)):
            for name, measure in names.items():
                cell = Cell(trial, name, name == measures[0])
                if who in nulls and who != f"{NULL} {measure.null}":
                    continue
                try:
                    table = _kept(
                        folder,
                        _recipe(pool, cell, measure, who),
                        lambda m=measure, w=who: m.summarise(evidence(w)),
                    )
                except CannotMeasure as reason:
                    without[cell.name if who == PERFECT else f"{cell.name}, {who}"] = str(reason)
                    continue
                out.setdefault(cell, {})[NULL if who in nulls else who] = table
            print(f"  {trial}: {who}", flush=True)
    return out, without


def _recipe(pool: AnyPool, cell: Cell, measure: AbstractMeasure, who: str) -> dict[str, Any]:
    """All that decides a table."""
    plan = pool.plan
    planted = next((f for f in plan.faults if f.name == who), None)
    return {
        "world": msgspec.to_builtins(plan.world), "pool": [plan.lanes, plan.together, plan.blocks, plan.gap],
        "trial": [cell.trial, dict(plan.trials[cell.trial])], "measure": [cell.measure, measure.version],
        "who": msgspec.to_builtins(planted.learner) if planted else who, "only": plan.only, "layout": LAYOUT,
        "card": pool.card.decisive(), "world version": pool.card.version,
        "trial version": pool.trial(cell.trial).version,
        "fault version": load("learners", planted.learner.kind).version if planted else 0,
        **({"seed": pool.seed} if pool.seed else {}),
    }  # fmt: skip


def _kept(folder: Path, recipe: dict[str, Any], make: Callable[[], UnitTable]) -> UnitTable:
    """A table from the folder, made and put there first where it is not."""
    path = folder / f"{identity('fault table', recipe)}.npz"
    if not path.exists():
        save(path, make())
    with np.load(path) as stored:
        return dict(stored)


def _of(who: str, pool: AnyPool, trial: AbstractTrial, truth: Evidence) -> Evidence:
    """Evidence of a null or of a fault, made from the truth's."""
    planted = next((f for f in pool.plan.faults if f.name == who), None)
    if planted is not None:
        return _evidence(pool, trial, planted, truth)
    name = who.removeprefix(f"{NULL} ")
    return truth._replace(runs={k: _null(name, k, r, truth) for k, r in truth.runs.items()})


def _evidence(
    pool: AnyPool, trial: AbstractTrial, planted: Planted | None = None, truth: Evidence | None = None
) -> Evidence:
    """The whole pool's runs of a trial, with a fault planted in them as the engine would."""
    fault = build("learners", planted.learner.kind, planted.learner.args) if planted else None
    assert fault is None or isinstance(fault, AbstractControl)
    wrong = isinstance(fault, AbstractWorldFault) and planted is not None
    if wrong and trial.__class__.__name__.lower() != planted.own.split("/")[0]:
        fault, wrong = None, False  # a wrong world is run for the trial of its own measure only
    runs: dict[str, Runs] = {}
    for experiment in trial.design(pool.card):
        order = fault.alter_experiment(experiment, pool.card) if fault else experiment
        if truth is not None and order == experiment and not wrong:
            made = truth.runs[experiment.label]
        else:
            made = pool.runs(
                order, fault.world_args(pool.card) if isinstance(fault, AbstractWorldFault) else None
            )
        assert isinstance(made, Runs)
        if isinstance(fault, AbstractResponseFault) and experiment.drives:
            runs[experiment.label] = fault.alter_response(made, runs["control"], pool.card)
        else:
            runs[experiment.label] = fault.alter_runs(made, pool.card) if fault else made
    return Evidence(card=pool.card, runs=runs, design=trial.declare(pool.card), fit={})


def _null(name: str, label: str, runs: Any, truth: Evidence) -> Runs:
    """One experiment of a null: no response is the control of other units, the frozen state the present kept."""
    if name == "no_response":
        control = truth.runs["control"]
        assert isinstance(control, Runs)
        turn = 0 if label == "control" else 1 + list(truth.runs).index(label)
        obs = {k: np.roll(v, -turn, axis=0) for k, v in control.obs.items()}
        return control._replace(label=label, obs=type(control.obs)(obs))
    leads = len(runs.time)
    obs = {k: np.repeat(runs.initial[k][:, None, None], leads, axis=2) for k in runs.obs if k in runs.initial}
    return runs._replace(obs=type(runs.obs)(obs))


class Verdicts(NamedTuple):
    """What was said of each subject in each twin.

    Attributes:
        flagged: subject -> [twin, cell] told apart, all cells asked together.
        below: subject -> [twin, cell] the interval of fidelity lies below 1, each cell by itself.
        failed: subject -> [twin, cell] of headlines: the interval lies below 0.5, the verdict of `first_failure`.
        asked: subject -> [twin, cell] whether the measure had an answer.
        room: [twin, cell] whether null and floor could be told apart.
        pool: [twin] from which pool its units were dealt.
    """

    cells: tuple[Cell, ...]
    flagged: dict[str, np.ndarray]
    below: dict[str, np.ndarray]
    failed: dict[str, np.ndarray]
    asked: dict[str, np.ndarray]
    room: np.ndarray
    pool: np.ndarray


def together(parts: Sequence[Verdicts]) -> Verdicts:
    """Twins of several pools of one plan, numbered by pool. A cell that one pool has no answer for is asked in none."""
    common = [c for c in parts[0].cells if all(c in p.cells for p in parts)]

    def columns(part: Verdicts, marks: np.ndarray) -> np.ndarray:
        return marks[:, [part.cells.index(c) for c in common]]

    def all_of(kind: str) -> dict[str, np.ndarray]:
        found = [getattr(p, kind) for p in parts]
        return {
            w: np.concatenate([columns(p, f[w]) for p, f in zip(parts, found, strict=True)]) for w in found[0]
        }

    return Verdicts(
        tuple(common), *(all_of(kind) for kind in ("flagged", "below", "failed", "asked")),
        room=np.concatenate([columns(p, p.room) for p in parts]),
        pool=np.concatenate([np.full(len(p.room), i) for i, p in enumerate(parts)]),
    )  # fmt: skip


def verdicts(found: Mapping[Cell, Tables], plan: Plan, *, draws: int, seed: int = 0) -> Verdicts:
    """Deal the units `draws` times and judge a perfect subject and every fault each time.

    Truth, floor, subject and null hold `each` units of their own; between draws they overlap, since a pool is finite.
    """
    cells = tuple(found)
    units = len(next(iter(next(iter(found.values()))[PERFECT].values())))
    if units < 4 * plan.each:
        raise BadData(f"the pool holds {units} units; four roles of {plan.each} need {4 * plan.each}")
    who = (PERFECT, *(f.name for f in plan.faults))
    own = {f.name: f.own for f in plan.faults}
    kinds = ("flagged", "below", "failed", "asked")
    marks = {kind: {w: np.zeros((draws, len(cells)), bool) for w in who} for kind in kinds}
    room = np.zeros((draws, len(cells)), bool)
    for b in range(draws):
        hands = np.random.default_rng(seed_of("deal", plan.world.kind, seed, b)).permutation(units)
        t, f, s, n = hands[: 4 * plan.each].reshape(4, plan.each)
        pairs: dict[str, dict[str, Pair]] = {w: {} for w in who}
        for j, cell in enumerate(cells):
            measure = measure_of(cell.measure)
            truth = _rows(found[cell][PERFECT], t)
            floor = _distance(measure, truth, _rows(found[cell][PERFECT], f))
            null = _distance(measure, truth, _rows(found[cell][NULL], n)) if NULL in found[cell] else None
            for w in who:
                if w not in found[cell]:
                    continue
                subject = _distance(measure, truth, _rows(found[cell][w], s))
                if floor is None or subject is None:
                    continue
                marks["asked"][w][b, j] = True
                pairs[w][cell.name] = Pair(subject, floor, cell.trial)
                looked_at = w == PERFECT or cell.name == own.get(w)
                if looked_at and null is not None and np.isfinite(null).any():
                    got = judge(subject, null, floor, seed=b)
                    room[b, j] |= got.fidelity is not None
                    marks["below"][w][b, j] = _under(got, 1.0)
                    marks["failed"][w][b, j] = cell.headline and _under(got, 0.5)
        for w in who:
            said = told_apart(pairs[w], seed=b)
            for j, cell in enumerate(cells):
                marks["flagged"][w][b, j] = cell.name in said and said[cell.name].flagged
    return Verdicts(cells, **marks, room=room, pool=np.zeros(draws, int))


def measure_of(name: str) -> AbstractMeasure:
    """A measure by its name in a plan: "response_saturation:pr" is that of one field."""
    kind, _, field = name.partition(":")
    return build("measures", kind, {"field": field}) if field else build("measures", kind)


def _under(got: Judgement, bound: float) -> bool:
    """Diverged, or the whole interval below a bound; no interval says nothing."""
    if got.status == "diverged":
        return True
    high = got.fidelity.high if got.fidelity else None
    return high is not None and high < bound


def _rows(table: UnitTable, units: np.ndarray) -> UnitTable:
    return {k: v[units] for k, v in table.items()}


def _distance(measure: AbstractMeasure, truth: UnitTable, table: UnitTable) -> np.ndarray | None:
    try:
        return measure.discrepancy(truth, table)
    except CannotMeasure:
        return None
