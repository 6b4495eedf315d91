r"""Is a predicted spread as large as the errors are, and what makes it so?

A network tells a logarithm of depth m and a spread s. With z = (ln d - m) / s the truth d lies at the quantile u = F(z)
of the told distribution, F that of a standard Gaussian or Laplace. Where spreads are right u is uniform: a share q of
pixels lies below every q.

* *Temperature*: one factor for all spreads, that of greatest likelihood; T^2 is the mean of z^2 (Gaussian) or T that of
  |z| (Laplace). The idea is that of Guo and others (2017, arXiv 1706.04599), whose temperature divides logits.
* *Isotonic spread*: s becomes g(s), g the rising function of greatest likelihood (`numerics.isotonic`). It holds the
  temperature, g(s) = T s, as a special case, so on what both are fitted on it is never less likely.
* *Isotonic levels*: u becomes R, the rising fit of the share of pixels below it (Kuleshov, Fenner and Ermon 2018,
  arXiv 1807.00263). It mends the shape of the distribution as well, and has no spread any more. Here R is a function of
  z, which has the order of u: u itself is exactly 1 beyond 8.3 Gaussian spreads, where z goes on.

Every image weighs the same, however many of its pixels are valid. Pixels of one image are not independent: intervals
are over images.
"""

import math
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr
from scipy.stats import norm, t

from gnomon.inference.bootstrap import estimate
from gnomon.numerics.isotonic import RisingFunction, rising_fit
from gnomon.numerics.jackknife import squared_error
from gnomon.spec.errors import BadData
from gnomon.spec.identity import seed_of
from gnomon.spec.results import Estimate

Family = Literal["gaussian", "laplace"]
LEVELS = np.arange(1, 20) / 20
REPLICATES = 1999
ROUNDING = 1e-12  # shares that differ by less are the same
LEAST_SPREAD = 1e-6  # in the logarithm of depth; an isotonic spread of 0 would be certain of a few points

Images = list[np.ndarray]  # one list of valid pixels an image, of any length


def quantile_of_truth(z: np.ndarray, family: Family) -> np.ndarray:
    """The level u = F(z) of the told distribution at which the truth lies."""
    if _checked(family) == "gaussian":
        return np.asarray(ndtr(z))
    tail = 0.5 * np.exp(-np.abs(z))
    return np.where(z < 0, tail, 1 - tail)


def negative_log_density(error: np.ndarray, spread: np.ndarray, family: Family) -> np.ndarray:
    """Of each pixel's error under its spread; constants are kept."""
    if _checked(family) == "gaussian":
        return 0.5 * math.log(2 * math.pi) + np.log(spread) + 0.5 * (error / spread) ** 2
    return np.log(2 * spread) + np.abs(error) / spread


def fitted_temperature(errors: Images, spreads: Images, family: Family) -> float:
    """The factor on all spreads that makes the errors most likely."""
    power = 2 if _checked(family) == "gaussian" else 1
    moments = [float((np.abs(e / s) ** power).mean()) for e, s in zip(errors, spreads, strict=True)]
    return max(float(np.mean(moments)) ** (1 / power), LEAST_SPREAD)


def fitted_spread(errors: Images, spreads: Images, family: Family) -> RisingFunction:
    """From a told spread to one that is as large as the errors are."""
    power = 2 if _checked(family) == "gaussian" else 1
    sizes = np.abs(np.concatenate(errors)) ** power
    rising = rising_fit(np.concatenate(spreads), sizes, _weights(errors))
    return RisingFunction(rising.x, np.maximum(rising.y ** (1 / power), LEAST_SPREAD))


def fitted_levels(standardised: Images) -> RisingFunction:
    """From an error in spreads, z, to the share of pixels that lay below it; constant beyond the pixels seen."""
    z, w = np.concatenate(standardised), _weights(standardised)
    order = np.argsort(z, kind="stable")
    below = (
        np.cumsum(w[order]) - 0.5 * w[order]
    ) / w.sum()  # the middle of each pixel's step: right at both ends
    return rising_fit(z[order], below, w[order])


class Coverage(NamedTuple):
    """How often the truth lies below the told quantiles.

    Attributes:
        levels: what was told.
        observed: share of pixels below, the mean over images.
        error: mean distance of the two over levels, in shares, as it is: above 0 by chance even where all is right.
            Its interval is for the distance that endless images would give.
        squared: mean square of it without the noise of finitely many images: unbiased, may fall below 0.
    """

    levels: Float[np.ndarray, " level"]
    observed: Float[np.ndarray, " level"]
    error: Estimate
    squared: Estimate


def coverage(quantiles: Images, *, seed: int = 0) -> Coverage:
    """Coverage of all levels, with intervals over images.

    `error` has a kink where all is right: neither a jackknife nor resampled distances see its bias there. Its interval
    holds the distances that lie within the noise of `observed`, by the triangle inequality: mean |observed - expected|
    over levels, its 95 % quantile in a bootstrap of images, widened as Student's t is for few of them. So it reaches 0
    where chance can be all there is. `squared` has the bootstrap-t interval of its pseudo-values.
    """
    if not quantiles:
        raise BadData("there is no image with a valid pixel")
    below = np.array([(u[:, None] <= LEVELS).mean(axis=0) for u in quantiles])
    squares = squared_error(below, LEVELS) / len(LEVELS)
    return Coverage(LEVELS, below.mean(axis=0), _distance(below, seed), estimate(squares, seed=seed))


def _distance(below: np.ndarray, seed: int, level: float = 0.95) -> Estimate:
    """Mean |observed - told| of shares [image, level]."""
    n, observed = len(below), below.mean(axis=0)
    value = float(np.abs(observed - LEVELS).mean())
    if n < 2:
        return Estimate(value=value, level=level, n=n, reason="one unit: its error is unknown")
    rng = np.random.default_rng(seed_of("coverage error", seed))
    drawn = rng.multinomial(n, np.full(n, 1 / n), REPLICATES) @ below / n
    noise = float(np.quantile(np.abs(drawn - observed).mean(axis=1), level))
    if not noise > ROUNDING:
        return Estimate(
            value=value, level=level, n=n, reason="no variance: every image gives the same shares"
        )
    unbiased = math.sqrt(n / (n - 1))  # resampled images vary about their own mean
    reach = noise * unbiased * float(t.ppf(0.5 + level / 2, n - 1) / norm.ppf(0.5 + level / 2))
    stderr = float(np.abs(drawn - LEVELS).mean(axis=1).std()) * unbiased
    return Estimate(
        value=value, low=max(value - reach, 0.0), high=value + reach, stderr=stderr, level=level, n=n
    )


def _weights(images: Images) -> np.ndarray:
    return np.concatenate([np.full(len(pixels), 1 / len(pixels)) for pixels in images])


def _checked(family: Family) -> Family:
    if family not in ("gaussian", "laplace"):
        raise BadData(f"no family {family!r}; there are: gaussian, laplace")
    return family
