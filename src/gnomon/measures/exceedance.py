"""Do extremes last as long as they should?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
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
from gnomon.numerics.crossings import time_in_long_stays
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve

SHARE = 0.1  # of the time that the truth is beyond a threshold, on either side
LENGTHS = 20  # at most, evenly spaced in the logarithm
SPACING, REACH = 0.5, 6  # of levels, in scales; levels kept on either side of a model's own median
TOLD = 0.01  # of the truth's time beyond a threshold: less is not compared
CHANNELS = 16  # the most that are kept of a variable whose points are not alike


class Exceedance(AbstractMeasure):
    """Squared error of the time spent beyond high and low thresholds of the truth, in stays of every length.

    g(k) = share of the time that a variable spends above a threshold in stays of more than k saved steps, over the
    truth's g(0); k = 0, 1 and on, evenly spaced in the logarithm. Discrepancy = mean over channels, both sides and
    lengths of (mean g - mean g of the truth)^2, means over units, corrected for the noise of both; the number a unit is
    the pseudo-value, which can be negative. k = 0 is how often a threshold is exceeded, the others are how long
    (exceedance times: Leadbetter, Lindgren and Rootzen 1983, doi:10.1007/978-1-4612-5449-2; this way to compare them is
    the project's). Thresholds are multiples of half a scale: the one above which the truth spends nearest to a tenth of
    its time, and the same below. Lengths count where the truth's g is above .01.

    `value`: root of the mean squared difference of a unit's own g from the truth's mean.

    What misleads: a shifted mean or a wrong variance shows as well as a wrong duration; stays cut off by the ends of a
    run count with the length that is seen, so lengths of runs must be equal; a rough or noisy series leaves and comes
    back at once, and its stays are those of its noise; `value` of a unit with few exceedances is chance.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "of the truth's time beyond the thresholds"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.1007/978-1-4612-5449-2"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, channel, level, side, length] shares of the time, the lowest level, the lengths in saved steps."""
        runs = runs_of(evidence, "free")
        step, alive = saved_step(runs), living(runs)
        longest = max(2, len(runs.time) // 2)
        lengths = np.unique(np.concatenate([[0], np.geomspace(1, longest, LENGTHS - 1).round()])).astype(int)
        parts, lowest = [], []
        for c in channels(evidence.card, runs):
            x = np.moveaxis(np.where(alive[:, None, None, None], c.values, 0.0), 1, -1)[:, :CHANNELS]
            middle = (
                np.median(np.moveaxis(x[alive], 1, 0).reshape(x.shape[1], -1), axis=1) if alive.any() else 0.0
            )
            first = np.broadcast_to(np.rint(middle / SPACING).astype(int) - REACH, x.shape[1:2])
            parts.append(spent(x, first, lengths))
            lowest.append(first)
        return {
            "spent": np.concatenate(parts, axis=1),
            "lowest": each_unit(np.concatenate(lowest), len(alive)),
            "lengths": each_unit(lengths, len(alive)),
            "step": each_unit(step, len(alive)),
            "alive": alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared error."""
        require_truth(truth)
        alive = subject["alive"]
        x, r = (features(t, truth) for t in (subject, truth))
        return with_lost(paired_error(x[alive], r, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Root-mean-square difference of each unit from the truth's mean."""
        alive = subject["alive"]
        x, r = (features(t, truth) for t in (subject, truth))
        return with_lost(np.sqrt(((x[alive] - r.mean(axis=0)) ** 2).sum(axis=1)), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The first two channels above their high thresholds."""
        card, truth = evidence["truth"].card, tables["truth"]
        level = thresholds(truth)
        time = truth["lengths"][0] * truth["step"][0]
        out = []
        for i, (name, v) in enumerate(channel_names(card)[:2]):
            series = []
            for role in present(tables, "truth", "subject", "null"):
                beyond = at_levels(tables[role], level)[:, i, 0]
                mean, spread = over_units(beyond, tables[role]["alive"])
                series.append(line(NAMES[role], role, time, mean, spread=spread))
            out.append(
                Curve(
                    name=f"exceedance_{i}",
                    title=f"How long {name} stays above {level[i, 0] * SPACING * v.scale:.3g} {v.units}",
                    kind="line",
                    x_label=f"length of a stay ({card.time_units})",
                    y_label="share of the time, in longer stays",
                    series=tuple(series),
                    note="bands are two standard errors of the mean over units",
                )
            )
        return tuple(out)


def spent(x: np.ndarray, lowest: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """[unit, channel, level, side, length] shares of the time of [unit, channel, site, time]; above, then below."""
    out = np.zeros((*x.shape[:2], 2 * REACH + 1, 2, len(lengths)), np.float32)
    for k in range(2 * REACH + 1):
        level = SPACING * (lowest + k)[:, None, None]
        for side, beyond in enumerate((x > level, x < level)):
            out[:, :, k, side] = time_in_long_stays(beyond, lengths).mean(axis=2)
    return out


def thresholds(truth: UnitTable) -> np.ndarray:
    """[channel, side] the levels, in spacings, beyond which the truth spends nearest to a tenth of its time."""
    share = np.maximum(truth["spent"][..., 0].mean(axis=0), 1e-9)  # [channel, level, side]
    return truth["lowest"][0][:, None] + np.abs(np.log(share / SHARE)).argmin(axis=1)


def at_levels(table: UnitTable, level: np.ndarray) -> np.ndarray:
    """[unit, channel, side, length] shares beyond levels; one out of a model's reach is always or never passed."""
    place = level - table["lowest"][0][:, None]
    kept = np.clip(place, 0, 2 * REACH)
    found = table["spent"][:, np.arange(len(level))[:, None], kept, np.arange(2)].astype(float)
    side = np.arange(2)
    found[:, np.where(side == 0, place < 0, place > 2 * REACH)] = 1.0
    found[:, np.where(side == 0, place > 2 * REACH, place < 0)] = 0.0
    return found


def features(table: UnitTable, truth: UnitTable) -> np.ndarray:
    """[unit, feature] g at the truth's thresholds, so weighed that a sum of squares is a mean of squares."""
    level = thresholds(truth)
    mean = at_levels(truth, level).mean(axis=0)
    norm = np.maximum(mean[..., :1], 1e-9)
    weights = (mean / norm > TOLD).astype(float)
    weights /= np.maximum(weights.sum(axis=-1, keepdims=True), 1) * mean[..., 0].size
    return (at_levels(table, level) / norm * np.sqrt(weights)).reshape(len(table["spent"]), -1)
