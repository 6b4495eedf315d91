"""Inner learners: how a learner that wraps another one is told which."""

import dataclasses
import json
from typing import Any

from gnomon.core.learner import AbstractLearner
from gnomon.core.simulator import AbstractSimulator
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build


def inner_learner(name: str, of: str, of_args: str) -> AbstractLearner:
    """The registered learner `of`, built from its arguments.

    Args:
        name: of the wrapping learner, for messages.
        of: the registered name of the inner one.
        of_args: its arguments as JSON (`{"budget": 2}`), which is what a study file can carry in one field; empty for
            its defaults.
    """
    try:
        args: Any = json.loads(of_args) if of_args.strip() else {}
    except json.JSONDecodeError as error:
        raise BadSpec(
            f"{name}: of_args must be JSON like '{{\"budget\": 2}}', got {of_args!r}: {error}"
        ) from None
    if not isinstance(args, dict):
        raise BadSpec(f"{name}: of_args must be a JSON object, got {of_args!r}")
    made = build("learners", of, args)
    if not isinstance(made, AbstractLearner):
        raise BadSpec(
            f"{name}: {of!r} fits nothing, so there is nothing to wrap; choose a learner or a baseline"
        )
    return made


def check_inner(name: str, of: str, of_args: str) -> None:
    """Refuse an inner learner that cannot be made, or whose settings no fit could use."""
    made: Any = inner_learner(name, of, of_args)
    if hasattr(made, "check"):
        made.check()


def asks_for_physics(wrapper: Any) -> bool:
    """Whether the learner inside a wrapper needs the imperfect physics of the world."""
    return bool(inner_learner(type(wrapper).__name__, wrapper.of, wrapper.of_args).needs_prior)


def with_card(simulator: AbstractSimulator, card: SimulatorCard) -> Any:
    """The same simulator under another card, whatever its constructor takes."""
    other = object.__new__(type(simulator))
    for field in dataclasses.fields(simulator):
        object.__setattr__(other, field.name, getattr(simulator, field.name))
    object.__setattr__(other, "card", card)
    return other
