"""The mean of units nested in seeds, every seed with units of its own: never surer than the units alone allow."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gnomon.spec.errors import BadData
from gnomon.spec.results import Estimate


class _Way(NamedTuple):
    """One estimate of the error of the mean: standard error and degrees of freedom."""

    stderr: float
    freedom: int


def nested_estimate(values: Sequence[ArrayLike], *, level: float = 0.95) -> Estimate:
    """The mean over seeds of each seed's mean, with the wider of two intervals.

    The scatter of the seeds' means holds everything that differs between seeds, their units included, but with three
    of them it is sometimes tiny by luck. The scatter of units within seeds is known well, and the error of the mean
    cannot be less than what it makes. Each way alone is Student's t; the wider covers at least as often as either.

    What misleads: where seeds do differ, the second way is too narrow and only the first counts, with all the
    uncertainty of few seeds. Values of heavy tails make both too narrow.
    """
    seeds = _seeds(values)
    n = sum(len(x) for x in seeds)
    if not all(np.isfinite(x).all() for x in seeds):
        return Estimate(value=None, level=level, n=n, reason="some values are not finite")
    mean = float(np.mean([x.mean() for x in seeds]))
    ways = _ways(seeds)
    if not ways:
        return Estimate(value=mean, level=level, n=n, reason="one unit: its error is unknown")
    if not any(way.stderr > 0 for way in ways):
        return Estimate(value=mean, level=level, n=n, reason="no variance: every value is the same")
    reach, way = max((float(stats.t.ppf(0.5 + level / 2, w.freedom)) * w.stderr, w) for w in ways)
    return Estimate(
        value=mean, low=mean - reach, high=mean + reach, stderr=way.stderr, level=level, n=n,
        reason=None if len(seeds) > 1 else "one seed: the interval is over units alone",
    )  # fmt: skip


def nested_p_value(values: Sequence[ArrayLike]) -> float | None:
    """Of the hypothesis that the mean is zero: the larger of the two ways'. None where there is no test."""
    seeds = _seeds(values)
    if not all(np.isfinite(x).all() for x in seeds):
        return None
    mean = float(np.mean([x.mean() for x in seeds]))
    found = [2 * float(stats.t.sf(abs(mean) / w.stderr, w.freedom)) for w in _ways(seeds) if w.stderr > 0]
    return max(found) if found else None


def _seeds(values: Sequence[ArrayLike]) -> list[np.ndarray]:
    seeds = [np.asarray(x, float) for x in values]
    if not seeds or any(x.ndim != 1 or not x.size for x in seeds):
        raise BadData(
            "expected the numbers of the units of each seed, at least one seed and one unit in each"
        )
    return seeds


def _ways(seeds: list[np.ndarray]) -> list[_Way]:
    count, n = len(seeds), sum(len(x) for x in seeds)
    ways = []
    if count > 1:
        ways.append(_Way(float(np.std([x.mean() for x in seeds], ddof=1) / np.sqrt(count)), count - 1))
    if n > count:
        # Seeds count alike whatever their number of units; the variance within is pooled.
        within = sum(((x - x.mean()) ** 2).sum() for x in seeds) / (n - count)
        ways.append(_Way(float(np.sqrt(within * sum(1 / len(x) for x in seeds)) / count), n - count))
    return ways
