"""From a `Curve` to a Vega-Lite chart: the template of its kind, filled with slots.

The same templates serve the static export (filled here) and the HTML report (filled by templates/page.js with the
same rule: a string that equals a slot's name is replaced by the slot). What a slot takes from a curve is text,
numbers and lists, never an expression.
"""

import copy
import math
import textwrap
from collections.abc import Sequence
from typing import Any

from gnomon.report.chart_templates import PLAIN_NUMBERS, POWERS_OF_TEN, templates
from gnomon.report.levels import shades
from gnomon.report.palette import DASHES, ROLES, SURFACE, Scheme, role_colour
from gnomon.report.panel_templates import panel_template_of
from gnomon.report.panels import (
    SPHERE,
    coast_of,
    panel_colours,
    panel_rows,
    panel_slots,
    panel_template,
    size_of,
)
from gnomon.spec.results import GRIDDED, Curve, Series

ORDER = {"null": 0, "floor": 1, "truth": 2, "subject": 3}  # later lies on top
OVERLAP = 1.12  # pixels of a raster reach under their neighbours, or seams would show between them
PANELS = ("points", "raster")  # kinds with one panel for each series
TITLE, NOTE, SIDE = 38, 47, 30  # letters in a line of the narrowest figure, and along its upright axis
NARROW = 420  # pixels, of such a figure
LETTER, SYMBOL, MARGIN = (
    6.8,
    52,
    66,
)  # pixels of a legend: a letter, what stands round a label, what it leaves free
BROAD = 1.6  # how much wider than a line the figures of the sphere are drawn


def template_of(curve: Curve) -> str:
    """The name of the template that draws a curve."""
    if curve.kind in SPHERE:
        return panel_template(curve)
    banded = any(s.low and s.high and any(v is not None for v in s.low) for s in curve.series)
    kind = "dots" if curve.kind == "line" and _single(curve) else curve.kind
    return f"{kind}+band" if banded and kind in ("line", "dots", "bars") else kind


def template(name: str) -> dict[str, Any]:
    """The template of that name, slots unfilled."""
    return panel_template_of(name) or templates()[name]


def slots(curve: Curve, width: int = NARROW) -> dict[str, Any]:
    """What fills the template of a curve, apart from its data, its size and its colours; texts fit the width."""
    if curve.kind in SPHERE:
        return panel_slots(curve)
    names = labels(curve)
    lowest = _extremes(curve)
    room = width / NARROW if curve.kind not in PANELS else math.inf
    return {
        "$title": broken_lines(curve.title, room * TITLE),
        "$note": broken_lines(curve.note, room * NOTE),
        "$x_label": curve.x_label,
        "$y_label": broken_lines(curve.y_label, SIDE),
        "$legend_columns": legend_columns([label for label, _ in names], width),
        "$x_scale": "log" if "x" in curve.log else "linear",
        "$y_scale": "log" if "y" in curve.log else "linear",
        "$x_ticks": POWERS_OF_TEN if _decades(curve, "x") > 1.2 else PLAIN_NUMBERS,
        "$y_ticks": POWERS_OF_TEN if _decades(curve, "y") > 1.2 else PLAIN_NUMBERS,
        "$labels": [label for label, _ in names],
        "$dashes": [list(DASHES[role]) for _, role in names],
        "$scheme": "blueorange" if lowest[0] < 0 < lowest[1] else "cividis",
        "$domain": _domain(lowest),
    }


def broken_lines(text: str, most: float) -> str | list[str]:
    """A text that would be cut off in several lines; as it is where it fits."""
    return textwrap.wrap(text, int(most), break_long_words=False) if len(text) > most else text


def legend_columns(names: Sequence[str], width: int) -> int:
    """How many columns of labels fit side by side; a legend in one row runs out of the picture."""
    for columns in range(len(names), 1, -1):
        longest = sum(max(map(len, names[k::columns])) for k in range(columns))
        if LETTER * longest + SYMBOL * columns <= width - MARGIN:
            return columns
    return 1


def labels(curve: Curve) -> list[tuple[str, str]]:
    """(label, role) of every series in drawing order; two series of one label are told apart by a number."""
    if curve.kind == "raster":
        return [
            (name, name if name in ORDER else "subject") for name in sorted(curve.rasters, key=_truth_first)
        ]
    seen: dict[str, int] = {}
    named = []
    for s in drawn(curve):
        seen[s.label] = seen.get(s.label, 0) + 1
        named.append((s.label if seen[s.label] == 1 else f"{s.label} ({seen[s.label]})", s.role))
    return named


def colours(curve: Curve, scheme: Scheme) -> list[str]:
    """One colour a series, by role."""
    if curve.kind in ("tracks", "taylor"):
        return panel_colours(curve, scheme)
    counts: dict[str, int] = {}
    out = []
    for _, role in labels(curve):
        out.append(role_colour(role, counts.get(role, 0), scheme))
        counts[role] = counts.get(role, 0) + 1
    return out


