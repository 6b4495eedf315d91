"""A few steps of one stored variable, read for the validator: the first, the middle and the last ones."""

from typing import Any, NamedTuple

import numpy as np

from gnomon.archives import axes, netcdf
from gnomon.archives.calendars import Clock
from gnomon.archives.names import split_level

MOST_STEPS = 12
MOST_BYTES = 1 << 23  # 8 MB a block


class Sample(NamedTuple):
    """What the validator saw of one variable of one file.

    Attributes:
        file: path below the root.
        variable: its CMOR name.
        stored_name: the name in the file.
        units: as stated.
        values: [step, level, lat, lon] as stored, in double precision; one level where the variable has none.
        steps: indices of the steps.
        clock: of the whole file; None for a constant field.
        levels: in hPa; NaN for a variable without levels.
        weights: of the rows.
        lat: of the rows.
    """

    file: str
    variable: str
    stored_name: str
    units: str | None
    values: np.ndarray
    steps: np.ndarray
    clock: Clock | None
    levels: np.ndarray
    weights: np.ndarray
    lat: np.ndarray

    def means(self) -> np.ndarray:
        """[step, level] means over the sphere of what is there."""
        there = np.isfinite(self.values)
        weight = (there.sum(-1) * self.weights).sum(-1)
        total = (np.where(there, self.values, 0.0).sum(-1) * self.weights).sum(-1)
        return np.divide(total, weight, out=np.full(weight.shape, np.nan), where=weight > 0)

    @property
    def said(self) -> str:
        """What was looked at, in words."""
        many = len(self.clock.days) if self.clock is not None else 1
        return f"{self.file}: {self.variable}, {len(self.steps)} of {many} steps"


def take(array: Any, clock: Clock | None, *, file: str, variable: str, stored_name: str) -> Sample:
    """Read the first, middle and last steps of a variable brought into order by `axes.ordered`."""
    units = array.attrs.get("units")
    count = array.sizes.get("time", 1)
    each = array.size // max(1, count) * array.dtype.itemsize
    length = int(max(1, min(MOST_STEPS, MOST_BYTES // max(1, each))))
    steps = steps_of(count, length)
    with netcdf.reading(file):
        if (
            "time" in array.dims
        ):  # block by block: steps picked one by one would unpack each block again and again
            runs = np.split(steps, np.flatnonzero(np.diff(steps) > 1) + 1)
            blocks = [array.isel(time=slice(int(r[0]), int(r[-1]) + 1)).values for r in runs]
            values = np.concatenate(blocks).astype(float)
        else:
            values = np.asarray(array.values, float)
    values = values.reshape(len(steps), -1, *values.shape[-2:])
    levels = (
        np.atleast_1d(np.asarray(array["plev"].values, float))
        if "plev" in array.coords
        else np.array([np.nan])
    )
    level = split_level(variable)[1]
    if level is not None and values.shape[1] == 1:
        levels = np.array([float(level)])
    lat = np.asarray(array["lat"].values, float)
    weights = np.asarray(axes.grid_of(lat, np.asarray(array["lon"].values, float)).weights)
    return Sample(
        file,
        variable,
        stored_name,
        units if isinstance(units, str) else None,
        values,
        steps,
        clock,
        levels,
        weights,
        lat,
    )


def steps_of(count: int, length: int) -> np.ndarray:
    """Indices of the first, middle and last `length` steps of `count`."""
    if count <= 3 * length:
        return np.arange(count)
    middle = (count - length) // 2
    return np.concatenate([np.arange(length) + start for start in (0, middle, count - length)])
