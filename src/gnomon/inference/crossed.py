"""The mean of units crossed with seeds: an interval that covers other units and other seeds."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gnomon.spec.errors import BadData
from gnomon.spec.results import Estimate

ROUNDING = 1e-12  # of the largest value: numbers that differ by less are the same


def crossed_estimate(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """The mean of values [unit, seed] with an interval over both, units and seeds drawn at random and crossed.

    The variance of the mean is (A + B) / (units x seeds), A the mean square between units, B between seeds, in the
    analysis of variance with two random factors; the exact estimate subtracts the mean square of their interaction and
    can fall below either part, so it is left in, which widens. Student's t with Satterthwaite's degrees of freedom
    (1946, doi:10.2307/3002019). With one seed the interval is over units alone, and `reason` says so. Values that do
    not depend on the seed have B = 0, and the interval is the ordinary one over units.

    What misleads: Satterthwaite's degrees are themselves estimated, from the two parts. With two seeds the interval can
    be too narrow: where seeds differ as much as units or more, 95 % covers about 90 % with 8 units.
    """
    x = np.asarray(values, float)
    if x.ndim != 2 or not x.size:
        raise BadData(f"expected numbers [unit, seed], got an array of shape {x.shape}")
    if not np.isfinite(x).all():
        return Estimate(value=None, level=level, n=len(x), reason="some values are not finite")
    units, seeds = x.shape
    mean = float(x.mean())
    if units < 2:
        return Estimate(value=mean, level=level, n=units, reason="one unit: its error is unknown")
    parts = [(seeds * x.mean(axis=1).var(ddof=1), units - 1)]
    if seeds > 1:
        parts.append((units * x.mean(axis=0).var(ddof=1), seeds - 1))
    total = sum(square for square, _ in parts)
    if not total > x.size * (ROUNDING * np.abs(x).max()) ** 2:
        return Estimate(value=mean, level=level, n=units, reason="no variance: every value is the same")
    freedom = total**2 / sum(square**2 / df for square, df in parts)
    stderr = float(np.sqrt(total / x.size))
    reach = float(stats.t.ppf(0.5 + level / 2, freedom)) * stderr
    return Estimate(
        value=mean, low=mean - reach, high=mean + reach, stderr=stderr, level=level, n=units,
        reason=None if seeds > 1 else "one seed: the interval is over units alone",
    )  # fmt: skip
