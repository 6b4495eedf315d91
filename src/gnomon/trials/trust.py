"""Does it know when it is wrong?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments
from gnomon.trials.lengths import steps_of, stride_of


class Trust(AbstractTrial):
    """Ensemble forecasts from the truth's own states; every member starts from its own draw of the observation error.

    Attributes:
        units: independent starts.
        members: of each ensemble.
        horizon: length in Lyapunov times.
        spacing: of saved steps, in Lyapunov times.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "does it know when it is wrong?"
    headline: ClassVar[str] = "crps"
    measures: ClassVar[tuple[str, ...]] = ("crps", "spread_skill", "coverage", "rank_histogram")
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    units: int = 40
    members: int = 9
    horizon: float = 8.0
    spacing: float = 0.2

    def __check_init__(self):
        check_arguments(
            "trust",
            counts={"units": (self.units, 2), "members": (self.members, 2)},
            above_zero={"horizon": self.horizon, "spacing": self.spacing},
        )

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        stride = stride_of(card, self.spacing)
        return (
            Experiment(
                label="ensemble",
                units=self.units,
                members=self.members,
                steps=steps_of(card, self.horizon, stride=stride),
                stride=stride,
                starts="shared",
            ),
        )

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        return {"horizon": self.horizon}
