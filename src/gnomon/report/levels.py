"""Borders of colours: round numbers, evenly spaced, that cover the bulk of the values."""

import math
from collections.abc import Iterable
from typing import Any

from gnomon.report.palette import Scheme, ramp
from gnomon.spec.results import DIFFERENCE, Curve

STEPS = 12  # about so many colours
TAIL = 0.01  # share of values at either end that may lie beyond the outermost border
FEW = 100  # values below which nothing counts as a tail
SOFT = {"light": 0.45, "dark": 0.58}  # paper in the colours of tables, so that numbers can be read on them
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


def colour_slots(curve: Curve) -> dict[str, list[float]]:
    """Borders of the colours that all rasters share, and of the difference."""
    shared = (v for name, image in curve.rasters.items() if name != DIFFERENCE for row in image for v in row)
    apart = (v for row in curve.rasters.get(DIFFERENCE, ()) for v in row)
    return {
        "$levels": list(curve.levels) or borders(shared, diverging=curve.diverging, centre=curve.centre),
        "$d_levels": borders(apart, diverging=True, centre=0.0),
    }


def shades(curve: Curve, scheme: Scheme, found: dict[str, Any] | None = None) -> dict[str, list[str]]:
    """One colour between any two borders (of `colour_slots`, if `found` before) and one beyond either end."""
    found = found or colour_slots(curve)
    soft = SOFT[scheme] if curve.kind == "portrait" else 0.0
    parts = _parts(curve)
    return {
        "$shades": ramp(curve.hue if parts else "amount", len(found["$levels"]) + 1, scheme, soft),
        "$d_shades": ramp(curve.hue, len(found["$d_levels"]) + 1, scheme, soft),
    }


def borders(values: Iterable[float | None], *, diverging: bool | None, centre: float) -> list[float]:
    """Round borders; diverging ones lie evenly on both sides of the centre, which is one of them."""
    known = sorted(v for v in values if v is not None and math.isfinite(v))
    if not known:
        return [centre]
    cut = int(TAIL * len(known)) if len(known) >= FEW else 0
    low, high = known[cut], known[-1 - cut]
    if diverging if diverging is not None else known[0] < centre < known[-1]:
        reach = max(abs(low - centre), abs(high - centre)) or max(
            abs(known[0] - centre), abs(known[-1] - centre)
        )
        step = _step(2 * reach / STEPS)
        count = max(1, math.ceil(reach / step - 1e-9) - 1)
        return [_clean(centre + i * step) for i in range(-count, count + 1)]
    step = _step((high - low) / STEPS)
    first = math.floor(low / step + 1e-9) + 1
    last = max(first, math.ceil(high / step - 1e-9) - 1)
    return [_clean(i * step) for i in range(first, last + 1)]


def _parts(curve: Curve) -> bool:
    if curve.diverging is not None:
        return curve.diverging
    known = [
        v
        for name, image in curve.rasters.items()
        if name != DIFFERENCE
        for row in image
        for v in row
        if v is not None
    ]
    return bool(known) and min(known) < curve.centre < max(known)


def _step(rough: float) -> float:
    """The next round number that is not smaller."""
    if rough <= 0 or not math.isfinite(rough):
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(r * power for r in _ROUND if r * power >= rough * (1 - 1e-9))


def _clean(value: float) -> float:
    """Without the dust of binary fractions."""
    return float(f"{value:.10g}") + 0.0
