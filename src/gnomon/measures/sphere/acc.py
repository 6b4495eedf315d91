"""Does a forecast put the anomalies where they are?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.drawing import NAMES, line, over_units, present
from gnomon.measures.sphere.fields import card_of, held
from gnomon.measures.sphere.skill import forecast_table
from gnomon.measures.tables import require_truth, runs_of, with_lost
from gnomon.spec.results import Curve

LEAST = 0.05  # share of the truth's anomaly variance below which a forecast is called one without anomalies
FEWEST = 4  # forecasts from which a climatology can be told


class AnomalyCorrelation(AbstractMeasure):
    """One minus the area-weighted anomaly correlation, mean over fields and leads.

    ACC = <(x - c)(y - c)> / sqrt(<(x - c)^2> <(y - c)^2>), <.> the area mean with the card's Gauss weights (as in
    Rasp et al. 2024, doi:10.1029/2023MS004019). c is the climatology of the verification: evidence holds no other,
    so it is the mean of the truth's *other* forecasts (all leads), and its sampling noise is taken out: every
    product about c is the mean over pairs j != k of products about single other forecasts, which is unbiased
    whatever their number. With few forecasts an anomaly correlation about a plain sample mean is far too high,
    since both anomalies hold the same error of c. A forecast whose anomalies have less than 5 % of the truth's
    variance (climatology itself) counts as uncorrelated.

    What misleads: a damped forecast keeps its correlation, so nothing is said of amplitude; the starts are assumed
    to share one climate (a perpetual month, or one season): over a whole year c would hold the seasonal cycle and
    flatter everyone.

    Attributes:
        fields: variables asked for; those that the world lacks are left out.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "1"
    null: ClassVar[str] = "persistence_or_climatology"
    reference: ClassVar[str] = "10.1029/2023MS004019"

    fields: tuple[str, ...] = ("zg500", "psl", "ta850", "ua250")

    def summarise(self, evidence: Evidence) -> UnitTable:
        """[unit, field, lead, lat, lon] fields up to the horizon, in scales."""
        return forecast_table(evidence, self.fields)

    def discrepancy(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """One minus the correlation."""
        require_truth(truth)
        alive = subject["alive"]
        return with_lost(1 - anomaly_correlation(truth, subject)[alive].mean(axis=(1, 2)), alive)

    def value(self, truth: UnitTable, subject: UnitTable) -> np.ndarray:
        """The correlation itself."""
        alive = subject["alive"]
        return with_lost(anomaly_correlation(truth, subject)[alive].mean(axis=(1, 2)), alive, np.nan)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Correlation by lead for every field."""
        names = held(runs_of(evidence["truth"], "forecast"), card_of(evidence), self.fields)
        roles = present(tables, "subject", "floor", "null")
        try:
            found = {role: anomaly_correlation(tables["truth"], tables[role]) for role in roles}
        except CannotMeasure:
            return ()
        out = []
        for i, name in enumerate(names):
            series = []
            for role in roles:
                mean, twice = over_units(found[role][:, i], tables[role]["alive"])
                series.append(line(NAMES[role], role, tables[role]["days"][0], mean, spread=twice))
            out.append(
                Curve(
                    name=f"acc_{name}",
                    title=f"Anomaly correlation of {name}",
                    kind="line",
                    x_label="lead (days)",
                    y_label="anomaly correlation",
                    series=tuple(series),
                    note="about the mean of the truth's other forecasts, corrected for its noise",
                )
            )
        return tuple(out)


def anomaly_correlation(truth: UnitTable, subject: UnitTable) -> np.ndarray:
    """[unit, field, lead] correlations in -1 … 1; see `AnomalyCorrelation`."""
    y, x = truth["state"], subject["state"]
    n = len(y)
    if n < FEWEST or len(x) != n:
        raise CannotMeasure(
            f"{n} forecasts of the truth and {len(x)} of the subject; the climatology needs {FEWEST} or more, paired"
        )
    area = truth["weights"][0][:, None] / y.shape[-1]
    climate = y.mean(axis=2, dtype=float)  # [unit, field, lat, lon]: each forecast's own mean over leads
    centre = climate.mean(axis=0)
    climate = climate - centre
    squares = np.einsum("ifyx,ifyx,yx->if", climate, climate, np.broadcast_to(area, y.shape[-2:]))
    total = climate.sum(axis=0)
    out = np.empty(y.shape[:3])
    for i in range(n):
        if not subject["alive"][i]:
            out[i] = np.nan
            continue
        others = total - climate[i]
        mean = others / (n - 1)
        pairs = (np.sum(others**2 * area, axis=(-2, -1)) - (squares.sum(axis=0) - squares[i])) / (
            (n - 1) * (n - 2)
        )
        out[i] = _correlation(x[i] - centre[:, None], y[i] - centre[:, None], mean, pairs[:, None], area)
    return out


def _correlation(
    x: np.ndarray, y: np.ndarray, mean: np.ndarray, pairs: np.ndarray, area: np.ndarray
) -> np.ndarray:
    """[field, lead] of one forecast: products about two independent estimates of the climatology."""
    to = [np.einsum("flyx,fyx->fl", v, mean * area) for v in (x, y)]

    def product(a: np.ndarray, b: np.ndarray, with_a: np.ndarray, with_b: np.ndarray) -> np.ndarray:
        return np.einsum("flyx,flyx->fl", a, b * area) - with_a - with_b + pairs

    both = product(x, y, *to)
    own, true = product(x, x, to[0], to[0]), product(y, y, to[1], to[1])
    typical = np.maximum(true.mean(axis=1, keepdims=True), 1e-12)
    blank = own < LEAST * typical
    size = np.sqrt(np.maximum(own, LEAST * typical) * np.maximum(true, LEAST * typical))
    return np.where(blank, 0.0, np.clip(both / size, -1.0, 1.0))
