"""A user's own model on the ladder: a small study of one subject, sharing every truth the store already has."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from gnomon.adapters.callable import probe
from gnomon.adapters.files import open_rollouts, start_arrays, starts_file
from gnomon.adapters.leakage import leakage
from gnomon.adapters.loading import load_model, model_of
from gnomon.adapters.user import MEMORY, RolloutFiles, UserModel, keep_in_memory
from gnomon.core.runner import key_of
from gnomon.core.world import AbstractWorld
from gnomon.engine.bench import HISTORY, Bench
from gnomon.engine.run import RunSummary, run_study
from gnomon.spec.errors import BadData, BadModel, BadSpec
from gnomon.spec.experiment import Experiment
from gnomon.spec.identity import identity, seed_of
from gnomon.spec.registry import build, load
from gnomon.spec.results import Result
from gnomon.spec.study import Case, DataPlan, Limits, Ref, Study, TrialRef, make_case
from gnomon.store.files import write_atomic
from gnomon.store.results import Store

TRIALS = ("forecast", "climate", "response", "shift", "trust", "cost")
FILES = (".npz", ".nc", ".nc3", ".cdf")


class UserTest(NamedTuple):
    """What a test of a user's model left in the store.

    Attributes:
        study: name under which the ladder and the report find it.
        results: of the user's model, one a trial.
        warnings: what the model may have seen in training, and other things to know before believing a score.
        summary: of the run.
    """

    study: str
    results: tuple[Result, ...]
    warnings: tuple[str, ...]
    summary: RunSummary


def run_user_model(
    model: str | Path | Callable[..., Any],
    *,
    world: str,
    store: Store,
    trials: Sequence[str] = TRIALS,
    declare: dict[str, Any] | None = None,
    name: str = "",
    against: Sequence[str] = (),
    units: int | None = None,
    seed: int = 0,
    data: DataPlan | None = None,
    limits: Limits | None = None,
    trust: bool = False,
    workers: int | None = None,
    progress: bool = True,
    retry: bool = False,
) -> UserTest:
    """Test a model: check its contract, run what is left to run, and hand back its results.

    Args:
        model: "mymodel.py:step", "package.module:attribute", a .npz or .nc file of runs, or a function.
        world: name of the world.
        store: where results are kept.
        trials: names of trials.
        declare: entries that take the place of those in the module's GNOMON.
        name: for tables; the file's or function's own if left out.
        against: learners to fit and show beside it.
        units: independent starts of every trial, where its own number is too many for a slow model.
        seed: of the truth and its starts.
        data: training data of nulls and of the learners in `against`.
        limits: of one case.
        trust: whether the model's code may be imported; a function handed over needs none.
        workers: spawned processes; a function handed over stays in this process.
        progress: whether to show it.
        retry: run cases again that failed or were stopped.
    """
    subject = subject_ref(model, declare or {}, name)
    if workers and str(subject.args.get("model", "")).startswith(MEMORY):
        raise BadModel(
            "a function handed over lives in this process; leave workers out, or put the function into a file"
        )
    built = build("worlds", world)
    refs = tuple(trial_ref(t, units) for t in trials)
    found = list(check_subject(subject, built, trust=trust))
    study = Study(
        name=study_name(subject, [world, refs, list(against), seed, data or DataPlan()], world),
        question=f"How far does {subject.shown} climb on {world}?",
        worlds=(Ref(kind=world),),
        learners=(subject, *(Ref(kind=a) for a in against)),
        trials=refs,
        seeds=(seed,),
        data=data or DataPlan(),
        limits=limits or Limits(),
    )
    experiments = [(r.kind, e) for r in refs for e in build("trials", r.kind, r.args).design(built.card)]
    found += leakage(_brought(subject).declared(), built.card, experiments)
    check_places(subject, built, [e for _, e in experiments])
    summary = run_study(study, store, workers=workers, progress=progress, trust=True, retry=retry)
    mine = tuple(r for r in store.results(study.name) if r.case["learner"]["kind"] == subject.kind)
    return UserTest(study.name, mine, tuple(found), summary)


def subject_ref(model: str | Path | Callable[..., Any], declare: dict[str, Any], name: str) -> Ref:
    """The learner reference of a model: a function, a target, or a file of runs."""
    if isinstance(model, str | Path):
        text = str(model)
        if Path(text).suffix in FILES:
            return Ref(kind="files", args={"file": text, "declare": declare}, label=name or Path(text).stem)
        place = text.rpartition(":")[0] or text
        return Ref(kind="user", args={"model": text, "declare": declare}, label=name or Path(place).stem)
    loaded = model_of(model, declared=declare or None, name=name)
    return Ref(kind="user", args={"model": keep_in_memory(loaded), "declare": {}}, label=loaded.name)


def check_subject(subject: Ref, world: AbstractWorld, *, trust: bool) -> list[str]:
    """Everything that can be known to be wrong before anything is run; returns what is only worth a warning."""
    brought = _brought(subject)
    if isinstance(brought, RolloutFiles):
        open_rollouts(Path(brought.file), brought.declared(), world.card)
        return []
    if not brought.model.startswith(MEMORY):
        load_model(brought.model, trust=trust, overrides=brought.declare)
    model = brought.loaded(world.card)
    with jax.enable_x64(True):
        obs = world.observe(world.init(key=key_of(0)))
        probe(model, world.card, {k: np.asarray(v) for k, v in obs.items()})
    if model.reusable:
        return []
    return [
        f"{model.name} refers to things that cannot be identified, so its results are not reused next time"
    ]


def _brought(subject: Ref) -> UserModel | RolloutFiles:
    return build("learners", subject.kind, subject.args)


def trial_ref(trial: str, units: int | None) -> TrialRef:
    """A trial with its number of units, where one was asked for."""
    if units is None:
        return TrialRef(kind=trial)
    if units < 2:
        raise BadSpec(f"units counts independent starts and must be at least 2 for an interval, got {units}")
    takes = [
        p for p in inspect.signature(load("trials", trial)).parameters if p == "units" or p.endswith("_units")
    ]
    built = build("trials", trial)
    return TrialRef(
        kind=trial, args={p: min(units, getattr(built, p)) if p != "units" else units for p in takes}
    )


def study_name(subject: Ref, arguments: list[Any], world: str) -> str:
    """A file-safe name for the study of one model on one world.

    It ends in a piece of the identity of the model and of what was asked of it, so that namesakes keep apart.
    """
    mark = identity("user-study", [_brought(subject).identity(), arguments])[:8]
    text = f"{subject.shown}-{world}"
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "-" for c in text)
    return f"test-{safe}"[:71] + f"-{mark}"


def check_places(subject: Ref, world: AbstractWorld, experiments: Sequence[Experiment]) -> None:
    """Whether a file of runs holds any of what is asked; a test of nothing is no test."""
    brought = _brought(subject)
    if not isinstance(brought, RolloutFiles):
        return
    places = open_rollouts(Path(brought.file), brought.declared(), world.card).places
    labels = {e.label for e in experiments}
    if not any(p.rpartition("/")[2] in labels for p in places):
        raise BadData(
            f"{Path(brought.file).name} holds runs of {', '.join(places)} but none of {', '.join(sorted(labels))}; "
            "write the starts of the same trials with gnomon starts and run the model from them"
        )


def write_starts(
    path: Path,
    *,
    world: str,
    trials: Sequence[str],
    store: Store,
    units: int | None = None,
    seed: int = 0,
    history: int = 1,
) -> list[str]:
    """Write what an external model must run from; returns the places ("trial/experiment") in the file."""
    if not 1 <= history <= HISTORY:
        raise BadSpec(f"history counts past observations and must lie in 1 .. {HISTORY}, got {history}")
    bench, pieces = Bench(store), []
    card = build("worlds", world).card
    for ref in (trial_ref(t, units) for t in trials):
        case = make_case(
            Ref(kind=world), Ref(kind="perfect"), ref, data=DataPlan(), seed=seed, precision="float64"
        )
        with jax.enable_x64(True):
            pieces += [
                _piece(bench, case, e, history)
                for e in build("trials", ref.kind, ref.args).design(card)
                if _fits(e)
            ]
    data = starts_file(card, pieces)
    write_atomic(path, lambda file: file.write(data) and None)
    return [place for piece in pieces for place in piece["identity"]]


def _fits(experiment: Experiment) -> bool:
    return experiment.outputs == ("obs",)


def _piece(bench: Bench, case: Case, experiment: Experiment, history: int) -> dict[str, Any]:
    """One experiment as the subject of a case will meet it: the same starts, the same observation error."""
    starts = bench.starts(case, experiment, "subject")
    card = bench.world(case.world).card
    seed = seed_of("run", "subject", case.seed)
    return start_arrays(case.trial.kind, card, experiment, starts, history=history, seed=seed)


def known_trials(names: str) -> tuple[str, ...]:
    """Trials from a comma-separated list; an unknown one is told at once."""
    asked = tuple(n.strip() for n in names.split(",") if n.strip()) or TRIALS
    for one in asked:
        if ":" not in one:
            load("trials", one)
    return asked
