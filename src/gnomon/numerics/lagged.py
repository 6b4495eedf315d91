"""Correlation of series with one another at any delay, and how long a series remembers itself."""

import numpy as np
import scipy.fft


def lagged_correlation(x: np.ndarray, y: np.ndarray, lags: np.ndarray, *, scaled: bool = True) -> np.ndarray:
    """[..., lag] correlation of x(t) with y(t + lag) along the last axis; a positive lag means that x leads.

    r(k) = sum over pairs of (x(t) - mean x)(y(t + k) - mean y) / (number of pairs), over the product of standard
    deviations of the whole series where `scaled`. Dividing by the number of pairs makes it unbiased but for the means;
    its noise grows towards the longest lags. All lags at once by Fourier transform.

    What misleads: the mean of a short run is taken from that run, which pulls every correlation down by about
    (memory / length); a common trend or a common season is correlation too.

    Args:
        x: [..., time].
        y: of the same length, with leading axes that broadcast.
        lags: [lag] whole numbers of steps of either sign, shorter than the series.
        scaled: whether to divide by the standard deviations; covariances if not.
    """
    lags = np.asarray(lags, int)
    size = x.shape[-1]
    if y.shape[-1] != size or np.abs(lags).max(initial=0) >= size:
        raise ValueError(
            f"lags up to {np.abs(lags).max(initial=0)} of series of {size} and {y.shape[-1]} values; expected equal "
            "lengths and shorter lags"
        )
    x = x - x.mean(axis=-1, keepdims=True)
    y = y - y.mean(axis=-1, keepdims=True)
    room = scipy.fft.next_fast_len(size + int(np.abs(lags).max(initial=0)), real=True)
    product = np.conj(np.fft.rfft(x, room)) * np.fft.rfft(y, room)
    found = np.fft.irfft(product, room)[..., lags % room] / (size - np.abs(lags))
    if not scaled:
        return found
    norm = np.sqrt((x**2).mean(axis=-1) * (y**2).mean(axis=-1))[..., None]
    return np.divide(found, norm, out=np.zeros_like(found), where=norm > 0)


def decorrelation_time(correlation: np.ndarray, step: float = 1.0) -> np.ndarray:
    """[...] integral of the squared autocorrelation from minus to plus the last lag, in units of `step`.

    tau = step (1 + 2 sum over lags k >= 1 of r(k)^2): the time after which products of two values are new, in
    Bartlett's formula for the noise of an estimated variance or correlation. The square makes it converge for
    oscillations as well. For r = exp(-t / T) it is T; the usual integral of r itself is 2 T, and is
    zero or negative for oscillations.

    What misleads: noise of r beyond the memory adds (number of lags) x (variance of r): give lags of a few memories.

    Args:
        correlation: [..., lag] at 0, 1, 2 ... steps, 1 first.
        step: time between two lags.
    """
    return step * (2 * (np.asarray(correlation) ** 2).sum(axis=-1) - 1)
