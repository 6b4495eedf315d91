r"""Sparsification: does the error fall when the pixels that are said to be the least certain are taken away?

Pixels are taken away in the order of their spread, the largest first; the curve is the mean error of those that are
left. Taken away in the order of their true errors it is the oracle's, in any order at all it is flat. AUSE, the area
between a curve and the oracle's, is 0 for a spread that ranks as the errors do (Ilg and others 2018, arXiv 1802.07095);
AURG, the area between the flat curve and a curve, is what the spread gains over chance (Poggi and others 2020,
arXiv 2005.06209). Both are divided by the mean error of all pixels.

What misleads: only the order of the spreads counts. A spread that is ten times too small has the same curve, and so has
any rising function of it (temperature and isotonic scaling change nothing but ties): whether its size is right is
asked in `numerics.spread_calibration`. Errors are random, so that even the right spread does not rank them as they
are and its AUSE is not 0: errors drawn from the spread itself say how much it would be if they were independent; where
errors of one map go together it is less. AUSE + AURG is fixed by the errors,
so that two networks with other errors are not to be compared by AUSE alone.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gnomon.spec.errors import BadData


class Sparsification(NamedTuple):
    """Of one map.

    Attributes:
        removed: share of pixels that were taken away.
        curve: mean error of the rest, in the order of the spread; 1 where nothing was taken away.
        oracle: the same in the order of the errors themselves.
        ause: area between curve and oracle.
        aurg: area between 1 and the curve; negative where the spread ranks worse than chance.
    """

    removed: Float[np.ndarray, " share"]
    curve: Float[np.ndarray, " share"]
    oracle: Float[np.ndarray, " share"]
    ause: float
    aurg: float


def sparsification(
    error: Float[np.ndarray, " pixel"], spread: Float[np.ndarray, " pixel"], *, shares: int = 20
) -> Sparsification:
    """Curves at so many shares from 0 on, and areas over every single pixel.

    Pixels of equal spread are taken away in no order: the curve is its mean over all orders of them, so that a spread
    that is the same everywhere has the flat curve exactly.
    """
    error, spread = np.asarray(error, float), np.asarray(spread, float)
    if error.ndim != 1 or not error.size or error.shape != spread.shape:
        raise BadData(
            f"error and spread must be lists of one length, they have {error.shape} and {spread.shape}"
        )
    if not (np.isfinite(error).all() and np.isfinite(spread).all() and (error >= 0).all()):
        raise BadData("errors must be finite and not negative, spreads finite")
    if error.max() == 0:
        flat = np.zeros(shares)
        return Sparsification(np.arange(shares) / shares, flat, flat, 0.0, 0.0)
    curve, oracle = _left(error, spread), _left(error, error)
    at = np.arange(shares) * len(error) // shares
    return Sparsification(
        removed=at / len(error),
        curve=curve[at],
        oracle=oracle[at],
        ause=float((curve - oracle).mean()),
        aurg=float((1 - curve).mean()),
    )


def _left(error: np.ndarray, order: np.ndarray) -> np.ndarray:
    """[taken away] mean error of what is left over the mean of all, for 0 to n - 1 pixels taken away."""
    _, group, count = np.unique(-order, return_inverse=True, return_counts=True)
    shared = np.bincount(group, error) / count  # the mean over all orders within a tie
    falling = np.repeat(shared, count)
    kept = np.cumsum(falling[::-1])[::-1]
    return kept / np.arange(len(error), 0, -1) / error.mean()
