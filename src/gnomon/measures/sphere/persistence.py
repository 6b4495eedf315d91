"""Is tomorrow as much like today as it should be?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, present
from gnomon.measures.sphere.fields import (
    card_of,
    daily,
    living_in,
    living_rows,
    map_figure,
    scale_of,
    shares,
    sphere,
)
from gnomon.measures.tables import each_unit, require_truth, runs_of, with_lost
from gnomon.numerics.jackknife import pseudo_values
from gnomon.spec.results import Curve

STILL = 1e-8  # of the squared scale: less variance than this is rounding


class Persistence(AbstractMeasure):
    """Squared error of the autocorrelation of daily means from one day to the next.

    r(x) = sum over units of cov(T_d, T_d+1) / sum over units of var(T), each about the unit's own mean; a point
    that does not vary has r = 1 (it is perfectly persistent). d = <(r - r_truth)^2>, <.> the area mean; the number
    a unit is the jackknife pseudo-value. Too high a persistence makes too many heat and cold waves out of the right
    variance (as Meng et al. 2025, doi:10.48550/arXiv.2507.03176, found in learned models): look here first when
    `extremes` is wrong.

    What misleads: taking out the mean of a short unit lowers r, for truth and subject alike; over prescribed
    sea-surface temperatures r is near one whatever the model does, so the room is small; r says nothing of
    amplitude.

    Attributes:
        field: the variable asked about.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.48550/arXiv.2507.03176"

    field: str = "tas"

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, point] variance and covariance from day to day."""
        card, runs = evidence.card, runs_of(evidence, "free")
        alive = living_in(runs, [self.field] if self.field in runs.obs else [])
        x = daily(card, runs, self.field)
        x = x.reshape(*x.shape[:2], -1)
        variance, covariance = np.zeros((2, len(x), x.shape[-1]))
        for i in np.flatnonzero(alive):
            a = x[i].astype(float)
            a = a - a.mean(axis=0)
            variance[i] = (a[:-1] ** 2 + a[1:] ** 2).mean(axis=0) / 2
            covariance[i] = (a[:-1] * a[1:]).mean(axis=0)
        scale = scale_of(card, self.field) ** 2
        return {
            "variance": variance / scale,
            "covariance": covariance / scale,
            "area": each_unit(shares(sphere(card)), len(x)),
            "alive": alive,
        }

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """Pseudo-values of the squared error of the autocorrelation."""
        require_truth(truth)
        alive = subject["alive"]
        area = truth["area"][0]
        x = [living_rows(subject, k) for k in ("covariance", "variance")]
        paired = len(truth["alive"]) == len(alive)
        r = [truth[k][alive] if paired else truth[k] for k in ("covariance", "variance")]
        n = len(x[0])
        if not n:
            return with_lost(np.zeros(0), alive)
        whole = _distance([v.sum(axis=0) for v in x], [v.sum(axis=0) for v in r], area)
        if n < 3:
            return with_lost(np.full(n, float(whole)), alive)
        rest = [v.sum(axis=0) - v for v in x]
        true = [v.sum(axis=0) - (v if paired else 0) for v in r]
        return with_lost(pseudo_values(float(whole), _distance(rest, true, area)), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The same."""
        return self.discrepancy(truth, subject)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Autocorrelation by latitude and as a map."""
        where = sphere(card_of(evidence))
        found = {}
        for role in present(tables, "truth", "subject", "floor"):
            if tables[role]["alive"].any():
                r = autocorrelation(
                    *(living_rows(tables[role], k).sum(axis=0) for k in ("covariance", "variance"))
                )
                found[role] = r.reshape(where.area.shape)
        series = tuple(line(NAMES[role], role, where.lat, r.mean(axis=1)) for role, r in found.items())
        out = [
            Curve(
                name="autocorrelation",
                title=f"Correlation of {self.field} from one day to the next",
                kind="line",
                x_label="latitude (degrees north)",
                y_label="autocorrelation (1)",
                series=series,
                note="zonal mean; daily means about each unit's own mean",
            )
        ]
        if "subject" in found:
            maps = {"truth": found["truth"], "subject": found["subject"]}
            maps["difference"] = maps["subject"] - maps["truth"]
            title = f"Correlation of {self.field} from one day to the next"
            out.append(map_figure("map_autocorrelation", title, where, maps, units="1"))
        return tuple(out)


def autocorrelation(covariance: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Of sums over units; 1 where nothing varies."""
    moves = variance > STILL
    return np.where(moves, covariance / np.where(moves, variance, 1.0), 1.0)


def _distance(sums: list[np.ndarray], true: list[np.ndarray], area: np.ndarray) -> np.ndarray:
    """Area mean of the squared difference; sums are (covariance, variance), [..., point]."""
    wrong = autocorrelation(*sums) - autocorrelation(*true)
    return (wrong**2 * area).sum(axis=-1)
