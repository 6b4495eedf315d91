"""A checkpoint on its own, from a state of the real atmosphere, written as a modelling centre would write it.

No world takes part: the result is a dataset with the names and units of CMIP and AIMIP, for the trials on files
(`gnomon test FILES --against FILES`). The run goes step by step and keeps only what is asked for, so a long run of
monthly means needs no more memory than a short one. It stops at the first number that is not finite and says when.

What misleads: with the packaged sea (one day in January 1959, held) a run of months has no seasons at its surface.
The mass of the air is not conserved by every checkpoint: the drift of the mean surface pressure is told in
`ps_drift`.
"""

import datetime
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from gnomon.adapters.neuralgcm.checkpoint import find_checkpoint, package_version
from gnomon.adapters.neuralgcm.column import GRAVITY, along_pressure, sea_level_pressure, surface_pressure
from gnomon.adapters.neuralgcm.machine import WATER, Machine, Moment, Surface, ready
from gnomon.adapters.neuralgcm.regrid import regrid
from gnomon.adapters.neuralgcm.sea_series import read_sea
from gnomon.adapters.neuralgcm.subject import TOY
from gnomon.adapters.neuralgcm.surface import Snapshot, Warmed, mask_of, on_lattice, read_snapshot
from gnomon.spec.errors import BadSpec, MissingExtra

Means = Literal["instant", "day", "month"]
LEVELS = (1000.0, 850.0, 700.0, 500.0, 250.0, 100.0, 50.0)  # hPa, those of AIMIP
STEP = 6  # hours between two looks at the state
TABLE = {"instant": "6hr", "day": "day", "month": "Amon"}

# name -> (attribute of the column or "", CF standard name, units)
_ABOUT = {
    "ta": ("t", "air_temperature", "K"),
    "ua": ("u", "eastward_wind", "m s-1"),
    "va": ("v", "northward_wind", "m s-1"),
    "hus": ("q", "specific_humidity", "1"),
    "zg500": ("", "geopotential_height", "m"),
    "psl": ("", "air_pressure_at_mean_sea_level", "Pa"),
    "ps": ("", "surface_air_pressure", "Pa"),
    "pr": ("", "precipitation_flux", "kg m-2 s-1"),
}


class _Period(NamedTuple):
    """A finished record: its bounds and its fields."""

    begin: np.datetime64
    end: np.datetime64
    fields: dict[str, np.ndarray]


def run_checkpoint(
    checkpoint: str = "toy", *, days: float, means: Means = "instant", state: str = "", sea: str = "",
    warming: float = 0.0, warmed: Warmed = "all", sha256: str = "", seed: int = 0,
    levels: tuple[float, ...] = LEVELS, report: Callable[[str, float], None] | None = None,
) -> Any:  # fmt: skip
    """Run a checkpoint from an ERA5 state and return an `xarray.Dataset` in the names and units of CMIP.

    Args:
        checkpoint: see `find_checkpoint`.
        days: how long; a multiple of six hours.
        means: "instant" for six-hourly states, "day" or "month" for means (whole periods only).
        state: NetCDF file of an ERA5 state in the names of NeuralGCM; empty for the packaged one (2 January 1959).
        sea: NetCDF file of sea-surface temperature and ice over time; empty to hold those of the state.
        warming: K added to the sea-surface temperature of the warmed cells; ice stays.
        warmed: which cells.
        sha256: what the checkpoint's bytes must hash to; empty for no such demand.
        seed: of a stochastic checkpoint.
        levels: hPa, of ta, ua, va and hus.
        report: called with the time reached and the fraction done.
    """
    steps = round(days * 24 / STEP)
    if steps < 1 or abs(steps * STEP - days * 24) > 1e-6:
        raise BadSpec(f"days is {days:g}; expected a multiple of {STEP} hours")
    if means not in TABLE:
        raise BadSpec(f"means is {means!r}; expected one of {', '.join(TABLE)}")
    found = find_checkpoint(checkpoint, sha256=sha256)
    machine, begin = ready(found), read_snapshot(state)
    surfaces = _sea_of(sea, begin, machine, warming, warmed)
    run = _run(machine, begin, surfaces, steps, means, levels, seed, report)
    told = {
        "Conventions": "CF-1.11",
        "source": f"NeuralGCM checkpoint {found.name} (neuralgcm {package_version()})",
        "checkpoint_sha256": found.sha256,
        "frequency": TABLE[means],
        "forcing": f"sea: {Path(sea).name if sea else 'held as in the first state'}; ice unchanged by warming",
        "warming_K": float(warming),
        "warmed_cells": warmed,
        "stopped": run.stopped,
        "ps_drift": f"{run.drift:.3g} Pa/day in the area mean over {run.days:g} days",
        "comment": TOY if found.is_toy else "",
    }
    return _dataset(machine, run.periods, means, levels, told)


