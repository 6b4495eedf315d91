"""Where does the error come from?"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.numerics.part_masks import EVERYWHERE, parts_of
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.relaxation import DECLARED, Relaxation, plain
from gnomon.trials.arguments import check_arguments
from gnomon.trials.lengths import long_run, steps_of, stride_of

NOWHERE, ALL, STEPS = "relaxed nowhere", "relaxed everywhere", "steps"


class Cause(AbstractTrial):
    """Forecasts relaxed towards the truth in one part after another, single steps, and free runs.

    `relaxed nowhere`, `relaxed everywhere` and `relaxed in P` for each part P of the world (`numerics.part_masks`) are
    forecasts from the same starts. `steps` puts the truth in the model's place after every step, so that each error is
    that of one step from a true state. `free` is a free run from starts of the subject's own; its truth can be
    degraded.

    Attributes:
        units: independent starts.
        horizon: of the relaxed forecasts, in Lyapunov times.
        relaxation: time in which a gap to the truth decays, in Lyapunov times.
        every: time between two relaxations, in Lyapunov times; 0 for every step of the world.
        record: of the single steps, in Lyapunov times.
        settle: of these, dropped first, while what is not observed adjusts.
        length: of the free runs, in Lyapunov times; 0 leaves them out.
        discard: dropped first of these.
        spacing: of their saved steps.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "where does the error come from?"
    headline: ClassVar[str] = ""
    measures: ClassVar[tuple[str, ...]] = ("relaxed_share", "regime_share", "resolution_share")
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    units: int = 40
    horizon: float = 1.5
    relaxation: float = 0.1
    every: float = 0.0
    record: float = 4.0
    settle: float = 1.0
    length: float = 20.0
    discard: float = 8.0
    spacing: float = 0.25

    def __check_init__(self):
        check_arguments(
            "cause",
            counts={"units": (self.units, 2)},
            above_zero={"horizon": self.horizon, "relaxation": self.relaxation, "record": self.record},
            from_zero={
                "every": self.every,
                "settle": self.settle,
                "length": self.length,
                "discard": self.discard,
                "spacing": self.spacing,
            },
        )

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        stride = stride_of(card, self.every)
        steps = steps_of(card, self.horizon, stride=stride)
        relaxed = tuple(
            Experiment(label=label, units=self.units, stride=stride, steps=steps, starts="shared")
            for label in self._interventions(card)
        )
        record = Experiment(
            label=STEPS,
            units=self.units,
            discard=steps_of(card, self.settle) if self.settle else 0,
            steps=steps_of(card, self.record),
            starts="shared",
        )
        if not self.length:
            return (*relaxed, record)
        free = long_run(
            card, "free", units=self.units, length=self.length, discard=self.discard, spacing=self.spacing
        )
        return (*relaxed, record, free)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        gap = stride_of(card, self.every) * card.dt / card.timescale
        weight = 1 - math.exp(-gap / self.relaxation)
        named = self._interventions(card)
        told = {k: plain(Relaxation(part=part, weight=weight)) for k, part in named.items()}
        told[STEPS] = plain(Relaxation(part=EVERYWHERE, weight=1.0, told=True))
        return {DECLARED: told}

    def _interventions(self, card: WorldCard) -> dict[str, Any]:
        """Label -> part; nothing to relax in a world of one number."""
        parts = parts_of(card)
        if not parts:
            return {}
        return {NOWHERE: None, ALL: EVERYWHERE} | {f"relaxed in {p.name}": p for p in parts}
