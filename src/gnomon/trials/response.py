"""Does it follow a forcing that varies?"""

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments
from gnomon.trials.lengths import cycle, half_range, long_run, moved

LADDER = (-3, -2, -1, 1, 2, 3)  # thirds of the half range: all inside what training saw


class Response(AbstractTrial):
    """The first knob moved inside its training range: a ladder of steady amplitudes, both signs, and a slow cycle.

    Attributes:
        units: independent starts.
        length: of what is kept, in Lyapunov times.
        ramp: in which the knob moves from its default, in Lyapunov times.
        discard: dropped first (ramp and adjustment), in Lyapunov times.
        period: of the slow cycle, in Lyapunov times; `length` should hold whole cycles.
        spacing: of saved steps, in Lyapunov times.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "does it follow a forcing that varies?"
    headline: ClassVar[str] = "response_error"
    measures: ClassVar[tuple[str, ...]] = (
        "response_error", "response_amplitude", "response_pattern", "response_slow",
    )  # fmt: skip

    units: int = 40
    length: float = 40.0
    ramp: float = 4.0
    discard: float = 10.0
    period: float = 20.0
    spacing: float = 0.25

    def __check_init__(self):
        check_arguments(
            "response",
            counts={"units": (self.units, 2)},
            above_zero={
                "length": self.length,
                "ramp": self.ramp,
                "period": self.period,
                "spacing": self.spacing,
            },
            from_zero={"discard": self.discard},
        )

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        order = functools.partial(
            long_run,
            card,
            units=self.units,
            length=self.length,
            discard=self.discard,
            spacing=self.spacing,
        )
        steady = tuple(order(f"amp{k:+d}", moved(card, k / 3, ramp=self.ramp)) for k in LADDER)
        total = self.length + self.discard + self.period
        slow = order("slow", cycle(card, 2 / 3, period=self.period, length=total))
        return (order("control"), *steady, slow)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        return {
            "amplitudes": {f"amp{k:+d}": k / 3 for k in LADDER},
            "knob": card.knobs[0].name,
            "half_range": half_range(card.knobs[0]),
            "slow": {"period": self.period * card.timescale, "amplitude": 2 / 3},
        }
