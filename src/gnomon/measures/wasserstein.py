"""Does each variable have the right distribution?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import channel_names, channels, living, require_truth, runs_of, with_lost
from gnomon.spec.results import Curve

LEVELS = 200  # quantiles kept of each unit


class Wasserstein(AbstractMeasure):
    """First Wasserstein distance of each variable's distribution, over its scale.

    W1 = integral over probability of |Q_unit - Q_truth|, Q the quantile functions, by 200 midpoints; each unit against
    the truth pooled over units; mean over channels (a variable's alike points are pooled, others are channels of
    their own) (Robin et al. 2017, doi:10.5194/npg-24-393-2017; Vissio et al. 2020, doi:10.1029/2020GL089385).

    What misleads: marginal distributions know nothing of time nor of other variables: independent draws from them
    score as well as the truth. A short unit has a distance from the pooled truth by chance (so has the floor). Tails
    beyond the outermost 0.25 % do not count.
    """

    version: ClassVar[int] = 1
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
        """Mean over channels of W1 of each unit against the pooled truth."""
        require_truth(truth)
        alive = subject["alive"]
        reference = quantiles(np.concatenate(list(truth["quantiles"]), axis=-1))
        gap = np.abs(subject["quantiles"][alive] - reference)
        return with_lost(gap.mean(axis=(1, 2)), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The distance."""
        return self.discrepancy(truth, subject)

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
