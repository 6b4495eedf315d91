"""Does an ensemble of maps know its least certain pixels under knobs beyond their training range?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.depth_ensembles import order_table, turned
from gnomon.measures.depth_order import areas, by_run, sparsified
from gnomon.measures.drawing import line, over_units
from gnomon.spec.results import Curve


class DepthSparsificationShifted(AbstractMeasure):
    """`depth_sparsification` of the same scenes with each knob in turn held beyond its training range.

    AUSE as there (Ilg and others 2018, doi:10.48550/arXiv.1802.07095) of each turned picture, and the mean over knobs
    of each scene, which is the unit.

    What misleads: the mean over knobs hides which one it is. Pixels are ranked within a picture: an ensemble that is
    less sure of the whole strange picture, as it should be, gains nothing here (`depth_coverage_shifted` sees it). And
    all that misleads about `depth_sparsification`.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.48550/arXiv.1802.07095"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Median and spread of the members at every pixel under each knob."""
        return order_table(evidence, tuple(turned(evidence)))

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean AUSE of each scene."""
        return areas(truth, subject)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The curve of all knobs beside the oracle's, and AUSE by knob."""
        truth, subject = tables["truth"], tables["subject"]
        found = by_run(truth, subject)
        mean, twice = over_units(found, np.ones(len(found), bool))
        bars = line("model", "subject", np.arange(len(mean)), mean, spread=twice)
        listed = "; ".join(f"{n}: {knob}" for n, knob in enumerate(turned(evidence["truth"]).values()))
        title = "Error of depth without the least certain pixels, beyond the training range"
        return (
            sparsified(truth, subject, name="sparsification_shifted", title=title),
            Curve(
                name="ause_by_knob", title="AUSE with each knob beyond its training range", kind="bars",
                x_label="knob (listed below)", y_label="AUSE", series=(bars,),
                note=f"{listed}; bars: two standard errors over scenes",
            ),
        )  # fmt: skip
