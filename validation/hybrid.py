"""What the hybrid with learned columns learns and does: `python -m validation.hybrid [held_suarez|speedy]`.

A lesson, a fit for every variant and seed, then free runs beside the truth's: explained variance of unseen answers,
error of the heating, climate and its change under a forcing that was never seen, the day on which a run fails, and
how often clippers and fixers act. With `--keep FOLDER` lessons, fits and runs are kept, and a killed run goes on.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core import persist
from gnomon.core.attendance import attended
from gnomon.core.columns import AbstractColumnWorld
from gnomon.core.learner import Data
from gnomon.core.lesson import Lesson, TaughtWorld, lesson_of
from gnomon.core.watch import Watch
from gnomon.engine.codec import pack_data, pack_lesson, unpack_data, unpack_lesson
from gnomon.learners.column_hybrid import ColumnHybrid, steady
from gnomon.learners.learned_physics import Counts, Flown, no_counts, told_counts
from gnomon.learners.shipped_hybrid import COMMAND, WEIGHTS, save_physics
from gnomon.spec.registry import build
from gnomon.testing.data import data_at_default

BLOCK = 5  # days in one compiled call
DISCARD, SPINUP = 30, 20  # days, before a climate is averaged, and before the common start
FAR = 20.0  # scales of ta850, ta500 or ua250 from the run's own zonal mean: a run that is further away has failed
SETTINGS: dict[str, dict[str, Any]] = {
    "held_suarez": dict(
        runs=3, moments=30, spacing=4, columns=800, width=64, depth=2, updates=30_000, batch=256
    ),
    "speedy": {},  # what a study gets
}
VARIANTS = {"held_suarez": ("none",), "speedy": ("none", "all")}
BEYOND = {"held_suarez": ("contrast 80 K", {"delta_t": 80.0}), "speedy": ("+4 K", {"warming": 4.0})}
SHOWN = {
    "held_suarez": ("ta850", "ta500", "ta250", "ua850", "ua250", "ps"),
    "speedy": ("ta850", "ta500", "ta250", "hus850", "hus50", "ua250", "pr", "evspsbl", "rtmt", "tas"),
}
UNITS = {
    "pr": 86400.0,
    "evspsbl": 86400.0,
    "hus850": 1e3,
    "hus50": 1e6,
    "ps": 0.01,
}  # mm a day, g and mg kg-1, hPa


class Climate(NamedTuple):
    """A free run.

    Attributes:
        means: variable -> [lat, lon] after the discarded days; not finite where the run failed.
        drift: last 30 days less the 30 after the discarded ones, global mean of ta500, K.
        failed: day, or -1.
        counts: of what acted, each a mean over all calls; empty for the truth.
        seconds: a simulated day.
    """

    means: dict[str, np.ndarray]
    drift: float
    failed: float
    counts: dict[str, float]
    seconds: float


def main() -> None:
    """Fit, run, print."""
    asked = _asked()
    world = build("worlds", asked.world)
    assert isinstance(world, AbstractColumnWorld)
    settings = SETTINGS[asked.world] | {"online": asked.online}
    label, knobs = BEYOND[asked.world]
    start = kept_start(asked.keep, world, 0)
    truth = kept_run(asked.keep, f"{asked.world}_truth", world, start, asked.days, {})
    other = f"{asked.world}_other"
    floor = None
    if asked.floor:
        floor = kept_run(asked.keep, other, world, kept_start(asked.keep, world, 1), asked.days, {})
    moved = kept_run(asked.keep, f"{asked.world}_beyond", world, start, asked.days, knobs)
    lesson = kept_lesson(asked.keep, world, ColumnHybrid(**settings))
    first: dict[str, Any] = {}
    for variant in asked.variants.split(",") if asked.variants else VARIANTS[asked.world]:
        for seed in range(asked.seeds):
            learner = ColumnHybrid(**settings, invariant=variant)
            name = name_of(asked.world, variant, asked.online, seed)
            simulator, log = kept_fit(asked.keep, name, world, learner, lesson, seed)
            print(f"\n{asked.world}, {variant}, seed {seed}, online {asked.online}: {log['weights']} weights, "
                  f"{log['seconds']:.0f} s to fit")  # fmt: skip
            told = ", ".join(f"{k} {v:.4f}" for k, v in log["explained"].items())
            print(f"  explained variance of answers in the unseen run: {told}")
            _show_heating(simulator, lesson)
            began = Flown(start, no_counts())
            free = kept_run(asked.keep, name + "_free", simulator, began, asked.days, {})
            warm = kept_run(asked.keep, name + "_beyond", simulator, began, asked.days, knobs)
            _show_climate(asked.world, world, "free", free, truth, floor)
            _show_change(asked.world, world, label, (moved, truth), (warm, free))
            for which, run in (("free", free), (label, warm)):
                failed = (
                    f"FAILED on day {run.failed:g}" if run.failed >= 0 else f"stood for {asked.days} days"
                )
                print(f"  {which}: {failed}; " + ", ".join(f"{k} {v:.3g}" for k, v in run.counts.items()))
            if not seed:
                first[variant] = (simulator.physics, shipped_note(log))
    if asked.ship:
        save_physics(first)
        print(f"\nwrote {', '.join(first)} to {WEIGHTS.name}, {WEIGHTS.stat().st_size / 1e3:.0f} kB")


def shipped_note(log: dict[str, Any]) -> dict[str, Any]:
    """What a shipped network says of its training."""
    kept = {k: log[k] for k in ("invariant", "lesson", "knobs seen", "explained", "weights", "validation")}
    return kept | {"made by": COMMAND}


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m validation.hybrid", description=__doc__)
    parser.add_argument("world", nargs="?", default="held_suarez", choices=sorted(SETTINGS))
    parser.add_argument("--days", type=int, default=90, help="of every free run")
    parser.add_argument("--floor", action="store_true", help="run the truth from another start too")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--variants", default="", help="joined by commas; this world's unless given")
    parser.add_argument("--online", type=int, default=0, help="updates through steps of the whole model")
    parser.add_argument("--ship", action="store_true", help="write seed 0 of all variants into the package")
    parser.add_argument("--keep", type=Path, default=None, help="folder for lessons, fits and runs")
    asked = parser.parse_args()
    if asked.ship and asked.world != "speedy":
        parser.error("--ship writes the hybrid of speedy")
    return asked


def kept_lesson(folder: Path | None, world: AbstractColumnWorld, learner: ColumnHybrid) -> Lesson:
    """The lesson that the learner asks for, of the truth; kept as plain arrays."""
    plan = learner.plan()
    path = folder and folder / f"{world.card.name}_lesson{'_with_states' if plan.states else ''}.npz"
    if path is not None and path.exists():
        with np.load(path, allow_pickle=False) as file:
            return unpack_lesson(dict(file), world)
    lesson = lesson_of(world, plan, key=jax.random.key(11))
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **pack_lesson(lesson))  # pyright: ignore[reportArgumentType]
    return lesson


def kept_data(folder: Path | None, world: AbstractColumnWorld) -> Data:
    """Two short trajectories at the default knobs: the one that validates chooses the snapshot."""
    path = folder and folder / f"{world.card.name}_data.npz"
    if path is None or not path.exists():
        data = data_at_default(world, 2, 24)
        if path is not None:
            np.savez(path, **pack_data(data))  # pyright: ignore[reportArgumentType]
        return data
    with np.load(path, allow_pickle=False) as file:
        return unpack_data(dict(file), world.card)


def name_of(world: str, variant: str, online: int, seed: int) -> str:
    """Of a network and of its runs, where they are kept: those of another version of the learner are others."""
    return f"{world}_{variant}_{online}_{seed}_v{ColumnHybrid.version}"


def kept_fit(
    folder: Path | None,
    name: str,
    world: AbstractColumnWorld,
    learner: ColumnHybrid,
    lesson: Lesson | None,
    seed: int,
) -> tuple[Any, dict[str, Any]]:
    """The simulator and the log of its fit."""
    path = folder and folder / f"{name}.json"
    if path is not None and path.exists():
        told = json.loads(path.read_text())
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
            return persist.restore(told["structure"], dict(file)), told["log"]
    prior = build("worlds", world.card.name, world.card.imperfect)
    assert lesson is not None, "there is no such fit yet"
    with attended(Watch(), folder and folder / f"{name}_half_done"):
        fit = learner.fit(
            kept_data(folder, world),
            prior=TaughtWorld(prior.card, prior, lesson),
            key=jax.random.key(seed),
        )
    if path is not None:
        structure, arrays = persist.dump(fit.simulator)
        np.savez(path.with_suffix(".npz"), **arrays)  # pyright: ignore[reportArgumentType]
        path.write_text(json.dumps({"structure": structure, "log": fit.log}))
    return fit.simulator, fit.log


def kept_run(
    folder: Path | None, name: str, subject: Any, start: Any, days: int, knobs: dict[str, float]
) -> Climate:
    """A free run of a world or a simulator, from a state of its own kind."""
    path = folder and folder / f"{name}_{days}.npz"
    if path is not None and path.exists():
        with np.load(path, allow_pickle=False) as file:
            told = json.loads(str(file["told"]))
            return Climate({k: file[k] for k in file.files if k != "told"}, **told)
    run = free_run(subject, start, days, knobs)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        told = {k: v for k, v in run._asdict().items() if k != "means"}
        np.savez(path, told=np.asarray(json.dumps(told)), **run.means)  # pyright: ignore[reportArgumentType]
    return run


def free_run(subject: Any, start: Any, days: int, knobs: dict[str, float]) -> Climate:
    """Days in blocks; the run stops where it fails."""
    world = getattr(subject, "core", subject)
    card, state = world.card, start
    forcing = steady({k.name: jnp.asarray(knobs.get(k.name, k.default)) for k in card.knobs})
    step = learned_step if subject is not world else own_step
    blocks, failed, began = [], -1.0, 0.0
    for block in range(days // BLOCK):
        state, mean, far = days_on(step, subject, state, forcing)
        far.block_until_ready()
        began = began or time.perf_counter()  # the first block compiles
        blocks.append({k: np.asarray(v, np.float64) for k, v in mean.items()})
        if not float(far) < FAR:
            failed = float((block + 1) * BLOCK)
            break
    kept = blocks[DISCARD // BLOCK :] or blocks[-1:]
    means = {k: np.mean([b[k] for b in kept], axis=0) for k in kept[0]}
    weights = np.asarray(card.grid.weights)
    month = 30 // BLOCK
    warmth = [float((b["ta500"].mean(-1) * weights).sum()) for b in kept]
    counts = told_counts(state.counts) if isinstance(getattr(state, "counts", None), Counts) else {}
    seconds = (time.perf_counter() - began) / max(BLOCK * (len(blocks) - 1), 1)
    return Climate(means, float(np.mean(warmth[-month:]) - np.mean(warmth[:month])), failed, counts, seconds)


@eqx.filter_jit
def days_on(step: Callable[..., Any], subject: Any, state: Any, forcing: Any) -> tuple[Any, Any, Any]:
    """The state five days later, means on the way, and how many scales any value came away from its zonal mean."""

    def one(carry: Any, _: None) -> Any:
        carry = step(subject, carry, forcing)
        return carry, subject.observe(carry)

    state, seen = jax.lax.scan(one, state, None, length=4 * BLOCK)
    card = getattr(subject, "core", subject).card
    parts = [
        jnp.max(jnp.abs(seen[v.name] - seen[v.name].mean(-1, keepdims=True))) / v.scale
        for v in card.variables
        if v.name in ("ta850", "ta500", "ua250")
    ]
    worst = jnp.max(jnp.stack(parts))
    return state, {k: v.mean(0) for k, v in seen.items()}, jnp.where(jnp.isfinite(worst), worst, jnp.inf)


def own_step(world: Any, state: Any, forcing: Any) -> Any:
    return world.step(state, forcing, time=0.0, key=jax.random.key(0))


def learned_step(simulator: Any, state: Any, forcing: Any) -> Any:
    return simulator.advance(state, forcing, time=0.0, key=jax.random.key(0))


def kept_start(folder: Path | None, world: AbstractColumnWorld, seed: int) -> Any:
    """The state that `start_of` gives, kept as its leaves."""
    path = folder and folder / f"{world.card.name}_start_{seed}.npz"
    if path is None or not path.exists():
        state = start_of(world, seed)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, *(np.asarray(x) for x in jax.tree.leaves(state)))
        return state
    like = jax.eval_shape(lambda: world.init(key=jax.random.key(0)))
    with np.load(path, allow_pickle=False) as file:
        leaves = [jnp.asarray(file[f"arr_{i}"]) for i in range(len(file.files))]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def start_of(world: AbstractColumnWorld, seed: int) -> Any:
    """A state of the truth after a spin-up at the default knobs."""
    forcing = steady({k.name: jnp.asarray(k.default) for k in world.card.knobs})

    @eqx.filter_jit
    def spun(world: Any, key: Any) -> Any:
        return jax.lax.fori_loop(0, 4 * SPINUP, lambda _, s: own_step(world, s, forcing), world.init(key=key))

    return spun(world, jax.random.key(100 + seed))


def _show_heating(simulator: Any, lesson: Lesson) -> None:
    """Error of the heating in the unseen run, over all levels and in the level where it is worst, K a day."""
    rows = lesson.run == lesson.last
    columns, change = jax.tree.map(lambda x: jnp.asarray(x[rows]), (lesson.columns, lesson.change))
    answer, _ = eqx.filter_jit(simulator.physics)(columns, no_counts())
    error = np.sqrt(np.mean(np.square(np.asarray(answer.temperature - change.temperature)), axis=0)) * 86400
    size = np.sqrt(np.mean(np.square(np.asarray(change.temperature)), axis=0)) * 86400
    pairs = ", ".join(f"{e:.3f}/{s:.2f}" for e, s in zip(error, size, strict=True))
    print(f"  error/size of the heating, K a day, from the top down: {pairs}")


def _show_climate(
    name: str, world: Any, which: str, run: Climate, truth: Climate, floor: Climate | None
) -> None:
    print(f"  {which}: global mean (truth's), rms difference of the mean map from the truth's (another truth's); "
          f"drift of ta500 {run.drift:+.2f} K ({truth.drift:+.2f}); {run.seconds:.2f} s a day "
          f"({truth.seconds:.2f})")  # fmt: skip
    for v in SHOWN[name]:
        by = UNITS.get(v, 1.0)
        got, true = by * run.means[v], by * truth.means[v]
        bound = f"{_rms(world, by * floor.means[v] - true):8.3f}" if floor else "not run"
        print(f"    {v:8s} {_mean(world, got):9.3f} ({_mean(world, true):9.3f})   "
              f"{_rms(world, got - true):8.3f} ({bound})")  # fmt: skip


def _show_change(
    name: str, world: Any, label: str, truth: tuple[Climate, Climate], run: tuple[Climate, Climate]
) -> None:
    print(f"  {label}: change of the global mean (truth's), correlation of the maps of change")
    for v in SHOWN[name]:
        true, got = (UNITS.get(v, 1.0) * (b.means[v] - a.means[v]) for b, a in (truth, run))
        both = np.corrcoef(true.ravel(), got.ravel())[0, 1] if np.isfinite(got).all() else np.nan
        print(f"    {v:8s} {_mean(world, got):+9.3f} ({_mean(world, true):+9.3f})   {both:+.2f}")


def _mean(world: Any, field: np.ndarray) -> float:
    return float((field.mean(-1) * np.asarray(world.card.grid.weights)).sum())


def _rms(world: Any, field: np.ndarray) -> float:
    return float(np.sqrt(_mean(world, field**2)))


if __name__ == "__main__":
    main()
