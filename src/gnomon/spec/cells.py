"""Cells of a figure: borders from centres, rows of values from arrays, without knowing what an array is."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Image

MOST = 10_000  # numbers a figure
DIGITS = 4


def numbers(values: Any, what: str) -> list[float]:
    """Finite numbers of a sequence or array."""
    found = [float(v) for v in listed(values)]
    if not found or not all(map(math.isfinite, found)):
        raise BadSpec(f"{what} of a figure must be finite numbers, at least one")
    return found


def listed(values: Any) -> list[Any]:
    """Nested lists of an array, without knowing what an array is."""
    return values.tolist() if hasattr(values, "tolist") else list(values)


def short(values: Iterable[Any]) -> tuple[Any, ...]:
    """Numbers with four significant digits; None for what is not finite."""
    return tuple(
        None if v is None or not math.isfinite(v) else float(f"{v:.{DIGITS}g}") + 0.0 for v in values
    )


def image(field: Any, tall: int, wide: int, what: str) -> Image:
    """Rows of values, of the shape expected."""
    rows = [listed(row) for row in listed(field)]
    if len(rows) != tall or any(len(row) != wide for row in rows):
        raise BadSpec(
            f"{what} has {len(rows)} rows of {len(rows[0]) if rows else 0}, expected {tall} of {wide}"
        )
    if tall * wide > MOST:
        raise BadSpec(
            f"{what} has {tall * wide} numbers, at most {MOST} travel in a report: average blocks of cells"
        )
    return tuple(short(row) for row in rows)


def masks(given: Mapping[str, Any] | None, tall: int, wide: int, name: str) -> dict[str, tuple[str, ...]]:
    """Rows of truth values as texts of 0 and 1."""
    found = {}
    for role, mask in (given or {}).items():
        rows = image(
            [[float(bool(v)) for v in listed(row)] for row in listed(mask)], tall, wide, f"{name}: {role}"
        )
        found[role] = tuple("".join("1" if v else "0" for v in row) for row in rows)
    return found


def flipped(images: dict[str, Any]) -> dict[str, Any]:
    """Every image upside down."""
    return {role: rows[::-1] for role, rows in images.items()}


def edges(centres: Sequence[float]) -> list[float]:
    """Borders half-way between the centres; the outer ones as far out as the next one is in."""
    if len(centres) == 1:
        return [centres[0] - 0.5, centres[0] + 0.5]
    inner = [(a + b) / 2 for a, b in pairwise(centres)]
    return [2 * centres[0] - inner[0], *inner, 2 * centres[-1] - inner[-1]]


def latitudes(lat: Sequence[float]) -> list[float]:
    """Borders of rows; the outermost rows of a global grid reach the poles."""
    borders = edges(lat)
    step = abs(lat[1] - lat[0]) if len(lat) > 1 else 1.0
    borders[0] = -90.0 if lat[0] - step <= -90.0 else borders[0]
    borders[-1] = 90.0 if lat[-1] + step >= 90.0 else borders[-1]
    return borders


def longitudes(lon: Sequence[float], name: str) -> tuple[list[float], list[int]]:
    """Borders of columns from 0 to 360, and which column of the field each shows."""
    step = ((lon[1] - lon[0]) % 360.0) if len(lon) > 1 else 360.0
    if abs(step * len(lon) - 360.0) > 0.02 * step:  # a region
        if any(a >= b for a, b in pairwise(lon)):
            raise BadSpec(f"figure {name!r}: longitudes of a region must rise; add 360 beyond the edge")
        return edges(lon), list(range(len(lon)))
    order = sorted(range(len(lon)), key=lambda i: lon[i] % 360.0)
    borders = [lon[i] % 360.0 - step / 2 for i in order]
    borders.append(borders[0] + 360.0)
    if abs(borders[0]) < 1e-6 * step:
        return [0.0, *borders[1:-1], 360.0], order
    if borders[0] < 0:  # the first column straddles Greenwich: its western half goes to the right
        return [0.0, *borders[1:], 360.0], [*order, order[0]]
    return [0.0, *borders[:-1], 360.0], [order[-1], *order]  # the last one does
