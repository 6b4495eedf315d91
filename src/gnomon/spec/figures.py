"""Figures of the sphere as plain data: a measure hands over arrays and gets a `Curve` that the report can draw.

All functions take nested sequences or arrays, write what is not finite as None, keep four significant digits, and
refuse more than 10 000 numbers: a report has to travel. Rasters are named by role ("truth", "subject", "floor",
"null") and share one colour scale; one named "difference" gets a diverging scale of its own.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, cast

from gnomon.spec.cells import MOST, edges, flipped, image, latitudes, longitudes, masks, numbers, short
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Curve, Role, Series

ROLES = ("truth", "subject", "floor", "null")
GROUND = 1013.0  # hPa; where the lowest level of a section ends


def map_curve(
    name: str, title: str, lat: Any, lon: Any, fields: Mapping[str, Any], *, units: str, **style: Any
) -> Curve:
    """Fields on a grid of latitudes and longitudes, drawn over coastlines from 0 to 360 degrees east.

    The column that straddles the edge of a global map is cut in two, so the raster has one column more than the field.

    Args:
        name: of the figure, a word.
        title: what is shown, without units.
        lat: degrees north of the rows, rising or falling.
        lon: degrees east of the columns; any range, in circular order. A region must rise.
        fields: raster -> [lat, lon].
        units: of the fields.
        **style: see `styled`.

    Raises:
        BadSpec: shapes do not fit, or there are too many numbers.
    """
    y, x = numbers(lat, "lat"), numbers(lon, "lon")
    images = {role: image(field, len(y), len(x), f"{name}: {role}") for role, field in fields.items()}
    marks = masks(style.pop("significant", None), len(y), len(x), name)
    if len(y) > 1 and y[0] > y[-1]:
        y, images, marks = y[::-1], flipped(images), flipped(marks)
    x_edges, order = longitudes(x, name)
    return styled(
        _curve(
            name=name,
            title=title,
            kind="map",
            x_label="",
            y_label="",
            x_edges=short(x_edges),
            y_edges=short(latitudes(y)),
            units=units,
            rasters={
                role: tuple(tuple(row[i] for i in order) for row in rows) for role, rows in images.items()
            },
            marked={
                role: tuple("".join(row[i] for i in order) for row in rows) for role, rows in marks.items()
            },
        ),
        **style,
    )


def section_curve(
    name: str,
    title: str,
    lat: Any,
    pressure: Any,
    fields: Mapping[str, Any],
    *,
    units: str,
    log: bool = True,
    **style: Any,
) -> Curve:
    """Zonal means over latitude and pressure (hPa), the ground at the bottom.

    Args:
        name: of the figure, a word.
        title: what is shown, without units.
        lat: degrees north of the columns, rising or falling.
        pressure: hPa of the rows, in any order.
        fields: raster -> [pressure, lat]; None or NaN below the ground.
        units: of the fields.
        log: whether the pressure axis is logarithmic (room for the stratosphere) or linear (areas are mass).
        **style: see `styled`.
    """
    x, p = numbers(lat, "lat"), numbers(pressure, "pressure")
    images = {role: image(field, len(p), len(x), f"{name}: {role}") for role, field in fields.items()}
    marks = masks(style.pop("significant", None), len(p), len(x), name)
    order = sorted(range(len(p)), key=p.__getitem__)
    images = {role: tuple(rows[j] for j in order) for role, rows in images.items()}
    marks = {role: tuple(rows[j] for j in order) for role, rows in marks.items()}
    if len(x) > 1 and x[0] > x[-1]:
        x = x[::-1]
        images = {role: tuple(row[::-1] for row in rows) for role, rows in images.items()}
        marks = {role: tuple(row[::-1] for row in rows) for role, rows in marks.items()}
    p = [p[j] for j in order]
    if p[0] <= 0:
        raise BadSpec(f"figure {name!r}: pressures must be positive, in hPa; got {p[0]:g}")
    borders = [math.exp(v) for v in edges([math.log(v) for v in p])] if log else edges(p)
    borders[0] = max(borders[0], p[0] / 2)
    borders[-1] = min(borders[-1], max(p[-1], GROUND))
    return styled(
        _curve(
            name=name,
            title=title,
            kind="section",
            x_label="latitude",
            y_label="pressure (hPa)",
            log="y" if log else "",
            x_edges=short(latitudes(x)),
            y_edges=short(borders),
            units=units,
            rasters=images,
            marked=marks,
        ),
        **style,
    )


def portrait_curve(
    name: str,
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    fields: Mapping[str, Any],
    *,
    units: str = "",
    **style: Any,
) -> Curve:
    """A table of numbers in colour, as intercomparisons show them: variables by seasons or regions.

    Args:
        name: of the figure, a word.
        title: what is shown, without units.
        rows: labels from the top, as in "ta850 (K)".
        columns: labels from the left, as in "DJF".
        fields: raster -> [row, column]; None where nothing was measured.
        units: of all the numbers; "1" for ratios.
        **style: see `styled`.
    """
    marks = masks(style.pop("significant", None), len(rows), len(columns), name)
    return styled(
        _curve(
            name=name,
            title=title,
            kind="portrait",
            x_label=style.pop("x_label", ""),
            y_label=style.pop("y_label", ""),
            row_labels=tuple(map(str, rows)),
            column_labels=tuple(map(str, columns)),
            units=units,
            rasters={r: image(f, len(rows), len(columns), f"{name}: {r}") for r, f in fields.items()},
            marked=marks,
        ),
        **style,
    )


def disc_curve(
    name: str, title: str, radius: Any, azimuth: Any, fields: Mapping[str, Any], *, units: str, **style: Any
) -> Curve:
    """A composite around a centre (of cyclones, of a pole) on rings and sectors.

    Args:
        name: of the figure, a word.
        title: what is shown, without units.
        radius: of the rows, rising from the centre; `style["y_label"]` names it, "radius (degrees)" if left out.
        azimuth: degrees *clockwise from the top* of the columns, evenly spaced round the circle. What the top is
            (north, or where the storm goes) belongs into `note`.
        fields: raster -> [radius, azimuth].
        units: of the fields.
        **style: see `styled`.
    """
    r, a = numbers(radius, "radius"), numbers(azimuth, "azimuth")
    borders = edges(r)
    borders[0] = max(0.0, borders[0])
    step = 360.0 / len(a)
    if any(abs((right - left) % 360.0 - step) > 0.01 * step for left, right in pairwise(a)):
        raise BadSpec(f"figure {name!r}: azimuths must be evenly spaced round the circle, clockwise")
    return styled(
        _curve(
            name=name,
            title=title,
            kind="composite",
            projection="disc",
            x_label="azimuth (degrees)",
            y_label=style.pop("y_label", "radius (degrees)"),
            x_edges=short(a[0] + (i - 0.5) * step for i in range(len(a) + 1)),
            y_edges=short(borders),
            units=units,
            rasters={role: image(f, len(r), len(a), f"{name}: {role}") for role, f in fields.items()},
            marked=masks(style.pop("significant", None), len(r), len(a), name),
        ),
        **style,
    )


def patch_curve(
    name: str, title: str, x: Any, y: Any, fields: Mapping[str, Any], *, units: str, **style: Any
) -> Curve:
    """A composite around a centre on a rectangle: [y, x] with both coordinates rising and 0 at the centre.

    Args:
        name: of the figure, a word.
        title: what is shown, without units.
        x: of the columns; `style["x_label"]` names it, "eastward (degrees)" if left out.
        y: of the rows; `style["y_label"]` names it, "northward (degrees)" if left out.
        fields: raster -> [y, x].
        units: of the fields.
        **style: see `styled`.
    """
    across, up = numbers(x, "x"), numbers(y, "y")
    return styled(
        _curve(
            name=name,
            title=title,
            kind="composite",
            x_label=style.pop("x_label", "eastward (degrees)"),
            y_label=style.pop("y_label", "northward (degrees)"),
            x_edges=short(edges(across)),
            y_edges=short(edges(up)),
            units=units,
            rasters={role: image(f, len(up), len(across), f"{name}: {role}") for role, f in fields.items()},
            marked=masks(style.pop("significant", None), len(up), len(across), name),
        ),
        **style,
    )


def tracks_curve(
    name: str,
    title: str,
    tracks: Mapping[str, Iterable[tuple[Any, Any]]],
    *,
    extent: tuple[float, float, float, float] = (0.0, 360.0, -90.0, 90.0),
    note: str = "",
) -> Curve:
    """Paths over coastlines, one panel a role; each path begins with a dot.

    Args:
        name: of the figure, a word.
        title: what is shown.
        tracks: role -> (longitudes, latitudes) of each path. A path that crosses the edge of the map is cut there.
        extent: west, east, south, north of the window, east - west at most 360.
        note: below the title.
    """
    series = []
    for role, paths in tracks.items():
        if role not in ROLES:
            raise BadSpec(f"figure {name!r}: tracks belong to one of {', '.join(ROLES)}, not to {role!r}")
        x: list[float | None] = []
        y: list[float | None] = []
        for lon, lat in paths:
            _add_path(x, y, numbers(lon, "lon"), numbers(lat, "lat"), extent[0])
        series.append(Series(label=role, role=cast(Role, role), x=short(x), y=short(y)))
    made = _curve(
        name=name,
        title=title,
        kind="tracks",
        x_label="",
        y_label="",
        series=tuple(series),
        extent=extent,
        note=note,
    )
    return _small(made)


def taylor_curve(
    name: str,
    title: str,
    points: Mapping[str, Iterable[tuple[str, float, float]]],
    *,
    roles: Mapping[str, Role] | None = None,
    note: str = "",
) -> Curve:
    """A Taylor diagram: distance from the origin is spread over true spread, the angle is the correlation.

    The distance of a point from the reference (1, 1) is its centred root-mean-square error over the true
    spread; a *bias does not show*, so a note should state it.

    Args:
        name: of the figure, a word.
        title: what is shown.
        points: label of a group -> (name of a point, ratio of standard deviations, correlation).
        roles: label -> role, where the label is not itself one; "subject" otherwise.
        note: below the title.
    """
    series = []
    for label, group in points.items():
        listed = list(group)
        ratios, correlations = short(p[1] for p in listed), short(p[2] for p in listed)
        if any(v is not None and v < 0 for v in ratios) or any(
            v is not None and abs(v) > 1 for v in correlations
        ):
            raise BadSpec(
                f"figure {name!r}: a ratio of spreads is not negative, a correlation lies in -1 to 1"
            )
        role = (roles or {}).get(label) or (label if label in ROLES else "subject")
        names = tuple(str(p[0]) for p in listed)
        series.append(Series(label=label, role=cast(Role, role), x=ratios, y=correlations, names=names))
    made = _curve(
        name=name,
        title=title,
        kind="taylor",
        x_label="standard deviation over the truth's (1)",
        y_label="correlation (1)",
        series=tuple(series),
        note=note,
    )
    return _small(made)


def styled(
    curve: Curve,
    *,
    levels: Sequence[float] = (),
    diverging: bool | None = None,
    centre: float = 0.0,
    hue: Literal["warmth", "water"] = "warmth",
    captions: Mapping[str, str] | None = None,
    note: str = "",
) -> Curve:
    """The style that all gridded figures share.

    They take also `significant`: raster -> [row, column] of truth values, drawn as stipples.

    Args:
        curve: the bare figure.
        levels: borders of the colours; chosen from the values where left out.
        diverging: whether colours part at `centre`; None where the values decide (they lie on both sides of it).
        centre: the value without colour.
        hue: "warmth" (blue to red) or "water" (brown to green).
        captions: raster -> words beside its heading, as in "rms 1.2 K".
        note: below the title.

    Raises:
        BadSpec: the figure holds more than `MOST` numbers, or cannot be drawn.
    """
    plain = {f: getattr(curve, f) for f in curve.__struct_fields__}
    plain |= {"levels": short(levels), "diverging": diverging, "centre": centre, "hue": hue}
    return _small(_curve(**plain | {"captions": dict(captions or {}), "note": note}))


def _curve(**fields: Any) -> Curve:
    try:
        return Curve(**fields)
    except ValueError as problem:
        raise BadSpec(str(problem)) from problem


def _small(curve: Curve) -> Curve:
    count = sum(len(row) for image in curve.rasters.values() for row in image)
    count += sum(len(s.x) + len(s.y) for s in curve.series)
    if count > MOST:
        raise BadSpec(
            f"figure {curve.name!r} holds {count} numbers, at most {MOST} travel in a report: average blocks of cells, "
            "show fewer panels, or every n-th path"
        )
    return curve


def _add_path(x: list[Any], y: list[Any], lon: Sequence[float], lat: Sequence[float], west: float) -> None:
    """Append a path, cut where it leaves [west, west + 360) and comes in at the other side; None parts pieces."""
    if len(lon) != len(lat):
        raise BadSpec(f"a track has {len(lon)} longitudes and {len(lat)} latitudes")
    if x:
        x.append(None)
        y.append(None)
    for i, (here, at) in enumerate(zip(lon, lat, strict=True)):
        wrapped = west + (here - west) % 360.0
        if i:
            before, was = west + (lon[i - 1] - west) % 360.0, lat[i - 1]
            step = (here - lon[i - 1] + 180.0) % 360.0 - 180.0
            if abs(before + step - wrapped) > 1e-9:  # the short way leads over the edge
                edge, other = (west + 360.0, west) if step > 0 else (west, west + 360.0)
                crossing = was + (at - was) * (edge - before) / step
                x += [edge, None, other]
                y += [crossing, None, crossing]
        x.append(wrapped)
        y.append(at)
