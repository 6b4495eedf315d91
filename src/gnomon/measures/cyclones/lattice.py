"""A global latitude-longitude grid: its points, exact distances, and the discs that a contour may fill.

Distances follow the order of operations of TempestExtremes (Ullrich et al. 2021, doi:10.5194/gmd-14-5023-2021) to the
last bit: on regular grids many points lie at exactly the radius of a contour, and rounding decides on which side.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

TO_RADIANS = math.pi / 180.0


class Disc(NamedTuple):
    """The cells within a radius of a point of one row, as a window that slides along the row.

    Attributes:
        row: the first row of the window.
        offset: [w] columns relative to the centre's.
        centre: (row, column) of the centre in the window.
        inside: [k, h, w] cells within the radius, in the k ways that rounding decides about ties.
        rim: [k, h, w] cells inside with a neighbour that is not.
        pattern: [column] which of the k ways holds for a centre of that column.
        ring: whether the window holds the whole latitude circle, so that its last column touches its first.
    """

    row: int
    offset: np.ndarray
    centre: tuple[int, int]
    inside: np.ndarray
    rim: np.ndarray
    pattern: np.ndarray
    ring: bool


class Lattice(NamedTuple):
    """Latitudes and longitudes in degrees as tuples, so that a grid can be a key."""

    lat: tuple[float, ...]
    lon: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.lat), len(self.lon)


def lattice(lat: np.ndarray, lon: np.ndarray) -> Lattice:
    """A checked grid: latitudes monotone within [-90, 90], longitudes ascending, even, and once around."""
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    if lat.ndim != 1 or lon.ndim != 1 or len(lat) < 3 or len(lon) < 4:
        raise ValueError(
            f"expected vectors of latitudes and longitudes, got shapes {lat.shape} and {lon.shape}"
        )
    steps = np.diff(lat)
    if not (np.all(steps > 0) or np.all(steps < 0)) or np.abs(lat).max() > 90 + 1e-9:
        raise ValueError("latitudes must be monotone and lie within -90 and 90 degrees")
    even = 360 / len(lon)
    if (
        np.abs(lon - lon[0] - even * np.arange(len(lon))).max() > 0.01 * even
    ):  # 0 … 360 holds a meridian twice
        raise ValueError(f"longitudes must go once around the globe in even steps of {even:g} degrees")
    return Lattice(tuple(lat.tolist()), tuple(lon.tolist()))


@functools.lru_cache(maxsize=8)
def vectors(grid: Lattice) -> np.ndarray:
    """[row, column, 3] unit vectors of the points."""
    lat, lon = np.array(grid.lat) * TO_RADIANS, np.array(grid.lon) * TO_RADIANS
    return np.stack(sphere_points(lat[:, None], lon[None, :]), axis=-1)


def sphere_points(lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y, z of points given in radians; the sines are those of the C library, value for value."""
    (sin_lat, cos_lat), (sin_lon, cos_lon) = _sines(lat), _sines(lon)
    return cos_lon * cos_lat, sin_lon * cos_lat, sin_lat * np.ones_like(cos_lon)


def arc(lat0: ArrayLike, lon0: ArrayLike, lat1: ArrayLike, lon1: ArrayLike) -> np.ndarray:
    """Great-circle distance in degrees between points given in degrees."""
    a, b = np.asarray(lat0) * TO_RADIANS, np.asarray(lat1) * TO_RADIANS
    between = (np.asarray(lon1) - np.asarray(lon0)) * TO_RADIANS
    cosine = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(between)
    return 180.0 / math.pi * np.arccos(np.clip(cosine, -1.0, 1.0))


def exact_arc(lat0: float, lon0: float, lat1: float, lon1: float) -> float:
    """The same from radians, with the C library's functions."""
    cosine = math.sin(lat0) * math.sin(lat1) + math.cos(lat0) * math.cos(lat1) * math.cos(lon1 - lon0)
    return math.acos(min(1.0, max(-1.0, cosine)))


