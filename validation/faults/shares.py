"""Shares of resampled twins that were flagged, with intervals that know that deals of one pool share units."""

import numpy as np
from scipy import stats

from gnomon.inference.power import wilson


def share_of(marks: np.ndarray, pool: np.ndarray) -> tuple[float, float, float]:
    """A share and its interval.

    Of one pool Wilson's over its deals, and so too narrow for another pool. Of several the wider of that and Student's
    over pools; where all pools have the same share, what that number of pools can bound.

    Args:
        marks: [twin] whether it was flagged.
        pool: [twin] from which pool its units were dealt.
    """
    hits, n = int(marks.sum()), len(marks)
    low, high = wilson(hits, n)
    shares = np.array([marks[pool == i].mean() for i in np.unique(pool)])
    if len(shares) > 1 and np.ptp(shares) == 0:
        low, high = of_pools(hits / n, len(shares))
    elif len(shares) > 1:
        reach = stats.t.ppf(0.975, len(shares) - 1) * shares.std(ddof=1) / np.sqrt(len(shares))
        low, high = min(low, max(shares.mean() - reach, 0.0)), max(high, min(shares.mean() + reach, 1.0))
    return hits / n, low, high


def of_pools(share: float, pools: int) -> tuple[float, float]:
    """The interval of Clopper and Pearson (1934) with pools for trials: 95 %, for a share that all pools have.

    Deals of one pool overlap, and how alike their answers are is known only from how pools differ. Where pools do not
    differ it is not known, and Wilson's over deals would take twenty deals of a pool for twenty pools. At worst all
    deals of a pool say the same. A pool's share is at most 1, so that it is 0 with a chance of at most 1 - p where its
    mean is p, and all P pools have 0 with at most (1 - p)^P: that is what this interval asks, whatever deals share.
    """
    hits = share * pools
    low = 0.0 if hits <= 0 else float(stats.beta.ppf(0.025, hits, pools - hits + 1))
    high = 1.0 if hits >= pools else float(stats.beta.ppf(0.975, hits + 1, pools - hits))
    return low, high
