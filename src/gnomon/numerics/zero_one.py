"""The 0-1 test for chaos: no embedding, no equations, one number near 0 or near 1."""

from typing import NamedTuple

import numpy as np
import scipy.fft

RANGE = (np.pi / 5, 4 * np.pi / 5)  # of the frequencies: away from resonances at 0 and pi
SHARE = 10  # of the record: the longest step


class ZeroOne(NamedTuple):
    """The test's answer for each series.

    Attributes:
        value: [...] median K over frequencies: near 0 for regular, near 1 for chaotic motion.
        low, high: [...] quartiles over frequencies; far apart where the record is too short or resonances abound.
        every: [..., frequency] K of each.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    every: np.ndarray


def zero_one(x: np.ndarray, *, frequencies: int = 100, seed: int = 0) -> ZeroOne:
    """The modified test of Gottwald and Melbourne (2009, doi:10.1137/080718851), along the last axis.

    With z_c(n) = sum over k <= n of x(k) exp(i k c), M_c(n) = mean over j of |z_c(j + n) - z_c(j)|^2 and the part
    V_c(n) = mean(x)^2 (1 - cos n c) / (1 - cos c), K_c = correlation of M_c - V_c with n = 1 ... length / 10. M grows
    for chaos as in a random walk, and is bounded for periodic and quasi-periodic motion. K = median over c drawn evenly
    between pi/5 and 4 pi/5, where none of them may meet a resonance.

    What misleads: a flow sampled densely looks regular, so take one value every decorrelation time or so; noise gives 1
    as chaos does; weak chaos needs long records; two frequencies in a thousand values are still a slow drift.

    Args:
        x: [..., time] series; at least some hundred values.
        frequencies: how many c; the same for all series.
        seed: of c.
    """
    x = np.asarray(x, float)
    if x.shape[-1] < 10 * SHARE:
        raise ValueError(f"{x.shape[-1]} values; the 0-1 test needs at least {10 * SHARE}")
    c = np.random.default_rng(seed).uniform(*RANGE, frequencies)
    flat = x.reshape(-1, x.shape[-1])
    every = np.stack([_correlations(row, c) for row in flat]).reshape(*x.shape[:-1], frequencies)
    low, value, high = np.quantile(every, [0.25, 0.5, 0.75], axis=-1)
    return ZeroOne(value, low, high, every)


def mean_square_displacement(x: np.ndarray, c: np.ndarray) -> np.ndarray:
    """[frequency, n] M_c(n) - V_c(n) for n = 1 ... length / 10 of one series.

    |z(j + n) - z(j)|^2 = |z(j + n)|^2 + |z(j)|^2 - 2 Re z(j + n) conj z(j): sums of squares by cumulative sums, the
    product by Fourier transform.
    """
    size = len(x)
    most = size // SHARE
    starts = size - most
    n = np.arange(1, most + 1)
    z = np.cumsum(x * np.exp(1j * np.outer(c, np.arange(1, size + 1))), axis=1)
    z -= z.mean(axis=1, keepdims=True)  # displacements do not change, and squares lose fewer digits
    squares = np.pad(np.cumsum(np.abs(z) ** 2, axis=1), ((0, 0), (1, 0)))
    first = squares[:, starts : starts + 1]
    later = squares[:, n + starts] - squares[:, n]
    room = scipy.fft.next_fast_len(size)
    product = np.fft.fft(z, room) * np.conj(np.fft.fft(z[:, :starts], room))
    cross = np.fft.ifft(product)[:, n].real
    oscillation = x.mean() ** 2 * (1 - np.cos(np.outer(c, n))) / (1 - np.cos(c))[:, None]
    return (first + later - 2 * cross) / starts - oscillation


def _correlations(x: np.ndarray, c: np.ndarray) -> np.ndarray:
    """[frequency] correlation of the displacement with n; 0 for a series that stands still."""
    spread = x.std()
    if not spread > 1e-12 * (np.abs(x).max() + 1e-300):
        return np.zeros(len(c))
    moved = mean_square_displacement(x / spread, c)
    moved = moved - moved.mean(axis=1, keepdims=True)
    n = np.arange(moved.shape[1]) - (moved.shape[1] - 1) / 2
    return moved @ n / np.sqrt((moved**2).sum(axis=1) * (n**2).sum())
