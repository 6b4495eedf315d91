"""Blocks: a field on a region, as numbers whose squares sum to an area mean in units of internal variability."""

from typing import NamedTuple

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.measures.sphere.steady import Steady
from gnomon.measures.tables import each_unit
from gnomon.numerics.sphere.grid import box
from gnomon.spec.cards import Grid

REGIONS: dict[str, tuple[tuple[float, float, float, float], ...]] = {  # south, north, west, east
    "globe": ((-90, 90, 0, 360),),
    "pna": ((20, 80, 150, 300),),
    "extratropics": ((-90, -20, 0, 360), (20, 90, 0, 360)),
    "tropics": ((-30, 30, 0, 360),),
    "nino34": ((-5, 5, 190, 240),),
    "nino4": ((-5, 5, 160, 210),),
    "wave_source": ((0, 60, 90, 300),),
}
LEAST = 1e-12  # of a field's mean square: an internal variance below it is rounding


class Block(NamedTuple):
    """A variable on a region of `REGIONS`."""

    variable: str
    region: str


def area_share(grid: Grid, region: str) -> np.ndarray:
    """[lat, lon] each point's share of the region's area; a cell counts by its centre. They sum to 1."""
    lat, lon = np.asarray(grid.lat), np.asarray(grid.lon)
    inside = np.any([box(lat, lon, *bounds) for bounds in REGIONS[region]], axis=0)
    share = inside * np.asarray(grid.weights, float)[:, None]
    if share.sum() <= 0:
        raise CannotMeasure(f"the grid has no point in the region {region!r}")
    return share / share.sum()


def block_table(grid: Grid, means: Steady, blocks: tuple[Block, ...]) -> UnitTable:
    """Responses on the blocks, for `scaled`.

    Returns:
        "response" [unit, forcing, feature], values times the root of the point's share; "noise" [unit, feature], the
        internal variance likewise; "block" [unit, feature], which block a feature is of; "offset" [unit, forcing];
        "alive" and "controls" [unit].
    """
    responses, noises, which = [], [], []
    for i, (variable, region) in enumerate(blocks):
        share = area_share(grid, region)
        at = np.nonzero(share > 0)
        root = np.sqrt(share[at])
        responses.append(means.change[variable][:, :, at[0], at[1]] * root)
        noises.append(means.noise[variable][:, at[0], at[1]] * root**2)
        which.append(np.full(len(root), i))
    units = len(means.alive)
    return {
        "response": np.concatenate(responses, axis=2),
        "noise": np.concatenate(noises, axis=1),
        "block": each_unit(np.concatenate(which), units),
        "offset": each_unit(means.offset, units),
        "alive": means.alive,
        "controls": each_unit(means.controls, units),
    }


def scaled(truth: UnitTable, table: UnitTable, key: str = "response") -> np.ndarray:
    """[living unit, feature] everything of a unit in a row, so that squares sum to a mean over forcings and blocks.

    Each block is measured in its own internal variance: that of the truth's time means between units, averaged over
    the region, because a variance of few units at one point is itself mostly noise.
    """
    block = truth["block"][0]
    x = table[key][table["alive"]]
    variance = np.bincount(block, weights=truth["noise"].mean(axis=0))
    size = np.bincount(block, weights=(truth["response"].mean(axis=(0, 1)) ** 2))
    variance = np.maximum(variance, LEAST * np.maximum(size, 1e-30))
    x = x / np.sqrt(variance[block] * len(variance) * x.shape[1])
    return x.reshape(len(x), x.shape[1] * x.shape[2])
