"""Relaxed runs of a case: which model is drawn towards the truth, for each role."""

from typing import Any

import msgspec

from gnomon.adapters.relaxed_runner import RelaxedRunner, lifts
from gnomon.core.learner import AbstractBrought, AbstractControl
from gnomon.core.runs import Runs, Unsupported
from gnomon.engine.bench import Bench, inside
from gnomon.engine.controlled import altered_args
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.spec.relaxation import plain, read
from gnomon.spec.study import Case, Ref


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
    who: dict[str, Any] = {"relaxed": plain(how)}
    if role in ("truth", "floor"):
        return bench.run(case, experiment, role, RelaxedRunner(world, world, how), who)
    if role != "subject":
        return Unsupported(experiment.label, "a null is no model that could be drawn towards the truth")
    learner = build("learners", case.learner.kind, case.learner.args)
    who |= {
        "learner": [case.learner.kind, case.learner.args],
        "learner version": learner.version,
        "plan": msgspec.to_builtins(case.data),
        "model": case.model,
    } | inside(case, learner)
    if isinstance(learner, AbstractBrought):
        reason = "a model brought from outside cannot be stopped and started again between steps"
        return Unsupported(experiment.label, reason)
    if isinstance(learner, AbstractControl):
        args = case.world.args | altered_args(learner, world.card)
        own = bench.world(Ref(kind=case.world.kind, args=args))
        drives = learner.alter_experiment(experiment, world.card).drives
        runner = RelaxedRunner(world, own, how, drives)
        return bench.run(case, experiment, role, runner, who | {"imperfect": args})
    simulator = bench.fit(case).simulator
    if lifts(simulator):  # moved from where it is, and not begun again: other numbers
        who |= {"lifts": True}
    if simulator.card.context > world.card.history:
        return Unsupported(
            experiment.label,
            f"the model wants {simulator.card.context} past observations, the world keeps {world.card.history}",
        )
    return bench.run(case, experiment, role, RelaxedRunner(world, simulator, how), who)