class _Ran(NamedTuple):
    """Finished records, why the run stopped ("" where it did not), and the drift of mean surface pressure."""

    periods: list[_Period]
    stopped: str
    drift: float
    days: float


def _sea_of(
    sea: str, begin: Snapshot, machine: Machine, warming: float, warmed: Warmed
) -> Callable[[np.datetime64], Surface]:
    """The sea of a moment, with the warming on it."""
    held = on_lattice(begin.surface, begin.lattice, machine.lattice)
    series = read_sea(Path(sea), machine) if sea else None

    def at(when: np.datetime64) -> Surface:
        now = held if series is None else series.at(when)
        if not warming:
            return now
        return now._replace(sst=now.sst + warming * mask_of(warmed, now, machine.land))

    return at


def _run(
    machine: Machine, begin: Snapshot, sea: Callable[[np.datetime64], Surface], steps: int, means: Means,
    levels: tuple[float, ...], seed: int, report: Callable[[str, float], None] | None,
) -> _Ran:  # fmt: skip
    """Step by step; sums are kept for the period under way, and records for those that are over."""
    when, step = begin.when, np.timedelta64(STEP, "h")
    state = machine.start_from(first_fields(machine, begin), sea(when), when, seed)
    periods: list[_Period] = []
    sums: dict[str, np.ndarray] = {}
    count, since, rain, stopped = 0, when, None, ""
    pressures: list[float] = []
    weights = np.cos(np.deg2rad(np.array(machine.lattice.lat)))
    for n in range(steps):
        moment = machine.advance(state, sea(when), when, STEP)
        fields = told_fields(machine, moment, rain, levels)
        when = when + step
        if not all(np.all(np.isfinite(x)) for x in fields.values()):
            stopped = f"not finite at {when}"
            break
        state, rain = moment.state, moment.rain
        pressures.append(float(np.average(fields["ps"].mean(axis=-1), weights=weights)))
        sums = {k: sums.get(k, 0.0) + x for k, x in fields.items()}
        count += 1
        if _is_over(when, means):
            whole = means == "instant" or _is_over(since, means)
            if whole:
                periods.append(_Period(since, when, {k: x / count for k, x in sums.items()}))
            sums, count, since = {}, 0, when
        if report is not None:
            report(str(when), (n + 1) / steps)
    span = STEP / 24 * (len(pressures) - 1)
    drift = (pressures[-1] - pressures[0]) / span if span > 0 else 0.0
    return _Ran(periods, stopped, drift, max(span, 0.0))


def _is_over(when: np.datetime64, means: Means) -> bool:
    """Whether a period ends (and the next begins) at this moment."""
    if means == "instant":
        return True
    unit = "D" if means == "day" else "M"
    return bool(when == when.astype(f"datetime64[{unit}]").astype(when.dtype))


def first_fields(machine: Machine, begin: Snapshot) -> dict[str, np.ndarray]:
    """The checkpoint's input fields [level, lon, lat] from a state on any lattice, its clouds included."""
    column = begin.column
    air = {
        "temperature": (column.t, False),
        "u_component_of_wind": (column.u, True),
        "v_component_of_wind": (column.v, True),
        "specific_humidity": (column.q, False),
        "geopotential": (column.z, False),
    } | {name: (x, False) for name, x in begin.clouds.items()}
    out = {}
    for name in machine.model.input_variables:
        if name not in air:
            out[name] = np.zeros((len(machine.level), *machine.land.shape[::-1]), np.float32)
            continue
        x, vector = air[name]
        there = along_pressure(
            regrid(x, begin.lattice, machine.lattice, vector=vector), column.level, machine.level
        )
        if name.startswith("specific"):
            there = np.clip(there, 0.0, None)
        out[name] = np.ascontiguousarray(np.swapaxes(there, -1, -2), np.float32)
    return out


def told_fields(
    machine: Machine, moment: Moment, before: np.ndarray | None, levels: tuple[float, ...]
) -> dict[str, np.ndarray]:
    """CMIP variables of a moment, [lat, lon] or [level, lat, lon]; rain is the mean rate over the step."""
    air = moment.column
    out = {
        name: along_pressure(getattr(air, word), air.level, np.array(levels))
        for name, (word, _, _) in _ABOUT.items()
        if word
    }
    out["zg500"] = along_pressure(air.z, air.level, np.array([500.0]))[0] / GRAVITY
    out["psl"] = sea_level_pressure(air)
    out["ps"] = surface_pressure(air, machine.orography)
    if moment.rain is not None:
        fallen = moment.rain - (0.0 if before is None else before)
        out["pr"] = WATER * fallen / (3600.0 * STEP)
    return out


