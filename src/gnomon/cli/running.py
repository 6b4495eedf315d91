"""`gnomon run`: a study, or what is left of it."""

import contextlib
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gnomon.cli.late import late
from gnomon.cli.places import DEFAULT_STORE, open_store
from gnomon.spec.errors import StoreError
from gnomon.spec.shelf import find_study
from gnomon.spec.study import Study, check_arguments, read_study
from gnomon.spec.subset import part_of
from gnomon.store.results import STOPPED, Store


def run(
    study: str,
    /,
    *,
    plan: bool = False,
    workers: int | None = None,
    cluster: str | None = None,
    store: Path = DEFAULT_STORE,
    report: bool = True,
    trust: bool = False,
    retry: bool = False,
    quiet: bool = False,
    only: tuple[str, ...] = (),
    shard: str = "",
) -> int:
    """Run a study; carries on after any interruption.

    Parameters
    ----------
    study:
        A TOML file, or the name of a shipped study (gnomon list studies).
    plan:
        Only say what would run, how long it would take and how much disk it needs.
    workers:
        Spawned processes on this machine; left out, everything runs in this process.
    cluster:
        Address of a dask scheduler, as in tcp://host:8786; it must see the store at the same path.
    store:
        Folder where results are kept.
    report:
        Write the HTML report at the end.
    trust:
        Import code that the study names and that is not Gnomon's own.
    retry:
        Run cases again that failed or were stopped.
    quiet:
        Show no progress.
    only:
        A part of the study, as in --only world=lorenz63,rossler --only learner=nvar (also trial, seed); parts add up.
    shard:
        A share of it, as in --shard 2/8; merge the stores of several machines with gnomon merge.
    """
    path = find_study(study)
    asked = read_study(path)
    late("gnomon.engine.run:check_trust")(asked, trust)
    check_arguments(path, asked)
    if plan:
        with _to_look_at(store) as kept:
            part = part_of(asked.cases(), only, shard)
            show_plan(asked, late("gnomon.engine.plan:make_plan")(part, kept, retry=retry), workers)
        return 0
    kept = open_store(store, create=True)
    summary = late("gnomon.engine.run:run_study")(
        asked,
        kept,
        workers=workers,
        cluster=cluster,
        progress=not quiet,
        trust=trust,
        retry=retry,
        only=only,
        shard=shard,
    )
    if not summary.cases:
        print("this share of the study holds no case", file=sys.stderr)
        return 0
    stopped = Counter(r.status for r in kept.results(asked.name) if r.status in STOPPED)
    print(told(summary, stopped), file=sys.stderr)
    show_ladder(kept, asked.name, report=report)
    return 1 if stopped else 0


@contextlib.contextmanager
def _to_look_at(folder: Path) -> Iterator[Store]:
    """The store as it is, for a plan that changes nothing; an empty one elsewhere where there is none yet."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        yield Store(folder, create=False, movable=False)
        return
    with tempfile.TemporaryDirectory(prefix="gnomon-plan-") as aside:
        yield Store(Path(aside))


def show_plan(study: Study, plan: Any, workers: int | None) -> None:
    """What a run would do."""
    kinds = {"data": "training data", "truth": "truth, floor and nulls", "fit": "fits", "case": "cases"}
    print(f"{study.name}: {study.question}")
    print(f"  {'cases':<24} {len(plan.cases)}, of which {len(plan.done)} are done")
    for kind, words in kinds.items():
        count = sum(task.kind == kind for task in plan.tasks)
        print(f"  {'to run: ' + words:<24} {count}")
    share = max(workers or 1, 1)
    guess = (
        f"; {plan.guessed} fits of which nothing is known here are no more than a guess in it"
        if plan.guessed
        else ""
    )
    print(
        f"  {'time':<24} about {_duration(plan.seconds / share)} with {share} worker{'s' * (share > 1)}{guess}"
    )
    print(f"  {'disk':<24} about {plan.megabytes:.{0 if plan.megabytes >= 10 else 1}f} MB")


def told(summary: Any, stopped: Mapping[str, int] | None = None) -> str:
    """What a run did, in one line; `stopped` counts the study's cases that failed or were stopped, now or before."""
    ran = sum(summary.outcomes.values())
    parts = ", ".join(f"{count} {status}" for status, count in sorted(summary.outcomes.items()))
    line = f"{ran} of {summary.cases} cases run in {_duration(summary.seconds)}" + (
        f" ({parts})" if parts else ""
    )
    line += f"; {summary.already} were there" if summary.already else ""
    if not stopped:
        return line
    counts = ", ".join(f"{count} {status}" for status, count in sorted(stopped.items()))
    return f"{line}; the study holds {counts}: --retry runs them again"


def show_ladder(store: Store, study: str, *, report: bool = False) -> None:
    """The ladder in the terminal; with `report`, after the HTML page was written into the store's folder."""
    results = list(store.results(study))
    if not results:
        raise StoreError(f"the store {store.root} holds no finished case of study {study!r}; run it first")
    page = late("gnomon.report.page:build_report")(store, study, store.root) if report else None
    threshold = float(store.study(study).study.get("rule", {}).get("threshold", 0.5))
    console = late("rich.console:Console")()
    late("gnomon.report.terminal:print_ladder")(results, console, threshold=threshold, report=page)
    late("gnomon.report.causes:print_causes")(store, results, console)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
