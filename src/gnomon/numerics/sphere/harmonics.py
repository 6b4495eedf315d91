"""Spherical harmonics of real fields on Gauss and regular grids: analysis, synthesis, truncation, interpolation.

Coefficients are complex, [..., m, l] with 0 <= m <= l <= T (zero elsewhere), of harmonics P_lm(sin lat) e^{i m lon}
whose mean square over the sphere is one, without the Condon-Shortley sign. So the area mean of f^2 is the sum over
l of |c_0l|^2 + 2 sum_{m>0} |c_ml|^2 (Parseval), and c_00 is the area mean itself.

Analysis is a Fourier transform along longitude and, for every m, a least-squares fit along latitude with the area
weights. On a Gauss grid with the Gauss weights that fit *is* the exact quadrature; on any other grid it is exact
for fields within the truncation, where a plain quadrature with cos(latitude) would not be.
"""

import functools
from typing import NamedTuple

import numpy as np

from gnomon.numerics.sphere.grid import area_weights, gauss_latitudes

CONDITION = 1e6  # of a fit along latitude: beyond it the grid cannot tell the harmonics apart
POLE = 1e-7  # radians kept from the poles, where 1 / cos(latitude) has only a limit


class Harmonics(NamedTuple):
    """What a grid and a truncation need, computed once; make it with `harmonics`.

    Attributes:
        legendre: [m, l, lat] P_lm.
        slope: [m, l, lat] dP_lm / d latitude (radians).
        inverse: [m, l, lat] least-squares inverse of `legendre`.
        weights: [lat] shares of the area.
    """

    lat: np.ndarray
    lon: np.ndarray
    weights: np.ndarray
    truncation: int
    legendre: np.ndarray
    slope: np.ndarray
    inverse: np.ndarray

    @property
    def degree(self) -> np.ndarray:
        """[l] total wavenumbers 0 … T."""
        return np.arange(self.truncation + 1)


def harmonics(
    lat: np.ndarray, lon: np.ndarray, truncation: int | None = None, weights: np.ndarray | None = None
) -> Harmonics:
    """Prepare the transform of a grid; repeated calls are free.

    Args:
        lat: ascending, degrees.
        lon: evenly spaced, degrees; any start.
        truncation: total wavenumber T; None for the largest that the grid resolves safely.
        weights: of latitudes; None for Gauss weights where the latitudes are Gauss's, else for their bands.
    """
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    top = largest_truncation(lat, lon)
    truncation = top if truncation is None else int(truncation)
    if not 0 <= truncation <= top:
        raise ValueError(
            f"truncation {truncation}: a grid of {len(lat)} latitudes and {len(lon)} longitudes holds at most {top}"
        )
    if not np.allclose(np.diff(lon), 360.0 / len(lon), atol=1e-3):
        raise ValueError("longitudes must be evenly spaced all the way round, without a repeated meridian")
    chosen = latitude_weights(lat) if weights is None else np.asarray(weights, float)
    return _prepare(tuple(lat), tuple(lon), tuple(chosen), truncation)


