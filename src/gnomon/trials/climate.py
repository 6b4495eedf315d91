"""Left alone, does it live on the right attractor?"""

from collections.abc import Mapping
from typing import Any, ClassVar

from gnomon.core.trial import AbstractTrial
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Experiment
from gnomon.trials.arguments import check_arguments
from gnomon.trials.criteria import CRITERIA
from gnomon.trials.lengths import steps_of, stride_of


class Climate(AbstractTrial):
    """Long free runs at the default knobs, and the tangent dynamics along shorter ones.

    Attributes:
        units: independent starts.
        length: of a free run, in Lyapunov times.
        discard: dropped first, so that a run's memory of its (true) start does not count as climate.
        spacing: of saved steps in a free run; 0 for every step of the world.
        tangent_units: starts of the runs whose exponents are computed; 0 for none (an atmosphere has too many numbers).
        tangent_length: of these, in Lyapunov times.
    """

    version: ClassVar[int] = 1
    question: ClassVar[str] = "left alone, does it live on the right attractor?"
    headline: ClassVar[str] = "attractor"
    measures: ClassVar[tuple[str, ...]] = (
        "attractor", "attractor_mixture", "wasserstein", "moments", "log_spectrum", "spectrum_hellinger",
        "leading_exponent", "kaplan_yorke", "conserved",
    )  # fmt: skip
    measures_on: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "archive": CRITERIA["climate"],
        "sphere": (
            "mean_state", "zonal_state", "sphere_spectrum", "band_variance", "modes", "extremes", "persistence",
            "budgets", "stability", "cyclone_statistics", "track_density",
        )
    }  # fmt: skip

    units: int = 40
    length: float = 40.0
    discard: float = 8.0
    spacing: float = 0.0
    tangent_units: int = 16
    tangent_length: float = 12.0

    def __check_init__(self):
        check_arguments(
            "climate",
            counts={"units": (self.units, 2)},
            above_zero={"length": self.length, "tangent_length": self.tangent_length},
            from_zero={"discard": self.discard, "spacing": self.spacing},
        )
        if self.tangent_units < 0 or self.tangent_units == 1:
            raise BadSpec(f"trial 'climate': tangent_units must be 0, or 2 or more, got {self.tangent_units}")

    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """See `AbstractTrial.design`."""
        stride = stride_of(card, self.spacing)
        free = Experiment(
            label="free",
            units=self.units,
            stride=stride,
            discard=steps_of(card, self.discard, stride=stride),
            steps=steps_of(card, self.length, stride=stride),
        )
        if not self.tangent_units:
            return (free,)
        tangent = Experiment(
            label="tangent",
            units=self.tangent_units,
            discard=steps_of(card, self.tangent_length / 3),
            steps=steps_of(card, self.tangent_length),
            outputs=("exponents",),
        )
        return (free, tangent)

    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """See `AbstractTrial.declare`."""
        return {}
