"""Whether the hybrid with learned columns stays up, as a hazard: `python -m validation.stability [speedy|held_suarez]`.

Every seed's network (those of `python -m validation.hybrid` with the same `--keep`, made where they are missing) runs
freely from every start: at the default knobs, under uniform warming, and under three of the pattern's units of either
sign. A run fails where its air is 20 scales away from its zonal mean, or not a number. Failures over simulated years
are a hazard rate, with the exact interval of Garwood (1936) that the measure `sphere_stability` prints.

The full size is `--seeds 3 --starts 2 --years 10 --forced-years 1`. Every run keeps its state: one that was killed
goes on where it was, and a longer one goes on where the shorter one ended.

What misleads: a run begins at a state of the truth, and not at an observed one as in a study. A drift that is the same
all along a circle of latitude is no failure here: the line tells how far the global mean of ta500 moved. Starts of one
network are not independent of each other; the line also counts the networks that failed.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.columns import AbstractColumnWorld
from gnomon.learners.column_hybrid import ColumnHybrid, steady
from gnomon.learners.learned_physics import Flown, no_counts, told_counts
from gnomon.measures.sphere.stability import YEAR, hazard_interval
from gnomon.spec.registry import build
from gnomon.store.files import write_atomic
from validation.hybrid import (
    BLOCK,
    FAR,
    SETTINGS,
    VARIANTS,
    days_on,
    kept_fit,
    kept_lesson,
    kept_start,
    learned_step,
    name_of,
)
from validation.table import keep as keep_rows

CONDITIONS: dict[str, dict[str, dict[str, float]]] = {
    "held_suarez": {"default": {}, "contrast 80 K": {"delta_t": 80.0}},
    "speedy": {"default": {}, "+4 K": {"warming": 4.0}, "+3 P": {"enso": 3.0}, "-3 P": {"enso": -3.0}},
}


class Life(NamedTuple):
    """How far a run has come.

    Attributes:
        days: run so far.
        failed: whether it ended there.
        begun: global mean of ta500 in its first block, K.
        now: in its last.
        acted: means over all calls of what acted on the learned physics.
    """

    days: float
    failed: bool
    begun: float
    now: float
    acted: dict[str, float]


def main() -> None:
    """Run, count, print."""
    parser = argparse.ArgumentParser(prog="python -m validation.stability", description=__doc__)
    parser.add_argument("world", nargs="?", default="speedy", choices=sorted(CONDITIONS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--years", type=float, default=10.0, help="at the default knobs")
    parser.add_argument("--forced-years", type=float, default=1.0, help="under each of the other conditions")
    parser.add_argument("--conditions", default="", help="joined by commas; all of this world's unless given")
    parser.add_argument("--variants", default="", help="joined by commas; this world's unless given")
    parser.add_argument("--online", type=int, default=0, help="updates through steps of the whole model")
    parser.add_argument("--keep", type=Path, required=True, help="folder of fits and of runs")
    parser.add_argument("--csv", type=Path, help="file for what became of every run")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    world = build("worlds", asked.world)
    assert isinstance(world, AbstractColumnWorld)
    starts = [kept_start(asked.keep, world, number) for number in range(asked.starts)]
    variants = asked.variants.split(",") if asked.variants else VARIANTS[asked.world]
    conditions = CONDITIONS[asked.world]
    chosen = asked.conditions.split(",") if asked.conditions else list(conditions)
    if unknown := [label for label in chosen if label not in conditions]:
        parser.error(f"no condition {', '.join(unknown)}; there are: {', '.join(conditions)}")
    for variant in variants:
        simulators = [_fitted(asked, world, variant, seed) for seed in range(asked.seeds)]
        for label in chosen:
            knobs, lives = conditions[label], []
            days = 365.0 * (asked.forced_years if knobs else asked.years)
            for seed, simulator in enumerate(simulators):
                for number, start in enumerate(starts):
                    name = name_of(asked.world, variant, asked.online, seed)
                    name += f"_life_{number}_{label.replace(' ', '')}"
                    state = Flown(start, no_counts())
                    lives.append(life(asked.keep / name, simulator, state, days, knobs))
                    rows.append(row(asked.world, variant, label, seed, number, lives[-1], asked.online))
            print(told(variant, label, lives, asked.seeds), flush=True)
            if asked.csv:
                keep(asked.csv, rows)


def row(
    world: str, variant: str, condition: str, network: int, start: int, one: Life, online: int = 0
) -> dict[str, Any]:
    """A run as a row of the table."""
    told = {"world": world, "variant": variant, "online": online, "condition": condition, "network": network}
    told |= {"start": start, "version": ColumnHybrid.version}
    return told | {k: v for k, v in one._asdict().items() if k != "acted"} | one.acted


def keep(path: Path, rows: list[dict[str, Any]]) -> None:
    """What became of every run, as a table; rows of runs that were not asked stay, as those of another variant.

    Of a run there is one row, that of the version of the learner which ran it last.
    """
    which = ("world", "variant", "online", "condition", "network", "start")
    # what tables lacked that were once written: none was trained online, and version 4 wrote them
    keep_rows(path, rows, which, {"online": "0", "version": "4"})


def told(variant: str, label: str, lives: list[Life], networks: int) -> str:
    """One line: failures, exposure, hazard and its interval, and how the survivors moved.

    Args:
        lives: as many of each network, network by network.
        networks: how many.
    """
    if not any(x.days for x in lives):
        return f"{variant}, {label}: nothing was run"
    events, exposure = sum(x.failed for x in lives), sum(x.days for x in lives) / YEAR
    low, high = hazard_interval(events, exposure)
    rate = f"{events / exposure:.3g} a year ({low:.3g} to {high:.3g}, 95 %)" if events else (
        f"fewer than {high:.3g} a year (95 %)"
    )  # fmt: skip
    moved = [x.now - x.begun for x in lives if not x.failed]
    drift = f"; ta500 of survivors moved by {min(moved):+.2f} to {max(moved):+.2f} K" if moved else ""
    acted = {k: np.mean([x.acted[k] for x in lives]) for k in ("beyond", "limited", "dried", "capped")}
    shares = ", ".join(f"{k} {v:.2g}" for k, v in acted.items())
    each = len(lives) // networks
    broken = sum(any(x.failed for x in lives[i * each : (i + 1) * each]) for i in range(networks))
    return (
        f"{variant}, {label}: {events} of {len(lives)} runs, {broken} of {networks} networks, failed in "
        f"{exposure:.3g} simulated years: {rate}"
        f"{drift}; {shares}"
    )


def life(path: Path, simulator: Any, state: Any, days: float, knobs: dict[str, float]) -> Life:
    """A run of so many days, or to its end; taken up where an earlier call left it."""
    card = simulator.core.card
    forcing = steady({k.name: jnp.asarray(knobs.get(k.name, k.default)) for k in card.knobs})
    so_far, state = _read(path, state)
    blocks, written = int(days // BLOCK), time.perf_counter()
    while not so_far.failed and so_far.days < blocks * BLOCK:
        state, mean, far = days_on(learned_step, simulator, state, forcing)
        warmth = float((np.asarray(mean["ta500"], float).mean(-1) * np.asarray(card.grid.weights)).sum())
        done = so_far.days + BLOCK
        begun = warmth if not so_far.days else so_far.begun
        so_far = Life(done, not float(far) < FAR, begun, warmth, told_counts(state.counts))
        if so_far.failed or done >= blocks * BLOCK or time.perf_counter() - written > 60.0:
            _write(path, so_far, state)
            written = time.perf_counter()
    return so_far


def _write(path: Path, so_far: Life, state: Any) -> None:
    arrays: dict[str, Any] = {f"state.{i}": np.asarray(x) for i, x in enumerate(jax.tree.leaves(state))}
    note = np.asarray(json.dumps(so_far._asdict()))
    write_atomic(path.with_suffix(".npz"), lambda file: np.savez(file, told=note, **arrays))


def _read(path: Path, state: Any) -> tuple[Life, Any]:
    file = path.with_suffix(".npz")
    if not file.exists():
        return Life(0.0, False, 0.0, 0.0, told_counts(no_counts())), state
    with np.load(file, allow_pickle=False) as held:
        leaves = [jnp.asarray(held[f"state.{i}"]) for i in range(len(jax.tree.leaves(state)))]
        return Life(**json.loads(str(held["told"]))), jax.tree.unflatten(jax.tree.structure(state), leaves)


def _fitted(asked: argparse.Namespace, world: AbstractColumnWorld, variant: str, seed: int) -> Any:
    """A network of `validation.hybrid`, made where it is missing."""
    learner = ColumnHybrid(**SETTINGS[asked.world], online=asked.online, invariant=variant)
    name = name_of(asked.world, variant, asked.online, seed)
    missing = not (asked.keep / f"{name}.json").exists()
    lesson = kept_lesson(asked.keep, world, learner) if missing else None
    simulator, _ = kept_fit(asked.keep, name, world, learner, lesson, seed)
    return simulator


if __name__ == "__main__":
    main()
