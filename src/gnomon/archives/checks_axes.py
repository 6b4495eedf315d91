"""What can be wrong with the axes of a variable."""

from typing import Any

import numpy as np

from gnomon.archives.axes import NAMES, Layout, not_global
from gnomon.archives.findings import Finding, Place, found
from gnomon.archives.names import AIMIP_LEVELS, AIMIP_ON_LEVELS, quantity, split_level
from gnomon.archives.units import level_conversion
from gnomon.spec.errors import BadData


def check_axes(
    array: Any, axes: Layout | None, why: str, *, file: str, variable: str
) -> tuple[list[Finding], bool]:
    """Findings about the axes, and whether the array can be read at all.

    Args:
        array: as it lies in the file.
        axes: what was recognised; None where latitude or longitude was not.
        why: what `axes.layout` said in that case.
        file: shown path.
        variable: CMOR name.
    """
    place = Place(file=file, variable=variable)
    if axes is None:
        return [found("missing_axis", why, **place)], False
    out: list[Finding] = []
    known = quantity(variable)
    on_levels = known is not None and known.levels and split_level(variable)[1] is None
    if on_levels and not axes.plev:
        out.append(found("missing_axis", f"axes {array.dims}: no pressure levels", **place))
    if not axes.time and variable not in ("orog", "sftlf"):
        out.append(found("missing_axis", f"axes {array.dims}: no time", **place))
    readable = True
    for axis in ("lat", "lon"):
        said, fine = _horizontal(array, getattr(axes, axis), axis, place)
        out += said
        readable &= fine
    if axes.plev:
        said, fine = _levels(array[axes.plev], place)
        out += said
        readable &= fine
    return out, readable and not (on_levels and not axes.plev)


def check_levels(held: tuple[float, ...], variable: str, *, file: str) -> list[Finding]:
    """Levels that AIMIP asks for and a variable on levels lacks."""
    lacking = [p for p in AIMIP_LEVELS if not any(abs(h - p) < 1e-3 * p for h in held)]
    if variable not in AIMIP_ON_LEVELS or not lacking:
        return []
    what = f"no {', '.join(f'{p}' for p in lacking)} hPa; it has {', '.join(f'{h:g}' for h in held)}"
    return [found("missing_level", what, file=file, variable=variable)]


def _horizontal(array: Any, name: str, axis: str, place: Place) -> tuple[list[Finding], bool]:
    if name not in array.coords:
        return [found("missing_axis", f"the axis {name} has no values", **place)], False
    values = np.asarray(array[name].values)
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        return [found("bad_axis", f"{name} holds values that are not finite numbers", **place)], False
    values = values.astype(float)
    if axis == "lat" and np.abs(values).max() > 90.5:
        what = f"{name} runs from {values.min():g} to {values.max():g}"
        return [found("swapped_axes", what, **place)], False
    if axis == "lon" and len(values) > 3 and np.ptp(values) <= 181 and np.abs(values).max() <= 90.5:
        what = f"{name} runs from {values.min():g} to {values.max():g}: these are latitudes"
        return [found("swapped_axes", what, **place)], False
    if str(name) not in NAMES[axis] and str(array[name].attrs.get("units", "")) == "":
        return [
            found("missing_axis", f"the axis {name} is not called {axis} and has no units", **place)
        ], True
    turned = values if axis == "lat" else np.mod(values, 360.0)
    if len(np.unique(np.round(turned, 6))) < len(turned):
        return [found("bad_axis", f"{name} holds a value twice", **place)], False
    steps = np.diff(values)
    sorted_out = axis == "lon" or bool((steps > 0).all() or (steps < 0).all())
    if sorted_out and (lacking := not_global(axis, values)):
        return [found("not_global", f"{name} {lacking}", **place)], False
    if axis == "lon":
        steps = np.mod(steps, 360.0) if (steps > -180).all() or (np.abs(steps) > 180).sum() <= 1 else steps
        if (steps <= 0).any() or (len(steps) > 1 and np.ptp(steps) > 0.1 * np.median(steps)):
            return [found("bad_axis", f"{name} is not evenly spaced around the globe", **place)], bool(
                (steps > 0).all()
            )
        return [], True
    if len(values) > 1 and (steps < 0).all():
        return [found("reversed_axis", f"{name} runs from {values[0]:g} to {values[-1]:g}", **place)], True
    if (steps <= 0).any():
        return [found("bad_axis", f"{name} is neither rising nor falling", **place)], False
    return [], True


def _levels(coordinate: Any, place: Place) -> tuple[list[Finding], bool]:
    values = np.atleast_1d(np.asarray(coordinate.values))
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all() or (values <= 0).any():
        return [
            found("bad_axis", "pressure levels hold values that are not positive numbers", **place)
        ], False
    units = coordinate.attrs.get("units")
    try:
        hpa = values.astype(float) * level_conversion(units, float(values.max()), where=place["file"])
    except BadData as error:
        return [found("level_units", str(error), **place)], False
    if len(np.unique(hpa)) < len(hpa):
        return [found("bad_axis", "a pressure level comes twice", **place)], False
    if hpa.max() < 20 or hpa.max() > 1200:
        what = f"levels run from {values.max():g} to {values.min():g} and are stated in {units!r}"
        return [found("level_units", what, **place)], True
    return [], True