def areas(grid: Lattice) -> np.ndarray:
    """[row, column] share of the sphere of each cell: bounded by middle latitudes, the outermost by the poles."""
    lat = np.array(grid.lat)
    up = 1.0 if lat[1] > lat[0] else -1.0
    edges = np.concatenate([[-90 * up], (lat[1:] + lat[:-1]) / 2, [90 * up]])
    rows = np.abs(np.diff(np.sin(edges * TO_RADIANS))) / 2
    return np.repeat(rows[:, None] / len(grid.lon), len(grid.lon), axis=1)


@functools.lru_cache(maxsize=4096)
def disc_of(grid: Lattice, row: int, radius: float) -> Disc:
    """The disc of a row of a grid; the radius in degrees of great circle."""
    lat, lon = np.array(grid.lat), np.array(grid.lon)
    half = len(lon) // 2
    offset = np.arange(-half, len(lon) - half)
    slack = 1e-7 + 2 * np.abs(lon - lon[0] - np.arange(len(lon)) * 360 / len(lon)).max()
    rows = np.flatnonzero(np.abs(lat - lat[row]) <= radius + slack)
    far = arc(lat[row], 0.0, lat[rows, None], offset[None, :] * 360 / len(lon))
    near = far <= radius + slack
    width = int(np.abs(offset[near.any(axis=0)]).max())
    ring = 2 * width + 1 >= len(lon)
    kept = np.arange(len(lon)) if ring else np.flatnonzero(np.abs(offset) <= width)
    far, near, offset, first = far[:, kept], near[:, kept], offset[kept], int(rows[0])
    unsure = np.argwhere(near & (far > radius - slack))
    decided = [_within(grid, row, first + int(a), int(offset[b]), radius) for a, b in unsure]
    ways, pattern = np.zeros((1, 0), bool), np.zeros(len(lon), int)
    if decided:
        ways, pattern = np.unique(np.stack(decided, axis=1), axis=0, return_inverse=True)
    inside = np.repeat(near[None], len(ways), axis=0)
    inside[:, unsure[:, 0], unsure[:, 1]] = ways
    rim = inside & ~_surrounded(inside, first == 0, int(rows[-1]) == len(lat) - 1, ring)
    centre = (row - first, int(np.flatnonzero(offset == 0)[0]))
    return Disc(first, offset, centre, inside, rim, pattern.ravel(), ring)


def _within(grid: Lattice, j: int, j1: int, shift: int, radius: float) -> np.ndarray:
    """[column] whether the point `shift` columns away in another row is within the radius, decided exactly."""
    lon = [x * TO_RADIANS for x in grid.lon]
    a, b = grid.lat[j] * TO_RADIANS, grid.lat[j1] * TO_RADIANS
    n = len(lon)
    return np.array(
        [180.0 / math.pi * exact_arc(a, lon[i], b, lon[(i + shift) % n]) <= radius for i in range(n)]
    )


def _surrounded(inside: np.ndarray, south: bool, north: bool, ring: bool) -> np.ndarray:
    """Cells all of whose neighbours are inside; beyond the first and last row of the grid there are none."""
    wide = np.pad(inside, ((0, 0), (1, 1), (0, 0)))
    wide[:, 0], wide[:, -1] = south, north
    out = wide[:, :-2] & wide[:, 2:]
    if ring:
        return out & np.roll(inside, 1, axis=-1) & np.roll(inside, -1, axis=-1)
    side = np.pad(inside, ((0, 0), (0, 0), (1, 1)))
    return out & side[..., :-2] & side[..., 2:]


def _sines(radians: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values, back = np.unique(radians, return_inverse=True)
    back = back.reshape(np.shape(radians))
    return (
        np.array([math.sin(v) for v in values.tolist()])[back],
        np.array([math.cos(v) for v in values.tolist()])[back],
    )
