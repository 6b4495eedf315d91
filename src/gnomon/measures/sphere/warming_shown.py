"""Indices of land and radiation under warming: shown, and never graded where the world cannot have them right."""

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.sphere.indices import SHOWN
from gnomon.measures.sphere.warming_climates import climate_table
from gnomon.measures.sphere.warming_indices import index_figures, quoted_units
from gnomon.measures.tables import require_truth, with_lost
from gnomon.numerics.jackknife import paired_error
from gnomon.spec.results import Curve

Which = Literal["land_ocean", "polar_amplification", "feedback"]


class WarmingShown(AbstractMeasure):
    """Land-ocean contrast, polar amplification and radiative feedback under warming, without fidelity.

    land_ocean: warming of land over that of ocean, 40S-40N, at the largest shift; polar_amplification: warming of
    60-90N over the global one; feedback: change of the net downward radiation at the top a kelvin of surface
    warming (negative is stable; real models lie between about -1 and -2 W m-2 K-1, Zelinka et al. 2020,
    doi:10.1029/2019GL085782). discrepancy = squared error of the change, corrected for noise by pairs of units, in
    the index's own units.

    What misleads: where land is prescribed (SPEEDY) contrast and polar warming show the prescription, and the
    feedback of SPEEDY at T21 is about 0 whatever happens: agreement with such a truth is no merit and disagreement
    no fault, so there is no null.

    Attributes:
        index: which of the three.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1, or W m-2 K-1 for feedback"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1029/2019GL085782"

    index: Which = "land_ocean"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Changes of all three indices that can be computed."""
        table = climate_table(evidence, (self.index,), all_needed=True)
        others = tuple(n for n in SHOWN if n != self.index)
        return climate_table(evidence, others, all_needed=False) | table

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error."""
        require_truth(truth)
        alive = subject["alive"]
        if not alive.any():
            return with_lost(np.zeros(0), alive)
        true, x = (t[self.index].reshape(len(t["alive"]), -1) for t in (truth, subject))
        return with_lost(paired_error(x[alive], true, alive), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the quoted number."""
        return with_lost(quoted_units(self.index, subject), subject["alive"], lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """All three, and the chosen one against the warming."""
        return index_figures(tables, self.index)
