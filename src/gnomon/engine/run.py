"""Run a study: tasks go to workers as their needs are met, results go to the store, nothing is done twice."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Any, NamedTuple

import msgspec

from gnomon.core.memory import resident_mb
from gnomon.engine.conduct import perform, stopped
from gnomon.engine.executors import TaskFailed, TaskMemory, TaskTimeout, WorkerDied, open_executor
from gnomon.engine.executors.serial import SerialExecutor
from gnomon.engine.plan import Plan, Task, make_plan
from gnomon.engine.progress import Progress, open_progress
from gnomon.spec.errors import BadSpec, StoreError
from gnomon.spec.registry import build
from gnomon.spec.study import FOREIGN, Case, Limits, Study
from gnomon.spec.subset import part_of
from gnomon.store.results import Store

GRACE = 30.0  # seconds beyond a task's own limit before its worker is killed


class RunSummary(NamedTuple):
    """What a run did.

    Attributes:
        cases: cases of the study.
        already: cases whose results stood before.
        outcomes: status -> number, of the cases run now.
        seconds: wall time.
    """

    cases: int
    already: int
    outcomes: dict[str, int]
    seconds: float


def run_study(
    study: Study,
    store: Store,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    trust: bool = False,
    retry: bool = False,
    only: Sequence[str] = (),
    shard: str = "",
) -> RunSummary:
    """Run what is left of a study, or of a part of it.

    Args:
        study: what to run.
        store: where results are kept.
        workers: spawned processes; None or 0 runs in this process.
        cluster: address of a dask scheduler, which must see the store's folder at the same path.
        progress: whether to show it.
        trust: whether code named by the study that is not Gnomon's own may be imported.
        retry: run failed and stopped cases again.
        only: worlds, learners, trials or seeds, see `gnomon.spec.subset`; the store holds them under the whole study.
        shard: a share of it, as "2/8", for another machine or another day.
    """
    check_trust(study, trust)
    every = tuple(study.cases())
    plan = make_plan(part_of(every, only, shard), store, retry=retry)
    store.put_study(study.name, [c.id for c in every], msgspec.to_builtins(study))
    return _run(plan, store, study.limits, workers=workers, cluster=cluster, progress=progress)


def run_cases(
    cases: Iterable[Case],
    store: Store,
    *,
    limits: Limits | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    retry: bool = False,
) -> RunSummary:
    """Run loose cases, sharing every node the store already has."""
    plan = make_plan(tuple(cases), store, retry=retry)
    return _run(plan, store, limits or Limits(), workers=workers, cluster=cluster, progress=progress)


def check_trust(study: Study, trust: bool) -> None:
    """A study may name code to import; only Gnomon's own and installed plug-ins run unasked."""
    if trust:
        return
    refs = [*study.worlds, *study.learners, *study.trials, *(m for t in study.trials for m in t.measures)]
    for ref in refs:
        foreign = ":" in ref.kind and not ref.kind.startswith("gnomon.")
        if foreign or ref.kind in FOREIGN:
            what = ref.args.get("model", ref.kind) if ref.kind in FOREIGN else ref.kind
            raise BadSpec(
                f"study {study.name!r} names code that is not Gnomon's own ({what}); "
                "read it, then add --trust to run it"
            )


def _run(
    plan: Plan, store: Store, limits: Limits, *, workers: int | None, cluster: str | None, progress: bool
) -> RunSummary:
    began = time.monotonic()
    outcomes: Counter[str] = Counter()
    if plan.tasks:
        with contextlib.ExitStack() as stack:
            executor = stack.enter_context(open_executor(workers=workers, cluster=cluster))
            shown = stack.enter_context(open_progress(plan, enabled=progress))
            try:
                _Coordinator(plan, store, limits, executor, shown, outcomes).run()
            except BaseException:
                executor.kill_workers()  # Ctrl-C or a full disk: do not wait for what is under way, it will be redone
                raise
    return RunSummary(len(plan.cases), len(plan.done), dict(outcomes), time.monotonic() - began)


class _Coordinator:
    """Hands out tasks whose needs are met and writes down what never came to its own end."""

    def __init__(
        self, plan: Plan, store: Store, limits: Limits, executor: Any, shown: Progress, outcomes: Counter[str]
    ):
        self._root = str(store.root)
        self._limits = limits
        self._packed = msgspec.json.encode(limits)
        self._executor, self._shown, self._outcomes = executor, shown, outcomes
        # Other executors' workers hold nothing but their tasks.
        self._held_mb = resident_mb() if isinstance(executor, SerialExecutor) else 0.0
        self._waiting = {t.id: t for t in plan.tasks}
        self._ended: dict[str, tuple[str, str]] = {}
        self._running: dict[Future[Any], Task] = {}

    def run(self) -> None:
        """Until every task has ended."""
        while self._waiting or self._running:
            self._start_ready()
            if not self._running:
                continue  # every waiting task was written off because what it needs has failed
            ended, _ = wait(self._running, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in ended:
                self._finish(self._running.pop(future), future)
            self._shown.tick()

    def _start_ready(self) -> None:
        for task in list(self._waiting.values()):
            if any(n not in self._ended for n in task.needs):
                continue
            del self._waiting[task.id]
            broken = [self._ended[n] for n in task.needs if self._ended[n][0] != "ok"]
            if broken:
                self._write_off(task, *broken[0])
                continue
            future = self._executor.submit(
                perform,
                self._root,
                task.kind,
                msgspec.json.encode(task.case),
                self._packed,
                self._held_mb,
                affinity=task.affinity,
                seconds=self._limits.seconds + GRACE,
                memory_gb=self._limits.memory_gb * 1.2,
            )
            self._running[future] = task
            if future.done():
                return  # in this very process: say so before the next one begins

    def _finish(self, task: Task, future: "Future[Any]") -> None:
        try:
            status, reason = future.result()
        except StoreError:
            raise
        except TaskTimeout as stop:
            return self._write_off(task, "timeout", str(stop))
        except TaskMemory as stop:
            return self._write_off(task, "memory", str(stop))
        except (WorkerDied, TaskFailed, CancelledError) as stop:
            return self._write_off(task, "failed", str(stop) or type(stop).__name__)
        self._end(task, status, reason)

    def _write_off(self, task: Task, status: str, reason: str) -> None:
        if task.kind == "case":
            rung = build("worlds", task.case.world.kind, task.case.world.args).card.rung
            stopped(self._root, task.case, status, reason, rung=rung)  # type: ignore[arg-type]
        self._end(task, status, reason)

    def _end(self, task: Task, status: str, reason: str) -> None:
        self._ended[task.id] = (status, reason)
        if task.kind == "case":
            self._outcomes[status] += 1
        self._shown.ended(task, status)
