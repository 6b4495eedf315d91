"""Does it know when it is wrong?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments
from gnomon.trials.lengths import SCENE, steps_of, stride_of
from gnomon.trials.pictures import declared_pictures, turned_pictures

BEYOND = (2,)  # half ranges from the default: the first step of `shift` beyond the training range


class Trust(AbstractTrial):
    """Ensemble forecasts from the truth's own states; every member starts from its own draw of the observation error.

    A scene is at rest: each member infers the depth behind one picture at the default knobs, and once more with each
    knob in turn held half a training range beyond its end, where it has a beyond, since whoever knows when it is wrong
    is less sure there.
    Horizon and spacing are not used there.

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
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "scene": (
            "depth_crps", "depth_coverage", "depth_sparsification", "depth_coverage_shifted",
            "depth_sparsification_shifted",
        )
    }  # fmt: skip

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
        if card.rung == SCENE:
            seen = Experiment(
                label="ensemble", units=self.units, members=self.members, steps=1, starts="shared"
            )
            return (seen, *turned_pictures(card, BEYOND, units=self.units, members=self.members))
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
        turned = declared_pictures(card, BEYOND) if card.rung == SCENE else {}
        return {"horizon": self.horizon, **turned}
