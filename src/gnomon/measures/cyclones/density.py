"""Where cyclones pass: densities of tracks, of first and last lows, and of lows.

A density at a point counts what comes within a cap of 5 degrees about it, per 30 days (as in Sinclair 1997,
doi:10.1175/1520-0434(1997)012<0595:OIOCAT>2.0.CO;2 and Neu et al. 2013, doi:10.1175/BAMS-D-11-00154.1). A track
counts once however long it stays; slow cyclones therefore weigh more in the density of lows than in that of tracks.

What misleads: the densities of two short records differ a great deal by chance; compare with the truth run again.
"""

from typing import Literal, NamedTuple

import numpy as np
from scipy.spatial import KDTree

from gnomon.measures.cyclones.motion import unit
from gnomon.measures.cyclones.stitch import Tracks

CAP = 5.0  # degrees
MONTH = 30.0  # days

Kind = Literal["tracks", "lows", "genesis", "lysis"]


class Likeness(NamedTuple):
    """How two densities compare.

    Attributes:
        correlation: of the patterns, area-weighted, about the area means.
        ratio: of the area means.
        shift: degrees by which the centre of mass lies farther north (south negative), hemisphere by hemisphere:
        (S, N).
    """

    correlation: float
    ratio: float
    shift: tuple[float, float]


def density(
    tracks: Tracks, lat: np.ndarray, lon: np.ndarray, *, kind: Kind = "tracks", days: float, cap: float = CAP
) -> np.ndarray:
    """[lat, lon] events within a cap of each point, per 30 days.

    Args:
        tracks: the tracks.
        lat: degrees, of the points to evaluate.
        lon: degrees.
        kind: tracks (each once), lows, first lows or last lows.
        days: that the record covers.
        cap: degrees of great circle.
    """
    point = unit(*np.meshgrid(lat, lon, indexing="ij")).reshape(-1, 3)
    rows = _rows(tracks, kind)
    out = np.zeros(len(point))
    if len(rows):
        place = unit(tracks.nodes.lat[rows], tracks.nodes.lon[rows])
        chord = 2 * np.sin(np.radians(cap) / 2)
        near = KDTree(point).query_ball_point(place, chord, return_sorted=False)
        where = np.concatenate([np.array(n, int) for n in near])
        who = np.repeat(tracks.track[rows], [len(n) for n in near])
        if kind == "tracks":
            where = np.unique(who * len(point) + where) % len(point)
        out = np.bincount(where, minlength=len(point)).astype(float)
    return out.reshape(len(lat), len(lon)) * MONTH / days


def likeness(truth: np.ndarray, other: np.ndarray, lat: np.ndarray) -> Likeness:
    """How a density compares with the truth's, both [lat, lon].

    The correlation is 0 where one of them is the same everywhere; a shift is 0 where a hemisphere has no events.
    """
    weight = np.broadcast_to(np.cos(np.radians(lat))[:, None], truth.shape) / truth.size
    weight = weight / weight.sum()
    a, b = truth - (weight * truth).sum(), other - (weight * other).sum()
    spread = np.sqrt((weight * a**2).sum() * (weight * b**2).sum())
    correlation = float((weight * a * b).sum() / spread) if spread > 0 else 0.0
    mean = float((weight * truth).sum())
    ratio = float((weight * other).sum()) / mean if mean > 0 else np.inf
    shift = [_centre(other, weight, lat, s) - _centre(truth, weight, lat, s) for s in (-1, 1)]
    return Likeness(correlation, ratio, (shift[0], shift[1]))


def _centre(field: np.ndarray, weight: np.ndarray, lat: np.ndarray, side: int) -> float:
    mass = (field * weight)[np.sign(lat) == side].sum(axis=1)
    return float((mass * lat[np.sign(lat) == side]).sum() / mass.sum()) if mass.sum() > 0 else 0.0


def _rows(tracks: Tracks, kind: Kind) -> np.ndarray:
    bounds = tracks.bounds()
    if kind == "genesis":
        return bounds[:-1]
    if kind == "lysis":
        return bounds[1:] - 1
    return np.arange(len(tracks.track))
