"""Neural differential equations with and without a penalty on the solver's labour: evaluations, time and error, by
task.

For each task, networks of several seeds are trained on observed paths with the adaptive solver, without a penalty and
with each (global: error; local: error of one step at a random time, unbiased and biased; global: stiffness), for a
ladder of strengths that fall to a tenth during the training. Of each ladder the strength with the fewest evaluations
on validation paths is taken among those whose error there is at most 1.05 of the unpenalised one; where there is none,
the one with the smallest error, and the table says so. Test paths then give the ratios to the unpenalised network of
the same seed, with 95 % intervals over the seeds (Student, of logarithms), beside the published ratios, which are of
other tasks (images, clinical records): Pal et al. (2021), arXiv 2105.03918; Pal et al. (2023), arXiv 2303.02262. Times
are of one compiled call for all test paths, so they follow the slowest path; alternated, the median counts.

`van_der_pol` is the stiff task: relaxation oscillations whose slow phases an explicit solver can only follow in steps
that its stability allows, not its accuracy. There a field with smaller rates beside the path would be cheaper at the
same error, which is what the penalty on stiffness asks for.

    python benchmarks/regularised_nde.py [--tasks spiral lorenz63 cell_cycle van_der_pol] [--seeds 5] [--updates 400]

With `--csv FILE` the table is kept, task by task (`docs/results/regularised_nde.csv` is what docs/chaos.md shows).
"""

import argparse
import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.spec.registry import build
from gnomon.training.free_run import Verdict
from gnomon.training.solver_heuristics import Solved, global_labour, local_labour, solve_path
from gnomon.training.trainer import Recipe, Stage, fit_weights

jax.config.update("jax_platforms", "cpu")

PENALTIES = ("global error", "local unbiased", "local biased", "global stiffness")
LADDER = {"stiffness": (1e-2,), "error": (1e-2, 1e-1)}
EQUAL = 1.05
PUBLISHED = "published: evaluations 0.556 - 0.733, prediction 1.3 - 2 times faster (time ratio 0.5 - 0.77)"
# task -> spacing of its observations (in steps of the world), steps of a path
TASKS = {"spiral": (0.1, 15), "lorenz63": (4, 6), "cell_cycle": (3, 8), "van_der_pol": (1.0, 8)}
MOST = 40  # solver steps allowed for an observation step
DAMPING = 15.0  # of van der Pol's oscillator: a period is 1.6 times it, the slow phase's largest rate 3 times


class Case(NamedTuple):
    """[path, moment, component] standardised, for training, validation and test; and what the network is fed with."""

    train: Array
    validation: Array
    test: Array
    power: int


class Network(eqx.Module):
    """tanh layers, 2 x width, as a rate of change in units of a step; fed with cubes where `power` is 3."""

    power: int = eqx.field(static=True)
    weights: list[Array]
    biases: list[Array]

    def __init__(self, size: int, width: int, power: int, *, key: PRNGKeyArray):
        self.power = power
        sizes = (size, width, width, size)
        keys = jax.random.split(key, 3)
        pairs = list(zip(sizes[:-1], sizes[1:], keys, strict=True))
        self.weights = [jax.random.normal(k, (a, b), jnp.float32) / np.float32(a**0.5) for a, b, k in pairs]
        self.weights[-1] = self.weights[-1] * 0.3
        self.biases = [jnp.zeros(b, jnp.float32) for b in sizes[1:]]

    def __call__(self, time: Any, state: Array, args: None) -> Array:
        """The rate."""
        h = state**self.power
        for w, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = jnp.tanh(h @ w + b)
        return h @ self.weights[-1] + self.biases[-1]


