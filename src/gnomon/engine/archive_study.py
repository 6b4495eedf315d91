"""Files held against files: the shipped study of AIMIP (or another) with two sets of files put in their places."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from gnomon.archives import look_over
from gnomon.archives.addresses import is_address
from gnomon.engine.archive_stage import Held, held
from gnomon.engine.archive_world import Archive, FileCollection, place_of
from gnomon.engine.run import RunSummary, run_study
from gnomon.spec.errors import BadData, BadSpec
from gnomon.spec.identity import identity
from gnomon.spec.registry import build
from gnomon.spec.results import Result
from gnomon.spec.shelf import find_study
from gnomon.spec.study import ARCHIVE, Ref, Study, read_study
from gnomon.store.results import Store
from gnomon.trials.criteria import ASKED

COLLECTION = "collection"
STUDY = "aimip"
COST_YEARS = ("missing_values", "time_gap")
"""Errors that leave the years out in which they are; the other years are measured."""


class FilesTest(NamedTuple):
    """What a test of files left in the store.

    Attributes:
        study: name under which the ladder and the report find it.
        results: of the files, one a trial.
        warnings: what is missing on either side, and so was not asked.
        summary: of the run.
    """

    study: str
    results: tuple[Result, ...]
    warnings: tuple[str, ...]
    summary: RunSummary


def run_files(
    files: str | Path,
    *,
    against: str | Path,
    store: Store,
    warmed: str | Path = "",
    study: str = STUDY,
    name: str = "",
    trials: tuple[str, ...] = (),
    degrees: float = 0.0,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    retry: bool = False,
) -> FilesTest:
    """Hold files against files: `files_study`, and `run_files_study` of what it made; arguments as theirs."""
    made = files_study(
        files, against=against, warmed=warmed, study=study, name=name, trials=trials, degrees=degrees
    )
    return run_files_study(made, store, workers=workers, cluster=cluster, progress=progress, retry=retry)


def files_study(
    files: str | Path,
    *,
    against: str | Path,
    warmed: str | Path = "",
    study: str = STUDY,
    name: str = "",
    trials: tuple[str, ...] = (),
    degrees: float = 0.0,
) -> Study:
    """A study of two sets of files, which are opened and not read; nothing is written.

    Args:
        files: the subject: folder, file, Zarr store or address.
        against: the reference.
        warmed: where the reference's runs over a warmer sea lie, if elsewhere.
        study: name or path of a study with a world `archive` and a learner `collection`.
        name: of the subject, for tables; the model's own if left out.
        trials: which of the study's; all if left out.
        degrees: of the analysis grid; 0 for one degree, or coarser where the reference is.

    Raises:
        BadData: for files that cannot be opened, in which the validator finds an error that makes numbers wrong, or
            that have no year in common.
        BadSpec: for a study that is not about files.
    """
    reference = {"path": str(against), "warmed": str(warmed), "degrees": degrees}
    made = put_in(read_study(find_study(study)), str(files), reference, name=name, trials=trials)
    _check_files(made)
    _check_years(made)
    content = [identity("reference", [_archive(made).card.version, degrees]), _collection(made).identity()]
    asked = [[t.kind, t.args, [msgspec.to_builtins(m) for m in t.measures]] for t in made.trials]
    return msgspec.structs.replace(made, name=_name(made, identity("files-study", [content, asked])[:8]))


def run_files_study(
    study: Study,
    store: Store,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    progress: bool = True,
    retry: bool = False,
) -> FilesTest:
    """Run what is left of a study of files.

    Args:
        study: from `files_study`.
        store: where results are kept.
        workers: spawned processes.
        cluster: address of a dask scheduler.
        progress: whether to show it.
        retry: run cases again that failed or were stopped.
    """
    found = tuple(missing(_archive(study), _collection(study), tuple(t.kind for t in study.trials)))
    summary = run_study(study, store, workers=workers, cluster=cluster, progress=progress, retry=retry)
    mine = tuple(r for r in store.results(study.name) if r.case["learner"]["kind"] == COLLECTION)
    return FilesTest(study.name, mine, found, summary)


def put_in(
    study: Study, files: str, reference: dict[str, object], *, name: str = "", trials: tuple[str, ...] = ()
) -> Study:
    """A study with the user's files in the place of its own."""
    worlds = [w for w in study.worlds if w.kind == ARCHIVE]
    learners = [k for k in study.learners if k.kind == COLLECTION]
    if len(worlds) != 1 or len(learners) != 1:
        raise BadSpec(
            f"study {study.name!r} needs one world 'archive' and one learner 'collection' to put files into; "
            f"it has {len(worlds)} and {len(learners)}"
        )
    unknown = [t for t in trials if t not in {x.kind for x in study.trials}]
    if unknown:
        raise BadSpec(
            f"study {study.name!r} asks nothing under {', '.join(unknown)}; it has "
            f"{', '.join(dict.fromkeys(t.kind for t in study.trials))}"
        )
    given = {k: v for k, v in reference.items() if v}
    world = Ref(kind=ARCHIVE, args={**worlds[0].args, **given}, label=worlds[0].label)
    subject = FileCollection(**(args := {**learners[0].args, "path": files}))
    shown = name or subject.opened().model or Path(files).stem
    return msgspec.structs.replace(
        study,
        worlds=(world,),
        learners=(Ref(kind=COLLECTION, args=args, label=shown),),
        trials=tuple(t for t in study.trials if not trials or t.kind in trials),
    )


