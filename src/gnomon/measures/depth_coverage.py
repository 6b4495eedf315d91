"""How often does the true depth lie below what an ensemble of maps tells?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.depth_ensembles import HELD_OUT, members_table, moved_share
from gnomon.measures.depth_reliability import distances, gaps, reliability, squared_gaps
from gnomon.measures.drawing import NAMES, present
from gnomon.spec.results import Curve, Role


class DepthCoverage(AbstractMeasure):
    """Distance between the levels that an ensemble of depth maps tells and the share of pixels below, held-out scenes.

    If truth and M members are exchangeable, the truth lies below the k-th smallest with probability k / (M + 1),
    exactly, whatever the distribution: M levels without any approximation (the rank histogram, summed: Hamill 2001,
    doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2). A truth that ties with members counts for each rank it could
    have alike, so that members which all equal the truth are calibrated. Every scene weighs the same. value = mean over
    levels of |share - level|, shares averaged over scenes; discrepancy = mean square of the same, corrected for the
    noise of finitely many scenes: unbiased, may fall below 0. Pixels and caps as in `depth_crps`; only order counts, so
    the logarithm changes nothing.

    What misleads: right on average over all pixels may be wrong near and far. By chance the value lies above 0 where
    all is right, and its interval does not know; that of the discrepancy does. A map without any spread that is too
    near as often as too far is only 2/9 away with 9 members. Members that are drawn with replacement from fewer
    networks (`deep_ensemble`) tie with each other and not with the truth: they are not exchangeable with it, and
    part of the distance comes from that alone. It has no null: being calibrated is not being good.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Logarithms of all members."""
        return members_table(evidence, HELD_OUT)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the mean squared distance of shares from levels."""
        return squared_gaps(truth, subject)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Numbers whose mean is the mean distance of shares from levels."""
        return distances(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Observed against told level."""
        found: list[tuple[str, Role, np.ndarray]] = [
            (NAMES[r], r, gaps(tables["truth"], tables[r])[:, 0]) for r in present(tables, "subject", "floor")
        ]
        note = f"model: {moved_share(tables['truth'], tables['subject'])}"
        return (reliability(found, name="reliability", title="Coverage of depth", note=note),)
