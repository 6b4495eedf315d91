"""How cyclones move: speed, heading, and where a track is between two of its lows."""

from typing import NamedTuple

import numpy as np

from gnomon.measures.cyclones.lattice import arc
from gnomon.measures.cyclones.stitch import Tracks
from gnomon.numerics.sphere.grid import RADIUS

KM_PER_DEGREE = RADIUS * np.pi / 180 / 1000
APART = 1e9  # hours between the axes of two tracks, so that one interpolation serves all


class Place(NamedTuple):
    """Where tracks are at given times; NaN before a track begins and after it ends.

    Attributes:
        lat: degrees north.
        lon: degrees east, 0 to 360.
        slp: Pa.
    """

    lat: np.ndarray
    lon: np.ndarray
    slp: np.ndarray


def unit(lat: np.ndarray, lon: np.ndarray) -> np.ndarray:
    """[…, 3] unit vectors of points in degrees."""
    a, b = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)


def degrees(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude of vectors of any length."""
    x, y, z = np.moveaxis(vector, -1, 0)
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x)) % 360


def bearing(lat0: np.ndarray, lon0: np.ndarray, lat1: np.ndarray, lon1: np.ndarray) -> np.ndarray:
    """Degrees clockwise from north in which the great circle from the first point to the second sets out."""
    a, b, between = np.radians(lat0), np.radians(lat1), np.radians(np.asarray(lon1) - lon0)
    east = np.sin(between) * np.cos(b)
    north = np.cos(a) * np.sin(b) - np.sin(a) * np.cos(b) * np.cos(between)
    return np.degrees(np.arctan2(east, north)) % 360


def at(tracks: Tracks, track: np.ndarray, hours: np.ndarray) -> Place:
    """Where tracks are at given hours, between lows on the great circle.

    Args:
        tracks: the tracks.
        track: [query] number of a track.
        hours: [query].
    """
    track, hours = np.asarray(track), np.asarray(hours, float)
    if not tracks.number:
        return Place(*(np.full(hours.shape, np.nan) for _ in range(3)))
    when, bounds = tracks.when, tracks.bounds()
    axis, asked = tracks.track * APART + when, track * APART + hours
    outside = (hours < when[bounds[track]] - 1e-6) | (hours > when[bounds[track + 1] - 1] + 1e-6)
    points = unit(tracks.nodes.lat, tracks.nodes.lon)
    lat, lon = degrees(np.stack([np.interp(asked, axis, points[:, k]) for k in range(3)], axis=-1))
    slp = np.interp(asked, axis, tracks.nodes.slp)
    return Place(*(np.where(outside, np.nan, x) for x in (lat, lon, slp)))


def speed(tracks: Tracks, span: float = 24.0) -> np.ndarray:
    """[low] speed in m/s over `span` hours about each low; NaN where the track is not that long about it.

    Over 24 hours the half cell by which a centre may be misplaced (1 degree) adds about 1 m/s; over 6 it would add 5.
    """
    when, track = tracks.when, tracks.track
    before, after = at(tracks, track, when - span / 2), at(tracks, track, when + span / 2)
    return arc(before.lat, before.lon, after.lat, after.lon) * KM_PER_DEGREE * 1000 / (span * 3600)


def mean_speed(tracks: Tracks) -> np.ndarray:
    """[track] length of the way over its duration, m/s, with positions taken 24 hours apart (and at the end)."""
    out = np.zeros(tracks.number)
    bounds, when = tracks.bounds(), tracks.when
    for k in range(tracks.number):
        start, end = when[bounds[k]], when[bounds[k + 1] - 1]
        legs = max(1, round(float(end - start) / 24))
        place = at(tracks, np.full(legs + 1, k), np.linspace(start, end, legs + 1))
        way = arc(place.lat[:-1], place.lon[:-1], place.lat[1:], place.lon[1:]).sum()
        out[k] = way * KM_PER_DEGREE * 1000 / ((end - start) * 3600)
    return out


def heading(tracks: Tracks, span: float = 12.0) -> np.ndarray:
    """[low] degrees clockwise from north, between half a span before and after (or the ends of the track)."""
    when, track, bounds = tracks.when, tracks.track, tracks.bounds()
    if not tracks.number:
        return np.zeros(0)
    start, end = when[bounds[track]], when[bounds[track + 1] - 1]
    before = at(tracks, track, np.maximum(when - span / 2, start))
    after = at(tracks, track, np.minimum(when + span / 2, end))
    way = unit(after.lat, after.lon) - unit(
        before.lat, before.lon
    )  # its part along the ground lies on the great circle
    a, b = np.radians(tracks.nodes.lat), np.radians(tracks.nodes.lon)
    x, y, z = np.moveaxis(way, -1, 0)
    east = y * np.cos(b) - x * np.sin(b)
    north = z * np.cos(a) - (x * np.cos(b) + y * np.sin(b)) * np.sin(a)
    return np.degrees(np.arctan2(east, north)) % 360