def _dataset(
    machine: Machine, periods: list[_Period], means: Means, levels: tuple[float, ...], told: dict[str, Any]
) -> Any:
    try:
        import xarray
    except ImportError:
        raise MissingExtra("neuralgcm", "xarray") from None
    if not periods:
        why = told["stopped"] or f"no whole {means} fits into the run"
        raise BadSpec(f"the run has nothing to tell: {why}")
    begin, end = (
        np.array([getattr(p, w) for p in periods]).astype("datetime64[ns]") for w in ("begin", "end")
    )
    data = {}
    for name in periods[0].fields:
        word, standard, units = _ABOUT[name]
        dims = ("time", *(("plev",) if word else ()), "lat", "lon")
        method = {} if means == "instant" and name != "pr" else {"cell_methods": "time: mean"}
        values = np.stack([p.fields[name] for p in periods]).astype(np.float32)
        data[name] = (dims, values, {"standard_name": standard, "units": units, **method})
    time = end if means == "instant" else begin + (end - begin) // 2
    plev = {"standard_name": "air_pressure", "units": "Pa", "positive": "down", "axis": "Z"}
    coords: dict[str, Any] = {
        "time": ("time", time, {"standard_name": "time", "axis": "T", "bounds": "time_bnds"}),
        "plev": ("plev", 100.0 * np.array(levels), plev),
        "lat": (
            "lat",
            np.array(machine.lattice.lat),
            {"standard_name": "latitude", "units": "degrees_north"},
        ),
        "lon": (
            "lon",
            np.array(machine.lattice.lon),
            {"standard_name": "longitude", "units": "degrees_east"},
        ),
    }
    data["time_bnds"] = (("time", "bnds"), np.stack([begin, end], axis=1), {})
    return xarray.Dataset(data, coords, told)


def write_cf(
    data: Any, folder: Path, *, institution: str, model: str, experiment: str, member: str = "r1i1p1f1",
    grid: str = "gn", version: str = "",
) -> list[Path]:  # fmt: skip
    """Write a dataset of `run_checkpoint` as AIMIP wants it: one file a variable, in a tree of folders.

    `{institution}/{model}/{experiment}/{member}/{table}/{variable}/{grid}/{version}/` holds
    `{variable}_{table}_{model}_{experiment}_{member}_{grid}_{first}-{last}.nc`.
    Every file is written whole or not at all.
    """
    for word in (institution, model, experiment, member, grid):
        if not word or not all(c.isalnum() or c in "-." for c in word) or word.startswith("."):
            raise BadSpec(f"{word!r} cannot be part of a file name; use letters, digits, '-' and '.'")
    table = data.attrs["frequency"]
    version = version or f"v{datetime.date.today():%Y%m%d}"
    shown = {"Amon": 6, "day": 8}.get(table, 12)
    first, last = (_digits(data["time"].values[i])[:shown] for i in (0, -1))
    out = []
    for name in data.data_vars:
        if name == "time_bnds":
            continue
        place = folder / institution / model / experiment / member / table / str(name) / grid / version
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{name}_{table}_{model}_{experiment}_{member}_{grid}_{first}-{last}.nc"
        keep = [name, "time_bnds"]
        one = data[keep].drop_vars(() if "plev" in data[name].dims else "plev", errors="ignore")
        one = one.assign_attrs(
            institution=institution, source_id=model, experiment_id=experiment, variant_label=member,
            variable_id=str(name), table_id=table, grid_label=grid,
        )  # fmt: skip
        _write(one, path)
        out.append(path)
    return out


def _write(data: Any, path: Path) -> None:
    units = {"units": "hours since 1900-01-01 00:00:00", "calendar": "standard", "dtype": "float64"}
    fill = {str(n): {"_FillValue": None} for n in (*data.data_vars, *data.coords)}
    encoding = fill | {"time": units | {"_FillValue": None}, "time_bnds": units | {"_FillValue": None}}
    handle, partial = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        data.to_netcdf(partial, encoding=encoding, unlimited_dims=("time",))
        os.replace(partial, path)
    finally:
        Path(partial).unlink(missing_ok=True)


def _digits(when: np.datetime64) -> str:
    return "".join(c for c in str(when.astype("datetime64[m]")) if c.isdigit())