class Loss(eqx.Module):
    """Mean squared error along the path and the penalty."""

    strength: Array
    penalty: str = eqx.field(static=True)
    tolerance: float = eqx.field(static=True)

    def __call__(
        self, model: Network, memory: Any, data: Array, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` are indices of paths."""

        def one(path: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
            steps = path.shape[0] - 1
            solved = solve_path(
                model, path[0], steps, tolerance=self.tolerance, most=MOST * steps, trained=True
            )
            return jnp.mean((solved.states - path[1:]) ** 2), self.labour(model, solved, key=key)

        errors, penalties = jax.vmap(one)(data[rows], jax.random.split(key, rows.shape[0]))
        return jnp.mean(errors) + self.strength * 0.1**progress * jnp.mean(penalties), memory

    def labour(self, model: Network, solved: Solved, *, key: PRNGKeyArray) -> Array:
        """What is penalised."""
        if self.penalty == "none":
            return jnp.zeros(())
        if self.penalty.startswith("global"):
            told = global_labour(model, solved, self.tolerance)
            return told.error if self.penalty == "global error" else told.stiffness
        return local_labour(
            model, solved, self.tolerance, biased="unbiased" not in self.penalty, key=key
        ).error


def spiral(count: int, steps: int, spacing: float, rng: np.random.Generator) -> np.ndarray:
    """y' = A y^3 (elementwise), the task of Chen et al. (2018), from starts around (2, 0)."""
    matrix = np.asarray([[-0.1, 2.0], [-2.0, -0.1]])
    start = np.asarray([2.0, 0.0]) + rng.normal(0, 0.25, (count, 2))
    return paths_of(lambda y: (y**3) @ matrix.T, start, steps, spacing, inner=200)


def relaxation(count: int, steps: int, spacing: float, rng: np.random.Generator) -> np.ndarray:
    """x' = m (x - x^3 / 3 - y), y' = x / m: van der Pol's oscillator in Lienard's plane, at all phases of its cycle."""

    def rate(u: np.ndarray) -> np.ndarray:
        x, y = u.T
        return np.stack([DAMPING * (x - x**3 / 3 - y), x / DAMPING], axis=1)

    # one orbit on the cycle, seen at random times, gives starts at all phases; each moved off the cycle a little
    cycle = paths_of(rate, np.asarray([[2.0, 0.0]]), 400, 0.1, inner=20)[0, 50:]
    start = cycle[rng.integers(0, len(cycle), count)] + rng.normal(0, [0.2, 0.05], (count, 2))
    return paths_of(rate, start, steps, spacing, inner=200)


def paths_of(
    rate: Callable[[np.ndarray], np.ndarray], start: np.ndarray, steps: int, spacing: float, *, inner: int
) -> np.ndarray:
    """[path, moment, component] by fourth-order steps, so many between two moments."""
    y, out, h = start, [start], spacing / inner
    for _ in range(steps):
        for _ in range(inner):
            k1 = rate(y)
            k2 = rate(y + h / 2 * k1)
            k3 = rate(y + h / 2 * k2)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(y + h * k3))
        out.append(y)
    return np.stack(out, axis=1)


def orbits(name: str, count: int, steps: int, every: int) -> np.ndarray:
    """Paths of a world at its default knob, on its attractor."""
    world = build("worlds", name, {})
    knob = world.card.knobs[0]
    forcing = Forcing({knob.name: jnp.zeros(1)}, {knob.name: jnp.full(1, knob.default)})
    spin = int(np.ceil(world.card.spinup / world.card.dt))

    def one(key: PRNGKeyArray) -> Array:
        def step(state: Any, n: Array) -> tuple[Any, Array]:
            obs = world.observe(state)
            new = world.step(state, forcing, time=0.0, key=key)
            return new, jnp.stack([obs[v.name] for v in world.card.variables])

        # starts a few steps apart, so that paths of a periodic phase are not all alike
        state, _ = jax.lax.scan(step, world.init(key=key), jnp.arange(spin))
        return jax.lax.scan(step, state, jnp.arange(40 * steps * every))[1]

    runs = np.asarray(jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(0), -(-count // 40))))
    long = runs[:, ::every]
    return long.reshape(-1, steps, long.shape[-1])[:count]


MADE_HERE = {"spiral": spiral, "van_der_pol": relaxation}  # the other tasks are worlds


def case_of(task: str, paths: int) -> Case:
    """Standardised by the training paths."""
    spacing, steps = TASKS[task]
    count = paths + 256
    if task in MADE_HERE:
        y = MADE_HERE[task](count, steps, spacing, np.random.default_rng(0))
    else:
        y = orbits(task, count, steps + 1, int(spacing))
        y = y[np.random.default_rng(0).permutation(len(y))]
    y = (y - y[:paths].mean((0, 1))) / y[:paths].std((0, 1))
    y = jnp.asarray(y, jnp.float32)
    # the spiral's network sees cubes in the papers' code as well
    power = 3 if task == "spiral" else 1
    return Case(y[:paths], y[paths : paths + 128], y[paths + 128 :], power)


@eqx.filter_jit
def predict(model: Network, paths: Array, tolerance: float) -> tuple[Array, Array]:
    """Root mean square error over all paths, and mean evaluations."""

    def one(path: Array) -> tuple[Array, Array]:
        steps = path.shape[0] - 1
        solved = solve_path(model, path[0], steps, tolerance=tolerance, most=MOST * steps)
        return jnp.mean((solved.states - path[1:]) ** 2), solved.evaluations

    errors, evaluations = jax.vmap(one)(paths)
    return jnp.sqrt(jnp.mean(errors)), jnp.mean(evaluations)


def train(
    case: Case, penalty: str, strength: float, seeds: int, updates: int, tolerance: float, width: int
) -> list[Network]:
    """One network a seed."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return jnp.asarray(rng.integers(0, len(case.train), (*shape, 16)), jnp.int32)

    def judge(model: Network) -> Verdict:
        return Verdict(0.0, 0.0, 0.0)  # the last snapshot is wanted: the penalty has had its time

    loss = Loss(jnp.float32(strength), penalty, tolerance)
    keys = jax.random.split(jax.random.key(1), seeds)
    models = [Network(case.train.shape[-1], width, case.power, key=k) for k in keys]
    stage = Stage(loss, draw, updates, 1)
    trained = fit_weights(
        models, [stage], case.train, judge, Recipe(rate=5e-3, final=0.01), key=jax.random.key(2)
    )
    return [t.model for t in trained]


def told(models: list[Network], paths: Array, tolerance: float) -> np.ndarray:
    """[seed, 2] error and evaluations."""
    return np.asarray([[float(x) for x in predict(m, paths, tolerance)] for m in models])


def seconds(
    groups: dict[str, list[Network]], paths: Array, tolerance: float, rounds: int = 15
) -> dict[str, np.ndarray]:
    """[seed] median wall seconds of one prediction of all paths, all groups alternately."""
    taken: dict[str, list[list[float]]] = {name: [[] for _ in models] for name, models in groups.items()}
    for _ in range(rounds):
        for name, models in groups.items():
            for i, model in enumerate(models):
                begin = time.perf_counter()
                jax.block_until_ready(predict(model, paths, tolerance))
                taken[name][i].append(time.perf_counter() - begin)
    return {name: np.median(np.asarray(t), axis=1) for name, t in taken.items()}


def interval(ratios: np.ndarray) -> str:
    """Geometric mean and its 95 % interval over seeds."""
    logs = np.log(ratios)
    half = scipy.stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    middle = logs.mean()
    return f"{np.exp(middle):5.3f} [{np.exp(middle - half):5.3f}, {np.exp(middle + half):5.3f}]"


def run(task: str, seeds: int, updates: int, tolerance: float, width: int) -> list[dict[str, str]]:
    """One task: trainings, choice of strengths, table; a row for each penalty."""
    case = case_of(task, 1024)
    plain = train(case, "none", 0.0, seeds, updates, tolerance, width)
    base = told(plain, case.validation, tolerance)
    print(
        f"\n{task}: no penalty: error {base[:, 0].mean():.4f}, evaluations {base[:, 1].mean():.1f}",
        flush=True,
    )
    chosen, notes = {"none": plain}, {}
    for penalty in PENALTIES:
        rows = []
        for strength in LADDER["stiffness" if "stiff" in penalty else "error"]:
            begin = time.perf_counter()
            models = train(case, penalty, strength, seeds, updates, tolerance, width)
            ratios = np.exp(np.log(told(models, case.validation, tolerance) / base).mean(0))
            error, count = float(ratios[0]), float(ratios[1])
            took = time.perf_counter() - begin
            line = f"{penalty} {strength:g}: error x {error:.3f}, evaluations x {count:.3f} ({took:.0f} s)"
            print(f"  {line}", flush=True)
            rows.append((error > EQUAL, count if error <= EQUAL else error, strength, models))
        worse, _, strength, models = min(rows, key=lambda r: r[:2])
        chosen[penalty], notes[penalty] = (
            models,
            f"strength {strength:g}" + (", ERROR NOT EQUAL" if worse else ""),
        )
    clock = seconds(chosen, case.test, tolerance)
    final = {name: told(models, case.test, tolerance) for name, models in chosen.items()}
    print(f"{task} on test paths, ratio to no penalty, {seeds} seeds; {PUBLISHED}")
    table = []
    for name in PENALTIES:
        parts = [interval(final[name][:, i] / final["none"][:, i]) for i in (1, 0)]
        times = interval(clock[name] / clock["none"])
        print(
            f"  {name:17s} evaluations {parts[0]}  time {times}  error {parts[1]}  ({notes[name]})",
            flush=True,
        )
        strength, _, unequal = notes[name].removeprefix("strength ").partition(",")
        table.append({
            "task": task, "penalty": name, "strength": strength, "evaluations": parts[0].strip(),
            "time": times.strip(), "error": parts[1].strip(), "equal": "no" if unequal else "yes",
            "seeds": str(seeds), "updates": str(updates),
        })  # fmt: skip
    return table


def keep(path: Path, tasks: list[str], rows: list[dict[str, str]]) -> None:
    """Put the rows of these tasks in the place of what the file holds of them."""
    held: list[dict[str, str]] = []
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            held = [r for r in csv.DictReader(file) if r["task"] not in tasks]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(held + rows)


def main() -> int:
    """Run the tasks asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=400)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()
    for task in args.tasks:
        rows = run(task, args.seeds, args.updates, args.tolerance, args.width)
        if args.csv is not None:
            keep(args.csv, [task], rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
