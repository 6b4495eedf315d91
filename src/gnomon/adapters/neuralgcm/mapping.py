"""A world's variables in the words of NeuralGCM, and back.

What a checkpoint can give is decided here, by name: `ta`, `ua`, `va`, `hus` and `zg` on any of its pressure levels,
`psl`, `ps` at the world's own ground, and `pr` where it accumulates rain. It has neither a temperature at two
metres, nor evaporation, nor radiation at the top of the atmosphere: those variables are left out of its runs.
Nothing is made up for them, and a measure that needs one says that it cannot be taken.
"""

import re
from typing import NamedTuple

import numpy as np

from gnomon.adapters.neuralgcm.column import (
    GRAVITY,
    Column,
    along_pressure,
    fill_column,
    geopotential,
    sea_level_pressure,
    surface_pressure,
)
from gnomon.adapters.neuralgcm.machine import WATER, Machine, Moment
from gnomon.adapters.neuralgcm.regrid import Lattice, regrid, resolves, spectral
from gnomon.adapters.neuralgcm.surface import Snapshot, grid_lattice
from gnomon.spec.cards import WorldCard

_ON_LEVEL = re.compile(r"(ta|ua|va|hus|zg)(\d+)")
_WORDS = {"ta": "t", "ua": "u", "va": "v", "hus": "q", "zg": "z"}
_LOWEST = 1000.0  # hPa, the lowest level of every published checkpoint


class Place(NamedTuple):
    """Where a world wants its fields.

    Attributes:
        lattice: its points.
        orography: its ground in m, [lat, lon], or None where its card is silent.
        truncation: its total wavenumber, or None where it is not spectral.
    """

    lattice: Lattice
    orography: np.ndarray | None = None
    truncation: int | None = None


def place_of(card: WorldCard) -> Place:
    """Where the fields of a world are."""
    here = grid_lattice(card)
    if card.grid is None:
        return Place(here)
    ground = np.reshape(card.grid.orography, (len(here.lat), len(here.lon))) if card.grid.orography else None
    return Place(here, ground, card.grid.truncation)


class Offer(NamedTuple):
    """Which of a world's variables a checkpoint gives, and which it does not."""

    gives: tuple[str, ...]
    lacks: tuple[str, ...]


def offer(card: WorldCard, *, rain: bool) -> Offer:
    """What a checkpoint gives of a world's variables.

    Args:
        card: of the world.
        rain: whether the checkpoint accumulates rain.
    """
    known = {"psl"} | ({"pr"} if rain else set())
    if card.grid is not None and card.grid.orography:
        known.add("ps")
    given = [v.name for v in card.variables if v.name in known or _ON_LEVEL.fullmatch(v.name)]
    return Offer(tuple(given), tuple(v.name for v in card.variables if v.name not in given))


def wants(card: WorldCard) -> str:
    """Why no start can be made from a world's observations; "" where one can."""
    names = {v.name for v in card.variables}
    missing = [word for word in ("ta", "ua", "va", "hus") if len(_levels(names, word)) < 2]
    if missing:
        return f"the world does not show {', '.join(missing)} on pressure levels"
    if any(_levels(names, w) != _levels(names, "ta") for w in ("ua", "va", "hus")):
        return "the world shows wind, temperature and humidity on different levels"
    if "psl" not in names:
        return "the world does not show sea-level pressure"
    if _levels(names, "ta")[-1] != _LOWEST:
        return "the world does not show the 1000 hPa level"
    return "" if card.time_units == "d" else f"the world counts time in {card.time_units!r}, not in days"


def column_of(card: WorldCard, machine: Machine, obs: dict[str, np.ndarray], above: Snapshot) -> Column:
    """The air of one observation (variable -> [lat, lon]) on the lattice and levels of a checkpoint.

    Args:
        card: of the world.
        machine: the checkpoint.
        obs: one observation.
        above: whose zonal means shape the air above the world's highest level.
    """
    here = grid_lattice(card)
    levels = _levels({v.name for v in card.variables}, "ta")

    def bent(name: str, vector: bool = False) -> np.ndarray:
        return regrid(obs[name], here, machine.lattice, vector=vector)

    def stack(word: str, vector: bool = False) -> np.ndarray:
        return np.stack([bent(f"{word}{level:g}", vector) for level in levels])

    few = Column(
        np.array(levels), stack("ta"), stack("ua", True), stack("va", True), np.clip(stack("hus"), 0.0, None),
        np.zeros((len(levels), *machine.land.shape)),
    )  # fmt: skip
    full = fill_column(few, machine.level, zonal(above, machine))
    height = bent("zg500") if "zg500" in obs else None
    return full._replace(z=geopotential(full.level, full.t, full.q, bent("psl"), height))


def zonal(above: Snapshot, machine: Machine) -> Column:
    """Zonal means [level, lat, 1] on the latitudes of a checkpoint."""

    def mean(x: np.ndarray) -> np.ndarray:
        return regrid(x, above.lattice, machine.lattice).mean(axis=-1, keepdims=True)

    air = above.column
    return Column(air.level, *(mean(x) for x in (air.t, air.u, air.v, air.q, air.z)))


def column_on(column: Column, source: Lattice, place: "Place") -> Column:
    """A column where a world wants it: by harmonics where the world is spectral, else as `regrid` does."""
    cut = place.truncation
    out = {}
    for word in ("t", "u", "v", "q", "z"):
        x, vector = getattr(column, word), word in "uv"
        if cut is not None and resolves(source, cut) and resolves(place.lattice, cut):
            out[word] = spectral(x, source, place.lattice, cut, vector=vector)
        else:
            out[word] = regrid(x, source, place.lattice, vector=vector)
    return Column(column.level, **out)


def observed(
    names: tuple[str, ...],
    moment: Moment,
    before: np.ndarray | None,
    seconds: float,
    machine: Machine,
    place: Place,
) -> dict[str, np.ndarray]:
    """Variables [lat, lon] in the world's units where the world wants them.

    Args:
        names: which.
        moment: the end of a step.
        before: accumulated rain at its beginning (m), for the mean rate over the step.
        seconds: length of the step.
        machine: the checkpoint.
        place: where the world wants its fields.
    """
    air = column_on(moment.column, machine.lattice, place)
    out = {}
    for name in names:
        found = _ON_LEVEL.fullmatch(name)
        if found:
            x = along_pressure(getattr(air, _WORDS[found[1]]), air.level, np.array([float(found[2])]))[0]
            out[name] = x / GRAVITY if found[1] == "zg" else x
        elif name == "psl":
            out[name] = sea_level_pressure(air)
        elif name == "ps" and place.orography is not None:
            out[name] = surface_pressure(air, place.orography)
        elif name == "pr" and moment.rain is not None:
            fallen = moment.rain - (0.0 if before is None else before)
            out[name] = WATER * regrid(fallen, machine.lattice, place.lattice) / seconds
    return out


def _levels(names: set[str], word: str) -> list[float]:
    """Ascending hPa on which a quantity is shown."""
    found = (_ON_LEVEL.fullmatch(n) for n in names)
    return sorted(float(f[2]) for f in found if f and f[1] == word)
