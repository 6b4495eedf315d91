"""Lyapunov times turned into steps, and knob offsets into drives: what every trial's design needs."""

import math

from gnomon.spec.cards import Knob, WorldCard
from gnomon.spec.experiment import Drive, Experiment

SCENE = "scene"  # the rung without a time step: one step is all there is to run


def steps_of(card: WorldCard, lyapunov_times: float, *, stride: int = 1) -> int:
    """Saved steps that cover a time, at least one."""
    return max(1, math.ceil(lyapunov_times * card.timescale / (card.dt * stride)))


def stride_of(card: WorldCard, lyapunov_times: float) -> int:
    """World steps between saved steps so that they lie about that far apart, at least one."""
    return max(1, round(lyapunov_times * card.timescale / card.dt))


def half_range(knob: Knob) -> float:
    """Half the declared training range: the unit in which knobs of different worlds are moved."""
    return (knob.high - knob.low) / 2


def ladder_step(knob: Knob) -> float:
    """One step of the response ladder in half ranges."""
    return 1 / 3 if knob.step is None else knob.step / half_range(knob)


def moved(card: WorldCard, knob: Knob, offset: float, *, ramp: float) -> tuple[Drive, ...]:
    """A knob moved from its default by `offset` half ranges within `ramp` Lyapunov times, then held."""
    end = knob.default + offset * half_range(knob)
    return (Drive.ramp(knob.name, knob.default, end, ramp * card.timescale),)


def cycle(
    card: WorldCard, knob: Knob, offset: float, *, period: float, length: float, nodes: int = 32
) -> tuple[Drive, ...]:
    """A knob on a sine about its default; amplitude in half ranges, period and length in Lyapunov times."""
    count = math.ceil(nodes * length / period) + 1
    times = tuple(i * period * card.timescale / nodes for i in range(count))
    values = tuple(
        knob.default + offset * half_range(knob) * math.sin(2 * math.pi * i / nodes) for i in range(count)
    )
    return (Drive(knob=knob.name, times=times, values=(values,)),)


def long_run(
    card: WorldCard,
    label: str,
    drives: tuple[Drive, ...] = (),
    *,
    units: int,
    length: float,
    discard: float,
    spacing: float,
) -> Experiment:
    """A run from independent starts whose statistics are wanted; all lengths in Lyapunov times."""
    stride = stride_of(card, spacing)
    return Experiment(
        label=label,
        drives=drives,
        units=units,
        stride=stride,
        average=card.averages,
        discard=steps_of(card, discard, stride=stride),
        steps=steps_of(card, length, stride=stride),
    )
