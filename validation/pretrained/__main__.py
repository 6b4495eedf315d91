"""Train one forecaster over the catalogue, try it on held-out systems: `python -m validation.pretrained [--write]`.

With `--beside catalogue invented` networks of the same size are trained with the same updates on as many systems of
either kind, those that people have named and random quadratic flows that nobody has (`invented.py`), and stand beside
the shipped one on the same held-out systems: does it matter what a forecaster was trained on?
"""

import argparse
import csv
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.attendance import attended
from gnomon.core.watch import Watch
from gnomon.learners.pretrained import (
    CONTEXT,
    Forecaster,
    load_forecaster,
    new_forecaster,
    predict_increment,
    save_forecaster,
)
from gnomon.training.corpus import ManySystems, corpus_of, corpus_stage, split_systems
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Recipe, fit_weights
from validation.pretrained.compare import BESIDE, CORPORA, compare, pretrained_runs, scores, table, windows_of
from validation.pretrained.invented import invented
from validation.pretrained.systems import gathered, lyapunov_steps, usable

LENGTH = 460  # observations of a trajectory
TRAJECTORIES = 16  # of a trained system
STARTS = 24  # of a held-out system, one a trajectory
STEPS = 120  # forecast there: about four periods
STAGES = ((1, 5000), (4, 1600), (10, 1000))  # free steps in the loss, updates
BATCH = 96


def main() -> None:
    """Train unless told not to, print the comparison, write the weights where asked."""
    parser = argparse.ArgumentParser(prog="python -m validation.pretrained", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights beside the learner")
    parser.add_argument(
        "--kept", action="store_true", help="no training: compare with the weights as they are"
    )
    parser.add_argument(
        "--folder", type=Path, default=None, help="keep trajectories and half-done training here"
    )
    parser.add_argument("--share", type=float, default=1.0, help="share of the updates, for a quick look")
    parser.add_argument("--csv", type=Path, help="file for every held-out system's scores")
    parser.add_argument(
        "--beside", nargs="+", default=[], choices=CORPORA, help="train one more on each of these"
    )
    options = parser.parse_args()
    split = split_systems(usable())
    print(f"trained on {len(split.trained)}: {', '.join(split.trained)}")
    print(f"held out {len(split.held_out)}: {', '.join(split.held_out)}", flush=True)
    began = time.process_time()
    network = load_forecaster() if options.kept else train(split.trained, options.folder, options.share)
    networks = {"pretrained": network}
    for corpus in options.beside:
        networks[f"{BESIDE}{corpus}"] = train(split.trained, options.folder, options.share, corpus=corpus)
    print(f"{time.process_time() - began:.0f} s of CPU", flush=True)
    if options.write and not options.kept:
        save_forecaster(network)
    paths = kept_paths("held_out", split.held_out, STARTS, CONTEXT + STEPS, 1, options.folder)
    times, rows, found = {name: lyapunov_steps(name) for name in paths}, [], {}
    for noise in (0.0, 0.01):
        print(f"\nheld-out systems, noise {noise} standard deviations")
        found = compare(networks, paths, times, steps=STEPS, noise=noise)
        print("\n".join(table(found)))
        rows += [
            {"noise": noise, "system": system, "method": method, **told}
            for system, methods in sorted(found.items())
            for method, told in methods.items()
        ]
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    print("\nvalid steps, system by system (noise 0.01)")
    for name, methods in sorted(found.items()):
        print(f"{name:<28}" + "  ".join(f"{m} {s['valid_steps']:.1f}" for m, s in methods.items()))


def kept_paths(
    what: str, names: tuple[str, ...], count: int, length: int, seed: int, folder: Path | None
) -> dict[str, np.ndarray]:
    """Trajectories, from the folder where they are there already."""
    place = None if folder is None else folder / f"{what}_{count}_different_{length}_{seed}_{len(names)}.npz"
    if place is not None and place.exists():
        with np.load(place) as file:
            return {name: file[name] for name in file.files}
    with jax.enable_x64(True):
        if what == "invented":
            found = invented(len(names), count=count, length=length, seed=seed)
        else:
            found = gathered(names, count=count, length=length, seed=seed)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        np.savez(place, **found)  # pyright: ignore[reportArgumentType]
    return found


def train(
    names: tuple[str, ...], folder: Path | None, share: float, *, corpus: str = "catalogue"
) -> Forecaster:
    """One network over all trained systems; the snapshot that runs longest from their last trajectories is kept.

    Args:
        names: of the systems; invented ones are as many.
        folder: keeps what is half done.
        share: of the updates.
        corpus: of which kind the systems are.
    """
    paths = kept_paths("trained" if corpus == "catalogue" else corpus, names, TRAJECTORIES, LENGTH, 0, folder)
    print(f"{len(paths)} systems, {TRAJECTORIES} trajectories of {LENGTH} each", flush=True)
    shown = corpus_of([path[:-2] for path in paths.values()])
    # Trajectories that nothing is trained on choose the snapshot, and are seen as those of held-out systems are:
    # standardised by their contexts alone. The unit of the error is the spread of the trained ones.
    test = np.concatenate([path[-2:] / path[:-2].std((0, 1)) for path in paths.values()])
    seen = windows_of(test[:, :CONTEXT])

    def judge(network: Forecaster) -> Verdict:
        runs = np.asarray(pretrained_runs(network, jnp.asarray(seen.z, jnp.float32), STEPS))
        found = scores(seen.in_units(runs), test[:, CONTEXT : CONTEXT + STEPS], 1.0)
        return Verdict(found["valid_steps"], found["error_15"], float(np.mean(np.abs(runs) > 9.0)) // 0.05)

    noise = jnp.float32(0.02)
    stages = tuple(
        corpus_stage(
            ManySystems(predict_increment, noise, CONTEXT, steps), shown,
            updates=max(2, int(share * updates)), snapshots=max(1, min(8, int(share * updates) // 50)), batch=BATCH,
        )
        for steps, updates in STAGES
    )  # fmt: skip
    key = jax.random.PRNGKey(0)
    watch = Watch(report=lambda what, done: print(f"{what} ({done:.0%})", flush=True))
    with attended(watch, folder):
        (trained,) = fit_weights(
            [new_forecaster(key=key)], stages, shown, judge, Recipe(rate=3e-3, warm_up=0.05, decay=1e-4),
            name=f"pretrained on {corpus}", key=jax.random.fold_in(key, 1),
        )  # fmt: skip
    for row in trained.history:
        print({k: v for k, v in row.items() if k != "curve"})
    print(f"kept: {trained.verdict}", flush=True)
    return trained.model


if __name__ == "__main__":
    main()
