"""Lows made wider than they are: a field drawn outwards around its minima, and left alone far from them."""

import numpy as np
from scipy import ndimage

CORE = 12.0  # degrees from a centre up to which everything is drawn outwards by the whole factor
RIM = 24.0  # beyond which nothing moves
NEAREST = 8  # power by which the nearest low decides between neighbours
LEAST_LATITUDE = 20.0
PAD = 3  # rows beyond each pole, for a spline of the third order


def source(distance: np.ndarray, factor: float) -> np.ndarray:
    """Where a point at a distance from a low takes its value from, as a distance: r / factor in the core, r at the rim.

    Linear between core and rim, so it grows with r and nothing is folded.
    """
    inside = CORE / factor
    between = inside + (distance - CORE) * (RIM - inside) / (RIM - CORE)
    return np.where(distance < CORE, distance / factor, np.where(distance < RIM, between, distance))


def widened(field: np.ndarray, lat: np.ndarray, lon: np.ndarray, factor: float) -> np.ndarray:
    """Maps whose lows are `factor` times as wide; depth and place of their centres stay.

    Every minimum among its 5 x 5 neighbours, poleward of 20 degrees, is the centre of a low. Around it the value at
    distance r is taken from distance `source(r)` in the same direction. Between neighbouring lows the directions are
    mixed, the nearest one nearly alone.

    Args:
        field: [..., lat, lon], such as sea-level pressure.
        lat: degrees north, from south to north.
        lon: degrees east, evenly spaced round the circle.
        factor: how many times as wide, 1 or more.
    """
    flat = np.asarray(field, float).reshape(-1, len(lat), len(lon))
    away = np.abs(lat) >= LEAST_LATITUDE
    points = _unit_vectors(np.repeat(lat, len(lon)), np.tile(lon, len(lat)))
    out = np.empty_like(flat)
    for i, x in enumerate(flat):
        lows = np.flatnonzero((_lowest(x) & away[:, None]).ravel())
        out[i] = x if not len(lows) else _drawn(x, points, points[lows], lat, factor)
    return out.reshape(np.shape(field)).astype(np.asarray(field).dtype)


def _lowest(x: np.ndarray) -> np.ndarray:
    """[lat, lon] whether a point is the lowest of its 5 x 5 neighbours, round the circle of longitudes."""
    lowest = ndimage.minimum_filter1d(x, 5, axis=1, mode="wrap")
    return (x == ndimage.minimum_filter1d(lowest, 5, axis=0, mode="nearest")) & (x < x.mean())


def _drawn(x: np.ndarray, points: np.ndarray, lows: np.ndarray, lat: np.ndarray, factor: float) -> np.ndarray:
    cosine = np.clip(points @ lows.T, -1.0, 1.0)
    distance = np.degrees(np.arccos(cosine))  # [point, low]
    near = np.clip(1 - distance / RIM, 0.0, 1.0) ** NEAREST
    touched = np.flatnonzero(near.sum(axis=1) > 0)
    cosine, distance, near = cosine[touched], distance[touched], near[touched]
    # Along the great circle: source = low cos(s) + t sin(s), t the unit tangent at the low towards the point.
    tangent = points[touched][:, None] - cosine[..., None] * lows[None]
    size = np.linalg.norm(tangent, axis=-1, keepdims=True)
    tangent = np.divide(tangent, size, out=np.zeros_like(tangent), where=size > 1e-9)
    s = np.radians(source(distance, factor))[..., None]
    places = lows[None] * np.cos(s) + tangent * np.sin(s)
    share = near / near.sum(axis=1, keepdims=True)
    place = (share[..., None] * places).sum(axis=1)
    place /= np.linalg.norm(place, axis=1, keepdims=True)
    out = x.ravel().copy()
    out[touched] = _sampled(x, lat, place)
    return out.reshape(x.shape)


def _sampled(x: np.ndarray, lat: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Cubic spline of a map at unit vectors; rows are continued over the poles, columns round the circle."""
    half = x.shape[1] // 2
    over = np.roll(x, half, axis=1)
    tall = np.concatenate([over[PAD - 1 :: -1], x, over[: -PAD - 1 : -1]])
    rows = np.concatenate([-180 - lat[PAD - 1 :: -1], lat, 180 - lat[: -PAD - 1 : -1]])
    north = np.degrees(np.arcsin(np.clip(place[:, 2], -1, 1)))
    east = np.degrees(np.arctan2(place[:, 1], place[:, 0])) % 360
    wide = np.concatenate([tall[:, -PAD:], tall, tall[:, :PAD]], axis=1)
    row = np.interp(north, rows, np.arange(len(rows)))
    return ndimage.map_coordinates(wide, [row, east / 360 * x.shape[1] + PAD], order=3, mode="nearest")


def _unit_vectors(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    p, q = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(p) * np.cos(q), np.cos(p) * np.sin(q), np.sin(p)], axis=-1)
