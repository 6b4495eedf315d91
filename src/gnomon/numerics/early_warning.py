"""Early-warning signals of a tipping point: rolling variance, memory and skewness, their trend, and its significance.

Near a fold the restoring force goes to zero, so fluctuations grow and slow down (Scheffer et al. 2009,
doi:10.1038/nature08227; methods as in Dakos et al. 2012, doi:10.1371/journal.pone.0041010).
"""

from typing import NamedTuple

import numpy as np
import scipy.ndimage
import scipy.special

from gnomon.numerics.surrogates import phase_surrogates

INDICATORS = ("variance", "ar1", "skewness")
POINTS = 100  # of an indicator whose pairs make its trend


class Indicators(NamedTuple):
    """Rolling statistics [..., window], each ending where its window ends; the first window ends at `window` values.

    Attributes:
        variance: with n - 1.
        ar1: correlation of neighbours.
        skewness: corrected for the bias of normal samples, as pandas does.
    """

    variance: np.ndarray
    ar1: np.ndarray
    skewness: np.ndarray


class Warned(NamedTuple):
    """Trends of the three indicators of each series, in the order of `INDICATORS`.

    Attributes:
        tau: [..., indicator] Kendall rank correlation with time: 1 where the indicator only rises.
        p_value: [..., indicator] share of surrogates (and the series itself) whose tau is at least as large; of the
            skewness, as far from zero.
    """

    tau: np.ndarray
    p_value: np.ndarray


def detrended(x: np.ndarray, *, bandwidth: float = 0.2) -> np.ndarray:
    """What is left of series [..., time] after a Gaussian smoother whose quartiles lie at +-0.25 bandwidths.

    What misleads: a narrow smoother takes the slow fluctuations away that the signal is made of, a wide one leaves the
    trend, which is then memory and variance; the ends are reflected.

    Args:
        x: [..., time].
        bandwidth: as a share of the record.
    """
    x = np.asarray(x, float)
    sigma = 0.25 * bandwidth * x.shape[-1] / scipy.special.ndtri(0.75)
    return x - scipy.ndimage.gaussian_filter1d(x, sigma, axis=-1, mode="reflect")


def indicators(x: np.ndarray, window: int) -> Indicators:
    """Variance, correlation of neighbours and skewness of the last `window` values, by cumulative sums.

    Args:
        x: [..., time], detrended.
        window: values, at least 4.
    """
    x = np.asarray(x, float)
    if not 4 <= window <= x.shape[-1]:
        raise ValueError(
            f"a window of {window} values in a record of {x.shape[-1]}; expected 4 or more, and no more"
        )
    x = x - x.mean(axis=-1, keepdims=True)  # squares of small numbers lose fewer digits

    def means(y: np.ndarray, n: int) -> np.ndarray:
        total = np.pad(np.cumsum(y, axis=-1), [(0, 0)] * (y.ndim - 1) + [(1, 0)])
        return (total[..., n:] - total[..., :-n]) / n

    m1, m2, m3 = (means(x**k, window) for k in (1, 2, 3))
    second = np.maximum(m2 - m1**2, 0.0)
    third = m3 - 3 * m1 * m2 + 2 * m1**3
    n = window - 1
    a, b = (means(v, n) for v in (x[..., :-1], x[..., 1:]))
    product = means(x[..., :-1] * x[..., 1:], n) - a * b
    spread = (means(x[..., :-1] ** 2, n) - a**2) * (means(x[..., 1:] ** 2, n) - b**2)
    still = second <= 1e-14 * np.maximum(m2.max(axis=-1, keepdims=True), 1e-300)
    skew = np.divide(third, second**1.5, out=np.zeros_like(third), where=~still)
    ar1 = np.divide(
        product, np.sqrt(np.maximum(spread, 0)), out=np.zeros_like(product), where=~still & (spread > 0)
    )
    return Indicators(second * window / n, ar1, skew * np.sqrt(window * n) / (window - 2))


def kendall_tau(y: np.ndarray) -> np.ndarray:
    """[...] rank correlation of y [..., time] with time: (rising - falling pairs) / all pairs."""
    y = np.asarray(y, float)
    first, second = np.triu_indices(y.shape[-1], k=1)
    return np.sign(y[..., second] - y[..., first]).mean(axis=-1)


def warned(
    x: np.ndarray, *, window: float = 0.25, bandwidth: float = 0.2, surrogates: int = 199, seed: int = 0
) -> Warned:
    """Do variance, memory or skewness rise in a record, more than in a stationary linear process of the same spectrum?

    The record is detrended, indicators are taken in rolling windows, Kendall's tau of (at most 100, evenly spaced
    values of) each is ranked among those of phase-randomised surrogates of the residuals, which are detrended once
    more. Rolling windows overlap, so tau is large by chance, which is why tau alone says nothing.
    `benchmarks/estimators.py` prints detection and false-alarm rates on a fold and on a control.

    What misleads: a false alarm comes from anything that makes fluctuations grow (stronger noise, another regime); a
    transition by noise alone, or one crossed faster than the memory, has no warning; looking only at records that did
    tip (prosecutor's fallacy); trying windows and bandwidths until one is significant.

    Args:
        x: [..., time], cut before the transition.
        window: of the record that a window holds.
        bandwidth: of the smoother, see `detrended`.
        surrogates: of each record.
        seed: of the surrogates.
    """
    residual = detrended(x, bandwidth=bandwidth)
    size = max(4, round(window * residual.shape[-1]))
    rng = np.random.default_rng(seed)
    flat = residual.reshape(-1, residual.shape[-1])
    tau, p = [], []
    for row in flat:
        own = _trends(row, size)
        others = _trends(detrended(phase_surrogates(row, surrogates, rng), bandwidth=bandwidth), size)
        beyond = others >= own
        beyond[:, 2] = np.abs(others[:, 2]) >= abs(own[2])
        tau.append(own)
        p.append((1 + beyond.sum(axis=0)) / (1 + surrogates))
    shape = (*residual.shape[:-1], len(INDICATORS))
    return Warned(np.reshape(tau, shape), np.reshape(p, shape))


def _trends(x: np.ndarray, window: int) -> np.ndarray:
    """[..., indicator] tau of each indicator, thinned."""
    found = np.stack(indicators(x, window), axis=-2)
    size = found.shape[-1]
    kept = np.unique(np.linspace(0, size - 1, min(size, POINTS)).round().astype(int))
    return kendall_tau(found[..., kept])
