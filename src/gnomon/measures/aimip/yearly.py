"""Years of maps, read a few at a time: sums that all criteria are made of."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gnomon.core.measure import CannotMeasure
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.tables import declared, runs_of

PIECE = 1 << 26  # bytes that are read at once
HOLES = 0.01  # share of points that a year may miss


class Sums(NamedTuple):
    """What one variable leaves behind, members averaged.

    Attributes:
        yearly: [year, lat, lon] sum over the year's steps of weight times value.
        season: [lead, lat, lon] mean over years of each step of the year; NaN where it is never there.
    """

    yearly: np.ndarray
    season: np.ndarray


def shown_years(evidence: Evidence, label: str, first: int, last: int) -> np.ndarray:
    """Places of the years of an experiment that lie in a period.

    Raises:
        CannotMeasure: where none does.
    """
    held = np.asarray(declared(evidence, "years")[label], int)
    inside = np.flatnonzero((held >= first) & (held <= last))
    if not len(inside):
        span = f"{held[0]}-{held[-1]}" if len(held) else "none"
        raise CannotMeasure(
            f"no whole year between {first} and {last} is in both sets of files (years in both: {span})"
        )
    return inside


def chosen(runs: Runs, names: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the named variables that are there."""
    found = tuple(n for n in names if n in runs.obs)
    if not found:
        raise CannotMeasure(f"experiment {runs.label!r} holds none of {', '.join(names)}")
    return found


def year_sums(field: Any, places: np.ndarray, weights: np.ndarray) -> Sums:
    """Walk through the years of a variable.

    Args:
        field: [year, member, lead, lat, lon], an array or anything that reads as one; read a few years at a time.
        places: which years.
        weights: [year of `places`, lead].
    """
    _, members, leads, *shape = field.shape
    each = members * leads * int(np.prod(shape)) * 4
    step = max(1, PIECE // each)
    yearly = np.empty((len(places), *shape))
    total, count = np.zeros((leads, *shape)), np.zeros((leads, *shape), np.int32)
    for start in range(0, len(places), step):
        block = places[start : start + step]
        x = np.asarray(field[block]).mean(axis=1, dtype=float)
        yearly[start : start + step] = np.einsum("ul,ulij->uij", weights[start : start + step], x)
        there = np.isfinite(x)
        count += there.sum(axis=0)
        total += np.where(there, x, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return Sums(yearly, np.where(count > 0, total / np.maximum(count, 1), np.nan))


def annual(field: Any, places: np.ndarray) -> Sums:
    """Means over each year (its months count alike) and the mean season."""
    leads = field.shape[2]
    return year_sums(field, places, np.full((len(places), leads), 1.0 / leads))


def blocks_of(years: int, length: int) -> np.ndarray:
    """[year] the block of consecutive years that each belongs to; years left over join the last block.

    A length of 0 takes 3 years where that leaves at least eight blocks, else 2 where it does, else 1: what is left in
    the difference of two runs under the same sea surface is mostly forgotten from one year to the next, the
    quasi-biennial oscillation and drifts are not.
    """
    length = length or next((k for k in (3, 2) if years // k >= 8), 1)
    return np.minimum(np.arange(years) // length, max(1, years // length) - 1)


def grouped(x: np.ndarray, block: np.ndarray) -> np.ndarray:
    """[block, ...] sums over the years of each block."""
    out = np.zeros((int(block.max()) + 1, *x.shape[1:]))
    np.add.at(out, block, x)
    return out


def lost_years(fields: Mapping[str, np.ndarray]) -> np.ndarray:
    """[year] whether more than a hundredth of the points that are there in most years is missing, of any variable.

    Points that are mostly missing (below the ground) do not count; a year that misses a few others is kept.
    """
    lost = np.zeros(len(next(iter(fields.values()))), bool)
    for x in fields.values():
        there = np.isfinite(x)
        usual = 2 * there.sum(axis=0) >= len(x)
        missing = (usual & ~there).reshape(len(x), -1).sum(axis=1)
        lost |= missing > HOLES * max(1, int(usual.sum()))
    return lost


def free_runs(evidence: Evidence, without: str = "") -> Runs:
    """The baseline experiment; of a null, the one in which only the named response is missing."""
    return runs_of(evidence, without if without in evidence.runs else "free")
