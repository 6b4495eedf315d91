"""Integrals over pressure from a few levels, and the meridional mass streamfunction."""

import numpy as np

from gnomon.numerics.sphere.grid import GRAVITY, RADIUS

SURFACE = 100_000.0  # Pa, where no surface pressure is given


def pressure_integral(
    x: np.ndarray, levels: np.ndarray, ps: np.ndarray | float = SURFACE, *, axis: int = -3
) -> np.ndarray:
    """Mass-weighted column integral, int_0^ps x dp / g, by trapezoids.

    Constant above the top level and below the lowest. Pieces of the column below the ground (p > ps) carry no mass.

    Args:
        x: any field with an axis of levels.
        levels: pressures in hPa, in any order, as they lie along `axis`.
        ps: surface pressure in Pa, shaped as x without the axis of levels (or broadcasting to it).
        axis: of the levels.

    Returns:
        x's units times kg m-2, without the axis of levels.
    """
    x = np.moveaxis(np.asarray(x, float), axis, 0)
    order = np.argsort(levels)
    p = _nodes(np.asarray(levels, float)[order] * 100, np.asarray(ps, float), x.ndim - 1)
    x = x[order]
    total = x[0] * p[0] + x[-1] * (np.asarray(ps, float) - p[-1])
    for k in range(len(x) - 1):
        total = total + (x[k] + x[k + 1]) / 2 * (p[k + 1] - p[k])
    return total / GRAVITY


def column_mean(
    x: np.ndarray, levels: np.ndarray, ps: np.ndarray | float = SURFACE, *, axis: int = -3
) -> np.ndarray:
    """Mass-weighted mean of a column, in x's units."""
    return pressure_integral(x, levels, ps, axis=axis) * GRAVITY / np.asarray(ps, float)


def mass_streamfunction(
    v: np.ndarray, lat: np.ndarray, levels: np.ndarray, ps: np.ndarray | float = SURFACE
) -> np.ndarray:
    """Meridional mass streamfunction, kg s-1; positive where the flow goes north aloft and south below.

    psi(lat, p) = 2 pi a cos(lat) / g int_0^p [v] dp', after the mass-weighted column mean of [v] was taken away, so
    that psi is zero at the ground (as in TropD, Adam et al. 2018, doi:10.5194/gmd-11-4339-2018). With that sign the
    northern Hadley cell is positive.

    Args:
        v: [..., level, lat] zonal mean of the northward wind, m s-1.
        lat: degrees.
        levels: hPa, in any order.
        ps: [..., lat] zonal-mean surface pressure, Pa.

    Returns:
        [..., level, lat], levels in the order given.
    """
    v = np.asarray(v, float)
    v = v - np.expand_dims(column_mean(v, levels, ps, axis=-2), -2)
    order = np.argsort(levels)
    w = np.moveaxis(v, -2, 0)[order]
    p = _nodes(np.asarray(levels, float)[order] * 100, np.asarray(ps, float), w.ndim - 1)
    below = np.empty_like(w)
    below[0] = w[0] * p[0]
    for k in range(1, len(w)):
        below[k] = below[k - 1] + (w[k] + w[k - 1]) / 2 * (p[k] - p[k - 1])
    psi = np.empty_like(below)
    psi[order] = below * 2 * np.pi * RADIUS * np.cos(np.radians(lat)) / GRAVITY
    return np.moveaxis(psi, 0, -2)


def _nodes(pressure: np.ndarray, ps: np.ndarray, dims: int) -> np.ndarray:
    """[level, ...] pressures in Pa, none below the ground."""
    return np.minimum(pressure.reshape(-1, *(1,) * dims), ps)
