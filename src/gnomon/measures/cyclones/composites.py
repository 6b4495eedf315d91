"""Fields around cyclones: sampled on a cap that is turned to each centre, and averaged.

The cap has rings of great-circle radius r and spokes of azimuth clockwise from north (or from the direction of
travel), so that a degree means the same distance at every latitude (as in Bengtsson et al. 2009,
doi:10.1175/2008JCLI2678.1).
"""

from typing import NamedTuple

import numpy as np

from gnomon.measures.cyclones.lattice import Lattice
from gnomon.measures.cyclones.stitch import Tracks

RADII = np.arange(0.0, 21.0)  # degrees
AZIMUTHS = np.arange(0.0, 360.0, 10.0)
AT_ONCE = 2000  # centres; memory grows with it


class Cap(NamedTuple):
    """Where rings and spokes lie.

    Attributes:
        radii: [ring] degrees.
        azimuths: [spoke] degrees clockwise.
    """

    radii: np.ndarray = RADII
    azimuths: np.ndarray = AZIMUTHS

    @property
    def area(self) -> np.ndarray:
        """[ring] relative area: sin r (a little at the centre)."""
        return np.sin(np.radians(np.maximum(self.radii, np.diff(self.radii).min() / 8)))


def around(
    lat: np.ndarray, lon: np.ndarray, cap: Cap, turn: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """[centre, ring, spoke] latitudes and longitudes of the points of a cap.

    Args:
        lat: [centre] degrees.
        lon: [centre] degrees.
        cap: rings and spokes.
        turn: [centre] degrees added to every azimuth (the heading, for a cap turned to the direction of travel).
    """
    centre = np.radians(np.asarray(lat, float))[:, None, None]
    r = np.radians(cap.radii)[None, :, None]
    turned = np.broadcast_to(np.asarray(turn, float), np.shape(lat))[:, None, None]
    theta = np.radians(cap.azimuths[None, None, :] + turned)
    sine = np.sin(centre) * np.cos(r) + np.cos(centre) * np.sin(r) * np.cos(theta)
    east = np.sin(theta) * np.sin(r) * np.cos(centre)
    between = np.arctan2(east, np.cos(r) - np.sin(centre) * sine)
    return np.degrees(np.arcsin(np.clip(sine, -1, 1))), (
        np.degrees(between) + np.asarray(lon)[:, None, None]
    ) % 360


def sample(
    field: np.ndarray, grid: Lattice, time: np.ndarray, lat: np.ndarray, lon: np.ndarray
) -> np.ndarray:
    """Values between grid points, bilinear; beyond the outermost row, towards the mean of that row at the pole.

    Args:
        field: [time, lat, lon].
        grid: of the field.
        time: [centre] index of the map of each centre.
        lat: [centre, …] degrees.
        lon: [centre, …] degrees.
    """
    rows = np.array(grid.lat)
    flip = rows[0] > rows[-1]
    y = np.interp(lat, *_rows(rows[::-1] if flip else rows))
    j = np.clip(np.floor(y).astype(int), -1, len(rows) - 1)
    x = ((lon - grid.lon[0]) % 360) * len(grid.lon) / 360
    i = np.floor(x).astype(int) % len(grid.lon)
    v, u = y - j, x - np.floor(x)
    t = np.asarray(time).reshape(-1, *[1] * (np.ndim(lat) - 1))
    low, high = (_on_row(field, t, k, i, u, flip) for k in (j, j + 1))
    return low * (1 - v) + high * v


def composite(
    field: np.ndarray,
    grid: Lattice,
    time: np.ndarray,
    lat: np.ndarray,
    lon: np.ndarray,
    *,
    cap: Cap | None = None,
    turn: np.ndarray | float = 0.0,
) -> np.ndarray:
    """[ring, spoke] mean of a field around centres; NaN where there are none.

    Args:
        field: [time, lat, lon]; an anomaly, where the background is not wanted (see `running_anomaly`).
        grid: of the field.
        time: [centre] index of the map.
        lat: [centre] degrees.
        lon: [centre] degrees.
        cap: rings and spokes.
        turn: [centre] degrees, see `around`.
    """
    cap = cap or Cap()
    total = np.zeros((len(cap.radii), len(cap.azimuths)))
    turn = np.broadcast_to(np.asarray(turn, float), np.shape(lat))
    for s in range(0, len(time), AT_ONCE):
        part = slice(s, s + AT_ONCE)
        points = around(lat[part], lon[part], cap, turn[part])
        total += sample(field, grid, time[part], *points).sum(axis=0)
    return total / len(time) if len(time) else np.full_like(total, np.nan)


def running_anomaly(field: np.ndarray, steps: int) -> np.ndarray:
    """[time, …] departures from the running mean over `steps` maps (fewer at the ends): 30 days about each map."""
    total = np.concatenate([np.zeros((1, *field.shape[1:])), np.cumsum(field, axis=0, dtype=float)])
    at = np.arange(len(field))
    first, last = np.maximum(at - steps // 2, 0), np.minimum(at + steps // 2 + 1, len(field))
    wide = (last - first).reshape(-1, *[1] * (field.ndim - 1))
    return field - (total[last] - total[first]) / wide


def rows_at(tracks: Tracks, row: np.ndarray, offset: float) -> np.ndarray:
    """Rows of lows `offset` hours after given rows of the same tracks; those that do not exist are left out.

    Args:
        tracks: the tracks.
        row: as from `intensity.deepest`.
        offset: hours, negative for before.
    """
    place = {
        (int(k), round(float(h) * 60)): n
        for n, (k, h) in enumerate(zip(tracks.track, tracks.when, strict=True))
    }
    wanted = ((int(tracks.track[r]), round(float(tracks.when[r] + offset) * 60)) for r in row)
    return np.array([place[w] for w in wanted if w in place], int)


def _rows(lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes with both poles added, and their places among the rows (-1 and n for the poles)."""
    place = np.arange(len(lat), dtype=float)
    lat = lat.copy()
    if lat[0] > -90:
        lat, place = np.concatenate([[-90.0], lat]), np.concatenate([[-1.0], place])
    if lat[-1] < 90:
        lat, place = np.concatenate([lat, [90.0]]), np.concatenate([place, [place[-1] + 1]])
    return lat, place


def _on_row(
    field: np.ndarray, t: np.ndarray, j: np.ndarray, i: np.ndarray, u: np.ndarray, flip: bool
) -> np.ndarray:
    """Values on rows between columns; the mean of the outermost row where the row is a pole."""
    last = field.shape[1] - 1
    row = np.clip(j, 0, last)
    row = last - row if flip else row
    value = field[t, row, i] * (1 - u) + field[t, row, (i + 1) % field.shape[2]] * u
    beyond = (j < 0) | (j > last)
    if not beyond.any():
        return value
    t = np.broadcast_to(t, j.shape)
    which, back = np.unique(np.stack([t[beyond], row[beyond]]), axis=1, return_inverse=True)
    value[beyond] = field[which[0], which[1]].mean(axis=-1)[back.ravel()]
    return value
