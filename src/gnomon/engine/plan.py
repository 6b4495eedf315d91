"""The plan of a study: tasks in the order of their needs, what is done already, how long and how much disk."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from gnomon.core.learner import AbstractLearner
from gnomon.engine.bench import Bench, data_experiment
from gnomon.spec.identity import identity
from gnomon.spec.registry import build, load
from gnomon.spec.study import Case, Study
from gnomon.store.results import Store

# Seconds a task takes where the store remembers none of its kind; measured once on two slow cores, meant as a hint.
TYPICAL = {"data": 3.0, "truth": 10.0, "fit": 12.0, "case": 6.0}
RETRIED = ("failed", "timeout", "memory")


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
        megabytes: estimated size of the nodes that will be written.
    """

    tasks: tuple[Task, ...]
    cases: tuple[Case, ...]
    done: frozenset[str]
    seconds: float
    megabytes: float


def make_plan(study: Study | Iterable[Case], store: Store, *, retry: bool = False) -> Plan:
    """The tasks that are left; with `retry`, cases that failed or were stopped count as not done."""
    cases = tuple(study.cases() if isinstance(study, Study) else study)
    done = set()
    for case in cases:
        result = store.get_result(case.id)
        if result is not None and not (retry and result.status in RETRIED):
            done.add(case.id)
    tasks: dict[str, Task] = {}
    for case in cases:
        if case.id in done:
            continue
        world = _name("world", case.world.kind, case.world.args)
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
    return Plan(order, cases, frozenset(done), sum(TYPICAL[t.kind] for t in order), _megabytes(order, store))


def _megabytes(tasks: tuple[Task, ...], store: Store) -> float:
    """Numbers that will be kept, at four bytes, from the experiments themselves."""
    bench = Bench(store)
    total = 0.0
    for task in tasks:
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
