"""Vega-Lite templates of the sphere's figures: panels side by side that share colours, and a difference apart."""

import re
from typing import Any

from gnomon.report.chart_templates import frame

LONGITUDE = (
    "datum.value % 180 == 0 ? abs(datum.value) % 360 + '°' : ((datum.value + 360) % 360 < 180 ?"
    " format((datum.value + 360) % 360, '~g') + '°E' : format(360 - (datum.value + 360) % 360, '~g') + '°W')"
)
LATITUDE = "datum.value == 0 ? '0°' : format(abs(datum.value), '~g') + (datum.value > 0 ? '°N' : '°S')"
NUMBER = "format(datum.v, abs(datum.v) >= 10 ? '.3~r' : '.2~r')"
COAST = {"name": "coast"}
_NAME = re.compile(r"(map|section|portrait|composite|disc|tracks):(\d+)(d?)(m?)")


def panel_template_of(name: str) -> dict[str, Any] | None:
    """The template of that name (see `report.panels.panel_template`), slots unfilled; None for other kinds."""
    if name == "taylor":
        return _taylor()
    parts = _NAME.fullmatch(name)
    if parts is None:
        return None
    kind, count, apart, marked = parts[1], int(parts[2]), bool(parts[3]), bool(parts[4])
    shared = [_panel(kind, i, "", marked=marked) for i in range(count)]
    main: dict[str, Any] = {"concat": shared, "columns": "$columns", "spacing": {"row": 26, "column": 18}}
    groups = [main] if shared else []
    if apart:
        groups.append(_panel(kind, count, "d_", marked=marked))
    body: dict[str, Any] = {"vconcat": groups, "spacing": 22, "resolve": {"scale": {"color": "independent"}}}
    if kind in ("map", "tracks"):
        body["datasets"] = {"coast": "$coast"}
    return frame(body)


def _panel(kind: str, number: int, prefix: str, *, marked: bool) -> dict[str, Any]:
    makers = {"portrait": _table, "disc": _disc, "tracks": _tracks}
    layers = makers.get(kind, _cells)(kind, prefix, marked)
    return {
        "title": {
            "text": f"$h{number}",
            "anchor": "start",
            "fontSize": 11.5,
            "fontWeight": "normal",
            "offset": 6 if kind != "portrait" else 10,
        },
        "transform": [{"filter": {"field": "k", "equal": number}}]
        if kind != "map" and kind != "tracks"
        else [],
        "width": "$width",
        "height": "$height",
        "view": {"stroke": None if kind in ("disc", "portrait") else "$line", "fill": _ground(kind)},
        "layer": [_only(layer, number) if kind in ("map", "tracks") else layer for layer in layers],
    }


def _ground(kind: str) -> str | None:
    """What shows through where there are no values."""
    return None if kind in ("disc", "portrait", "tracks") else "$line"


def _only(layer: dict[str, Any], number: int) -> dict[str, Any]:
    """The layer with the rows of its panel; coastlines belong to all."""
    if "data" in layer:
        return layer
    return layer | {"transform": [{"filter": {"field": "k", "equal": number}}, *layer.get("transform", [])]}


def _colour(prefix: str) -> dict[str, Any]:
    return {
        "field": "v",
        "type": "quantitative",
        "scale": {"type": "threshold", "domain": f"${prefix}levels", "range": f"${prefix}shades"},
        "legend": {
            "type": "gradient",
            "orient": "bottom",
            "title": "$units",
            "titleFontWeight": "normal",
            "titleFontSize": 11,
            "titleColor": "$soft",
            "titleOrient": "right",
            "gradientLength": "$bar",
            "gradientThickness": 9,
            "labelFontSize": 10.5,
            "labelColor": "$soft",
            "labelOverlap": "greedy",
            "labelSeparation": 5,
            "labelExpr": "isNumber(datum.value) && isFinite(datum.value) ? replace(datum.label, '-', '−') : ''",
            "offset": 8,
        },
    }


def _place(kind: str) -> dict[str, Any]:
    """Both axes of a panel."""
    x: dict[str, Any] = {
        "field": "x",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": "$x_domain", "nice": False},
        "axis": {"grid": False, "tickCount": 6, "labelFlush": False, "labelOverlap": "greedy"},
    }
    y: dict[str, Any] = {
        "field": "y",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": "$y_domain", "nice": False},
        "axis": {"grid": False, "tickCount": 5, "labelOverlap": "greedy"},
    }
    if kind in ("map", "tracks", "section"):  # a count would thin the stated values
        del x["axis"]["tickCount"], y["axis"]["tickCount"]
    if kind in ("map", "tracks"):
        x["axis"] |= {"labelExpr": LONGITUDE, "values": "$x_values"}
        y["axis"] |= {"labelExpr": LATITUDE, "values": "$latitudes"}
    elif kind == "section":
        x["axis"] |= {"labelExpr": LATITUDE, "values": "$latitudes"}
        y["scale"] |= {"type": "$y_scale", "reverse": True}
        y["axis"] |= {"values": "$y_values"}
        y["title"] = "$y_label"
    else:
        x["title"], y["title"] = "$x_label", "$y_label"
    return {"x": x, "y": y}


