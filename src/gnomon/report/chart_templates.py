"""Vega-Lite templates, one for each kind of figure; strings that start with `$` are slots (see `report.charts`)."""

from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
PLAIN_NUMBERS = (
    "datum.value != 0 && (abs(datum.value) < 0.001 || abs(datum.value) >= 100000)"
    " ? format(datum.value, '~e') : format(datum.value, '~g')"
)
POWERS_OF_TEN = (
    "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6"
    " ? (datum.value < 0.001 || datum.value >= 100000 ? format(datum.value, '~e') : format(datum.value, '~g')) : ''"
)


def templates() -> dict[str, dict[str, Any]]:
    """Every template by kind, slots unfilled."""
    return {
        "line": _line(band=False),
        "line+band": _line(band=True),
        "dots": _dots(band=False),
        "dots+band": _dots(band=True),
        "points": _points(),
        "bars": _bars(error=False),
        "bars+band": _bars(error=True),
        "raster": _raster(),
    }


def frame(body: dict[str, Any], config: dict[str, Any] | None = None) -> dict[str, Any]:
    """A whole chart round a body: title, note, paper, fonts."""
    axis = {
        "labelColor": "$soft",
        "titleColor": "$soft",
        "gridColor": "$line",
        "tickColor": "$line",
        "domain": False,
        "labelFontSize": 11,
        "titleFontSize": 11.5,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "tickSize": 4,
        "labelPadding": 4,
        "labelExpr": PLAIN_NUMBERS,
    }
    return {
        "$schema": SCHEMA,
        "background": "$paper",
        "title": {"text": "$title", "subtitle": "$note"},
        "data": {"values": "$rows"},
        **body,
        "config": {
            "font": FONT,
            "padding": 6,
            "view": {"stroke": None},
            "axis": axis,
            "scale": {"zero": False},
            "title": {
                "anchor": "start",
                "fontSize": 13.5,
                "fontWeight": 600,
                "color": "$ink",
                "offset": 10,
                "frame": "group",
                "subtitleColor": "$soft",
                "subtitleFontSize": 11.5,
                "subtitlePadding": 3,
            },
            "legend": {
                "orient": "bottom",
                "direction": "horizontal",
                "title": None,
                "labelColor": "$ink",
                "labelFontSize": 11.5,
                "symbolStrokeWidth": 2.2,
                "symbolSize": 160,
                "symbolOpacity": 1,
                "labelLimit": 220,
                "columnPadding": 24,  # fonts differ in width: where a picture is looked at is not where it was drawn
                "offset": 8,
            },
            "header": {"title": None, "labelColor": "$ink", "labelFontSize": 11.5, "labelPadding": 4},
            **(config or {}),
        },
    }


def _axes(**extra: Any) -> dict[str, Any]:
    x = {
        "field": "x",
        "type": "quantitative",
        "title": "$x_label",
        "scale": {"type": "$x_scale", "nice": False},
        "axis": {"grid": False, "tickCount": 6, "labelExpr": "$x_ticks"},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "$y_label",
        "scale": {"type": "$y_scale"},
        "axis": {"tickCount": 5, "labelExpr": "$y_ticks"},
    }
    return {"x": x, "y": y, **extra}


def _colour(legend: Any = None) -> dict[str, Any]:
    return {
        "field": "s",
        "type": "nominal",
        "scale": {"domain": "$labels", "range": "$colours"},
        "legend": legend,
    }


def _legend(symbol: str) -> dict[str, Any]:
    return {"symbolType": symbol, "columns": "$legend_columns"}


def _tooltip() -> list[dict[str, Any]]:
    return [
        {"field": "s", "type": "nominal", "title": "series"},
        {"field": "x", "type": "quantitative", "title": "$x_label", "format": ".4~g"},
        {"field": "y", "type": "quantitative", "title": "$y_label", "format": ".4~g"},
    ]


