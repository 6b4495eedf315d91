"""Training speed: time to a stated free-run quality on Lorenz-63, ours beside the same method in PyTorch.

Both train the same network (shallow piecewise-linear, clipped) with the same loss (forcing of fixed strength, mean
squared error), the same optimiser and schedule, the same minibatch and sequence sizes, in single precision on the same
cores. Ours is one compiled scan over updates and maps over several seeds at once; the other is a loop over steps as
PyTorch users write it, one seed. PyTorch need not be installed: without it, ours alone is measured, and said so.

Two questions. (1) Seconds for one update, alternately in one process, medians and their ratio, for one seed and for
each of several at once. (2) Seconds of training (judging taken off, compilation included, nothing kept on disk from
run to run) until the mean time a validation forecast stays valid reaches each --quality, in Lyapunov times, with no
run lost: of the slowest seed, and per seed. PyTorch trains one seed; which updates that seed happens to need is chance,
so its time for as many updates as the median of our seeds needed stands beside. Wall and CPU seconds: on a machine
that others use, only the latter say something.

    pip install torch
    python benchmarks/training_speed.py [--rounds 5] [--seeds 1,8,16] [--quality 1,2] [--most 10000] [--skip-quality]

With `--csv FILE` both tables are kept (`docs/results/learners-speed.csv` is what docs/learners-results.md shows).
"""

import argparse
import csv
import importlib
import os
import time
from collections.abc import Callable
from pathlib import Path
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

HIDDEN, LENGTH, BATCH, LEVEL, RATE, FINAL, EVERY = 64, 50, 16, 0.2, 1e-2, 1e-2, 250
# `of`: an update (milliseconds, a seed) or quality (seconds, all seeds); what torch takes, in times of ours
COLUMNS: tuple[str, ...] = (
    "of", "name", "seeds", "quality", "reached", "updates", "most_updates", "best", "wall", "cpu", "torch_wall",
    "torch_cpu", "cores", "jax", "torch",
)  # fmt: skip
Row = dict[str, Any]
NAMES = ("relaxation", "outer", "inner", "offset", "threshold")


class Reached(Exception):
    """Every seed has reached the quality."""


