"""Parts of a world, read off its card, and where they lie in its variables."""

import itertools
import re

import numpy as np

from gnomon.spec.cards import Variable, WorldCard
from gnomon.spec.relaxation import Part

SECTORS = 4  # of an axis
MOST = 8  # variables that are parts of their own; more are no story
TROPICS = 25.0  # degrees
UPPER = 300  # hPa; levels of less pressure are the upper ones
EVERYWHERE = Part(name="everywhere")


def parts_of(card: WorldCard) -> tuple[Part, ...]:
    """The parts in which causes are looked for; none for a world that is one number.

    On a sphere the tropics, either side of them and the upper levels; elsewhere the sectors of the last axis, and
    every variable (or component of a short vector) where there are several.
    """
    if card.grid is not None:
        return _of_sphere(card)
    own = tuple(Part(name=v.name, variables=(v.name,)) for v in card.variables)
    sizes = {v.shape[-1] if v.shape else 1 for v in card.variables}
    size = sizes.pop() if len(sizes) == 1 else 1
    sectors = _sectors(card.variables[0], size) if size > 1 else ()
    several = own if 1 < len(own) <= MOST else ()
    return (*sectors, *several)


def mask_of(card: WorldCard, part: Part | None) -> dict[str, np.ndarray]:
    """Variable -> whether each of its places belongs to the part; nothing belongs to None."""
    return {v.name: _mask(card, v, part) for v in card.variables}


def weights_of(card: WorldCard, variable: Variable) -> np.ndarray:
    """Share of the whole that every place of a variable stands for: of area on a sphere, else all alike; sums to 1."""
    if card.grid is not None and variable.dims[-2:] == ("lat", "lon"):
        rows = np.asarray(card.grid.weights)[:, None]
        full = np.broadcast_to(rows, variable.shape).astype(float)
        return full / full.sum()
    return np.full(variable.shape, 1.0 / max(1, int(np.prod(variable.shape, dtype=int))))


def _of_sphere(card: WorldCard) -> tuple[Part, ...]:
    upper = tuple(v.name for v in card.variables if _is_upper(v.name))
    bands = (
        Part(name="the tropics", axis="lat", low=-TROPICS, high=TROPICS),
        Part(name="the north", axis="lat", low=TROPICS, high=90.0),
        Part(name="the south", axis="lat", low=-90.0, high=-TROPICS),
    )
    if not upper or len(upper) == len(card.variables):
        return bands
    return (*bands, Part(name="the upper levels", variables=upper))


def _is_upper(name: str) -> bool:
    found = re.search(r"(\d+)$", name)
    return found is not None and int(found.group(1)) <= UPPER


def _sectors(variable: Variable, size: int) -> tuple[Part, ...]:
    word = variable.dims[-1] if variable.dims else "component"
    edges = np.unique(np.linspace(0, size, min(SECTORS, size) + 1).round().astype(int))
    return tuple(
        Part(
            name=f"{word} {a}" if b - a == 1 else f"{word} {a} to {b - 1}",
            axis="last",
            low=float(a),
            high=float(b),
        )
        for a, b in itertools.pairwise(edges)
    )


def _mask(card: WorldCard, variable: Variable, part: Part | None) -> np.ndarray:
    if part is None or (part.variables and variable.name not in part.variables):
        return np.zeros(variable.shape, bool)
    if not part.axis:
        return np.ones(variable.shape, bool)
    if part.axis == "lat":
        if card.grid is None or variable.dims[-2:] != ("lat", "lon"):
            return np.zeros(variable.shape, bool)
        lat = np.asarray(card.grid.lat)
        inside = (lat >= part.low) & ((lat < part.high) | (part.high >= 90))
        return np.array(np.broadcast_to(inside[:, None], variable.shape))
    if not variable.shape:
        return np.zeros(variable.shape, bool)
    place = np.arange(variable.shape[-1])
    return np.array(np.broadcast_to((place >= part.low) & (place < part.high), variable.shape))
