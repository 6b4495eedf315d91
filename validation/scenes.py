"""Depth from one picture: `python -m validation.scenes [--ship]`.

Draws scenes with every knob evenly over its declared range, trains SideRT (mini) on their pictures, and prints what it
does on scenes that it never saw, beside the mean map and the linear map: at random knobs, and with the size and the
field of view beyond what training saw. `--ship` writes the weights that `load_shipped` reads. With `--keep FOLDER` a
killed training goes on where it was. Without `--ship` and `--train` the shipped weights are judged and nothing is
trained.
"""

import argparse
import contextlib
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.attendance import attended
from gnomon.core.watch import Watch
from gnomon.learners.depth_baselines import linear_map, mean_map
from gnomon.learners.sidert.depth_model import AbstractDepthModel, NetworkDepth, depths
from gnomon.learners.sidert.depth_training import DepthJudge, DepthPlan, train_depth
from gnomon.learners.sidert.learner import new_depth_network
from gnomon.learners.sidert.pictures import Pictures, judged, reach_of
from gnomon.learners.sidert.shipped import WEIGHTS, load_shipped, save_model
from gnomon.numerics.depth_metrics import SCENE_CAP, depth_errors
from gnomon.training.free_run import Verdict
from gnomon.worlds.scene.knobs import KNOBS
from gnomon.worlds.scene.layout import random_scene
from gnomon.worlds.scene.render import render

ROWS, COLUMNS = 48, 64
BEYOND = {
    "as in training": {},
    "size 1.5 (range to 1.25)": {"size": 1.5},
    "view 85 (to 75)": {"field_of_view": 85.0},
}
SHOWN = ("abs_rel", "rmse", "rmse_log", "delta1", "silog")


def drawn(count: int, *, seed: int, **held: float) -> Pictures:
    """Pictures of as many scenes, each with knobs of its own but for those that are held."""

    @jax.jit
    def shoot(keys: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
            where, noise, turn = jax.random.split(key, 3)
            share = jax.random.uniform(turn, (len(KNOBS),))
            knobs = {k.name: k.low + share[n] * (k.high - k.low) for n, k in enumerate(KNOBS)}
            knobs |= {name: jnp.float32(value) for name, value in held.items()}
            made = render(random_scene(key=where), knobs, height=ROWS, width=COLUMNS, key=noise)
            return made.image, made.depth

        return jax.lax.map(one, keys)

    return Pictures(*shoot(jax.random.split(jax.random.key(seed), count)))


def trained(args: argparse.Namespace) -> tuple[NetworkDepth, dict[str, Any]]:
    """The model, rounded to half precision as it is shipped, and what is known of its training."""
    worked = time.process_time()
    pictures, held_out = drawn(args.scenes, seed=1), drawn(128, seed=2)
    spent = time.process_time() - worked
    print(f"{args.scenes} pictures of {ROWS} x {COLUMNS} in {spent:.0f} s of CPU time", flush=True)
    reach = reach_of(pictures, "sidert")
    start = NetworkDepth(new_depth_network("mini", "sidert", seed=0), reach)
    plan = DepthPlan("sidert", 1, args.updates, args.batch)
    judge, best_yet = DepthJudge(held_out), [float("inf")]

    def told_of(error: float) -> dict[str, Any]:
        return {
            "scenes": args.scenes, "updates": args.updates, "batch": args.batch, "rate": args.rate,
            "validation": {"nrmse": error},
        }  # fmt: skip

    def shown(model: Any) -> Verdict:
        """Say how a snapshot does, and write the best so far: a training that is stopped has left something."""
        verdict = judge(model)
        print(
            f"  AbsRel {verdict.nrmse:.4f} after {time.process_time() - worked:.0f} s of CPU time", flush=True
        )
        if args.ship and verdict.nrmse < best_yet[0] and not verdict.diverged:
            best_yet[0] = verdict.nrmse
            save_model(model, told_of(verdict.nrmse), Path(args.to))
        return verdict

    watching = attended(Watch(), Path(args.keep)) if args.keep else contextlib.nullcontext()
    with watching:
        best = train_depth(
            start, pictures, shown, plan, rate=args.rate, name="shipped sidert",
            key=jax.random.key(3), snapshots=args.snapshots,
        )  # fmt: skip
    for row in best.history:
        print(f"  after {row['updates']:6d} updates: loss {row['loss']:.3f}, AbsRel {row['nrmse']:.4f}")
    print(f"trained in {time.process_time() - worked:.0f} s of CPU time", flush=True)
    return best.model, told_of(best.verdict.nrmse)


def judge(models: dict[str, AbstractDepthModel], count: int) -> None:
    """Mean errors over new scenes."""
    for title, held in BEYOND.items():
        test = drawn(count, seed=4, **held)
        truth = np.asarray(test.depth)
        print(f"\n{count} new scenes, {title}\n{'':14s}" + "".join(f"{name:>10s}" for name in SHOWN))
        for name, model in models.items():
            found = np.asarray(depths(model, test.images), float)
            errors = [
                depth_errors(p, t, cap=SCENE_CAP)
                for p, t in zip(found, truth, strict=True)
                if judged(t).any()
            ]
            means = (np.mean([getattr(e, part) for e in errors]) for part in SHOWN)
            print(f"{name:14s}" + "".join(f"{mean:10.4f}" for mean in means))


def main() -> None:
    """Train where asked, judge, ship where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ship", action="store_true", help="train and write the shipped weights")
    parser.add_argument("--train", action="store_true", help="train and judge, write nothing")
    parser.add_argument("--to", default=str(WEIGHTS), help="where --ship writes")
    parser.add_argument("--keep", default="", help="a folder for checkpoints of the training")
    parser.add_argument("--scenes", type=int, default=8000)
    parser.add_argument("--updates", type=int, default=4000)
    parser.add_argument("--snapshots", type=int, default=8)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--count", type=int, default=200, help="new scenes that are judged")
    args = parser.parse_args()
    if args.ship or args.train:
        model, told = trained(args)
        if args.ship:
            save_model(model, told, Path(args.to))
            print(f"wrote {args.to}: {Path(args.to).stat().st_size / 1e6:.2f} MB")
            model = load_shipped(Path(args.to))
    else:
        model = load_shipped(Path(args.to))
    learned = drawn(min(args.scenes, 2000), seed=1)
    judge({"mean map": mean_map(learned), "linear": linear_map(learned), "sidert": model}, args.count)


if __name__ == "__main__":
    main()
