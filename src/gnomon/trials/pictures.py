"""Pictures of scenes with a knob held at a value: what trials ask for where nothing moves in time.

A knob is held from the start, so that the history, which is all that a learner sees, shows it.
"""

from collections.abc import Mapping
from typing import Any

from gnomon.spec.cards import Knob, WorldCard
from gnomon.spec.experiment import Drive, Experiment
from gnomon.trials.lengths import half_range, ladder_step


def turned_pictures(
    card: WorldCard, steps: tuple[int, ...], *, units: int, members: int = 1
) -> tuple[Experiment, ...]:
    """One picture of the same scenes for each knob of the card and each step beyond, in half ranges."""
    return tuple(
        _held(_label(card, knob, k), knob, knob.default + k * half_range(knob), units=units, members=members)
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


def paired_pictures(card: WorldCard, steps: tuple[int, ...], *, units: int) -> tuple[Experiment, ...]:
    """Two pictures of the same scenes for each knob and each step of the response ladder: below and above the default.

    Both lie inside the training range: a step that would leave it, on either side, ends there, and steps that end at
    the same two values are one.
    """
    return tuple(
        _held(_end(knob, k), knob, _inside(knob, k), units=units, members=1)
        for knob, step in _pairs(card, steps)
        for k in (-step, step)
    )


def declared_pairs(card: WorldCard, steps: tuple[int, ...]) -> Mapping[str, Any]:
    """What measures need to know of them: knob and values in words -> labels of the two pictures."""
    return {
        "pairs": {
            f"{knob.name} {_inside(knob, -k):g} to {_inside(knob, k):g}": (_end(knob, -k), _end(knob, k))
            for knob, k in _pairs(card, steps)
        }
    }


def _pairs(card: WorldCard, steps: tuple[int, ...]) -> list[tuple[Knob, int]]:
    """Knobs and steps, without a step that ends where a smaller one of the knob does."""
    found: dict[tuple[str, float, float], tuple[Knob, int]] = {}
    for knob in card.knobs:
        for k in sorted(steps):
            found.setdefault((knob.name, _inside(knob, -k), _inside(knob, k)), (knob, k))
    return list(found.values())


def _held(label: str, knob: Knob, value: float, *, units: int, members: int) -> Experiment:
    """One picture of the scenes that all trials share."""
    return Experiment(
        label=label,
        drives=(Drive.steady(knob.name, value),),
        units=units,
        members=members,
        steps=1,
        starts="shared",
    )


def _inside(knob: Knob, k: int) -> float:
    """The value of a step of the response ladder, or the end of the training range that it would leave."""
    return min(max(knob.default + k * ladder_step(knob) * half_range(knob), knob.low), knob.high)


def _end(knob: Knob, k: int) -> str:
    return f"amp{k:+d} {knob.name}"


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
