"""E2: does the climate drift as the real one did?"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gnomon.core.measure import UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.aimip.bias import VARIABLES
from gnomon.measures.aimip.criterion import AbstractCriterion, table_of
from gnomon.measures.aimip.drawing import figures, shown_units
from gnomon.measures.aimip.yearly import annual, chosen, free_runs, shown_years
from gnomon.measures.drawing import line, present
from gnomon.measures.sphere.steady import grid_of
from gnomon.measures.tables import declared
from gnomon.numerics.sphere.grid import area_mean
from gnomon.spec.results import Curve


class Trend(AbstractCriterion):
    """Criterion E2 of AIMIP Phase 1: maps of linear trends, and the trend of global annual means.

    With t the year less the mean year, b(x) = sum t X / sum t^2 of annual means X, per decade. The number is <(b -
    b_reference)^2> over the mean square of the reference's b from single blocks of years, averaged over variables
    and corrected for the noise of both; trends of global means are in the figure. A unit is a block of years. The
    null has no trend (`no_response`).

    What misleads: the reference's own b holds chance, most at high latitudes and over short periods, so the null
    and a perfect model lie less than 1 apart; a trend that comes with El Nino's dates counts as a trend.

    Attributes:
        variables: which, as far as both sets of files hold them.
        first: year.
        last: year.
        block: years a unit; 0 to choose.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "squared trends"
    null: ClassVar[str] = "no_response"
    reference: ClassVar[str] = "10.48550/arXiv.2605.06944"
    scale_key: ClassVar[str] = ""
    what: ClassVar[str] = "trend"
    per: ClassVar[str] = " / decade"

    variables: tuple[str, ...] = VARIABLES
    first: int = 1979
    last: int = 2024
    block: int = 0

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Products of decades and annual means less their mean over years."""
        runs = free_runs(evidence, without="no trend")
        places = shown_years(evidence, "free", self.first, self.last)
        years = np.asarray(declared(evidence, "years")["free"], float)[places]
        decades = (years - years.mean()) / 10
        grid = grid_of(evidence)
        sums, globe = {}, []
        for name in chosen(runs, self.variables):
            anomalies = _anomalies(annual(runs.obs[name], places).yearly)
            sums[name] = decades[:, None, None] * anomalies
            globe.append(_globe(anomalies, np.asarray(grid.weights)))
        table = table_of(grid, sums, decades**2, years.astype(int), block=self.block)
        units = len(table["alive"])
        told = {"globe": np.array(globe), "years": years}  # [variable, year]: alike for all units
        return table | {k: np.broadcast_to(v, (units, *v.shape)) for k, v in told.items()}

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Maps, and the global annual means themselves."""
        card = evidence["truth"].card
        made = []
        for i, name in enumerate(map(str, tables["truth"]["names"][0][:2])):
            factor, units = shown_units(name, card)
            series = []
            for role in present(tables, "truth", "subject", "floor"):
                years, x = tables[role]["years"][0], factor * tables[role]["globe"][0, i]
                known = np.isfinite(x)
                slope = 10 * np.polyfit(years[known], x[known], 1)[0] if known.sum() > 1 else float("nan")
                series.append(line(f"{role}: {slope:+.3g} {units} / decade", role, years, x))
            made.append(
                Curve(
                    name=f"{name}_globe", title=f"global annual mean of {name}", kind="line", x_label="year",
                    y_label=f"anomaly ({units})", series=tuple(series),
                )
            )  # fmt: skip
        return (*figures(tables, card, what=self.what, per=self.per), *made)


def _anomalies(means: np.ndarray) -> np.ndarray:
    """[year, lat, lon] less the mean of the years that are there."""
    there = np.isfinite(means)
    count = there.sum(axis=0)
    usual = np.where(there, means, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(there, means - usual, np.nan)


def _globe(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[year] area means over points that are there in most years; NaN for a year that misses one of them."""
    usual = 2 * np.isfinite(x).sum(axis=0) >= len(x)
    if not usual.any():
        return np.full(len(x), np.nan)
    return area_mean(np.where(usual, x, 0.0), weights, usual)
