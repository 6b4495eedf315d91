"""Is the spread of an ensemble as large as its error?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import line, present
from gnomon.measures.ensembles import ensemble_table, fair_variance, paired
from gnomon.measures.tables import with_lost
from gnomon.numerics.jackknife import left_out_means, pseudo_values, squared_error
from gnomon.spec.results import Curve, Role

SHORT: dict[Role, str] = {"subject": "model", "floor": "floor"}


class SpreadSkill(AbstractMeasure):
    """Spread over error: 1 where members cannot be told from the truth, below 1 for an over-confident ensemble.

    sqrt((M + 1) / M x mean fair variance) / sqrt(mean squared error of the ensemble mean); means over units, leads and
    components come before the root (Fortin et al. 2014, doi:10.1175/JHM-D-14-0008.1). Value: jackknife pseudo-values of
    the ratio. discrepancy = (ratio - 1)^2, corrected for noise.

    What misleads: it compares two averages; an ensemble with too much spread in calm cases and too little in wild ones
    passes. The longest leads, where both are largest, decide. It has no null: being calibrated is not being good.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1175/JHM-D-14-0008.1"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Scaled members."""
        return ensemble_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared distance of the ratio from 1."""
        ratio = _ratios(truth, subject)
        return with_lost(squared_error(ratio[:, None], 1.0), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the ratio."""
        return with_lost(_ratios(truth, subject), subject["alive"], lost=np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Spread and error against lead."""
        series = []
        for role in present(tables, "subject", "floor"):
            y, x = paired(tables["truth"], tables[role])
            if not len(x):
                continue
            spread, error = (np.sqrt(v.mean(axis=(0, 2))) for v in _squares(x, y))
            lead = tables[role]["lead"][0]
            series.append(line(f"spread, {SHORT[role]}", role, lead, spread))
            series.append(line(f"error, {SHORT[role]}", role, lead, error))
        return (
            Curve(
                name="spread_error",
                title="Spread and error of the ensemble",
                kind="line",
                x_label="lead (Lyapunov times)",
                y_label="root mean square (standard deviations)",
                series=tuple(series),
                note="spread includes the factor sqrt((M + 1) / M); the two should lie on each other",
            ),
        )


def _squares(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[unit, lead, component] squared spread (as large as the error should be) and squared error of the mean."""
    m = x.shape[1]
    return fair_variance(x) * (m + 1) / m, (x.mean(axis=1) - y) ** 2


def _ratios(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[living unit] pseudo-values of spread over error."""
    y, x = paired(truth, subject)
    if not len(x):
        return np.zeros(0)
    spread, error = (v.mean(axis=(1, 2)) for v in _squares(x, y))
    return pseudo_values(
        float(_ratio(spread.mean(), error.mean())), _ratio(left_out_means(spread), left_out_means(error))
    )


def _ratio(spread: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Without any error any spread is too large; no spread and no error is a perfect match."""
    tiny = 1e-300
    return np.sqrt((spread + tiny) / (error + tiny))
