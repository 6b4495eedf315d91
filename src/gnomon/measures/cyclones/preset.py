"""Presets: the settings of a whole search, from sea-level pressure to tracks.

`TEMPEST_6` and `TEMPEST_9` are settings of the literature, applied to fields as they come. `GNOMON` is the one preset
by which every model is judged, and each of its numbers has a reason:

* *T31 on a grid of 2 degrees.* Every field is first cut at total wavenumber 31 through spherical harmonics. A finer
  model has more and deeper lows merely because it is finer; seen at one resolution, models differ by what they do.
  T31 is the coarsest truncation at which lows are judged at all, and 2 degrees sample its shortest wave (11.6
  degrees) six times, so that minima do not hop between far points. The rows of the grid avoid the poles.
* *200 Pa within 9 degrees.* The 2 hPa are those of TempestExtremes' extratropical settings. Its 6 degrees ask for
  more than T31 can hold: from a crest to the next trough of the shortest wave are 5.8 degrees, and the outermost
  cell of the contour must lie within the radius too.
* *Merging within 6 degrees*, half the shortest wave: two centres closer than that are one low to T31.
* *No ground above 1500 m, nothing within 20 degrees of the equator.* Pressure reduced through a kilometre and a
  half of rock is not observed, and tropical lows are another subject.
* *Joined within 8 degrees in 6 hours* (41 m/s, faster than cyclones move), over at most one missing map (12 hours).
* *Two days and 1000 km (9 degrees)* at least, the usual convention of the field (Hodges 1995,
  doi:10.1175/1520-0493(1995)123<3458:FTOTUS>2.0.CO;2; Neu et al. 2013, doi:10.1175/BAMS-D-11-00154.1): it leaves
  out heat lows and lows tied to mountains.
"""

import functools
from typing import Any, NamedTuple

import numpy as np

from gnomon.measures.cyclones.detect import MAPS, Mapping, Nodes, Rule, detect, in_chunks
from gnomon.measures.cyclones.lattice import Lattice, lattice
from gnomon.measures.cyclones.stitch import Joining, Tracks, stitch
from gnomon.numerics.sphere.harmonics import Harmonics, harmonics, interpolate

COARSEST = 31  # the lowest truncation at which cyclones are judged
STEP_HOURS = 6.0  # between maps


class Preset(NamedTuple):
    """All settings of a search.

    Attributes:
        rule: what counts as a low.
        joining: how lows become tracks.
        truncation: at which fields are cut first; None takes them as they come.
        spacing: of the common grid, degrees.
        highest_ground: metres, above which no low is sought.
        refine: whether centres are placed between grid points by a parabola.
    """

    rule: Rule
    joining: Joining
    truncation: int | None = None
    spacing: float = 2.0
    highest_ground: float = 1500.0
    refine: bool = False


TEMPEST_6 = Preset(
    Rule(delta=200.0, radius=6.0, merge=6.0),
    Joining(reach=6.0, least_hours=60.0, gap_hours=18.0, ends=12.0),
    highest_ground=np.inf,
)
TEMPEST_9 = Preset(
    Rule(delta=200.0, radius=9.0, merge=6.0),
    Joining(reach=8.0, least_hours=60.0, gap_hours=18.0, ends=12.0),
    highest_ground=np.inf,
)
GNOMON = Preset(
    Rule(delta=200.0, radius=9.0, merge=6.0, merge_equal=True, least_latitude=20.0),
    Joining(reach=8.0, least_hours=48.0, gap_hours=12.0, ends=9.0),
    truncation=COARSEST,
    refine=True,
)


class Searched(NamedTuple):
    """Fields as a preset sees them: which grid, and where lows may lie.

    Attributes:
        source: the grid the fields come on.
        grid: the grid they are searched on.
        allowed: [lat, lon] of that grid.
    """

    source: Lattice
    grid: Lattice
    allowed: np.ndarray


def resolved(columns: int, truncation: int | None = None) -> int:
    """The truncation a grid stands for: what it declares, else that with 3 T + 1 longitudes."""
    return truncation if truncation is not None else (columns - 1) // 3


