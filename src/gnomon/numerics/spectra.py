"""Power spectra in time and space, and derivatives on a periodic line, all along given axes of NumPy arrays."""

import numpy as np
from scipy.ndimage import gaussian_filter1d


def welch(x: np.ndarray, step: float, *, segment: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """One-sided power spectral density along the last axis, averaged over half-overlapping Hann segments.

    Each segment loses its mean first. Integrated over frequency the density gives the variance
    (Welch 1967, doi:10.1109/TAU.1967.1161901).

    Args:
        x: [..., time].
        step: time between two values.
        segment: values in a segment; shortened to the series where that is shorter.

    Returns:
        Frequencies [frequency] in cycles a time unit, and the density [..., frequency].
    """
    size = min(segment, x.shape[-1])
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    norm = step / np.sum(window**2)
    starts = range(0, x.shape[-1] - size + 1, max(1, size // 2))
    power: np.ndarray | float = 0.0
    for start in starts:
        piece = x[..., start : start + size]
        piece = (piece - piece.mean(axis=-1, keepdims=True)) * window
        f = np.fft.rfft(piece, axis=-1)
        power = power + (f.real**2 + f.imag**2)
    density = np.asarray(power) * (norm / len(starts))
    density[..., 1 : (-1 if size % 2 == 0 else None)] *= 2
    return np.fft.rfftfreq(size, step), density


def log_bands(first: float, last: float, count: int) -> np.ndarray:
    """Edges of `count` bands of equal width in the logarithm, from `first` to just beyond `last`."""
    return np.geomspace(first, last * (1 + 1e-9), count + 1)


def band_means(
    coordinate: np.ndarray, density: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean density of the points in each band; empty bands are left out.

    Args:
        coordinate: [frequency], increasing.
        density: [..., frequency].
        edges: [band + 1].

    Returns:
        Mean coordinate [band], mean density [..., band].
    """
    which = np.digitize(coordinate, edges) - 1
    inside = [which == b for b in range(len(edges) - 1)]
    inside = [mask for mask in inside if mask.any()]
    centres = np.array([coordinate[mask].mean() for mask in inside])
    return centres, np.stack([density[..., mask].mean(axis=-1) for mask in inside], axis=-1)


def space_power(x: np.ndarray) -> np.ndarray:
    """Variance in each wavenumber 0 … N/2 along the last, periodic axis: mean of x^2 = the sum over wavenumbers."""
    size = x.shape[-1]
    f = np.fft.rfft(x, axis=-1)
    power = (f.real**2 + f.imag**2) / size**2
    power[..., 1 : (-1 if size % 2 == 0 else None)] *= 2
    return power


def smoothed_shape(power: np.ndarray, *, width: float = 20.0) -> np.ndarray:
    """A spectrum smoothed by a Gaussian of `width` bins (kernel of 4 widths, reflected ends) with sum 1.

    A spectrum without any power belongs to a series that stands still; its power is put at frequency zero.
    """
    power = np.array(power, float)
    still = power.sum(axis=-1) <= 0
    power[still, 0] = 1.0
    smooth = gaussian_filter1d(power, width, axis=-1, mode="reflect", truncate=4.0)
    return smooth / smooth.sum(axis=-1, keepdims=True)


def derivative(x: np.ndarray, order: int, length: float) -> np.ndarray:
    """The derivative along the last axis, periodic over `length`, by Fourier transform."""
    size = x.shape[-1]
    wave = 2j * np.pi * np.fft.rfftfreq(size, length / size)
    factor = wave**order
    if order % 2 and size % 2 == 0:
        factor[-1] = 0.0  # the sine of the shortest wave is not seen by the grid
    return np.fft.irfft(np.fft.rfft(x, axis=-1) * factor, n=size, axis=-1)
