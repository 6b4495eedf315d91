"""The plan of a study: tasks in the order of their needs, what is done already, how long and how much disk."""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from gnomon.core.learner import AbstractLearner
from gnomon.engine.bench import Bench
from gnomon.engine.training_data import data_experiment
from gnomon.spec.identity import identity
from gnomon.spec.registry import build, load
from gnomon.spec.results import Result
from gnomon.spec.study import ARCHIVE, Case, Study
from gnomon.store.results import STOPPED, Store

# Seconds a task takes where the store holds no result to go by; measured on two cores, meant as a hint.
TYPICAL = {"data": 1.0, "truth": 3.0, "fit": 8.0, "case": 2.5}
RETRIED = STOPPED
LOOKED_AT = 200  # stored results that are read for an estimate


class Task(NamedTuple):
    """One unit of work.

    Attributes:
        id: content address of what it makes.
        kind: "data", "truth", "fit" or "case".
        case: one of the cases that need it.
        needs: ids of tasks that must end first.
        affinity: tasks with the same word share compilations and like the same worker.
    """

    id: str
    kind: str
    case: Case
    needs: tuple[str, ...]
    affinity: str


class Plan(NamedTuple):
    """What a run of a study will do.

    Attributes:
        tasks: in an order that respects `needs`.
        cases: all cases of the study.
        done: ids of cases whose results stand.
        seconds: estimated work of all tasks, on one worker.
        guessed: fits among them of which the store holds none like it; each is counted as `TYPICAL` says.
        megabytes: estimated size of the nodes that will be written.
        weights: id of a task -> its part of `seconds`; how much of a run is done is counted in them.
    """

    tasks: tuple[Task, ...]
    cases: tuple[Case, ...]
    done: frozenset[str]
    seconds: float
    guessed: int
    megabytes: float
    weights: dict[str, float]


def make_plan(study: Study | Iterable[Case], store: Store, *, retry: bool = False) -> Plan:
    """The tasks that are left; with `retry`, cases that failed or were stopped count as not done."""
    cases = tuple(study.cases() if isinstance(study, Study) else study)
    done = set()
    stood = []
    for case in cases:
        result = store.get_result(case.id)
        if result is not None and not (retry and result.status in RETRIED):
            done.add(case.id)
            stood.append(result)
    tasks: dict[str, Task] = {}
    for case in cases:
        if case.id in done:
            continue
        world = _name("world", case.world.kind, case.world.args)
        if case.world.kind == ARCHIVE:  # nothing to make: its cases read files
            tasks[case.id] = Task(case.id, "case", case, (), _name("case", case.id))
            continue
        shared = {
            "world": case.world.args,
            "kind": case.world.kind,
            "seed": case.seed,
            "precision": case.precision,
        }
        plan = msgspec.to_builtins(case.data)
        data = identity("task data", [shared, plan])
        tasks.setdefault(data, Task(data, "data", case, (), world))
        measures = [msgspec.to_builtins(m) for m in case.trial.measures]
        truth = identity("task truth", [shared, plan, case.trial.kind, case.trial.args, measures])
        tasks.setdefault(truth, Task(truth, "truth", case, (data,), world))
        needs = [data, truth]
        learner = load("learners", case.learner.kind)
        if isinstance(learner, type) and issubclass(learner, AbstractLearner):
            fit = identity("task fit", [shared, plan, case.learner.kind, case.learner.args])
            own = _name("fit", case.world.kind, case.world.args, case.learner.kind)
            tasks.setdefault(fit, Task(fit, "fit", case, (data,), own))
            needs.append(fit)
        affinity = _name("fit", case.world.kind, case.world.args, case.learner.kind)
        tasks[case.id] = Task(case.id, "case", case, tuple(needs), affinity)
    order = tuple(sorted(tasks.values(), key=lambda t: ("data", "truth", "fit", "case").index(t.kind)))
    weights, guessed = _seconds(order, store, stood) if order else ({}, 0)
    seconds = sum(weights.values())
    return Plan(order, cases, frozenset(done), seconds, guessed, _megabytes(order, store), weights)


def _seconds(tasks: tuple[Task, ...], store: Store, stood: list[Result]) -> tuple[dict[str, float], int]:
    """The work of every task: what the nearest stored cases cost (same world, learner and trial; else same trial).

    Results tell what a case cost and, of a learner, what its fit took; anything else is `TYPICAL`. What no case of the
    same world has told takes at least the steps of a slow world. Second, how many fits are no more than guessed.
    """
    told: defaultdict[tuple[str, ...], list[float]] = defaultdict(list)
    others = (store.get_result(name) for name in itertools.islice(store.ids(), LOOKED_AT))
    for result in [*stood[:LOOKED_AT], *others]:
        if result is None or result.status in STOPPED:
            continue
        world, learner, trial = (
            result.case.get(k, {}).get("kind", "") for k in ("world", "learner", "trial")
        )
        spent, fitted = result.cost.get("seconds"), result.learned.get("seconds")
        if spent is not None:
            told["case", world, learner, trial].append(spent)
            told["case", trial].append(spent)
        if isinstance(fitted, int | float):
            told["fit", world, learner].append(float(fitted))
    bench = Bench(store)
    each, guessed = {}, 0
    for task in tasks:
        case = task.case
        own = told.get(
            (task.kind, case.world.kind, case.learner.kind, case.trial.kind)[: 3 if task.kind == "fit" else 4]
        )
        if own:
            each[task.id] = statistics.median(own)
            continue
        guessed += task.kind == "fit"
        elsewhere = told.get((task.kind, case.trial.kind))
        each[task.id] = max(
            statistics.median(elsewhere) if elsewhere else TYPICAL[task.kind], _stepping(task, bench)
        )
    return each, guessed


def _stepping(task: Task, bench: Bench) -> float:
    """Seconds that the steps of a slow world take; a model is counted as slow as the truth, the null as nothing.

    A truth is run twice, for itself and for its floor. Starts of a trial are settled once for all its experiments.
    """
    case = task.case
    if task.kind == "fit" or case.world.kind == ARCHIVE or (task.kind, case.learner.kind) == ("case", "null"):
        return 0.0
    card = bench.world(case.world).card
    if not card.step_seconds:
        return 0.0
    if task.kind == "data":
        runs = [data_experiment(case, card)]
    else:
        runs = list(build("trials", case.trial.kind, case.trial.args).design(card))
    steps = sum(e.units * e.members * (e.discard + e.steps) * e.stride for e in runs)
    settled = max(e.units for e in runs) * card.spinup / card.dt if runs and task.kind != "case" else 0.0
    return card.step_seconds * (settled + (2 if task.kind == "truth" else 1) * steps)


def _megabytes(tasks: tuple[Task, ...], store: Store) -> float:
    """Numbers that will be kept, at four bytes, from the experiments themselves."""
    bench = Bench(store)
    total = 0.0
    for task in tasks:
        if task.case.world.kind == ARCHIVE:
            continue  # files are read where they lie; nothing of them is kept
        world = bench.world(task.case.world)
        if task.kind == "data":
            experiment = data_experiment(task.case, world.card)
            total += 2 * experiment.units * experiment.steps * world.card.size
        elif task.kind in ("truth", "case"):
            trial = build("trials", task.case.trial.kind, task.case.trial.args)
            size = sum(e.units * e.members * e.steps for e in trial.design(world.card)) * world.card.size
            total += size * (3 if task.kind == "truth" else 1)  # truth, floor and null
    return total * 4 / 1e6


def _name(*parts: object) -> str:
    return identity("affinity", [str(p) if not isinstance(p, dict) else p for p in parts])[:12]
