"""The ladder of every learner as one static figure: a panel a learner, worlds by trials, number and colour a cell."""

from collections.abc import Sequence
from typing import Any

from gnomon.inference.ladder import Ladder
from gnomon.report.chart_templates import FONT, SCHEMA
from gnomon.report.palette import STEPS, SURFACE, shade
from gnomon.report.view import CellView, LearnerView, judged_trials

PRINTED = {"◐": "○", "✕": "×"}  # marks that every font on paper has
INK = SURFACE["light"]["ink"]


def ladder_chart(table: Ladder, threshold: float, views: Sequence[LearnerView]) -> dict[str, Any]:
    """A complete Vega-Lite chart."""
    rows = [
        _row(v.name, row.world, cell)
        for v in views
        for row in v.rows
        for cell in row.cells
        if cell is not None
    ]
    bare = {"domain": False, "ticks": False}
    worlds = [row.world for row in reversed(table.rows)]
    trials = list(judged_trials(table))
    place = {
        "x": {
            "field": "trial",
            "type": "nominal",
            "sort": trials,
            "title": None,
            "axis": {**bare, "labelAngle": 0},
        },
        "y": {"field": "world", "type": "nominal", "sort": worlds, "title": None, "axis": bare},
    }
    header = {"labelFontSize": 13, "labelFontWeight": 600, "labelColor": INK}
    names = [v.name for v in views]
    return {
        "$schema": SCHEMA,
        "background": SURFACE["light"]["paper"],
        # Room for names in a font wider than the one they were measured in: an SVG takes the reader's.
        "padding": {"left": 32, "top": 14, "right": 12, "bottom": 10},
        "data": {"values": rows},
        "facet": {"field": "learner", "type": "nominal", "sort": names, "title": None, "header": header},
        "columns": 2,
        "spec": {"width": {"step": 66}, "height": {"step": 38}, "layer": _layers(place, threshold)},
        "config": {
            "font": FONT,
            "view": {"stroke": None},
            "scale": {"bandPaddingInner": 0.06},
            "axis": {"labelColor": SURFACE["light"]["soft"], "labelFontSize": 11},
        },
    }


def _layers(place: dict[str, Any], threshold: float) -> list[dict[str, Any]]:
    steps = range(STEPS)
    scale = {
        "domain": [i / (STEPS - 1) for i in steps],
        "range": [shade(i, "light") for i in steps],
        "clamp": True,
    }
    title = f"fidelity (● above {threshold:g}, × below, ○ undecided)"
    legend = {
        "title": title,
        "titleLimit": 400,
        "gradientLength": 200,
        "orient": "bottom",
        "direction": "horizontal",
    }
    fill = {"field": "fidelity", "type": "quantitative", "scale": scale, "legend": legend}
    text = {"type": "text", "color": INK}
    lifted = {"expr": "datum.note ? -5 : 0"}
    return [
        {
            "transform": [{"filter": "isValid(datum.fidelity)"}],
            "mark": {"type": "rect", "cornerRadius": 4},
            "encoding": {**place, "color": fill},
        },
        {"mark": {**text, "fontSize": 11, "dy": lifted}, "encoding": {**place, "text": {"field": "shown"}}},
        {"mark": {**text, "fontSize": 9.5, "dy": 8}, "encoding": {**place, "text": {"field": "note"}}},
    ]


def _row(learner: str, world: str, cell: CellView) -> dict[str, Any]:
    fidelity = None if cell.step is None else cell.step / (STEPS - 1)
    mark = PRINTED.get(cell.mark, cell.mark) if fidelity is not None or cell.verdict == "fails" else ""
    shown, note = cell.shown, cell.note
    if shown.startswith("out of "):
        shown, note = "out of", shown.removeprefix("out of ")
    row = {"learner": learner, "world": world, "trial": cell.trial, "fidelity": fidelity}
    return row | {"shown": f"{mark} {shown}".strip(), "note": note}
