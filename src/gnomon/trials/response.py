"""Does it follow a forcing that varies?"""

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import Knob, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments
from gnomon.trials.criteria import CRITERIA
from gnomon.trials.lengths import SCENE, cycle, half_range, ladder_step, long_run, moved
from gnomon.trials.pictures import declared_pairs, paired_pictures

LADDER = (-3, -2, -1, 1, 2, 3)  # steps: thirds of the half range, unless the knob names its own


class Response(AbstractTrial):
    """A knob moved inside its training range: a ladder of steady amplitudes, both signs, and a slow cycle.

    Where the knob names a step of its own, the end of the ladder may lie outside the range: those amplitudes are run
    too, and declared apart as `beyond`.

    A scene is at rest and its depth answers at once: each knob in turn, all others at their defaults, is held so far
    below its default and so far above it while a picture of the same scenes is taken, never outside the training range.
    There the end of the ladder alone is run, unless `rungs` names others; lengths, ramp, period, controls and spacing
    are not used.

    Attributes:
        units: independent starts.
        length: of what is kept, in Lyapunov times.
        ramp: in which the knob moves from its default, in Lyapunov times.
        discard: dropped first (ramp and adjustment), in Lyapunov times.
        period: of the slow cycle, in Lyapunov times; `length` should hold whole cycles. 0 leaves the cycle out.
        ladder: the highest step, 1 to 3.
        rungs: the steps that are run, with both signs; empty for all of 1 … `ladder`. One large step costs a third of
            the ladder and says nothing of saturation.
        controls: the control has so many times as many units. The even part of a response, X(+a) + X(-a) - 2 X(0),
            carries four times the control's noise: three times as many units make it no worse than the forced runs'.
        spacing: of saved steps, in Lyapunov times.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "does it follow a forcing that varies?"
    headline: ClassVar[str] = "response_error"
    measures: ClassVar[tuple[str, ...]] = (
        "response_error", "response_amplitude", "response_pattern", "response_slow",
    )  # fmt: skip
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "archive": CRITERIA["response"],
        "scene": ("depth_response", "depth_invariance"),
        "sphere": (
            "response_error", "response_gain", "response_odd", "response_even", "response_phase",
            "response_saturation", "response_beyond", "wave_source",
        )
    }  # fmt: skip

    units: int = 40
    length: float = 40.0
    ramp: float = 4.0
    discard: float = 10.0
    period: float = 20.0
    spacing: float = 0.25
    ladder: int = 3
    rungs: tuple[int, ...] = ()
    controls: int = 1

    def __check_init__(self):
        check_arguments(
            "response",
            counts={"units": (self.units, 2), "controls": (self.controls, 1)},
            above_zero={
                "length": self.length,
                "ramp": self.ramp,
                "spacing": self.spacing,
            },
            from_zero={"discard": self.discard, "period": self.period},
        )
        if not 1 <= self.ladder <= max(LADDER):
            raise BadSpec(f"trial 'response': ladder must lie between 1 and {max(LADDER)}, got {self.ladder}")
        outside = [k for k in self.rungs if not 1 <= k <= self.ladder]
        if outside:
            raise BadSpec(
                f"trial 'response': rungs must lie between 1 and ladder = {self.ladder}, got {outside}"
            )

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        if card.rung == SCENE:
            return paired_pictures(card, self._pictured(), units=self.units)
        order = functools.partial(
            long_run,
            card,
            units=self.units,
            length=self.length,
            discard=self.discard,
            spacing=self.spacing,
        )
        knob = card.turned_by("response")
        offsets = self._offsets(knob)
        steady = tuple(order(label, moved(card, knob, o, ramp=self.ramp)) for label, o in offsets.items())
        control = order("control", units=self.units * self.controls)
        if not self.period:
            return (control, *steady)
        total = self.length + self.discard + self.period
        slow = order("slow", cycle(card, knob, 2 / 3, period=self.period, length=total))
        return (control, *steady, slow)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        if card.rung == SCENE:
            return declared_pairs(card, self._pictured())
        knob = card.turned_by("response")
        offsets = self._offsets(knob)
        told: dict[str, Any] = {
            "amplitudes": {k: o for k, o in offsets.items() if abs(o) <= 1 + 1e-9},
            "beyond": {k: o for k, o in offsets.items() if abs(o) > 1 + 1e-9},
            "knob": knob.name,
            "half_range": half_range(knob),
        }
        if self.period:
            told["slow"] = {"period": self.period * card.timescale, "amplitude": 2 / 3}
        return told

    def _pictured(self) -> tuple[int, ...]:
        return tuple(self.rungs) or (self.ladder,)

    def _offsets(self, knob: Knob) -> dict[str, float]:
        """Label -> offset from the default in half ranges."""
        kept = self.rungs or range(1, self.ladder + 1)
        return {f"amp{k:+d}": k * ladder_step(knob) for k in LADDER if abs(k) in kept}
