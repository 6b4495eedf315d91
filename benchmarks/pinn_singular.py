"""Networks that obey an equation at its singular point: the plain way beside the remedies, against exact values.

Three linear equations from their regular singular point on (Legendre, exponent 0 beside a logarithm; Bessel, exponent
1/3; Gauss' hypergeometric, exponent 1/2), and the speed of isothermal gas that falls onto a star, singular where it
passes the speed of sound (`gnomon.numerics.singular_equations`). Ways (`gnomon.training.singular_points`):

* written: the residual with the highest derivative alone in front: the plain method.
* cleared: multiplied by what stands in the denominators.
* adaptive: cleared, with weights along the interval that grow where the residual stays large.
* ansatz, ansatz + adaptive: the exponent factored out, or the critical point held, with a cleared or adaptive residual.

All are told the same: the value at the end and, where it is finite, at the singular point (an exponent above 0 tells
it by itself); the falling gas, solved for the logarithm of its speed, only that far out. The ansatz adds what the
equation itself says at the point: the exponent, or the speed of sound and one of the two slopes there. All have the
same networks, draws and updates; a seed is a network, and all ways get the same ones. Where the exponent is 0 nothing
is left to factor out.

What is printed: relative L2 error over the interval against scipy's exact values, the largest error within a tenth of
the interval of the point over the solution's root mean square, CPU seconds a run, and the ratio of errors of "written"
over every other way with a 95 % interval (t, on logarithms) over seeds.

    python benchmarks/pinn_singular.py [--updates 4000] [--seeds 5] [--seed 0] [--csv FILE]
"""

import argparse
import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.stats import t as student

from gnomon.numerics.singular_equations import SingularEquation, accretion, bessel, hypergeometric, legendre
from gnomon.training.singular_points import (
    Accretion,
    Ansatz,
    Problem,
    Solution,
    Training,
    critical_ansatz,
    frobenius,
    solve_singular,
    with_ends,
)

jax.config.update("jax_platforms", "cpu")

PLACES, NEAR = 801, 0.1
INNER, OUTER = 0.25, 4.0  # of the falling gas, in distances of the critical point
FALLING = -1.0  # its slope there; the square is 1, and a wind has the other root
WAYS = {
    "written": (False, "written"),
    "cleared": (False, "cleared"),
    "adaptive": (False, "adaptive"),
    "ansatz": (True, "cleared"),
    "ansatz + adaptive": (True, "adaptive"),
}


class Case(NamedTuple):
    """An equation in both forms, where it is singular, and its solution at places."""

    name: str
    plain: Problem
    ansatz: Problem | None
    point: float
    x: np.ndarray
    exact: np.ndarray
    shown: Callable[[np.ndarray], np.ndarray] = np.asarray  # of what is solved for, the solution


def linear_case(given: SingularEquation) -> Case:
    """From the singular point to the end."""
    x = np.linspace(0.0, given.end, PLACES)
    exact = given.exact(x)
    parts = given.second, given.first, given.zeroth
    last, begin = float(exact[-1]), float(exact[0])
    plain = Problem(frobenius(*parts, 0.0), with_ends(0.0, given.end, last, begin), 0.0, given.end)
    led = None
    if given.exponent:
        own = with_ends(given.exponent, given.end, last)
        led = Problem(frobenius(*parts, given.exponent), own, 0.0, given.end)
    return Case(given.name, plain, led, 0.0, x, exact)


def falling_case() -> Case:
    """Through the critical point at 1."""
    x = np.linspace(INNER, OUTER, PLACES)
    exact = accretion(x)
    last, span = float(np.log(exact[-1])), OUTER - INNER
    plain = Ansatz(0.0, (last, 0.0, 0.0), (OUTER / span, -1.0 / span, 0.0))
    held = critical_ansatz(1.0, 0.0, FALLING, INNER, OUTER, last)
    plain, held = (
        Problem(Accretion(is_held), a, INNER, OUTER) for is_held, a in ((False, plain), (True, held))
    )
    return Case("spherical accretion", plain, held, 1.0, x, exact, np.exp)


def errors(case: Case, made: Solution) -> tuple[float, float]:
    """Relative L2, and the largest near the point."""
    gap = case.shown(made.at(case.x)) - case.exact
    size = np.sqrt(np.mean(case.exact**2))
    near = np.abs(case.x - case.point) <= NEAR * (case.x[-1] - case.x[0])
    return float(np.sqrt(np.mean(gap**2)) / size), float(np.abs(gap[near]).max() / size)


def ratio(plain: np.ndarray, other: np.ndarray) -> np.ndarray:
    """[lower bound, geometric mean, upper bound] of the ratio of errors, paired by seed."""
    gain = np.log(plain / other)
    half = (
        student.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.inf
    )
    return np.exp([gain.mean() - half, gain.mean(), gain.mean() + half])


def compare(case: Case, told: argparse.Namespace) -> list[dict[str, Any]]:
    """All ways on one equation."""
    rows, found = [], {}
    print(f"\n{case.name}: {told.updates} updates, {told.seeds} seeds")
    for way, (led, weighing) in WAYS.items():
        problem = case.ansatz if led else case.plain
        if problem is None:
            continue
        began = time.process_time()
        made = solve_singular(
            problem, weighing, Training(updates=told.updates), seeds=told.seeds, key=jax.random.key(told.seed)
        )
        spent = (time.process_time() - began) / told.seeds
        each = np.array([errors(case, m) for m in made])
        found[way] = each[:, 0]
        whole, near = np.exp(np.log(each).mean(0))
        line = f"  {way:18s} relative L2 {whole:.3g}, near {near:.3g} (geometric means); {spent:.1f} s a run"
        shared = {"equation": case.name, "way": way}
        rows += [
            shared | {"kind": "run", "seed": n, "relative L2": a, "near": b, "seconds": spent}
            for n, (a, b) in enumerate(each)
        ]
        if way != "written":
            low, middle, high = ratio(found["written"], found[way])
            line += f"; written over it {middle:.3g} ({low:.3g} to {high:.3g})"
            rows.append(shared | {"kind": "gain", "ratio": middle, "low": low, "high": high})
        print(line, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--csv", type=Path)
    told = parser.parse_args()
    linear = (legendre(6), bessel(1 / 3), hypergeometric(1.5, -2.2, 0.5))
    cases = [*map(linear_case, linear), falling_case()]
    rows = [row for case in cases for row in compare(case, told)]
    if told.csv:
        with told.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(dict.fromkeys(k for row in rows for k in row)))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
