"""The contract of a trial, executable by anyone who brings one."""

import msgspec

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import RUNGS, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.identity import canonical


def check_trial(trial: AbstractTrial, card: WorldCard) -> None:
    """Raise `BadSpec` with a reason where a trial breaks its contract on a world with this card."""
    name = type(trial).__name__
    experiments = trial.design(card)
    labels = [e.label for e in experiments]
    if not experiments or len(set(labels)) != len(labels):
        raise BadSpec(f"{name}: expected at least one experiment and every label once, got {labels}")
    if canonical(experiments) != canonical(trial.design(card)):
        raise BadSpec(
            f"{name}: two calls of design() differ; a design may depend on the card and the fields only"
        )
    knobs = {k.name for k in card.knobs}
    for experiment in experiments:
        unknown = {d.knob for d in experiment.drives} - knobs
        if unknown:
            raise BadSpec(
                f"{name}: experiment {experiment.label!r} drives {sorted(unknown)}, not knobs of the world"
            )
    declared = trial.declare(card)
    try:
        msgspec.json.encode(declared)
    except TypeError as error:
        raise BadSpec(f"{name}: declare() must return plain data: {error}") from None
    for key in ("amplitudes", "offsets", "distances"):
        missing = set(declared.get(key, {})) - set(labels)
        if missing:
            raise BadSpec(f"{name}: {key} names {sorted(missing)}, which no experiment carries")
    if trial.headline and trial.headline != (trial.measures or ("",))[0]:
        raise BadSpec(
            f"{name}: the headline {trial.headline!r} must stand first in measures {trial.measures}"
        )
    for rung, asked in trial.measures_on.items():
        if rung not in RUNGS or not asked:
            raise BadSpec(
                f"{name}: measures_on names {rung!r} with {asked}; expected a rung and its measures"
            )
    if not trial.question.endswith("?"):
        raise BadSpec(f"{name}: a trial asks a question; got {trial.question!r}")
