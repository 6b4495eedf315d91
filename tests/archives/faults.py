"""Faults that real submissions had, each as a change to one variable's data before it is written."""

import importlib
from typing import Any, NamedTuple

import numpy as np

from tests.archives.make_trees import Change

xr: Any = importlib.import_module("xarray")


class Fault(NamedTuple):
    """The rule that must find it, the variable it is planted in, and what is done to the data."""

    rule: str
    variable: str
    change: Change


def scaled(factor: float = 1.0, offset: float = 0.0, units: str | None = None) -> Change:
    """Other values, other units, or both."""

    def change(data: Any) -> Any:
        name = next(n for n in data.data_vars if n != "time_bnds")
        attrs = {**data[name].attrs, **({} if units is None else {"units": units})}
        data[name] = (data[name] * np.float32(factor) + np.float32(offset)).assign_attrs(attrs)
        return data

    return change


def axis(name: str, values: Any = None, units: str | None = None) -> Change:
    """Other coordinates: a function of the old ones."""

    def change(data: Any) -> Any:
        attrs = {**data[name].attrs, **({} if units is None else {"units": units})}
        new = data[name].values if values is None else values(data[name].values)
        return data.assign_coords({name: (name, new, attrs)})

    return change


def blank(data: Any) -> Any:
    """A block of missing values in the first months of the north."""
    name = next(n for n in data.data_vars if n != "time_bnds")
    values = data[name].values.copy()
    values[2:4, ..., 10:15, 3:9] = np.nan
    data[name] = data[name].copy(data=values)
    return data


def below_ground(data: Any) -> Any:
    """Masked where 1000 and 850 hPa lie below the ground, as CMIP6 does."""
    values = data["ta"].values.copy()
    values[:, 0, 4:7, 5:9] = np.nan
    values[:, 1, 5, 6] = np.nan
    data["ta"] = data["ta"].copy(data=values)
    return data


