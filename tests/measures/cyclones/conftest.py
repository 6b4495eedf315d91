"""Synthetic lows whose place, size, depth and motion are known, on any grid."""

from typing import NamedTuple

import numpy as np
import pytest

RADIUS = 6371.0  # km


class Low(NamedTuple):
    """A Gaussian low on a great circle: depth (hPa) rises by `deepening` a day, `sigma` in degrees, speed in m/s."""

    lat: float = 42.0
    lon: float = 20.0
    bearing: float = 65.0
    speed: float = 12.0
    depth: float = 12.0
    deepening: float = 12.0
    sigma: float = 5.0
    start: float = 0.0  # hours
    end: float = 1e9

    def place(self, hours):
        """Latitude and longitude at given hours."""
        r = np.asarray(hours, float) * 3.6 * self.speed / RADIUS
        a, b = np.radians(self.lat), np.radians(self.bearing)
        sine = np.sin(a) * np.cos(r) + np.cos(a) * np.sin(r) * np.cos(b)
        east = np.arctan2(np.sin(b) * np.sin(r) * np.cos(a), np.cos(r) - np.sin(a) * sine)
        return np.degrees(np.arcsin(sine)), (self.lon + np.degrees(east)) % 360

    def pressure(self, hours, lat, lon):
        """[time, lat, lon] Pa, relative to no low."""
        hours = np.asarray(hours, float)
        there, east = self.place(hours - self.start)
        a, b = np.radians(lat)[None, :, None], np.radians(there)[:, None, None]
        between = np.radians(lon[None, None, :] - east[:, None, None])
        cosine = np.sin(a) * np.sin(b) + np.cos(a) * np.cos(b) * np.cos(between)
        far = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        depth = self.depth + self.deepening * (hours - self.start) / 24
        depth = np.where((hours >= self.start) & (hours <= self.end), np.maximum(depth, 0), 0)
        return -100 * depth[:, None, None] * np.exp(-((far / self.sigma) ** 2) / 2)


def gauss(rows=48):
    """A Gauss grid."""
    return np.degrees(np.arcsin(np.polynomial.legendre.leggauss(rows)[0])), np.arange(2 * rows) * 180 / rows


def even(step=2.5):
    """An even grid with rows on the poles."""
    return np.arange(-90, 90.01, step), np.arange(0, 360, step)


@pytest.fixture
def low():
    return Low


@pytest.fixture
def grids():
    return {"gauss": gauss(), "even": even(), "coarse": gauss(32)}