def missing(world: Archive, subject: FileCollection, trials: tuple[str, ...]) -> list[str]:
    """What the study asks and one side does not hold, a sentence each. Nothing but names and times is read."""
    said, own = [], subject.opened()
    if own.identity() == world.collection.identity():
        said.append("the files are the reference itself: this shows nothing")
    for label in dict.fromkeys(label for t in trials for label in ASKED.get(t, ())):
        truth, ours = _both_sides(world, subject, label)
        gone = [f"{side}: {h}" for side, h in (("reference", truth), ("files", ours)) if isinstance(h, str)]
        if label == "shift+3" and len(gone) == 2:
            continue  # nobody runs it
        said += [f"not asked ({label}): {g}" for g in gone]
        if isinstance(truth, str) or isinstance(ours, str):
            continue
        lacking = [n for n in truth.fields if n not in ours.fields]
        if lacking:
            said.append(f"{label}: the files lack {', '.join(lacking)}, which the reference holds")
        years = sorted({*truth.calendar.years.tolist()} & {*ours.calendar.years.tolist()})
        if len(years) < 10 and label != "daily":
            said.append(
                f"{label}: only {len(years)} whole years are in both; intervals will be wide or missing"
            )
    return said


def _check_files(study: Study) -> None:
    """Refuse what the validator calls an error, on both sides; behind addresses, where samples are dear, nothing.

    A tree of several models, of which the study chooses one, is not looked over: its parts may differ by right.
    """
    world, subject = _archive(study), _collection(study)
    asked = [(subject.path, subject.model), (world.path, world.model), (world.warmed, "")]
    for place in dict.fromkeys(place_of(path) for path, model in asked if path and not model):
        if is_address(place) or not Path(place).exists():
            continue
        wrong = [f for f in look_over(place).findings if f.severity == "error" and f.name not in COST_YEARS]
        if wrong:
            where = " ".join(x for x in (wrong[0].file, wrong[0].variable) if x)
            raise BadData(
                f"{place}: {where + ': ' if where else ''}{wrong[0].what} ({wrong[0].name}); {wrong[0].fix}; "
                f"gnomon doctor {place} tells all"
            )


def _check_years(study: Study) -> None:
    """Refuse files of which nothing that both sides hold has a year in common."""
    world, own = _archive(study), _collection(study)
    apart = []
    for label in dict.fromkeys(label for t in study.trials for label in ASKED.get(t.kind, ())):
        truth, ours = _both_sides(world, own, label)
        if isinstance(truth, str) or isinstance(ours, str):
            continue
        theirs, mine = truth.calendar.years.tolist(), ours.calendar.years.tolist()
        if {*theirs} & {*mine}:
            return
        apart.append(f"the reference has {_span(theirs)}, the files {_span(mine)}")
    if apart:
        raise BadData(f"no whole year is in both: {apart[0]}; give files of the same years")


def _both_sides(world: Archive, subject: FileCollection, label: str) -> tuple[Held | str, Held | str]:
    """What the reference and the files hold under a label, or why nothing."""
    warmed, days = label == "control" or label.startswith("shift"), label == "daily"
    files = world.warmed_collection if warmed else world.collection
    truth = held(files, label, world.grid, "" if warmed and world.warmed else world.experiment, days=days)
    return truth, held(subject.opened(), label, world.grid, subject.experiment, days=days)


def _span(years: list[int]) -> str:
    return f"{min(years)}-{max(years)}" if years else "none"


def _archive(study: Study) -> Archive:
    ref = study.worlds[0]
    return build("worlds", ref.kind, ref.args)


def _collection(study: Study) -> FileCollection:
    ref = study.learners[0]
    return build("learners", ref.kind, ref.args)


def _name(study: Study, mark: str) -> str:
    text = f"{study.name}-{study.learners[0].label}"
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in text)
    return f"{safe[:62]}-{mark}"
