"""The Gaussian grid of a truncation, and how a field on another grid is brought to it."""

from typing import NamedTuple

import numpy as np
from scipy.special import assoc_legendre_p_all

POINTS = {21: (32, 64), 31: (48, 96), 42: (64, 128)}  # truncation -> latitudes, longitudes


class Gauss(NamedTuple):
    """A Gaussian grid.

    Attributes:
        lat: degrees north, from south to north.
        lon: degrees east, from 0.
        weights: share of the sphere that a row of each latitude stands for; they sum to 1.
    """

    lat: np.ndarray
    lon: np.ndarray
    weights: np.ndarray


def gauss(truncation: int) -> Gauss:
    """The quadratic Gaussian grid of a truncation."""
    rows, columns = POINTS[truncation]
    nodes, weights = np.polynomial.legendre.leggauss(rows)
    return Gauss(np.degrees(np.arcsin(nodes)), 360.0 / columns * np.arange(columns), weights / 2)


def regrid(field: np.ndarray, lat: np.ndarray, lon: np.ndarray, to: Gauss) -> np.ndarray:
    """Bilinear in latitude and longitude, [..., lat, lon]; beyond the last row lies the mean of that row, at the pole.

    Args:
        field: values on the grid of `lat` (ascending) and `lon` (ascending, evenly spaced round the globe).
        lat: degrees north.
        lon: degrees east.
        to: where they are wanted.
    """
    if field.shape[-2:] == (len(to.lat), len(to.lon)) and np.allclose(lat, to.lat, atol=1e-3):
        return field
    poles = (field[..., :1, :].mean(-1, keepdims=True), field[..., -1:, :].mean(-1, keepdims=True))
    south, north = (np.broadcast_to(p, (*p.shape[:-1], len(lon))) for p in poles)
    tall = np.concatenate([south, field, north], axis=-2)
    rows, below = _place(np.concatenate([[-90.0], lat, [90.0]]), to.lat)
    partly = tall[..., rows, :] * (1 - below)[:, None] + tall[..., rows + 1, :] * below[:, None]
    wide = np.concatenate([partly, partly[..., :1]], axis=-1)
    columns, left = _place(np.concatenate([lon, [lon[0] + 360.0]]), to.lon)
    return wide[..., columns] * (1 - left) + wide[..., columns + 1] * left


def _place(nodes: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of the node before each wanted place, and how far between it and the next one."""
    index = np.clip(np.searchsorted(nodes, wanted, side="right") - 1, 0, len(nodes) - 2)
    return index, (wanted - nodes[index]) / (nodes[index + 1] - nodes[index])


def smooth(field: np.ndarray, grid: Gauss, highest: int) -> np.ndarray:
    """A field [lat, lon] cut off beyond total wavenumber `highest`: what a spectral model makes of its ground."""
    sines = np.sin(np.radians(grid.lat))
    # [order l, degree m, lat], normalised so that the integral over latitude of its square is one
    legendre = np.stack([assoc_legendre_p_all(highest, highest, x, norm=True)[0] for x in sines], axis=-1)
    waves = np.fft.rfft(field, axis=-1)
    out = np.zeros_like(waves)
    for m in range(highest + 1):
        basis = legendre[m:, m]
        out[:, m] = basis.T @ (basis @ (2 * grid.weights * waves[:, m]))
    return np.fft.irfft(out, field.shape[-1], axis=-1)
