"""Permutation entropy with complexity of a million values, beside ordpy and antropy, interleaved in one process.

    python benchmarks/permutation_entropy.py            # 1,000,000 values, order 5, 7 rounds
    python benchmarks/permutation_entropy.py --rounds 3 --values 100000

The peers are optional (`pip install ordpy antropy`); one that is missing is said to be. ordpy and this code give
entropy and complexity together, antropy gives the entropy alone. Compilation is timed apart. Every round runs all
contestants in turn, so that a busy machine slows them alike; printed are medians, the fastest round, ratios of both to
ours, and how the answers differ.
"""

import argparse
import importlib
import time
import warnings
from collections.abc import Callable

import jax
import numpy as np

from gnomon.numerics.ordinal import permutation_entropy

Contestant = Callable[[np.ndarray, int], tuple[float, float | None]]


def ours(x: np.ndarray, order: int) -> tuple[float, float]:
    """From a NumPy array in to numbers out, the copy to JAX included."""
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


def race(x: np.ndarray, order: int, rounds: int) -> dict[str, float]:
    """Median seconds of each contestant, printed with ratios and differences."""
    among: dict[str, Contestant] = {"gnomon": ours, **peers()}
    begin = time.perf_counter()
    answers: dict[str, tuple[float, float | None]] = {"gnomon": ours(x, order)}
    print(f"gnomon, first call with compilation: {time.perf_counter() - begin:.2f} s")
    seconds: dict[str, list[float]] = {name: [] for name in among}
    for turn in range(rounds + 1):  # the first warms up everyone's caches and does not count
        for name, run in among.items():
            begin = time.perf_counter()
            answers[name] = run(x, order)
            if turn:
                seconds[name].append(time.perf_counter() - begin)
    medians = {name: float(np.median(s)) for name, s in seconds.items()}
    h, c = answers["gnomon"]
    print(f"{len(x)} values, order {order}, median of {rounds} rounds")
    for name, median in medians.items():
        other = answers[name]
        apart = abs(other[0] - h)
        also = "" if other[1] is None or c is None else f", {abs(other[1] - c):.0e} in C"
        best, ratio = min(seconds[name]), median / medians["gnomon"]
        print(f"  {name:<8} median {1e3 * median:>9.2f} ms {ratio:>7.1f} x", end="")
        print(f"   fastest {1e3 * best:>9.2f} ms {best / min(seconds['gnomon']):>7.1f} x", end="")
        print(f"   differs by {apart:.0e} in H{also}")
    return medians


def growth(order: int, rounds: int, rng: np.random.Generator) -> None:
    """How the cost grows with the length and with the number of series."""
    print("growth of gnomon (series x values: milliseconds, nanoseconds a value)")
    for shape in ((1, 10_000), (1, 100_000), (1, 1_000_000), (10, 100_000), (1000, 1000)):
        x = rng.standard_normal(shape)
        spent = []
        for _ in range(rounds + 1):
            begin = time.perf_counter()
            jax.block_until_ready(permutation_entropy(x, order))
            spent.append(time.perf_counter() - begin)
        median = float(np.median(spent[1:]))
        print(f"  {shape[0]:>5} x {shape[1]:<9}{1e3 * median:>9.3f} ms{1e9 * median / x.size:>9.2f} ns")


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
