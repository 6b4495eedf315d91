"""Crossings of a level: how often they happen, how long a series stays above, and what Gaussian theory says of both."""

from typing import NamedTuple

import numpy as np


def above(x: np.ndarray, level: np.ndarray | float = 0.0, *, band: float = 0.0) -> np.ndarray:
    """[..., time] whether a series is above a level, along the last axis.

    With a band a change of side counts only once the series is `band` beyond the level, so that small noise about the
    level makes no crossings (a Schmitt trigger). What lies inside the band keeps the side it came from, and before
    the first clear value the side of that value.
    """
    x, level = np.asarray(x, float), np.asarray(level, float)
    high = x > level
    if band <= 0:
        return high
    clear = np.abs(x - level) > band
    last = np.maximum.accumulate(np.where(clear, np.arange(x.shape[-1]), -1), axis=-1)
    first = clear.argmax(axis=-1)[..., None]
    return np.take_along_axis(high, np.where(last >= 0, last, first), axis=-1)


def up_crossings(x: np.ndarray, level: np.ndarray | float = 0.0, *, band: float = 0.0) -> np.ndarray:
    """[...] how often a series passes a level from below."""
    high = above(x, level, band=band)
    return (high[..., 1:] & ~high[..., :-1]).sum(axis=-1)


def natural_time(x: np.ndarray, step: float, *, band: float = 0.1) -> np.ndarray:
    """[...] mean time between two upward crossings of a series' own mean, in units of `step`; inf where it has none.

    The band is in standard deviations of the series. For a periodic series with one maximum a period this is the
    period; for a chaotic flow the time that ordinal patterns are measured in (Weck et al. 2015,
    doi:10.1103/PhysRevE.91.023101, choose a delay; PECCARY, arXiv 2407.11970, the time).

    What misleads: a series of several humps a period (or of several scales) is given the time of its crossings, not
    its longest period; a drifting series crosses its mean once, however it oscillates about the drift.
    """
    x = np.asarray(x, float)
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = centred.std(axis=-1, keepdims=True)
    unit = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    high = above(unit, band=band)
    up = high[..., 1:] & ~high[..., :-1]
    count = up.sum(axis=-1)
    first = up.argmax(axis=-1)
    last = up.shape[-1] - 1 - up[..., ::-1].argmax(axis=-1)
    return np.where(count > 1, step * (last - first) / np.maximum(count - 1, 1), np.inf)


class Durations(NamedTuple):
    """Lengths of the stays of one series above a level and of those below, in samples; stays cut off are left out."""

    above: np.ndarray
    below: np.ndarray


def durations(x: np.ndarray, level: float = 0.0, *, band: float = 0.0) -> Durations:
    """How many samples in a row a series [time] spends on each side of a level.

    The first and last stays are left out: the ends of the record cut them. What misleads: long stays are cut more
    often than short ones, so in a record of few stays the rest is too short.
    """
    high = above(x, level, band=band)
    turns = np.flatnonzero(np.diff(high.astype(np.int8))) + 1
    lengths, sides = np.diff(turns), high[turns[:-1]]
    return Durations(lengths[sides], lengths[~sides])


def survival(lengths: np.ndarray, times: np.ndarray) -> np.ndarray:
    """[time] share of stays that last longer than each time; NaN without any stay."""
    ordered = np.sort(np.asarray(lengths, float))
    if not ordered.size:
        return np.full(np.shape(times), np.nan)
    return 1 - np.searchsorted(ordered, times, side="right") / ordered.size


def persistence(x: np.ndarray, level: float = 0.0) -> np.ndarray:
    """[lag] probability that a stationary series [..., time] stays on its side of a level for k steps, k = 0 ...

    Q(k) = P(no change of side in k steps), from every start in the record: a stay of n samples holds n - k of the
    starts that survive k steps. Pooled over leading axes.
    """
    high = np.atleast_2d(above(x, level))
    size = high.shape[-1]
    total = np.zeros(size)
    for row in high.reshape(-1, size):
        edges = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1], [True]]))
        total += _surviving(np.diff(edges), size)
    return total / (len(high.reshape(-1, size)) * (size - np.arange(size)))


def time_in_long_stays(high: np.ndarray, longer: np.ndarray) -> np.ndarray:
    """[..., k] share of the time that is spent in stays of more than `longer` samples, of high [..., time].

    Stays cut off by the ends of the record count with the length that is seen.
    """
    rows = high.reshape(-1, high.shape[-1])
    padded = np.zeros((len(rows), rows.shape[1] + 2), np.int8)
    padded[:, 1:-1] = rows
    change = np.diff(padded, axis=1)
    row, begin = np.nonzero(change == 1)
    lengths = np.nonzero(change == -1)[1] - begin  # ends come in the same order, row by row
    longer = np.asarray(longer)
    passed = np.searchsorted(longer, lengths)  # so many of the given lengths are shorter
    weight = np.bincount(
        row * (len(longer) + 1) + passed, weights=lengths, minlength=len(rows) * (len(longer) + 1)
    ).reshape(len(rows), -1)
    found = np.cumsum(weight[:, :0:-1], axis=1)[:, ::-1] / rows.shape[1]
    return found.reshape(*high.shape[:-1], len(longer))


