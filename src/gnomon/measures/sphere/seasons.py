"""The four seasons of a run: which of its observations lie in which, and how far each season's mean is off.

A run carries no calendar: its time counts from its start. Who knows the date of the start says it. A year has 365
days, as in the worlds.
"""

from collections.abc import Callable

import numpy as np

from gnomon.core.measure import UnitTable
from gnomon.core.runs import Runs
from gnomon.measures.sphere.fields import field

YEAR = 365.0
STARTS = {"MAM": 59.0, "JJA": 151.0, "SON": 243.0, "DJF": 334.0}  # days since the first of January
SEASONS = ("DJF", "MAM", "JJA", "SON")


def season_of(day: np.ndarray) -> np.ndarray:
    """[...] index into `SEASONS` of days since some first of January."""
    order = list(STARTS)
    at = np.searchsorted(list(STARTS.values()), np.mod(day, YEAR), side="right") - 1
    return np.array([SEASONS.index(order[i]) for i in range(len(order))])[at]  # before March: the last, DJF


def seasonal_means(runs: Runs, names: tuple[str, ...], days: np.ndarray, begins: float) -> UnitTable:
    """[unit, field, point] mean over the observations in each season, under its name; a season without any is left out.

    Args:
        runs: of one model.
        names: fields.
        days: [lead] since the start of the run.
        begins: day of the year at the start of the run.
    """
    when = season_of(begins + days)
    out: UnitTable = {}
    for i, season in enumerate(SEASONS):
        if not (when == i).any():
            continue
        means = []
        for name in names:
            x = field(runs, name, np.flatnonzero(when == i))
            means.append(x.reshape(*x.shape[:2], -1).mean(axis=1, dtype=float))
        out[season] = np.stack(means, axis=1)
    return out


def portrait_by_season(
    table: UnitTable, count: int, share: np.ndarray, bias: Callable[[str, int, np.ndarray], float]
) -> tuple[tuple[str, ...], list[list[float]]]:
    """Columns of a portrait, the year and the seasons that there are, and its rows.

    Args:
        table: of one model.
        count: of fields.
        share: [point] of the area.
        bias: key of the table, field, share -> number.
    """
    keys = ("mean", *(s for s in SEASONS if s in table))
    rows = [[bias(key, i, share) for key in keys] for i in range(count)]
    return ("year", *keys[1:]), rows
