"""Which terms the equations of a world may hold, read off its card: one library for each of its variables."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from gnomon.numerics.plane_terms import layer_terms, point_terms, vorticity_terms
from gnomon.numerics.term_library import Columns, derivative_terms, monomial_terms
from gnomon.spec.cards import Variable, WorldCard

MOST = 200  # columns of all scalars together: the highest degree that keeps them below it, at most cubic
CUBIC = 3

Seen = Mapping[str, np.ndarray]  # variable -> [sample, ...]


class NoLibrary(ValueError):
    """A world for whose variables no terms are known; the message says why."""


class Term(NamedTuple):
    """A term of the equation of one variable."""

    variable: str
    label: str


def library_of(card: WorldCard) -> Callable[[Seen], dict[str, Columns]]:
    """A function from observations to the terms of each variable's equation.

    Scalars: monomials of all scalars. Rings of a field: powers times derivatives. Rings of alike sites: quadratic terms
    of a site and its neighbours. Sites that are not alike: powers of each alone. Planes: see `numerics.plane_terms`.
    """
    if card.rung not in ("flow", "network", "field") or card.grid is not None:
        raise NoLibrary(f"no library of terms for worlds of the rung {card.rung!r}")
    planes = [v for v in card.variables if len(v.shape) == 2]
    if planes:
        if len(planes) < len(card.variables) or card.length is None:
            raise NoLibrary(f"{card.name}: no library of terms for fields on a plane beside other variables")
        return _plane_library(card, card.length)
    if any(len(v.shape) > 2 for v in card.variables):
        raise NoLibrary(f"{card.name}: no library of terms for variables of more than two axes")
    return lambda seen: _lines(card, seen)


def terms_of(card: WorldCard) -> tuple[Term, ...]:
    """Every term of every equation, in the order of the columns of a joint regression."""
    nothing = {v.name: np.ones((1, *v.shape)) for v in card.variables}
    found = library_of(card)(nothing)
    return tuple(Term(v.name, label) for v in card.variables for label in found[v.name].labels)


def _lines(card: WorldCard, seen: Seen) -> dict[str, Columns]:
    """Terms of scalars and of rings, which may stand side by side."""
    scalars = {v.name: seen[v.name] for v in card.variables if not v.shape}
    alike = monomial_terms(scalars, degree=_degree(len(scalars))) if scalars else None
    return {
        v.name: alike if alike is not None and not v.shape else _ring(card, v, seen[v.name])
        for v in card.variables
    }


def _ring(card: WorldCard, variable: Variable, values: np.ndarray) -> Columns:
    if card.rung == "field" and card.length is not None:
        return derivative_terms(values, card.length, name=variable.name)
    if variable.homogeneous:
        return monomial_terms({variable.name: values})
    return monomial_terms({variable.name: values}, degree=CUBIC, reach=0)


def _degree(scalars: int) -> int:
    """The highest, up to three, with which all their equations together keep to the number of columns."""
    fits = [d for d in range(2, CUBIC + 1) if scalars * math.comb(scalars + d, d) <= MOST]
    return max(fits, default=1)


def _plane_library(card: WorldCard, length: float) -> Callable[[Seen], dict[str, Columns]]:
    names = tuple(v.name for v in card.variables)
    known = {k.name: k.default for k in card.knobs}
    if names == ("q1", "q2") and {"radius", "ratio"} <= set(known):

        def of_layers(seen: Seen) -> dict[str, Columns]:
            upper, lower = layer_terms(
                seen["q1"], seen["q2"], length, radius=known["radius"], ratio=known["ratio"]
            )
            return {"q1": upper, "q2": lower}

        return of_layers
    if names == ("w",):
        return lambda seen: {"w": vorticity_terms(seen["w"], length)}
    return lambda seen: point_terms({k: seen[k] for k in names}, length)
