"""Pictures of scenes with a knob held beyond its training range: what trials ask for where nothing moves in time."""

from collections.abc import Mapping
from typing import Any

from gnomon.spec.cards import Knob, WorldCard
from gnomon.spec.experiment import Drive, Experiment
from gnomon.trials.lengths import half_range


def turned_pictures(
    card: WorldCard, steps: tuple[int, ...], *, units: int, members: int = 1
) -> tuple[Experiment, ...]:
    """One picture of the same scenes for each knob of the card and each step beyond, in half ranges."""
    return tuple(
        Experiment(
            label=_label(card, knob, k),
            drives=(Drive.steady(knob.name, knob.default + k * half_range(knob)),),
            units=units,
            members=members,
            steps=1,
            starts="shared",
        )
        for knob, k in _turned(card, steps)
    )


def declared_pictures(card: WorldCard, steps: tuple[int, ...]) -> Mapping[str, Any]:
    """What measures need to know of them: steps, distances beyond the training range, and which knob was turned."""
    asked = _turned(card, steps)
    return {
        "offsets": {_label(card, knob, k): float(k) for knob, k in asked},
        "distances": {
            _label(card, knob, k): (knob.default + k * half_range(knob) - knob.high) / (knob.high - knob.low)
            for knob, k in asked
        },
        "turned": {_label(card, knob, k): knob.name for knob, k in asked},
    }


def _turned(card: WorldCard, steps: tuple[int, ...]) -> list[tuple[Knob, int]]:
    """Every knob at every step at which its value still means something."""
    return [
        (knob, k)
        for knob in card.knobs
        for k in steps
        if knob.most is None or knob.default + k * half_range(knob) <= knob.most
    ]


def _label(card: WorldCard, knob: Knob, k: int) -> str:
    """The knob that `shift` turns elsewhere too keeps the plain label."""
    return f"shift{k:+d}" if knob == card.turned_by("shift") else f"shift{k:+d} {knob.name}"
