"""How good is an ensemble of depth maps as a distribution?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.crps import fair_crps
from gnomon.measures.depth import BANDS
from gnomon.measures.depth_ensembles import HELD_OUT, members_table, moved_share, pixels, units_of
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.tables import with_lost
from gnomon.spec.results import Curve


class DepthCrps(AbstractMeasure):
    """Fair continuous ranked probability score of the natural logarithm of depth, mean over the pixels of a scene.

    (1 / M) sum_i |x_i - y| - (1 / (2 M (M - 1))) sum_{i,j} |x_i - x_j| (Ferro 2014, doi:10.1002/qj.2270) with x_i =
    ln d_i of the members and y = ln d of the truth, on held-out scenes at the default knobs: 0.1 is about a tenth of
    the depth. Of a single map it is the mean |ln d_i - ln d|. A pixel is judged where the true depth lies between 0.1 m
    and 200 m, so sky is not; a member outside is moved to the nearer end, so 0 and negative depths count as 0.1 m.

    What misleads: a score of single pixels: whether a whole wall is wrong together is not seen. A single map pays its
    whole error for being sure, so one that beats the mean map in `depth` may lie below the null here. The null draws
    whole maps from training, and one that has sky where a wall stands holds 0 metres there: it counts as 0.1 m, further
    away than most guesses (how many did stands in the figure's words), which makes the null a little weaker than walls
    alone would. The floor is 0: a twin has the same depth to the last bit.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "climatological_ensemble"
    reference: ClassVar[str] = "10.1002/qj.2270"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Logarithms of all members."""
        return members_table(evidence, HELD_OUT)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean score of each unit."""
        found = [_scores(truth, subject, unit).mean() for unit in units_of(truth, subject)]
        return with_lost(np.asarray(found, float), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The score."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Score by true depth."""
        truth, middle = tables["truth"], np.sqrt(BANDS[:-1] * BANDS[1:])
        roles = present(tables, "subject", "null")
        said = [f"{NAMES[role]}: {moved_share(truth, tables[role])}" for role in roles]
        return (
            Curve(
                name="crps_by_depth",
                title="Fair CRPS by true depth",
                kind="line",
                x_label="true depth (m)",
                y_label="fair CRPS (natural logarithm of depth)",
                log="x",
                series=tuple(line(NAMES[r], r, middle, _by_band(truth, tables[r])) for r in roles),
                note="; ".join(said),
            ),
        )


def _scores(truth: UnitTable, subject: UnitTable, unit: int) -> np.ndarray:
    """[pixel] of one scene."""
    y, x = _logs(truth, truth, unit)[0], _logs(truth, subject, unit)
    return fair_crps(x[None], y[None])[0]


def _logs(truth: UnitTable, table: UnitTable, unit: int) -> np.ndarray:
    """[member, pixel] of one scene."""
    return pixels(truth, table, "logs", unit, 0)


def _by_band(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[band] mean score over all pixels of a band of true depth; NaN where it has none."""
    units = units_of(truth, subject)
    if not units:
        return np.full(len(BANDS) - 1, np.nan)
    scores = np.concatenate([_scores(truth, subject, unit) for unit in units])
    depth = np.exp(np.concatenate([_logs(truth, truth, unit)[0] for unit in units]))
    where = np.digitize(depth, BANDS) - 1
    means = [scores[where == n].mean() if (where == n).any() else np.nan for n in range(len(BANDS) - 1)]
    return np.asarray(means)
