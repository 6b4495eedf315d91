"""What can be wrong with a tree as a whole: missing parts, unequal members, mixed grids, air that comes or goes."""

import itertools
from collections import Counter
from typing import Any

import numpy as np

from gnomon.archives import netcdf
from gnomon.archives.collection import Collection
from gnomon.archives.findings import Finding, found
from gnomon.archives.names import AIMIP_ON_LEVELS, AIMIP_SURFACE
from gnomon.spec.errors import GnomonError

DRIFT = 20.0  # Pa between the first and the last year: a fifth of a hPa, 0.02 % of the atmosphere
MONTHS = 12


def check_aimip(collection: Collection) -> list[Finding]:
    """Variables that AIMIP Phase 1 asks for and an experiment named aimip… lacks."""
    out = []
    for experiment in collection.experiments:
        if not experiment.startswith("aimip"):
            continue
        held = set(collection.variables(experiment, frequency="mon"))
        lacking = [v for v in AIMIP_ON_LEVELS if v not in held]
        lacking += [" or ".join(one) for one in AIMIP_SURFACE if not held & set(one)]
        if lacking:
            out.append(found("missing_variable", f"{experiment} has no monthly {', '.join(lacking)}"))
    return out


def check_members(collection: Collection) -> list[Finding]:
    """Members of one experiment that hold other variables or years than the first."""
    out = []
    for experiment in collection.experiments:
        members = collection.members(experiment)
        held = {
            m: {
                (s.variable, s.frequency)
                for s in collection.sources
                if s.experiment == experiment and s.member == m
            }
            for m in members
        }
        most = set().union(*held.values())
        for member in members:
            lacking = sorted(f"{v} ({f})" for v, f in most - held[member])
            if lacking:
                out.append(found("member_mismatch", f"{experiment} {member} lacks {', '.join(lacking)}"))
    return out


def check_spans(spans: dict[tuple[str, str, str, str], list[tuple[float, float, int]]]) -> list[Finding]:
    """Members or files of one variable that do not cover the same time.

    Args:
        spans: (experiment, frequency, variable, member) -> (first, last, steps) of each of its files, in days.
    """
    out, whole = [], {}
    for (experiment, frequency, variable, member), files in spans.items():
        files = sorted(files)
        step = {"mon": 31.5, "day": 1.01, "6hr": 0.26, "3hr": 0.13, "1hr": 0.05}.get(frequency)
        for before, after in itertools.pairwise(files):
            where = f"{variable} of {experiment} {member}"
            if after[0] <= before[1]:
                out.append(found("time_order", f"files of {where} overlap in time", variable=variable))
            elif step is not None and after[0] - before[1] > step:
                out.append(
                    found(
                        "time_gap",
                        f"{after[0] - before[1]:.0f} days between files of {where}",
                        variable=variable,
                    )
                )
        key = (experiment, frequency, variable)
        whole.setdefault(key, {})[member] = (files[0][0], files[-1][1], sum(f[2] for f in files))
    for (experiment, frequency, variable), members in whole.items():
        usual = Counter(members.values()).most_common(1)[0][0]
        odd = sorted(m for m, span in members.items() if span != usual)
        if odd:
            what = f"{variable} ({frequency}) of {experiment}: other times in {', '.join(odd)}"
            out.append(found("member_mismatch", what, variable=variable))
    return out


def check_grids(grids: dict[str, tuple[int, int]]) -> list[Finding]:
    """Files on other rows and columns than most."""
    if len(set(grids.values())) < 2:
        return []
    usual = Counter(grids.values()).most_common(1)[0][0]
    odd = [(file, shape) for file, shape in sorted(grids.items()) if shape != usual]
    file, shape = odd[0]
    more = f" (and {len(odd) - 1} more files)" if len(odd) > 1 else ""
    what = f"it has {shape[0]} x {shape[1]} points, most files have {usual[0]} x {usual[1]}{more}"
    return [found("mixed_grids", what, file=file)]


def check_mass(collection: Collection) -> list[Finding]:
    """Change of the global mean of dry surface pressure, ps - ∫ hus dp, from the first year to the last."""
    out = []
    for experiment in collection.experiments:
        for member in collection.members(experiment):
            if "ps" not in collection.variables(experiment, frequency="mon"):
                continue
            try:
                said = _drift(collection, experiment, member)
            except GnomonError:  # damaged or misshapen files are named by their own rules
                continue
            if said is not None:
                out.append(said)
    return out


def _drift(collection: Collection, experiment: str, member: str) -> Finding | None:
    ps = collection.array(experiment, member, "ps", frequency="mon")
    months = ps["time"].dt.month.values
    starts = (
        np.flatnonzero(months[: len(months) - MONTHS + 1] == months[0]) if len(months) >= 2 * MONTHS else []
    )
    if len(starts) < 2 or starts[-1] < MONTHS:
        return None
    moist = "hus" in collection.variables(experiment, frequency="mon")
    hus = collection.array(experiment, member, "hus", frequency="mon") if moist else None
    if hus is not None and (
        "plev" not in hus.dims or hus.shape[-2:] != ps.shape[-2:] or len(hus["time"]) != len(ps["time"])
    ):
        hus = None
    weights = np.asarray(collection.grid.weights)
    if len(weights) != ps.sizes["lat"]:
        return None
    means = [_dry(ps, hus, slice(int(s), int(s) + MONTHS), weights) for s in (starts[0], starts[-1])]
    change = means[1] - means[0]
    if not np.isfinite(change) or abs(change) < DRIFT:
        return None
    years = (starts[-1] - starts[0]) / 12
    dry = "dry air" if hus is not None else "ps (no hus to subtract)"
    what = f"{experiment} {member}: the global mean pressure of {dry} changes by {change:+.1f} Pa in {years:g} years"
    return found("mass_drift", what, variable="ps")


def _dry(ps: Any, hus: Any, steps: slice, weights: np.ndarray) -> float:
    with netcdf.reading("ps or hus"):
        pressure = np.asarray(ps.isel(time=steps).values, float)
        vapour = np.zeros_like(pressure)
        if hus is not None:
            q = np.asarray(hus.isel(time=steps).values, float)
            vapour = vapour_pressure(q, 100 * np.asarray(hus["plev"].values, float), pressure)
    return float(((pressure - vapour).mean((0, 2)) * weights).sum() / weights.sum())


def vapour_pressure(q: np.ndarray, levels: np.ndarray, ps: np.ndarray) -> np.ndarray:
    """∫ q dp in Pa from the top level to the ground, by the trapezoidal rule.

    q is [time, level, ...], on levels in Pa from the ground up.

    Levels below the ground take no part; between the lowest level above it and the ground q keeps that level's value.
    """
    q = np.nan_to_num(q)
    total = np.zeros_like(ps)
    for k in range(len(levels) - 1):
        low, high = np.minimum(levels[k], ps), np.minimum(levels[k + 1], ps)
        total += 0.5 * (q[:, k] + q[:, k + 1]) * (low - high)
    return total + q[:, 0] * np.clip(ps - levels[0], 0, None)
