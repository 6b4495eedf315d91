"""Lows of successive maps joined into tracks.

The rules are those of the StitchNodes tool of TempestExtremes (Ullrich et al. 2021, doi:10.5194/gmd-14-5023-2021),
first come first served:

* Every low is joined to the nearest one on the next map, if that lies within `reach`; where it does not, to the
  nearest on the map after it, and so on for as long as the gap allows. Several lows may be joined to one.
* Tracks start at the earliest join left, in the order of the maps and of the lows on them, and follow the joins. A
  track that comes to a low whose own join is already used ends there.
* Tracks too short in time, or whose ends lie too close together, go; then those that fail a threshold.

Positions are rounded to the six decimals in which that tool hands them on.

What misleads: a join has no memory of speed or direction, so two lows that pass each other may swap; a maximum
speed is reach / step, so tracks found on daily maps are not tracks.
"""

import math
from typing import Literal, NamedTuple

import numpy as np

from gnomon.measures.cyclones.detect import Nodes
from gnomon.measures.cyclones.lattice import TO_RADIANS, arc, exact_arc, sphere_points

TOLERANCE = 1e-7  # degrees; closer to a limit than this, the C library's arithmetic decides


class Threshold(NamedTuple):
    """A condition on a track: `column` compared with `value` at enough of its lows.

    Attributes:
        column: "lat", "lon" or "slp" (degrees, Pa).
        operator: how; with bars, the magnitude is compared.
        times: how many lows must satisfy it, or "all", "first" or "last".
    """

    column: Literal["lat", "lon", "slp"]
    operator: Literal[">", "<", ">=", "<=", "=", "!=", "|>=", "|<="]
    value: float
    times: int | Literal["all", "first", "last"]


class Joining(NamedTuple):
    """How lows become tracks.

    Attributes:
        reach: degrees of great circle between a low and the next.
        least_hours: between the first and the last low of a track.
        least_lows: of a track.
        gap_hours: the longest time between two joined lows; None allows only successive maps.
        ends: degrees of great circle between the first and the last low, at least.
        thresholds: on tracks.
    """

    reach: float = 6.0
    least_hours: float = 0.0
    least_lows: int = 1
    gap_hours: float | None = None
    ends: float = 0.0
    thresholds: tuple[Threshold, ...] = ()


class Tracks(NamedTuple):
    """Tracks as rows of a table of lows.

    Attributes:
        nodes: every low of every track, track after track, each in the order of time. A low at which two tracks meet
            is there twice.
        track: [low] number of the track, from 0.
        hours: [map] time of every map that was searched.
    """

    nodes: Nodes
    track: np.ndarray
    hours: np.ndarray

    @property
    def number(self) -> int:
        """How many tracks."""
        return int(self.track[-1]) + 1 if len(self.track) else 0

    @property
    def when(self) -> np.ndarray:
        """[low] hours."""
        return self.hours[self.nodes.time]

    def bounds(self) -> np.ndarray:
        """[track + 1] the row where each track starts, and the end of the last."""
        return np.concatenate([[0], np.cumsum(np.bincount(self.track, minlength=self.number))]).astype(int)

    def only(self, kept: np.ndarray) -> "Tracks":
        """The tracks marked in [track], numbered anew."""
        rows = np.asarray(kept, bool)[self.track] if len(self.track) else np.zeros(0, bool)
        number = np.cumsum(kept) - 1
        return Tracks(self.nodes.take(rows), number[self.track[rows]].astype(int), self.hours)


def stitch(nodes: Nodes, hours: np.ndarray, joining: Joining) -> Tracks:
    """Tracks from lows.

    Args:
        nodes: ordered by map.
        hours: [map] time of every map, ascending.
        joining: the rules.
    """
    hours = np.asarray(hours, float)
    lat, lon = _printed(nodes.lat), _printed(nodes.lon)
    paths = _follow(_joins(nodes.time, lat, lon, hours, joining))
    paths = [p for p in paths if _accepted(p, nodes, lat, lon, hours, joining)]
    rows = np.array([k for p in paths for k in p], int)
    track = np.repeat(np.arange(len(paths)), [len(p) for p in paths])
    return Tracks(nodes.take(rows), track.astype(int), hours)


def _joins(
    time: np.ndarray, lat: np.ndarray, lon: np.ndarray, hours: np.ndarray, joining: Joining
) -> np.ndarray:
    """[node] the node that each is joined to, or -1."""
    point = np.stack(sphere_points(lat * math.pi / 180.0, lon * math.pi / 180.0), axis=1)
    first = np.searchsorted(time, np.arange(len(hours) + 1))
    seconds = np.rint(hours * 3600)
    following = np.full(len(time), -1)
    for t in range(len(hours) - 1):
        free = np.arange(first[t], first[t + 1])
        for later in range(t + 1, len(hours)):
            too_long = (
                later > t + 1
                if joining.gap_hours is None
                else seconds[later] - seconds[t] > joining.gap_hours * 3600
            )
            if too_long or not len(free):
                break
            there = np.arange(first[later], first[later + 1])
            if not len(there):
                continue
            nearest = there[_nearest(point[free], point[there])]
            close = _close(lat, lon, free, nearest, joining.reach)
            following[free[close]] = nearest[close]
            free = free[~close]
    return following


