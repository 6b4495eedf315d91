"""E4: does the weather within a month vary as it should?"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.aimip.criterion import AbstractCriterion, table_of
from gnomon.measures.aimip.drawing import figures
from gnomon.measures.aimip.yearly import PIECE, chosen
from gnomon.measures.sphere.steady import grid_of
from gnomon.measures.tables import declared, runs_of
from gnomon.spec.results import Curve

DRY = 1.0 / 86_400.0  # kg m-2 s-1: one millimetre a day


class Daily(AbstractCriterion):
    """Criterion E4 of AIMIP Phase 1: the spread of daily means about their month's mean, and the share of dry days.

    s(x) = standard deviation over the days of a month of (daily mean - mean of that month), members averaged; a day
    is dry below 1 mm. The number is <(s - s_reference)^2> over the mean of s_reference^2, the same for the share of
    dry days, averaged over variables and corrected for noise. A unit is a calendar month of a year: the days of one
    month say little of the weather of the next. AIMIP asks for the days of 1979 (and 2024), that is for 12 (24)
    units. The null keeps the year's first day for ever (`frozen`): no spread, and each place dry always or never.

    What misleads: a spread of one month is noisy where single storms make it; the share of dry days hangs on the
    grid, and coarse grids drizzle.

    Attributes:
        variables: which, as far as both sets of files hold them by the day.
        first: year.
        last: year.
        dry: rain below which a day is dry, kg m-2 s-1.
    """

    version: ClassVar[int] = 1
    units: ClassVar[str] = "squared spreads"
    null: ClassVar[str] = "frozen"
    reference: ClassVar[str] = "10.48550/arXiv.2605.06944"
    scale_key: ClassVar[str] = ""
    what: ClassVar[str] = "daily spread"
    per: ClassVar[str] = ""

    variables: tuple[str, ...] = ("tas", "pr", "psl", "zg500")
    first: int = 1979
    last: int = 2024
    dry: float = DRY

    def summarise(self, evidence: Evidence) -> UnitTable:
        """Spreads of every month."""
        runs = runs_of(evidence, "daily")
        held = np.asarray(declared(evidence, "years")["daily"], int)
        places = np.flatnonzero((held >= self.first) & (held <= self.last))
        if not len(places):
            raise CannotMeasure(
                f"no whole year of days between {self.first} and {self.last} is in both sets of files"
            )
        months = np.asarray(declared(evidence, "months"), int)
        if len(months) != len(runs.time):
            raise CannotMeasure("days without a calendar month")
        sums: dict[str, np.ndarray] = {}
        for name in chosen(runs, self.variables):
            spread, dry = _by_month(runs.obs[name], places, months, self.dry)
            sums[name] = spread
            if name == "pr":
                sums["pr dry days"] = dry
        when = np.repeat(held[places], len(np.unique(months)))
        return table_of(grid_of(evidence), sums, np.ones(len(when)), when, block=1)

    def curves(self, tables: Mapping[str, UnitTable], evidence: Mapping[str, Evidence]) -> tuple[Curve, ...]:
        """Root-mean-square errors of every variable in its own units, and maps."""
        return figures(tables, evidence["truth"].card, what=self.what, per=self.per)


def _by_month(
    field: Any, places: np.ndarray, months: np.ndarray, dry: float
) -> tuple[np.ndarray, np.ndarray]:
    """[month of all years, lat, lon] standard deviations over days and shares of dry days, means over members."""
    words = np.unique(months)
    shape = (len(places), len(words), *field.shape[3:])
    spread, share = np.empty(shape), np.empty(shape)
    members = max(1, PIECE // (31 * int(np.prod(field.shape[3:])) * 4))
    for i, place in enumerate(places):
        for k, word in enumerate(words):
            days = np.flatnonzero(months == word)
            span = slice(int(days[0]), int(days[-1]) + 1)
            got, low, count = 0.0, 0.0, field.shape[1]
            for start in range(0, count, members):
                x = np.asarray(field[place : place + 1, start : start + members, span])[0].astype(float)
                got = got + x.std(axis=1).sum(axis=0)
                low = low + np.where(np.isfinite(x), x < dry, np.nan).mean(axis=1).sum(axis=0)
            spread[i, k], share[i, k] = got / count, low / count
    return spread.reshape(-1, *shape[2:]), share.reshape(-1, *shape[2:])
