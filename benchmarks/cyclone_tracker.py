"""How fast cyclones are tracked: 6-hourly 2.5-degree sea-level pressure, from maps to tracks.

    python benchmarks/cyclone_tracker.py --years 10 --workers 2

Maps are red noise on the sphere (about 60 minima each) with moving lows, made chunk by chunk as they are asked for,
so that memory is that of the tracker. Prints maps per second, seconds for the years asked for, peak memory, and how
the time grows from one to two to four times as many maps. `--preset tempest` takes TempestExtremes' settings on the
maps as they come; `gnomon` adds the spectral cut and the common grid.
"""

import argparse
import functools
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from gnomon.measures.cyclones.detect import MAPS
from gnomon.measures.cyclones.preset import GNOMON, TEMPEST_6, TEMPEST_9, find, searched
from gnomon.measures.cyclones.stitch import stitch

LAT, LON = np.linspace(-90, 90, 73), np.arange(0, 360, 2.5)
PER_YEAR = 1461
PRESETS = {"gnomon": GNOMON, "tempest": TEMPEST_6, "tempest9": TEMPEST_9}
POOL = 64  # patterns of noise that are mixed
LOWS = 24


class Maps:
    """Sea-level pressure that is computed when it is sliced, and travels to a worker as a recipe."""

    def __init__(self, count: int, first: int = 0):
        self.shape, self.first = (count, len(LAT), len(LON)), first

    def __getitem__(self, part: slice) -> "Maps":
        start, stop, _ = part.indices(self.shape[0])
        return Maps(stop - start, self.first + start)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        steps = self.first + np.arange(self.shape[0])
        return (_noise(steps) + _moving(steps)).astype(dtype or np.float32)


@functools.cache
def _patterns() -> np.ndarray:
    """[pattern, lat, lon] smooth noise, 6 hPa."""
    rng = np.random.default_rng(0)
    waves = np.fft.rfft2(rng.standard_normal((POOL, 2 * len(LAT) - 2, len(LON))))
    ky = np.abs(np.fft.fftfreq(2 * len(LAT) - 2, 1 / (2 * len(LAT) - 2)))[:, None]
    k2 = ky**2 + np.arange(len(LON) // 2 + 1) ** 2
    field = np.fft.irfft2(waves / (1 + k2 / 40) ** 1.2, s=(2 * len(LAT) - 2, len(LON)))[:, : len(LAT)]
    field = field * np.cos(np.radians(LAT))[:, None] ** 0.5
    return (600 * field / field.std()).astype(np.float32)


def _noise(steps: np.ndarray) -> np.ndarray:
    """Patterns that take each other's place within four days."""
    angle = 2 * np.pi * (steps[:, None] / 64 * (1 + np.arange(POOL) % 3) + np.arange(POOL) * 0.618)
    return np.einsum("tp,pij->tij", (np.cos(angle) / np.sqrt(POOL / 2)).astype(np.float32), _patterns())


def _moving(steps: np.ndarray) -> np.ndarray:
    """Lows that are born, move east and polewards for six days and die, again and again."""
    out = np.full((len(steps), len(LAT), len(LON)), 101325, np.float32)
    for k in range(LOWS):
        age = ((steps + k) % 24) / 24
        side = 1 if k % 2 else -1
        lat = side * (35 + 25 * age)
        lon = (15.0 * k + 60 * age + 40.0 * ((steps + k) // 24)) % 360
        apart = (LON[None] - lon[:, None] + 180) % 360 - 180
        y = ((LAT[None] - lat[:, None]) / 5) ** 2
        x = (apart * np.cos(np.radians(lat))[:, None] / 6) ** 2
        depth = 2500 * np.sin(np.pi * age)
        out -= (depth[:, None] * np.exp(-y / 2))[:, :, None] * np.exp(-x / 2)[:, None]
    return out


def search(count: int, preset, pool=None) -> tuple[float, float, int, int]:
    """Seconds of wall time and of reading, lows and tracks of so many maps."""
    where = searched(LAT, LON, preset)
    start = time.perf_counter()
    nodes = find(Maps(count), where, preset, map=pool.map if pool else map)
    tracks = stitch(nodes, 6.0 * np.arange(count), preset.joining)
    return time.perf_counter() - start, making(), len(nodes.time), tracks.number


@functools.cache
def making() -> float:
    """CPU seconds a map takes to be made, which is no part of the tracker."""
    np.asarray(Maps(8))
    start = time.process_time()
    np.asarray(Maps(MAPS))
    return (time.process_time() - start) / MAPS


def cpu_seconds() -> float:
    """CPU seconds of this process and of those that it waited for."""
    used = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def peak() -> float:
    """Peak memory of this process and of its largest worker together, in MB."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(w).ru_maxrss for w in who) / 1024


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--years", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--preset", choices=PRESETS, default="gnomon")
    parser.add_argument(
        "--linear", type=int, default=720, help="maps of the shortest of three runs in one process"
    )
    asked = parser.parse_args()
    preset = PRESETS[asked.preset]
    search(asked.linear, preset)  # tables of the grid
    times = []
    for factor in (1, 2, 4):
        start = time.process_time()
        search(factor * asked.linear, preset)
        cpu = time.process_time() - start - making() * factor * asked.linear
        times.append(cpu)
        size = factor * asked.linear
        print(f"{size:6d} maps, one process: {cpu:6.2f} CPU s, {size / cpu:6.0f} maps/s")
    print(f"growth from 1 to 2 to 4 times: {times[1] / times[0]:.2f}, {times[2] / times[0]:.2f}")
    print(f"ten years from that: {times[2] / (4 * asked.linear) * 10 * PER_YEAR:.0f} CPU s")
    count = round(asked.years * PER_YEAR)
    before = cpu_seconds()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.workers, mp_context=context) as pool:
        wall, each, lows, tracks = search(count, preset, pool)
    print(f"{count} maps of {len(LAT)} x {len(LON)}: {lows / count:.1f} lows a map, {tracks} tracks")
    print(f"{asked.workers} workers: {wall:.1f} s ({count / wall:.0f} maps/s)")
    print(f"{cpu_seconds() - before:.1f} CPU s, of which {each * count:.1f} s made the maps")
    print(f"peak memory, this process and its largest worker: {peak():.0f} MB")


if __name__ == "__main__":
    main()
