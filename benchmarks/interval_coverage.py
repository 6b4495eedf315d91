"""How often intervals hold the truth: coverage of bootstrap-t and percentile on skewed units, by simulation.

    python benchmarks/interval_coverage.py            # 200 simulations a line, about a minute of CPU time
    python benchmarks/interval_coverage.py --full     # 1000 simulations a line

Every line is a simulation whose right answer is known. In the tables of pseudo-values the truth is drawn anew in every
simulation, as a run of the world is, and its units stand beside those of the subject, null and floor, as in the
measures of response and climate; distances of single units hold the draw of their own truth already. The Monte Carlo
error of a coverage c from s simulations is sqrt(c (1 - c) / s): 0.015 for 0.95 and 200, 0.007 for 1000.
"""

import argparse
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from gnomon.inference.bootstrap import estimate
from gnomon.inference.compare import compare
from gnomon.inference.fidelity import judge
from gnomon.inference.resample import REPLICATES
from gnomon.numerics.jackknife import paired_error

Draw = Callable[[np.random.Generator, int], np.ndarray]

SHAPES: dict[str, Draw] = {  # skewed distances with mean 1
    "lognormal": lambda rng, n: rng.lognormal(-0.5, 1.0, n),
    "chi-square(1)": lambda rng, n: rng.chisquare(1, n),
}
NULL, FLOOR = 10.0, 1.0  # mean discrepancies of the simulated cell
RESPONSE = 2.0  # true mean response of a feature, in the noise of one unit
RESPONSES = {"response, 1 feature": 1, "response, 8 features": 8}


def distances(
    rng: np.random.Generator, n: int, shape: str, fidelities: Sequence[float], shared: bool
) -> list[np.ndarray]:
    """Distances of subjects with known fidelities (0 is the null, 1 the floor), n units each.

    With shared starts half of the (log) variance is a factor of the start: what is hard for one is hard for all.
    """
    draw = SHAPES[shape]
    means = [NULL - f * (NULL - FLOOR) for f in fidelities]
    if not shared:
        return [mean * draw(rng, n) for mean in means]
    start = draw(rng, n)
    # sqrt(start * own) has mean E[sqrt]^2, which is known for both shapes.
    norm = {"lognormal": np.exp(-0.25), "chi-square(1)": 2 / np.pi}[shape]
    return [mean * np.sqrt(start * draw(rng, n)) / norm for mean in means]