class Judge:
    """Free-run validation that knows when to stop and what it cost."""

    def __init__(self, data: Data, quality: tuple[float, ...], seeds: int):
        """For so many seeds judged in turn; the clock starts."""
        self.data, self.seeds = data, seeds
        self.patches = patches_of(data, whole=True)
        self.starts = validation_starts(data, 1, reserve=1, starts=32, steps=400)
        self.asked, self.cost, self.best = 0, np.zeros(2), 0.0
        self.began, self.quick = clocks(), eqx.filter_jit(self._simulator)
        self.reached: dict[float, dict[int, tuple[int, np.ndarray]]] = {q: {} for q in quality}

    def __call__(self, cell: ShallowCell) -> Verdict:
        """One seed's."""
        began = clocks()
        verdict = free_run_verdict(self.quick(cell), self.starts, self.data, key=jax.random.key(0))
        self.best = max(self.best, verdict.valid_time if verdict.diverged == 0 else 0.0)
        seed, updates = self.asked % self.seeds, (self.asked // self.seeds + 1) * EVERY
        for quality, reached in self.reached.items():
            if verdict.valid_time >= quality and verdict.diverged == 0:
                reached.setdefault(seed, (updates, began - self.began - self.cost))
        self.asked += 1
        self.cost += clocks() - began
        if all(len(r) == self.seeds for r in self.reached.values()) and self.asked % self.seeds == 0:
            raise Reached
        return verdict

    def _simulator(self, cell: ShallowCell) -> RecurrentSimulator:
        return RecurrentSimulator(
            card=learned_card("shallow_plrnn", self.data, context=1),
            patches=self.patches,
            cell=cast(cell, self.patches.mean.dtype),
            gain=jnp.ones((), self.patches.mean.dtype),
        )


def clocks() -> np.ndarray:
    """Wall and CPU seconds."""
    return np.array([time.perf_counter(), time.process_time()])


def fresh(world: World, key: Any) -> ShallowCell:
    """Untrained and deaf to the knob, which is constant here."""
    cell = shallow_cell(world, 3, HIDDEN, key=key)
    return eqx.tree_at(lambda c: (c.drive, c.inner_drive), cell, (0.0 * cell.drive, 0.0 * cell.inner_drive))


def ours(
    world: World,
    seeds: int,
    updates: int,
    snapshots: int,
    judge: Callable[[Any], Verdict],
    precision: str = "full",
) -> None:
    """Train so many seeds side by side."""
    loss = TeacherForced(level=LEVEL, length=LENGTH, updates=updates)
    new = eqx.filter_jit(fresh)  # one program instead of one for each of its operations
    fit_weights(
        [new(world, k) for k in jax.random.split(jax.random.key(0), seeds)],
        [forced_stage(loss, world.sequences, snapshots=snapshots, batch=BATCH)],
        world.sequences,
        judge,
        Recipe(RATE, FINAL, "exponential", optimiser="radam", clip=10.0, precision=precision),
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
    parser.add_argument("--seeds", default="1,8,16")
    parser.add_argument("--quality", default="1,2")
    parser.add_argument("--most", type=int, default=10000, help="updates at most")
    parser.add_argument("--skip-quality", action="store_true")
    parser.add_argument("--csv", type=Path, help="file for both tables")
    told = parser.parse_args()
    told.seeds = tuple(int(x) for x in told.seeds.split(","))
    told.quality = tuple(float(x) for x in told.quality.split(","))
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
    rows = per_update(torch, world, told)
    if not told.skip_quality:
        rows += to_quality(torch, world, data, told)
    made = {"cores": os.cpu_count(), "jax": jax.__version__, "torch": torch.__version__ if torch else ""}
    if told.csv:
        with told.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(r | made for r in rows)


def per_update(torch: Any, world: World, told: argparse.Namespace) -> list[Row]:
    """Seconds an update, alternately; printed, and as rows."""
    still = Verdict(0.0, 0.0, 0.0)
    count, few = 400, 40
    peer = Torch(torch, world, told.most, 0) if torch else None
    most = max(told.seeds)
    kinds = {f"ours, {s} at once": (s, "full") for s in told.seeds} | {
        f"{most} at once, bfloat16": (most, "bfloat16")
    }
    for seeds, precision in kinds.values():
        ours(world, seeds, count, 1, lambda _: still, precision)  # compiled here
    times: dict[str, list[np.ndarray]] = {k: [] for k in kinds} | ({"torch": []} if peer else {})
    for _ in range(told.rounds):
        for name, (seeds, precision) in kinds.items():
            began = clocks()
            ours(world, seeds, count, 1, lambda _: still, precision)
            times[name].append((clocks() - began) / count / seeds)
        if peer:
            began = clocks()
            for _ in range(few):
                peer.update()
            times["torch"].append((clocks() - began) / few)
    print(f"\nmilliseconds an update and seed, median of {told.rounds} rounds: wall, CPU")
    rows = []
    for name, found in times.items():
        wall, cpu = 1e3 * np.median(found, axis=0)
        seeds, _ = kinds.get(name, (1, "full"))
        rows.append({"of": "an update", "name": name, "seeds": seeds, "wall": wall, "cpu": cpu})
        beside = ""
        if peer:
            ratio = np.median(np.array(times["torch"]) / np.array(found), axis=0)
            rows[-1] |= {"torch_wall": ratio[0], "torch_cpu": ratio[1]}
            beside = f"   torch takes {ratio[0]:6.1f} and {ratio[1]:6.1f} times as long"
        print(f"  {name:24s}{wall:9.3f}{cpu:9.3f}{beside}", flush=True)
    return rows


def to_quality(torch: Any, world: World, data: Data, told: argparse.Namespace) -> list[Row]:
    """Seconds until every seed forecasts as well as asked; printed, and as rows."""
    rows: list[Row] = []
    print(
        f"\nuntil valid forecasts of a quality in Lyapunov times, at most {told.most} updates; wall s, CPU s"
    )
    needed: dict[float, list[int]] = {q: [] for q in told.quality}
    for seeds in told.seeds:
        jax.clear_caches()  # compilation counts
        judge = Judge(data, told.quality, seeds)
        try:
            ours(world, seeds, told.most, told.most // EVERY, judge)
        except Reached:
            pass
        for quality, reached in judge.reached.items():
            needed[quality] += [n for n, _ in reached.values()]
            rows.append({"name": f"ours, {seeds} at once"} | _ended(judge, quality, reached))
            print(f"  {quality:g}: ours, {seeds} at once: {_ending(judge, reached)}", flush=True)
    if not torch:
        return rows
    peer = Torch(torch, world, told.most, 0)
    judge = Judge(data, told.quality, 1)
    for _ in range(told.most // EVERY):
        for _ in range(EVERY):
            peer.update()
        try:
            judge(peer.as_cell())
        except Reached:
            break
    each = (clocks() - judge.began - judge.cost) / (judge.asked * EVERY)
    for quality, reached in judge.reached.items():
        middle = np.median(needed[quality] or [np.nan])
        wall, cpu = each * middle
        rows.append({"name": "torch, one seed"} | _ended(judge, quality, reached))
        rows.append(
            {
                "of": "quality",
                "name": "torch, as many updates",
                "seeds": 1,
                "quality": quality,
                "updates": middle,
            }
            | {"wall": wall, "cpu": cpu}
        )
        print(
            f"  {quality:g}: torch, one seed: {_ending(judge, reached)}\n"
            f"     and for the median of our seeds, {middle:.0f} updates: "
            f"{wall:.1f}, {cpu:.1f}",
            flush=True,
        )
    return rows


def _ended(judge: Judge, quality: float, reached: dict[int, tuple[int, np.ndarray]]) -> Row:
    """How it ended, for the table: updates and seconds of the seeds that reached it, the slowest one's time."""
    row: Row = {"of": "quality", "seeds": judge.seeds, "quality": quality, "best": judge.best}
    row["reached"] = len(reached)
    if reached:
        updates = [n for n, _ in reached.values()]
        wall, cpu = max((spent for _, spent in reached.values()), key=lambda s: s[1])
        row |= {"updates": np.median(updates), "most_updates": max(updates), "wall": wall, "cpu": cpu}
    return row


def _ending(judge: Judge, reached: dict[int, tuple[int, np.ndarray]]) -> str:
    if not reached:
        return f"no seed reached it, best {judge.best:.2f}"
    state = "all" if len(reached) == judge.seeds else f"{len(reached)} of {judge.seeds}"
    updates = [n for n, _ in reached.values()]
    wall, cpu = max((spent for _, spent in reached.values()), key=lambda s: s[1])
    return (
        f"{state} reached, median {np.median(updates):.0f} and most {max(updates)} updates, {wall:.1f}, {cpu:.1f} "
        f"({wall / judge.seeds:.2f}, {cpu / judge.seeds:.2f} a seed), best {judge.best:.2f}"
    )


if __name__ == "__main__":
    main()
