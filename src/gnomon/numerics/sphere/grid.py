"""Grids on the sphere, their areas, regions on them and distances. Angles are degrees everywhere."""

from typing import NamedTuple

import numpy as np

RADIUS = 6.371e6  # of the Earth, m
GRAVITY = 9.80665  # m s-2
OMEGA = 7.292e-5  # rotation of the Earth, s-1


class LatLon(NamedTuple):
    """A grid of latitudes times evenly spaced longitudes.

    Attributes:
        lat: degrees north, from south to north.
        lon: degrees east, from 0.
        weights: share of the sphere's area that a row of each latitude stands for; they sum to 1.
    """

    lat: np.ndarray
    lon: np.ndarray
    weights: np.ndarray


def gauss_grid(truncation: int) -> LatLon:
    """The Gauss grid on which quadratic terms of a triangular truncation are exact: (3 T + 1) / 2 latitudes or more.

    The number of longitudes is the next multiple of 32 that is at least 3 T + 1, twice the latitudes: T21 has
    32 x 64, T31 48 x 96, T42 64 x 128.
    """
    columns = -(-(3 * truncation + 1) // 32) * 32
    return gauss_latitudes(columns // 2)


def gauss_latitudes(rows: int) -> LatLon:
    """A Gauss grid of that many latitudes and twice as many longitudes."""
    nodes, weights = np.polynomial.legendre.leggauss(rows)
    lon = 360.0 * np.arange(2 * rows) / (2 * rows)
    return LatLon(np.degrees(np.arcsin(nodes)), lon, weights / 2)


def regular_grid(rows: int, columns: int, *, poles: bool = False) -> LatLon:
    """Evenly spaced latitudes, at the middle of their bands or with a row on each pole."""
    step = 180.0 / (rows - 1 if poles else rows)
    lat = -90.0 + step * (np.arange(rows) if poles else np.arange(rows) + 0.5)
    return LatLon(lat, 360.0 * np.arange(columns) / columns, area_weights(lat))


def area_weights(lat: np.ndarray) -> np.ndarray:
    """Shares of the area for any ascending latitudes: bands between midpoints, out to the poles; they sum to 1.

    Close to cos(latitude) and, unlike it, right at the poles. For a Gauss grid use the Gauss weights.
    """
    lat = np.asarray(lat, float)
    if lat.ndim != 1 or (np.diff(lat) <= 0).any():
        raise ValueError(
            "latitudes must ascend from south to north; reverse the field and its latitudes first"
        )
    edges = np.concatenate([[-90.0], (lat[1:] + lat[:-1]) / 2, [90.0]])
    return np.diff(np.sin(np.radians(edges))) / 2


def area_mean(x: np.ndarray, weights: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """[...] mean over the last two axes (lat, lon).

    Args:
        x: [..., lat, lon].
        weights: [lat].
        mask: [lat, lon] share of each cell that counts (booleans or fractions); everything where None.
    """
    if mask is None:
        return (x.mean(axis=-1) * weights).sum(axis=-1) / np.sum(weights)
    share = np.asarray(mask, float) * np.asarray(weights)[:, None]
    total = share.sum()
    if total <= 0:
        raise ValueError("the region holds no grid point")
    return np.einsum("...ij,ij->...", x, share / total)


def point_weights(weights: np.ndarray, columns: int) -> np.ndarray:
    """[lat, lon] each point's share of the area; they sum to 1."""
    return np.repeat(np.asarray(weights, float)[:, None] / np.sum(weights) / columns, columns, axis=1)


def zonal_mean(x: np.ndarray) -> np.ndarray:
    """[..., lat]."""
    return x.mean(axis=-1)


def eddy(x: np.ndarray) -> np.ndarray:
    """Departure from the zonal mean, [..., lat, lon]."""
    return x - x.mean(axis=-1, keepdims=True)


def box(
    lat: np.ndarray, lon: np.ndarray, south: float, north: float, west: float = 0.0, east: float = 360.0
) -> np.ndarray:
    """[lat, lon] booleans: whether a point lies in the box; west may exceed east (a box across the meridian of 0)."""
    lat, lon = np.asarray(lat, float), np.asarray(lon, float) % 360
    rows = (lat >= south) & (lat <= north)
    if east - west >= 360:
        columns = np.ones(len(lon), bool)
    else:
        columns = (lon - west) % 360 <= (east - west) % 360
    return rows[:, None] & columns[None, :]


def great_circle(lat1: np.ndarray, lon1: np.ndarray, lat2: np.ndarray, lon2: np.ndarray) -> np.ndarray:
    """Angle between points in degrees (haversine, accurate for near points); times pi/180 RADIUS gives metres."""
    p, q = np.radians(lat1), np.radians(lat2)
    half = (
        np.sin((q - p) / 2) ** 2
        + np.cos(p) * np.cos(q) * np.sin(np.radians(np.subtract(lon2, lon1)) / 2) ** 2
    )
    return np.degrees(2 * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def at_point(x: np.ndarray, lat: np.ndarray, lon: np.ndarray, north: float, east: float) -> np.ndarray:
    """[...] the field at a point, bilinear between its four neighbours (nearest row beyond the last one)."""
    lat, lon = np.asarray(lat, float), np.asarray(lon, float)
    i = int(np.clip(np.searchsorted(lat, north) - 1, 0, len(lat) - 2))
    up = float(np.clip((north - lat[i]) / (lat[i + 1] - lat[i]), 0.0, 1.0))
    place = ((east - lon[0]) % 360) / (360.0 / len(lon))
    j, right = int(place) % len(lon), place - int(place)
    k = (j + 1) % len(lon)
    low = x[..., i, j] * (1 - right) + x[..., i, k] * right
    high = x[..., i + 1, j] * (1 - right) + x[..., i + 1, k] * right
    return low * (1 - up) + high * up
