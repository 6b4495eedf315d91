"""Where does the truth fall among the members?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.ensembles import ensemble_table, paired
from gnomon.measures.tables import with_lost
from gnomon.numerics.jackknife import squared_error
from gnomon.spec.results import Curve


class RankHistogram(AbstractMeasure):
    """Distance of the rank histogram from flatness.

    With h_k the share of leads and components at which the truth has rank k among M members (k = 0 … M; a truth that
    ties with members spreads its count evenly over the ranks it could have), d = (M + 1) sum_k (h_k - 1 / (M + 1))^2 of
    the histogram averaged over units, corrected for its noise (Hamill 2001,
    doi:10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2). The number a unit is the pseudo-value: 0 in the mean for an
    ensemble that cannot be told from the truth; a truth always outside the ensemble has (M - 1) / 2.

    What misleads: a flat histogram is necessary, not sufficient; errors of opposite sign in different cases cancel;
    members rounded alike tie.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = ""
    reference: ClassVar[str] = "10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Scaled members."""
        return ensemble_table(evidence)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the noise-corrected distance from flatness."""
        h = rank_shares(*paired(truth, subject))
        bins = h.shape[1]
        return with_lost(squared_error(h * np.sqrt(bins), 1 / np.sqrt(bins)), subject["alive"])

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """The histogram beside its expectation."""
        series = []
        ranks = np.zeros(1)
        for role in present(tables, "subject", "floor"):
            h = rank_shares(*paired(tables["truth"], tables[role]))
            mean, twice = over_units(h, np.ones(len(h), bool))
            ranks = np.arange(h.shape[1])
            series.append(line(NAMES[role], role, ranks, mean, spread=twice))
        flat = np.full(len(ranks), 1 / len(ranks))
        series.append(line("expected", "truth", ranks, flat))
        return (
            Curve(
                name="ranks",
                title="Rank of the truth among the members",
                kind="bars",
                x_label="members below the truth",
                y_label="share of cases",
                series=tuple(series),
                note="a U says over-confident, a hump says over-dispersed; band: two standard errors over units",
            ),
        )


def rank_shares(truth: np.ndarray, members: np.ndarray) -> np.ndarray:
    """[unit, rank] share of cases of truth [unit, lead, component] among members [unit, member, lead, component]."""
    units, m = members.shape[:2]
    if not units:
        return np.zeros((0, m + 1))
    below = (members < truth[:, None]).sum(axis=1).reshape(units, -1)
    ties = (members == truth[:, None]).sum(axis=1).reshape(units, -1)
    share = 1.0 / (ties + 1)
    # Each case adds `share` to ranks below … below + ties: +share where it begins, -share after it ends, then sum.
    place = np.arange(units)[:, None] * (m + 2)
    change = np.bincount((place + below).ravel(), share.ravel(), units * (m + 2))
    change -= np.bincount((place + below + ties + 1).ravel(), share.ravel(), units * (m + 2))
    return np.cumsum(change.reshape(units, m + 2), axis=1)[:, : m + 1] / below.shape[1]
