"""Add a trial: the forecast, asked while the forcing is on its way up. Run it: it is checked, then asked.

In the package this class would be a file in src/gnomon/trials/ and one line of the registry; here its own name,
"add_a_trial:Transient", is enough. It asks measures that exist.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Drive, Experiment


class Transient(AbstractTrial):
    """Forecasts while the first knob moves from its default to the edge of its training range.

    Attributes:
        units: independent starts.
        horizon: length in Lyapunov times; the knob arrives at the end.
        threshold: normalised error at which a forecast stops being valid.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "how long is it right while the forcing moves?"
    headline: ClassVar[str] = "valid_time"
    measures: ClassVar[tuple[str, ...]] = ("valid_time", "error_growth")
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {}  # rung -> other measures there

    units: int = 40
    horizon: float = 10.0
    threshold: float = 0.4

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """One experiment: everybody starts from the same states, and the same ramp begins at once."""
        knob, length = card.knobs[0], self.horizon * card.timescale
        return (
            Experiment(
                label="forecast",
                units=self.units,
                steps=max(1, round(length / card.dt)),
                drives=(Drive.ramp(knob.name, knob.default, knob.high, length),),
                starts="shared",
            ),
        )

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """What the measures need to know."""
        return {"horizon": self.horizon, "threshold": self.threshold}


if __name__ == "__main__":
    import gnomon
    from gnomon.spec.registry import build
    from gnomon.spec.study import DataPlan, Ref, Study, TrialRef
    from gnomon.testing.trials import check_trial

    check_trial(Transient(), build("worlds", "lorenz63").card)
    study = Study(
        name="add-a-trial",
        question="How long is a forecast right while the forcing moves?",
        worlds=(Ref(kind="lorenz63"),),
        learners=(Ref(kind="linear"),),
        trials=(TrialRef(kind="add_a_trial:Transient", args={"units": 10}),),
        data=DataPlan(trajectories=8, validation=4, steps=300),
    )
    print(gnomon.run(study, store="example-results", trust=True))
