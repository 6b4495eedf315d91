"""Walk a lazy array in time, a few blocks at a time, and come back with small tables of NumPy.

Blocks are those the array was opened with, whatever the number of workers; each is reduced by itself in double
precision and the parts are added up here in the order of time. So one worker, two, or a cluster give the same
numbers to the last bit, and memory holds a few blocks and the table.

A point that is missing (NaN) in any step of a mean is missing in the mean: what is left of a year is not the year.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from gnomon.archives import calendars, packages
from gnomon.spec.errors import BadData

Progress = Callable[[int, int], None]
"""Called with the blocks that are done and all of them."""


class Piece(NamedTuple):
    """Where and when one block lies.

    Attributes:
        start: index of its first step.
        stop: index after its last step.
        years: of its steps.
        months: of its steps.
        days: length of the time that each step stands for (28 to 31 for months, else 1).
    """

    start: int
    stop: int
    years: np.ndarray
    months: np.ndarray
    days: np.ndarray


class Yearly(NamedTuple):
    """One value a year: `values` [year, ...] of `years` [year]."""

    years: np.ndarray
    values: np.ndarray


class Monthly(NamedTuple):
    """One value a month: `values` [month, ...] with its `years` [month] and `months` [month]."""

    years: np.ndarray
    months: np.ndarray
    values: np.ndarray


def walk(
    array: Any, reduce: Callable[[np.ndarray, Piece], Any], *, workers: int = 2, client: Any = None,
    progress: Progress | None = None,
) -> Iterator[tuple[Piece, Any]]:  # fmt: skip
    """Reduce every block of time by a function and hand back the results in the order of time.

    Args:
        array: lazy, with the axis time, as from `Collection.array`.
        reduce: (values [time, ...], piece) -> anything small; it runs in a thread or on a worker of the cluster.
        workers: threads, where no client is given.
        client: of a `dask.distributed` cluster.
        progress: told after every few blocks.
    """
    dask, all_pieces, done = packages.dask(), pieces(array), 0
    data = array.data if array.chunks else packages.dask().array.from_array(array.values, chunks=-1)
    width = max(1, 2 * (sum(client.nthreads().values()) if client is not None else workers))
    for first in range(0, len(all_pieces), width):
        batch = all_pieces[first : first + width]
        tasks = [dask.delayed(reduce, pure=False)(data[p.start : p.stop], p) for p in batch]
        if client is not None:
            results = client.gather(client.compute(tasks))
        else:
            results = dask.compute(*tasks, scheduler="threads", num_workers=workers)
        done += len(batch)
        if progress is not None:
            progress(done, len(all_pieces))
        yield from zip(batch, results, strict=True)


def pieces(array: Any) -> list[Piece]:
    """The blocks of an array in time."""
    if "time" not in array.dims or array.dims[0] != "time":
        raise BadData(f"{array.name}: a scan needs time as the first axis; it has {array.dims}")
    years, months = array["time"].dt.year.values, array["time"].dt.month.values
    calendar = str(array["time"].attrs.get("calendar", array["time"].dt.calendar))
    days = _lengths(array, years, months, calendar)
    sizes = array.chunks[array.dims.index("time")] if array.chunks else (array.sizes["time"],)
    edges = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    return [Piece(int(a), int(b), years[a:b], months[a:b], days[a:b]) for a, b in itertools.pairwise(edges)]


def between(array: Any, first: int, last: int) -> Any:
    """The steps of the years first to last, both included; lazily."""
    years = array["time"].dt.year.values
    kept = np.flatnonzero((years >= first) & (years <= last))
    if not kept.size:
        raise BadData(f"{array.name}: no time in {first}-{last}; it has {years.min()}-{years.max()}")
    return array.isel(time=slice(int(kept[0]), int(kept[-1]) + 1))


def yearly_means(
    array: Any, *, of: Callable[[np.ndarray], np.ndarray] | None = None, partial: bool = False, **how: Any
) -> Yearly:
    """Means of calendar years; months count by their days.

    Args:
        array: lazy.
        of: a function of the values [time, ...] whose mean is taken, as in `lambda x: x < 1e-5` for dry days.
        partial: whether years that the array does not hold whole are kept; they are dropped otherwise.
        **how: workers, client, progress; see `walk`.
    """
    sums: dict[int, Any] = {}
    for _, part in walk(array, _Sums(of, by_month=False), **how):
        _add(sums, part)
    whole = set(_whole(array)) if not partial else set(sums)
    kept = [y for y in sorted(sums) if y in whole]
    if not kept:
        raise BadData(f"{array.name}: it holds no whole year")
    return Yearly(np.array(kept), np.stack([sums[y][1] / sums[y][0] for y in kept]))


def monthly_means(array: Any, *, of: Callable[[np.ndarray], np.ndarray] | None = None, **how: Any) -> Monthly:
    """Means of calendar months, from data of any frequency."""
    sums: dict[int, Any] = {}
    for _, part in walk(array, _Sums(of, by_month=True), **how):
        _add(sums, part)
    keys = np.array(sorted(sums))
    return Monthly(keys // 12, keys % 12 + 1, np.stack([sums[k][1] / sums[k][0] for k in keys]))


def monthly_climatology(array: Any, **how: Any) -> np.ndarray:
    """[12, ...] means of January to December over all years; NaN for a month that never comes."""
    sums: dict[int, Any] = {}
    for _, part in walk(array, _Sums(None, by_month=True), **how):
        for key in sorted(part):
            _add(sums, {key % 12: part[key]})
    shape = next(iter(sums.values()))[1].shape
    return np.stack([sums[m][1] / sums[m][0] if m in sums else np.full(shape, np.nan) for m in range(12)])


def within_month_std(array: Any, **how: Any) -> Yearly:
    """Standard deviation, over each year, of the steps about the mean of their own month: day-to-day weather.

    sqrt( Σ_days (x - mean of its month)² / days of the year ), the quantity of AIMIP's E4. Months that lie in several
    blocks are merged by the rule of Chan, Golub and LeVeque (1983), doi:10.1080/00031305.1983.10483115.
    """
    open_months: dict[int, tuple[float, np.ndarray, np.ndarray]] = {}
    totals: dict[int, tuple[float, np.ndarray]] = {}
    for _, part in walk(array, _moments, **how):
        for key, value in part.items():
            open_months[key] = _merged(open_months[key], value) if key in open_months else value
        _close(open_months, totals, before=max(part))
    _close(open_months, totals, before=None)
    kept = [y for y in sorted(totals) if y in set(_whole(array))] or sorted(totals)
    return Yearly(np.array(kept), np.stack([np.sqrt(totals[y][1] / totals[y][0]) for y in kept]))


def projections(array: Any, design: np.ndarray, **how: Any) -> np.ndarray:
    """[k, ...]: Σ_t design[t, k] x[t, ...], what a linear regression on any number of series needs of the data.

    With D the design, the coefficients are solve(DᵀD, projections).

    Args:
        array: lazy.
        design: [time, k].
        **how: workers, client, progress; see `walk`.
    """
    design = np.asarray(design, float)
    if design.ndim != 2 or len(design) != array.sizes["time"]:
        raise BadData(f"a design of shape {design.shape} for {array.sizes['time']} steps; expected [time, k]")
    total = None
    for _, part in walk(array, _Project(design), **how):
        total = part if total is None else total + part
    assert total is not None
    return total


class _Sums(NamedTuple):
    """Weighted sums of a block by year, or by year and month (key = 12 year + month - 1)."""

    of: Callable[[np.ndarray], np.ndarray] | None
    by_month: bool

    def __call__(self, x: np.ndarray, piece: Piece) -> dict[int, tuple[float, np.ndarray]]:
        key = piece.years * 12 + piece.months - 1 if self.by_month else piece.years
        x = np.asarray(x if self.of is None else np.where(np.isnan(x), np.nan, self.of(x)), float)
        found = {}
        for k in np.unique(key):
            here = key == k
            days = piece.days[here].astype(float)
            found[int(k)] = (float(days.sum()), _dot(days, x[here]))
        return found


class _Project(NamedTuple):
    """Projection of a block on its rows of the design."""

    design: np.ndarray

    def __call__(self, x: np.ndarray, piece: Piece) -> np.ndarray:
        rows = self.design[piece.start : piece.stop]
        x = np.asarray(x, float)
        return np.stack([_dot(rows[:, k], x) for k in range(rows.shape[1])])


def _dot(weights: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Σ_t w_t x_t one step after the other: a BLAS may order its sums by its number of threads."""
    total = np.zeros(x.shape[1:])
    for w, values in zip(weights, x, strict=True):
        total += w * values
    return total


