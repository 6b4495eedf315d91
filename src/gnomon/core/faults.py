"""Planted faults that need more than a run and a card: the unforced run beside the forced one, or another world."""

import abc
from typing import Any

import numpy as np

from gnomon.core.learner import AbstractControl
from gnomon.core.runs import Runs
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Experiment


class AbstractResponseFault(AbstractControl):
    """A fault in the answer to a forcing: what it alters is the difference from the subject's own unforced run."""

    @abc.abstractmethod
    def alter_response(self, runs: Runs, control: Runs, card: WorldCard) -> Runs:
        """What is shown in place of a forced run.

        Args:
            runs: under the forcing.
            control: the same units, starts, leads and saving without any forcing.
            card: of the world.
        """

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The world is run as ordered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """An unforced run is shown as it is; a forced one is refused here, because nothing would be altered in it."""
        for knob in card.knobs:
            if knob.name in runs.forcing and np.any(np.abs(runs.forcing[knob.name] - knob.default) > 1e-6):
                raise BadSpec(
                    f"{type(self).__name__} alters a response, and {runs.label!r} is forced by {knob.name!r}: "
                    "call `alter_response` with the unforced run beside it"
                )
        return runs


class AbstractWorldFault(AbstractControl):
    """A fault in the dynamics: the world is built with other arguments than the truth's."""

    @abc.abstractmethod
    def world_args(self, card: WorldCard) -> dict[str, Any]:
        """Arguments of the world that differ from the truth's."""

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """What was ordered is run, by the wrong world."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """What was run is shown."""
        return runs
