"""Small trees of files in the layouts of CMIP6, AIMIP and WeatherBench 2, with the faults that real submissions had.

The weather is invented, but of the right size, sign and units: a reader that mixes up variables, axes or units shows.
"""

import importlib
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

xr: Any = importlib.import_module("xarray")

LEVELS = (1000.0, 850.0, 700.0, 500.0, 250.0, 100.0, 50.0)  # hPa
HEIGHTS = dict(zip(LEVELS, (110.0, 1460.0, 3010.0, 5570.0, 10360.0, 16180.0, 20580.0), strict=True))
ON_LEVELS = ("ta", "hus", "ua", "va")
SURFACE = ("ps", "psl", "ts", "tas", "huss", "uas", "vas", "pr", "zg500")
EVERY = (*ON_LEVELS, *SURFACE)
UNITS = {
    "ta": "K", "hus": "1", "ua": "m s-1", "va": "m s-1", "ps": "Pa", "psl": "Pa", "ts": "K", "tas": "K", "huss": "1",
    "uas": "m s-1", "vas": "m s-1", "pr": "kg m-2 s-1", "zg500": "m", "zg": "m",
}  # fmt: skip
STANDARD_NAMES = {
    "ta": "air_temperature", "tas": "air_temperature", "pr": "precipitation_flux", "zg500": "geopotential_height",
}  # fmt: skip

Change = Callable[[Any], Any]


def rows_and_columns(nlat: int = 18, nlon: int = 36) -> tuple[np.ndarray, np.ndarray]:
    """Centres of equal cells."""
    return (np.arange(nlat) + 0.5) * 180 / nlat - 90, (np.arange(nlon) + 0.5) * 360 / nlon


def weather(
    variable: str, years: np.ndarray, lat: np.ndarray, lon: np.ndarray, *, seed: int = 0, warming: float = 0.0,
    level: float = 500.0,
) -> np.ndarray:  # fmt: skip
    """[time, lat, lon] of one variable at times in (decimal) years: a mean, a season, a slow trend, weather."""
    rng = np.random.default_rng([seed, sum(map(ord, variable)), int(level)])
    noise = (
        rng.standard_normal((len(years), 1, 1))
        * np.cos(np.deg2rad(lat))[:, None]
        * np.cos(np.deg2rad(3 * lon))
    )
    noise = noise + 0.3 * rng.standard_normal((len(years), len(lat), len(lon)))
    phi = np.deg2rad(lat)[None, :, None]
    season = np.cos(2 * np.pi * (years - 0.55))[:, None, None] * np.sin(phi)
    warm = (
        288
        + 0.02 * (years - 1979)[:, None, None]
        + warming
        - 40 * (np.sin(phi) ** 2 - 1 / 3)
        + 8 * season
        + noise
    )
    if variable in ("tas", "ts"):
        return warm
    if variable == "ta":
        return warm - 288 + 210 + 75 * (level / 1000) ** 0.9
    if variable in ("hus", "huss"):
        return (
            0.012 * np.exp(0.06 * (warm - 288)) * (level / 1000) ** 3
            if variable == "hus"
            else 0.008 * np.exp(0.06 * (warm - 288))
        )
    if variable in ("ua", "uas"):
        return 5 * np.sin(2 * phi) ** 2 * (1 if variable == "uas" else 6 * (1.1 - level / 1000)) + noise
    if variable in ("va", "vas"):
        return noise
    if variable in ("zg", "zg500"):
        return HEIGHTS[level] + 10 * (warm - 288)
    if variable == "psl":
        return 101_100 + 500 * noise
    if variable == "ps":
        return 98_500 + 300 * (
            noise - area_mean(noise, lat)[:, None, None]
        )  # dry mass is kept, to a share of a Pa
    assert variable == "pr", variable
    return np.clip(3e-5 * (1 + np.cos(2 * phi)) + 1e-5 * noise, 0, None) + 5e-6


