"""What does it take to run and to train?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments

PICTURES = 8  # the most in a batch of scenes: enough to hide the call, few enough for pictures of any size


class Cost(AbstractTrial):
    """A short run, repeated warm and timed. Shown without fidelity.

    The steps are timed, not what came before the first: a run is long, and what it begins with is soon paid for.

    Where a variable is hidden (scenes) the question is what lies behind a picture. One step is run there, of a batch of
    at most PICTURES, and a simulator's time is that of the whole answer: from pictures in memory, through `assimilate`
    (the network, where there is one), to maps in the host's memory. Members are not run: of an ensemble it is the time
    of one draw. The truth's time is that of rendering.

    What misleads: on scenes this is throughput of a batch, which is not latency: 1 / speed is not how long one picture
    takes, and decoders may stand in another order there. `python -m benchmarks.scene_latency` times one picture,
    networks in turn, so that a busy machine disturbs all alike; cases of a study run one after the other and are
    disturbed each by its own neighbours. Of small pictures much of a small model's time is the call.

    Attributes:
        units: lanes of the timed batch (the same as in the other trials, so that it shares their compilation); on
            scenes PICTURES of them, or this many where that is fewer.
        steps: saved steps; on scenes it is one.
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
        units, steps = self.units, self.steps
        if any(v.hidden for v in card.variables):
            units, steps = min(units, PICTURES), 1
        return (Experiment(label="cost", units=units, steps=steps, outputs=("timing",)),)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        return {}
