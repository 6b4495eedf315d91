"""Estimators on cases whose answer is known: what they give, with their errors, and how often they are wrong.

python benchmarks/estimators.py [--draws 8]

Correlation dimensions of sets of known dimension (mean over draws, mean stated error, and the root mean square of
deviation over stated error); detection and false-alarm rates of early warnings on a fold and on a control; rejection
rates of surrogate tests on a linear process and on chaos.
"""

import argparse
import math
import sys
from collections.abc import Callable

import jax
import numpy as np

from gnomon.numerics.correlation_sum import correlation_dimension
from gnomon.numerics.early_warning import warned
from gnomon.numerics.surrogates import reversal_asymmetry, surrogate_test
from gnomon.numerics.trajectories import trajectories
from gnomon.spec.registry import load

POINTS = 10_000
Draw = Callable[[np.random.Generator], np.ndarray]


def cantor(random: np.random.Generator, axes: int) -> np.ndarray:
    digits = 2 * random.integers(0, 2, (POINTS, axes, 30))
    return digits @ (1 / 3.0 ** np.arange(1, 31))


def henon(random: np.random.Generator) -> np.ndarray:
    x = 0.1 * random.random((100, 2))
    seen = []
    for i in range(200 + POINTS // 100):
        x = np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], axis=1)
        if i >= 200:
            seen.append(x)
    return np.concatenate(seen)


def logistic(random: np.random.Generator) -> np.ndarray:
    return np.sin(0.5 * np.pi * random.random(POINTS))[:, None] ** 2  # its invariant density at r = 4


def flow(name: str, spacing: float) -> Draw:
    def draw(random: np.random.Generator) -> np.ndarray:
        cls = load("worlds", name)
        start = np.asarray(cls.about.start) * (1 + 0.02 * random.standard_normal(len(cls.about.start)))
        times = spacing * np.arange(POINTS + 200)
        job = [lambda u: cls.rhs(u, cls.about.parameters)], [start], [times]
        with jax.enable_x64(True):
            (found,) = trajectories(*job, rtol=1e-8, max_steps=4_000_000, compiled=True)
        return np.asarray(found.states)[200:]

    return draw


SETS: dict[str, tuple[float, Draw]] = {
    "cube of 1": (1.0, lambda r: r.random((POINTS, 1))),
    "cube of 2": (2.0, lambda r: r.random((POINTS, 2))),
    "cube of 3": (3.0, lambda r: r.random((POINTS, 3))),
    "Gaussian in 3": (3.0, lambda r: r.standard_normal((POINTS, 3))),
    "Cantor set": (math.log(2) / math.log(3), lambda r: cantor(r, 1)),
    "Cantor dust": (2 * math.log(2) / math.log(3), lambda r: cantor(r, 2)),
    "Henon (1.22)": (1.22, henon),
    "logistic, r = 4": (1.0, logistic),
    "Roessler (1.99)": (1.99, flow("rossler", 1.3)),
}


def fold(records: int, *, approach: bool, seed: int, size: int, every: int = 10) -> np.ndarray:
    """[record, time] of dx = (a - x^2) dt + .1 dW, a falling from 1 to .05 or staying; dt = .1, seen at every tenth."""
    random = np.random.default_rng(seed)
    a = np.linspace(1.0, 0.05 if approach else 1.0, size * every)
    x, seen = np.ones(records), []
    for i, level in enumerate(a):
        x = np.maximum(
            x + 0.1 * (level - x**2) + 0.1 * math.sqrt(0.1) * random.standard_normal(records), -0.2
        )
        if i % every == every - 1:
            seen.append(x)
    return np.stack(seen, axis=1)


def ar1(records: int, seed: int, size: int = 400) -> np.ndarray:
    random = np.random.default_rng(seed)
    x, seen = random.standard_normal(records), []
    for _ in range(size + 50):
        x = 0.7 * x + random.standard_normal(records)
        seen.append(x)
    return np.stack(seen[50:], axis=1)


def rate(hits: np.ndarray) -> str:
    share = float(np.mean(hits))
    return (
        f"{share:.2f} +- {math.sqrt(max(share * (1 - share), 1 / len(hits)) / len(hits)):.2f} of {len(hits)}"
    )


def main() -> int:
    """Print three tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=8)
    draws = parser.parse_args().draws
    print(f"correlation dimension, {POINTS} points, {draws} draws")
    print(f"{'set':18s} {'exact':>7s} {'mean':>7s} {'error':>7s} {'rms of deviation / error':>26s}")
    for name, (exact, draw) in SETS.items():
        found = [correlation_dimension(draw(np.random.default_rng(i)), theiler=10) for i in range(draws)]
        values, errors = (np.asarray([getattr(f, k) for f in found]) for k in ("value", "error"))
        off = math.sqrt(np.mean(((values - exact) / errors) ** 2))
        print(f"{name:18s} {exact:7.3f} {values.mean():7.3f} {errors.mean():7.3f} {off:26.2f}")
    print("\nearly warnings at p <= .05: share of records, variance | memory")
    for size in (200, 500, 1000):
        for what, approach in (("fold", True), ("control", False)):
            p = warned(fold(60, approach=approach, seed=size, size=size), surrogates=99).p_value <= 0.05
            print(f"{what:8s} {size:5d} time units   {rate(p[:, 0])} | {rate(p[:, 1])}")
    print("\nsurrogate test of time reversal at p <= .05: share of series")
    linear = [
        surrogate_test(x, reversal_asymmetry, count=39, seed=i).p_value <= 0.05
        for i, x in enumerate(ar1(200, 3))
    ]
    print(f"linear process  {rate(np.asarray(linear))}")
    chaos = [
        surrogate_test(
            henon(np.random.default_rng(i))[:40_000:100][:, 0], reversal_asymmetry, count=39, seed=i
        ).p_value
        <= 0.05
        for i in range(20)
    ]
    print(f"Henon           {rate(np.asarray(chaos))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