def area_mean(x: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Mean over the sphere of [..., lat, lon]."""
    weights = np.cos(np.deg2rad(lat))
    return (x.mean(-1) * weights).sum(-1) / weights.sum()


def months(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges [n, 2] of the months of whole years in days since 1970-01-01, and their centres in decimal years."""
    edges = (
        np.arange(f"{first}-01", f"{last + 1}-02", dtype="datetime64[M]")
        .astype("datetime64[D]")
        .astype(float)
    )
    bounds = np.stack([edges[:-1], edges[1:]], axis=1)
    return bounds, 1970 + bounds.mean(1) / 365.2425


def days(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges of days, and their centres in decimal years."""
    edges = np.arange(f"{first}-01-01", f"{last + 1}-01-02", dtype="datetime64[D]").astype(float)
    bounds = np.stack([edges[:-1], edges[1:]], axis=1)
    return bounds, 1970 + bounds.mean(1) / 365.2425


def cf_dataset(
    variable: str, years: tuple[int, int], *, daily: bool = False, shape: tuple[int, int] = (18, 36), seed: int = 0,
    warming: float = 0.0, attrs: Mapping[str, str] | None = None,
) -> Any:  # fmt: skip
    """One variable as CMOR writes it: bounds, attributes, levels in Pa, float32."""
    lat, lon = rows_and_columns(*shape)
    bounds, when = (days if daily else months)(*years)
    dims, coords = ["time", "lat", "lon"], {}
    if variable in ON_LEVELS or variable == "zg":
        dims.insert(1, "plev")
        values = np.stack(
            [weather(variable, when, lat, lon, seed=seed, warming=warming, level=p) for p in LEVELS], axis=1
        )
        pa = 100 * np.array(LEVELS)
        coords["plev"] = (
            "plev",
            pa,
            {"units": "Pa", "standard_name": "air_pressure", "positive": "down", "axis": "Z"},
        )
    else:
        values = weather(variable, when, lat, lon, seed=seed, warming=warming)
    time = {"units": "days since 1970-01-01", "calendar": "standard", "bounds": "time_bnds", "axis": "T",
            "standard_name": "time"}  # fmt: skip
    coords |= {
        "time": ("time", bounds.mean(1), time),
        "lat": ("lat", lat, {"units": "degrees_north", "standard_name": "latitude", "axis": "Y"}),
        "lon": ("lon", lon, {"units": "degrees_east", "standard_name": "longitude", "axis": "X"}),
    }
    about = {"units": UNITS[variable], "cell_methods": "time: mean"}
    if variable in STANDARD_NAMES:
        about["standard_name"] = STANDARD_NAMES[variable]
    return xr.Dataset(
        {variable: (dims, values.astype(np.float32), about), "time_bnds": (("time", "bnds"), bounds)},
        coords=coords, attrs={"Conventions": "CF-1.8", **(attrs or {})},
    )  # fmt: skip


def write(dataset: Any, path: Path) -> None:
    """As NetCDF-4, compressed, with a fill value for the fields."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encoding = {
        str(n): {"zlib": True, "_FillValue": np.float32(1e20)} for n in dataset.data_vars if n != "time_bnds"
    }
    for name in {*dataset.coords, "time_bnds"} & {*map(str, dataset.variables)}:
        encoding[name] = {"_FillValue": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.to_netcdf(path, engine="netcdf4", encoding=encoding)


def aimip_tree(
    root: Path, *, experiments: Mapping[str, float] | None = None, members: int = 1,
    years: tuple[int, int] = (1979, 1981), variables: Iterable[str] = EVERY, daily: Iterable[str] = (),
    shape: tuple[int, int] = (18, 36), changes: Mapping[str, Change] | None = None, model: str = "Toy-1", seed: int = 0,
) -> Path:  # fmt: skip
    """{inst}/{model}/{exp}/{member}/{freq}/{var}/{grid}/{version}/{file}.nc

    Args:
        root: of the tree.
        experiments: name -> warming in K.
        members: of each experiment.
        years: first and last.
        variables: with monthly means.
        daily: variables with daily means of the first year as well.
        shape: rows and columns.
        changes: variable -> what is done to its data before it is written; None from it: no file.
        model: its name.
        seed: of the weather.
    """
    for e, (experiment, warming) in enumerate((experiments or {"aimip": 0.0}).items()):
        for m in range(1, members + 1):
            for variable, frequency in [*((v, "Amon") for v in variables), *((v, "day") for v in daily)]:
                span = years if frequency == "Amon" else (years[0], years[0])
                data = cf_dataset(
                    variable, span, daily=frequency == "day", shape=shape, warming=warming,
                    seed=100 * seed + 10 * e + m,
                    attrs={"source_id": model, "experiment_id": experiment, "variant_label": f"r{m}i1p1f1"},
                )  # fmt: skip
                data = (changes or {}).get(variable, lambda d: d)(data)
                if data is None:
                    continue
                stamps = ("01", "12") if frequency == "Amon" else ("0101", "1231")
                when = f"{span[0]}{stamps[0]}-{span[1]}{stamps[1]}"
                name = f"{variable}_{frequency}_{model}_{experiment}_r{m}i1p1f1_gn_{when}.nc"
                folder = (
                    root
                    / "Inst"
                    / model
                    / experiment
                    / f"r{m}i1p1f1"
                    / frequency
                    / variable
                    / "gn"
                    / "v20250101"
                )
                write(data, folder / name)
    return root


def cmip_tree(
    root: Path, *, experiment: str = "historical", members: int = 1, years: tuple[int, int] = (1979, 1982),
    variables: Iterable[str] = ("tas", "pr", "ta"), shape: tuple[int, int] = (18, 36), model: str = "CMIP-Toy",
    pieces: int = 2, seed: int = 0,
) -> Path:  # fmt: skip
    """CMIP6/{activity}/{inst}/{model}/{exp}/{member}/{table}/{var}/{grid}/{version}/, several files a variable."""
    activity = "ScenarioMIP" if experiment.startswith("ssp") else "CMIP"
    for m in range(1, members + 1):
        for variable in variables:
            folder = (
                root
                / "CMIP6"
                / activity
                / "Inst"
                / model
                / experiment
                / f"r{m}i1p1f1"
                / "Amon"
                / variable
                / "gn"
            )
            each = (years[1] - years[0] + 1) // pieces
            for first in range(years[0], years[1] + 1, each):
                last = min(first + each - 1, years[1])
                data = cf_dataset(variable, (first, last), shape=shape, seed=100 * seed + m)
                name = f"{variable}_Amon_{model}_{experiment}_r{m}i1p1f1_gn_{first}01-{last}12.nc"
                write(data, folder / "v20200101" / name)
    return root


def weatherbench_store(
    path: Path | str, *, first: str = "2020-01-01", steps: int = 120, shape: tuple[int, int] = (32, 64),
    zarr_format: int = 2,
) -> Any:  # fmt: skip
    """6-hourly ERA5-like fields under WeatherBench 2's names, axes (longitude before latitude) and units."""
    lat, lon = rows_and_columns(*shape)
    when = 2020 + np.arange(steps) / (4 * 365.25)
    levels = np.array([50, 100, 250, 500, 700, 850, 1000])
    fields: dict[str, Any] = {}
    on_levels = {"temperature": ("ta", "K", 1.0), "geopotential": ("zg", "m**2 s**-2", 9.80665),
                 "specific_humidity": ("hus", "kg kg**-1", 1.0)}  # fmt: skip
    for name, (variable, units, factor) in on_levels.items():
        values = np.stack(
            [factor * weather(variable, when, lat, lon, level=float(p)) for p in levels], axis=1
        )
        fields[name] = (
            ("time", "level", "longitude", "latitude"),
            values.swapaxes(2, 3).astype("f4"),
            {"units": units},
        )
    surface = {"2m_temperature": ("tas", "K", 1.0), "mean_sea_level_pressure": ("psl", "Pa", 1.0),
               "total_precipitation_6hr": ("pr", "m", 6 * 3.6)}  # fmt: skip
    for name, (variable, units, factor) in surface.items():
        values = factor * weather(variable, when, lat, lon)
        fields[name] = (
            ("time", "longitude", "latitude"),
            values.swapaxes(1, 2).astype("f4"),
            {"units": units},
        )
    time = np.datetime64(first, "ns") + np.arange(steps) * np.timedelta64(6, "h")
    data = xr.Dataset(fields, coords={"time": time, "level": levels, "longitude": lon, "latitude": lat})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.chunk({"time": 20}).to_zarr(path, zarr_format=zarr_format, consolidated=True)
    return data
