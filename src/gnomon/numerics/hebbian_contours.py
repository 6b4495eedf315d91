"""Closed curves along which a function on a grid is zero: marching squares, then Newton steps onto the curve."""

from collections.abc import Callable

import numpy as np

from gnomon.numerics.hebbian_theory import Complex

Level = Callable[[np.ndarray], np.ndarray]
Crossing = tuple[int, int, int]  # row, column, and 0 for the edge to the right or 1 for the edge upwards

# for each pattern of the corners (lower left, lower right, upper right, upper left) that are positive: which edges of
# the cell (0 below, 1 right, 2 above, 3 left) a curve joins; the two saddles are cut so that negative corners stay
# apart
SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((0, 1), (2, 3)), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((2, 0),), 10: ((3, 0), (1, 2)), 11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip


def closed_curves(values: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[Complex]:
    """Closed curves x + iy along which `values` [y, x] is zero by linear interpolation; those cut off are dropped."""
    joined = _joined(values > 0)
    curves = []
    while joined:
        first = next(iter(joined))
        walk, here, before = [first], joined[first][0], first
        while here != first and len(joined.get(here, ())) == 2:
            walk.append(here)
            here, before = next(n for n in joined[here] if n != before), here
        closed = here == first
        for key in walk:
            joined.pop(key, None)
        if closed and len(walk) > 3:
            points = np.asarray([_point(values, x, y, key) for key in walk])
            curves.append(np.append(points, points[0]))
    return curves


def _joined(positive: np.ndarray) -> dict[Crossing, list[Crossing]]:
    """Which crossings of grid edges follow one another."""
    pattern = (
        positive[:-1, :-1] + 2 * positive[:-1, 1:] + 4 * positive[1:, 1:] + 8 * positive[1:, :-1].astype(int)
    )
    joined: dict[Crossing, list[Crossing]] = {}
    for row, column in np.argwhere((pattern > 0) & (pattern < 15)).tolist():
        edges = ((row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1))
        for a, b in SEGMENTS[int(pattern[row, column])]:
            joined.setdefault(edges[a], []).append(edges[b])
            joined.setdefault(edges[b], []).append(edges[a])
    return joined


def _point(values: np.ndarray, x: np.ndarray, y: np.ndarray, key: Crossing) -> complex:
    row, column, upward = key
    near, far = values[row, column], values[row + upward, column + 1 - upward]
    part = near / (near - far) if np.isfinite(near - far) and near != far else 0.5
    if upward:
        return complex(x[column], y[row] + part * (y[row + 1] - y[row]))
    return complex(x[column] + part * (x[column + 1] - x[column]), y[row])


def polished(level: Level, points: Complex, mesh: float, steps: int = 6) -> Complex:
    """The points moved onto level = 0 along its gradient; those that would move by more than a mesh stay."""
    w = points.copy()
    for _ in range(steps):
        e = 1e-5 * mesh
        value, right, left, up, down = level(w + e * np.asarray([0, 1, -1, 1j, -1j])[:, None])
        slope = ((right - left) + 1j * (up - down)) / (2 * e)
        with np.errstate(all="ignore"):
            move = value * slope / np.abs(slope) ** 2
        w = np.where(np.abs(move) < 0.5 * mesh, w - move, w)
    return np.where((np.abs(w - points) < mesh) & np.isfinite(w), w, points)
