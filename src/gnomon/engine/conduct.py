"""The tasks of a study, as functions that any worker can import and run.

A task never raises for what happens inside a case: a simulator that fails, diverges, runs out of time or of memory
ends as a result with a reason. What it does raise (a full disk, a broken store) stops the study, and nothing is lost.
"""

import time
import traceback
from pathlib import Path
from typing import Any

import jax
import msgspec

from gnomon.core.learner import AbstractBrought, AbstractControl, AbstractLearner
from gnomon.core.memory import peak_mb
from gnomon.core.programs import make_room
from gnomon.core.watch import OutOfMemory, OutOfTime, Watch
from gnomon.engine.archive_stage import ArchiveStage
from gnomon.engine.archive_world import Archive
from gnomon.engine.bench import Bench
from gnomon.engine.provenance import provenance
from gnomon.engine.scoring import Stage, fates, first_divergence, score
from gnomon.spec.errors import GnomonError, StoreError
from gnomon.spec.registry import build
from gnomon.spec.results import Details, Result, Status
from gnomon.spec.study import Case, Limits
from gnomon.store.results import Store

_benches: dict[str, Bench] = {}


def perform(root: str, kind: str, case: bytes, limits: bytes, held_mb: float = 0.0) -> tuple[str, str]:
    """Run one task ("data", "truth", "fit" or "case"); returns status and reason.

    Arguments are plain so that they travel to any worker: the store's folder, the task's kind, case and limits as JSON.
    `held_mb`: what a borrowed process (a notebook, another's program) held before the study, which is the caller's own.
    """
    make_room()  # the process may have compiled for hundreds of tasks before this one
    bench = _bench(root)
    of = msgspec.json.decode(case, type=Case)
    bounds = msgspec.json.decode(limits, type=Limits)
    bench.watch = Watch(seconds=bounds.seconds, memory_gb=bounds.memory_gb, held_mb=held_mb)
    with jax.enable_x64(of.precision == "float64"):
        if kind == "case":
            return _case(bench, of)
        status, reason = _guarded(lambda: _prepare(bench, kind, of))
        return status, reason


def stopped(root: str, case: Case, status: Status, reason: str, *, rung: str) -> None:
    """Record a case that never came to its own end: a killed worker, or a fit that failed."""
    result = Result(
        id=case.id, case=msgspec.to_builtins(case), status=status, reason=reason,
        provenance={**provenance(), "rung": rung},
    )  # fmt: skip
    _bench(root).store.put_result(result, None)


def _bench(root: str) -> Bench:
    if root not in _benches:
        _benches[root] = Bench(Store(Path(root)))
    return _benches[root]


def _prepare(bench: Bench, kind: str, case: Case) -> None:
    """The nodes that several cases share."""
    if kind == "data":
        bench.data(case)
    elif kind == "fit":
        bench.fit(case)
    elif kind == "truth":
        trial = build("trials", case.trial.kind, case.trial.args)
        stage = Stage(bench, case, trial, bench.world(case.world), {})
        nulls = {build("measures", m.kind, m.args).null for m in case.trial.measures} - {""}
        for role in ("truth", "floor"):
            stage.evidence(role)
        for null in sorted(nulls):
            stage.evidence("null", null)


def _case(bench: Bench, case: Case) -> tuple[str, str]:
    """Run, score and record one case."""
    bench.used, bench.made = set(), {}
    began = time.perf_counter()
    box: dict[str, Any] = {}
    status, reason = _guarded(lambda: box.update(_scored(bench, case)))
    scores, details = box.get("scores", ()), box.get("details")
    if status == "ok" and box["lost"] * 2 > box["total"] > 0:
        status = "diverged"
        reason = (
            f"{box['lost']} of {box['total']} runs left the attractor, the first at time {box['when']:.4g}"
        )
    card = bench.world(case.world).card
    result = Result(
        id=case.id,
        case=msgspec.to_builtins(case),
        status=status,
        reason=reason or None,
        when=box.get("when"),
        scores=scores,
        learned=box.get("learned", {}),
        fates=box.get("fates", {}),
        cost={"seconds": time.perf_counter() - began, "peak_memory_mb": peak_mb()},
        provenance={
            **provenance(),
            "rung": card.rung,
            "world_summary": card.summary,
            "limits": "\n".join((*card.limits, *box.get("complaints", ()))),
            "nodes": " ".join(sorted(bench.used)),
            "made": " ".join(f"{k}:{int(v)}" for k, v in sorted(bench.made.items())),
        },
    )
    bench.store.put_result(result, details)
    return status, reason


def _scored(bench: Bench, case: Case) -> dict[str, Any]:
    world = bench.world(case.world)
    trial = build("trials", case.trial.kind, case.trial.args)
    learner = build("learners", case.learner.kind, case.learner.args)
    is_null = isinstance(learner, AbstractControl) and learner.is_null
    log: dict[str, Any] = {}
    if isinstance(learner, AbstractLearner) and not isinstance(
        world, Archive
    ):  # files hold nothing to learn from
        log = bench.fit(case).log
    elif isinstance(learner, AbstractBrought):
        log = learner.log(world.card)
    stage = (
        ArchiveStage(bench, case, trial, world)
        if isinstance(world, Archive)
        else Stage(bench, case, trial, world, log)
    )
    when, lost, total = (None, 0, 0) if is_null else first_divergence(stage.evidence("subject"))
    scores, curves, unit_values = [], {}, {}
    for ref in case.trial.measures:
        bench.watch.check(f"measure {ref.shown}")
        one, bulk = score(stage, case, trial, ref, is_null=is_null)
        scores.append(one)
        if bulk:
            curves[ref.shown], unit_values[ref.shown] = bulk["curves"], bulk["unit_values"]
    return {
        "scores": tuple(scores),
        "details": Details(curves=curves, unit_values=unit_values),
        "learned": log,
        "fates": {} if is_null else fates(stage),
        "when": when,
        "lost": lost,
        "total": total,
        "complaints": stage.complaints() if isinstance(stage, Stage) else (),
    }


def _guarded(work: Any) -> tuple[Status, str]:
    """Run the work; name what stopped it."""
    try:
        work()
    except StoreError:
        raise
    except OutOfTime as stop:
        return "timeout", str(stop)
    except (OutOfMemory, MemoryError) as stop:
        return "memory", str(stop) or "out of memory"
    except GnomonError as error:
        return "failed", str(error)
    except (
        Exception,
        SystemExit,
    ) as error:  # foreign code may raise anything, and even exit: it is the case's result, with its place
        where = traceback.extract_tb(error.__traceback__)[-1]
        return "failed", f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno})"
    return "ok", ""
