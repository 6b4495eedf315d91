"""Scales of time and state on an attractor: spread, period, memory, disorder of ordinal patterns, dimension."""

import numpy as np

from validation.sampling import Estimate, decorrelation, estimate


def spread_of(states: np.ndarray) -> np.ndarray:
    """[component] standard deviation about the mean over lanes and time."""
    return states.reshape(-1, states.shape[-1]).std(0)


def leading_period(series: np.ndarray, dt: float) -> Estimate:
    """Period of the strongest peak of the power spectrum of [lane, time]; jackknife error over groups of lanes.

    The spectrum is Welch's mean over half-overlapping Hann windows of an eighth of the series; the peak is refined by
    a parabola through the logarithms of three neighbours.
    """
    size = max(64, series.shape[1] // 8)
    window = np.hanning(size)
    starts = range(0, series.shape[1] - size + 1, size // 2)
    cut = np.stack([series[:, s : s + size] for s in starts], axis=1)
    cut = (cut - cut.mean(-1, keepdims=True)) * window
    power = (np.abs(np.fft.rfft(cut, axis=-1)) ** 2).mean(1)
    groups = np.array_split(np.arange(len(power)), min(8, len(power)))
    whole = _peak(power.mean(0), size * dt)
    parts = np.asarray([_peak(np.delete(power, g, axis=0).mean(0), size * dt) for g in groups])
    n = len(parts)
    # a parabola through a peak narrower than a bin places it to about a tenth of the bin
    bin_error = 0.1 * whole**2 / (size * dt)
    return Estimate(np.asarray(whole), np.sqrt((n - 1) * parts.var() + bin_error**2))


def _peak(power: np.ndarray, span: float) -> float:
    i = int(np.argmax(power[1:-1])) + 1
    if i == 0 or i >= len(power) - 1:
        return span / max(i, 1)
    a, b, c = np.log(power[i - 1 : i + 2] + 1e-300)
    bend = a - 2 * b + c
    return span / (i + (0.5 * (a - c) / bend if bend < 0 else 0.0))


def memory(series: np.ndarray, dt: float) -> Estimate:
    """First time at which the autocorrelation of [lane, time] falls below 1/e."""
    return estimate(decorrelation(series[..., None], dt))


def crossing_period(series: np.ndarray, dt: float) -> Estimate | None:
    """Twice the mean time between crossings of the mean by [lane, time]; None where some lane hardly crosses."""
    sides = series > series.mean()
    crossings = (sides[:, 1:] != sides[:, :-1]).sum(1)
    if crossings.min() < 4:
        return None
    return estimate(2 * dt * (series.shape[1] - 1) / crossings)