def _surviving(lengths: np.ndarray, size: int) -> np.ndarray:
    """[k] sum over stays of max(length - k, 0), by two reversed cumulative sums."""
    longer = np.cumsum(np.bincount(lengths, minlength=size + 1)[::-1])[::-1]  # stays of at least k samples
    return np.cumsum(longer[:0:-1])[::-1]  # sum over j > k of the stays of at least j


def rice_rate(variance: float, slope_variance: float, level: float = 0.0) -> float:
    """Upward crossings of a level in unit time by a smooth stationary Gaussian process of mean zero.

    nu = sqrt(slope variance / variance) / (2 pi) * exp(-level^2 / (2 variance)); the slope variance is -C''(0)
    (Rice 1944, doi:10.1002/j.1538-7305.1944.tb00874.x). What misleads: a process without a slope (Ornstein-Uhlenbeck)
    has infinitely many crossings; sampled, it has `sampled_rate`.
    """
    return float(np.sqrt(slope_variance / variance) / (2 * np.pi) * np.exp(-(level**2) / (2 * variance)))


def sampled_rate(correlation: float | np.ndarray) -> np.ndarray:
    """Changes of sign between neighbours of a sampled Gaussian process: arccos(correlation) / pi of them.

    Exact for any Gaussian process of mean zero (Sheppard's orthant probability); `correlation` is that of neighbours,
    as exp(-step / memory) for Ornstein-Uhlenbeck.
    """
    return np.arccos(np.asarray(correlation, float)) / np.pi


def clipped_correlation(correlation: np.ndarray) -> np.ndarray:
    """Correlation of the signs of a Gaussian process of mean zero: (2 / pi) arcsin(correlation)."""
    return 2 / np.pi * np.arcsin(np.clip(correlation, -1.0, 1.0))


def ou_persistence(times: np.ndarray, memory: float = 1.0) -> np.ndarray:
    """P(no change of sign until t) of a continuous Ornstein-Uhlenbeck process: (2 / pi) arcsin(exp(-t / memory)).

    Exact (Slepian 1962, doi:10.1002/j.1538-7305.1962.tb02419.x). A sampled path misses crossings, and its persistence
    comes near this only as the square root of the step.
    """
    return 2 / np.pi * np.arcsin(np.exp(-np.asarray(times, float) / memory))


def interval_probabilities(correlation: np.ndarray) -> np.ndarray:
    """[n] probability that a stay lasts n = 0, 1, ... samples, by the independent-interval approximation.

    Stays are taken to be independent of one another. With A(k) the correlation of the signs k steps apart, mu the mean
    stay, f the wanted probabilities and hats for sums over z^k, renewal theory gives

        (1 - f^) / (1 + f^) = mu (1 - z)^2 [1 / (1 - z) - A^] / (2 z),    mu = 2 / (1 - A(1)),

    solved power by power. Exact where the signs are an alternating renewal process (white noise, for one); else an
    approximation whose error is not known beforehand, and probabilities may then come out slightly negative.
    McFadden 1958 (doi:10.1109/TIT.1958.1057438); Majumdar, Sire, Bray and Cornell 1996
    (doi:10.1103/PhysRevLett.77.2867); in whole steps here, derived anew.

    Args:
        correlation: [lag] of the Gaussian process itself at 0, 1, ... steps; the first is 1.
    """
    change = np.diff(clipped_correlation(correlation))
    mean = -2 / change[0]
    g = -mean / 2 * np.diff(change)  # of the powers 1, 2, ...; that of the power 0 is 1
    f = np.zeros(len(g) + 1)
    for k in range(1, len(f)):
        f[k] = -(g[k - 1] + f[1:k] @ g[: k - 1][::-1]) / 2
    return f


def interval_persistence(correlation: np.ndarray) -> np.ndarray:
    """[k] P(no change of sign in k = 0, 1, ... steps) of a sampled Gaussian process; see `interval_probabilities`."""
    f = interval_probabilities(correlation)
    rate = (1 - clipped_correlation(correlation)[1]) / 2
    longer = 1 - np.concatenate([[0.0], np.cumsum(f[1:-1])])  # stays of at least 1, 2, ... samples
    return 1 - np.concatenate([[0.0], np.cumsum(rate * longer)])
