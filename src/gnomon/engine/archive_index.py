"""The index of El Nino that a reference ran over, from its own sea surface."""

from typing import Any

import numpy as np

from gnomon.archives import Collection
from gnomon.engine.archive_series import calendar_of, field_of
from gnomon.spec.cards import Grid
from gnomon.spec.errors import BadData

SOUTH, NORTH, WEST, EAST = -5.0, 5.0, 190.0, 240.0  # Nino 3.4
SEA = ("tos", "ts")
YEARS = 16  # that are read at once


def sea_index(files: Collection, experiment: str, grid: Grid) -> dict[str, Any] | str:
    """Nino 3.4: {"years": [...], "values": [[12 months] a year]}, or why there is none.

    The area mean of the sea's temperature (of the surface's, which is the sea's there) over 5 S-5 N, 170-120 W, less
    its mean season, as centred means over three months where both neighbours are there.
    """
    name = next((n for n in SEA if files.has(experiment, n)), None)
    if name is None:
        return f"the reference holds no temperature of the sea ({' or '.join(SEA)}), so no index of El Nino"
    known = calendar_of(files, experiment, (name,), days=False)
    field = field_of(files, experiment, files.members(experiment)[:1], name, grid, known)
    lat, lon = np.asarray(grid.lat), np.asarray(grid.lon)
    rows = np.flatnonzero((lat >= SOUTH) & (lat <= NORTH))
    columns = np.flatnonzero((lon >= WEST) & (lon <= EAST))
    if not len(rows):  # rows of a coarse grid beside the equator
        rows = np.flatnonzero(np.abs(lat) == np.abs(lat).min())
    if not len(known.years) or not len(columns):
        return "the reference holds no whole year of its sea, so no index of El Nino"
    weights = np.asarray(grid.weights)[rows]
    maps = (field[y : y + YEARS][:, 0] for y in range(0, len(field), YEARS))
    box = np.array([_box_mean(one[:, rows][:, :, columns], weights) for few in maps for one in few])
    if not np.isfinite(box).all():
        raise BadData(f"{files.where}: {name} of {experiment} has missing months over the Pacific's equator")
    return {"years": [int(y) for y in known.years], "values": smoothed(box, known.years).tolist()}


def smoothed(box: np.ndarray, years: np.ndarray) -> np.ndarray:
    """[year, month] anomalies from the mean season, as centred three-month means within unbroken years."""
    anomalies = box - box.mean(axis=0)
    flat, when = anomalies.ravel(), (12 * np.asarray(years)[:, None] + np.arange(12)).ravel()
    out = flat.copy()
    for i in range(len(flat)):
        near = [j for j in (i - 1, i, i + 1) if 0 <= j < len(flat) and abs(when[j] - when[i]) <= 1]
        out[i] = flat[near].mean()
    return out.reshape(anomalies.shape)


def _box_mean(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[month] over the cells that are sea."""
    there = np.isfinite(x) * weights[:, None]
    total = there.sum(axis=(1, 2))
    return np.divide(
        (np.nan_to_num(x) * there).sum(axis=(1, 2)), total, out=np.full(len(x), np.nan), where=total > 0
    )
