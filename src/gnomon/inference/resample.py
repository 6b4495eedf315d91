"""Studentised resampling of units: one bootstrap-t for every smooth function of means.

A *column* is a 1-D array with one number a unit. Columns of equal length are taken to describe the same units and
are resampled together, so that what they share (the same starts, the same pooled truth) stays shared; columns of
different length are resampled independently of each other. Resampling jointly is right for independent columns too:
their estimated covariance is then noise about zero.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gnomon.spec.identity import seed_of

REPLICATES = 1999  # (REPLICATES + 1) times 0.005, 0.025 … are whole numbers: quantiles are order statistics
ROUNDING = 1e-13  # what is smaller than this share of its own terms is cancellation, not information
_BLOCK = 4_000_000  # draws held in memory at once


class Moments(NamedTuple):
    """Means of k columns and the estimated covariance of these means; leading axes are replicates."""

    means: np.ndarray
    covariance: np.ndarray


Statistic = Callable[
    [np.ndarray], tuple[np.ndarray, np.ndarray]
]  # means [..., k] -> value [...], gradient [..., k]


class Studentised(NamedTuple):
    """A statistic with its delta-method error and its bootstrap-t interval.

    Attributes:
        reason: why there is no interval; None when there is one.
        pivots: [replicate] (value* - value) / stderr*, sorted; empty where there is no error.
    """

    value: float
    stderr: float | None
    low: float | None
    high: float | None
    reason: str | None
    pivots: np.ndarray


def studentise(
    columns: Sequence[np.ndarray],
    statistic: Statistic,
    *,
    seed: int,
    level: float,
    replicates: int = REPLICATES,
) -> Studentised:
    """The bootstrap-t interval of a smooth function of means.

    The standard error is that of the influence function, `sqrt(g' S g)` with g the gradient and S the covariance of
    the means; it is computed anew in every replicate. Rows are sorted first, so the order of units does not matter.
    """
    groups = _groups(columns)
    value_, stderr_ = _evaluate(_sample(columns, groups), statistic)
    value, stderr = float(value_), float(stderr_)
    smallest = min(len(c) for c in columns)
    none = np.empty(0)
    if smallest < 2:
        return Studentised(value, None, None, None, "one unit: its error is unknown", none)
    if not stderr > 0:
        reason = "no variance: every unit gives the same number, so no error can be estimated"
        return Studentised(value, None, None, None, reason, none)
    rng = np.random.default_rng(seed_of("bootstrap", seed))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        values, stderrs = _evaluate(_resample(columns, groups, replicates, rng), statistic)
        pivots = (values - value) / stderrs
    upper, lower = pivot_quantile(pivots, 0.5 + level / 2), pivot_quantile(pivots, 0.5 - level / 2)
    if not (np.isfinite(upper) and np.isfinite(lower)):
        reason = (
            f"too few units that differ (n = {smallest}): some resamples hold a single value, so no interval"
        )
        return Studentised(value, stderr, None, None, reason, np.sort(pivots))
    return Studentised(value, stderr, value - upper * stderr, value - lower * stderr, None, np.sort(pivots))


def pivot_quantile(pivots: np.ndarray, probability: float) -> float:
    """An order statistic of the pivots; an undefined pivot (0/0) counts against us, at whichever end is asked for."""
    sure = np.sort(np.where(np.isnan(pivots), np.inf if probability > 0.5 else -np.inf, pivots))
    rank = round((len(sure) + 1) * probability) - 1
    return float(sure[min(max(rank, 0), len(sure) - 1)])


def mean_of_first(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The statistic "mean of the first column"."""
    gradient = np.zeros_like(means)
    gradient[..., 0] = 1.0
    return means[..., 0], gradient


def difference_of_two(means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The statistic "mean of the first column minus mean of the second"."""
    gradient = np.zeros_like(means)
    gradient[..., 0], gradient[..., 1] = 1.0, -1.0
    return means[..., 0] - means[..., 1], gradient


def _groups(columns: Sequence[np.ndarray]) -> list[list[int]]:
    """Indices of columns that are resampled together: those of equal length."""
    lengths = list(dict.fromkeys(len(c) for c in columns))
    return [[i for i, c in enumerate(columns) if len(c) == n] for n in lengths]


def _table(columns: Sequence[np.ndarray], group: list[int]) -> np.ndarray:
    """[unit, column of the group], rows in a canonical order."""
    table = np.stack([columns[i] for i in group], axis=1)
    return table[np.lexsort(table.T)]


def _centred(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column means and deviations; what a constant leaves after subtracting its mean is rounding, and is dropped."""
    centre = table.mean(axis=0)
    centred = table - centre
    constant = np.abs(centred).max(axis=0) <= ROUNDING * np.abs(table).max(axis=0)
    return centre, np.where(constant, 0.0, centred)


def _sample(columns: Sequence[np.ndarray], groups: list[list[int]]) -> Moments:
    k = len(columns)
    means, covariance = np.zeros(k), np.zeros((k, k))
    for group in groups:
        table = _table(columns, group)
        n = len(table)
        means[group], centred = _centred(table)
        covariance[np.ix_(group, group)] = centred.T @ centred / (n * max(n - 1, 1))
    return Moments(means, covariance)


def _resample(
    columns: Sequence[np.ndarray], groups: list[list[int]], replicates: int, rng: np.random.Generator
) -> Moments:
    k = len(columns)
    means, covariance = np.zeros((replicates, k)), np.zeros((replicates, k, k))
    for group in groups:
        table = _table(columns, group)
        n, g = table.shape
        centre, centred = _centred(table)
        products = (centred[:, :, None] * centred[:, None, :]).reshape(n, g * g)
        place = np.asarray(group)
        block = max(1, _BLOCK // n)
        for start in range(0, replicates, block):
            rows = slice(start, min(start + block, replicates))
            counts = _counts(rows.stop - start, n, rng)
            shift = counts @ centred / n
            second = (counts @ products / n).reshape(-1, g, g)
            spread = (second - shift[:, :, None] * shift[:, None, :]) / (n - 1)
            # A resample of one unit only has no spread; what is left of it is rounding.
            spread[counts.max(axis=1) == n] = 0.0
            means[rows, place] = centre + shift
            covariance[rows, place[:, None], place] = spread
    return Moments(means, covariance)


def _counts(replicates: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """[replicate, unit] how often each unit is drawn in n draws with replacement."""
    drawn = rng.integers(n, size=(replicates, n)) + n * np.arange(replicates)[:, None]
    return np.bincount(drawn.ravel(), minlength=replicates * n).reshape(replicates, n).astype(float)


def _evaluate(moments: Moments, statistic: Statistic) -> tuple[np.ndarray, np.ndarray]:
    value, gradient = statistic(moments.means)
    variance = np.einsum("...i,...ij,...j->...", gradient, moments.covariance, gradient)
    terms = np.einsum("...i,...ij,...j->...", np.abs(gradient), np.abs(moments.covariance), np.abs(gradient))
    variance = np.where(variance > ROUNDING * terms, variance, 0.0)
    return np.asarray(value), np.sqrt(variance)