def _cells(kind: str, prefix: str, marked: bool) -> list[dict[str, Any]]:
    """A field in colour, coastlines and stipples over it."""
    place = _place(kind)
    names = {"map": ("longitude", "latitude"), "section": ("latitude", "$y_label")}
    across, up = names.get(kind, ("$x_label", "$y_label"))
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rect", "clip": True, "aria": False},
            "encoding": {
                **place,
                "x2": {"field": "X"},
                "y2": {"field": "Y"},
                "color": _colour(prefix),
                "tooltip": [
                    {"field": "x", "type": "quantitative", "title": across, "format": ".4~g"},
                    {"field": "y", "type": "quantitative", "title": up, "format": ".4~g"},
                    {"field": "v", "type": "quantitative", "title": "value", "format": ".4~g"},
                ],
            },
        }
    ]
    if kind == "map":
        layers.append(_coast(place))
    if kind == "composite":
        layers += [
            {
                "data": {"values": [{"o": 0}]},
                "mark": {"type": "rule", "color": "$ink", "opacity": 0.35, "strokeWidth": 0.8},
                "encoding": {axis: {"field": "o", "type": "quantitative", "title": place[axis]["title"]}},
            }
            for axis in ("x", "y")
        ]
    if marked:
        layers.append(_stipples(place))
    return layers


def _coast(place: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": COAST,
        "mark": {"type": "line", "strokeWidth": 0.7, "color": "$ink", "opacity": 0.75, "clip": True},
        "encoding": {**place, "detail": {"field": "p", "type": "nominal"}, "order": {"field": "i"}},
    }


def _stipples(place: dict[str, Any]) -> dict[str, Any]:
    return {
        "transform": [{"filter": "datum.m == 1"}],
        "mark": {
            "type": "circle",
            "aria": False,
            "size": 6,
            "fill": "$ink",
            "stroke": "$paper",
            "strokeWidth": 0.4,
            "clip": True,
        },
        "encoding": {axis: place[axis] | {"field": field} for axis, field in (("x", "a"), ("y", "b"))},
    }


def _table(kind: str, prefix: str, marked: bool) -> list[dict[str, Any]]:
    """Cells of a matrix with their numbers; what is significant is set in bold."""
    bare: dict[str, Any] = {"domain": False, "ticks": False, "labelColor": "$ink", "labelLimit": 170}
    place = {
        "x": {
            "field": "x",
            "type": "nominal",
            "sort": "$columns_order",
            "title": None,
            "scale": {"domain": "$columns_order", "paddingInner": 0.04},
            "axis": bare | {"orient": "top", "labelAngle": 0, "labelExpr": "datum.label"},
        },
        "y": {
            "field": "y",
            "type": "nominal",
            "sort": "$rows_order",
            "title": None,
            "scale": {"domain": "$rows_order", "paddingInner": 0.06},
            "axis": bare | {"labelExpr": "datum.label"},
        },
    }
    told = [
        {"field": "y", "type": "nominal", "title": "row"},
        {"field": "x", "type": "nominal", "title": "column"},
        {"field": "v", "type": "quantitative", "title": "value", "format": ".4~g"},
    ]
    text = {"type": "text", "fontSize": 11, "color": "$ink", "text": {"expr": NUMBER}}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rect", "cornerRadius": 2},
            "encoding": {**place, "color": _colour(prefix), "tooltip": told},
        },
        {
            **({"transform": [{"filter": "datum.m != 1"}]} if marked else {}),
            "mark": text,
            "encoding": place,
        },
    ]
    if marked:
        layers.append(
            {
                "transform": [{"filter": "datum.m == 1"}],
                "mark": text | {"fontWeight": 700},
                "encoding": place,
            }
        )
    return layers


