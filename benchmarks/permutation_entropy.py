"""Permutation entropy with complexity of a million values, beside ordpy and antropy, interleaved in one process.

    python benchmarks/permutation_entropy.py            # 1,000,000 values, order 5, 7 rounds
    python benchmarks/permutation_entropy.py --rounds 3 --values 100000

The peers are optional (`pip install ordpy antropy`); one that is missing is said to be. ordpy and this code give
entropy and complexity together, antropy gives the entropy alone. Every round runs all contestants in turn; printed are
medians and the fastest round, in wall and in CPU seconds, ratios of all to ours, and how the answers differ. All
contestants use one core. On a busy machine only the ratio of CPU seconds means anything: what takes three
milliseconds either waits for its turn or does not.
"""

import argparse
import importlib
import time
import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from gnomon.numerics.ordinal import permutation_entropy

Timing = tuple[float, float]  # wall and CPU seconds
Contestant = Callable[[np.ndarray, int], tuple[float, float | None]]


def ours(x: np.ndarray, order: int) -> tuple[float, float]:
    """From a NumPy array in to numbers out."""
    h, c = permutation_entropy(x, order)
    return float(h), float(c)


def peers() -> dict[str, Contestant]:
    """The peers that are installed; the others are named on the screen."""
    found: dict[str, Contestant] = {}
    for name in ("ordpy", "antropy"):
        try:
            module = importlib.import_module(name)
        except ImportError as reason:
            print(f"{name}: not here ({reason}); left out")
            continue
        found[name] = _ordpy(module) if name == "ordpy" else _antropy(module)
    return found


def _ordpy(module: object) -> Contestant:
    def run(x: np.ndarray, order: int) -> tuple[float, float]:
        h, c = module.complexity_entropy(x, dx=order)  # type: ignore[attr-defined]
        return float(h), float(c)

    return run


def _antropy(module: object) -> Contestant:
    def run(x: np.ndarray, order: int) -> tuple[float, None]:
        return float(module.perm_entropy(x, order=order, normalize=True)), None  # type: ignore[attr-defined]

    return run


def timed(run: Callable[[], Any]) -> Timing:
    """Wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    jax.block_until_ready(run())
    return time.perf_counter() - wall, time.process_time() - cpu


def race(x: np.ndarray, order: int, rounds: int) -> None:
    """Seconds of each contestant, with ratios and differences."""
    among: dict[str, Contestant] = {"gnomon": ours, **peers()}
    first = timed(lambda: ours(x, order))
    print(f"gnomon, first call: {1e3 * first[0]:.1f} ms")
    answers = {name: run(x, order) for name, run in among.items()}  # warms up everyone's caches
    spent: dict[str, list[Timing]] = {name: [] for name in among}
    for _ in range(rounds):
        for name, run in among.items():
            spent[name].append(timed(lambda run=run: run(x, order)))
    print(f"{len(x)} values, order {order}, {rounds} rounds: milliseconds, and how many times ours")
    print(f"  {'':<8}{'median wall':>21}{'median CPU':>21}{'fastest wall':>21}{'fastest CPU':>21}")
    columns = {name: [*np.median(times, axis=0), *np.min(times, axis=0)] for name, times in spent.items()}
    for name, seconds in columns.items():
        cells = zip(seconds, columns["gnomon"], strict=True)
        print(f"  {name:<8}" + "".join(f"{1e3 * own:>11.2f}{own / best:>8.1f} x" for own, best in cells))
    h, c = answers["gnomon"]
    for name, other in answers.items():
        also = "" if other[1] is None or c is None else f", {abs(other[1] - c):.0e} in C"
        print(f"  {name} differs by {abs(other[0] - h):.0e} in H{also}")


def growth(order: int, rounds: int, rng: np.random.Generator) -> None:
    """How the cost grows with the length, with the number of series, and with the order."""
    print("growth of gnomon (order, series x values: median milliseconds, CPU nanoseconds a value)")
    lengths = ((1, 10_000), (1, 100_000), (1, 1_000_000), (1, 10_000_000), (10, 100_000), (1000, 1000))
    for which, shape in [*((order, s) for s in lengths), (3, (1, 1_000_000)), (7, (1, 1_000_000))]:
        x = rng.standard_normal(shape)
        spent = [timed(lambda x=x, which=which: permutation_entropy(x, which)) for _ in range(rounds + 1)]
        wall, cpu = np.median(spent[1:], axis=0)
        print(f"  {which} {shape[0]:>5} x {shape[1]:<9}{1e3 * wall:>9.3f} ms{1e9 * cpu / x.size:>9.2f} ns")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--values", type=int, default=1_000_000)
    parser.add_argument("--order", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        race(rng.standard_normal(chosen.values), chosen.order, chosen.rounds)
        growth(chosen.order, chosen.rounds, rng)


if __name__ == "__main__":
    main()
