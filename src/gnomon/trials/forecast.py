"""How long is it right?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments
from gnomon.trials.lengths import SCENE, steps_of


class Forecast(AbstractTrial):
    """Forecasts from the truth's own states, seen with the declared observation error, at the default knobs.

    A scene is at rest, so one step ahead is what lies behind the present picture; no more steps are run there.

    Attributes:
        units: independent starts.
        horizon: length in Lyapunov times.
        threshold: normalised error at which a forecast stops being valid.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "how long is it right?"
    headline: ClassVar[str] = "valid_time"
    measures: ClassVar[tuple[str, ...]] = ("valid_time", "error_growth")
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "scene": ("depth",),
        "sphere": ("skill", "acc", "cyclone_tracks", "cyclone_intensity"),
    }

    units: int = 40
    horizon: float = 10.0
    threshold: float = 0.4

    def __check_init__(self):
        check_arguments(
            "forecast",
            counts={"units": (self.units, 2)},
            above_zero={"horizon": self.horizon, "threshold": self.threshold},
        )

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        steps = 1 if card.rung == SCENE else steps_of(card, self.horizon)
        return (Experiment(label="forecast", units=self.units, steps=steps, starts="shared"),)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        return {"horizon": self.horizon, "threshold": self.threshold}
