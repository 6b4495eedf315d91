"""How large and how deep a cyclone is: the last closed isobar, and the radius of half the anomaly.

* *Last closed isobar*: the contour above the centre is raised in steps of 1 hPa for as long as the cells below it,
  connected with the centre, neither reach farther than 20 degrees nor hold a deeper low. R_eff is the radius of a
  cap of the same area A: A = 2 pi a^2 (1 - cos(R / a)).
* *Half-anomaly radius*: where the azimuthal mean of pressure has risen half the way from the centre to the
  surroundings, the mean over r = 10 … 15 degrees; the first crossing, linear between rings. The same surroundings
  give the depth.

What misleads: the last closed isobar jumps when a neighbour's contour opens, and depends on the grid; in a strong
background gradient a deep low may have no closed isobar at all. The half-anomaly radius is robust on coarse grids
but never smaller than about half the shortest wave the field holds. At T21 neither means anything (see `preset`).
"""

from typing import NamedTuple

import numpy as np

from gnomon.measures.cyclones.composites import AT_ONCE, AZIMUTHS, Cap, around, sample
from gnomon.measures.cyclones.detect import Nodes, fill, of_column, window
from gnomon.measures.cyclones.lattice import Disc, Lattice, areas, disc_of
from gnomon.numerics.sphere.grid import RADIUS

SURROUNDINGS = (10.0, 15.0)  # degrees
STEP = 100.0  # Pa between isobars
FARTHEST = 20.0  # degrees
MOST = 128  # isobars


class Isobar(NamedTuple):
    """The last closed isobar of each low.

    Attributes:
        rise: Pa above the centre; 0 where not even the first is closed.
        radius: km, of a cap of the same area; 0 where none is closed.
    """

    rise: np.ndarray
    radius: np.ndarray


class Shape(NamedTuple):
    """Size and depth from the azimuthal mean.

    Attributes:
        depth: hPa below the surroundings.
        half_radius: km; NaN where the mean never rises half-way.
    """

    depth: np.ndarray
    half_radius: np.ndarray


def profile(psl: np.ndarray, nodes: Nodes, grid: Lattice, radii: np.ndarray) -> np.ndarray:
    """[low, ring] azimuthal mean of pressure around lows, Pa.

    Args:
        psl: [time, lat, lon] Pa, or its anomaly from a background.
        nodes: the lows.
        grid: of the maps.
        radii: degrees.
    """
    cap = Cap(radii, AZIMUTHS)
    out = np.zeros((len(nodes.time), len(radii)))
    for s in range(0, len(nodes.time), AT_ONCE):
        part = slice(s, s + AT_ONCE)
        points = around(nodes.lat[part], nodes.lon[part], cap)
        out[part] = sample(psl, grid, nodes.time[part], *points).mean(axis=-1)
    return out


def shape(psl: np.ndarray, nodes: Nodes, grid: Lattice) -> Shape:
    """Depth and half-anomaly radius of lows; arguments as for `profile`."""
    radii = np.arange(0.0, SURROUNDINGS[1] + 0.25, 0.5)
    rings = profile(psl, nodes, grid, radii)
    outside = rings[:, radii >= SURROUNDINGS[0]].mean(axis=1)
    depth = outside - rings[:, 0]
    share = (rings - rings[:, :1]) / np.where(depth > 0, depth, np.nan)[:, None]
    over = share >= 0.5
    k = np.maximum(over.argmax(axis=1), 1)
    row = np.arange(len(k))
    low, high = share[row, k - 1], share[row, k]
    between = (0.5 - low) / np.where(high > low, high - low, np.nan)
    half = (radii[k - 1] + between * (radii[k] - radii[k - 1])) * np.pi / 180 * RADIUS / 1000
    return Shape(depth / 100, np.where(over.any(axis=1), half, np.nan))


def last_closed_isobar(
    psl: np.ndarray, nodes: Nodes, grid: Lattice, *, step: float = STEP, farthest: float = FARTHEST
) -> Isobar:
    """The last closed isobar of lows, by halving: what is closed at one level is closed at every lower one.

    Args:
        psl: [time, lat, lon] Pa.
        nodes: the lows (their grid cells are the centres).
        grid: of the maps.
        step: Pa between isobars.
        farthest: degrees that a contour may reach.
    """
    psl = np.asarray(psl, np.float32)
    rise, share = np.zeros(len(nodes.time)), np.zeros(len(nodes.time))
    area = areas(grid)
    order = np.argsort(nodes.row, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(nodes.row[order])) + 1)
    for part in (q[s : s + AT_ONCE] for q in parts for s in range(0, len(q), AT_ONCE)):
        disc = disc_of(grid, int(nodes.row[part[0]]), float(farthest))
        low, high = np.zeros(len(part)), np.full(len(part), float(MOST))  # closed at low, open at high
        while (high - low > 1).any():
            middle = np.floor((low + high) / 2)
            closed = _closed(psl, nodes.take(part), disc, middle * step)
            low, high = np.where(closed, middle, low), np.where(closed, high, middle)
        filled = fill(psl, nodes.time[part], nodes.column[part], disc, low * step)
        rows = disc.row + np.arange(disc.inside.shape[1])
        rise[part] = low * step
        share[part] = np.where(low > 0, (filled * area[rows, 0][None, :, None]).sum(axis=(1, 2)), 0.0)
    return Isobar(rise, RADIUS / 1000 * np.arccos(1 - 2 * np.minimum(share, 1.0)))


def _closed(psl: np.ndarray, nodes: Nodes, disc: Disc, rise: np.ndarray) -> np.ndarray:
    """Whether contours stay within the disc and hold no deeper low."""
    filled = fill(psl, nodes.time, nodes.column, disc, rise)
    rim = of_column(disc.rim, disc, nodes.column)
    around_it = window(psl, nodes.time, nodes.column, disc)
    centre = around_it[:, disc.centre[0], disc.centre[1]][:, None, None]
    return np.logical_not((filled & (rim | (around_it < centre))).any(axis=(1, 2)))
