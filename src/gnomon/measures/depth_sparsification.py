"""Does the error of a depth map fall when the pixels are left out of which an ensemble is the least sure?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.depth_ensembles import HELD_OUT, order_table
from gnomon.measures.depth_order import areas, sparsified
from gnomon.spec.results import Curve


class DepthSparsification(AbstractMeasure):
    """AUSE of an ensemble of depth maps on held-out scenes: how far its spread is from ranking its errors.

    Pixels are taken away in the order of the standard deviation of the members' ln depth, the largest first; the curve
    is the mean of |ln truth - ln median member| over those left, divided by that over all. AUSE is the area between it
    and the same in the order of the errors themselves (Ilg and others 2018, doi:10.48550/arXiv.1802.07095), one number
    a scene by `numerics.sparsification`. Pixels of equal spread are taken away in no order, so members that are all
    alike have the flat curve; a map without error has AUSE 0. Pixels and caps as in `depth_crps`.

    What misleads: only the order of the spreads counts, a spread ten times too small has the same AUSE
    (`depth_coverage` asks for its size). Errors are random: even a spread that is right has more than 0; the figure
    says what it would be were the truth one of the members. The spread of few members is itself a guess, so that AUSE
    falls with their number: compare equal numbers only. It is divided by the mean error, so a worse map with a
    better order may have less of it. It has no null: a spread without order is no model of ignorance.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.48550/arXiv.1802.07095"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Median and spread of the members at every pixel."""
        return order_table(evidence, HELD_OUT)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """AUSE of each scene."""
        return areas(truth, subject)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The curve beside the oracle's."""
        title = "Error of depth without the least certain pixels"
        return (sparsified(tables["truth"], tables["subject"], name="sparsification", title=title),)
