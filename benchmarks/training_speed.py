"""Training speed: time to a stated free-run quality on Lorenz-63, ours beside the same method in PyTorch.

Both train the same network (shallow piecewise-linear, clipped) with the same loss (forcing of fixed strength, mean
squared error), the same optimiser and schedule, the same minibatch and sequence sizes, in single precision on the same
cores. Ours is one compiled scan over updates and maps over several seeds at once; the other is a loop over steps as
PyTorch users write it, one seed. PyTorch need not be installed: without it, ours alone is measured, and said so.

Two questions. (1) Seconds for one update, alternately in one process, medians and their ratio, for one seed and for
each of several at once. (2) Seconds of training (judging taken off, compilation included) until the mean time a
validation forecast stays valid reaches --quality Lyapunov times with no run lost.

    pip install torch
    python benchmarks/training_speed.py [--rounds 5] [--seeds 8] [--quality 1.0] [--most 6000] [--skip-quality]
"""

import argparse
import importlib
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.learner import Data
from gnomon.learners.recurrent_simulator import RecurrentSimulator, World, world_of
from gnomon.learners.shallow_plrnn import ShallowCell, shallow_cell
from gnomon.numerics.patches import patches_of
from gnomon.spec.registry import build
from gnomon.testing.data import data_at_default
from gnomon.training.free_run import Verdict, free_run_verdict, validation_starts
from gnomon.training.sampling import learned_card
from gnomon.training.teacher_forcing import TeacherForced, forced_stage
from gnomon.training.trainer import Recipe, fit_weights
from gnomon.training.windows import cast

HIDDEN, LENGTH, BATCH, LEVEL, RATE, FINAL = 64, 50, 16, 0.2, 1e-2, 1e-2
NAMES = ("relaxation", "outer", "inner", "offset", "threshold")


class Reached(Exception):
    """Every seed has reached the quality."""


class Judge:
    """Free-run validation that knows when to stop and what it cost."""

    def __init__(self, data: Data, quality: float, seeds: int):
        """For so many seeds judged in turn."""
        self.data, self.quality, self.seeds = data, quality, seeds
        self.patches = patches_of(data, whole=True)
        self.starts = validation_starts(data, 1, reserve=1, starts=32, steps=400)
        self.asked, self.cost, self.reached = 0, 0.0, set[int]()
        self.best = 0.0

    def __call__(self, cell: ShallowCell) -> Verdict:
        """One seed's."""
        began = time.perf_counter()
        simulator = RecurrentSimulator(
            card=learned_card("shallow_plrnn", self.data, context=1),
            patches=self.patches,
            cell=cast(cell, self.patches.mean.dtype),
            gain=jnp.ones((), self.patches.mean.dtype),
        )
        verdict = free_run_verdict(simulator, self.starts, self.data, key=jax.random.key(0))
        self.best = max(self.best, verdict.valid_time if verdict.diverged == 0 else 0.0)
        if verdict.valid_time >= self.quality and verdict.diverged == 0:
            self.reached.add(self.asked % self.seeds)
        self.asked += 1
        self.cost += time.perf_counter() - began
        if len(self.reached) == self.seeds and self.asked % self.seeds == 0:
            raise Reached
        return verdict


def fresh(world: World, key: Any) -> ShallowCell:
    """Untrained and deaf to the knob, which is constant here."""
    cell = shallow_cell(world, 3, HIDDEN, key=key)
    return eqx.tree_at(lambda c: (c.drive, c.inner_drive), cell, (0.0 * cell.drive, 0.0 * cell.inner_drive))


def ours(world: World, seeds: int, updates: int, snapshots: int, judge: Callable[[Any], Verdict]) -> None:
    """Train so many seeds side by side."""
    loss = TeacherForced(level=LEVEL, length=LENGTH, updates=updates)
    fit_weights(
        [fresh(world, k) for k in jax.random.split(jax.random.key(0), seeds)],
        [forced_stage(loss, world.sequences, snapshots=snapshots, batch=BATCH)],
        world.sequences,
        judge,
        Recipe(rate=RATE, final=FINAL, schedule="exponential", optimiser="radam", clip=10.0),
        memory=loss.memory,
        key=jax.random.key(1),
    )