def _disc(kind: str, prefix: str, marked: bool) -> list[dict[str, Any]]:
    """Rings and sectors round a centre, azimuth clockwise from the top."""
    pixels = {"type": "linear", "domain": [0, "$reach"], "range": [0, "$radius"], "zero": True}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "arc", "aria": False},
            "encoding": {
                "theta": {"field": "x", "type": "quantitative", "scale": None, "stack": None},
                "theta2": {"field": "X"},
                "radius": {"field": "y", "type": "quantitative", "scale": pixels, "stack": None},
                "radius2": {"field": "Y"},
                "color": _colour(prefix),
                "tooltip": [
                    {"field": "Y", "type": "quantitative", "title": "$y_label", "format": ".4~g"},
                    {"field": "v", "type": "quantitative", "title": "value", "format": ".4~g"},
                ],
            },
        },
        {
            "data": {"values": "$rings"},
            "mark": {
                "type": "arc",
                "theta": 0,
                "theta2": 6.283185307179586,
                "fillOpacity": 0,
                "stroke": "$ink",
                "strokeOpacity": 0.45,
                "strokeWidth": 0.7,
            },
            "encoding": {"radius": {"field": "R", "type": "quantitative", "scale": pixels, "stack": None}},
        },
        {
            "data": {"values": "$rings"},
            "mark": {"type": "text", "theta": 2.5, "color": "$ink", "fontSize": 10, "radiusOffset": -9},
            "encoding": {
                "radius": {"field": "R", "type": "quantitative", "scale": pixels, "stack": None},
                "text": {"field": "t", "type": "nominal"},
            },
        },
    ]
    if marked:
        hidden = {"axis": None}
        place = _place("composite")
        layers.append(_stipples({axis: place[axis] | hidden for axis in ("x", "y")}))
    return layers


def _tracks(kind: str, prefix: str, marked: bool) -> list[dict[str, Any]]:
    """Paths, each with a dot where it begins."""
    place = _place(kind)
    colour = {
        "field": "s",
        "type": "nominal",
        "scale": {"domain": "$labels", "range": "$colours"},
        "legend": None,
    }
    coast = _coast(place)
    return [
        coast | {"mark": coast["mark"] | {"color": "$soft", "opacity": 0.8}},
        {
            "mark": {"type": "line", "strokeWidth": 1.1, "opacity": 0.75, "clip": True},
            "encoding": {
                **place,
                "detail": {"field": "p", "type": "nominal"},
                "order": {"field": "i"},
                "color": colour,
            },
        },
        {
            "transform": [{"filter": "datum.f == 1"}],
            "mark": {"type": "circle", "size": 12, "opacity": 0.9, "clip": True},
            "encoding": {**place, "color": colour},
        },
    ]


def _taylor() -> dict[str, Any]:
    """Spread and correlation in polar coordinates, drawn in Cartesian ones."""
    place: dict[str, Any] = {
        axis: {
            "field": axis,
            "type": "quantitative",
            "scale": {"domain": f"${axis}_domain", "nice": False},
        }
        for axis in ("x", "y")
    }
    bare = {"grid": False, "tickCount": 6, "labelExpr": "format(abs(datum.value), '~g')"}
    place["x"] |= {"title": "$x_label", "axis": bare}
    place["y"] |= {"axis": None}
    layers = [*_taylor_paper(place), *_taylor_points(place)]
    return frame({"width": "$width", "height": "$height", "layer": layers})


def _taylor_paper(place: dict[str, Any]) -> list[dict[str, Any]]:
    """Arcs, rays and circles with their labels, and the truth at (1, 1)."""
    lines = {"detail": {"field": "p", "type": "nominal"}, "order": {"field": "i"}}

    def ruled(what: str, **mark: Any) -> dict[str, Any]:
        return {
            "data": {"values": "$grid"},
            "transform": [{"filter": {"field": "g", "equal": what}}],
            "mark": {"type": "line", "strokeWidth": 0.8, **mark},
            "encoding": {**place, **lines},
        }

    truth = {
        "type": "point",
        "shape": "diamond",
        "size": 110,
        "filled": True,
        "color": "$truth",
        "opacity": 1,
    }
    return [
        ruled("ring", color="$line"),
        ruled("ray", color="$line"),
        ruled("error", color="$soft", opacity=0.55, strokeDash=[2, 3]),
        ruled("one", color="$ink", strokeWidth=1.2),
        {
            "data": {"values": "$ticks"},
            "mark": {"type": "text", "fontSize": 10.5, "color": "$soft"},
            "encoding": {**place, "text": {"field": "t", "type": "nominal"}},
        },
        {"data": {"values": [{"x": 1.0, "y": 0.0}]}, "mark": truth, "encoding": place},
    ]


def _taylor_points(place: dict[str, Any]) -> list[dict[str, Any]]:
    colour = {
        "field": "s",
        "type": "nominal",
        "scale": {"domain": "$labels", "range": "$colours"},
        "legend": {"symbolType": "circle"},
    }
    told = [
        {"field": "s", "type": "nominal", "title": "series"},
        {"field": "n", "type": "nominal", "title": "point"},
        {"field": "d", "type": "quantitative", "title": "$x_label", "format": ".3~g"},
        {"field": "c", "type": "quantitative", "title": "$y_label", "format": ".3~g"},
    ]
    name = {"type": "text", "fontSize": 10.5, "dx": 7, "dy": -6, "align": "left", "color": "$ink"}
    return [
        {
            "mark": {"type": "circle", "size": 75, "opacity": 0.95},
            "encoding": {**place, "color": colour, "tooltip": told},
        },
        {"mark": name, "encoding": {**place, "text": {"field": "n", "type": "nominal"}}},
    ]
