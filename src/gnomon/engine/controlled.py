"""Runs of controls and planted faults: the world run again, its orders or its output altered."""

from collections.abc import Callable
from typing import Any

import msgspec

from gnomon.adapters.jax_runner import WorldRunner
from gnomon.core.faults import AbstractResponseFault, AbstractWorldFault
from gnomon.core.learner import AbstractControl
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.study import Case, Ref


def altered_args(learner: AbstractControl, card: WorldCard) -> dict[str, Any]:
    """Factory arguments that make another world for this control; empty for the world itself."""
    if isinstance(learner, AbstractWorldFault):
        return dict(learner.world_args(card))
    return card.imperfect if learner.is_imperfect else {}


def controlled_run(
    case: Case,
    learner: AbstractControl,
    experiment: Experiment,
    *,
    world: Callable[[Ref], AbstractWorld],
    run: Callable[..., Runs | Unsupported],
) -> Runs | Unsupported:
    """The run of a control; `world` and `run` are the bench's.

    It starts where a subject of the ordered experiment starts, whatever it then runs.
    """
    card = world(case.world).card
    changed = altered_args(learner, card)
    args = case.world.args | changed
    runner = WorldRunner(world(Ref(kind=case.world.kind, args=args)), True)
    who = {"imperfect": args} if changed else {}
    runs = run(case, learner.alter_experiment(experiment, card), "subject", runner, who, ordered=experiment)
    if isinstance(runs, Unsupported):
        return runs
    if not isinstance(learner, AbstractResponseFault) or not experiment.drives:
        return learner.alter_runs(runs, card)
    # As many units, from the same starts: with a control as large as the forced runs this is the control's own run.
    still = msgspec.structs.replace(experiment, label="control", drives=())
    control = run(case, still, "subject", runner, who)
    return control if isinstance(control, Unsupported) else learner.alter_response(runs, control, card)