def _nearest(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """[here] index of the nearest point there."""
    square = (there[None] - here[:, None]) ** 2
    far = (square[..., 0] + square[..., 1]) + square[..., 2]
    found = np.argmin(far, axis=1)
    ties = (far == far[np.arange(len(here)), found][:, None]).sum(axis=1) > 1
    for k in np.flatnonzero(ties):
        found[k] = _first_visited(here[k], there, np.flatnonzero(far[k] == far[k].min()))
    return found


def _first_visited(point: np.ndarray, there: np.ndarray, tied: np.ndarray) -> int:
    """Which of equally near points a search of a binary tree meets first.

    The tree splits x, y and z in turn and is built in the order of the points. The search starts from the root as its
    best guess, goes down the point's own side first, and replaces its guess only by a nearer point.
    """
    if tied[0] == 0:
        return 0
    ranks = {}
    for k in tied.tolist():
        node, members, depth, path = 0, np.arange(1, len(there)), 0, []
        while node != k:
            axis = depth % 3
            left = there[k, axis] < there[node, axis]
            own_side = (point[axis] - there[node, axis] <= 0) == left
            path.append(0 if own_side else 2)
            on_left = there[members, axis] < there[node, axis]
            members = members[on_left == left]
            node, members, depth = int(members[0]), members[1:], depth + 1
        ranks[k] = (*path, 1)
    return min(ranks, key=lambda k: ranks[k])


def _close(lat: np.ndarray, lon: np.ndarray, a: np.ndarray, b: np.ndarray, limit: float) -> np.ndarray:
    """Whether pairs of nodes lie within a limit, exactly."""
    far = arc(lat[a], lon[a], lat[b], lon[b])
    close = far <= limit
    for k in np.flatnonzero(np.abs(far - limit) < TOLERANCE):
        close[k] = _exact(lat, lon, int(a[k]), int(b[k])) <= limit
    return close


def _exact(lat: np.ndarray, lon: np.ndarray, a: int, b: int) -> float:
    """Degrees between two nodes with the C library's functions."""
    radians = (float(x) * math.pi / 180.0 for x in (lat[a], lon[a], lat[b], lon[b]))
    return exact_arc(*radians) * 180.0 / math.pi


def _follow(following: np.ndarray) -> list[list[int]]:
    """Paths along joins, each join used once."""
    target = following.tolist()
    paths = []
    for start in range(len(target)):
        path, here = [start], start
        while target[here] >= 0:
            there, target[here] = target[here], -1
            path.append(there)
            here = there
        if len(path) > 1:
            paths.append(path)
    return paths


def _accepted(
    path: list[int], nodes: Nodes, lat: np.ndarray, lon: np.ndarray, hours: np.ndarray, joining: Joining
) -> bool:
    start, end = path[0], path[-1]
    if len(path) < joining.least_lows:
        return False
    lasted = np.rint(hours[nodes.time[end]] * 3600) - np.rint(hours[nodes.time[start]] * 3600)
    if lasted < joining.least_hours * 3600:
        return False
    if joining.ends and _exact(lat, lon, start, end) < joining.ends:
        return False
    columns = {"lat": lat, "lon": lon, "slp": nodes.slp}
    return all(_holds(t, columns[t.column][path]) for t in joining.thresholds)


def _holds(threshold: Threshold, values: np.ndarray) -> bool:
    if threshold.operator.startswith("|"):
        values = np.abs(values)
    compare = {
        ">": np.greater,
        "<": np.less,
        ">=": np.greater_equal,
        "<=": np.less_equal,
        "=": np.equal,
        "!=": np.not_equal,
    }[threshold.operator.lstrip("|")]
    true = compare(values, threshold.value)
    if threshold.times == "all":
        return bool(true.all())
    if threshold.times in ("first", "last"):
        return bool(true[0 if threshold.times == "first" else -1])
    return int(true.sum()) >= int(threshold.times)


def _printed(degrees: np.ndarray) -> np.ndarray:
    """Rounded to six decimals as text would be."""
    values, back = np.unique(degrees, return_inverse=True)
    turned = [v * TO_RADIANS * 180.0 / math.pi for v in values.tolist()]
    return np.array([float(f"{v:.6f}") for v in turned], float)[back]
