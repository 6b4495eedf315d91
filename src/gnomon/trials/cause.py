"""Where does the error come from?"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.numerics.part_masks import EVERYWHERE, parts_of
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Experiment
from gnomon.spec.increments import DECLARED as INCREMENTS
from gnomon.spec.relaxation import DECLARED, Relaxation, plain
from gnomon.trials.arguments import check_arguments
from gnomon.trials.lengths import long_run, steps_of, stride_of

NOWHERE, ALL, STEPS = "relaxed nowhere", "relaxed everywhere", "steps"


class Cause(AbstractTrial):
    """Forecasts relaxed towards the truth in one part after another, single steps, free runs, and increments.

    `relaxed nowhere`, `relaxed everywhere` and `relaxed in P` for each part P of the world (`numerics.part_masks`) are
    forecasts from the same starts. `steps` puts the truth in the model's place after every step, so that each error is
    that of one step from a true state. `free` is a free run from starts of the subject's own; its truth can be
    degraded. `increments` are errors of one short step from true states, for the terms that are missing; they are
    taken where a study asks for them, and `missing_term` is then among the measures that it names.

    Attributes:
        units: independent starts.
        horizon: of the relaxed forecasts, in Lyapunov times; 0 leaves them out.
        relaxation: time in which a gap to the truth decays, in Lyapunov times.
        every: time between two relaxations, in Lyapunov times; 0 for every step of the world.
        record: of the single steps, in Lyapunov times; 0 leaves them out.
        settle: of these, dropped first, while what is not observed adjusts.
        length: of the free runs, in Lyapunov times; 0 leaves them out.
        discard: dropped first of these.
        spacing: of their saved steps, and of the states whose increments are taken.
        increments: such states of each unit; 0 for none.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "where does the error come from?"
    headline: ClassVar[str] = ""
    measures: ClassVar[tuple[str, ...]] = ("relaxed_share", "regime_share", "resolution_share")
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    later: ClassVar[tuple[str, ...]] = ("increments",)  # left out of identities where it has its default

    units: int = 40
    horizon: float = 1.5
    relaxation: float = 0.1
    every: float = 0.0
    record: float = 4.0
    settle: float = 1.0
    length: float = 20.0
    discard: float = 8.0
    spacing: float = 0.25
    increments: int = 0

    def __check_init__(self):
        check_arguments(
            "cause",
            counts={"units": (self.units, 2), "increments": (self.increments, 0)},
            above_zero={"relaxation": self.relaxation},
            from_zero={
                "horizon": self.horizon,
                "record": self.record,
                "every": self.every,
                "settle": self.settle,
                "length": self.length,
                "discard": self.discard,
                "spacing": self.spacing,
            },
        )
        if not (self.horizon or self.record or self.length or self.increments):
            raise BadSpec("trial 'cause': all four lengths are 0, so nothing is run; give one of them")

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
        ordered = (*relaxed, record) if self.record else relaxed
        if self.length:
            free = long_run(
                card, "free", units=self.units, length=self.length, discard=self.discard, spacing=self.spacing
            )
            ordered = (*ordered, free)
        if not self.increments:
            return ordered
        stride = stride_of(card, self.spacing)
        return (
            *ordered,
            Experiment(
                label=INCREMENTS, units=self.units, stride=stride, steps=self.increments, starts="shared"
            ),
        )

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        gap = stride_of(card, self.every) * card.dt / card.timescale
        weight = 1 - math.exp(-gap / self.relaxation)
        named = self._interventions(card)
        told = {k: plain(Relaxation(part=part, weight=weight)) for k, part in named.items()}
        if self.record:
            told[STEPS] = plain(Relaxation(part=EVERYWHERE, weight=1.0, told=True))
        return {DECLARED: told} | ({INCREMENTS: INCREMENTS} if self.increments else {})

    def _interventions(self, card: WorldCard) -> dict[str, Any]:
        """Label -> part; nothing to relax in a world of one number, or where no forecast is asked for."""
        parts = parts_of(card)
        if not parts or not self.horizon:
            return {}
        return {NOWHERE: None, ALL: EVERYWHERE} | {f"relaxed in {p.name}": p for p in parts}
