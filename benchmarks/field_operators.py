"""Neural operators on a reduced Navier-Stokes set: LSM, FNO, U-Net, DeepONet and MultiONet, beside what they must beat.

The registered world `navier_stokes` (Kolmogorov flow) on a small grid; its truth is the world itself. From one state
to the ten next frames by repeated application; the error is relative L2 over the ten frames together, as in Wu and
others (2023), arXiv 2301.12664. (There: a viscosity of 1e-5, 64^2 points, ten frames in, 1000 trajectories, 501 epochs;
LSM 0.1535, FNO 0.1556, U-Net 0.1982, DeepONet 0.2972.) Here the state is Markov, so one frame goes in. The networks are
those of the registered learners without their frame: they predict the standardised change over one frame, with the
relative L2 of two frames in a row as loss, and get the same updates, minibatches and rates. Their widths make their
weights comparable; a DeepONet of such a size is starved by its first layer, so a wide one stands beside it. LSM's
patches have 3 points a side: 4 do not fit the third grid of 24 points and shrink (4, 4, 3); LSM then knows no shift.

Beside them: persistence, a linear map of all points (ridge, chosen by rollouts on validation runs), the twin (the world
from a start with its declared observation error) and the classical solver: the same equation on a coarser grid and in
longer steps, the cheapest with at most the best network's error. Costs are processor seconds of ten frames in a batch
of all test cases; breakeven is the number of solves from which data, training and network together are cheaper.

Intervals (95 %, bootstrap-t) are over test cases, each the mean over seeds; the two gaps to FNO are paired by case.
Equal updates are not equal cost: what the training of each took is printed, and `--only fourier_operator --updates N`
gives one network as much time as another had.

    python benchmarks/field_operators.py [--updates 400] [--seeds 2] [--grid 24] [--train 40] [--test 24] [--csv FILE]
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
from jaxtyping import Array

from gnomon.core.forcing import Forcing
from gnomon.inference.bootstrap import estimate
from gnomon.learners.deep_operator import new_operator_network
from gnomon.learners.fourier_operator import new_fourier_network
from gnomon.learners.latent_spectral import new_latent_network
from gnomon.learners.unet import new_u_network
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.ridge import ridge_path
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, Stage, fit_weights
from gnomon.worlds.field.navier_stokes import NavierStokes

jax.config.update("jax_platforms", "cpu")

FRAMES, LENGTH, SPIN, VALIDATION = 10, 24, 80, 4
VISCOSITY, DT, SUBSTEPS, BATCH, UNROLL = 0.02, 0.5, 12, 4, 2


class Set(NamedTuple):
    """[run, frame, y, x] and what it cost to make."""

    train: np.ndarray
    held: np.ndarray
    test: np.ndarray
    seconds: float


def world_of(grid: int, substeps: int = SUBSTEPS) -> NavierStokes:
    return NavierStokes(grid=grid, viscosity=VISCOSITY, dt=DT, substeps=substeps)


def calm(world: NavierStokes) -> Forcing:
    """Every knob at its default."""
    values = {k.name: jnp.full(1, k.default) for k in world.card.knobs}
    return Forcing(times={k: jnp.zeros(1) for k in values}, values=values)


@eqx.filter_jit
def frames(world: NavierStokes, start: Array, count: int) -> Array:
    """[run, frame, y, x] after `start` [run, y, x]."""
    forcing, key = calm(world), jax.random.key(0)

    def step(state: Array, _: Any) -> tuple[Array, Array]:
        new = world.step(state, forcing, time=0.0, key=key)
        return new, world.observe(new)["w"]

    return jax.vmap(lambda w: jax.lax.scan(step, w[None], length=count)[1])(start)


def make(told: argparse.Namespace) -> Set:
    """Runs of the world after a spin-up, in single precision."""
    world, began = world_of(told.grid), time.process_time()
    count = told.train + VALIDATION + told.test
    keys = jax.random.split(jax.random.key(told.seed), count)
    start = jax.vmap(lambda k: world.observe(world.init(key=k))["w"])(keys)
    start = frames(world, start, SPIN)[:, -1]
    runs = np.asarray(frames(world, start, LENGTH), np.float32)
    spent = (time.process_time() - began) * (told.train + VALIDATION) / count
    held = told.train + VALIDATION
    return Set(runs[: told.train], runs[told.train : held], runs[held:, : FRAMES + 1], spent)


def relative(made: Any, truth: Any) -> np.ndarray:
    """[run] |error| / |truth| over all frames; what is not finite counts as two."""
    made, truth = (np.asarray(x, float).reshape(len(x), -1) for x in (made, truth))
    found = np.linalg.norm(made - truth, axis=1) / np.linalg.norm(truth, axis=1)
    return np.where(np.isfinite(found), np.minimum(found, 2.0), 2.0)


class Emulator(eqx.Module):
    """w + spread * network(w / size, pattern)."""

    pattern: Array
    size: Array
    spread: Array

    def __call__(self, network: Any, w: Array) -> Array:
        """[y, x] one frame later."""
        x = jnp.stack([w.ravel() / self.size, self.pattern], axis=1)
        return w + self.spread * network(Geometry("plane", w.shape), x).reshape(w.shape)

    def run(self, network: Any, start: Array, count: int) -> Array:
        """[run, frame, y, x] of [run, y, x]."""

        def one(w: Array) -> Array:
            def step(w: Array, _: Any) -> tuple[Array, Array]:
                new = self(network, w)
                return new, new

            return jax.lax.scan(step, w, length=count)[1]

        return jax.vmap(one)(start)


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


def emulator_of(data: Set, told: argparse.Namespace) -> Emulator:
    pattern = np.asarray(world_of(told.grid).card.knobs[0].pattern)
    change = np.diff(data.train, axis=1).std()
    parts = (pattern / pattern.std(), data.train.std(), change)
    return Emulator(*(jnp.asarray(p, jnp.float32) for p in parts))


def networks(geometry: Geometry) -> dict[str, Callable[[np.random.Generator], Any]]:
    """Name -> how one is drawn."""
    return {
        "latent_spectral": lambda r: new_latent_network(
            geometry, 2, 1, r, width=8, levels=2, heads=4, tokens=4, bases=12, patch=3
        ),
        "fourier_operator": lambda r: new_fourier_network(geometry, 2, 1, r, width=8, depth=4, modes=6),
        "unet": lambda r: new_u_network(geometry, 2, 1, r, width=8, levels=2),
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


def train(told: argparse.Namespace, data: Set, emulator: Emulator, name: str, draw_one: Any) -> list[Any]:
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
    stage = Stage(RelativeLoss(emulator), draw, told.updates, min(4, told.updates))
    recipe = Recipe(rate=told.rate, warm_up=0.02, decay=1e-5)
    trained = fit_weights(
        models, (stage,), jnp.asarray(data.train), judge, recipe, name=name, key=jax.random.key(told.seed)
    )
    return [seed.model for seed in trained]


def cost(run: Callable[[], Any], solves: int) -> float:
    """Processor seconds of one solve: the least of some repeats, compiled before."""
    jax.block_until_ready(run())
    spent = []
    for _ in range(3):
        began = time.process_time()
        jax.block_until_ready(run())
        spent.append(time.process_time() - began)
    return max(min(spent), 1e-9) / solves


def regridded(w: Array, grid: int) -> Array:
    """[..., y, x] on another grid, by Fourier: waves that both hold, without the shorter one's last."""
    old = w.shape[-1]
    waves = jnp.fft.fft2(w, norm="forward")
    half = (min(old, grid) - 1) // 2
    k = np.arange(-half, half + 1)
    picked = waves[..., (k % old)[:, None], k % old]
    out = jnp.zeros((*w.shape[:-2], grid, grid), waves.dtype)
    return jnp.fft.ifft2(out.at[..., (k % grid)[:, None], k % grid].set(picked), norm="forward").real


