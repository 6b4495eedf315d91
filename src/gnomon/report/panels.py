"""Figures made of panels on stated cells, and the diagrams of the sphere: their rows, slots and sizes.

`templates/page.js` has a twin of everything here that runs in the reader's browser: `grid_rows`, `track_rows`,
`taylor_rows` and `panel_size`.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gnomon.report.coastline import coast_rows
from gnomon.report.levels import colour_slots
from gnomon.report.palette import Scheme, role_colour
from gnomon.spec.results import DIFFERENCE, GRIDDED, Curve

HEADINGS = {DIFFERENCE: "subject − truth"}
FIRST = {"truth": 0, "subject": 1, "floor": 2, "null": 3, DIFFERENCE: 9}
OVERLAP = 0.25  # of a cell, that it reaches under its neighbours, or seams would show between them
DENSE = 40  # columns beyond which only every other cell is stippled
GAP, MARGIN = 18, 26  # pixels between two panels, and round all of them
AXIS, TITLED = 50, 70  # pixels of an axis with labels, and with a title as well
SPHERE = (*GRIDDED, "tracks", "taylor")
PRESSURES = (1000, 850, 700, 500, 300, 200, 100, 50, 30, 20, 10, 5, 3, 2, 1)
RINGS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
RAYS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.99)


def panels(curve: Curve) -> list[str]:
    """Names of the panels in order: the truth first, the difference last."""
    if curve.kind in ("tracks", "taylor"):
        return [s.label for s in sorted(curve.series, key=lambda s: FIRST.get(s.role, 5))]
    return sorted(curve.rasters, key=lambda name: FIRST.get(name, 5))


def panel_template(curve: Curve) -> str:
    """The name of the template: kind, number of panels, whether one is a difference, whether cells are marked."""
    if curve.kind == "taylor":
        return "taylor"
    names = panels(curve)
    kind = "disc" if curve.projection == "disc" else curve.kind
    apart = DIFFERENCE in names and curve.kind in GRIDDED
    return f"{kind}:{len(names) - apart}{'d' if apart else ''}{'m' if curve.marked else ''}"


def panel_slots(curve: Curve) -> dict[str, Any]:
    """What fills the template, apart from data, sizes and colours."""
    names = panels(curve)
    found: dict[str, Any] = {f"$h{i}": heading(curve, name) for i, name in enumerate(names)}
    found["$title"], found["$note"] = curve.title, curve.note
    found["$x_label"], found["$y_label"] = curve.x_label, curve.y_label
    if curve.kind == "taylor":
        return found | _taylor_slots(curve)
    west, east, south, north = window(curve)
    found |= {"$x_domain": [west, east], "$y_domain": [south, north]}
    found |= {"$x_values": _whole(west, east, 60 if east - west > 180 else 30 if east - west > 60 else 10)}
    found |= {"$latitudes": _whole(south, north, 30 if north - south > 60 else 10)}
    if curve.kind == "tracks":
        return found | {"$labels": names}
    found |= colour_slots(curve) | {"$units": curve.units if curve.units not in ("", "1") else ""}
    found |= {"$rows_order": list(curve.row_labels), "$columns_order": list(curve.column_labels)}
    if curve.kind == "section":
        found |= {
            "$latitudes": _whole(west, east, 30 if east - west > 60 else 10),
            "$y_values": [p for p in PRESSURES if south <= p <= north],
            "$y_scale": "log" if "y" in curve.log else "linear",
        }
    if curve.projection == "disc":
        found |= {"$x_domain": [-north, north], "$y_domain": [-north, north]}
        found |= {"$rings": _rings(curve, north), "$reach": north}
    return found


def heading(curve: Curve, name: str) -> str:
    """What stands above a panel."""
    words = HEADINGS.get(name, name)
    return f"{words}: {curve.captions[name]}" if curve.captions.get(name) else words


def window(curve: Curve) -> tuple[float, float, float, float]:
    """What the axes span: left, right, bottom, top."""
    if curve.extent is not None:
        return curve.extent
    x, y = curve.x_edges or (0.0, 1.0), curve.y_edges or (0.0, 1.0)
    return x[0], x[-1], y[0], y[-1]


def panel_size(
    kind: str, count: int, span: Sequence[float], wide: float, table: Sequence[int]
) -> dict[str, int]:
    """Slots of the size: of one panel, and how many stand side by side.

    Args:
        kind: of the curve, "disc" for a composite on a disc.
        count: of panels.
        span: of x and of y, in their units.
        wide: pixels there are.
        table: rows and columns of a portrait.
    """
    columns = 1 if count < 2 or wide < 520 or (kind == "portrait" and table[1] > 8) else 2
    axis = TITLED if kind in ("section", "composite") else AXIS
    width = max(150, math.floor((wide - MARGIN - axis * columns - GAP * (columns - 1)) / columns))
    if kind in ("map", "tracks"):
        height = math.floor(width * min(max(span[1] / span[0], 0.35), 1.0))
    elif kind == "section":
        height = math.floor(width * 0.62)
    elif kind == "portrait":
        width = min(max(150, width - 90), 64 * table[1])
        height = 26 * table[0]
    elif kind == "taylor":
        width = min(width, 560 if span[0] > span[1] else 380)
        height = math.floor(width * span[1] / span[0])
    else:
        width = min(width, 300)
        height = width
    half, bar = math.floor(width / 2), min(300, width)
    return {"$width": width, "$height": height, "$columns": columns, "$radius": half, "$bar": bar}


def size_of(curve: Curve, wide: float) -> dict[str, int]:
    """The size slots of a curve in so many pixels."""
    return panel_size(*shape_of(curve), wide, (len(curve.row_labels), len(curve.column_labels)))


def shape_of(curve: Curve) -> tuple[str, int, list[float]]:
    """Kind, number of panels and spans: what decides the size."""
    west, east, south, north = window(curve)
    span = [east - west, north - south]
    if curve.kind == "taylor":
        filled = panel_slots(curve)
        span = [filled[a][1] - filled[a][0] for a in ("$x_domain", "$y_domain")]
    count = 1 if curve.kind == "taylor" else len(panels(curve))
    return "disc" if curve.projection == "disc" else curve.kind, count, span


def panel_colours(curve: Curve, scheme: Scheme) -> list[str]:
    """One colour a panel or series, by role."""
    roles = {s.label: s.role for s in curve.series}
    counts: dict[str, int] = {}
    out = []
    for name in panels(curve):
        role = roles.get(name, "subject")
        out.append(role_colour(role, counts.get(role, 0), scheme))
        counts[role] = counts.get(role, 0) + 1
    return out


def panel_rows(curve: Curve) -> list[dict[str, Any]]:
    """The data as the templates want it."""
    if curve.kind == "tracks":
        return _track_rows(curve)
    return _taylor_rows(curve) if curve.kind == "taylor" else _grid_rows(curve)


def coast_of(curve: Curve) -> list[dict[str, float]]:
    """Coastlines behind a map."""
    return coast_rows(window(curve)) if curve.kind in ("map", "tracks") else []


def marks_of(curve: Curve, name: str) -> set[tuple[int, int]]:
    """(row, column) of the cells to be stippled."""
    rows = curve.marked.get(name, ())
    step = 2 if rows and len(rows[0]) > DENSE else 1
    return {
        (j, i) for j, row in enumerate(rows) for i, c in enumerate(row) if c == "1" and (i + j) % step == 0
    }


def thinned(curve: Curve, side: int) -> Curve:
    """The same figure with at most `side` rows and columns; tables are left as they are."""
    if curve.kind not in GRIDDED or curve.x_edges is None or curve.y_edges is None:
        return curve
    i, x_edges = _kept_cells(curve.x_edges, side)
    j, y_edges = _kept_cells(curve.y_edges, side)
    if len(i) == len(curve.x_edges) - 1 and len(j) == len(curve.y_edges) - 1:
        return curve
    plain = {f: getattr(curve, f) for f in curve.__struct_fields__}
    return Curve(
        **plain
        | {
            "x_edges": x_edges,
            "y_edges": y_edges,
            "rasters": {k: tuple(tuple(v[b][a] for a in i) for b in j) for k, v in curve.rasters.items()},
            "marked": {k: tuple("".join(v[b][a] for a in i) for b in j) for k, v in curve.marked.items()},
        }
    )


def _kept_cells(edges: tuple[float, ...], side: int) -> tuple[list[int], tuple[float, ...]]:
    count = len(edges) - 1
    if count <= side:
        return list(range(count)), edges
    cuts = [round(k * count / side) for k in range(side + 1)]
    return [(a + b) // 2 for a, b in pairwise(cuts)], tuple(edges[c] for c in cuts)


def _grid_rows(curve: Curve) -> list[dict[str, Any]]:
    out = []
    disc, table, log = curve.projection == "disc", curve.kind == "portrait", "y" in curve.log
    xs, ys = curve.x_edges or (), curve.y_edges or ()
    for k, name in enumerate(panels(curve)):
        marked = marks_of(curve, name)
        for j, line in enumerate(curve.rasters[name]):
            for i, value in enumerate(line):
                if value is None or not math.isfinite(value):
                    continue
                row: dict[str, Any] = {"k": k, "v": value}
                if table:
                    row |= {"x": curve.column_labels[i], "y": curve.row_labels[j]}
                else:
                    row |= _cell(xs[i : i + 2], ys[j : j + 2], disc=disc)
                if (j, i) in marked:
                    row |= {"m": 1} if table else _centre(xs[i : i + 2], ys[j : j + 2], disc=disc, log=log)
                out.append(row)
    return out


def _cell(x: Sequence[float], y: Sequence[float], *, disc: bool) -> dict[str, float]:
    reach = OVERLAP / 3 if disc else OVERLAP
    over = (x[1] + reach * (x[1] - x[0]), y[1] + reach * (y[1] - y[0]))
    turn = math.pi / 180 if disc else 1.0
    return {"x": x[0] * turn, "X": over[0] * turn, "y": y[0], "Y": over[1]}


def _centre(x: Sequence[float], y: Sequence[float], *, disc: bool, log: bool) -> dict[str, float]:
    across = (x[0] + x[1]) / 2
    up = math.sqrt(y[0] * y[1]) if log else (y[0] + y[1]) / 2
    if disc:
        angle = across * math.pi / 180
        across, up = up * math.sin(angle), up * math.cos(angle)
    return {"m": 1, "a": across, "b": up}


def _track_rows(curve: Curve) -> list[dict[str, Any]]:
    out, piece = [], 0
    order = {name: k for k, name in enumerate(panels(curve))}
    for s in sorted(curve.series, key=lambda s: order[s.label]):
        fresh = True
        for i, (x, y) in enumerate(zip(s.x, s.y, strict=True)):
            if x is None or y is None:
                piece, fresh = piece + 1, True
                continue
            out.append(
                {"k": order[s.label], "s": s.label, "p": piece, "i": i, "x": x, "y": y, "f": int(fresh)}
            )
            fresh = False
        piece += 1
    return out


def _taylor_rows(curve: Curve) -> list[dict[str, Any]]:
    out = []
    for s in sorted(curve.series, key=lambda s: -FIRST.get(s.role, 5)):  # the subject lies on top
        for i, (spread, correlation) in enumerate(zip(s.x, s.y, strict=True)):
            if spread is None or correlation is None:
                continue
            out.append(
                {
                    "s": s.label,
                    "r": s.role,
                    "n": s.names[i] if s.names else "",
                    "d": spread,
                    "c": correlation,
                    "x": spread * correlation,
                    "y": spread * math.sqrt(max(0.0, 1 - correlation**2)),
                }
            )
    return out


def _taylor_slots(curve: Curve) -> dict[str, Any]:
    """Arcs of equal spread, rays of equal correlation, circles of equal error round the reference, and their labels."""
    spreads = [v for s in curve.series for v in s.x if v is not None]
    half = any(v is not None and v < 0 for s in curve.series for v in s.y)
    reach = next((r for r in (1.5, 2.0, 3.0, 5.0) if max(spreads, default=1.0) <= r * 0.97), None)
    reach = reach or math.ceil(max(spreads))
    grid: list[dict[str, Any]] = []
    ticks: list[dict[str, Any]] = []
    turn = math.pi if half else math.pi / 2
    for ring in (r for r in RINGS if r <= reach and (reach <= 2 or r % 1 == 0)):
        grid += _arc(len(grid), "ring" if ring != 1.0 else "one", 0.0, ring, 0.0, turn, reach)
    for ray in [sign * r for r in RAYS for sign in ((1, -1) if half and r else (1,))]:
        x, y = ray, math.sqrt(1 - ray * ray)
        line = [{"x": 0.0, "y": 0.0}, {"x": x * reach, "y": y * reach}]
        grid += [{"g": "ray", "p": len(grid), "i": i} | point for i, point in enumerate(line)]
        ticks.append({"x": x * reach * 1.05, "y": y * reach * 1.05, "t": f"{ray:g}".replace("-", "−")})
    ticks.append({"x": 0.86 * reach, "y": 0.83 * reach, "t": "correlation"})
    for error in (0.25, 0.5, 0.75, 1.0):
        grid += _arc(len(grid), "error", 1.0, error, 0.0, math.pi, reach, half=half)
    out = 1.12 * reach
    return {
        "$grid": grid,
        "$ticks": ticks,
        "$x_domain": [-out if half else 0.0, out],
        "$y_domain": [0.0, out],
        "$labels": panels(curve),
    }


def _arc(
    number: int,
    what: str,
    centre: float,
    radius: float,
    start: float,
    end: float,
    reach: float,
    half: bool = True,
) -> list[dict[str, Any]]:
    out = []
    for i in range(61):
        angle = start + (end - start) * i / 60
        x, y = centre + radius * math.cos(angle), radius * math.sin(angle)
        if math.hypot(x, y) <= reach * 1.0001 and (half or x >= -1e-9):
            out.append({"g": what, "p": number, "i": i, "x": round(x, 4), "y": round(abs(y), 4)})
    return out


def _rings(curve: Curve, reach: float) -> list[dict[str, Any]]:
    """Circles at half and at the whole radius, with their labels; the outer one names the units."""
    units = re.search(r"\(([^()]*)\)$", curve.y_label)
    return [
        {"R": reach / 2, "t": f"{reach / 2:.3g}"},
        {"R": reach, "t": f"{reach:.3g} {units[1] if units else ''}".strip()},
    ]


def _whole(low: float, high: float, step: int) -> list[int]:
    """Multiples of a step between two numbers."""
    return [v for v in range(-720, 721, step) if low <= v <= high]
