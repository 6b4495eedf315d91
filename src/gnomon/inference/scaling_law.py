"""Scaling laws: error against data, size or compute, with intervals and a run that was held out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

EXPONENTS = (0.02, 4.0)
REPLICATES = 400


class ScalingLaw(NamedTuple):
    """error = floor + scale * size ** -exponent.

    Attributes:
        exponent: with `exponent_interval`, 95 % over resampled runs.
        scale: at size 1.
        floor: what no size takes away; 0 where none shows.
        held_out: the largest size, which was not fitted.
        predicted: error at that size, with `predicted_interval` for the mean of as many runs as were made there.
        observed: mean error of the runs at that size.
    """

    exponent: float
    exponent_interval: tuple[float, float]
    scale: float
    floor: float
    held_out: float
    predicted: float
    predicted_interval: tuple[float, float]
    observed: float

    @property
    def holds(self) -> bool:
        """Whether the largest run came out where the smaller ones said."""
        low, high = self.predicted_interval
        return low <= self.observed <= high


def fit_scaling_law(sizes: ArrayLike, errors: ArrayLike, *, seed: int = 0) -> ScalingLaw:
    """Fit by variable projection, the largest size held out; runs are resampled by their residuals.

    For a given exponent, floor and scale are a linear problem with positive answers, so only the exponent is searched.
    Squared *relative* errors are summed: errors span decades, and their spread grows with them.

    What misleads: an interval at a nominal 95 % covers about nine times in ten with some thirty runs. A floor and a
    small exponent look alike where sizes span less than a decade; the interval then is wide, and says so. Runs that
    diverged have no error: count them elsewhere.

    Args:
        sizes: [run] trajectories, parameters, floating-point operations …; at least four different ones.
        errors: [run] positive and finite.
        seed: of the bootstrap.
    """
    n, e = np.asarray(sizes, float), np.asarray(errors, float)
    kinds = np.unique(n)
    if n.shape != e.shape or n.ndim != 1 or len(kinds) < 4:
        raise ValueError(f"a scaling law needs runs at four sizes or more, got {len(kinds)}")
    if not (np.isfinite(e).all() and (e > 0).all() and (n > 0).all()):
        raise ValueError("sizes and errors must be positive and finite; leave out runs that diverged")
    last = kinds[-1]
    here = n == last
    exponent, scale, floor = _fit(n[~here], e[~here])
    rng = np.random.default_rng(seed)
    # Runs are drawn anew as residuals of all sizes: a few runs at one size understate their own spread.
    small = n[~here]
    mean = floor + scale * small**-exponent
    ratio = np.log(e[~here] / mean) * np.sqrt(len(small) / max(len(small) - 3, 1))
    exponents, predicted = [], []
    for _ in range(REPLICATES):
        b, a, c = _fit(small, mean * np.exp(rng.choice(ratio, len(small))))
        exponents.append(b)
        at_last = c + a * last**-b
        predicted.append(at_last * np.exp(rng.choice(ratio, int(here.sum()))).mean())
    low, high = np.percentile(exponents, [2.5, 97.5])
    ends = np.percentile(predicted, [2.5, 97.5])
    return ScalingLaw(
        exponent=exponent,
        exponent_interval=(float(low), float(high)),
        scale=scale,
        floor=floor,
        held_out=float(last),
        predicted=float(floor + scale * last**-exponent),
        predicted_interval=(float(ends[0]), float(ends[1])),
        observed=float(e[here].mean()),
    )


def _fit(n: np.ndarray, e: np.ndarray) -> tuple[float, float, float]:
    """Exponent, scale and floor: a grid of exponents, made finer about the best three times."""
    low, high = EXPONENTS
    best = (low, 0.0, 0.0)
    for _ in range(4):
        grid = np.geomspace(low, high, 40)
        scale, floor, left = _linear(n, e, grid)
        i = int(left.argmin())
        best = (float(grid[i]), float(scale[i]), float(floor[i]))
        low, high = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
    return best


def _linear(n: np.ndarray, e: np.ndarray, exponents: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[exponent] scale and floor that are not negative, and the sum of squared relative errors."""
    x, y = n ** -exponents[:, None] / e, 1 / e
    xx, xy, yy, x1, y1 = (x * x).sum(1), (x * y).sum(1), (y * y).sum(), x.sum(1), y.sum()
    det = xx * yy - xy**2
    scale, floor = (x1 * yy - y1 * xy) / det, (y1 * xx - x1 * xy) / det
    # Where the best floor would be negative it is none, and likewise the scale.
    alone = floor < 0
    scale, floor = np.where(alone, x1 / xx, scale), np.where(alone, 0.0, floor)
    flat = scale < 0
    scale, floor = np.where(flat, 0.0, scale), np.where(flat, y1 / yy, floor)
    left = ((scale[:, None] * x + floor[:, None] * y - 1) ** 2).sum(1)
    return scale, floor, left
