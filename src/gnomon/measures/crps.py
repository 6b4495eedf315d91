"""How good is an ensemble forecast as a distribution?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.ensembles import ensemble_table, paired
from gnomon.measures.tables import with_lost
from gnomon.spec.results import Curve


class Crps(AbstractMeasure):
    """Fair continuous ranked probability score.

    (1 / M) sum_i |x_i - y| - (1 / (2 M (M - 1))) sum_{i,j} |x_i - x_j|, over the scale, mean over components and leads
    (Ferro 2014, doi:10.1002/qj.2270). Fair: its expectation does not depend on the number of members.

    What misleads: it is a score, not a distance: the truth's own ensemble has more than zero, which is the floor; it
    can be negative for one case; beyond the limit of predictability everything that has the right climate is equal. It
    judges each component alone.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "standard deviations"
    null: ClassVar[str] = "climatological_ensemble"
    reference: ClassVar[str] = "10.1002/qj.2270"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Scaled members."""
        return ensemble_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Mean score of each unit."""
        y, x = paired(truth, subject)
        return with_lost(fair_crps(x, y).mean(axis=(1, 2)), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The score."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Score against lead."""
        series = []
        for role in present(tables, "subject", "floor", "null"):
            y, x = paired(tables["truth"], tables[role])
            mean, twice = over_units(fair_crps(x, y).mean(axis=2), np.ones(len(x), bool))
            series.append(line(NAMES[role], role, tables[role]["lead"][0], mean, spread=twice))
        return (
            Curve(
                name="crps",
                title="Fair CRPS",
                kind="line",
                x_label="lead (Lyapunov times)",
                y_label="fair CRPS (standard deviations)",
                series=tuple(series),
                note="band: two standard errors over units",
            ),
        )


def fair_crps(members: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """[unit, …] score of members [unit, member, …]; pairs through the sorted sum."""
    m = members.shape[1]
    ordered = np.sort(members, axis=1)
    weight = (2 * np.arange(1, m + 1) - m - 1).reshape(-1, *(1,) * (members.ndim - 2))
    pairs = (weight * ordered).sum(axis=1) / (m * (m - 1))
    return np.abs(members - truth[:, None]).mean(axis=1) - pairs