def largest_truncation(lat: np.ndarray, lon: np.ndarray) -> int:
    """The largest total wavenumber that latitudes and longitudes both resolve."""
    rows = len(lat) - 1 if _is_gauss(np.asarray(lat, float)) else len(lat) - 2
    return max(0, min(rows, (len(lon) - 1) // 2))


def latitude_weights(lat: np.ndarray) -> np.ndarray:
    """[lat] Gauss weights where the latitudes are Gauss's (to 0.01 degrees), else the areas of their bands."""
    lat = np.asarray(lat, float)
    return gauss_latitudes(len(lat)).weights if _is_gauss(lat) else area_weights(lat)


def analyse(h: Harmonics, x: np.ndarray) -> np.ndarray:
    """[..., m, l] coefficients of a field [..., lat, lon]."""
    return apply_rows(h.inverse, fourier(h, x))


def synthesise(h: Harmonics, c: np.ndarray) -> np.ndarray:
    """[..., lat, lon] the field of coefficients [..., m, l]."""
    return unfourier(h, apply_rows(np.swapaxes(h.legendre, 1, 2), c))


def fourier(h: Harmonics, x: np.ndarray) -> np.ndarray:
    """[..., m, lat] Fourier coefficients along longitude, m = 0 … T, about longitude 0."""
    f = np.fft.rfft(x, axis=-1)[..., : h.truncation + 1] / x.shape[-1]
    if h.lon[0] != 0:
        f = f * np.exp(-1j * np.arange(h.truncation + 1) * np.radians(h.lon[0]))
    return np.swapaxes(f, -1, -2)


def unfourier(h: Harmonics, f: np.ndarray) -> np.ndarray:
    """[..., lat, lon] the field of Fourier coefficients [..., m, lat]."""
    f = np.swapaxes(f, -1, -2)
    if h.lon[0] != 0:
        f = f * np.exp(1j * np.arange(h.truncation + 1) * np.radians(h.lon[0]))
    return np.fft.irfft(f * len(h.lon), n=len(h.lon), axis=-1)


def apply_rows(matrices: np.ndarray, x: np.ndarray) -> np.ndarray:
    """[..., m, out] a matrix of its own for every m applied to [..., m, in]."""
    lead = x.shape[:-2]
    columns = np.moveaxis(x.reshape(-1, *x.shape[-2:]), 0, -1)  # [m, in, batch]
    real = np.ascontiguousarray(columns, complex).view(float)  # pairs: real matrices do half the work
    out = np.ascontiguousarray(matrices @ real).view(complex)
    return np.moveaxis(out, -1, 0).reshape(*lead, x.shape[-2], matrices.shape[1])


def power(c: np.ndarray) -> np.ndarray:
    """[..., l] mean square of the part of each total wavenumber; the sum over l is the mean square of the field."""
    square = np.abs(c) ** 2
    return square[..., 0, :] + 2 * square[..., 1:, :].sum(axis=-2)


def truncate(c: np.ndarray, truncation: int, lowest: int = 0) -> np.ndarray:
    """The same coefficients with total wavenumbers outside lowest … truncation set to zero."""
    degree = np.arange(c.shape[-1])
    return np.where((degree >= lowest) & (degree <= truncation), c, 0)


def filtered(h: Harmonics, x: np.ndarray, truncation: int, lowest: int = 0) -> np.ndarray:
    """[..., lat, lon] the part of a field within a band of total wavenumbers."""
    return synthesise(h, truncate(analyse(h, x), truncation, lowest))


def resized(c: np.ndarray, truncation: int) -> np.ndarray:
    """[..., m, l] the same coefficients cut or padded with zeros to another truncation."""
    keep = min(c.shape[-1], truncation + 1)
    out = np.zeros((*c.shape[:-2], truncation + 1, truncation + 1), complex)
    out[..., :keep, :keep] = c[..., :keep, :keep]
    return out


def interpolate(source: Harmonics, target: Harmonics, x: np.ndarray) -> np.ndarray:
    """[..., lat, lon] a field on another grid, cut to the lower of the two truncations. Exact within it."""
    return synthesise(target, resized(analyse(source, x), target.truncation))


def legendre(truncation: int, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[m, l, lat] the functions P_lm, mean square one, and their derivatives by latitude (radians).

    Upward recurrence in l from P_mm, stable for all m <= l (Holmes and Featherstone 2002,
    doi:10.1007/s00190-002-0216-2, without their scaling: near a pole P_mm underflows to zero, rightly).
    """
    phi = np.radians(np.clip(np.asarray(lat, float), -90, 90))
    mu, cos = np.sin(phi), np.cos(phi)
    size = truncation + 2  # one more degree than asked: the derivative needs it
    p = np.zeros((size, size, len(mu)))
    p[0, 0] = 1.0
    for m in range(1, size):
        p[m, m] = np.sqrt((2 * m + 1) / (2 * m)) * cos * p[m - 1, m - 1]
    for m in range(size):
        for n in range(m + 1, size):
            before = p[m, n - 2] * _epsilon(m, n - 1) if n - 2 >= m else 0.0
            p[m, n] = (mu * p[m, n - 1] - before) / _epsilon(m, n)
    slope = np.zeros_like(p[:-1, :-1])
    safe = np.maximum(cos, POLE)
    for m in range(size - 1):
        for n in range(m, size - 1):
            above = n * _epsilon(m, n + 1) * p[m, n + 1]
            below = (n + 1) * _epsilon(m, n) * p[m, n - 1] if n > m else 0.0
            slope[m, n] = (below - above) / safe
    return p[:-1, :-1], slope


def _epsilon(m: int, n: int) -> float:
    return float(np.sqrt((n * n - m * m) / (4.0 * n * n - 1))) if n > m else 0.0


def _is_gauss(lat: np.ndarray) -> bool:
    return len(lat) > 1 and bool(np.allclose(lat, gauss_latitudes(len(lat)).lat, atol=1e-2))


@functools.lru_cache(maxsize=16)
def _prepare(
    lat: tuple[float, ...], lon: tuple[float, ...], weights: tuple[float, ...], truncation: int
) -> Harmonics:
    rows = np.array(lat)  # may be rounded to single precision, and quadrature wants Gauss's own
    phi = gauss_latitudes(len(rows)).lat if _is_gauss(rows) else rows
    phi = np.clip(phi, -90 + np.degrees(POLE), 90 - np.degrees(POLE))
    w = np.array(weights) / np.sum(weights)
    p, slope = legendre(truncation, phi)
    inverse = np.zeros_like(p)
    for m in range(truncation + 1):
        inverse[m, m:] = weighted_inverse(p[m, m:].T, w)
    for array in (p, slope, inverse):
        array.flags.writeable = False
    return Harmonics(np.array(lat), np.array(lon), w, truncation, p, slope, inverse)


def weighted_inverse(columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[column, row] the matrix that fits columns [row, column] to data by least squares with weights [row].

    Columns of zeros get no share of the data.
    """
    root = np.sqrt(np.maximum(weights, 1e-12 * np.max(weights)))[:, None]
    scaled = columns * root
    if scaled.size and np.linalg.cond(scaled[:, np.abs(scaled).max(axis=0) > 0]) > CONDITION:
        raise ValueError("the grid's latitudes cannot tell these harmonics apart; use a lower truncation")
    return np.linalg.pinv(scaled, rcond=1e-12) * root.T
