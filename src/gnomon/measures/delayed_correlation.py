"""Does each variable remember itself, and lead or lag the others, as it should?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.tables import (
    channel_names,
    channels,
    each_unit,
    living,
    require_truth,
    runs_of,
    saved_step,
    with_lost,
)
from gnomon.numerics.jackknife import paired_error
from gnomon.numerics.lagged import decorrelation_time, lagged_correlation
from gnomon.spec.results import Curve

LAGS = 65  # kept, zero among them
SHARE = 4  # of a run: the longest lag
MEMORIES = 3.0  # decorrelation times that are compared
CROSSED = 6  # single-point channels that are held against one another


class DelayedCorrelation(AbstractMeasure):
    """Squared error of lagged auto- and cross-correlations, up to three decorrelation times of the truth.

    r_ij(k) = correlation of channel i with channel j a lag k later, of each unit; discrepancy = mean over lags and
    pairs of (mean r - mean r of the truth)^2, means over units, corrected for the noise of both; the number a unit is
    the pseudo-value, which can be negative. Pairs are all channels with themselves (alike points averaged) and the
    first six single-point channels with one another, both ways; autocorrelations and cross-correlations weigh the same.
    Lags reach to three times the mean decorrelation time of the truth's channels (the integral of r^2, both sides;
    Bartlett 1946, doi:10.2307/2983611), at most a quarter of a run.

    `value`: root of the mean squared difference of a unit's own correlations from the truth's mean.

    What misleads: correlations are symmetric in what a linear Gaussian process could do: noise with the right
    cross-spectra scores perfectly, as in the spectra, whose Fourier transforms these are; variances do not enter;
    a run much shorter than the slowest memory has correlations that are too low, equally for the truth. `value` of a
    short run is mostly chance.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "correlation"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.2307/2983611"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, pair, lag] correlations; the lags in time units."""
        card, runs = evidence.card, runs_of(evidence, "free")
        step = saved_step(runs)
        longest = len(runs.time) // SHARE
        if longest < 4:
            raise CannotMeasure(
                f"runs of {len(runs.time)} saved states are too short for lagged correlations"
            )
        lags = np.unique(np.linspace(0, longest, min(LAGS, longest + 1)).round().astype(int))
        alive = living(runs)
        own, single, memory = [], [], []
        for c in channels(card, runs):
            x = np.moveaxis(np.where(alive[:, None, None, None], c.values, 0.0), 1, -1)
            every = lagged_correlation(x, x, np.arange(longest + 1)).mean(axis=2)
            own.append(every[:, :, lags])
            memory.append(every)
            if x.shape[2] == 1:
                single.append(x[:, :, 0])
        table = {
            "own": np.concatenate(own, axis=1),
            "every": np.concatenate(memory, axis=1).mean(axis=0, keepdims=True).repeat(len(alive), axis=0),
            "lags": each_unit(lags, len(alive)),
            "step": each_unit(step, len(alive)),
            "alive": alive,
        }
        return table | _crossed(single, lags)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error."""
        require_truth(truth)
        alive = subject["alive"]
        x, r = (features(t, compared(truth)) for t in (subject, truth))
        return with_lost(paired_error(x[alive], r, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Root-mean-square difference of each unit from the truth's mean."""
        alive = subject["alive"]
        x, r = (features(t, compared(truth)) for t in (subject, truth))
        gap = np.sqrt(((x[alive] - r.mean(axis=0)) ** 2).sum(axis=1))
        return with_lost(gap, alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Autocorrelation of the first two channels."""
        card, truth = evidence["truth"].card, tables["truth"]
        time = truth["lags"][0] * truth["step"][0]
        reach = time[compared(truth)[-1]]
        out = []
        for i, (name, _) in enumerate(channel_names(card)[:2]):
            series = []
            for role in present(tables, "truth", "subject", "null"):
                mean, spread = over_units(tables[role]["own"][:, i], tables[role]["alive"])
                series.append(line(NAMES[role], role, time, mean, spread=spread))
            out.append(
                Curve(
                    name=f"autocorrelation_{i}",
                    title=f"Autocorrelation of {name}",
                    kind="line",
                    x_label=f"lag ({card.time_units})",
                    y_label="correlation",
                    series=tuple(series),
                    note=f"compared up to a lag of {reach:.3g}; bands are two standard errors of the mean over units",
                )
            )
        return tuple(out)


def compared(truth: UnitTable) -> np.ndarray:
    """Indices of the lags up to three decorrelation times of the truth, at least four of them."""
    memory = decorrelation_time(truth["every"][0]).mean()
    return np.arange(max(4, int((truth["lags"][0] <= MEMORIES * memory).sum())))


def features(table: UnitTable, kept: np.ndarray) -> np.ndarray:
    """[unit, feature] correlations at those lags, so weighed that a sum of squares is the mean of pairs and lags."""
    parts = [table["own"][..., kept]]
    if "crossed" in table:
        # after the lags >= 0 come those < 0, of which zero is not one
        both = np.concatenate([kept, len(table["lags"][0]) + kept[1:] - 1])
        parts.append(table["crossed"][..., both])
    flat = [p.reshape(len(p), -1) for p in parts]
    return np.concatenate([f / np.sqrt(f.shape[1] * len(flat)) for f in flat], axis=1)


def _crossed(single: list[np.ndarray], lags: np.ndarray) -> dict[str, np.ndarray]:
    """[unit, pair, lag] correlations of single-point channels with one another at lags >= 0 and then < 0."""
    x = np.concatenate(single, axis=1)[:, :CROSSED] if single else np.zeros((1, 0, 1))
    if x.shape[1] < 2:
        return {}
    first, second = np.triu_indices(x.shape[1], k=1)
    return {"crossed": lagged_correlation(x[:, first], x[:, second], np.concatenate([lags, -lags[1:]]))}
