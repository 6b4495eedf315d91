"""What does it do under a forcing it never trained on?"""

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments
from gnomon.trials.criteria import CRITERIA
from gnomon.trials.lengths import SCENE, half_range, long_run, moved
from gnomon.trials.pictures import declared_pictures, turned_pictures

STEPS = (2, 3, 4)  # half ranges from the default; the training range ends at 1


class Shift(AbstractTrial):
    """A knob carried in steps beyond its training range, from a start inside it.

    The distance of a step is (p - p_max) / (p_max - p_min). 2 and 4 half ranges stand in the ratio one to two, so that
    |X(2d) - 2 X(d)| / |2 X(d)| can be asked. The control starts where the shifted runs start and is kept over the same
    leads: a drift that both have in common is gone when they are subtracted, unit by unit.

    A scene has no adjustment to wait for: each knob in turn is held where the step puts it while one picture is taken,
    and the control shows the same scenes at the defaults. Lengths, ramp and spacing are not used there.

    Attributes:
        units: independent starts.
        length: of what is kept, in Lyapunov times of the default knob.
        ramp: in which the knob moves, in Lyapunov times.
        discard: dropped first, in Lyapunov times.
        spacing: of saved steps, in Lyapunov times.
        edge: also run at the end of the training range (for a warming world: +1 K beside +2, +3 and +4).
        steps: the steps beyond it, in half ranges from the default; some of 2, 3 and 4. Nonlinearity needs 2 and 4.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "what does it do under a forcing it never trained on?"
    headline: ClassVar[str] = "shift_error"
    measures: ClassVar[tuple[str, ...]] = ("shift_error", "nonlinearity")
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "archive": CRITERIA["shift"],
        "scene": ("depth",),
        "sphere": (
            "shift_error", "warming_indices", "warming_profile", "warming_scaling", "warming_shown", "range_share",
        )
    }  # fmt: skip

    units: int = 40
    length: float = 40.0
    ramp: float = 4.0
    discard: float = 10.0
    spacing: float = 0.25
    edge: bool = False
    steps: tuple[int, ...] = STEPS

    def __check_init__(self):
        check_arguments(
            "shift",
            counts={"units": (self.units, 2)},
            above_zero={"length": self.length, "ramp": self.ramp, "spacing": self.spacing},
            from_zero={"discard": self.discard},
        )
        if not self.steps or not set(self.steps) <= set(STEPS):
            raise BadSpec(f"trial 'shift': steps must be some of {STEPS}, got {tuple(self.steps)}")

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        if card.rung == SCENE:
            control = Experiment(label="control", units=self.units, steps=1, starts="shared")
            return (control, *turned_pictures(card, self._steps(), units=self.units))
        order = functools.partial(
            long_run,
            card,
            units=self.units,
            length=self.length,
            discard=self.discard,
            spacing=self.spacing,
        )
        knob = card.turned_by("shift")
        beyond = tuple(order(f"shift{k:+d}", moved(card, knob, k, ramp=self.ramp)) for k in self._steps())
        return (order("control"), *beyond)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        if card.rung == SCENE:
            return declared_pictures(card, self._steps())
        knob = card.turned_by("shift")
        h = half_range(knob)
        return {
            "offsets": {f"shift{k:+d}": float(k) for k in self._steps()},
            "distances": {
                f"shift{k:+d}": (knob.default + k * h - knob.high) / (knob.high - knob.low)
                for k in self._steps()
            },
            "knob": knob.name,
            "half_range": h,
        }

    def _steps(self) -> tuple[int, ...]:
        return tuple(sorted({1, *self.steps} if self.edge else set(self.steps)))
