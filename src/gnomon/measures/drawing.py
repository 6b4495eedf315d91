"""Figures' data: rounded, thinned, with gaps as None."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gnomon.measures.tables import thinned
from gnomon.spec.results import Role, Series

NAMES: dict[Role, str] = {
    "truth": "truth",
    "subject": "model",
    "floor": "floor (the truth run again)",
    "null": "null",
}
LINE, CLOUD, RASTER = 80, 400, 64  # the most points of a line, of a cloud, of a side of an image


def present(tables: Mapping[str, Any], *wanted: Role) -> list[Role]:
    """The wanted roles that exist, in the order asked."""
    return [role for role in wanted if role in tables]


def numbers(values: Iterable[float]) -> tuple[float | None, ...]:
    """Five significant digits; what is not finite becomes None."""
    return tuple(float(f"{v:.5g}") if np.isfinite(v) else None for v in np.asarray(values, float).ravel())


def line(
    label: str,
    role: Role,
    x: np.ndarray,
    y: np.ndarray,
    *,
    spread: np.ndarray | None = None,
    most: int = LINE,
) -> Series:
    """A line or a set of bars, thinned to `most` points; `spread` is the half-width of a band."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    keep = thinned(len(x), most)
    low = high = None
    if spread is not None:
        low, high = numbers((y - spread)[keep]), numbers((y + spread)[keep])
    return Series(label=label, role=role, x=numbers(x[keep]), y=numbers(y[keep]), low=low, high=high)


def cloud(role: Role, x: np.ndarray, y: np.ndarray) -> Series:
    """A cloud of at most 400 points."""
    return line(NAMES[role], role, np.ravel(x), np.ravel(y), most=CLOUD)


def image(values: np.ndarray) -> tuple[tuple[float | None, ...], ...]:
    """Rows of an image, thinned to at most 64 by 64."""
    rows, columns = thinned(values.shape[0], RASTER), thinned(values.shape[1], RASTER)
    return tuple(numbers(row) for row in values[np.ix_(rows, columns)])


def over_units(values: np.ndarray, alive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over living units and twice its standard error, along the first axis; NaN where nobody lives."""
    values = values[alive]
    if not len(values):
        gap = np.full(values.shape[1:], np.nan)
        return gap, gap
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, np.full(mean.shape, np.nan)
    return mean, 2 * values.std(axis=0, ddof=1) / np.sqrt(len(values))
