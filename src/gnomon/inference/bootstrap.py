"""The mean of one number a unit, with a bootstrap-t interval."""

import numpy as np
from numpy.typing import ArrayLike

from gnomon.inference.resample import mean_of_first, studentise
from gnomon.spec.errors import BadData
from gnomon.spec.results import Estimate


def estimate(values: ArrayLike, *, seed: int, level: float = 0.95) -> Estimate:
    """The mean over units and its bootstrap-t interval.

    Values that are not finite (units without a number, as after a divergence) are left out and counted in `reason`.
    One unit, or units without variance, have a value and no interval: an error bar of one unit is None, not 0.
    """
    array = one_a_unit(values, "values")
    finite = array[np.isfinite(array)]
    dropped = len(array) - len(finite)
    note = f"{dropped} of {len(array)} units left out: not finite" if dropped else None
    if not len(finite):
        return Estimate(value=None, level=level, n=0, reason="no unit has a finite value")
    scale = size_of(finite)
    got = studentise([finite / scale], mean_of_first, seed=seed, level=level)
    reason = "; ".join(r for r in (note, got.reason) if r) or None
    return Estimate(
        value=got.value * scale,
        low=None if got.low is None else got.low * scale,
        high=None if got.high is None else got.high * scale,
        stderr=None if got.stderr is None else got.stderr * scale,
        level=level,
        n=len(finite),
        reason=reason,
    )


def one_a_unit(values: ArrayLike, name: str) -> np.ndarray:
    """A 1-D float array with at least one unit, or an error that says what came instead."""
    array = np.asarray(values, float)
    if array.ndim != 1 or not len(array):
        raise BadData(
            f"{name}: expected one number a unit (1-D, at least one), got an array of shape {array.shape}"
        )
    return array


def size_of(*arrays: np.ndarray) -> float:
    """A power of two near the largest number: dividing by it is exact and keeps squares from over- or underflow."""
    largest = max((float(np.max(np.abs(a[np.isfinite(a)]), initial=0.0)) for a in arrays), default=0.0)
    return float(2.0 ** np.floor(np.log2(largest))) if largest > 0 else 1.0