def calendar(name: str) -> Change:
    """Months of the same numbers in another calendar."""

    def change(data: Any) -> Any:
        count = data.sizes["time"]
        length = {
            "360_day": np.full(12, 30),
            "noleap": np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]),
        }[name]
        edges = np.concatenate([[0], np.cumsum(np.tile(length, count // 12))]).astype(float)
        time = data["time"].attrs | {"calendar": name, "units": "days since 1979-01-01"}
        data = data.assign_coords(time=("time", 0.5 * (edges[1:] + edges[:-1]), time))
        data["time_bnds"] = (("time", "bnds"), np.stack([edges[:-1], edges[1:]], 1))
        return data

    return change


def stamps(days: float) -> Change:
    """Every time moved by a number of days, without bounds to tell."""

    def change(data: Any) -> Any:
        attrs = {k: v for k, v in data["time"].attrs.items() if k != "bounds"}
        return data.drop_vars("time_bnds").assign_coords(time=("time", data["time"].values + days, attrs))

    return change


def first_days(data: Any) -> Any:
    """Months stamped on their first day, without bounds."""
    attrs = {k: v for k, v in data["time"].attrs.items() if k != "bounds"}
    first = data["time_bnds"].values[:, 0]
    return data.drop_vars("time_bnds").assign_coords(time=("time", first, attrs))


def shifted_data(months: int) -> Change:
    """Right stamps, but the values of other months."""

    def change(data: Any) -> Any:
        name = next(n for n in data.data_vars if n != "time_bnds")
        data[name] = data[name].copy(data=np.roll(data[name].values, months, axis=0))
        return data

    return change


def picked(steps: Any) -> Change:
    """Only some steps, or in another order."""
    return lambda data: data.isel(time=steps(data.sizes["time"]))


def summed(data: Any) -> Any:
    """The sum since the start in place of the rate."""
    data["pr"] = data["pr"].copy(data=np.cumsum(data["pr"].values, axis=0) * np.float32(0.02))
    return data


def leaking(data: Any) -> Any:
    """Half a hPa lost over the run."""
    loss = np.linspace(0, -100, data.sizes["time"], dtype=np.float32)[:, None, None]
    data["ps"] = (data["ps"] + loss).assign_attrs(data["ps"].attrs)
    return data


def exchanged(data: Any) -> Any:
    """Rows called columns, and columns rows."""
    turned = data.rename(lat="x").rename(lon="lat").rename(x="lon")
    lat, lon = data["lat"], data["lon"]
    return turned.assign_coords(lat=("lat", lon.values, lat.attrs), lon=("lon", lat.values, lon.attrs))


def text_time(data: Any) -> Any:
    """Times without a reference date."""
    attrs = data["time"].attrs | {"units": "month as %Y%m.%f"}
    return data.assign_coords(time=("time", data["time"].values, attrs))


FAULTS: dict[str, Fault] = {
    "zg holds m2 s-2": Fault("geopotential_as_height", "zg500", scaled(9.80665)),
    "zg holds m2 s-2 and says so": Fault("geopotential_as_height", "zg500", scaled(9.80665, units="m2 s-2")),
    "zg holds m and says m2 s-2": Fault("height_as_geopotential", "zg500", scaled(units="m2 s-2")),
    "levels in hPa that say Pa": Fault("level_units", "ta", axis("plev", lambda p: p / 100)),
    "levels in Pa that say hPa": Fault("level_units", "ta", axis("plev", units="hPa")),
    "levels in metres": Fault("level_units", "ta", axis("plev", units="m")),
    "ps in hPa": Fault("pressure_units", "ps", scaled(0.01)),
    "psl in hPa": Fault("pressure_units", "psl", scaled(0.01)),
    "tas in degC": Fault("temperature_units", "tas", scaled(offset=-273.15)),
    "tas in degC and says so": Fault("temperature_units", "tas", scaled(offset=-273.15, units="degC")),
    "ta in degC": Fault("temperature_units", "ta", scaled(offset=-273.15)),
    "hus in g kg-1": Fault("humidity_units", "hus", scaled(1000)),
    "huss in g kg-1": Fault("humidity_units", "huss", scaled(1000)),
    "a unit of nobody": Fault("unknown_units", "tas", scaled(units="furlong")),
    "pr in mm/day": Fault("precipitation_units", "pr", scaled(86400)),
    "pr in mm/day and says so": Fault("precipitation_units", "pr", scaled(86400, units="mm/day")),
    "pr in m/h": Fault("precipitation_units", "pr", scaled(3.6)),
    "pr in m/s": Fault("precipitation_units", "pr", scaled(1e-3)),
    "pr below zero": Fault("negative_precipitation", "pr", scaled(1.0, -8e-6)),
    "pr summed up": Fault("cumulative_precipitation", "pr", summed),
    "winds a hundred times too strong": Fault("implausible", "ua", scaled(100)),
    "lat from north to south": Fault("reversed_axis", "tas", lambda d: d.isel(lat=slice(None, None, -1))),
    "field upside down": Fault("mirrored", "tas", lambda d: d.isel(lat=slice(None, None, -1)).assign_coords(
        lat=("lat", d["lat"].values, d["lat"].attrs))),
    "stamps outside their bounds": Fault("time_labels", "tas", axis("time", lambda t: t + 45)),
    "lat without values": Fault("missing_axis", "tas", lambda d: d.drop_vars("lat")),
    "no lat at all": Fault("missing_axis", "tas", lambda d: d.isel(lat=0, drop=True)),
    "no levels": Fault("missing_axis", "ta", lambda d: d.isel(plev=0, drop=True)),
    "lat and lon exchanged": Fault("swapped_axes", "tas", exchanged),
    "lat out of order": Fault("bad_axis", "tas", axis("lat", lambda x: np.roll(x, 3))),
    "lon holds 0 and 360": Fault("bad_axis", "tas", axis("lon", lambda x: np.linspace(0, 360, len(x)))),
    "lat with a hole": Fault("bad_axis", "tas", axis("lat", lambda x: np.where(x > 60, np.nan, x))),
    "ten to a hundred and ten degrees east": Fault("not_global", "tas", axis(
        "lon", lambda x: np.linspace(10, 110, len(x)))),
    "one longitude": Fault("not_global", "tas", lambda d: d.isel(lon=[0])),
    "three longitudes": Fault("not_global", "tas", lambda d: d.isel(lon=[0, 12, 24])),
    "the north alone": Fault("not_global", "tas", axis("lat", lambda x: np.linspace(0, 80, len(x)))),
    "one latitude": Fault("not_global", "tas", lambda d: d.isel(lat=[9])),
    "360-day calendar": Fault("calendar", "tas", calendar("360_day")),
    "noleap calendar": Fault("calendar", "tas", calendar("noleap")),
    "times without a date": Fault("undecodable_time", "tas", text_time),
    "times twice": Fault("time_order", "tas", picked(lambda n: [*range(n - 1), n - 2])),
    "times backwards": Fault("time_order", "tas", picked(lambda n: list(range(n))[::-1])),
    "a month missing": Fault("time_gap", "tas", picked(lambda n: [i for i in range(n) if i != 7])),
    "the last year missing": Fault("time_gap", "tas", picked(lambda n: list(range(n - 12)))),
    "stamps a month late": Fault("time_labels", "tas", stamps(30.5)),
    "data of the month before": Fault("time_labels", "tas", shifted_data(1)),
    "months on their first day": Fault("month_start_labels", "tas", first_days),
    "a block of missing values": Fault("missing_values", "tas", blank),
    "a block of missing values aloft": Fault("missing_values", "ta", blank),
    "masked below the ground": Fault("below_ground", "ta", below_ground),
    "the first month for ever": Fault("constant", "tas", lambda d: d.assign(tas=d["tas"].isel(time=0).broadcast_like(
        d["tas"]).transpose("time", "lat", "lon").assign_attrs(d["tas"].attrs))),
    "a variable under another's name": Fault("name_disagrees", "tas", lambda d: d.rename(tas="ts")),
    "air that leaks": Fault("mass_drift", "ps", leaking),
}  # fmt: skip
