"""A subject that gives less than the world shows: the world itself, one variable short."""

from typing import Any, ClassVar

import equinox as eqx

from gnomon.adapters.jax_runner import WorldRunner
from gnomon.core.learner import AbstractBrought
from gnomon.core.runner import AbstractRunner, Starts
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.watch import Watch
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build


class ShortRunner(AbstractRunner):
    """Runs the world from within the observation error and leaves variables out."""

    without: tuple[str, ...] = eqx.field(static=True)

    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        runs = WorldRunner(build("worlds", "lorenz63"), True).run(experiment, starts, seed=seed, watch=watch)
        if isinstance(runs, Unsupported):
            return runs
        return runs._replace(obs={k: v for k, v in runs.obs.items() if k not in self.without})


class Partial(AbstractBrought):
    """Perfect in what it gives."""

    version: ClassVar[int] = 1
    role: ClassVar[str] = "user"

    without: tuple[str, ...] = ("y",)

    def identity(self) -> str:
        return "partial " + " ".join(self.without)

    def runner(self, card: WorldCard) -> AbstractRunner:
        return ShortRunner(self.without)

    def log(self, card: WorldCard) -> dict[str, Any]:
        return {}