def _line(*, band: bool) -> dict[str, Any]:
    area = {
        "transform": [{"filter": "isValid(datum.lo)"}],
        "mark": {"type": "area", "opacity": 0.16, "line": False},
        "encoding": _axes(
            y={"field": "lo", "type": "quantitative", "title": "$y_label", "scale": {"type": "$y_scale"}},
            y2={"field": "hi"},
            color=_colour(_legend("stroke")),
        ),
    }
    dash = {
        "field": "s",
        "type": "nominal",
        "scale": {"domain": "$labels", "range": "$dashes"},
        "legend": _legend("stroke"),
    }
    line = {
        "mark": {"type": "line", "strokeWidth": 2, "strokeCap": "round", "strokeJoin": "round"},
        "encoding": _axes(color=_colour(_legend("stroke")), strokeDash=dash, order={"field": "i"}),
    }
    hover = {
        "mark": {"type": "point", "size": 60, "filled": True, "opacity": 0},
        "encoding": _axes(color=_colour(_legend("stroke")), tooltip=_tooltip()),
    }
    return frame({"width": "$width", "height": "$height", "layer": [*([area] if band else []), line, hover]})


def _dots(*, band: bool) -> dict[str, Any]:
    x = {"field": "x", "type": "ordinal", "title": "$x_label", "axis": {"labelAngle": 0, "grid": False}}
    y = {"field": "y", "type": "quantitative", "title": "$y_label", "scale": {"type": "$y_scale"}}
    aside = {"field": "s", "type": "nominal", "sort": "$labels"}
    places = {"x": x, "xOffset": aside, "color": _colour(_legend("circle"))}
    interval = {
        "transform": [{"filter": "isValid(datum.lo)"}],
        "mark": {"type": "rule", "strokeWidth": 1.5},
        "encoding": places | {"y": y | {"field": "lo"}, "y2": {"field": "hi"}},
    }
    dot = {
        "mark": {"type": "point", "size": 60, "filled": True, "opacity": 1},
        "encoding": places
        | {"y": y | {"axis": {"tickCount": 5, "labelExpr": "$y_ticks"}}, "tooltip": _tooltip()},
    }
    return frame({"width": "$width", "height": "$height", "layer": [*([interval] if band else []), dot]})


def _points() -> dict[str, Any]:
    body = {
        "facet": {"field": "s", "type": "nominal", "sort": "$labels", "header": {"title": None}},
        "columns": "$columns",
        "spec": {
            "width": "$width",
            "height": "$height",
            "mark": {"type": "circle", "size": 7, "opacity": 0.65, "clip": True},
            "encoding": _axes(color=_colour(), tooltip=_tooltip()),
        },
    }
    return frame(body)


def _bars(*, error: bool) -> dict[str, Any]:
    x = {
        "field": "x",
        "type": "ordinal",
        "title": "$x_label",
        "axis": {"labelAngle": 0, "labelOverlap": True, "grid": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "$y_label",
        "scale": {"type": "linear", "zero": True},
        "axis": {"tickCount": 5},
    }
    mine = {
        "transform": [{"filter": "datum.r == 'subject'"}],
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "width": {"band": 0.72}},
        "encoding": {"x": x, "y": y, "color": _colour(_legend("square")), "tooltip": _tooltip()},
    }
    interval = {
        "transform": [{"filter": "datum.r == 'subject' && isValid(datum.lo)"}],
        "mark": {"type": "rule", "color": "$ink", "strokeWidth": 1.2},
        "encoding": {
            "x": x,
            "y": {"field": "lo", "type": "quantitative", "title": "$y_label"},
            "y2": {"field": "hi"},
        },
    }
    others = {
        "transform": [{"filter": "datum.r != 'subject'"}],
        "mark": {"type": "tick", "thickness": 2.5, "opacity": 1, "width": {"band": 0.9}},
        "encoding": {"x": x, "y": y, "color": _colour(_legend("square")), "tooltip": _tooltip()},
    }
    return frame(
        {"width": "$width", "height": "$height", "layer": [mine, *([interval] if error else []), others]}
    )


def _raster() -> dict[str, Any]:
    shade = {
        "field": "v",
        "type": "quantitative",
        "scale": {"scheme": "$scheme", "domain": "$domain"},
        "legend": {"type": "gradient", "gradientLength": 160, "gradientThickness": 9, "tickCount": 3},
    }
    body = {
        "facet": {"field": "s", "type": "nominal", "sort": "$labels", "header": {"title": None}},
        "columns": "$columns",
        "spec": {
            "width": "$width",
            "height": "$height",
            "mark": {"type": "rect", "clip": True},
            "encoding": {
                **_axes(x2={"field": "X"}, y2={"field": "Y"}),
                "color": shade,
            },
        },
    }
    return frame(body)
