"""Forecast tracks held against the truth's: which belong together, and by how much they differ.

Tracks match (Froude et al. 2007, doi:10.1175/MWR3422.1) where

* at least 60 % of their lows overlap in time: 2 n_common / (n_1 + n_2) >= 0.6, and
* the first four lows that they have in common lie less than 4 degrees apart, each.

Where several match one, the pair whose first four lie closest is taken, and each track is used once.

What misleads: errors of matched tracks are those of forecasts that were nearly right; at long leads ever fewer
match, and the mean error may fall while the forecasts get worse. Read them beside the share that matched, or use
`loss`, which charges a miss.
"""

import itertools
from typing import NamedTuple

import numpy as np

from gnomon.measures.cyclones.lattice import arc
from gnomon.measures.cyclones.motion import KM_PER_DEGREE, bearing, heading
from gnomon.measures.cyclones.stitch import Tracks

OVERLAP = 0.6
FIRST = 4  # lows
SEPARATION = 4.0  # degrees


class Matches(NamedTuple):
    """Lows of matched tracks at common times.

    Attributes:
        truth: [pair] number of the truth's track.
        other: [pair] number of the forecast's track.
        truth_row: [low] in the truth's table.
        other_row: [low] in the forecast's table.
        misses: [truth's track] whether nothing matched it.
        false_alarms: [forecast's track] whether it matched nothing.
    """

    truth: np.ndarray
    other: np.ndarray
    truth_row: np.ndarray
    other_row: np.ndarray
    misses: np.ndarray
    false_alarms: np.ndarray


class TrackErrors(NamedTuple):
    """Of matched lows, forecast minus truth.

    Attributes:
        hours: of the lows.
        separation: km, great circle.
        along: km ahead (+) or behind (-) along the truth's direction of travel.
        across: km to the right (+) or left (-) of it.
        intensity: hPa, positive where the forecast is too weak (its pressure is higher).
        deepening: hPa in 24 hours, positive where the forecast deepens too slowly; NaN at the ends of tracks.
    """

    hours: np.ndarray
    separation: np.ndarray
    along: np.ndarray
    across: np.ndarray
    intensity: np.ndarray
    deepening: np.ndarray


def match(
    truth: Tracks,
    other: Tracks,
    *,
    overlap: float = OVERLAP,
    first: int = FIRST,
    separation: float = SEPARATION,
) -> Matches:
    """Pairs of tracks that belong together.

    Args:
        truth: tracks of the truth.
        other: tracks of the forecast, on the same clock.
        overlap: least share of lows in common time.
        first: how many of the common lows must lie close.
        separation: how close, degrees.
    """
    pairs = []
    spans = [_spans(t) for t in (truth, other)]
    for a, (start, end, rows) in enumerate(spans[0]):
        for b, (begin, stop, others) in enumerate(spans[1]):
            if begin > end or stop < start:
                continue
            _, i, j = np.intersect1d(truth.when[rows], other.when[others], return_indices=True)
            if not len(i) or 2 * len(i) < overlap * (len(rows) + len(others)):
                continue
            x, y = rows[i], others[j]
            apart = _apart(truth, other, x[:first], y[:first])
            if (apart < separation).all():
                pairs.append((float(apart.mean()), a, b, x, y))
    return _assign(pairs, truth.number, other.number)


def errors(truth: Tracks, other: Tracks, matches: Matches) -> TrackErrors:
    """How matched lows differ."""
    i, j = matches.truth_row, matches.other_row
    a, b = truth.nodes.take(i), other.nodes.take(j)
    apart = arc(a.lat, a.lon, b.lat, b.lon) * KM_PER_DEGREE
    turn = np.radians(bearing(a.lat, a.lon, b.lat, b.lon) - heading(truth)[i])
    return TrackErrors(
        truth.when[i],
        apart,
        apart * np.cos(turn),
        apart * np.sin(turn),
        (b.slp - a.slp) / 100,
        tendency(other)[j] - tendency(truth)[i],
    )


def loss(truth: Tracks, other: Tracks, matches: Matches, error: np.ndarray, most: float) -> float:
    """Mean error per low in which a miss and a false alarm cost the most that an error may cost; 0 without any low.

    sum over matched lows of min(|error|, most), plus `most` for each low of either that has no partner, over the
    number of matched lows and of those without partner: the first-order form, without optimal assignment, of the
    OSPA metric (Schuhmacher et al. 2008, doi:10.1109/TSP.2008.920469).
    """
    matched = len(matches.truth_row)
    alone = len(truth.track) + len(other.track) - 2 * matched
    if not matched + alone:
        return 0.0
    return float((np.minimum(np.abs(error), most).sum() + most * alone) / (matched + alone))


def tendency(tracks: Tracks) -> np.ndarray:
    """[low] change of pressure in hPa per 24 hours between the lows before and after; NaN at the ends."""
    out = np.full(len(tracks.track), np.nan)
    if len(out) > 2:
        inner = np.flatnonzero(tracks.track[2:] == tracks.track[:-2]) + 1
        change = tracks.nodes.slp[inner + 1] - tracks.nodes.slp[inner - 1]
        out[inner] = change / 100 * 24 / (tracks.when[inner + 1] - tracks.when[inner - 1])
    return out


def _assign(pairs: list, truths: int, others: int) -> Matches:
    """The closest pairs first, each track once."""
    misses, false_alarms = np.ones(truths, bool), np.ones(others, bool)
    kept = []
    for _, a, b, x, y in sorted(pairs, key=lambda p: p[:3]):
        if misses[a] and false_alarms[b]:
            misses[a] = false_alarms[b] = False
            kept.append((a, b, x, y))
    kept.sort(key=lambda p: p[0])
    none = np.zeros(0, int)
    return Matches(
        np.array([p[0] for p in kept], int),
        np.array([p[1] for p in kept], int),
        np.concatenate([none, *(p[2] for p in kept)]),
        np.concatenate([none, *(p[3] for p in kept)]),
        misses,
        false_alarms,
    )


def _spans(tracks: Tracks) -> list[tuple[float, float, np.ndarray]]:
    """First hour, last hour and rows of each track."""
    bounds, when = tracks.bounds(), tracks.when
    return [(float(when[a]), float(when[b - 1]), np.arange(a, b)) for a, b in itertools.pairwise(bounds)]


def _apart(truth: Tracks, other: Tracks, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    return arc(truth.nodes.lat[i], truth.nodes.lon[i], other.nodes.lat[j], other.nodes.lon[j])
