"""Small trees of files in the layout of AIMIP with planted signals, for tests that hold files against files."""

import importlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np

xr: Any = importlib.import_module("xarray")

ROWS, COLUMNS = 9, 18  # 20 degrees
LAT = (np.arange(ROWS) + 0.5) * 180 / ROWS - 90
LON = (np.arange(COLUMNS) + 0.5) * 360 / COLUMNS
PATTERN = np.cos(np.deg2rad(LAT))[:, None] * (1 + 0.5 * np.cos(np.deg2rad(LON)))
UNITS = {"tas": "K", "ts": "K", "pr": "kg m-2 s-1", "ta": "K"}
LEVELS = (85_000.0, 50_000.0)


def sea(years: tuple[int, int]) -> np.ndarray:
    """[month] El Nino in the surface temperature, the same for everyone."""
    t = np.arange(12 * (years[1] - years[0] + 1)) / 12
    return 1.2 * np.sin(2 * np.pi * t / 3.7) + 0.8 * np.sin(2 * np.pi * t / 5.3 + 1)


def field(
    years: tuple[int, int], seed: list[int], *, bias: float, trend: float, response: float, warming: float, noise: float
) -> np.ndarray:  # fmt: skip
    """[month, lat, lon] of air temperature."""
    rng = np.random.default_rng(seed)
    t = np.arange(12 * (years[1] - years[0] + 1)) / 12
    season = -8 * np.cos(2 * np.pi * t)[:, None, None] * np.sin(np.deg2rad(LAT))[:, None]
    forced = (trend * t / 10 + response * sea(years) + warming)[:, None, None] * PATTERN
    return 285 + bias * PATTERN + season + forced + noise * rng.standard_normal((len(t), ROWS, COLUMNS))


def write_tree(
    root: Path,
    model: str,
    *,
    years: tuple[int, int] = (1991, 2014),
    members: int = 1,
    warmings: tuple[int, ...] = (0,),
    variables: tuple[str, ...] = ("tas", "ts", "pr", "ta"),
    daily: bool = False,
    seed: int = 0,
    bias: float = 0.0,
    trend: float = 0.4,
    response: float = 1.0,
    sensitivity: float = 1.0,
    noise: float = 0.5,
    calendar: str = "standard",
) -> Path:
    """{inst}/{model}/{exp}/{member}/{freq}/{var}/{grid}/{version}/{file}.nc with planted numbers."""
    for k in warmings:
        experiment = f"aimip-p{k}k" if k else "aimip"
        for m in range(1, members + 1):
            x = field(
                years,
                [seed, k, m],
                bias=bias,
                trend=trend,
                response=response,
                warming=sensitivity * k,
                noise=noise,
            )
            home = root / "Inst" / model / experiment / f"r{m}i1p1f1"
            for name in variables:
                data = _dataset(name, _values(name, x, years), years, calendar)
                stamps = f"{years[0]}01-{years[1]}12"
                _write(data, home, name, "Amon", model, experiment, m, stamps)
            if daily and not k:
                for name in ("tas", "pr"):
                    data = _days(name, years[0], np.random.default_rng([seed, m]), noise)
                    _write(
                        data, home, name, "day", model, experiment, m, f"{years[0]}0101-{years[0] + 1}1231"
                    )
    return root


def _values(name: str, x: np.ndarray, years: tuple[int, int]) -> np.ndarray:
    if name == "ts":  # the sea that all run over: in the index's box nothing but El Nino
        return np.where(np.abs(LAT)[:, None] < 21, 300 + sea(years)[:, None, None], x)
    if name == "pr":
        return np.clip(3e-5 + 2e-6 * (x - 285), 0, None)
    if name == "ta":
        return np.stack([x - 10, x - 30], axis=1)
    return x


def _dataset(name: str, values: np.ndarray, years: tuple[int, int], calendar: str) -> Any:
    edges = (
        np.arange(f"{years[0]}-01", f"{years[1] + 1}-02", dtype="datetime64[M]")
        .astype("datetime64[D]")
        .astype(float)
    )
    middle = (edges[:-1] + edges[1:]) / 2
    if calendar == "360_day":
        middle = 30.0 * np.arange(len(values)) + 15 + 360 * (years[0] - 1970)
    return _with_axes(name, values, middle, calendar)


def _days(name: str, year: int, rng: np.random.Generator, noise: float) -> Any:
    days = np.arange(f"{year}-01-01", f"{year + 2}-01-01", dtype="datetime64[D]").astype(float)
    shape = (len(days), ROWS, COLUMNS)
    values = 285 + noise * rng.standard_normal(shape)
    if name == "pr":
        values = np.where(rng.random(shape) < 0.5, 5.0, 0.2) / 86_400
    return _with_axes(name, values, days + 0.5, "standard")


def _with_axes(name: str, values: np.ndarray, when: np.ndarray, calendar: str) -> Any:
    coords = {
        "time": ("time", when, {"units": "days since 1970-01-01", "calendar": calendar}),
        "lat": ("lat", LAT, {"units": "degrees_north", "standard_name": "latitude"}),
        "lon": ("lon", LON, {"units": "degrees_east", "standard_name": "longitude"}),
    }
    dims = ("time", "lat", "lon")
    if values.ndim == 4:
        dims = ("time", "plev", "lat", "lon")
        coords["plev"] = ("plev", np.array(LEVELS), {"units": "Pa", "standard_name": "air_pressure"})
    return xr.Dataset({name: (dims, values.astype("f4"), {"units": UNITS[name]})}, coords=coords)


def _write(
    data: Any, home: Path, name: str, table: str, model: str, experiment: str, member: int, stamps: str
) -> None:
    folder = home / table / name / "gn" / "v20250101"
    folder.mkdir(parents=True, exist_ok=True)
    data.attrs = {"source_id": model, "experiment_id": experiment, "variant_label": f"r{member}i1p1f1"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = folder / f"{name}_{table}_{model}_{experiment}_r{member}i1p1f1_gn_{stamps}.nc"
        data.to_netcdf(path, engine="netcdf4", encoding={name: {"zlib": True}})
