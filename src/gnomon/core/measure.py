"""A measure: a pure question about data."""

import abc
from collections.abc import Mapping

import equinox as eqx
import numpy as np

from gnomon.core.runs import Evidence
from gnomon.spec.results import Curve

UnitTable = dict[str, np.ndarray]  # per-unit statistics; every array's leading axis is `unit`


class CannotMeasure(Exception):
    """Raised by `summarise` when the runs a measure needs do not exist; the message becomes the reason."""


class AbstractMeasure(eqx.Module):
    """A pure question about data, answered unit by unit. NumPy only.

    `summarise` reduces runs to per-unit statistics. `discrepancy` compares a subject's table with the truth's and
    returns one number a unit whose *mean* is the distance from the truth: the unit's own distance where the measure
    averages over units, or its jackknife pseudo-value (`numerics.jackknife`) where the measure is a function of all
    units together. +inf marks a unit that diverged; NaN is never returned.
    Inference sees only those per-unit numbers; see docs/design/inference.md.

    Attributes:
        version: raised whenever the same data give another number.
        units: of `value`.
        null: which null this measure is judged against (a name of `trials.nulls`), or "" for a measure without
            fidelity (cost, calibration).
        reference: DOI of the definition, or why there is none.
    """

    version: eqx.AbstractClassVar[int]
    units: eqx.AbstractClassVar[str]
    null: eqx.AbstractClassVar[str]
    reference: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def summarise(self, evidence: Evidence) -> UnitTable:
        """Per-unit statistics of one model's runs."""

    @abc.abstractmethod
    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit] distances >= 0 in the mean; 0 = identical."""

    @abc.abstractmethod
    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """[unit] the number a person would quote, in `units` (its mean is shown); +inf or NaN where diverged."""

    @abc.abstractmethod
    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The figures a scientist would look at. Keys: "truth", "subject", and "floor", "null" where they exist."""
