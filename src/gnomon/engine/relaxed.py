"""Relaxed runs of a case: which model is drawn towards the truth, for each role."""

from typing import Any, NamedTuple

import msgspec

from gnomon.adapters.relaxed_runner import RelaxedRunner, lifts
from gnomon.core.learner import AbstractBrought, AbstractControl
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.simulator import AbstractSimulator
from gnomon.engine.bench import Bench, inside
from gnomon.engine.controlled import altered_args
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.registry import build
from gnomon.spec.relaxation import plain, read
from gnomon.spec.study import Case, Ref

NO_MODEL = "a null is no model that could be drawn towards the truth"


class Subject(NamedTuple):
    """A model that can be stopped and started again between steps.

    Attributes:
        simulator: what was learned; None for a control, which is a world.
        args: of that world.
        drives: of it, where its orders are altered.
        who: tells it apart from all others.
    """

    simulator: AbstractSimulator | None
    args: dict[str, Any]
    drives: tuple[Drive, ...] | None
    who: dict[str, Any]


def relaxed_run(
    bench: Bench, case: Case, experiment: Experiment, relaxation: Any, role: str
) -> Runs | Unsupported:
    """A role's run under a relaxation that the trial declares.

    The truth needs no relaxation towards itself: under these labels its evidence holds a twin, the world from within
    the observation error, relaxed like all others. What is left of a model's error beyond that twin's is its own. The
    floor is a second such twin, from its own draw of the error. What a control alters in its output alone
    (`alter_runs`) is no part of its dynamics and is left out.
    """
    how = read(relaxation)
    world = bench.world(case.world)
    asked: dict[str, Any] = {"relaxed": plain(how)}
    if role in ("truth", "floor"):
        return bench.run(case, experiment, role, RelaxedRunner(world, world, how), asked)
    if role != "subject":
        return Unsupported(experiment.label, NO_MODEL)
    subject = subject_of(bench, case, experiment)
    if isinstance(subject, str):
        return Unsupported(experiment.label, subject)
    if subject.simulator is None:
        own = bench.world(Ref(kind=case.world.kind, args=subject.args))
        runner = RelaxedRunner(world, own, how, subject.drives)
    else:
        runner = RelaxedRunner(world, subject.simulator, how)
    return bench.run(case, experiment, role, runner, asked | subject.who)


def subject_of(bench: Bench, case: Case, experiment: Experiment) -> Subject | str:
    """The model of a case as something that can be stopped and started again between steps, or why there is none."""
    world = bench.world(case.world)
    learner = build("learners", case.learner.kind, case.learner.args)
    who: dict[str, Any] = {
        "learner": [case.learner.kind, case.learner.args],
        "learner version": learner.version,
        "plan": msgspec.to_builtins(case.data),
        "model": case.model,
    } | inside(case, learner)
    if isinstance(learner, AbstractBrought):
        return "a model brought from outside cannot be stopped and started again between steps"
    if isinstance(learner, AbstractControl):
        args = case.world.args | altered_args(learner, world.card)
        drives = learner.alter_experiment(experiment, world.card).drives
        return Subject(None, args, drives, who | {"imperfect": args})
    simulator = bench.fit(case).simulator
    if lifts(simulator):  # moved from where it is, and not begun again: other numbers
        who |= {"lifts": True}
    if simulator.card.context > world.card.history:
        return f"the model wants {simulator.card.context} past observations, the world keeps {world.card.history}"
    return Subject(simulator, {}, None, who)
