"""Increments of a case: truth and model with a short step of their own, for each role."""

from typing import Any

import jax

from gnomon.adapters.increment_runner import IncrementRunner, Level
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.world import AbstractWorld
from gnomon.engine.bench import Bench
from gnomon.engine.relaxed import Subject, subject_of
from gnomon.numerics.world_library import NoLibrary, library_of
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.registry import build, typed_arguments
from gnomon.spec.study import Case

FINER = 100  # short steps in one inner step of the world; enters the recipe of these runs
TWIN = "increments are taken from the truth's own states: the world against itself adds nothing, and is the truth"
NO_MODEL = "a null has no equation that could lack a term"


def increment_run(bench: Bench, case: Case, experiment: Experiment, role: str) -> Runs | Unsupported:
    """A role's increments from the truth's own states, in double precision whatever the case's is.

    The truth's evidence holds the world against itself, which has no error at all. A control is a world, and is stepped
    as finely as the truth. A simulator has one step, that of its data.
    """
    world = bench.world(case.world)
    if role not in ("truth", "subject"):
        return Unsupported(experiment.label, TWIN if role == "floor" else NO_MODEL)
    try:
        library_of(world.card)
        subject = Subject(None, dict(case.world.args), None, {})
        if role == "subject":
            found = subject_of(bench, case, experiment)
            if isinstance(found, str):
                return Unsupported(experiment.label, found)
            subject = found
        if subject.simulator is not None and case.precision != "float64":
            return Unsupported(experiment.label, "a simulator's increments need a study in float64")
        with jax.enable_x64(True):  # what is built here; starts are the study's own, in its precision
            runner = runner_of(case, world, subject)
    except (NoLibrary, BadSpec) as reason:
        return Unsupported(experiment.label, str(reason))
    return bench.run(case, experiment, role, runner, {"increments": FINER} | subject.who)


def runner_of(case: Case, world: AbstractWorld, subject: Subject) -> IncrementRunner:
    """The world and its model with short steps; `BadSpec` where there is no shorter one than that of its data."""
    substeps = getattr(world, "substeps", 0)
    known = typed_arguments("worlds", case.world.kind, case.world.args)
    if not substeps or not {"dt", "substeps"} <= set(known):
        raise BadSpec(f"{world.card.name} has no shorter step than that of its observations")
    inner = world.card.dt / substeps
    seen: dict[str, Any] = {}
    if subject.simulator is None and len(world.card.variables[0].shape) == 1 and "grid" in known:
        seen = {"points": known["grid"]}  # derivatives see what the solver sees

    def level(step: float, steps: int) -> Level:
        short = {"dt": step, "substeps": 1} | seen
        truth = _alike(case, world, dict(case.world.args) | short)
        if subject.simulator is not None:
            return Level(truth, None, steps)
        return Level(truth, build("worlds", case.world.kind, subject.args | short), steps)

    truth = build("worlds", case.world.kind, case.world.args)  # in double precision
    drives: tuple[Drive, ...] | None = subject.drives
    if subject.simulator is not None:
        fine, coarse = level(inner / 2, 2 * substeps), level(inner, substeps)
    else:
        fine, coarse = level(inner / FINER, 1), level(2 * inner / FINER, 1)
    return IncrementRunner(truth, fine, coarse, subject.simulator, drives)


def _alike(case: Case, world: AbstractWorld, args: dict[str, Any]) -> AbstractWorld:
    """The world with other steps, if its states are of the same kind."""
    made = build("worlds", case.world.kind, args)
    kinds = [jax.eval_shape(lambda w=w: w.init(key=jax.random.key(0))) for w in (world, made)]
    shapes = [[x.shape for x in jax.tree.leaves(kind)] for kind in kinds]
    if shapes[0] != shapes[1]:
        raise BadSpec(
            f"{world.card.name}: its state holds its own past, which a shorter step has no room for"
        )
    return made
