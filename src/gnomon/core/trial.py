"""A trial: an experiment, designed before anything is run."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx

from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment


class AbstractTrial(eqx.Module):
    """A question asked of every model on every world, as a set of experiments.

    Fields are sizes (units, members, lengths in Lyapunov times) with defaults; the card turns them into steps.

    Attributes:
        version: raised whenever the same arguments give other experiments.
        question: in words.
        headline: the measure shown in the ladder, declared beforehand; "" for a trial without fidelity.
        measures: names of the measures asked by default, the headline first.
        measures_on: rung -> the measures asked there instead, the headline first; empty where all rungs are alike.
    """

    version: eqx.AbstractClassVar[int]
    question: eqx.AbstractClassVar[str]
    headline: eqx.AbstractClassVar[str]
    measures: eqx.AbstractClassVar[tuple[str, ...]]
    measures_on: eqx.AbstractClassVar[Mapping[str, tuple[str, ...]]]

    @abc.abstractmethod
    def design(self, card: WorldCard) -> tuple[Experiment, ...]:
        """The experiments, as plain data."""

    @abc.abstractmethod
    def declare(self, card: WorldCard) -> Mapping[str, Any]:
        """What measures need to know about the experiments (amplitudes, distances, labels …), as plain data."""


def measures_for(trial: AbstractTrial, rung: str) -> tuple[str, ...]:
    """The measures a trial asks by default on a rung, the headline first."""
    return trial.measures_on.get(rung, trial.measures)


def headline_for(trial: AbstractTrial, rung: str) -> str:
    """The measure shown in the ladder for a rung; "" for a trial without fidelity."""
    return (trial.measures_on[rung] or ("",))[0] if rung in trial.measures_on else trial.headline
