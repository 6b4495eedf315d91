"""Inner products of mean responses without the noise of the means: averages over pairs of different units."""

import numpy as np

from gnomon.core.measure import CannotMeasure
from gnomon.numerics.jackknife import pair_mean, pseudo_values, squared_error, standard_error

CERTAIN = 3.0  # standard errors that make a response


def cross_mean(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean of x_i . y_j over all pairs i != j, and the same without each unit in turn.

    An unbiased product of the means of x and y even where x_i and y_i share noise, such as one control run
    (Hoeffding 1948, doi:10.1214/aoms/1177730196). Two units leave no pair when one is taken out: the product then
    stands in for itself, and a single unit's plain product too.

    Args:
        x: [unit, feature].
        y: [unit, feature].
    """
    n, own = len(x), np.einsum("if,if->i", x, y)
    if n < 2:
        return float(own.sum()), own
    sx, sy = x.sum(axis=0), y.sum(axis=0)
    total = sx @ sy
    whole = (total - own.sum()) / (n * (n - 1))
    if n < 3:
        return float(whole), np.full(n, whole)
    rest = total - x @ sy - y @ sx + own - (own.sum() - own)
    return float(whole), rest / ((n - 1) * (n - 2))


def strength(x: np.ndarray, true: np.ndarray) -> np.ndarray:
    """[unit] pseudo-values of <X, R> / <R, R>: how strong a response is along the true one (1 is right)."""
    top, tops = cross_mean(x, true)
    base, bases = pair_mean(true)
    if base <= 0 or (bases <= 0).any():
        return np.full(len(x), np.nan)
    return pseudo_values(top / base, tops / bases)


def detected(x: np.ndarray) -> bool:
    """Whether the mean of [unit, feature] stands out of its noise by three standard errors of its squared norm."""
    return len(x) > 1 and bool(pair_mean(x)[0] > CERTAIN * standard_error(squared_error(x)))


def norm(x: np.ndarray) -> tuple[float, float]:
    """The norm of the mean of [unit, feature] without its noise, 0 where noise is all there is, and its standard error.

    The error is that of the squared norm over twice the norm, or over its own root near zero.
    """
    square, error = pair_mean(x)[0], standard_error(squared_error(x))
    size = float(np.sqrt(max(square, 0.0)))
    return size, float(error / (2 * max(size, np.sqrt(error) / 2))) if 0 < error < np.inf else error


def mirrored(offset: np.ndarray) -> tuple[list[int], list[int]]:
    """Indices of forcings +a, ascending, and of their mirror images -a."""
    up, down = [], []
    for i in np.flatnonzero(offset > 0):
        twin = np.flatnonzero(np.isclose(offset, -offset[i]))
        if len(twin):
            up.append(int(i))
            down.append(int(twin[0]))
    if not up:
        raise CannotMeasure("odd and even parts need forcings of both signs, and the trial declares none")
    return up, down


def through_origin(offset: np.ndarray, responses: np.ndarray) -> np.ndarray:
    """[unit, ...] slope of responses [unit, forcing, ...] against the forcing, by least squares through the origin.

    On a ladder of both signs the even part of the response cancels.
    """
    return np.tensordot(responses, offset / (offset**2).sum(), axes=(1, 0))