def equal_solver(told: argparse.Namespace, data: Set, error: float) -> tuple[str, np.ndarray | None, float]:
    """The cheapest coarser run of the world with at most this error."""
    start, best = jnp.asarray(data.test[:, 0]), ("no coarser solver is as good", None, np.inf)
    for grid in (g for g in (14, 16, 18, 20, 24, 32) if g <= told.grid):
        for substeps in (2, 3, 4, 6, 8, 12):
            try:
                world = world_of(grid, substeps)
            except BadSpec:  # too coarse for the force, or too long a step: the world says so
                continue
            run = eqx.filter_jit(
                lambda w, world=world, grid=grid: regridded(
                    frames(world, regridded(w, grid), FRAMES), told.grid
                )
            )
            found = relative(run(start), data.test[:, 1:])
            if found.mean() <= error:
                paid = cost(lambda run=run: run(start), len(start))
                if paid < best[2]:
                    best = (f"solver, {grid}^2 points, {substeps} steps a frame", found, paid)
                break
    return best


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


def twin(told: argparse.Namespace, data: Set) -> np.ndarray:
    """[case] the world from a start with its observation error."""
    world = world_of(told.grid)
    size = world.card.variables[0].obs_error
    noise = size * np.random.default_rng(told.seed).normal(size=data.test[:, 0].shape)
    return relative(
        frames(world, jnp.asarray(data.test[:, 0] + noise, jnp.float32), FRAMES), data.test[:, 1:]
    )


