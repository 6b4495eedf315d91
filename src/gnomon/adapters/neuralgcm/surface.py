"""The sea below: the packaged ERA5 snapshot or a world's own, and what a world's knobs add to it.

A knob with a pattern (K a unit of the knob) adds that pattern times its value; the knob "warming" adds its value in
K to the declared cells. Sea ice stays as it is. NeuralGCM sees sea-surface temperature only through the share of
open water in a cell; over land and under ice its own warming runs add the warming to the filling all the same, and
so does "all".
"""

import functools
from typing import Literal, NamedTuple, cast

import numpy as np

from gnomon.adapters.neuralgcm.checkpoint import SNAPSHOT_FILE, packaged
from gnomon.adapters.neuralgcm.column import Column
from gnomon.adapters.neuralgcm.machine import Machine, Surface
from gnomon.adapters.neuralgcm.regrid import Lattice, lattice, regrid
from gnomon.spec.cards import Knob, WorldCard
from gnomon.spec.errors import BadData, BadSpec, MissingExtra

Warmed = Literal["all", "ocean_and_ice", "ocean"]
WARMING = "warming"
OPEN_WATER = 0.15  # share of ice up to which a cell counts as open ocean


class Snapshot(NamedTuple):
    """One state of the air and the sea.

    Attributes:
        when: its time.
        lattice: where it is given.
        column: the air.
        clouds: further input fields of NeuralGCM by name, [level, lat, lon].
        surface: the sea.
    """

    when: np.datetime64
    lattice: Lattice
    column: Column
    clouds: dict[str, np.ndarray]
    surface: Surface


@functools.lru_cache(maxsize=2)
def read_snapshot(path: str = "") -> Snapshot:
    """An ERA5 state in the names of NeuralGCM (the first time of the file); by default the one it carries."""
    try:
        import xarray
    except ImportError:
        raise MissingExtra("neuralgcm", "xarray") from None
    where = path or str(packaged(SNAPSHOT_FILE))
    try:
        data = xarray.load_dataset(where)
    except (OSError, ValueError) as error:
        raise BadData(f"{where} cannot be read as NetCDF: {' '.join(str(error).split())[:200]}") from None
    if "time" in data.dims:
        data = data.isel(time=0)
    wanted = {
        "t": "temperature", "u": "u_component_of_wind", "v": "v_component_of_wind", "q": "specific_humidity",
        "z": "geopotential",
    }  # fmt: skip
    sea = ("sea_surface_temperature", "sea_ice_cover")
    missing = [
        n
        for n in (*wanted.values(), *sea, "time", "level", "latitude", "longitude")
        if n not in data.variables
    ]
    if missing:
        raise BadData(f"{where} lacks {', '.join(missing)}; expected an ERA5 state in the names of NeuralGCM")
    data = data.sortby("latitude").sortby("level")
    order = ("level", "latitude", "longitude")
    fields = {word: np.asarray(data[name].transpose(*order), float) for word, name in wanted.items()}
    clouds = {
        str(name): np.asarray(data[name].transpose(*order), float)
        for name in data.data_vars
        if data[name].ndim == 3 and name not in wanted.values()
    }
    sst, ice = (np.asarray(data[name].transpose(*order[1:]), float) for name in sea)
    for name, x in {**fields, "sea_surface_temperature": sst}.items():
        if not np.all(np.isfinite(x)):
            raise BadData(f"{where}: {name} holds NaN; fill land with the skin temperature before")
    return Snapshot(
        when=np.datetime64(str(data["time"].values.astype("datetime64[h]")), "h"),
        lattice=lattice(np.asarray(data["latitude"], float), np.asarray(data["longitude"], float)),
        column=Column(np.asarray(data["level"], float), **fields),
        clouds=clouds,
        surface=Surface(sst, np.clip(np.nan_to_num(ice), 0.0, 1.0)),
    )


def on_lattice(surface: Surface, source: Lattice, target: Lattice) -> Surface:
    """The sea on another lattice; a spline's overshoot is clipped."""
    sst = np.clip(regrid(surface.sst, source, target), surface.sst.min(), surface.sst.max())
    return Surface(sst, np.clip(regrid(surface.ice, source, target), 0.0, 1.0))


def surface_of(card: WorldCard, machine: Machine, sea: str) -> tuple[Surface, str]:
    """The sea at default knobs on the checkpoint's lattice, and in words where it is from.

    Args:
        card: whose `grid.sst` (K) and `grid.ice` (share) are used where it has them.
        machine: the checkpoint.
        sea: "world", "snapshot", or "auto": the world's where its card tells it.
    """
    told, ice = getattr(card.grid, "sst", ()), getattr(card.grid, "ice", ())
    if sea == "world" and not told:
        raise BadSpec(f"world {card.name!r} does not tell its sea-surface temperatures; use sea = 'snapshot'")
    if sea == "snapshot" or not told:
        snapshot = read_snapshot()
        day = str(snapshot.when)[:10]
        return on_lattice(snapshot.surface, snapshot.lattice, machine.lattice), f"ERA5 of {day}, held"
    here = grid_lattice(card)
    shape = (len(here.lat), len(here.lon))
    world = Surface(np.reshape(told, shape), np.reshape(ice or np.zeros(shape), shape))
    return on_lattice(world, here, machine.lattice), f"of the world {card.name}, held"


def grid_lattice(card: WorldCard) -> Lattice:
    """Where the world's fields are."""
    if card.grid is None:
        raise BadSpec(f"world {card.name!r} has no grid on the sphere")
    return lattice(np.array(card.grid.lat), np.array(card.grid.lon))


def mask_of(warmed: Warmed, surface: Surface, land: np.ndarray) -> np.ndarray:
    """[lat, lon] 1 where warming is added."""
    if warmed == "all":
        return np.ones_like(surface.sst)
    water = land < 1.0
    if warmed == "ocean_and_ice":
        return water.astype(float)
    if warmed == "ocean":
        return (water & (surface.ice < OPEN_WATER)).astype(float)
    raise BadSpec(f"warmed is {warmed!r}; expected 'all', 'ocean_and_ice' or 'ocean'")


def knob_fields(card: WorldCard, machine: Machine, surface: Surface, warmed: Warmed) -> dict[str, np.ndarray]:
    """Knob -> [lat, lon] K a unit of the knob, for every knob that acts through the sea surface."""
    fields = {}
    for knob in card.knobs:
        if knob.pattern is not None:
            here = grid_lattice(card)
            pattern = np.reshape(knob.pattern, (len(here.lat), len(here.lon)))
            fields[knob.name] = regrid(pattern, here, machine.lattice)
        elif knob.name == WARMING:
            fields[knob.name] = mask_of(warmed, surface, machine.land)
    return fields


def warmed_surface(surface: Surface, fields: dict[str, np.ndarray], values: dict[str, float]) -> Surface:
    """The sea with these values of the knobs (differences from their defaults)."""
    sst = surface.sst
    for name, value in values.items():
        sst = sst + cast(float, value) * fields[name]
    return surface._replace(sst=sst)


def is_moved(knob: Knob, values: np.ndarray) -> bool:
    """Whether a knob leaves its default at any time."""
    return bool(np.any(np.abs(values - knob.default) > 1e-12))
