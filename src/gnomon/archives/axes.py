"""Which axis of an array is which, and arrays with every axis in its place."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from gnomon.archives import calendars
from gnomon.archives.units import level_conversion
from gnomon.spec.cards import Grid
from gnomon.spec.errors import BadData

NAMES = {
    "time": ("time", "valid_time", "t"),
    "plev": ("plev", "level", "lev", "pressure_level", "isobaricInhPa", "pressure", "plev7", "plev19"),
    "lat": ("lat", "latitude", "y"),
    "lon": ("lon", "longitude", "x"),
    "member": ("member", "realization", "number", "ensemble", "member_id"),
}
_UNITS = {
    "lat": ("degrees_north", "degree_north", "degree_n"),
    "lon": ("degrees_east", "degree_east", "degree_e"),
}
_STANDARD_NAMES = {"lat": "latitude", "lon": "longitude", "plev": "air_pressure", "time": "time"}

FEWEST = 4  # longitudes that can go round the globe
REACH = 85.0  # degrees to which the outer rows must reach
MOST_GAUSSIAN = 1024  # rows; the nodes of more take seconds to find


class Layout(NamedTuple):
    """The name that each axis has in a file; "" for one that is not there."""

    time: str = ""
    plev: str = ""
    lat: str = ""
    lon: str = ""
    member: str = ""


def layout(array: Any, *, where: str) -> Layout:
    """Recognise the axes of one array by name, standard name and units.

    Raises:
        BadData: for an array without latitude or longitude, and for a grid that is not made of rows and columns.
    """
    found = {axis: _named(array, axis) for axis in NAMES}
    for axis in ("lat", "lon"):
        if found[axis] not in array.coords:
            two = [n for n, c in array.coords.items() if c.ndim == 2 and str(n) in NAMES[axis]]
            if two:
                raise BadData(
                    f"{where}: {array.name} lies on a curvilinear grid; regrid it to rows and columns first"
                )
        if not found[axis]:
            raise BadData(
                f"{where}: {array.name} has the axes {array.dims} and none is {axis}; "
                f"give it a coordinate named {axis!r}"
            )
    left = set(array.dims) - {*found.values()}
    if any(array.sizes[d] != 1 for d in left):
        raise BadData(
            f"{where}: {array.name} has an axis {sorted(map(str, left))} that is neither time, level, lat nor lon"
        )
    return Layout(**found)


def ordered(array: Any, axes: Layout, *, where: str) -> Any:
    """The array with the dimensions ([member], time, plev, lat, lon), south to north, 0 to 360 east; lazily.

    Levels are handed out in hPa, from the ground up. Coordinates must be finite and free of repetitions.
    """
    array = array.squeeze([d for d in array.dims if d not in axes], drop=True)
    names = {getattr(axes, a): a for a in Layout._fields if getattr(axes, a)}
    array = array.rename({old: new for old, new in names.items() if old != new})
    array = array.reset_coords([c for c in array.coords if c not in array.dims and c != "plev"], drop=True)
    latitudes = _values(array, "lat", where)
    if np.abs(latitudes).max() > 90.5:
        raise BadData(
            f"{where}: lat runs to {latitudes[np.abs(latitudes).argmax()]:g}: are lat and lon swapped?"
        )
    longitudes = np.round(np.mod(_values(array, "lon", where), 360.0), 9) % 360.0
    array = array.assign_coords(lon=longitudes, lat=np.clip(latitudes, -90, 90))
    array = _sorted(array, "lat", latitudes, where)
    array = _sorted(array, "lon", longitudes, where)
    if "plev" in array.coords:
        stored = np.atleast_1d(np.asarray(array["plev"].values, float))
        hpa = stored * level_conversion(array["plev"].attrs.get("units"), float(stored.max()), where=where)
        array = array.assign_coords(plev=hpa if "plev" in array.dims else float(hpa[0]))
        if "plev" in array.dims:
            array = _sorted(array, "plev", -hpa, where)
    return array.transpose(*(d for d in ("member", "time", "plev", "lat", "lon") if d in array.dims))


def grid_of(lat: np.ndarray, lon: np.ndarray) -> Grid:
    """Rows and columns as a `Grid`, every row weighted by its share of the sphere."""
    weights = np.diff(np.sin(np.deg2rad(edges_of_rows(lat))))
    return Grid(
        lat=tuple(float(x) for x in lat),
        lon=tuple(float(x) for x in lon),
        weights=tuple(float(w) for w in weights / weights.sum()),
    )


def edges_of_rows(lat: np.ndarray) -> np.ndarray:
    """Edges of rows of cells in degrees, halfway between neighbours.

    The outer edges are as far out as their row's other edge; at the pole where less than half a row would be left.
    Rows of a Gaussian grid are cut so that each has the area of its quadrature weight, as the models mean them.
    """
    lat = np.asarray(lat, float)
    if len(lat) < 2:
        return np.array([-90.0, 90.0])
    if 8 <= len(lat) <= MOST_GAUSSIAN and len(lat) % 2 == 0:
        nodes, weights = _gaussian(len(lat))
        if np.abs(nodes - lat).max() < 2e-3:
            sines = np.concatenate([[-1.0], -1.0 + np.cumsum(weights)])
            return np.rad2deg(np.arcsin(np.clip(sines, -1, 1)))
    between = 0.5 * (lat[1:] + lat[:-1])
    south, north = 2 * lat[0] - between[0], 2 * lat[-1] - between[-1]
    step = float(np.median(np.diff(lat)))
    south = -90.0 if south < -90.0 + 0.5 * step else south
    north = 90.0 if north > 90.0 - 0.5 * step else north
    return np.concatenate([[south], between, [north]])


def not_global(axis: str, values: np.ndarray) -> str:
    """What of the globe latitudes or longitudes leave out, in words; "" where they go round it.

    Rows may stop as far as 5 degrees from a pole, which is 0.4 % of the sphere; columns leave no gap wider than one
    and a half of their steps.
    """
    values = np.asarray(values, float)
    if axis == "lat":
        edges = edges_of_rows(np.sort(values)) if len(values) > 1 else np.zeros(2)
        fine = edges[0] <= -REACH + 1e-6 and edges[-1] >= REACH - 1e-6
        return (
            ""
            if fine
            else f"covers {_degrees(values.min(), 'NS')} to {_degrees(values.max(), 'NS')}, not the globe"
        )
    turned = np.sort(np.mod(values, 360.0))
    if len(turned) < FEWEST:
        return f"has {len(turned)} longitudes, not the globe"
    steps = np.diff(turned, append=turned[0] + 360.0)
    if steps.max() <= 1.5 * np.median(steps):
        return ""
    gap = int(steps.argmax())
    return f"covers {turned[(gap + 1) % len(turned)]:g}-{turned[gap]:g} E, not the globe"


def _degrees(lat: float, words: str) -> str:
    return f"{abs(lat):g} {words[int(lat < 0)]}"


@lru_cache(maxsize=8)
def _gaussian(count: int) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return np.rad2deg(np.arcsin(nodes)), weights


def same_grid(a: Any, b: Any) -> bool:
    """Whether two arrays lie on the same rows and columns (to a thousandth of a degree: files are in float32)."""
    return all(
        a.sizes[d] == b.sizes[d] and np.allclose(a[d].values, b[d].values, rtol=0, atol=1e-3)
        for d in ("lat", "lon")
    )


def clock_of(dataset: Any, array: Any, *, where: str) -> calendars.Clock | None:
    """The times of an array as stored; centres of the bounds where the file has them. None for a constant field."""
    name = _named(array, "time")
    if not name:
        return None
    if name not in dataset.variables:
        raise BadData(
            f"{where}: the axis {name} has no values; write the coordinate with its units and calendar"
        )
    time = dataset[name].variable
    clock = calendars.decode(time, where=where)
    bounds = str(time.attrs.get("bounds", ""))
    if bounds not in dataset.variables:
        return clock
    stored = dataset[bounds].variable.copy(deep=False)
    stored.attrs = {**time.encoding, **time.attrs}  # CF: bounds take their units from the axis
    return calendars.relabelled(clock, stored)


def _named(array: Any, axis: str) -> str:
    for dim in array.dims:
        coordinate = array.coords.get(dim)
        attrs = {} if coordinate is None else coordinate.attrs
        if str(attrs.get("standard_name", "")) == _STANDARD_NAMES.get(axis, "?"):
            return str(dim)
        if str(attrs.get("units", "")).lower() in _UNITS.get(axis, ()):
            return str(dim)
    for dim in array.dims:
        if str(dim) in NAMES[axis]:
            return str(dim)
    if axis == "plev":  # one level may be a scalar beside the array
        return next((str(c) for c in array.coords if str(c) in NAMES[axis] and array.coords[c].ndim == 0), "")
    return ""


def _values(array: Any, axis: str, where: str) -> np.ndarray:
    if axis not in array.coords:
        raise BadData(f"{where}: the axis {axis} has no values; write the coordinate in degrees")
    values = np.asarray(array[axis].values)
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise BadData(f"{where}: {axis} holds values that are not finite numbers")
    return values.astype(float)


def _sorted(array: Any, axis: str, key: np.ndarray, where: str) -> Any:
    steps = np.diff(key)
    if (steps > 0).all():
        return array
    if (steps < 0).all():
        return array.isel({axis: slice(None, None, -1)})
    order = np.argsort(key, kind="stable")
    if (np.diff(key[order]) <= 0).any():
        raise BadData(f"{where}: {axis} holds a value twice")
    wraps = (order == np.roll(np.arange(len(order)), -int(order[0]))).all()
    if axis == "lat" or (axis == "lon" and not wraps):
        raise BadData(f"{where}: {axis} is neither rising nor falling; sort it")
    return array.isel({axis: order})
