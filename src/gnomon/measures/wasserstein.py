"""Does each variable have the right distribution?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import channel_names, channels, living, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve

LEVELS = 200  # quantiles kept of each unit


class Wasserstein(AbstractMeasure):
    """Wasserstein distance of each variable's distribution from the true one, over its scale.

    With Q the quantile function of a unit (200 midpoints of probability), value = W1 = integral of
    |Q - Q_pooled truth|, unit by unit (Robin et al. 2017, doi:10.5194/npg-24-393-2017; Vissio et al. 2020,
    doi:10.1029/2020GL089385).

    discrepancy = squared W2 = integral of (mean Q - mean Q_truth)^2, means over units (in one dimension the mean of
    quantile functions is the Wasserstein barycentre), corrected for the noise of both; the number a unit is the
    pseudo-value, which can be negative. W1 of single short runs is mostly chance (on Lorenz-63 it leaves no room
    between null and floor), and W1 of pooled runs has a kink at zero, where a jackknife fails; the square has neither
    fault.

    Both are means over channels: a variable's alike points are pooled, others are channels of their own.

    What misleads: marginal distributions know nothing of time nor of other variables: independent draws from them
    score almost as well as the truth. Tails beyond the outermost 0.25 % of a unit do not count. A unit is judged by
    what it visits within its own length, so lengths must be equal.
    """

    version: ClassVar[int] = 2
    units: ClassVar[str] = "standard deviations"
    null: ClassVar[str] = "gaussian"
    reference: ClassVar[str] = "10.5194/npg-24-393-2017"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, channel, level] quantiles."""
        runs = runs_of(evidence, "free")
        parts = []
        for c in channels(evidence.card, runs):
            values = np.moveaxis(c.values, 2, 1).reshape(c.values.shape[0], c.values.shape[2], -1)
            parts.append(quantiles(values))
        return {"quantiles": np.concatenate(parts, axis=1), "alive": living(runs)}

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected squared distance."""
        require_truth(truth)
        alive = subject["alive"]
        size = truth["quantiles"][0].size
        x, true = (q.reshape(len(q), size) for q in (subject["quantiles"][alive], truth["quantiles"]))
        return with_lost(paired_error(x / np.sqrt(size), true / np.sqrt(size), alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """W1 of each unit against the truth pooled over units."""
        alive = subject["alive"]
        pooled = quantiles(np.concatenate(list(truth["quantiles"]), axis=-1))
        gap = np.abs(subject["quantiles"][alive] - pooled)
        return with_lost(gap.mean(axis=(1, 2)), alive, lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Densities of the first three channels."""
        out = []
        for i, (name, v) in enumerate(channel_names(evidence["truth"].card)[:3]):
            pooled = tables["truth"]["quantiles"][:, i].ravel()
            edges = np.linspace(pooled.min() - 0.5, pooled.max() + 0.5, 61)
            series = []
            for role in present(tables, "truth", "subject", "null"):
                kept = tables[role]["quantiles"][tables[role]["alive"], i].ravel()
                if not len(kept):
                    continue
                height = np.histogram(kept, edges)[0] / (len(kept) * (edges[1] - edges[0]))
                series.append(
                    line(NAMES[role], role, (edges[1:] + edges[:-1]) / 2 * v.scale, height / v.scale)
                )
            out.append(
                Curve(
                    name=f"distribution_{i}",
                    title=f"Distribution of {name}",
                    kind="line",
                    x_label=f"{name} ({v.units})",
                    y_label="density",
                    series=tuple(series),
                )
            )
        return tuple(out)


def quantiles(values: np.ndarray) -> np.ndarray:
    """[..., level] quantiles at the midpoints of 200 equal probabilities, of the last axis."""
    ordered = np.sort(values, axis=-1)
    size = ordered.shape[-1]
    place = np.clip((np.arange(LEVELS) + 0.5) / LEVELS * size - 0.5, 0, size - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, size - 1)
    return ordered[..., low] + (place - low) * (ordered[..., high] - ordered[..., low])
