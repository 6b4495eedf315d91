"""Runs: what an experiment produced, as NumPy arrays; and evidence, all runs that a trial asks of one model."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gnomon.spec.cards import WorldCard


class Observed(dict[str, np.ndarray]):
    """Variables of a run. Asking for one that the model does not give is no error of the measure, but its answer."""

    def __missing__(self, name: str) -> np.ndarray:
        """Nothing is filled in."""
        from gnomon.core.measure import CannotMeasure  # which imports this module

        raise CannotMeasure(f"this model gives no {name}")


class Runs(NamedTuple):
    """The output of one experiment.

    Attributes:
        label: of the experiment.
        obs: variable -> array [unit, member, lead, ...]; NaN from the moment a member diverged.
        time: [lead], time since the start of the run (discarded steps included), in the world's units.
            The first kept observation of a run without `discard` is one stride after the start.
        forcing: knob -> [unit, lead].
        diverged: [unit, member], index of the first lost lead (0 if lost while discarding), or -1.
        exponents: [unit, k] leading Lyapunov exponents (per time unit, descending), where asked for.
        initial: variable -> [unit, ...], the observation the run started from (as the subject saw it).
        cost: seconds, steps and such; never part of an identity.
    """

    label: str
    obs: dict[str, np.ndarray]
    time: np.ndarray
    forcing: dict[str, np.ndarray]
    diverged: np.ndarray
    exponents: np.ndarray | None
    initial: dict[str, np.ndarray]
    cost: dict[str, float]


class Unsupported(NamedTuple):
    """An experiment that this model cannot run, and why."""

    label: str
    reason: str


class Evidence(NamedTuple):
    """All that a measure may look at for one model (or for the truth, the floor or the null).

    Attributes:
        card: the world's card.
        runs: experiment label -> its runs, or why there are none.
        design: what the trial declares about its experiments, as plain data (amplitudes, distances, horizon …).
        fit: the log of the fit; empty for truth, floor and null.
    """

    card: WorldCard
    runs: Mapping[str, Runs | Unsupported]
    design: Mapping[str, Any]
    fit: Mapping[str, Any]
