"""How often does the truth lie where the ensemble says it does?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.ensembles import ensemble_table, paired
from gnomon.measures.tables import with_lost
from gnomon.numerics.jackknife import squared_error
from gnomon.spec.results import Curve


class Coverage(AbstractMeasure):
    """Coverage of the central interval of an ensemble, over its nominal coverage.

    The interval runs from the k-th smallest to the k-th largest of M members. If members and truth are exchangeable it
    holds the truth with probability (M + 1 - 2 k) / (M + 1), exactly, whatever the distribution; k is the one whose
    probability is nearest to `level` (calibration as in Gneiting et al. 2007, doi:10.1111/j.1467-9868.2007.00587.x).
    value = empirical / nominal, mean over leads and components. discrepancy = (value - 1)^2, corrected for noise over
    units.

    What misleads: wide intervals cover; too wide and too narrow at different leads cancel. Points that tie with an end
    count as covered. It has no null: being calibrated is not being good.

    Attributes:
        level: nominal coverage asked for; with few members the nearest possible one is taken.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1111/j.1467-9868.2007.00587.x"

    level: float = 0.8

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Scaled members."""
        return ensemble_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared distance of the ratio from 1."""
        ratio = self._ratios(truth, subject)
        return with_lost(squared_error(ratio[:, None], 1.0), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Empirical over nominal coverage of each unit."""
        return with_lost(self._ratios(truth, subject), subject["alive"], lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Empirical against nominal coverage for every interval the ensemble has."""
        series = []
        for role in present(tables, "subject", "floor"):
            y, x = paired(tables["truth"], tables[role])
            if not len(x):
                continue
            m = x.shape[1]
            ordered = np.sort(x, axis=1)
            nominal = np.array([nominal_coverage(m, k) for k in range(m // 2, 0, -1)])
            found = np.array([covered(ordered, y, k).mean() for k in range(m // 2, 0, -1)])
            series.append(line(NAMES[role], role, nominal, found))
        series.append(line("calibrated", "truth", np.array([0.0, 1.0]), np.array([0.0, 1.0])))
        return (
            Curve(
                name="coverage",
                title="Coverage of central intervals",
                kind="line",
                x_label="nominal coverage",
                y_label="empirical coverage",
                series=tuple(series),
                note="below the line: over-confident",
            ),
        )

    def _ratios(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        y, x = paired(truth, subject)
        m = x.shape[1]
        k = min(range(1, m // 2 + 1), key=lambda k: abs(nominal_coverage(m, k) - self.level))
        return covered(np.sort(x, axis=1), y, k).mean(axis=(1, 2)) / nominal_coverage(m, k)


def nominal_coverage(members: int, k: int) -> float:
    """Of the interval from the k-th smallest to the k-th largest member."""
    return (members + 1 - 2 * k) / (members + 1)


def covered(ordered: np.ndarray, truth: np.ndarray, k: int) -> np.ndarray:
    """Whether the truth lies between the k-th smallest and the k-th largest of sorted members (axis 1)."""
    return (ordered[:, k - 1] <= truth) & (truth <= ordered[:, -k])
