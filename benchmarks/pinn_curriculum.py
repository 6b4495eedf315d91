"""The physics-informed network on chaotic systems: all times at once against a curriculum in time.

Lorenz-63 over three time units (2.7 Lyapunov times) and the Kuramoto-Sivashinsky equation on a ring of length 22 (its
first ten waves) over 20 (about one Lyapunov time), from states on the attractor, solved by networks that know the
equation and the start and nothing else (`gnomon.training.physics_informed`). Three ways get the same number of updates
from the same number of drawn times: "whole" (the plain method), "growing" (one network, a horizon that grows) and
"marched" (windows one after the other). The error is relative L2 over the whole time span against a solver of
tolerance 1e-12, after the mean over time is taken out: 1 is what the mean would score. What is printed of a pair of
ways is the geometric mean of the ratio of errors, with a 95 % interval (t, on logarithms) over starts; seeds of one
start are averaged first. Marching has as many networks as windows, and each starts with a high learning rate. So two
controls stand beside it, both plain: one network with as many weights as all windows together, and one of the usual
size whose rate and momenta start anew as often as there are windows. On the ring the plain way fails from some starts
and not from others, so that errors differ by factors of hundreds between starts: it gets twice as many as Lorenz-63
(`--ring-starts 6` knows the ratio of whole over marched only to be between 1 and 600).

Beside it: the classical solver (Runge and Kutta's of fourth order; exponential time differencing of fourth order) at
the longest step whose error is as small as the best way's, its processor time and that of the training. Such a network
solves one initial value problem, so there are no later solves that could pay for its training.

The third part learns Lorenz' rho, unknown, along with the solution, from 40 observations of x alone with an error of
1 % of its standard deviation; first guess 20, truth 28.

The published causal weighting is not among the ways: see the module's page.

    python benchmarks/pinn_curriculum.py [--updates 15000] [--starts 6] [--ring-starts 12] [--seeds 1] [--windows 15]
                                         [--seed 0] [--inverse-seeds 3] [--only lorenz|ks|inverse] [--csv FILE]
"""

import argparse
import csv
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array
from scipy.integrate import solve_ivp
from scipy.stats import t as student

from gnomon.numerics.ring import RingEquation
from gnomon.training.physics_informed import WAYS, Observed, Problem, Training, solve, weights_of

jax.config.update("jax_platforms", "cpu")

MOMENTS = 60  # at which solutions are compared
STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)  # of a classical solver between two of them
LORENZ = {"sigma": 10.0, "rho": 28.0, "beta": 8.0 / 3.0}
SPREAD = np.array([7.92, 9.01, 8.63])
KS = {"growth": 1.0, "hyperviscosity": 1.0}
LENGTH, GRID, WAVES = 22.0, 32, 10


class Lorenz(eqx.Module):
    """Lorenz' three equations."""

    def __call__(self, y: Array, c: Any) -> Array:
        """The tendency."""
        a, b, z = y
        return jnp.stack([c["sigma"] * (b - a), a * (c["rho"] - z) - b, a * b - c["beta"] * z])


