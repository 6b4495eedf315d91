"""A learner: hyper-parameters in, simulator out; it stores nothing."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.runner import AbstractRunner
from gnomon.core.runs import Runs
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment


class Data(NamedTuple):
    """What every learner is given: observed trajectories (with observation error) and their forcing.

    Attributes:
        obs: variable -> array [trajectory, time, ...], NumPy. Hidden variables are here: they are what is learned.
        forcing: knob -> array [trajectory, time], NumPy, the value at each observation.
        time: [time], from 0, in the world's time units.
        train: indices of trajectories to fit.
        validation: indices of trajectories for choosing hyper-parameters. Never fitted.
        card: of the world; the learner may use all it declares, and nothing else of the world.
    """

    obs: dict[str, np.ndarray]
    forcing: dict[str, np.ndarray]
    time: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    card: WorldCard

    @property
    def seen(self) -> dict[str, np.ndarray]:
        """`obs` without hidden variables: all that `assimilate` is ever given."""
        hidden = {v.name for v in self.card.variables if v.hidden}
        return {k: v for k, v in self.obs.items() if k not in hidden}


class Fit(NamedTuple):
    """What a learner returns.

    Attributes:
        simulator: ready to run.
        log: plain data: `chosen` (hyper-parameters), `tried` (number of settings), `validation` (score of the
            winner), `seconds`, and whatever else explains the fit.
    """

    simulator: AbstractSimulator
    log: dict[str, Any]


class AbstractLearner(eqx.Module):
    """A way to learn dynamics. Fields are hyper-parameters (plain data), with defaults that are searched or stated.

    It may have a method `check()` that raises BadSpec for settings which no fit could use: studies call it before
    anything runs.

    Attributes:
        version: raised whenever the same data give another simulator.
        role: "learner"; "control" and "baseline" for what stands beside every comparison.
        needs_prior: whether `fit` needs the imperfect physics of the world.
    """

    version: eqx.AbstractClassVar[int]
    role: eqx.AbstractClassVar[str]
    needs_prior: eqx.AbstractClassVar[bool]

    @abc.abstractmethod
    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Learn from data; `prior` is the imperfect twin of the world, for learners that use physics."""


class AbstractControl(eqx.Module):
    """A subject that learns nothing: the world run again, with its orders or its output altered in a known way.

    The unaltered control is the perfect model and must score 1; an alteration of known size is a planted fault, and
    whether it is found is the power of the test.

    Attributes:
        role: "control", or "fault" for a planted one.
        is_null: whether an independent draw of each measure's null stands in for the world.
        is_imperfect: whether the world's imperfect twin is run in its place.
    """

    version: eqx.AbstractClassVar[int]
    role: eqx.AbstractClassVar[str]
    is_null: eqx.AbstractClassVar[bool]
    is_imperfect: eqx.AbstractClassVar[bool]

    @abc.abstractmethod
    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """What is run in place of the experiment."""

    @abc.abstractmethod
    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """What is shown in place of the runs."""


class AbstractBrought(eqx.Module):
    """A subject that was made elsewhere: a user's own model, or files of its output. Nothing is fitted here.

    Its fields say where to find it, as plain data. Registered like a learner.
    """

    version: eqx.AbstractClassVar[int]
    role: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def identity(self) -> str:
        """Content address of all that decides its numbers: source bytes, declared artifacts, declaration."""

    @abc.abstractmethod
    def runner(self, card: WorldCard) -> AbstractRunner:
        """What runs it on the world with this card; loads foreign code, so only when trusted."""

    @abc.abstractmethod
    def log(self, card: WorldCard) -> dict[str, Any]:
        """What it declares of itself (training period, knob ranges …), as plain data; the `log` of a fit."""