def percentile(
    subject: np.ndarray, null: np.ndarray, floor: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """The plain percentile bootstrap of fidelity, for comparison only."""
    n = len(subject)
    pick = rng.integers(n, size=(REPLICATES, n))
    d, top, low = (x[pick].mean(axis=1) for x in (subject, null, floor))
    ends = np.quantile((top - d) / (top - low), [0.025, 0.975])
    return float(ends[0]), float(ends[1])


def percentile_mean(x: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    ends = np.quantile(x[rng.integers(len(x), size=(REPLICATES, len(x)))].mean(axis=1), [0.025, 0.975])
    return float(ends[0]), float(ends[1])


def fidelity_coverage(
    n: int, shape: str, fidelity: float, shared: bool, runs: int, seed: int
) -> dict[str, float]:
    """Shares over `runs` simulations; `room`: how many had room, coverage is counted among these."""
    rng = np.random.default_rng([seed, n, int(10 * fidelity), int(shared), list(SHAPES).index(shape)])
    room = held = held_percentile = silent = below = above = 0
    for run in range(runs):
        subject, null, floor = distances(rng, n, shape, (fidelity, 0.0, 1.0), shared)
        got = judge(subject, null, floor, seed=run).fidelity
        if got is None:
            continue
        room += 1
        low, high = percentile(subject, null, floor, rng)
        held_percentile += low <= fidelity <= high
        if got.low is None or got.high is None:
            silent += 1
            continue
        held += got.low <= fidelity <= got.high
        below += got.high < fidelity
        above += got.low > fidelity
    told = max(room - silent, 1)
    return {
        "room": room / runs,
        "bootstrap-t": held / told,
        "too low": below / told,
        "too high": above / told,
        "percentile": held_percentile / max(room, 1),
        "silent": silent / max(room, 1),
    }


def mean_coverage(n: int, draw: Draw, truth: float, runs: int, seed: int) -> tuple[float, float]:
    """Coverage of the mean of one number a unit: bootstrap-t, percentile."""
    rng = np.random.default_rng([seed, n])
    held = held_percentile = 0
    for run in range(runs):
        x = draw(rng, n)
        got = estimate(x, seed=run)
        held += got.low is not None and got.high is not None and got.low <= truth <= got.high
        low, high = percentile_mean(x, rng)
        held_percentile += low <= truth <= high
    return held / runs, held_percentile / runs


def responses(
    rng: np.random.Generator, n: int, features: int, shifts: Sequence[float | None]
) -> list[np.ndarray]:
    """Pseudo-values of the squared error of models' mean responses against one drawn truth, mean over features.

    The true response is 2 in every feature, of unit noise. A model is off by its shift in every feature, with unit
    noise of its own; None is the null, which never responds.
    """
    truth = rng.normal(RESPONSE, 1.0, (n, features))
    alive = np.ones(n, bool)
    found = []
    for shift in shifts:
        x = np.zeros((n, features)) if shift is None else rng.normal(RESPONSE + shift, 1.0, (n, features))
        found.append(paired_error(x, truth, alive) / features)
    return found


def response_distance(shift: float, features: int) -> Draw:
    """The discrepancy of a model off by `shift`, whose expectation is shift squared.

    At shift 0 the statistic is degenerate: its influence function vanishes, and it is a chi-square minus its mean.
    """
    return lambda rng, n: responses(rng, n, features, (shift,))[0]


def pseudo_fidelity(n: int, features: int, shift: float, runs: int, seed: int) -> tuple[float, float]:
    """Fidelity of a subject whose mean response is off by `shift`, the null without response. Coverage and room."""
    rng = np.random.default_rng([seed, n, features])
    right = 1 - (shift / RESPONSE) ** 2
    room = held = 0
    for run in range(runs):
        got = judge(*responses(rng, n, features, (shift, None, 0.0)), seed=run).fidelity
        if got is None:
            continue
        room += 1
        held += got.low is not None and got.high is not None and got.low <= right <= got.high
    return held / max(room, 1), room / runs


def equals(rng: np.random.Generator, n: int, units: str) -> list[np.ndarray]:
    """Two equally good subjects, null and floor: distances a unit, or responses off in opposite directions."""
    if units in SHAPES:
        return distances(rng, n, units, (0.7, 0.7, 0.0, 1.0), shared=True)
    return responses(rng, n, RESPONSES[units], (0.7, -0.7, None, 0.0))


def false_wins(n: int, units: str, runs: int, seed: int) -> tuple[float, float, float]:
    """How often two equally good subjects differ, at 5 % and at 1 %, among cells with room; and the share of these."""
    rng = np.random.default_rng([seed, n, 7])
    found = [compare(*equals(rng, n, units), seed=run).p_value for run in range(runs)]
    tested = np.array([p for p in found if p is not None] or [1.0])
    return float(np.mean(tested < 0.05)), float(np.mean(tested < 0.01)), len(tested) / runs


def print_means(runs: int, seed: int) -> None:
    print("The mean of one number a unit (coverage):")
    print(f"  {'distribution':<32}{'n':>4}{'bootstrap-t':>13}{'percentile':>12}")
    draws: dict[str, tuple[Draw, float]] = {"normal": (lambda rng, n: rng.normal(size=n), 0.0)}
    draws |= {name: (draw, 1.0) for name, draw in SHAPES.items()}
    draws |= {
        f"response off by {s:g}, {k} feature{'s' * (k > 1)}": (response_distance(s, k), s * s)
        for k in (1, 8)
        for s in (0.0, 0.3, 1.0)
    }
    for name, (draw, truth) in draws.items():
        for n in (5, 10, 20, 40):
            t, plain = mean_coverage(n, draw, truth, runs, seed)
            print(f"  {name:<32}{n:>4}{t:>13.3f}{plain:>12.3f}")


def print_fidelity(runs: int, seed: int) -> None:
    print(f"Fidelity, null {NULL:g}, floor {FLOOR:g} (coverage among simulations with room and interval):")
    print(f"  {'units':<15}{'starts':>12}{'truth':>7}{'n':>4}", end="")
    print(f"{'room':>7}{'bootstrap-t':>13}{'too low':>9}{'too high':>10}{'percentile':>12}{'silent':>8}")
    for shape, shared, fidelity, n in itertools.product(SHAPES, (True, False), (1.0, 0.5), (10, 20, 40)):
        got = fidelity_coverage(n, shape, fidelity, shared, runs, seed)
        starts = "shared" if shared else "independent"
        print(f"  {shape:<15}{starts:>12}{fidelity:>7.1f}{n:>4}{got['room']:>7.2f}", end="")
        print(f"{got['bootstrap-t']:>13.3f}{got['too low']:>9.3f}{got['too high']:>10.3f}", end="")
        print(f"{got['percentile']:>12.3f}{got['silent']:>8.3f}")


def print_pseudo(runs: int, seed: int) -> None:
    print("Fidelity of a mean response, truth drawn, from pseudo-values (coverage, and room):")
    print(f"  {'features':>8}{'off by':>7}{'right':>8}{'n':>4}{'bootstrap-t':>13}{'room':>7}")
    for features, shift, n in itertools.product((1, 8), (0.0, 0.3, 1.0), (10, 20, 40)):
        held, room = pseudo_fidelity(n, features, shift, runs, seed)
        print(
            f"  {features:>8}{shift:>7.1f}{1 - (shift / RESPONSE) ** 2:>8.4f}{n:>4}{held:>13.3f}{room:>7.2f}"
        )


def print_wins(runs: int, seed: int) -> None:
    print("Two equally good subjects called different, before correction (shared starts, one drawn truth):")
    print(f"  {'units':<22}{'n':>4}{'at 5 %':>9}{'at 1 %':>9}{'room':>7}")
    for units, n in itertools.product([*SHAPES, *RESPONSES], (10, 20, 40)):
        five, one, room = false_wins(n, units, runs, seed)
        print(f"  {units:<22}{n:>4}{five:>9.3f}{one:>9.3f}{room:>7.2f}")


PARTS = {"means": print_means, "fidelity": print_fidelity, "pseudo": print_pseudo, "wins": print_wins}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="1000 simulations a line instead of 200")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--part", choices=PARTS, action="append", help="one table only (may be repeated)")
    chosen = parser.parse_args()
    runs = 1000 if chosen.full else 200
    print(f"95 % intervals, {runs} simulations a line, seed {chosen.seed}")
    for part in chosen.part or PARTS:
        print()
        PARTS[part](runs, chosen.seed)


if __name__ == "__main__":
    main()