def shown(values: np.ndarray) -> str:
    found = estimate(values, seed=0)
    low, high = ("?" if x is None else f"{x:.4f}" for x in (found.low, found.high))
    return f"{found.value:.4f} ({low} to {high})"


def print_solver(
    told: argparse.Namespace, data: Set, errors: dict[str, np.ndarray], costs: dict[str, tuple[float, float]]
) -> None:
    """The solver of equal error, its cost, and after how many solves the best network has paid for itself."""
    best = min(costs, key=lambda n: errors[n].mean())
    name, cases, paid = equal_solver(told, data, errors[best].mean())
    own, spent = costs[best]
    if cases is not None:
        gain, whole = paid - own, data.seconds + spent
        even = (
            f"breakeven after {whole / gain:.2g} solves"
            if gain > 0
            else "no breakeven: the solver is cheaper"
        )
        print(f"{name}: {shown(cases)}, {paid * 1e3:.2f} ms a solve; against {best}: {even}")
        errors[name] = cases
    else:
        print(name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--grid", type=int, default=24)
    parser.add_argument("--train", type=int, default=40)
    parser.add_argument("--test", type=int, default=24)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", help="names of networks; all where none is given")
    parser.add_argument("--csv", type=Path)
    told = parser.parse_args()
    data = make(told)
    emulator = emulator_of(data, told)
    print(
        f"navier_stokes {told.grid}^2, viscosity {VISCOSITY}, frames {DT} apart; {told.train} runs of {LENGTH} frames, "
        f"{told.test} test cases of {FRAMES}; {told.updates} updates of {BATCH} x {UNROLL} frames, {told.seeds} seeds",
        flush=True,
    )
    errors: dict[str, np.ndarray] = {}
    costs: dict[str, tuple[float, float]] = {}
    run, start = eqx.filter_jit(emulator.run), jnp.asarray(data.test[:, 0])
    every = networks(Geometry("plane", (told.grid, told.grid)))
    for name in told.only or every:
        began = time.process_time()
        models = train(told, data, emulator, name, every[name])
        spent = (time.process_time() - began) / told.seeds
        seeds = np.stack([relative(run(m, start, FRAMES), data.test[:, 1:]) for m in models])
        errors[name] = seeds.mean(0)
        own = cost(lambda m=models[0]: run(m, start, FRAMES), len(start))
        costs[name] = own, spent
        count = sum(x.size for x in jax.tree.leaves(eqx.filter(models[0], eqx.is_inexact_array)))
        each = " ".join(f"{e:.4f}" for e in seeds.mean(1))
        print(
            f"{name:22s} {shown(errors[name])}  seeds {each}; {count} weights, {own * 1e3:.2f} ms a solve, "
            f"training {spent:.0f} s",
            flush=True,
        )
    for name, cases in (
        ("persistence", relative(np.repeat(data.test[:, :1], FRAMES, 1), data.test[:, 1:])),
        ("linear", linear(data)[0]),
        ("twin (ceiling)", twin(told, data)),
    ):
        errors[name] = cases
        print(f"{name:22s} {shown(cases)}", flush=True)
    print_solver(told, data, errors, costs)
    for other in ("latent_spectral", "unet"):
        if other in errors and "fourier_operator" in errors:
            print(f"{other} minus fourier_operator: {shown(errors[other] - errors['fourier_operator'])}")
    print(f"data {data.seconds:.0f} s of processor time")
    if told.csv:
        with told.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "case", "relative L2"])
            writer.writerows([n, i, f"{e:.6g}"] for n, row in errors.items() for i, e in enumerate(row))


if __name__ == "__main__":
    main()