def searched(
    lat: np.ndarray, lon: np.ndarray, preset: Preset = GNOMON, orography: np.ndarray | None = None
) -> Searched:
    """The grids of a search.

    Args:
        lat: degrees north of the fields.
        lon: degrees east of the fields.
        preset: the settings.
        orography: [lat, lon] height of the ground in metres; nowhere high where None.
    """
    source = lattice(lat, lon)
    if preset.truncation is None:
        grid = source
    else:
        rows = round(180 / preset.spacing)
        grid = lattice(-90 + preset.spacing * (np.arange(rows) + 0.5), preset.spacing * np.arange(2 * rows))
    allowed = np.ones(grid.shape, bool)
    if orography is not None:
        ground = np.asarray(orography, float).reshape(source.shape)
        i = np.abs(np.array(grid.lat)[:, None] - np.array(source.lat)).argmin(axis=1)
        apart = (np.array(grid.lon)[:, None] - np.array(source.lon) + 180) % 360 - 180
        allowed = ground[np.ix_(i, np.abs(apart).argmin(axis=1))] <= preset.highest_ground
    return Searched(source, grid, allowed)


def on_grid(psl: Any, where: Searched, preset: Preset = GNOMON) -> np.ndarray:
    """[time, lat, lon] fields on the grid of the search, cut at the preset's truncation."""
    psl = np.asarray(psl)
    if preset.truncation is None:
        return psl
    if where.source.lat[0] > where.source.lat[-1]:
        psl = psl[:, ::-1]
    here, there = (_transform(g, preset.truncation) for g in (where.source, where.grid))
    return interpolate(here, there, psl).astype(np.float32)


def find(
    psl: Any,
    where: Searched,
    preset: Preset = GNOMON,
    *,
    map: Mapping = map,
    maps: int = MAPS,
) -> Nodes:
    """Lows on every map.

    Args:
        psl: [time, lat, lon] Pa on the source grid; anything that can be sliced along time.
        where: from `searched`.
        preset: the settings.
        map: the built-in, or that of a process pool or of a dask client (it gets picklable work).
        maps: how many maps are taken at once.
    """
    work = functools.partial(_find, where=where, preset=preset)
    return in_chunks(work, psl, map=map, maps=maps)


def track(
    psl: Any,
    lat: np.ndarray,
    lon: np.ndarray,
    *,
    hours: np.ndarray,
    preset: Preset = GNOMON,
    orography: np.ndarray | None = None,
    map: Mapping = map,
    maps: int = MAPS,
) -> Tracks:
    """Tracks of cyclones, from maps of sea-level pressure.

    Args:
        psl: [time, lat, lon] Pa.
        lat: degrees north.
        lon: degrees east.
        hours: [time] of the maps.
        preset: the settings.
        orography: [lat, lon] metres.
        map: see `find`.
        maps: see `find`.
    """
    where = searched(lat, lon, preset, orography)
    return stitch(find(psl, where, preset, map=map, maps=maps), hours, preset.joining)


def refined(psl: np.ndarray, nodes: Nodes, grid: Lattice) -> Nodes:
    """Centres and their pressure at the lowest point of a parabola through each low and its neighbours.

    Along latitude and longitude apart, at most half a cell away; lows of the first and last row stay where they are
    in latitude.
    """
    t, j, i = nodes.time, nodes.row, nodes.column
    centre = psl[t, j, i].astype(float)
    rows, columns = grid.shape
    north, south = psl[t, np.minimum(j + 1, rows - 1), i], psl[t, np.maximum(j - 1, 0), i]
    east, west = psl[t, j, (i + 1) % columns], psl[t, j, (i - 1) % columns]
    inner = (j > 0) & (j < rows - 1)
    dy, gain_y = _parabola(south.astype(float), centre, north.astype(float))
    dx, gain_x = _parabola(west.astype(float), centre, east.astype(float))
    lat = np.array(grid.lat)
    step = np.gradient(lat)[j]
    return nodes._replace(
        lat=nodes.lat + np.where(inner, dy * step, 0.0),
        lon=(nodes.lon + dx * 360 / columns) % 360,
        slp=nodes.slp - np.where(inner, gain_y, 0.0) - gain_x,
    )


def _parabola(before: np.ndarray, here: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where between two neighbours a parabola is lowest, in cells, and how far below the middle value."""
    bend = np.maximum(before - 2 * here + after, 1e-12)
    shift = np.clip((before - after) / (2 * bend), -0.5, 0.5)
    return shift, shift * (before - after) / 2 - shift**2 * bend / 2


@functools.lru_cache(maxsize=8)
def _transform(grid: Lattice, truncation: int) -> Harmonics:
    return harmonics(np.sort(grid.lat), np.array(grid.lon), truncation)


def _find(psl: Any, *, where: Searched, preset: Preset) -> Nodes:
    fields = on_grid(psl, where, preset)
    grid = where.grid
    nodes = detect(fields, np.array(grid.lat), np.array(grid.lon), preset.rule, allowed=where.allowed)
    return refined(fields, nodes, grid) if preset.refine else nodes
