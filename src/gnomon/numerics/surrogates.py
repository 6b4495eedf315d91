"""Surrogate data: series with the same linear properties, against which a statistic is ranked.

Theiler et al. 1992 (doi:10.1016/0167-2789(92)90102-S); Schreiber and Schmitz 1996 (doi:10.1103/PhysRevLett.77.635).
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from scipy.spatial import KDTree

Statistic = Callable[[np.ndarray], np.ndarray]
Side = Literal["low", "high", "both"]


def phase_surrogates(x: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """[surrogate, ..., time] series with the power spectrum of x and random phases.

    Null: a stationary linear Gaussian process. What misleads: the record is taken to be periodic, so a jump from its
    last to its first value becomes power at all frequencies: cut it where they match (`matched_ends`).

    Args:
        x: [..., time].
        count: of surrogates, each with phases of its own.
        rng: of the phases.
    """
    x = np.asarray(x, float)
    size = x.shape[-1]
    f = np.fft.rfft(x, axis=-1)
    turn = np.exp(2j * np.pi * rng.random((count, *f.shape)))
    turn[..., 0] = 1.0
    if size % 2 == 0:
        turn[..., -1] = np.where(np.real(turn[..., -1]) < 0, -1.0, 1.0)  # real, else variance is lost
    return np.fft.irfft(f * turn, n=size, axis=-1)


def iaaft_surrogates(
    x: np.ndarray, count: int, rng: np.random.Generator, *, iterations: int = 200
) -> np.ndarray:
    """[surrogate, time] shuffles of x with nearly its power spectrum (iterated amplitude-adjusted Fourier transform).

    Null: a stationary linear Gaussian process seen through any monotone function. Alternately the spectrum is imposed
    and the values are put back by rank, until no rank changes; values are exact, the spectrum nearly.

    Args:
        x: [time].
        count: of surrogates, each from a shuffle of its own.
        rng: of the shuffles.
        iterations: at most.
    """
    x = np.asarray(x, float)
    values, power = np.sort(x), np.abs(np.fft.rfft(x))
    found = rng.permuted(np.broadcast_to(x, (count, len(x))), axis=1)
    ranks = np.zeros(found.shape, int)
    for _ in range(iterations):
        f = np.fft.rfft(found, axis=1)
        size = np.abs(f)
        shaped = np.fft.irfft(np.where(size > 0, f / np.maximum(size, 1e-300), 1.0) * power, n=len(x), axis=1)
        new = shaped.argsort(axis=1, kind="stable").argsort(axis=1)
        found = values[new]
        if (new == ranks).all():
            break
        ranks = new
    return found


def matched_ends(x: np.ndarray, *, most: float = 0.1) -> np.ndarray:
    """The part of a series [time] whose ends match best in value and slope; at most a tenth is cut off, by default."""
    x = np.asarray(x, float)
    cut = max(1, int(most * len(x) / 2))
    head, tail = np.arange(cut), len(x) - 1 - np.arange(cut)
    jump = (x[head][:, None] - x[tail - 1][None, :]) ** 2 + (x[head + 1][:, None] - x[tail][None, :]) ** 2
    i, j = np.unravel_index(int(jump.argmin()), jump.shape)
    # the last two points are those that the first two repeat
    return x[head[i] : tail[j] - 1]


def reversal_asymmetry(x: np.ndarray, lag: int = 1) -> np.ndarray:
    """[...] skewness of the changes over a lag: mean((x(t + lag) - x(t))^3) / mean((x(t + lag) - x(t))^2)^1.5.

    Zero for every process that is the same when time is reversed, as all linear Gaussian ones are.
    """
    change = x[..., lag:] - x[..., :-lag]
    squares = (change**2).mean(axis=-1)
    cubes = (change**3).mean(axis=-1)
    return np.divide(cubes, squares**1.5, out=np.zeros_like(cubes), where=squares > 0)


def prediction_error(
    x: np.ndarray, *, dimension: int = 3, delay: int = 1, ahead: int = 1, neighbours: int = 5, apart: int = 10
) -> np.ndarray:
    """[...] root-mean-square error of forecasts by the mean fate of the nearest delay vectors, over the deviation of x.

    Locally constant prediction (Schreiber and Schmitz 1997, doi:10.1103/PhysRevE.55.5443, find it the most powerful of
    many statistics); vectors less than `apart` samples away in time are no neighbours. 1 is no skill.
    """
    x = np.asarray(x, float)
    rows = x.reshape(-1, x.shape[-1])
    return np.asarray(
        [_forecast_error(row, dimension, delay, ahead, neighbours, apart) for row in rows]
    ).reshape(x.shape[:-1])


class Ranked(NamedTuple):
    """A statistic of a series among those of its surrogates.

    Attributes:
        value: of the series.
        surrogates: of each surrogate.
        p_value: share of the surrogates and the series itself that are at least as extreme; never 0.
    """

    value: float
    surrogates: np.ndarray
    p_value: float


def rank_test(value: float, surrogates: np.ndarray, side: Side = "both") -> Ranked:
    """The rank of a statistic among its surrogates.

    Exact under the null, where the series and its surrogates can be exchanged (Theiler and Prichard 1996,
    doi:10.1016/0167-2789(96)00050-4): with M surrogates one-sided levels are multiples of 1 / (M + 1).
    """
    surrogates = np.asarray(surrogates, float)
    low = (1 + (surrogates <= value).sum()) / (1 + len(surrogates))
    high = (1 + (surrogates >= value).sum()) / (1 + len(surrogates))
    p = {"low": low, "high": high, "both": min(1.0, 2 * min(low, high))}[side]
    return Ranked(float(value), surrogates, float(p))


def surrogate_test(
    x: np.ndarray,
    statistic: Statistic,
    *,
    count: int = 99,
    method: Literal["phase", "iaaft"] = "iaaft",
    side: Side = "both",
    seed: int = 0,
) -> Ranked:
    """Is a series [time] more than a linear process? A statistic ranked among surrogates of the end-matched series.

    What misleads: rejection says that the null is wrong, not that there is chaos: a changing mean or variance, or a
    static but non-monotone observation, reject as well.

    Args:
        x: [time].
        statistic: of series along the last axis, as `reversal_asymmetry` and `prediction_error` (use side "low").
        count: of surrogates: 99 for a two-sided level of .02.
        method: how they are made.
        side: on which the series must lie to be called extreme.
        seed: of the surrogates.
    """
    x = matched_ends(x)
    rng = np.random.default_rng(seed)
    make = phase_surrogates if method == "phase" else iaaft_surrogates
    return rank_test(float(statistic(x)), statistic(make(x, count, rng)), side)


def _forecast_error(
    x: np.ndarray, dimension: int, delay: int, ahead: int, neighbours: int, apart: int
) -> float:
    count = len(x) - (dimension - 1) * delay - ahead
    vectors = np.stack([x[i * delay : i * delay + count] for i in range(dimension)], axis=1)
    fate = x[(dimension - 1) * delay + ahead :]
    asked = min(count, neighbours + 2 * apart - 1)  # so many may be too near in time
    _, found = KDTree(vectors).query(vectors, k=asked)
    far = np.abs(found - np.arange(count)[:, None]) >= apart
    kept = far & (np.cumsum(far, axis=1) <= neighbours)
    guess = (fate[found] * kept).sum(axis=1) / np.maximum(kept.sum(axis=1), 1)
    return float(np.sqrt(np.mean((guess - fate) ** 2)) / max(x.std(), 1e-300))
