"""Lows of sea-level pressure on single maps: local minima, merged, inside a closed contour.

The rules, in this order, are those of the DetectNodes tool of TempestExtremes (Ullrich et al. 2021,
doi:10.5194/gmd-14-5023-2021) with its default connectivity:

* A *candidate* is a cell none of whose four neighbours is lower (so every cell of a plateau is one). Longitude is
  periodic; the first and last rows have no neighbour beyond them, and the points of a row at the pole are points of
  their own.
* *Merging*: a candidate with a lower one closer than a distance goes, even where that one is later rejected.
* *Closed contour* (delta, r): starting at the candidate, cells are visited neighbour by neighbour. A cell farther
  than r rejects the candidate, *whatever its value*; only then is its value asked, and a cell at least delta above
  the candidate is not left again. So the rim of a contour must lie within r as well.

What misleads: the number of lows depends on the grid and on r far more than on the atmosphere; compare counts only
between fields that went through one and the same preset on one grid.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from gnomon.measures.cyclones.lattice import Disc, Lattice, disc_of, lattice, vectors

MAPS = 256  # taken at once; memory grows with it, speed hardly
CROSS = np.zeros((3, 3, 3), bool)  # neighbours in one window: four, never those of the next window
CROSS[1, 1, :] = CROSS[1, :, 1] = True

Mapping = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]


class Nodes(NamedTuple):
    """Lows on maps, ordered by map and then by place (row by row).

    Attributes:
        time: [node] index of the map.
        row: [node] of the grid.
        column: [node] of the grid.
        lat: [node] degrees north.
        lon: [node] degrees east.
        slp: [node] pressure at the centre, Pa.
    """

    time: np.ndarray
    row: np.ndarray
    column: np.ndarray
    lat: np.ndarray
    lon: np.ndarray
    slp: np.ndarray

    def take(self, index: np.ndarray) -> "Nodes":
        """Some of them."""
        return Nodes(*(x[index] for x in self))


class Rule(NamedTuple):
    """What counts as a low.

    Attributes:
        delta: Pa that the closed contour lies above the centre.
        radius: degrees of great circle within which it closes.
        merge: degrees of great circle within which only the deepest candidate stays; 0 merges nothing.
        merge_equal: whether of equally deep ones (a plateau, a row at the pole) only the first stays.
        least_latitude: degrees; candidates closer to the equator are dropped before merging.
    """

    delta: float = 200.0
    radius: float = 6.0
    merge: float = 6.0
    merge_equal: bool = False
    least_latitude: float = 0.0


def detect(
    psl: Any,
    lat: np.ndarray,
    lon: np.ndarray,
    rule: Rule,
    *,
    allowed: np.ndarray | None = None,
    map: Mapping = map,
    maps: int = MAPS,
) -> Nodes:
    """Lows on each map.

    Args:
        psl: [time, lat, lon] sea-level pressure in Pa; anything that can be sliced along time and turned into an
        array.
        lat: degrees north, monotone.
        lon: degrees east, ascending, once around.
        rule: what counts as a low.
        allowed: [lat, lon] where candidates may lie (not over high ground); everywhere where None.
        map: how chunks of maps are worked through: the built-in, or that of a process pool or a dask client.
        maps: how many maps a chunk holds.
    """
    grid = lattice(lat, lon)
    if len(psl.shape) != 3 or tuple(psl.shape[1:]) != grid.shape:
        raise ValueError(f"expected maps of shape [time, {grid.shape[0]}, {grid.shape[1]}], got {psl.shape}")
    work = functools.partial(_on_maps, grid=grid, rule=rule, allowed=allowed)
    return in_chunks(work, psl, map=map, maps=maps)


def in_chunks(work: Callable[[Any], Nodes], psl: Any, *, map: Mapping = map, maps: int = MAPS) -> Nodes:
    """The lows that `work` finds on each chunk of maps, put together in the order of time."""
    starts = range(0, max(psl.shape[0], 1), maps)
    found = [
        part._replace(time=part.time + start)
        for start, part in zip(starts, map(work, (psl[s : s + maps] for s in starts)), strict=True)
    ]
    return Nodes(*(np.concatenate(x) for x in zip(*found, strict=True)))


def minima(psl: np.ndarray) -> np.ndarray:
    """[time, lat, lon] cells none of whose four neighbours is lower."""
    out = np.ones(psl.shape, bool)
    out[:, 1:] &= psl[:, 1:] <= psl[:, :-1]
    out[:, :-1] &= psl[:, :-1] <= psl[:, 1:]
    out[..., 1:] &= psl[..., 1:] <= psl[..., :-1]
    out[..., :-1] &= psl[..., :-1] <= psl[..., 1:]
    out[..., 0] &= psl[..., 0] <= psl[..., -1]
    out[..., -1] &= psl[..., -1] <= psl[..., 0]
    return out


def merged(
    time: np.ndarray, points: np.ndarray, value: np.ndarray, degrees: float, *, equal: bool = False
) -> np.ndarray:
    """[candidate] whether a candidate stays when only the deepest within a distance does.

    Args:
        time: [candidate] map.
        points: [candidate, 3] on the unit sphere.
        value: [candidate] pressure.
        degrees: of great circle.
        equal: whether a candidate also yields to an equally deep one that comes before it and stays.
    """
    stays = np.ones(len(time), bool)
    if degrees == 0 or not len(time):
        return stays
    chord = 2.0 * np.sin(0.5 * degrees / 180.0 * np.pi)
    apart = np.concatenate(
        [points, 4.0 * time[:, None]], axis=1
    )  # maps farther from each other than any two points
    pairs = np.asarray(KDTree(apart).query_pairs(chord * (1 + 1e-9) + 1e-12, output_type="ndarray"))
    a, b = pairs[:, 0], pairs[:, 1]
    square = (points[a] - points[b]) ** 2
    near = (square[:, 0] + square[:, 1]) + square[:, 2] <= chord * chord
    a, b = a[near], b[near]
    stays[b[value[a] < value[b]]] = False
    stays[a[value[b] < value[a]]] = False
    if equal:
        same = value[a] == value[b]
        first, second = np.minimum(a, b)[same], np.maximum(a, b)[same]
        for k in np.argsort(second, kind="stable"):
            if stays[first[k]]:
                stays[second[k]] = False
    return stays


def enclosed(
    psl: np.ndarray,
    time: np.ndarray,
    row: np.ndarray,
    column: np.ndarray,
    *,
    grid: Lattice,
    delta: float | np.ndarray,
    radius: float,
) -> np.ndarray:
    """[candidate] whether a closed contour `delta` Pa above each candidate lies within `radius` of it.

    Args:
        psl: [time, lat, lon] Pa.
        time: [candidate] map.
        row: [candidate] of the grid.
        column: [candidate] of the grid.
        grid: of the maps.
        delta: Pa, for all or for each.
        radius: degrees.
    """
    closed = np.zeros(len(time), bool)
    delta = np.broadcast_to(np.asarray(delta, np.float64), closed.shape)
    order = np.argsort(row, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(row[order])) + 1):
        if len(part):
            disc = disc_of(grid, int(row[part[0]]), float(radius))
            filled = fill(psl, time[part], column[part], disc, delta[part])
            closed[part] = ~(filled & of_column(disc.rim, disc, column[part])).any(axis=(1, 2))
    return closed


def window(psl: np.ndarray, time: np.ndarray, column: np.ndarray, disc: Disc) -> np.ndarray:
    """[candidate, h, w] the values around candidates of one row."""
    rows = disc.row + np.arange(disc.inside.shape[1])
    columns = (column[:, None] + disc.offset) % psl.shape[2]
    return psl[time[:, None, None], rows[None, :, None], columns[:, None, :]]


def of_column(cells: np.ndarray, disc: Disc, column: np.ndarray) -> np.ndarray:
    """[candidate or 1, h, w] the disc's `inside` or `rim` for candidates of these columns."""
    return cells if len(cells) == 1 else cells[disc.pattern[column]]


