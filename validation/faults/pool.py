"""A pool of independent runs of a truth, made once in blocks and kept on disk; what is there is not run again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from gnomon.adapters.jax_runner import WorldRunner, make_starts
from gnomon.core.runner import Starts
from gnomon.core.runs import Runs, Unsupported
from gnomon.core.trial import AbstractTrial
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld
from gnomon.engine.codec import pack_runs, pack_starts, unpack_runs, unpack_starts
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment
from gnomon.spec.identity import identity, seed_of
from gnomon.spec.registry import build
from validation.faults.plans import LONG, Plan


class Pool:
    """The runs of one plan, by world arguments and experiment; made where they are missing.

    Few long trajectories are cut into blocks with gaps between them, so that one spin-up serves many units. A block is
    a unit. Blocks of one number share a trajectory's start between experiments (so a unit has its own control), and two
    roles of a twin are dealt different units; a null or fault that shows another unit's control (`no_response`,
    `deaf_upper_levels`) may show one that the truth holds too.
    """

    def __init__(self, plan: Plan, folder: Path, *, quiet: bool = False):
        self.plan, self.folder, self.quiet, self.seed = plan, folder, quiet, 0
        self.world: AbstractWorld = build("worlds", plan.world.kind, plan.world.args)
        self.card: WorldCard = self.world.card

    def trial(self, name: str) -> AbstractTrial:
        """A trial with the plan's lengths."""
        given = {"units": self.plan.together} | dict(self.plan.trials[name])
        args = {k: v / self.card.timescale if k in LONG else v for k, v in given.items()}
        return build("trials", name, {k: list(v) if isinstance(v, tuple) else v for k, v in args.items()})

    def runs(self, experiment: Experiment, changed: Mapping[str, Any] | None = None) -> Runs:
        """All units of one experiment.

        Args:
            experiment: of `together` units, as long as one block.
            changed: arguments of the world that differ from the truth's.
        """
        groups = range(-(-self.plan.lanes // self.plan.together))
        return joined([self.made(experiment, dict(changed or {}), g) for g in groups])

    def made(self, experiment: Experiment, changed: dict[str, Any], group: int) -> Runs:
        """The units of one group of trajectories, cut from a stored run or from one that is made now."""
        plan, step = self.plan, self.card.dt * experiment.stride
        gap = round(plan.gap / step)
        long = msgspec.structs.replace(experiment, steps=plan.blocks * (experiment.steps + gap), label="")
        recipe = {
            "world": [plan.world.kind, plan.world.args | changed], "version": self.card.version, "group": group,
            "experiment": msgspec.to_builtins(long), "only": plan.only,
        }  # fmt: skip
        path = self.folder / f"{identity('fault pool', recipe)}.npz"
        if not path.exists():
            world = build("worlds", plan.world.kind, plan.world.args | changed)
            runs = WorldRunner(world, False).run(
                long, self._starts(group), seed=seed_of("fault pool", group), watch=Watch()
            )
            if isinstance(runs, Unsupported):
                raise RuntimeError(runs.reason)
            kept = {k: v for k, v in runs.obs.items() if not plan.only or k in plan.only}
            save(path, pack_runs(runs._replace(obs=kept))[0])
            if not self.quiet:
                print(f"{plan.world.kind} {experiment.label} {changed or ''} group {group + 1}", flush=True)
        with np.load(path) as stored:
            runs = unpack_runs(dict(stored), {"label": experiment.label, "cost": {}})
        assert isinstance(runs, Runs)
        return cut(runs, plan.blocks, experiment.steps, gap)

    def _starts(self, group: int) -> Starts:
        recipe = {
            "world": [self.plan.world.kind, self.plan.world.args],
            "version": self.card.version,
            "group": group,
        }
        path = self.folder / f"{identity('fault starts', recipe)}.npz"
        if not path.exists():
            starts = make_starts(
                self.world,
                (),
                self.plan.together,
                history=1,
                seed=seed_of("fault starts", group),
                watch=Watch(),
            )
            save(path, pack_starts(starts._replace(library={})))
        with np.load(path) as stored:
            return unpack_starts(dict(stored), self.world)


def cut(runs: Runs, blocks: int, steps: int, gap: int) -> Runs:
    """Each trajectory's blocks as units, trajectory by trajectory; what is in the gaps is dropped.

    A block starts at what was seen just before it; it is lost where the trajectory was lost before its end.
    """
    first = np.arange(blocks) * (steps + gap)

    def parts(x: np.ndarray, axis: int) -> np.ndarray:
        pieces = np.stack([np.take(x, np.arange(s, s + steps), axis=axis) for s in first], axis=1)
        return pieces.reshape(-1, *pieces.shape[2:])

    initial = {}
    for k, x in runs.initial.items():
        if k in runs.obs:
            seen = [x] + [runs.obs[k][:, 0, s - 1] if s else x for s in first[1:]]
            initial[k] = np.stack(seen, axis=1).reshape(-1, *x.shape[1:])
    gone = runs.diverged[:, None, :]  # [lane, 1, member]
    lost = np.where(
        (gone >= 0) & (gone < (first + steps)[None, :, None]), np.maximum(gone - first[None, :, None], 0), -1
    )
    return runs._replace(
        obs=type(runs.obs)({k: parts(v, 2) for k, v in runs.obs.items()}),
        forcing={k: parts(v, 1) for k, v in runs.forcing.items()},
        time=runs.time[:steps], initial=initial, diverged=lost.reshape(-1, runs.diverged.shape[1]),
    )  # fmt: skip


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Written beside and moved into place: an interruption leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, **{k: np.asarray(v) for k, v in arrays.items()})
    part.rename(path)


def joined(parts: list[Runs]) -> Runs:
    """Blocks of one experiment as one run."""

    def together(items: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        return {k: np.concatenate([p[k] for p in items]) for k in items[0]}

    return parts[0]._replace(
        obs=type(parts[0].obs)(together([p.obs for p in parts])),
        forcing=together([p.forcing for p in parts]),
        initial=together([p.initial for p in parts]),
        diverged=np.concatenate([p.diverged for p in parts]),
    )
