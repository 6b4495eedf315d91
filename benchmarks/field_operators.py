"""Neural operators on a reduced Navier-Stokes set: LSM, FNO, U-Net, refiner, DeepONet, kernels, attention.

The registered world `navier_stokes` (Kolmogorov flow), solved on 48^2 points and seen on 24^2; its truth is the world
itself, and the benchmark stops where `health` says that a test state is not resolved. From one frame to the ten next by
repeated application; the error is relative L2 over the ten frames together, as in Wu and others (2023), arXiv
2301.12664. (There: a viscosity of 1e-5, 64^2 points, ten frames in, 1000 trajectories, 501 epochs; LSM 0.1535, FNO
0.1556, U-Net 0.1982, DeepONet 0.2972.) Here one frame goes in, which holds all but the shortest waves. The networks are
those of the registered learners without their frame: they predict the standardised change over one frame, with the
relative L2 of two frames in a row as loss, and get the same updates, minibatches and rates. Their widths make their
weights comparable; a DeepONet of such a size is starved by its first layer, so a wide one stands beside it. LSM's
patches have 3 points a side: 4 do not fit the third grid of 24 points and shrink (4, 4, 3); LSM then knows no shift.
The refiner is the U-Net of the row above it, which also sees a noisy increment and the number of the pass, with the
learner's own loss (its first pass has that of all others; every example also trains one of three further passes) and
smallest level. It calls its network four times a frame, an update is one call more than the U-Net's, and what is scored
is one draw for each case, not a mean of draws.

Beside them: persistence, a linear map of all points (ridge, chosen by rollouts on validation runs), the twin (the world
from a start with its declared observation error: the ceiling), the truth on twice the grid (its own error) and, for
each network, the classical solver: the same equation from the same frame on a coarser grid and in longer steps, the
cheapest of those tried with at most that network's error. Costs are processor seconds of ten frames in a batch of all
test cases; breakeven is the number of solves from which data, training and network together are cheaper than that
solver.

Intervals (95 %, bootstrap-t) are over test cases, each the mean over seeds; the gaps of LSM and U-Net to FNO and of the
refiner to the U-Net are paired by case.
Equal updates are not equal cost: what the training of each took is printed, and `--only fourier_operator --updates N`
gives one network as much time as another had. With `--only` the rows of these networks alone are put into a table that
is there, if its plan is the same; solvers are then measured anew for them, and stand in their rows.

    python benchmarks/field_operators.py [--updates 2000] [--seeds 2] [--train 40] [--test 24] [--only NAME ...]
                                         [--csv FILE]
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
from field_operator_set import (
    DT,
    FRAMES,
    GRID,
    LENGTH,
    POINTS,
    VISCOSITY,
    Set,
    Solver,
    breakeven,
    cost,
    equal_solver,
    make,
    on_twice_the_grid,
    options,
    relative,
    solvers,
    twin,
    world_of,
)
from jaxtyping import Array

from gnomon.inference.bootstrap import estimate
from gnomon.learners.attention_operator import new_attention_network
from gnomon.learners.deep_operator import new_operator_network
from gnomon.learners.fourier_operator import new_fourier_network
from gnomon.learners.kernel_operator import new_kernel_network
from gnomon.learners.latent_spectral import new_latent_network
from gnomon.learners.refiner import (
    LARGEST,
    PUBLISHED,
    RefinerNetwork,
    falling_sizes,
    new_refiner_network,
    refined,
)
from gnomon.learners.unet import new_u_network
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.ridge import ridge_path
from gnomon.spec.results import Estimate
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, Stage, fit_weights

jax.config.update("jax_platforms", "cpu")

BATCH, UNROLL = 4, 2
PASSES = 3  # of the refiner after its first
GAPS = (("latent_spectral", "fourier_operator"), ("unet", "fourier_operator"), ("refiner", "unet"))
HEADS: tuple[str, ...] = (
    "name", "kind", "error", "low", "high", "weights", "solve_seconds", "training_seconds", "solver", "solver_error",
    "solver_seconds", "breakeven", "plan",
)  # fmt: skip


class Row(NamedTuple):
    """One line of the table; what a row has nothing to say of is None."""

    name: str
    kind: str
    error: Estimate
    weights: int | None = None
    solve: float | None = None
    training: float | None = None
    solver: Solver | None = None
    breakeven: float | None = None


class Emulator(eqx.Module):
    """w + spread * network(w / size, pattern)."""

    pattern: Array
    size: Array
    spread: Array

    def told(self, w: Array) -> Array:
        """[site, 2] what a network sees of [y, x]."""
        return jnp.stack([w.ravel() / self.size, self.pattern], axis=1)

    def __call__(self, network: Any, w: Array) -> Array:
        """[y, x] one frame later."""
        return w + self.spread * network(Geometry("plane", w.shape), self.told(w)).reshape(w.shape)

    def run(self, network: Any, start: Array, count: int) -> Array:
        """[run, frame, y, x] of [run, y, x]."""

        def one(w: Array) -> Array:
            def step(w: Array, _: Any) -> tuple[Array, Array]:
                new = self(network, w)
                return new, new

            return jax.lax.scan(step, w, length=count)[1]

        return jax.vmap(one)(start)


class RefinedEmulator(Emulator):
    """The same with a drawn increment; every call draws the same noise."""

    sizes: Array

    def run(self, network: Any, start: Array, count: int) -> Array:
        """One draw of [run, frame, y, x] of [run, y, x]."""
        geometry = Geometry("plane", start.shape[1:])

        def one(w: Array, key: Array) -> Array:
            def step(w: Array, key: Array) -> tuple[Array, Array]:
                increment = refined(network, geometry, self.told(w), self.sizes, key=key)
                new = w + self.spread * increment.reshape(w.shape)
                return new, new

            return jax.lax.scan(step, w, jax.random.split(key, count))[1]

        return jax.vmap(one)(start, jax.random.split(jax.random.key(0), len(start)))


class RelativeLoss(eqx.Module):
    """Mean relative L2 of some frames in a row."""

    emulator: Emulator

    def __call__(
        self, model: Any, memory: Any, data: Array, rows: Array, progress: Array, key: Array
    ) -> tuple[Array, Any]:
        """`rows` are [example, 2] run and frame."""
        windows = jax.vmap(
            lambda r: jax.lax.dynamic_slice(data, (r[0], r[1], 0, 0), (1, UNROLL + 1, *data.shape[2:]))[0]
        )(rows)
        made = self.emulator.run(model, windows[:, 0], UNROLL)
        gap = jnp.sqrt(jnp.sum((made - windows[:, 1:]) ** 2, (2, 3)) / jnp.sum(windows[:, 1:] ** 2, (2, 3)))
        return gap.mean(), memory


class RefinementLoss(eqx.Module):
    """Of the first pass, and the squared error of the noise that another is to find; all passes count alike."""

    first: RelativeLoss
    sizes: Array

    def __call__(
        self, model: RefinerNetwork, memory: Any, data: Array, rows: Array, progress: Array, key: Array
    ) -> tuple[Array, Any]:
        """`rows` are [example, 2] run and frame."""
        first, memory = self.first(model, memory, data, rows, progress, key)
        passes = len(self.sizes)
        found = jax.vmap(lambda r, k: self._missed(model, data, r, k))(rows, jax.random.split(key, len(rows)))
        return (first + passes * found.mean()) / (1 + passes), memory

    def _missed(self, model: RefinerNetwork, data: Array, at: Array, key: Array) -> Array:
        """Of one frame and one pass."""
        emulator, (which, drawn) = self.first.emulator, jax.random.split(key)
        before, after = jax.lax.dynamic_slice(data, (at[0], at[1], 0, 0), (1, 2, *data.shape[2:]))[0]
        number = jax.random.randint(which, (), 1, len(self.sizes) + 1)
        increment = ((after - before) / emulator.spread).reshape(-1, 1)
        noise = jax.random.normal(drawn, increment.shape, increment.dtype)
        noisy = increment + self.sizes[number - 1] * noise
        made = model.noise(Geometry("plane", before.shape), emulator.told(before), noisy, number)
        return jnp.mean((made - noise) ** 2)


def emulators_of(data: Set) -> tuple[Emulator, RefinedEmulator]:
    """The plain one, and that of the refiner, whose smallest level is the observation error of an increment."""
    card = world_of().card
    pattern = np.asarray(card.knobs[0].pattern)
    change = np.diff(data.train, axis=1).std()
    smallest = np.clip(np.sqrt(2) * card.variables[0].obs_error / change, PUBLISHED, LARGEST)
    parts = (pattern / pattern.std(), data.train.std(), change, falling_sizes(PASSES, float(smallest)))
    parts = [jnp.asarray(p, jnp.float32) for p in parts]
    return Emulator(*parts[:3]), RefinedEmulator(*parts)


def networks(geometry: Geometry) -> dict[str, Callable[[np.random.Generator], Any]]:
    """Name -> how one is drawn."""
    return {
        "latent_spectral": lambda r: new_latent_network(
            geometry, 2, 1, r, width=8, levels=2, heads=4, tokens=4, bases=12, patch=3
        ),
        "fourier_operator": lambda r: new_fourier_network(geometry, 2, 1, r, width=8, depth=4, modes=6),
        "unet": lambda r: new_u_network(geometry, 2, 1, r, width=8, levels=2),
        "refiner": lambda r: new_refiner_network(geometry, 2, 1, r, width=8, levels=2, passes=PASSES),
        "kernel_operator": lambda r: new_kernel_network(
            geometry, 2, 1, r, width=16, depth=4, reach=0.0, bumps=5
        ),
        "attention_operator": lambda r: new_attention_network(
            geometry, 2, 1, r, width=48, depth=2, heads=2, waves=2
        ),
        "deep_operator": lambda r: new_operator_network(
            geometry, 2, 1, r, width=24, depth=3, rank=48, waves=4, multi=False
        ),
        "deep_operator, multi": lambda r: new_operator_network(
            geometry, 2, 1, r, width=24, depth=3, rank=1, waves=4, multi=True
        ),
        "deep_operator, wide": lambda r: new_operator_network(
            geometry, 2, 1, r, width=128, depth=3, rank=128, waves=6, multi=False
        ),
    }


def train(
    told: argparse.Namespace, data: Set, emulator: Emulator, loss: Any, name: str, draw_one: Any
) -> list[Any]:
    """One network a seed, its best snapshot by rollouts on the validation runs."""
    run = eqx.filter_jit(emulator.run)
    held = jnp.asarray(data.held)

    def judge(model: Any) -> Verdict:
        return Verdict(
            0.0, float(relative(run(model, held[:, 0], FRAMES), held[:, 1 : FRAMES + 1]).mean()), 0.0
        )

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        which = rng.integers(0, len(data.train), (*shape, BATCH))
        frame = rng.integers(0, LENGTH - UNROLL, (*shape, BATCH))
        return jnp.asarray(np.stack([which, frame], -1), jnp.int32)

    models = [draw_one(np.random.default_rng(told.seed + n)) for n in range(told.seeds)]
    stage = Stage(loss, draw, told.updates, min(4, told.updates))
    recipe = Recipe(rate=told.rate, warm_up=0.02, decay=1e-5)
    trained = fit_weights(
        models, (stage,), jnp.asarray(data.train), judge, recipe, name=name, key=jax.random.key(told.seed)
    )
    return [seed.model for seed in trained]


def linear(data: Set) -> tuple[np.ndarray, float]:
    """[case] error of the best ridge map of all points, and its cost."""
    flat = data.train.reshape(*data.train.shape[:2], -1).astype(float)
    path = ridge_path(
        flat[:, :-1].reshape(-1, flat.shape[-1]),
        flat[:, 1:].reshape(-1, flat.shape[-1]),
        (1e-4, 1e-3, 1e-2, 0.1, 1.0),
    )

    def run(w: np.ndarray, weights: np.ndarray, level: np.ndarray) -> np.ndarray:
        made = [w.reshape(len(w), -1).astype(float)]
        for _ in range(FRAMES):
            made.append(made[-1] @ weights + level)
        return np.stack(made[1:], 1).reshape(len(w), FRAMES, *w.shape[1:])

    best = min(path, key=lambda p: relative(run(data.held[:, 0], *p), data.held[:, 1 : FRAMES + 1]).mean())
    test = data.test[:, 0]
    return relative(run(test, *best), data.test[:, 1:]), cost(lambda: run(test, *best), len(test))


def shown(found: Estimate) -> str:
    low, high = ("?" if x is None else f"{x:.4f}" for x in (found.low, found.high))
    return f"{found.value:.4f} ({low} to {high})"


def network_rows(
    told: argparse.Namespace, data: Set, tried: list[Solver]
) -> tuple[list[Row], dict[str, np.ndarray]]:
    """Every network with the solver of its error, and its error in each case."""
    (plain, refining), rows, errors = emulators_of(data), [], {}
    loss, start = RelativeLoss(plain), jnp.asarray(data.test[:, 0])
    every = networks(Geometry("plane", (POINTS, POINTS)))
    for name in told.only or every:
        emulator, own_loss = (
            (refining, RefinementLoss(loss, refining.sizes)) if name == "refiner" else (plain, loss)
        )
        run, began = eqx.filter_jit(emulator.run), time.process_time()
        models = train(told, data, emulator, own_loss, name, every[name])
        spent = (time.process_time() - began) / told.seeds
        seeds = np.stack([relative(run(m, start, FRAMES), data.test[:, 1:]) for m in models])
        errors[name] = seeds.mean(0)
        own = cost(lambda m=models[0], run=run: run(m, start, FRAMES), len(start))
        count = sum(x.size for x in jax.tree.leaves(eqx.filter(models[0], eqx.is_inexact_array)))
        solver = equal_solver(tried, errors[name].mean())
        even = breakeven(solver, own, data.seconds + spent)
        rows.append(Row(name, "network", estimate(errors[name], seed=0), count, own, spent, solver, even))
        print(
            f"{name:22s} {shown(rows[-1].error)}  seeds {' '.join(f'{e:.4f}' for e in seeds.mean(1))}; {count} "
            f"weights, {own * 1e3:.2f} ms a solve, training {spent:.0f} s\n{'':22s} {beside(rows[-1])}",
            flush=True,
        )
    return rows, errors


def beside(row: Row) -> str:
    """The solver of equal error, and whether the network pays for itself."""
    if row.solver is None:
        return "no solver that was tried is as good"
    even = (
        "no breakeven: it is cheaper"
        if row.breakeven is None
        else f"breakeven after {row.breakeven:.2g} solves"
    )
    return f"{row.solver.name}: error {row.solver.cases.mean():.4f}, {row.solver.paid * 1e3:.2f} ms a solve; {even}"


def line_of(r: Row, plan: str) -> dict[str, str]:
    """Of the file, with the plan in every one."""

    def number(x: float | None) -> str:
        return "" if x is None else f"{x:.6g}"

    solver = (
        ("", "", "")
        if r.solver is None
        else (r.solver.name, number(r.solver.cases.mean()), number(r.solver.paid))
    )
    numbers = (r.error.value, r.error.low, r.error.high, r.weights, r.solve, r.training)
    cells = [r.name, r.kind, *(number(x) for x in numbers), *solver, number(r.breakeven), plan]
    return dict(zip(HEADS, cells, strict=True))


def kept(told: argparse.Namespace, plan: str) -> list[dict[str, str]]:
    """Lines of a table that is there and stays, where only some networks are asked for."""
    if not (told.only and told.csv and told.csv.exists()):
        return []
    with told.csv.open(newline="") as file:
        lines = list(csv.DictReader(file))
    others = {one["plan"].partition("; data")[0] for one in lines} - {plan}
    if others:
        raise SystemExit(f"{told.csv} holds rows of another plan: {'; '.join(sorted(others))}")
    return lines


def write(path: Path, old: list[dict[str, str]], new: list[dict[str, str]]) -> None:
    """New lines in the place of old ones of the same name; networks first, in the order of `networks`.

    An old gap goes where one of its two networks has another error now.
    """
    were = {one["name"]: one["error"] for one in old}
    changed = {one["name"] for one in new if one["error"] != were.get(one["name"], one["error"])}
    old = [x for x in old if x["kind"] != "gap" or changed.isdisjoint(x["name"].split(" minus "))]
    lines = {one["name"]: one for one in (*old, *new)}
    order = list(networks(Geometry("plane", (POINTS, POINTS))))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADS)
        writer.writeheader()
        writer.writerows(sorted(lines.values(), key=lambda x: ([*order, x["name"]]).index(x["name"])))


def baselines(told: argparse.Namespace, data: Set) -> list[Row]:
    """What stands beside all networks but the solvers."""
    ridge, ridge_cost = linear(data)
    still = relative(np.repeat(data.test[:, :1], FRAMES, 1), data.test[:, 1:])
    rows = [
        Row("persistence", "baseline", estimate(still, seed=0)),
        Row("linear", "baseline", estimate(ridge, seed=0), solve=ridge_cost),
        Row("twin", "ceiling", estimate(twin(told, data), seed=0)),
        Row("truth on twice the grid", "truth", estimate(on_twice_the_grid(data), seed=0)),
    ]
    for row in rows:
        print(f"{row.name:22s} {shown(row.error)}", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=2000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rate", type=float, default=3e-3)
    options(parser)
    parser.add_argument("--only", nargs="+", help="names of networks; all where none is given")
    parser.add_argument("--csv", type=Path)
    told = parser.parse_args()
    plan = (
        f"navier_stokes, {GRID}^2 points seen on {POINTS}^2, viscosity {VISCOSITY}, frames {DT} apart; {told.train} "
        f"runs of {LENGTH} frames, {told.test} test cases of {FRAMES}; {told.updates} updates of {BATCH} x {UNROLL} "
        f"frames, {told.seeds} seeds"
    )
    unusual = [k for k in ("rate", "seed") if getattr(told, k) != parser.get_default(k)]
    plan = ", ".join([plan, *(f"{k} {getattr(told, k):g}" for k in unusual)])
    print(plan, flush=True)
    old = kept(told, plan)
    data = make(told)
    rows = [] if old else baselines(told, data)
    tried = solvers(data)
    for one in tried:
        print(f"{one.name}: {one.cases.mean():.4f}, {one.paid * 1e3:.2f} ms a solve", flush=True)
    found, errors = network_rows(told, data, tried)
    beaten = [Row(s.name, "solver", estimate(s.cases, seed=0), solve=s.paid) for s in tried]
    rows = found + ([] if old else rows + beaten)
    for other, beside_it in GAPS:
        if {other, beside_it} <= errors.keys():
            gap = estimate(errors[other] - errors[beside_it], seed=0)
            rows.append(Row(f"{other} minus {beside_it}", "gap", gap))
            print(f"{rows[-1].name}: {shown(gap)}")
    print(f"data {data.seconds:.0f} s of processor time")
    if told.csv:
        write(told.csv, old, [line_of(r, f"{plan}; data {data.seconds:.0f} s") for r in rows])


if __name__ == "__main__":
    main()