def fill(psl: np.ndarray, time: np.ndarray, column: np.ndarray, disc: Disc, delta: np.ndarray) -> np.ndarray:
    """[candidate, h, w] cells of the disc less than `delta` above the centre and connected with it."""
    around = window(psl, time, column, disc)
    centre = around[:, disc.centre[0], disc.centre[1]]
    low = (around - centre[:, None, None] < delta[:, None, None]) & of_column(disc.inside, disc, column)
    label = np.empty(low.shape, np.int32)
    ndimage.label(low, CROSS, output=label)
    if disc.ring:
        label = _across_the_seam(label)
    return low & (label == label[:, disc.centre[0], disc.centre[1]][:, None, None])


def _across_the_seam(label: np.ndarray) -> np.ndarray:
    """Labels of windows whose last column touches their first."""
    left, right = label[..., 0].ravel(), label[..., -1].ravel()
    both = (left > 0) & (right > 0)
    size = int(label.max(initial=0)) + 1
    edges = coo_array((np.ones(both.sum(), bool), (left[both], right[both])), shape=(size, size))
    return connected_components(edges, directed=False)[1][label]


def _on_maps(psl: Any, *, grid: Lattice, rule: Rule, allowed: np.ndarray | None) -> Nodes:
    """Lows on a chunk of maps."""
    psl = np.ascontiguousarray(psl, np.float32)
    if not np.isfinite(psl).all():
        raise ValueError("sea-level pressure holds values that are not finite; leave such maps out first")
    spots = minima(psl)
    if allowed is not None:
        spots &= allowed
    if rule.least_latitude:
        spots[:, np.abs(grid.lat) < rule.least_latitude] = False
    time, row, column = np.nonzero(spots)
    value = psl[time, row, column]
    keep = merged(time, vectors(grid)[row, column], value, rule.merge, equal=rule.merge_equal)
    time, row, column, value = time[keep], row[keep], column[keep], value[keep]
    keep = enclosed(psl, time, row, column, grid=grid, delta=rule.delta, radius=rule.radius)
    lat, lon = np.array(grid.lat), np.array(grid.lon)
    return Nodes(time, row, column, lat[row], lon[column], value.astype(float)).take(keep)
