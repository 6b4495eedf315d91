"""Files held against files: the shipped study of AIMIP (or another) with two sets of files put in their places."""

from pathlib import Path
from typing import NamedTuple

import msgspec

from gnomon.engine.archive_stage import held
from gnomon.engine.archive_world import Archive, FileCollection
from gnomon.engine.run import RunSummary, run_study
from gnomon.spec.errors import BadSpec
from gnomon.spec.identity import identity
from gnomon.spec.registry import build
from gnomon.spec.results import Result
from gnomon.spec.shelf import find_study
from gnomon.spec.study import ARCHIVE, Ref, Study, read_study
from gnomon.store.results import Store
from gnomon.trials.criteria import ASKED

COLLECTION = "collection"
STUDY = "aimip"


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
        BadData: for files that cannot be opened.
        BadSpec: for a study that is not about files.
    """
    reference = {"path": str(against), "warmed": str(warmed), "degrees": degrees}
    made = put_in(read_study(find_study(study)), str(files), reference, name=name, trials=trials)
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
    said = []
    own = subject.opened()
    for label in dict.fromkeys(label for t in trials for label in ASKED.get(t, ())):
        warmed = label == "control" or label.startswith("shift")
        files = world.warmed_collection if warmed else world.collection
        days = label == "daily"
        truth = held(files, label, world.grid, "" if warmed and world.warmed else world.experiment, days=days)
        ours = held(own, label, world.grid, subject.experiment, days=days)
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
        if len(years) < 10 and not days:
            said.append(
                f"{label}: only {len(years)} whole years are in both; intervals will be wide or missing"
            )
    return said


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
