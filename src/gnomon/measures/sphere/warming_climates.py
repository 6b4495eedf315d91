"""Indices of every unit's climates under warming: what the measures of indices share."""

import numpy as np

from gnomon.core.measure import CannotMeasure, UnitTable
from gnomon.core.runs import Evidence
from gnomon.measures.sphere.fields import Sphere, sphere
from gnomon.measures.sphere.indices import INDICES, Fields, Index, change_of
from gnomon.measures.sphere.steady import steady
from gnomon.measures.tables import declared, each_unit

PRESCRIBED = ("sphere",)  # rungs whose worlds have no land of their own


def land_prescribed(evidence: Evidence) -> bool:
    """Whether the world's land temperatures are given, so that land indices show the prescription and no physics."""
    return evidence.card.rung in PRESCRIBED


def climate_table(evidence: Evidence, names: tuple[str, ...], *, all_needed: bool) -> UnitTable:
    """Changes of indices under every shift.

    Args:
        evidence: of one model.
        names: of `INDICES`.
        all_needed: whether a missing variable is an error, or the index is left out.

    Returns:
        name -> [unit, shift, component] for every index that can be computed, "surface_warming" always among them;
        "kelvin" [unit, shift], the forcing; "alive" [unit]. An index that does not exist in one of a unit's
        climates (no
        Hadley cell, a jet at the border of its band) counts as unchanged there, since it was not followed.
    """
    where = sphere(evidence.card)
    offsets = declared(evidence, "offsets")
    wanted = tuple(dict.fromkeys(("surface_warming", *names)))
    fields: dict[str, np.ndarray] = {}
    out, reasons = {}, []
    alive = kelvin = None
    for name in wanted:
        index = INDICES[name]
        try:
            missing = tuple(n for n in index.needs if n not in fields)
            if missing:
                means = steady(evidence, offsets, missing)
                alive = means.alive if alive is None else alive & means.alive
                kelvin = means.offset * float(declared(evidence, "half_range"))
                for n in missing:
                    warm = means.control[n][:, None] + means.change[n]
                    fields[n] = np.concatenate([means.control[n][:, None], warm], axis=1)
        except CannotMeasure as reason:
            if all_needed or name == "surface_warming":
                raise
            reasons.append(str(reason))
            continue
        out[name] = _changes(index, {n: fields[n] for n in index.needs}, where, alive)
    if alive is None or kelvin is None or not any(name in out for name in names):
        raise CannotMeasure("; ".join(dict.fromkeys(reasons)))
    return out | {"kelvin": each_unit(kelvin, len(alive)), "alive": alive}


def _changes(index: Index, fields: Fields, where: Sphere, alive: np.ndarray | None) -> np.ndarray:
    """[unit, shift, component] from fields [unit, 1 + shift, lat, lon], the control first."""
    shape = next(iter(fields.values())).shape[:2]
    rows = []
    for unit in range(shape[0]):
        lost = alive is not None and not alive[unit]
        if lost or not all(np.isfinite(x[unit]).all() for x in fields.values()):
            rows.append(None)
            continue
        climates = [index.of({n: x[unit, c] for n, x in fields.items()}, where) for c in range(shape[1])]
        rows.append(np.stack([change_of(index, climates[0], c) for c in climates[1:]]))
    width = next((r.shape[1] for r in rows if r is not None), 1)
    gap = np.zeros((shape[1] - 1, width))
    return np.stack([gap if r is None else np.nan_to_num(r) for r in rows])
