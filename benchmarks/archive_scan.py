"""Thirty years of AIMIP-shaped files through the criteria E1 to E5, on one and on two dask workers.

Writes files of the shape that AIMIP asks for (monthly, one degree, five members, runs at +0, +2 and +4 K, a year of
days), small on disk because the noise is coarse and packed, holds them against a reference of one member, and prints
seconds, the peak memory of any worker, and whether both ways gave the same numbers. Goals: under 4 GB, equal to the
last bit. The files are removed at the end.

    python benchmarks/archive_scan.py [--years 30] [--members 5] [--rows 180] [--warmings 0 2 4]
"""

import argparse
import importlib
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

xr: Any = importlib.import_module("xarray")

BLOCK = 10  # degrees: the noise's grain, so that files are small
SURFACE = {"tas": ("K", 288.0, 2.0), "ts": ("K", 289.0, 2.0), "pr": ("kg m-2 s-1", 3e-5, 1e-5),
           "huss": ("1", 0.01, 1e-3), "psl": ("Pa", 101_000.0, 400.0), "zg500": ("m", 5500.0, 40.0)}  # fmt: skip
LEVELS = {"ta": ("K", (85_000.0, 50_000.0), 260.0, 2.0), "ua": ("m s-1", (25_000.0,), 15.0, 5.0)}


def main() -> None:
    """Write, run both ways, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=30)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--rows", type=int, default=180)
    parser.add_argument("--warmings", type=int, nargs="*", default=[0, 2, 4])
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2])
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        began = time.perf_counter()
        shape = (told.rows, 2 * told.rows)
        write(root / "own", "Own", told.members, told.years, tuple(told.warmings), shape)
        write(root / "reference", "Reference", 1, told.years, tuple(told.warmings), shape)
        size = sum(p.stat().st_size for p in root.rglob("*.nc")) / 1e6
        print(f"wrote {size:.0f} MB in {time.perf_counter() - began:.0f} s", flush=True)
        found = []
        for workers in told.workers:
            numbers, peak, seconds = run(root, workers)
            print(f"{workers} worker(s): {seconds:.0f} s, peak {peak:.0f} MB in any worker", flush=True)
            found.append(numbers)
        print("same numbers:", all(f == found[0] for f in found), f"({len(found[0])} scores)")
        for key, score in sorted(found[0].items()):
            print(" ", *key, score)


def run(root: Path, workers: int) -> tuple[dict[tuple[str, ...], Any], float, float]:
    """All numbers of a study on a cluster of that many workers, the peak memory and the seconds."""
    from distributed import LocalCluster

    from gnomon.engine.archive_study import run_files
    from gnomon.store.results import Store

    store = Store(root / f"store-{workers}")
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        began = time.perf_counter()
        done = run_files(
            root / "own",
            against=root / "reference",
            store=store,
            cluster=cluster.scheduler_address,
            progress=False,
        )
        seconds = time.perf_counter() - began
    numbers, peak = {}, 0.0
    for result in store.results(done.study):
        peak = max(peak, result.cost["peak_memory_mb"])
        for s in result.scores:
            of = [
                None if e is None else (e.value, e.low, e.high)
                for e in (s.discrepancy, s.null, s.floor, s.fidelity)
            ]
            numbers[result.case["learner"]["kind"], s.measure] = (s.status, *of)
    return numbers, peak, seconds


def write(
    root: Path, model: str, members: int, years: int, warmings: tuple[int, ...], shape: tuple[int, int]
) -> None:
    """A tree of one model."""
    edges = (
        np.arange("1979-01", f"{1979 + years}-02", dtype="datetime64[M]")
        .astype("datetime64[D]")
        .astype(float)
    )
    months = (edges[:-1] + edges[1:]) / 2
    days = np.arange("1979-01-01", "1981-01-01", dtype="datetime64[D]").astype(float) + 0.5
    for k in warmings:
        for m in range(1, members + 1):
            rng = np.random.default_rng([len(model), k, m])
            for name, (units, middle, spread) in SURFACE.items():
                _one(root, model, k, m, name, units, None, months, (middle, spread), shape, rng)
                if not k and name in ("tas", "pr"):
                    _one(
                        root, model, k, m, name, units, None, days, (middle, spread), shape, rng, table="day"
                    )
            for name, (units, levels, middle, spread) in LEVELS.items():
                _one(root, model, k, m, name, units, levels, months, (middle, spread), shape, rng)


def _one(
    root: Path, model: str, warming: int, member: int, name: str, units: str, levels: tuple[float, ...] | None,
    when: np.ndarray, size: tuple[float, float], shape: tuple[int, int], rng: np.random.Generator, table: str = "Amon",
) -> None:  # fmt: skip
    """One file: season, trend, an El Nino, a warming and coarse noise, packed into 16 bits."""
    middle, spread = size
    lat = (np.arange(shape[0]) + 0.5) * 180 / shape[0] - 90
    lon = (np.arange(shape[1]) + 0.5) * 360 / shape[1]
    grain = max(1, BLOCK * shape[0] // 180)
    years = (when - when[0]) / 365.25
    coarse = (-(-shape[0] // grain), -(-shape[1] // grain))
    forced = 0.1 * years + np.sin(2 * np.pi * years / 3.7) + warming
    season = -np.cos(2 * np.pi * years)[:, None] * np.sin(np.deg2rad(lat))
    layers = []
    for _ in levels or (0.0,):
        noise = rng.integers(-8, 9, (len(when), *coarse)).astype("f4") / 8
        fine = np.repeat(np.repeat(noise, grain, axis=1), grain, axis=2)[:, : shape[0], : shape[1]]
        if name == "ts":
            fine[:] = 0
        layers.append(
            middle + spread * (fine + 2 * season[:, :, None] + 0.5 * forced[:, None, None]).astype("f4")
        )
    values = np.stack(layers, axis=1) if levels else layers[0]
    dims = ("time", "plev", "lat", "lon") if levels else ("time", "lat", "lon")
    coords = {
        "time": ("time", when, {"units": "days since 1970-01-01", "calendar": "standard"}),
        "lat": ("lat", lat, {"units": "degrees_north"}),
        "lon": ("lon", lon, {"units": "degrees_east"}),
    }
    if levels:
        coords["plev"] = ("plev", np.array(levels), {"units": "Pa"})
    experiment = f"aimip-p{warming}k" if warming else "aimip"
    variant = f"r{member}i1p1f1"
    data = xr.Dataset(
        {name: (dims, values, {"units": units})}, coords=coords,
        attrs={"source_id": model, "experiment_id": experiment, "variant_label": variant},
    )  # fmt: skip
    folder = root / "Inst" / model / experiment / variant / table / name / "gn" / "v20250101"
    folder.mkdir(parents=True)
    chunks = (1,) * (len(dims) - 2) + shape
    packing = {
        "dtype": "i2", "scale_factor": spread / 256, "add_offset": middle, "zlib": True, "complevel": 1,
        "chunksizes": chunks, "_FillValue": np.int16(-32768),
    }  # fmt: skip
    last = 1979 + round(float(years[-1])) - 1
    stamps = f"1979{'01' if table == 'Amon' else '0101'}-{last}{'12' if table == 'Amon' else '1231'}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = folder / f"{name}_{table}_{model}_{experiment}_{variant}_gn_{stamps}.nc"
        data.to_netcdf(path, engine="netcdf4", encoding={name: packing})


if __name__ == "__main__":
    main()