class Torch:
    """The same method as a loop in PyTorch."""

    def __init__(self, torch: Any, world: World, updates: int, seed: int):
        """From our initial weights of that seed."""
        self.torch, self.updates = torch, updates
        self.cell = fresh(world, jax.random.key(seed))
        self.weights = {n: torch.tensor(np.asarray(getattr(self.cell, n)), requires_grad=True) for n in NAMES}
        self.optimiser = torch.optim.RAdam(list(self.weights.values()), lr=RATE)
        self.schedule = torch.optim.lr_scheduler.ExponentialLR(self.optimiser, FINAL ** (1 / updates))
        self.data = torch.tensor(np.asarray(world.sequences.z[:, :, 0]))
        self.rng = np.random.default_rng(seed)

    def update(self) -> None:
        """One minibatch."""
        torch, w = self.torch, self.weights
        which = self.rng.integers(0, self.data.shape[0], BATCH)
        first = self.rng.integers(0, self.data.shape[1] - LENGTH, BATCH)
        seen = self.data[
            torch.as_tensor(which[:, None]), torch.as_tensor(first[:, None] + np.arange(LENGTH + 1))
        ]
        z, found = seen[:, 0], []
        for t in range(1, LENGTH + 1):
            felt = z @ w["inner"].T
            hidden = torch.relu(felt + w["threshold"]) - torch.relu(felt)
            z = w["relaxation"] * z + hidden @ w["outer"].T + w["offset"]
            found.append(z)
            z = (1 - LEVEL) * z + LEVEL * seen[:, t]
        loss = torch.mean((torch.stack(found, 1) - seen[:, 1:]) ** 2)
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(w.values()), 10.0)
        self.optimiser.step()
        self.schedule.step()

    def as_cell(self) -> ShallowCell:
        """Our cell with these weights."""
        new = [jnp.asarray(self.weights[n].detach().numpy()) for n in NAMES]
        return eqx.tree_at(lambda c: [getattr(c, n) for n in NAMES], self.cell, new)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--quality", type=float, default=1.0)
    parser.add_argument("--most", type=int, default=6000, help="updates at most")
    parser.add_argument("--skip-quality", action="store_true")
    told = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        torch = None
    version = f"torch {torch.__version__}" if torch else "PyTorch is not installed: ours alone"
    print(f"{os.cpu_count()} cores, jax {jax.__version__}, {version}")
    data = data_at_default(build("worlds", "lorenz63", {}), 20, 1000)
    patches = patches_of(data, whole=True)
    world = world_of(cast(patches, jnp.float32), data)
    world = world._replace(sequences=world.sequences._replace(forced=0.0 * world.sequences.forced))
    per_update(torch, world, told)
    if not told.skip_quality:
        to_quality(torch, world, data, told)


def per_update(torch: Any, world: World, told: argparse.Namespace) -> None:
    """Seconds an update, alternately."""
    still = Verdict(0.0, 0.0, 0.0)
    count, few = 400, 40
    kinds = (1, told.seeds)
    peer = Torch(torch, world, told.most, 0) if torch else None
    for seeds in kinds:
        ours(world, seeds, count, 1, lambda _: still)  # compiled here
    times: dict[str, list[float]] = {f"ours, {s} at once": [] for s in kinds} | (
        {"torch": []} if peer else {}
    )
    for _ in range(told.rounds):
        for seeds in kinds:
            began = time.perf_counter()
            ours(world, seeds, count, 1, lambda _: still)
            times[f"ours, {seeds} at once"].append((time.perf_counter() - began) / count / seeds)
        if peer:
            began = time.perf_counter()
            for _ in range(few):
                peer.update()
            times["torch"].append((time.perf_counter() - began) / few)
    print(f"\nwall milliseconds an update and seed, median of {told.rounds} rounds")
    for name, found in times.items():
        ratio = [b / a for a, b in zip(found, times["torch"], strict=True)] if peer else []
        beside = f"   torch takes {statistics.median(ratio):6.1f} times as long" if ratio else ""
        print(f"  {name:20s}{1e3 * statistics.median(found):9.3f}{beside}")


def to_quality(torch: Any, world: World, data: Data, told: argparse.Namespace) -> None:
    """Seconds until every seed forecasts as well as asked."""
    print(f"\nseconds to {told.quality:g} Lyapunov times of valid forecast, at most {told.most} updates")
    every = 250
    for seeds in (1, told.seeds):
        jax.clear_caches()  # compilation counts
        judge = Judge(data, told.quality, seeds)
        began = time.perf_counter()
        try:
            ours(world, seeds, told.most, told.most // every, judge)
        except Reached:
            pass
        spent = time.perf_counter() - began - judge.cost
        print(f"  ours, {seeds} at once: {_ending(judge, spent, judge.asked // seeds * every)}", flush=True)
    if not torch:
        return
    judge, peer, spent = Judge(data, told.quality, 1), Torch(torch, world, told.most, 0), 0.0
    for _ in range(told.most // every):
        began = time.perf_counter()
        for _ in range(every):
            peer.update()
        spent += time.perf_counter() - began
        try:
            judge(peer.as_cell())
        except Reached:
            break
    print(f"  torch, one seed: {_ending(judge, spent, judge.asked * every)}")


def _ending(judge: Judge, spent: float, updates: int) -> str:
    state = (
        "reached" if len(judge.reached) == judge.seeds else f"{len(judge.reached)} of {judge.seeds} reached"
    )
    per_seed = spent / judge.seeds
    return f"{state} after {updates} updates, {spent:.1f} s ({per_seed:.1f} a seed), best {judge.best:.2f}"


if __name__ == "__main__":
    main()
