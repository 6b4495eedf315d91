"""Figures of the criteria: a table of errors in each variable's own units, and maps of what was compared."""

from collections.abc import Mapping

import numpy as np

from gnomon.core.measure import UnitTable
from gnomon.measures.aimip.pairs import coefficient
from gnomon.spec.cards import WorldCard
from gnomon.spec.figures import map_curve, portrait_curve
from gnomon.spec.results import Curve

ROWS, COLUMNS = 36, 72  # of a map that travels
MAPS = 4  # variables of which maps are drawn
MM_A_DAY = 86_400.0
ROLES = ("subject", "floor", "null")


def figures(tables: Mapping[str, UnitTable], card: WorldCard, *, what: str, per: str) -> tuple[Curve, ...]:
    """A portrait of all variables and roles, and maps of the first variables."""
    truth = tables["truth"]
    names = [str(n) for n in truth["names"][0]]
    fields = {role: _coefficients(tables[role], card) for role in ("truth", *ROLES) if role in tables}
    area = np.asarray(card.grid.weights)[:, None] if card.grid else np.ones((1, 1))
    rows, numbers, means = [], [], []
    for i, name in enumerate(names):
        factor, units = shown_units(name, card)
        true = factor * fields["truth"][i]
        errors = [_error(factor * fields[r][i] - true, area) for r in fields if r != "truth"]
        scale = max((e[0] for e in errors), default=0.0) or 1.0
        bias = errors[0]
        rows.append(f"{name}: {bias[0]:.3g} {units}{per} (mean {bias[1]:+.3g})")
        numbers.append([e[0] / scale for e in errors])
        means.append(_mean(true, area))
    columns = [r for r in fields if r != "truth"]
    note = "Beside names: the subject's root-mean-square error, and its area mean. Colours: over the row's largest."
    made = [
        portrait_curve(
            "errors", f"errors of the {what}", rows, columns, {"subject": numbers}, units="1", note=note
        )
    ]
    for i, name in enumerate(names[:MAPS]):
        made.append(_map(i, name, fields, card, what, per))
    return tuple(made)


def shown_units(name: str, card: WorldCard) -> tuple[float, str]:
    """A factor and the units in which people read a variable: water fluxes in mm a day."""
    base = name.split(" ")[0]
    if name.endswith("dry days"):
        return 1.0, "1"
    units = next((v.units for v in card.variables if v.name == base), "")
    return (MM_A_DAY, "mm/day") if units == "kg m-2 s-1" else (1.0, units)


def coarse(x: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A field [lat, lon] averaged over blocks of equal index, NaN left out."""
    for axis, most in ((0, rows), (1, columns)):
        size = x.shape[axis]
        if size > most:
            edges = np.linspace(0, size, most + 1).round().astype(int)[:-1]
            there = np.add.reduceat(np.isfinite(x).astype(float), edges, axis=axis)
            total = np.add.reduceat(np.nan_to_num(x, nan=0.0), edges, axis=axis)
            x = np.divide(total, there, out=np.full_like(total, np.nan), where=there > 0)
    return x


def _coefficients(table: UnitTable, card: WorldCard) -> np.ndarray:
    """[variable, lat, lon] of the living units."""
    alive = table["alive"]
    shape = (len(card.grid.lat), len(card.grid.lon)) if card.grid else (1, -1)
    count = len(table["names"][0])
    if not alive.any():
        return np.full((count, *shape), np.nan)
    return coefficient(table["sum"][alive], table["weight"][alive]).reshape(count, *shape)


def _mean(x: np.ndarray, area: np.ndarray) -> float:
    weights = np.where(np.isfinite(x), area, 0.0)
    total = float(weights.sum())
    return float((np.nan_to_num(x, nan=0.0) * weights).sum() / total) if total else float("nan")


def _error(gap: np.ndarray, area: np.ndarray) -> tuple[float, float]:
    return float(np.sqrt(_mean(gap**2, area))), _mean(gap, area)


def _map(i: int, name: str, fields: Mapping[str, np.ndarray], card: WorldCard, what: str, per: str) -> Curve:
    factor, units = shown_units(name, card)
    shown = {r: coarse(factor * fields[r][i], ROWS, COLUMNS) for r in ("truth", "subject")}
    grid = card.grid
    assert grid is not None
    lat = coarse(np.asarray(grid.lat)[:, None], ROWS, COLUMNS)[:, 0]
    lon = coarse(np.asarray(grid.lon)[None, :], ROWS, COLUMNS)[0]
    gap = shown["subject"] - shown["truth"]
    word = name.replace(" ", "_")
    return map_curve(
        f"{word}_map", f"{what} of {name}", lat, lon, shown | {"difference": gap}, units=f"{units}{per}"
    )
