"""From a collection of files to fields of whole years on the analysis grid."""

import functools
from typing import Any, NamedTuple

import numpy as np

from gnomon.archives import Collection, packages, regrid
from gnomon.archives.names import split_level
from gnomon.engine.archive_fields import Field
from gnomon.spec.cards import Grid
from gnomon.spec.errors import BadData

MONTH_LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
THREADS = 2
OPEN_FILES = 8  # at a time
NEAR = 1e-3  # degrees between two grids that are one


class Calendar(NamedTuple):
    """Whole years of an experiment, and the calendar month of each step of a year (leap days are left out)."""

    years: np.ndarray
    months: np.ndarray


Rows = dict[int, list[np.ndarray]]  # year -> for each lead the steps in the file that it is the mean of


def monthly(array: Any) -> Rows:
    """The twelve months of every whole year; of days and hours, the steps whose mean each month is."""
    years, months = _calendar(array)
    out = {}
    for year in np.unique(years):
        own = [np.flatnonzero((years == year) & (months == m)) for m in range(1, 13)]
        if min(len(r) for r in own) > 0:
            out[int(year)] = own
    return out


def daily(array: Any) -> Rows:
    """The days of every year, without leap days, so that all years are of one length."""
    years, months = _calendar(array)
    ordinary = (months != 2) | (np.asarray(array["time"].dt.day.values, int) != 29)
    if array["time"].attrs.get("calendar") == "360_day":
        ordinary[:] = True
    return {
        int(year): [np.array([r]) for r in np.flatnonzero((years == year) & ordinary)]
        for year in np.unique(years)
    }


def calendar_of(files: Collection, experiment: str, names: tuple[str, ...], *, days: bool) -> Calendar:
    """Whole years that the first member holds of every variable, and the months of a year's steps; reads times only."""
    stored = dict.fromkeys(stored_name(files, experiment, n) for n in names)
    lists = [files.years(experiment, n, frequency="day" if days else None) for n in stored]
    years = functools.reduce(np.intersect1d, [np.array(x, int) for x in lists])
    if not days:
        return Calendar(years, np.arange(1, 13))
    lengths = [30] * 12 if files.calendar == "360_day" else MONTH_LENGTHS
    return Calendar(years, np.repeat(np.arange(1, 13), lengths))


def field_of(
    files: Collection,
    experiment: str,
    members: tuple[str, ...],
    variable: str,
    grid: Grid,
    known: Calendar,
    *,
    days: bool = False,
) -> Field:
    """One variable of an experiment as a field [year, member, lead, lat, lon]. Its files are opened when it is read."""
    opened: dict[int, tuple[Any, list[list[np.ndarray]]]] = {}

    def member(j: int) -> tuple[Any, list[list[np.ndarray]]]:
        if j not in opened:
            frequency = (
                "day" if days else files.frequency(experiment, stored_name(files, experiment, variable))
            )
            array = files.array(experiment, members[j], variable, frequency=frequency)
            rows = (daily if days else monthly)(array)
            lacking = [int(y) for y in known.years if int(y) not in rows]
            if lacking or any(len(rows[int(y)]) != len(known.months) for y in known.years):
                raise BadData(
                    f"{files.where}: {members[j]} of {experiment} does not hold {variable} over the same whole years "
                    f"as {members[0]} ({known.years[0]}-{known.years[-1]}); add what is missing or leave the member out"
                )
            opened[j] = array, [rows[int(y)] for y in known.years]
        return opened[j]

    def read(u: np.ndarray, m: np.ndarray, leads: np.ndarray) -> np.ndarray:
        lazy = []
        for j in m:
            array, rows = member(int(j))
            means = _means(array, [rows[y][k] for y in u for k in leads])
            lazy.append(_brought(means, grid).data)
        # Every open file keeps a cache of chunks, and a hundred of them are gigabytes. A scheduler of its own: inside a
        # task of a cluster the default one would send the blocks to other workers.
        with packages.xarray().set_options(file_cache_maxsize=OPEN_FILES):
            got = packages.dask().compute(*lazy, scheduler="threads", num_workers=THREADS)
        shape = (len(u), len(leads), len(grid.lat), len(grid.lon))
        return np.stack([np.asarray(x, np.float32).reshape(shape) for x in got], axis=1)

    shape = (len(known.years), len(members), len(known.months), len(grid.lat), len(grid.lon))
    return Field(shape, read)


def stored_name(files: Collection, experiment: str, variable: str) -> str:
    """The name that files hold a variable under: "ta" for "ta850", unless they hold that."""
    return variable if variable in files.variables(experiment) else split_level(variable)[0]


def _means(array: Any, rows: list[np.ndarray]) -> Any:
    """[step, lat, lon] means over groups of steps, lazily."""
    flat = np.concatenate(rows)
    if all(len(r) == 1 for r in rows):
        return array.isel(time=_run(flat))
    xr = packages.xarray()
    return xr.concat(
        [array.isel(time=_run(r)).mean("time", skipna=False, dtype=float) for r in rows], "time"
    ).astype("float32")


def _run(rows: np.ndarray) -> Any:
    """A slice where steps follow each other: dask then keeps its blocks."""
    whole = len(rows) > 0 and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows)))
    return slice(int(rows[0]), int(rows[0]) + len(rows)) if whole else rows


def _brought(array: Any, grid: Grid) -> Any:
    """On the analysis grid: as it is where it lies there already, else conservative to coarser, bilinear to finer."""
    lat, lon = np.asarray(array["lat"].values, float), np.asarray(array["lon"].values, float)
    rows = np.searchsorted(lat, np.asarray(grid.lat) - NEAR)
    if len(lon) == len(grid.lon) and rows.max() < len(lat):
        if np.allclose(lon, grid.lon, rtol=0, atol=NEAR) and np.allclose(
            lat[rows], grid.lat, rtol=0, atol=NEAR
        ):
            return array.isel(lat=_run(rows))
    spacing = abs(grid.lat[1] - grid.lat[0])
    return regrid(array, grid, method="conservative" if len(lat) >= 0.9 * 180 / spacing else "bilinear")


def _calendar(array: Any) -> tuple[np.ndarray, np.ndarray]:
    if "time" not in array.dims:
        raise BadData(f"{array.name} has no axis of time; expected monthly or daily means")
    time = array["time"].dt
    return np.asarray(time.year.values, int), np.asarray(time.month.values, int)
