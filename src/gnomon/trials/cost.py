"""What does it take to run and to train?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments


class Cost(AbstractTrial):
    """A short run, repeated warm and timed. Shown without fidelity.

    Attributes:
        units: lanes of the timed batch (the same as in the other trials, so that it shares their compilation).
        steps: saved steps.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "what does it take to run and to train?"
    headline: ClassVar[str] = ""
    measures: ClassVar[tuple[str, ...]] = ("speed", "training_cost", "memory")
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    units: int = 40
    steps: int = 96

    def __check_init__(self):
        check_arguments(
            "cost",
            counts={"units": (self.units, 2), "steps": (self.steps, 1)},
            above_zero={},
        )

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        return (Experiment(label="cost", units=self.units, steps=self.steps, outputs=("timing",)),)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        return {}