def rows(curve: Curve) -> list[dict[str, Any]]:
    """The data as Vega wants it; points that a logarithmic axis cannot show are left out."""
    if curve.kind in SPHERE:
        return panel_rows(curve)
    if curve.kind == "raster":
        return _raster_rows(curve)
    out = []
    for (label, role), s in zip(labels(curve), drawn(curve), strict=True):
        low, high = s.low or (None,) * len(s.x), s.high or (None,) * len(s.x)
        for i, (x, y, lo, hi) in enumerate(zip(s.x, s.y, low, high, strict=True)):
            if _shown(x, "x" in curve.log) and _shown(y, "y" in curve.log):
                row: dict[str, Any] = {"s": label, "r": role, "i": i, "x": x, "y": y}
                if _shown(lo, "y" in curve.log) and _shown(hi, "y" in curve.log):
                    row |= {"lo": lo, "hi": hi}
                out.append(row)
    return out


def chart(
    curve: Curve, *, scheme: Scheme = "light", width: int = NARROW, height: int = 260
) -> dict[str, Any]:
    """A complete Vega-Lite chart."""
    panels, whole = max(1, len(labels(curve))), width
    if curve.kind in PANELS:
        width = max(120, (width - 60) // min(panels, 2))
    size = {"$width": width, "$height": height, "$columns": min(panels, 2)}
    if curve.kind in SPHERE:
        size = size_of(curve, BROAD * width) | {"$coast": coast_of(curve)}
    made = {"$rows": rows(curve), "$colours": colours(curve, scheme)}
    plain = slots(curve, whole)
    filled = plain | theme(scheme) | scheme_slots(curve, scheme, plain) | made | size
    return fill(template(template_of(curve)), filled)


def scheme_slots(curve: Curve, scheme: Scheme, plain: dict[str, Any]) -> dict[str, Any]:
    """Slots that differ between light and dark, given the plain ones; the colours of its series apart."""
    return shades(curve, scheme, plain) if curve.kind in GRIDDED else {}


def theme(scheme: Scheme) -> dict[str, str]:
    """Slots of the surface: ink, soft ink, lines, paper, and the first colour of each role."""
    surface = {f"${name}": colour for name, colour in SURFACE[scheme].items()}
    return surface | {f"${role}": tones[0] for role, tones in ROLES[scheme].items()}


def fill(template: Any, values: dict[str, Any]) -> Any:
    """Replace every string that is the name of a slot; what is put in is not looked at again."""
    if isinstance(template, str):
        return copy.copy(values.get(template, template))
    if isinstance(template, dict):
        return {key: fill(value, values) for key, value in template.items()}
    return [fill(value, values) for value in template] if isinstance(template, list) else template


def drawn(curve: Curve) -> list[Series]:
    """The series in the order they are drawn (the subject on top), or shown side by side (the truth first)."""
    if curve.kind == "points":
        return sorted(curve.series, key=lambda s: _truth_first(s.role))
    return sorted(curve.series, key=lambda s: ORDER[s.role])


def _truth_first(role: str) -> int:
    return {"truth": 0, "subject": 1, "floor": 2, "null": 3}.get(role, 4)


def _single(curve: Curve) -> bool:
    """Whether there are numbers and no series has two of them: one point is no line, and would not be seen."""
    known = [sum(y is not None for y in s.y) for s in curve.series]
    return max(known, default=0) == 1


def _shown(value: float | None, log: bool) -> bool:
    return value is not None and math.isfinite(value) and (value > 0 or not log)


def _decades(curve: Curve, axis: str) -> float:
    """How many powers of ten a logarithmic axis spans; 0 for a linear one."""
    if axis not in curve.log:
        return 0.0
    values = [
        v for s in curve.series for v in (s.x if axis == "x" else s.y) if v is not None and 0 < v < math.inf
    ]
    return math.log10(max(values) / min(values)) if values else 0.0


def _extremes(curve: Curve) -> tuple[float, float]:
    values = [v for image in curve.rasters.values() for row in image for v in row if _shown(v, False)]
    numbers = [v for v in values if v is not None]
    return (min(numbers), max(numbers)) if numbers else (0.0, 1.0)


def _domain(extremes: tuple[float, float]) -> list[float]:
    low, high = extremes
    if low < 0 < high:
        reach = max(-low, high)
        return [-reach, reach]
    return [low, high]


def _raster_rows(curve: Curve) -> list[dict[str, Any]]:
    out = []
    for name, role in labels(curve):
        image = curve.rasters[name]
        tall, wide = len(image), len(image[0]) if image else 0
        x0, x1, y0, y1 = curve.extent or (0.0, float(wide), 0.0, float(tall))
        dx, dy = (x1 - x0) / max(wide, 1), (y1 - y0) / max(tall, 1)
        for j, line in enumerate(image):
            for i, value in enumerate(line):
                if _shown(value, False):
                    out.append(
                        {
                            "s": name,
                            "r": role,
                            "x": x0 + i * dx,
                            "X": x0 + (i + OVERLAP) * dx,
                            "y": y0 + j * dy,
                            "Y": y0 + (j + OVERLAP) * dy,
                            "v": value,
                        }
                    )
    return out
