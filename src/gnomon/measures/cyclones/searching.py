"""From the runs of an experiment to tracks, unit by unit, with the one preset for every model."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gnomon.core.measure import CannotMeasure
from gnomon.core.runs import Evidence, Runs
from gnomon.measures.cyclones.detect import MAPS
from gnomon.measures.cyclones.preset import (
    COARSEST,
    GNOMON,
    STEP_HOURS,
    Searched,
    find,
    on_grid,
    resolved,
    searched,
)
from gnomon.measures.cyclones.stitch import Tracks, stitch
from gnomon.measures.tables import kept, runs_of

HOURS = {"d": 24.0, "day": 24.0, "days": 24.0, "h": 1.0, "hours": 1.0, "s": 1 / 3600}


class Found(NamedTuple):
    """Tracks of one unit.

    Attributes:
        tracks: with hours since the start of the run.
        psl: [map, lat, lon] the maps they were found on, as they came.
        where: the grids.
        lows: [low] latitude of every low on every map, whether on a track or not.
    """

    tracks: Tracks
    psl: np.ndarray
    where: Searched
    lows: np.ndarray

    def fields(self, maps: np.ndarray) -> np.ndarray:
        """[map, lat, lon] some of the maps on the grid of the search."""
        return on_grid(self.psl[maps], self.where, GNOMON)


class Units(NamedTuple):
    """All units of an experiment.

    Attributes:
        alive: [unit] whether a unit kept finite pressure to its end.
        hours: [map] since the start of the run.
        found: living units, in order, each searched when asked for.
    """

    alive: np.ndarray
    hours: np.ndarray
    found: Iterator[Found]


def search(evidence: Evidence, label: str) -> Units:
    """Tracks of every living unit of an experiment (its first member).

    Raises:
        CannotMeasure: no sea-level pressure, no grid, a grid coarser than T31, or maps that are not 6 hours apart.
    """
    runs = runs_of(evidence, label)
    grid = evidence.card.grid
    if grid is None or "psl" not in runs.obs:
        raise CannotMeasure("cyclones are found in sea-level pressure (psl) on the sphere; there is none")
    truncation = resolved(len(grid.lon), grid.truncation)
    if truncation < COARSEST:
        raise CannotMeasure(
            f"no cyclones are judged below T{COARSEST}; this grid stands for T{truncation}, "
            "whose shortest waves are as wide as a cyclone"
        )
    stride, hours = _maps(evidence.card.time_units, runs)
    psl = runs.obs["psl"]
    alive = kept(runs) & np.array([bool(np.isfinite(psl[u, 0]).all()) for u in range(len(psl))], bool)
    ground = np.array(grid.orography).reshape(len(grid.lat), len(grid.lon)) if grid.orography else None
    where = searched(np.array(grid.lat), np.array(grid.lon), GNOMON, ground)

    units = np.flatnonzero(alive).tolist()
    together = max(1, MAPS // len(hours))  # short runs share a call
    batches = (units[k : k + together] for k in range(0, len(units), together))
    return Units(
        alive, hours, (found for batch in batches for found in _batch(psl, batch, stride, hours, where))
    )


def _batch(
    psl: np.ndarray, units: list[int], stride: int, hours: np.ndarray, where: Searched
) -> Iterator[Found]:
    """Tracks of a few units whose maps are searched in one go."""
    maps = np.concatenate([np.asarray(psl[u, 0, stride - 1 :: stride]) for u in units])
    nodes = find(maps, where, GNOMON)
    edges = np.searchsorted(nodes.time, np.arange(len(units) + 1) * len(hours))
    for k in range(len(units)):
        own = nodes.take(np.arange(edges[k], edges[k + 1]))
        own = own._replace(time=own.time - k * len(hours))
        part = maps[k * len(hours) : (k + 1) * len(hours)]
        yield Found(stitch(own, hours, GNOMON.joining), part, where, own.lat)


def _maps(unit: str, runs: Runs) -> tuple[int, np.ndarray]:
    """Every how many kept observations there is a map, and the hours of the maps."""
    if unit not in HOURS:
        raise CannotMeasure(f"cyclones need a world whose time is in days or hours, not {unit!r}")
    hours = np.asarray(runs.time, float) * HOURS[unit]
    if len(hours) < 2:
        raise CannotMeasure("cyclones are tracked from map to map; these runs keep one observation")
    step = float(hours[1] - hours[0])
    stride = round(STEP_HOURS / step)
    if stride < 1 or abs(stride * step - STEP_HOURS) > 0.01:
        raise CannotMeasure(
            f"cyclones are tracked on maps {STEP_HOURS:g} hours apart; these runs keep one every {step:g} hours"
        )
    return stride, hours[stride - 1 :: stride]
