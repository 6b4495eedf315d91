"""NeuralGCM as a subject of a case (registered as `neuralgcm`)."""

import importlib.metadata
from typing import Any, ClassVar, Literal

from gnomon.adapters.neuralgcm.checkpoint import find_checkpoint, package_version
from gnomon.adapters.neuralgcm.mapping import offer
from gnomon.core.learner import AbstractBrought
from gnomon.core.runner import AbstractRunner
from gnomon.spec.cards import WorldCard
from gnomon.spec.identity import identity

TOY = (
    "this is the toy checkpoint of the neuralgcm package: a real code path with some 190,000 parameters, no model of "
    "the weather; its scores say nothing about NeuralGCM"
)
LIMITS = (
    "started from the world's seven levels: heights between them are good to some 10 m, clouds begin empty, and above "
    "50 hPa the air has the shape of one ERA5 state",
    "its mountains, land and radiation are those of the Earth on its own grid, not those of the world",
    "it gives no temperature at two metres, no evaporation and no radiation; measures of these are not taken",
)


class NeuralGCM(AbstractBrought):
    """A NeuralGCM checkpoint (Kochkov et al. 2024, doi:10.1038/s41586-024-07744-y), run on a world of the sphere.

    Attributes:
        checkpoint: "toy", a path, an address, or a public name such as "v1_precip/stochastic_precip_2_8_deg".
        sha256: what its bytes must hash to; empty for no such demand.
        date: its first day, as in "1959-01-02" (the sun); empty for that of the packaged ERA5 state.
        perpetual: whether its calendar stands still, as that of a perpetual month does.
        sea: "world" for the sea of the world where its card tells it, "snapshot" for that of the packaged ERA5 state,
            "auto" for the first of these that exists.
        warmed: the cells that the knob "warming" warms: "all" (as its own warming runs do), "ocean_and_ice", "ocean".
        precipitation: whether the checkpoint accumulates rain (the v1_precip family does).
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "user"

    checkpoint: str = "toy"
    sha256: str = ""
    date: str = ""
    perpetual: bool = False
    sea: Literal["auto", "world", "snapshot"] = "auto"
    warmed: Literal["all", "ocean_and_ice", "ocean"] = "all"
    precipitation: bool = False

    def identity(self) -> str:
        """See `AbstractBrought.identity`: the checkpoint's bytes, how it is run, and the packages that run it."""
        found = find_checkpoint(self.checkpoint, sha256=self.sha256)
        how = [self.date, self.perpetual, self.sea, self.warmed, self.precipitation]
        packages = [package_version(), importlib.metadata.version("dinosaur")]
        return identity("neuralgcm", [found.sha256, how, packages, self.version])

    def runner(self, card: WorldCard) -> AbstractRunner:
        """See `AbstractBrought.runner`."""
        from gnomon.adapters.neuralgcm.runner import NeuralGCMRunner, Plan

        plan = Plan(self.date, self.perpetual, self.sea, self.warmed, self.precipitation)
        return NeuralGCMRunner(find_checkpoint(self.checkpoint, sha256=self.sha256), card, plan)

    def log(self, card: WorldCard) -> dict[str, Any]:
        """See `AbstractBrought.log`."""
        found = find_checkpoint(self.checkpoint, sha256=self.sha256)
        told = offer(card, rain=self.precipitation)
        return {
            "checkpoint": found.name,
            "sha256": found.sha256,
            "neuralgcm": package_version(),
            "warmed": self.warmed,
            "sea": self.sea,
            "gives": list(told.gives),
            "lacks": list(told.lacks),
            "limits": [*([TOY] if found.is_toy else []), *LIMITS],
        }