def _moments(x: np.ndarray, piece: Piece) -> dict[int, tuple[float, np.ndarray, np.ndarray]]:
    key = piece.years * 12 + piece.months - 1
    found = {}
    for k in np.unique(key):
        values = np.asarray(x[key == k], float)
        mean = values.mean(0)
        found[int(k)] = (float(len(values)), mean, ((values - mean) ** 2).sum(0))
    return found


def _close(months: dict[int, Any], totals: dict[int, Any], before: int | None) -> None:
    """Move months to which nothing more can come into the sums of their years, in the order of time."""
    for key in sorted(k for k in months if before is None or k < before):
        count, _, squares = months.pop(key)
        _add(totals, {key // 12: (count, squares)})


def _merged(a: tuple[float, Any, Any], b: tuple[float, Any, Any]) -> tuple[float, Any, Any]:
    count, apart = a[0] + b[0], b[1] - a[1]
    return count, a[1] + apart * b[0] / count, a[2] + b[2] + apart**2 * a[0] * b[0] / count


def _add(sums: dict[int, Any], part: dict[int, tuple[float, np.ndarray]]) -> None:
    for key, (days, total) in part.items():
        before = sums.get(key)
        sums[key] = (days, total) if before is None else (before[0] + days, before[1] + total)


def _whole(array: Any) -> tuple[int, ...]:
    """Years of which an array holds every step."""
    years, months = array["time"].dt.year.values, array["time"].dt.month.values
    calendar = str(array["time"].attrs.get("calendar", array["time"].dt.calendar))
    numbers = years * 12 + months
    monthly = len(numbers) > 1 and (np.diff(numbers) == 1).all()
    each = "mon" if monthly else frequency(array)
    found, counts = np.unique(years, return_counts=True)
    return tuple(
        int(y) for y, n in zip(found, counts, strict=True) if n == calendars.steps_in(int(y), calendar, each)
    )


def frequency(array: Any) -> str:
    """The word of CMIP for the spacing of an array in time."""
    times = array["time"].values
    if len(times) < 2:
        return "fx"
    gap = np.median([_in_days(b - a) for a, b in itertools.pairwise(times[:10])])
    return min(calendars.STEPS, key=lambda s: abs(np.log(max(gap, 1e-6) / s[1])))[0]


def _in_days(delta: Any) -> float:
    return (
        float(delta / np.timedelta64(1, "D"))
        if isinstance(delta, np.timedelta64)
        else delta.total_seconds() / 86400
    )


def _lengths(array: Any, years: np.ndarray, months: np.ndarray, calendar: str) -> np.ndarray:
    if frequency(array) != "mon":
        return np.ones(len(years))
    return np.array(
        [calendars.days_of_month(int(y), int(m), calendar) for y, m in zip(years, months, strict=True)], float
    )
