"""Gradients against the length of a sequence: generalised teacher forcing beside plain back-propagation in time.

A shallow piecewise-linear network is trained on Lorenz's system of 1963. Then the norm of the gradient of the loss with
respect to all weights is taken, in double precision, on sequences of growing length from the same data: without
forcing, and with the strength that each estimator of the Jacobians' norm asks for. Without forcing it must grow like
exp(exponent of the network * time); with a = 1 - 1 / (largest norm) it must stay bounded.

    python benchmarks/gradient_norms.py [--updates 4000] [--sequences 8] [--csv FILE]

With `--csv FILE` every norm is kept, a row each (`docs/results/learners-gradients.csv` is what docs/learners-results.md
draws).
"""

import argparse
import csv
import time
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.learners.recurrent_simulator import World, world_of
from gnomon.learners.shallow_plrnn import ShallowCell, shallow_cell
from gnomon.numerics.patches import patches_of
from gnomon.spec.registry import build
from gnomon.testing.data import data_at_default
from gnomon.training.forced_estimates import best_forcing, jacobian_norm
from gnomon.training.free_run import Verdict
from gnomon.training.teacher_forcing import TeacherForced, forced_stage, gradient_norm
from gnomon.training.trainer import Recipe, fit_weights
from gnomon.training.windows import cast

LENGTHS = (10, 20, 50, 100, 200, 500, 1000, 2000)
EXPONENT = 0.9053  # of the flow, see worlds/flow/lorenz63.json


def trained_cell(world: World, updates: int, hidden: int = 64) -> ShallowCell:
    """Trained under a fixed forcing; the free run is not judged here."""
    loss = TeacherForced(level=0.2, length=50, updates=updates)
    stage = forced_stage(loss, world.sequences, snapshots=1, batch=16)
    (trained,) = fit_weights(
        [shallow_cell(world, world.channels, hidden, key=jax.random.key(0))],
        [stage],
        world.sequences,
        lambda _: Verdict(0.0, 0.0, 0.0),
        Recipe(rate=1e-2, final=1e-2, schedule="exponential", optimiser="radam", clip=10.0),
        memory=loss.memory,
        key=jax.random.key(1),
    )
    return trained.model


def norms_at(cell: ShallowCell, world: World, level: float, length: int, sequences: int) -> np.ndarray:
    """[sequence] norms of the gradient on sequences spread over the trajectories."""
    loss = TeacherForced(level=level, length=length, updates=10)
    count, steps = world.sequences.z.shape[:2]
    starts = np.linspace(0, steps - length - 2, sequences).astype(int)
    rows = jnp.asarray(np.stack([np.arange(sequences) % count, starts], axis=1), jnp.int32)
    one = eqx.filter_jit(lambda loss, row: gradient_norm(loss, cell, world.sequences, row[None]))
    return np.asarray([one(loss, row) for row in rows], float)


def main() -> None:
    """Train, print the table, keep the norms."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=4000)
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--csv", type=Path, help="file for every norm")
    told = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    began = time.process_time()
    data = data_at_default(build("worlds", "lorenz63", {}), 8, 2200)
    patches = patches_of(data, whole=True)
    cell = cast(trained_cell(world_of(cast(patches, jnp.float32), data), told.updates), jnp.float64)
    world = world_of(patches, data)
    seen, inputs = world.sequences.z[:, ::4, 0], world.sequences.forced[:, ::4, 0]
    levels, sigmas = {"no forcing": 0.0}, {}
    for estimator in ("arithmetic", "geometric", "maximum", "bound"):
        sigma = jacobian_norm(cell, estimator, seen, inputs)
        levels[estimator], sigmas[estimator] = float(best_forcing(sigma)), float(sigma)
        print(f"{estimator:12s} sigma {float(sigma):8.4f}   a* {levels[estimator]:.4f}")
    table = {
        name: [norms_at(cell, world, level, n, told.sequences).tolist() for n in LENGTHS]
        for name, level in levels.items()
    }
    print(f"\nnorm of the gradient: median (largest) of {told.sequences} sequences")
    print(f"{'steps':>8s}" + "".join(f"{name:>26s}" for name in table))
    for i, n in enumerate(LENGTHS):
        row = "".join(f"{np.median(v[i]):14.3g} ({max(v[i]):9.3g})" for v in table.values())
        print(f"{n:8d}{row}")
    free = [float(np.median(v)) for v in table["no forcing"]]
    rate = np.log(free[-1] / free[3]) / ((LENGTHS[-1] - LENGTHS[3]) * data.card.dt)
    print(f"\nwithout forcing it grows like exp({rate:.3f} time); the flow's exponent is {EXPONENT}")
    print(f"{time.process_time() - began:.0f} CPU seconds")
    if told.csv:
        with told.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["forcing", "sigma", "level", "steps", "sequence", "norm", "dt", "updates"])
            writer.writerows(
                [name, sigmas.get(name, ""), level, n, k, norm, data.card.dt, told.updates]
                for name, level in levels.items()
                for n, found in zip(LENGTHS, table[name], strict=True)
                for k, norm in enumerate(found)
            )


if __name__ == "__main__":
    main()
