"""Squared error of a coefficient, without the noise of it, from sums over independent blocks of time."""

import numpy as np

from gnomon.core.measure import CannotMeasure
from gnomon.numerics.jackknife import pseudo_values

SMALLEST = 1e-9
"""Share of the weight of all pairs below which a part of them is none: what rounding leaves of a zero."""


def pair_error(products: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[unit] pseudo-values of |b|^2 for a regression coefficient b, corrected for the noise of b.

    With D_i the sum over block i of (regressor times error) and Q_i that of the squared regressor, b = sum D / sum Q is
    the least-squares coefficient of the error, and

        U = sum over i != j of D_i . D_j / sum over i != j of Q_i Q_j

    estimates |b|^2: where blocks are independent, no product holds the square of a block's own noise. A regressor of
    ones makes b the mean error and U the statistic of `numerics.jackknife.pair_mean`. Fewer than three blocks leave no
    pair when one is taken out: U then stands in for itself, and for a single block it is the plain square.

    What misleads: a mean that was removed from the series beforehand leaves a correlation of -1/n between blocks, and
    with it 1/n of the noise that would have been there.

    Args:
        products: [unit, feature] D.
        weights: [unit] Q, not negative.

    Raises:
        CannotMeasure: where the regressor vanishes in so many blocks that no pair is left when one is taken out, as
            in three years, of which a trend gives the middle one no weight.
    """
    x, q = np.asarray(products, float), np.asarray(weights, float)
    n = len(x)
    if n == 0:
        return np.zeros(0)
    squares = np.einsum("if,if->i", x, x)
    if n == 1 and q[0] > 0:
        return squares / q**2
    total = x.sum(axis=0)
    both, all_squares = float(total @ total), float(squares.sum())
    pairs = q.sum() ** 2 - (q**2).sum()
    if pairs <= SMALLEST * q.sum() ** 2:
        raise CannotMeasure(_too_few(q))
    whole = (both - all_squares) / pairs
    if n < 3:
        return np.full(n, whole)
    rest = both - 2 * (x @ total) + squares - (all_squares - squares)
    left = (q.sum() - q) ** 2 - ((q**2).sum() - q**2)
    if left.min() <= SMALLEST * pairs:
        raise CannotMeasure(_too_few(q))
    return pseudo_values(whole, rest / left)


def _too_few(weights: np.ndarray) -> str:
    some = int((weights > SMALLEST * max(1e-300, float(weights.max()))).sum())
    return f"only {some} of {len(weights)} blocks of time tell of it; at least 3 must"


def coefficient(products: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[feature] b = sum D / sum Q."""
    return np.asarray(products, float).sum(axis=0) / np.asarray(weights, float).sum()