class Ring(eqx.Module):
    """Kuramoto and Sivashinsky's equation for the real and imaginary parts of its waves' amplitudes."""

    equation: RingEquation

    def __call__(self, y: Array, c: Any) -> Array:
        """The tendency."""
        v = spectrum(y)
        k = jnp.asarray(2 * np.pi / LENGTH * np.arange(GRID // 2 + 1), y.dtype)
        slope = (c["growth"] * k**2 - c["hyperviscosity"] * k**4) * v + self.equation.nonlinear(v)
        return parts(slope)


class Divided(eqx.Module):
    """A residual over what it can be."""

    by: Array

    def __call__(self, residual: Array) -> Array:
        """Of order one."""
        return residual / self.by


class Case(NamedTuple):
    """One system: how it is called, its problem as plain numbers, and its classical solver."""

    name: str
    tendency: Any
    coefficients: dict[str, float]
    scale: np.ndarray
    rates: np.ndarray
    pace: float
    span: float
    lyapunov: float
    starts: np.ndarray


def spectrum(y: Array) -> Array:
    """[2 wave] amplitudes to the ring's spectrum."""
    v = (y[:WAVES] + 1j * y[WAVES:]) * (GRID / 2)
    return jnp.zeros(GRID // 2 + 1, v.dtype).at[1 : WAVES + 1].set(v)


def parts(v: Array) -> Array:
    """The inverse of `spectrum`."""
    kept = v[1 : WAVES + 1] / (GRID / 2)
    return jnp.concatenate([kept.real, kept.imag])


def ring(h: float = 0.1) -> RingEquation:
    return RingEquation(linear={2: -1.0, 4: -1.0}, advection={1: 1.0}, length=LENGTH, grid=GRID, h=h)


def exact(case: Case, start: np.ndarray, span: float) -> np.ndarray:
    """[moment, n] by a solver of tolerance 1e-12, in double precision."""
    with jax.enable_x64(True):
        right = jax.jit(lambda y: double(case.tendency)(y, case.coefficients))
        found = solve_ivp(
            lambda t, y: np.asarray(right(y)), (0.0, span), start, "LSODA" if len(start) > 3 else "DOP853",
            np.linspace(0.0, span, MOMENTS + 1), rtol=1e-12, atol=1e-12,
        )  # fmt: skip
    return found.y.T


def double(tree: Any) -> Any:
    return jax.tree.map(lambda a: np.asarray(a, complex if np.iscomplexobj(a) else float), tree)


def lorenz_case(starts: int, rng: np.random.Generator) -> Case:
    case = Case(
        "Lorenz-63", Lorenz(), LORENZ, SPREAD, SPREAD / 0.2, 0.2, 3.0, 1 / 0.9056, np.zeros((starts, 3))
    )
    first = [0.0, 0.0, 25.0] + [1.0, 1.0, 5.0] * rng.normal(size=(starts, 3))
    return case._replace(starts=np.stack([exact(case, y, 12.0)[-1] for y in first]))


def ring_case(starts: int, rng: np.random.Generator) -> Case:
    k = 2 * np.pi / LENGTH * np.arange(1, WAVES + 1)
    pace = 2.0
    # what a wave's own decay can do to an error is no measure of the error: stiff waves count by their balance
    rates = np.tile(1.0 / pace + np.abs(k**2 - k**4), 2)
    case = Case(
        "Kuramoto-Sivashinsky, L = 22", Ring(ring()), KS, np.ones(2 * WAVES), rates, pace, 20.0, 1 / 0.048,
        np.zeros((starts, 2 * WAVES)),
    )  # fmt: skip
    first = rng.normal(size=(starts, 2 * WAVES)) * np.tile(np.arange(1, WAVES + 1) < 5, 2) * 0.3
    return case._replace(starts=np.stack([exact(case, y, 150.0)[-1] for y in first]))


def problem_of(case: Case) -> Problem:
    def single(x: Any) -> Array:
        return jnp.asarray(x, jnp.float32)

    return Problem(
        tendency=case.tendency,
        weigh=Divided(single(case.rates)),
        coefficients={k: single(v) for k, v in case.coefficients.items()},
        scale=single(case.scale),
        pace=single(case.pace),
        begin=single(0.0),
        end=single(case.span),
    )


def relative(made: np.ndarray, truth: np.ndarray, scale: np.ndarray) -> float:
    """|error| / |departure from the mean over time|, each number over its size."""
    away = (truth - truth.mean(0)) / scale
    return float(np.linalg.norm((made - truth) / scale) / np.linalg.norm(away))


def valid(made: np.ndarray, truth: np.ndarray, case: Case) -> float:
    """Lyapunov times until the error passes 0.4 of the state's spread."""
    away = (truth - truth.mean(0)) / case.scale
    gap = np.linalg.norm((made - truth) / case.scale, axis=1) / np.sqrt(np.mean(np.sum(away**2, 1)))
    first = np.argmax(gap > 0.4) if (gap > 0.4).any() else MOMENTS
    return first * case.span / MOMENTS / case.lyapunov


def classical(case: Case, steps: int) -> Any:
    """A compiled solver: start -> [moment, n], `steps` between two moments."""
    h = case.span / MOMENTS / steps
    if isinstance(case.tendency, Ring):
        equation = double(ring(h))
        return jax.jit(
            lambda y: jax.lax.scan(
                lambda v, _: ((w := equation.steps(v, steps)), parts(w)), spectrum(y), length=MOMENTS
            )[1]
        )

    def one(y: Array, _: Any) -> tuple[Array, None]:
        f = lambda y: case.tendency(y, case.coefficients)  # noqa: E731
        a = f(y)
        b = f(y + h / 2 * a)
        c = f(y + h / 2 * b)
        return y + h / 6 * (a + 2 * b + 2 * c + f(y + h * c)), None

    def moment(y: Array, _: Any) -> tuple[Array, Array]:
        y = jax.lax.scan(one, y, length=steps)[0]
        return y, y

    return jax.jit(lambda y: jax.lax.scan(moment, y, length=MOMENTS)[1])


def equal_solver(case: Case, truths: np.ndarray, error: float) -> str:
    """The longest step whose mean error is at most this, and its cost."""
    with jax.enable_x64(True):
        for steps in STEPS:
            run = classical(case, steps)
            made = [np.asarray(run(y)) for y in case.starts]
            found = np.mean([relative(m, t[1:], case.scale) for m, t in zip(made, truths, strict=True)])
            if found <= error:
                spent = []
                for _ in range(20):
                    began = time.process_time()
                    jax.block_until_ready(run(case.starts[0]))
                    spent.append(time.process_time() - began)
                least = "at most " if steps == STEPS[0] else ""  # fewer were not tried
                return f"{least}{steps * MOMENTS} steps: error {found:.2g}, {min(spent) * 1e6:.0f} us of processor time"
    return "none of the steps tried is as good"


def trainings(case: Case, told: argparse.Namespace) -> dict[str, tuple[str, Training]]:
    """Every way, and the plain one with what else marching has."""
    usual = Training(updates=told.updates, times=told.times, windows=told.windows)
    numbers = len(case.scale)
    wanted = told.windows * weights_of(usual.width, usual.depth, numbers)
    width = next(w for w in range(usual.width, wanted) if weights_of(w, usual.depth, numbers) >= wanted)
    return {way: (way, usual) for way in WAYS} | {
        "whole, as many weights": ("whole", usual._replace(width=width)),
        "whole, restarted": ("whole", usual._replace(windows=1, restarts=told.windows)),
    }


def compare(case: Case, told: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    """All ways on one system."""
    truths = np.stack([exact(case, y, case.span) for y in case.starts])
    starts = len(case.starts)
    which = np.tile(np.arange(starts), told.seeds)
    times = np.linspace(0.0, case.span, MOMENTS + 1)
    errors: dict[str, np.ndarray] = {}
    print(f"\n{case.name}: {case.span:g} time units, {case.span / case.lyapunov:.1f} Lyapunov times")
    print(f"{told.updates} updates of {told.times} times; {starts} starts, {told.seeds} seeds each")
    for name, (way, training) in trainings(case, told).items():
        began = time.process_time()
        found = solve(problem_of(case), case.starts[which], way, training, key=jax.random.key(told.seed))
        spent = (time.process_time() - began) / len(which)
        made = [s.at(times) for s in found]
        errors[name] = np.array(
            [relative(m, truths[i], case.scale) for m, i in zip(made, which, strict=True)]
        )
        right = np.array([valid(m, truths[i], case) for m, i in zip(made, which, strict=True)])
        each = " ".join(f"{e:.2g}" for e in errors[name])
        print(
            f"  {name:22s} geometric mean {np.exp(np.log(errors[name]).mean()):.3g}; valid for {right.mean():.2f} "
            f"Lyapunov times; {found[0].weights} weights, {spent:.1f} s a run; runs {each}",
            flush=True,
        )
        shared = {
            "system": case.name,
            "kind": "run",
            "way": name,
            "weights": found[0].weights,
            "seconds": spent,
        }
        rows += [
            shared | {"run": n, "relative L2": e, "valid": v}
            for n, (e, v) in enumerate(zip(errors[name], right, strict=True))
        ]
    pairs = [("whole", way) for way in WAYS[1:]] + [(name, "marched") for name in errors if name not in WAYS]
    for worse, better in pairs:
        low, middle, high = gain_over(errors[worse], errors[better], starts)
        print(f"  error of {worse} over {better}: {middle:.3g} (95 % interval {low:.3g} to {high:.3g})")
        gain = {"kind": "gain", "way": f"{worse} over {better}", "ratio": middle, "low": low, "high": high}
        rows.append({"system": case.name} | gain)
    best = min(errors, key=lambda w: np.log(errors[w]).mean())
    said = equal_solver(case, truths, errors[best].mean())
    print(f"  classical solver of the error of {best}: {said}")
    rows.append({"system": case.name, "kind": "solver", "way": best, "told": said})


def gain_over(whole: np.ndarray, other: np.ndarray, starts: int) -> np.ndarray:
    """[lower bound, geometric mean, upper bound] of the ratio of errors [run], seed after seed of all starts."""
    gain = np.log(whole / other).reshape(-1, starts).mean(0)  # seeds of one start are no new evidence
    if starts < 2:
        return np.array([0.0, np.exp(gain.mean()), np.inf])
    half = student.ppf(0.975, starts - 1) * gain.std(ddof=1) / np.sqrt(starts)
    return np.exp([gain.mean() - half, gain.mean(), gain.mean() + half])


def learn_rho(told: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    """The inverse mode on Lorenz-63."""
    rng = np.random.default_rng(told.seed + 7)
    case = lorenz_case(1, rng)._replace(span=2.0)
    truth = exact(case, case.starts[0], case.span)
    picked = np.linspace(0, MOMENTS, 41)[1:].round().astype(int)
    values = truth[picked, :1] + 0.01 * SPREAD[0] * rng.normal(size=(len(picked), 1))
    observed = Observed(
        jnp.asarray(picked * case.span / MOMENTS, jnp.float32), jnp.asarray(values, jnp.float32), (0,)
    )
    guess = case._replace(coefficients={**LORENZ, "rho": 20.0})
    print("\nLorenz-63, rho unknown (28), first guess 20, 40 observations of x with an error of 1 %")
    training = Training(updates=told.updates, times=told.times, windows=5)
    for way in WAYS:
        found = solve(
            problem_of(guess), np.repeat(case.starts, told.inverse_seeds, 0), way, training, unknown=("rho",),
            observed=observed, key=jax.random.key(told.seed),
        )  # fmt: skip
        rho = np.array([s.learnt["rho"] for s in found])
        made = [s.at(np.linspace(0, case.span, MOMENTS + 1)) for s in found]
        error = np.mean([relative(m, truth, SPREAD) for m in made])
        print(f"  {way:8s} rho " + " ".join(f"{r:.3f}" for r in rho) + f"; error of the solution {error:.3g}")
        rows += [
            {
                "system": "Lorenz-63, rho unknown",
                "kind": "run",
                "way": way,
                "run": n,
                "relative L2": error,
                "learnt": r,
            }
            for n, r in enumerate(rho)
        ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=15000)
    parser.add_argument("--times", type=int, default=32)
    parser.add_argument("--windows", type=int, default=15)
    parser.add_argument("--starts", type=int, default=6, help="of Lorenz-63")
    parser.add_argument("--ring-starts", type=int, default=12, help="of Kuramoto-Sivashinsky")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--inverse-seeds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=["lorenz", "ks", "inverse"])
    parser.add_argument("--csv", type=Path)
    told = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name, make, starts in (("lorenz", lorenz_case, told.starts), ("ks", ring_case, told.ring_starts)):
        if told.only in (None, name):
            compare(make(starts, np.random.default_rng(told.seed)), told, rows)
    if told.only in (None, "inverse"):
        learn_rho(told, rows)
    if told.csv:
        with told.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, sorted({k for row in rows for k in row}))
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
