"""How few linear regions will do: almost-linear networks of one to several rectified units on Lorenz and Roessler.

P rectified units make at most 2^P linear regions. Published (arXiv 2410.14240): Lorenz' attractor needs P = 2, of whose
four regions few are visited; Roessler's P = 1. Here networks of each P and seed are trained as for docs/attractors.md
(5 % observation error, 100,000 observations, the snapshot chosen by the attractor of validation data) and left alone.
For each: the fates of its free runs, D_stsp and D_H beside the floor of twenty pairs of truths of the same length, the
regions that its free run visits and those that the truth visits in the same network, and how far the code is from the
truth's: of transitions between regions, and of words of six turns as seen from outside (`fates` tells whether there
was a run to read them from). The floor of the last two is what another truth scores.

    python benchmarks/almost_linear_regions.py [--worlds lorenz63 rossler] [--rectified 1 2 3] [--seeds 3] [--csv FILE]

With `--csv FILE` a network is kept as soon as it is there, and one that is kept is not trained again unless the
learner's version, its settings, the runs or their length have changed.
"""

import argparse
import csv
import functools
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from attractor_statistics import (
    ALMOST,
    NOISY,
    ONE_UNIT,
    PAIRS,
    WORLDS,
    code,
    data_of,
    distances,
    free,
    kept_floor,
    pairs_of,
    truths_of,
)

from gnomon.numerics.fates import fate_of, reach_of
from gnomon.spec.registry import build

TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    # world -> its name among those of attractor_statistics, settings but for the rectified units
    "lorenz63": (NOISY, ALMOST),
    "rossler": ("rossler, error 5 %", {k: v for k, v in ONE_UNIT.items() if k != "rectified"}),
}
FLOORS = Path(__file__).resolve().parents[1] / "docs" / "attractors"
COLUMNS: tuple[str, ...] = (
    "world", "rectified", "seed", "runs", "steps", "fates", "d_stsp", "d_stsp_floor", "d_h", "d_h_floor", "possible",
    "visited", "visited_by_truth", "transitions", "transitions_floor", "words", "words_floor", "seconds", "made",
)  # fmt: skip
PLACE = ("world", "rectified", "seed")


def main() -> None:
    """Train what is not kept, print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--rectified", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=100_000, help="of a free run")
    parser.add_argument("--csv", type=Path, help="file for the table")
    told = parser.parse_args()
    kept = read(told.csv)
    with jax.enable_x64(True):
        for world in told.worlds:
            for rectified in told.rectified:
                for seed in range(told.seeds):
                    place = (world, str(rectified), str(seed))
                    if kept.get(place, {}).get("made") != made_by(world, rectified, told.runs, told.steps):
                        kept[place] = row(world, rectified, seed, told)
                        write(told.csv, kept)
                    show(kept[place])


def settings_of(world: str, rectified: int) -> dict[str, Any]:
    """Arguments of the learner."""
    return {**TASKS[world][1], "rectified": rectified}


def made_by(world: str, rectified: int, runs: int, steps: int) -> str:
    """A short word for all that decides a row but its seed."""
    settings = settings_of(world, rectified)
    version = build("learners", "almost_linear_rnn", settings).version
    told = json.dumps([settings, WORLDS[TASKS[world][0]], version, runs, steps], sort_keys=True)
    return f"{version}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def row(world_name: str, rectified: int, seed: int, told: argparse.Namespace) -> dict[str, str]:
    """One network, fitted and left alone, beside the truth."""
    began = time.process_time()
    kind, args = WORLDS[TASKS[world_name][0]]
    world = build("worlds", kind, args)
    truths = truths_of(
        world, max(3, 2 * told.runs), told.steps, seed=98
    )  # the code asks for two beside the first
    learner = build("learners", "almost_linear_rnn", settings_of(world_name, rectified))
    fit = learner.fit(data_of(world, seed), key=jax.random.key(seed))
    found = [free(fit.simulator, world, truths[2 * i], told.steps) for i in range(told.runs)]
    spread = truths.std((0, 1))
    reach = reach_of(truths / spread)
    fates = [fate_of(x / spread, reach) for x in found]
    alive = [distances(truths[2 * i + 1], x) for i, x in enumerate(found) if np.isfinite(x).all()]
    whole = len(alive) == told.runs
    pairs = floor_at(kind, args, told.steps)
    read_code: dict[str, Any] = code(fit, world, found, truths) or {}
    return {
        "world": world_name, "rectified": str(rectified), "seed": str(seed), "runs": str(told.runs),
        "steps": str(told.steps), "fates": " ".join(fates),
        "d_stsp": shown(np.mean([d.ours for d in alive]) if whole else None),
        "d_stsp_floor": shown(np.percentile([p["ours"] for p in pairs], 95)),
        "d_h": shown(np.mean([d.spectral for d in alive]) if whole else None),
        "d_h_floor": shown(1.5 * np.mean([p["spectral"] for p in pairs])),
        "possible": str(2**rectified),
        "visited": str(read_code["free"]["regions"]) if read_code else "",
        "visited_by_truth": str(read_code["truth"]["regions"]) if read_code else "",
        "transitions": shown(read_code.get("transitions_apart")),
        "transitions_floor": shown(read_code.get("transitions_apart_floor")),
        "words": shown(read_code.get("words_apart")),
        "words_floor": shown(read_code.get("words_apart_floor")),
        "seconds": f"{time.process_time() - began:.0f}",
        "made": made_by(world_name, rectified, told.runs, told.steps),
    }  # fmt: skip


@functools.cache
def _made(kind: str, args: str, steps: int) -> list[dict[str, float]]:
    return pairs_of(kind, json.loads(args), steps)


def floor_at(kind: str, args: dict[str, Any], steps: int) -> list[dict[str, float]]:
    """The pairs of truths behind docs/attractors.md where they are of this length, else new ones, for this call."""
    kept = kept_floor(FLOORS / f"floor-{kind}.json")
    if (kept["steps"], len(kept["pairs"])) == (steps, PAIRS):
        return kept["pairs"]
    return _made(kind, json.dumps(args, sort_keys=True), steps)


def shown(value: Any) -> str:
    """A cell; empty where there is no number."""
    return "" if value is None or not np.isfinite(value) else f"{float(value):.5g}"


def show(found: dict[str, str]) -> None:
    """A line."""
    print(
        f"{found['world']:10s} P {found['rectified']} seed {found['seed']}: D_stsp {found['d_stsp'] or '-'} (floor "
        f"{found['d_stsp_floor']}), D_H {found['d_h'] or '-'} ({found['d_h_floor']}), regions "
        f"{found['visited'] or '-'} of {found['possible']} (truth {found['visited_by_truth'] or '-'}), "
        f"words {found['words'] or '-'} ({found['words_floor'] or '-'}), {found['fates']}, {found['seconds']} CPU s",
        flush=True,
    )


def read(path: Path | None) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows that are kept, by world, units and seed."""
    if path is None or not path.exists():
        return {}
    with path.open(newline="") as file:
        return {tuple(r[k] for k in PLACE): r for r in csv.DictReader(file)}


def write(path: Path | None, kept: dict[tuple[str, ...], dict[str, str]]) -> None:
    """All rows in order; whole or not at all."""
    if path is None:
        return
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept[k] for k in sorted(kept, key=lambda k: (k[0], int(k[1]), int(k[2]))))
    part.rename(path)


if __name__ == "__main__":
    main()
