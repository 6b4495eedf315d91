"""Does it follow a forcing that varies?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.trials.lengths import cycle, half_range, moved, steps_of, stride_of

LADDER = (-3, -2, -1, 1, 2, 3)  # thirds of the half range: all inside what training saw


class Response(AbstractTrial):
    """The world's first knob moved inside its training range: a ladder of steady amplitudes, both signs, and a slow cycle.

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

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        stride = stride_of(card, self.spacing)
        size = dict(
            units=self.units,
            stride=stride,
            discard=steps_of(card, self.discard, stride=stride),
            steps=steps_of(card, self.length, stride=stride),
        )
        steady = tuple(
            Experiment(label=f"amp{k:+d}", drives=moved(card, k / 3, ramp=self.ramp), **size) for k in LADDER
        )
        total = self.length + self.discard
        slow = Experiment(
            label="slow", drives=cycle(card, 2 / 3, period=self.period, length=total + self.period), **size
        )
        return (Experiment(label="control", **size), *steady, slow)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        return {
            "amplitudes": {f"amp{k:+d}": k / 3 for k in LADDER},
            "knob": card.knobs[0].name,
            "half_range": half_range(card.knobs[0]),
            "slow": {"period": self.period * card.timescale, "amplitude": 2 / 3},
        }
