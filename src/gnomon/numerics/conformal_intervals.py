"""Split-conformal intervals: how wide an interval must be so that it holds the truth as often as it says.

Scores |y - forecast| of n cases that were not fitted; the k-th smallest with k = ceil((n + 1) level) is the
half-width. A further case that is exchangeable with the n is covered with probability at least `level`, and at most
level + 1 / (n + 1) without ties, whatever the forecast and the distribution (Vovk, Gammerman and Shafer 2005,
doi:10.1007/b106715; Lei et al. 2018, doi:10.1080/01621459.2017.1307116).
"""

import math

import numpy as np
from jaxtyping import Float
from scipy.stats import betabinom

from gnomon.spec.errors import BadSpec


def conformal_rank(cases: int, level: float) -> int:
    """k: the smallest score that n exchangeable cases allow; n + 1 where they are too few, for no finite one does."""
    if not 0.0 < level < 1.0:
        raise BadSpec(f"a level of coverage lies between 0 and 1, got {level}")
    # 0.8 * 10 must be 8 and not, by rounding, a little more
    return min(math.ceil((cases + 1) * level - 1e-9), cases + 1)


def conformal_radius(scores: Float[np.ndarray, "case *rest"], level: float) -> Float[np.ndarray, "*rest"]:
    """Half-width of the interval at every remaining index; infinite where there are too few cases for the level."""
    rank = conformal_rank(len(scores), level)
    if rank > len(scores):
        return np.full(scores.shape[1:], np.inf)
    return np.sort(scores, axis=0)[rank - 1]


def coverage_bounds(cases: int, tests: int, level: float, *, alpha: float = 0.05) -> tuple[float, float]:
    """Where the empirical coverage of exchangeable tests lies with probability 1 - alpha.

    Given the n cases, coverage is a draw of Beta(k, n + 1 - k) (Vovk 2012, arXiv:1209.2673), so the number of covered
    tests is beta-binomial: the chance of the cases counts as well as that of the tests.
    """
    rank = conformal_rank(cases, level)
    if rank > cases:
        return 1.0, 1.0
    law = betabinom(tests, rank, cases + 1 - rank)
    return float(law.ppf(alpha / 2)) / tests, float(law.ppf(1 - alpha / 2)) / tests
