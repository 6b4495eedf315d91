"""The controls of every study: the world itself, which must score 1, and the null, which must score 0."""

from typing import ClassVar

from gnomon.core.learner import AbstractControl
from gnomon.core.runs import Runs
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment


class Perfect(AbstractControl):
    """The world run again from within the observation error: what a subject with nothing wrong would do."""

    version: ClassVar[int] = 1
    role: ClassVar[str] = "control"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """Nothing is altered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """Nothing is altered."""
        return runs


class Null(AbstractControl):
    """Another, independent draw of the null that each measure names."""

    version: ClassVar[int] = 1
    role: ClassVar[str] = "control"
    is_null: ClassVar[bool] = True
    is_imperfect: ClassVar[bool] = False

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """Nothing is altered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """Nothing is altered."""
        return runs


class Peer(AbstractControl):
    """The world's imperfect twin from within the observation error: a second, differently tuned physics.

    It shares equations and code with the truth, so it is not an independent model: it says how far apart two honest
    tunings of the same physics are, and a learner below it would better have been physics.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = True

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """Nothing is altered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """Nothing is altered."""
        return runs
