"""How often does the true depth lie below what an ensemble tells, under knobs beyond their training range?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.depth_ensembles import members_table, moved_share, turned
from gnomon.measures.depth_reliability import distances, gaps, reliability, squared_gaps
from gnomon.measures.drawing import line, over_units
from gnomon.spec.results import Curve


class DepthCoverageShifted(AbstractMeasure):
    """`depth_coverage` of the same scenes with each knob in turn held beyond its training range.

    Levels k / (M + 1) and shares as there (Hamill 2001, doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2), for each
    knob by itself; value and discrepancy are means over knobs and levels, so that a knob under which an ensemble is too
    narrow does not make up for one under which it is too wide. The unit is the scene.

    What misleads: the mean over knobs hides which one it is; a knob that changes the picture little (noise, for an eye
    that smooths) makes it small. By chance the value lies above 0 where all is right. It has no null: being calibrated
    is not being good.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Logarithms of all members under each knob."""
        return members_table(evidence, tuple(turned(evidence)))

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the mean squared distance of shares from levels."""
        return squared_gaps(truth, subject)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Numbers whose mean is the mean distance of shares from levels."""
        return distances(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Observed against told level, a line a knob; and the distance of each knob."""
        knobs = list(turned(evidence["truth"]).values())
        found = gaps(tables["truth"], tables["subject"])
        note = f"model: {moved_share(tables['truth'], tables['subject'])}"
        listed = "; ".join(f"{n}: {knob}" for n, knob in enumerate(knobs))
        signed = found * np.sign(found.mean(axis=0)) if len(found) else found
        mean, twice = over_units(signed.mean(axis=2), np.ones(len(signed), bool))
        bars = line("model", "subject", np.arange(len(knobs)), mean, spread=twice)
        return (
            reliability(
                [(knob, "subject", found[:, n]) for n, knob in enumerate(knobs)],
                name="reliability_shifted", title="Coverage of depth beyond the training range", note=note,
            ),
            Curve(
                name="coverage_by_knob", title="Error of coverage with each knob beyond its training range",
                kind="bars", x_label="knob (listed below)", y_label="mean |share - level|", series=(bars,),
                note=f"{listed}; bars: two standard errors over scenes",
            ),
        )  # fmt: skip
