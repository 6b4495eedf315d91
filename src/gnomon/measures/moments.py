"""Does a free run have the right mean and variance?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.tables import channel_names, channels, living, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve


class Moments(AbstractMeasure):
    """Squared error of the mean and the variance of each channel.

    d = mean over channels of ((m - m_truth) / scale)^2 and ((v - v_truth) / scale^2)^2, halved, m and v time means of
    each unit averaged over units, corrected for the noise of both averages (Hoeffding 1948,
    doi:10.1214/aoms/1177730196; in the spirit of Reichler and Kim 2008, doi:10.1175/BAMS-89-3-303). The number a unit
    is the pseudo-value, which can be negative.

    What misleads: two moments are not a climate. The frozen state has the right mean over many units (its starts lie
    on the attractor) and fails by its variance alone, so half of the room is variance. The correction for noise
    supposes that a unit is long enough to know its own variance.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "squared standard deviations"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.1175/BAMS-89-3-303"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, channel] time mean and time variance in scales."""
        runs = runs_of(evidence, "free")
        found = channels(evidence.card, runs)
        mean = np.concatenate([c.values.mean(axis=(1, 3)) for c in found], axis=1)
        variance = np.concatenate([_variance(c.values) for c in found], axis=1)
        return {"mean": mean, "variance": variance, "alive": living(runs)}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error."""
        require_truth(truth)
        alive = subject["alive"]
        return with_lost(paired_error(_features(subject)[alive], _features(truth), alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Mean and variance of every channel."""
        names = [name for name, _ in channel_names(evidence["truth"].card)]
        out = []
        for what, label in (
            ("mean", "mean (standard deviations)"),
            ("variance", "variance (squared standard deviations)"),
        ):
            series = []
            for role in present(tables, "truth", "subject", "floor"):
                mean, twice = over_units(tables[role][what], tables[role]["alive"])
                series.append(line(NAMES[role], role, np.arange(len(mean)), mean, spread=twice))
            listed = (
                ", ".join(f"{i}: {n}" for i, n in enumerate(names))
                if len(names) <= 8
                else "one for each component"
            )
            out.append(
                Curve(
                    name=what,
                    title=f"{what.capitalize()} of each variable",
                    kind="bars" if len(names) <= 12 else "line",
                    x_label="component",
                    y_label=label,
                    series=tuple(series),
                    note=listed,
                )
            )
        return tuple(out)


def _variance(values: np.ndarray) -> np.ndarray:
    """[unit, channel] variance in time at each point, mean over alike points: a field that stands still has none."""
    return values.var(axis=1).mean(axis=-1)


def _features(table: UnitTable) -> np.ndarray:
    """Both moments side by side, so that the square of their distance is the mean over channels and moments."""
    both = np.concatenate([table["mean"], table["variance"]], axis=1)
    return both / np.sqrt(both.shape[1])
