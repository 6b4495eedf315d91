"""Bicubic interpolation between the grids of a refinement: the cubic through the four nearest points of each axis."""

import numpy as np

from gnomon.numerics.geometry import Geometry
from gnomon.numerics.refinement import Refinement
from gnomon.spec.errors import BadData


def cubic(refinement: Refinement, x: np.ndarray) -> np.ndarray:
    """[..., y, x, channel] on the fine grid, of coarse fields [..., row, column, channel].

    Lagrange's cubic through two points on each side, exact for cubics on any spacing. Ends meet on a plane and along
    longitude; beyond the last latitude come the rows of the opposite meridian. Scalars only.

    What misleads: exact for cubics does not mean near on turbulence. The kernel of pictures (Keys 1981,
    doi:10.1109/TASSP.1981.1163711) is exact for squares at most, with a = -1/2 it errs about as much, with a = -3/4
    less, and a periodic cubic spline less still. None of them beats zero-filling there.
    """
    x, coarse, fine = np.asarray(x), refinement.coarse, refinement.fine
    if x.ndim < 3 or x.shape[-3:-1] != coarse.shape:
        rows, columns = coarse.shape
        raise BadData(
            f"the coarse grid holds fields of {rows} x {columns} x channels, this array is {x.shape}"
        )
    columns = _periodic(coarse.shape[1], fine.shape[1])
    if coarse.kind == "plane":
        rows, taken = _periodic(coarse.shape[0], fine.shape[0]), x
    else:
        rows, taken = _latitudes(coarse, fine), _across_poles(x)
    return np.einsum("yi,xj,...ijc->...yxc", rows, columns, taken, optimize=True)


def cubic_weights(nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """[point, node] Lagrange weights on the two nodes below and the two above each point.

    Args:
        nodes: ascending, any spacing.
        points: between the second node and the last but one.
    """
    nodes, points = np.asarray(nodes, float), np.asarray(points, float)
    if len(nodes) < 4 or (np.diff(nodes) <= 0).any():
        raise BadData("a cubic needs four nodes that ascend")
    if points.size and (points.min() < nodes[1] or points.max() > nodes[-2]):
        raise BadData("points must lie between the second node and the last but one")
    first = np.clip(np.searchsorted(nodes, points, side="right") - 2, 0, len(nodes) - 4)
    weights = np.zeros((len(points), len(nodes)))
    for i in range(4):
        own = np.ones(len(points))
        for j in range(4):
            if j != i:
                own *= (points - nodes[first + j]) / (nodes[first + i] - nodes[first + j])
        weights[np.arange(len(points)), first + i] = own
    return weights


def _periodic(coarse: int, fine: int) -> np.ndarray:
    weights = cubic_weights(np.arange(-2, coarse + 2), np.arange(fine) * coarse / fine)
    folded = weights[:, 2:-2].copy()
    folded[:, -2:] += weights[:, :2]
    folded[:, :2] += weights[:, -2:]
    return folded


def _latitudes(coarse: Geometry, fine: Geometry) -> np.ndarray:
    lat = np.asarray(coarse.lat)
    nodes = np.concatenate([-180 - lat[1::-1], lat, 180 - lat[:-3:-1]])
    return cubic_weights(nodes, np.asarray(fine.lat))


def _across_poles(x: np.ndarray) -> np.ndarray:
    """Two more rows at each end, from the opposite meridian."""
    half = x.shape[-2] // 2
    south, north = (np.roll(rows, half, axis=-2) for rows in (x[..., 1::-1, :, :], x[..., :-3:-1, :, :]))
    return np.concatenate([south, x, north], axis=-3)
