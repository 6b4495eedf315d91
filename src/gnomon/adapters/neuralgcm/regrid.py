"""From one grid of latitudes and longitudes to another.

Splines towards a finer grid, means over cells towards a coarser one: both are linear and separable,
out = A_lat field A_lonᵀ. Towards the grid of a spectral world, spherical harmonics cut where that world is cut
(`spectral`): a mean over cells would damp its shortest waves by a sixth and charge that to the model. Longitudes are
periodic; beyond a pole the field goes on at the other side of the globe,
where winds have the opposite sign. What misleads: a spline overshoots beside sharp edges (clip what must not be
negative), and the mean over a cell of the coarse grid is not the value at its centre.
"""

import functools
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from gnomon.numerics.sphere.harmonics import harmonics, interpolate, largest_truncation
from gnomon.spec.errors import BadData

Floats = tuple[float, ...]
CAP = 6  # rows beyond each pole that a spline sees


class Lattice(NamedTuple):
    """Points of a grid.

    Attributes:
        lat: degrees north, ascending.
        lon: degrees east, evenly spaced, from 0.
    """

    lat: Floats
    lon: Floats


def lattice(lat: np.ndarray, lon: np.ndarray) -> Lattice:
    """A lattice from coordinate arrays, checked."""
    if np.any(np.diff(lat) <= 0) or np.abs(lat).max() > 90:
        raise BadData("latitudes must ascend from south to north, in degrees; reverse the axis")
    steps = np.diff(lon)
    if abs(lon[0]) > 1e-3 or not np.allclose(steps, 360 / len(lon), atol=1e-2):
        raise BadData("longitudes must be evenly spaced around the globe from 0 degrees east; roll the axis")
    return Lattice(tuple(float(x) for x in lat), tuple(float(x) for x in lon))


def regrid(field: np.ndarray, source: Lattice, target: Lattice, *, vector: bool = False) -> np.ndarray:
    """A field [..., lat, lon] on another lattice.

    Args:
        field: without NaN.
        source: where it is.
        target: where it is wanted.
        vector: a component of a vector, whose sign changes across a pole.
    """
    if field.shape[-2:] != (len(source.lat), len(source.lon)):
        raise BadData(
            f"a field of {field.shape[-2:]} points on a grid of {len(source.lat)} by {len(source.lon)}; check its axes"
        )
    if source == target:
        return np.asarray(field, float)
    rows, columns, cap = _operators(source, target)
    out = np.asarray(field, float)
    if cap:
        half = len(source.lon) // 2
        over = np.roll(out, half, axis=-1) * (-1.0 if vector else 1.0)
        out = np.concatenate([over[..., cap - 1 :: -1, :], out, over[..., : -cap - 1 : -1, :]], axis=-2)
    return rows @ out @ columns.T


def spectral(
    field: np.ndarray, source: Lattice, target: Lattice, truncation: int, *, vector: bool = False
) -> np.ndarray:
    """A field [..., lat, lon] on another lattice by spherical harmonics up to a total wavenumber.

    Args:
        field: without NaN.
        source: where it is; its harmonics up to the truncation must be resolved there.
        target: where it is wanted.
        truncation: total wavenumber.
        vector: a component of a wind, which is smooth at the poles only times the cosine of latitude.
    """
    if source == target:
        return np.asarray(field, float)
    here, there = (harmonics(np.array(g.lat), np.array(g.lon), truncation) for g in (source, target))
    if not vector:
        return interpolate(here, there, np.asarray(field, float))
    cosines = [np.cos(np.deg2rad(np.array(g.lat)))[:, None] for g in (source, target)]
    return interpolate(here, there, field * cosines[0]) / cosines[1]


def resolves(grid: Lattice, truncation: int) -> bool:
    """Whether a lattice holds harmonics up to a total wavenumber."""
    return truncation <= largest_truncation(np.array(grid.lat), np.array(grid.lon))


@functools.lru_cache(maxsize=32)
def _operators(source: Lattice, target: Lattice) -> tuple[np.ndarray, np.ndarray, int]:
    """The two matrices, and how many rows beyond each pole the first expects."""
    if len(target.lat) < len(source.lat):
        return _lat_means(source.lat, target.lat), _lon_means(len(source.lon), len(target.lon)), 0
    if len(source.lon) % 2:
        raise BadData(
            f"a grid of {len(source.lon)} longitudes cannot be continued across a pole; use an even number"
        )
    cap = min(CAP, len(source.lat))
    return _lat_spline(source.lat, target.lat, cap), _lon_spline(source.lon, target.lon), cap


def _lat_spline(source: Floats, target: Floats, cap: int) -> np.ndarray:
    lat = np.array(source)
    south, north = -180.0 - lat[cap - 1 :: -1], 180.0 - lat[: -cap - 1 : -1]
    points = np.concatenate([south, lat, north])
    return CubicSpline(points, np.eye(len(points)))(np.array(target))


def _lon_spline(source: Floats, target: Floats) -> np.ndarray:
    points = np.array([*source, source[0] + 360.0])
    values = np.vstack([np.eye(len(source)), np.eye(len(source))[:1]])
    return CubicSpline(points, values, bc_type="periodic")(np.array(target) % 360.0)


def _lat_means(source: Floats, target: Floats) -> np.ndarray:
    """[target, source] share of every source row in the area of a target row."""
    fine, coarse = _edges(source), _edges(target)
    low = np.maximum(coarse[:-1, None], fine[None, :-1])
    high = np.minimum(coarse[1:, None], fine[None, 1:])
    area = np.clip(np.sin(np.deg2rad(high)) - np.sin(np.deg2rad(low)), 0.0, None) * (high > low)
    return area / area.sum(axis=1, keepdims=True)


def _edges(lat: Floats) -> np.ndarray:
    x = np.array(lat)
    return np.concatenate([[-90.0], (x[1:] + x[:-1]) / 2, [90.0]])


def _lon_means(source: int, target: int) -> np.ndarray:
    """[target, source] share of every source column in a target column; both begin at 0 degrees."""
    fine, coarse = 360.0 / source, 360.0 / target
    out = np.zeros((target, source))
    for turn in (-360.0, 0.0, 360.0):
        west = np.arange(source) * fine - fine / 2 + turn
        left = np.arange(target)[:, None] * coarse - coarse / 2
        out += np.clip(np.minimum(left + coarse, west + fine) - np.maximum(left, west), 0.0, None)
    return out / coarse
