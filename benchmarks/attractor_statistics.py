"""Long free runs of learned systems against the truth: D_stsp and D_H beside what two truths score.

The published set-up for Lorenz's system of 1963: 100,000 observations for training with 5 % observation error, free
runs as long, 30 bins an axis. Two forms of D_stsp are kept: ours, in which mass outside the truth's box is charged,
and the published one, in which it is dropped; for states of more than three numbers the mixture (variance 1) takes
their place. What twenty disjoint pairs of truths of the same length score is the floor: no run can be told from the
truth below its 95 %. Every row is written as soon as it is there, and what is there is not run again, unless the
learner has another version or other settings by now, the row is from before versions were kept, or another number or
length of runs is asked for; floors are made again for another length. A training that was killed goes on where it was,
in a folder named by its settings.

    python benchmarks/attractor_statistics.py --folder docs/attractors [--rows NAME ...] [--seeds 1] [--runs 5]
"""

import argparse
import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.attendance import attended
from gnomon.core.forcing import forcing_of
from gnomon.core.learner import Data, Fit
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld, add_error
from gnomon.engine.provenance import provenance
from gnomon.learners.almost_linear_rnn import AlmostLinearCell
from gnomon.learners.almost_linear_topology import topology_of
from gnomon.learners.recurrent_simulator import RecurrentSimulator
from gnomon.measures.attractor import Attractor
from gnomon.measures.attractor_mixture import AttractorMixture
from gnomon.measures.spectrum_hellinger import SpectrumHellinger
from gnomon.numerics.fates import fate_of, reach_of
from gnomon.numerics.histograms import box, counts
from gnomon.numerics.spectra import smoothed_shape
from gnomon.spec.registry import build
from gnomon.testing.data import runs_at_default

BINS, SMOOTHING, LAPLACE, MOST = 30, 20.0, 1e-5, 3
TRAJECTORIES, VALIDATION, STEPS, PAIRS = 20, 4, 5000, 20
SHOWN, DRAWN = 2500, (0, -1)  # steps of a run and its columns that go into the figure
LORENZ = {"dt": 0.01, "substeps": 2}
WORLDS: dict[str, tuple[str, dict[str, Any]]] = {
    "lorenz63, error 5 %": ("lorenz63", {**LORENZ, "error": 0.05}),
    "lorenz63, seen exactly": ("lorenz63", {**LORENZ, "error": 0.0}),
    "rossler, error 5 %": ("rossler", {"error": 0.05}),
    "lorenz96 of 20 sites, error 5 %": ("lorenz96", {"n": 20, "dt": 0.04, "substeps": 4, "error": 0.05}),
}
SHALLOW: dict[str, Any] = {
    "budget": 1, "updates": 40_000, "length": 100, "hidden": 100, "context": 32, "forcing": 0.1, "rate": 5e-3,
    "seeds": 2, "snapshots": 40, "judge": "attractor",
}  # fmt: skip
ALMOST: dict[str, Any] = {
    "budget": 1, "updates": 25_000, "length": 200, "interval": 16, "rate": 2e-3, "noise": 0.05, "seeds": 3,
    "snapshots": 25, "judge": "attractor",
}  # fmt: skip
ALMOST_EXACT: dict[str, Any] = {**ALMOST, "updates": 60_000, "rate": 1e-3, "seeds": 2, "snapshots": 50}
ONE_UNIT: dict[str, Any] = {
    **ALMOST, "rectified": 1, "updates": 20_000, "length": 150, "interval": 8, "rate": 5e-3, "seeds": 2,
}  # fmt: skip
NOISY, EXACT, RING = "lorenz63, error 5 %", "lorenz63, seen exactly", "lorenz96 of 20 sites, error 5 %"
ROWS: dict[str, tuple[str, str, dict[str, Any]]] = {
    # name -> world, learner, the learner's arguments
    "shallow_plrnn": (NOISY, "shallow_plrnn", SHALLOW),
    "almost_linear_rnn": (NOISY, "almost_linear_rnn", ALMOST),
    "sindy": (NOISY, "sindy", {}),
    "echo_state": (NOISY, "echo_state", {}),
    "nvar": (NOISY, "nvar", {}),
    "almost_linear_rnn-rossler": ("rossler, error 5 %", "almost_linear_rnn", ONE_UNIT),
    "almost_linear_rnn-exact": (EXACT, "almost_linear_rnn", ALMOST_EXACT),
    "sindy-exact": (EXACT, "sindy", {}),
    "echo_state-exact": (EXACT, "echo_state", {}),
    "nvar-exact": (EXACT, "nvar", {}),
    "shallow_plrnn-lorenz96": (
        RING,
        "shallow_plrnn",
        {**SHALLOW, "hidden": 200, "updates": 20_000, "seeds": 1},
    ),
    "sindy-lorenz96": (RING, "sindy", {}),
    "shallow_plrnn-exact": (EXACT, "shallow_plrnn", SHALLOW),
}


class Distances(NamedTuple):
    """Of one run to one truth. `published` is the form without the escaped mass; the mixture knows no box."""

    ours: float
    published: float
    spectral: float
    escaped: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="for the rows, one file each")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100_000, help="of a free run")
    told = parser.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    with jax.enable_x64(True):
        for name in told.rows:
            for seed in range(told.seeds):
                place, steps = told.folder / f"{name}-{seed}.json", steps_of(ROWS[name][0], told.steps)
                if not is_current(place, name, runs=told.runs, steps=steps):
                    half = unfinished(place, name)
                    half.mkdir(exist_ok=True)
                    with attended(Watch(), half):
                        write(place, row(name, seed, told.runs, steps, floor(name, told)))
                    shutil.rmtree(half)
                show(name, seed, json.loads(place.read_text()))


def learner_of(name: str) -> Any:
    """Of a row."""
    _, learner, settings = ROWS[name]
    return build("learners", learner, settings)


def made_by(learner: Any) -> dict[str, Any]:
    """What a stored row says of its making."""
    own = provenance()
    return {"learner_version": learner.version, **{k: own[k] for k in ("gnomon", "jax", "processor")}}


def is_current(place: Path, name: str, *, runs: int, steps: int) -> bool:
    """Whether a row is kept and is of the learner, the settings and the runs that are asked for now.

    A row without a version may be of any: it is not.
    """
    if not place.exists():
        return False
    found = json.loads(place.read_text(encoding="utf-8"))
    return (
        found.get("learner_version") == learner_of(name).version
        and found["settings"] == ROWS[name][2]
        and (len(found["runs"]), found["steps"]) == (runs, steps)
    )


def unfinished(place: Path, name: str) -> Path:
    """Folder of a training's checkpoints: one of other settings or another version must not be gone on with."""
    told = json.dumps([*ROWS[name], WORLDS[ROWS[name][0]], learner_of(name).version], sort_keys=True)
    return place.with_suffix(f".{hashlib.sha256(told.encode()).hexdigest()[:12]}.unfinished")


def steps_of(world_name: str, steps: int) -> int:
    """Of a free run: a fifth where there are many numbers, since the mixture takes 10,000 points only."""
    return steps // 5 if world_name == RING else steps


def write(place: Path, found: dict[str, Any]) -> None:
    """Whole or not at all."""
    part = place.with_suffix(".part")
    part.write_text(json.dumps(found) + "\n", encoding="utf-8")
    part.rename(place)


def floor(name: str, told: argparse.Namespace) -> dict[str, Any]:
    """What pairs of truths score on the world of a row, in runs as long; kept."""
    world_name = ROWS[name][0]
    kind, args = WORLDS[world_name]
    steps = steps_of(world_name, told.steps)
    place = told.folder / f"floor-{kind}.json"
    kept = kept_floor(place)
    if (kept["steps"], len(kept["pairs"])) != (steps, PAIRS):
        kept = {"steps": steps, "pairs": pairs_of(kind, args, steps)}
        write(place, kept)
    return kept


def kept_floor(place: Path) -> dict[str, Any]:
    """A floor's file; none of any length where there is no file."""
    return json.loads(place.read_text(encoding="utf-8")) if place.exists() else {"steps": 0, "pairs": []}


def pairs_of(kind: str, args: dict[str, Any], steps: int) -> list[dict[str, float]]:
    """Distances of pairs of truths; the truth itself is compared, not what is observed of it."""
    truths = truths_of(build("worlds", kind, {**args, "error": 0.0}), 2 * PAIRS, steps, seed=99)
    return [distances(truths[2 * i], truths[2 * i + 1])._asdict() for i in range(PAIRS)]


def row(name: str, seed: int, runs: int, steps: int, beside: dict[str, Any]) -> dict[str, Any]:
    """One learner, fitted and left alone."""
    world_name, learner, settings = ROWS[name]
    kind, args = WORLDS[world_name]
    world = build("worlds", kind, args)
    truths = truths_of(world, 2 * runs, steps, seed=98)
    began = time.process_time()
    made = learner_of(name)
    fit = made.fit(data_of(world, seed), key=jax.random.key(seed))
    spent = time.process_time() - began
    found = [free(fit.simulator, world, truths[2 * i], steps) for i in range(runs)]
    spread = truths.std((0, 1))
    reach = reach_of(truths / spread)
    scored = [
        distances(truths[2 * i + 1], x)._asdict() if np.isfinite(x).all() else None
        for i, x in enumerate(found)
    ]
    return {
        "world": world_name, "learner": learner, "settings": settings, "seed": seed, "steps": steps,
        "observations": TRAJECTORIES * STEPS, "cpu_seconds": spent, "chosen": fit.log["chosen"],
        "runs": scored, "fates": [fate_of(x / spread, reach) for x in found],
        "truth": truths[1, :SHOWN, DRAWN].T.round(3).tolist(),
        "shown": np.nan_to_num(found[0][-SHOWN:, DRAWN]).round(3).tolist(),
        "code": code(fit, world, found, truths), "floor_pairs": len(beside["pairs"]),
        **made_by(made),
    }  # fmt: skip


def code(fit: Fit, world: AbstractWorld[Any], found: list[np.ndarray], truths: np.ndarray) -> Any:
    """The symbolic code of an almost-linear network; of any other learner there is none."""
    simulator = fit.simulator
    if not isinstance(simulator, RecurrentSimulator) or not isinstance(simulator.cell, AlmostLinearCell):
        return None
    if not np.isfinite(found[0]).all():
        return None
    return topology_of(simulator, world, truths[1:3], found[0], lobes=world.card.name == "lorenz63")


def show(name: str, seed: int, found: dict[str, Any]) -> None:
    """A line."""
    rows = np.array([list(r.values()) for r in found["runs"] if r])
    mean = rows.mean(axis=0) if len(rows) else np.full(4, np.nan)
    print(
        f"{name:28s} {seed} D_stsp {mean[0]:8.4f} published form {mean[1]:8.4f} D_H {mean[2]:7.4f} escaped "
        f"{mean[3]:7.3%}  {found['cpu_seconds']:.0f} CPU s  {', '.join(found['fates'])}",
        flush=True,
    )


def truths_of(world: AbstractWorld[Any], count: int, steps: int, *, seed: int) -> np.ndarray:
    """[truth, time, channel]."""
    return stacked(world, runs_at_default(world, count, steps, seed=seed))


def data_of(world: AbstractWorld[Any], seed: int) -> Data:
    """Long trajectories with the declared observation error."""
    count = TRAJECTORIES + VALIDATION
    obs = add_error(world.card, runs_at_default(world, count, STEPS, seed=seed), key=jax.random.key(seed + 7))
    return Data(
        obs={k: np.asarray(v) for k, v in obs.items()},
        forcing={k.name: np.full((count, STEPS), k.default) for k in world.card.knobs},
        time=np.arange(STEPS) * world.card.dt,
        train=np.arange(TRAJECTORIES),
        validation=np.arange(TRAJECTORIES, count),
        card=world.card,
    )


def stacked(world: AbstractWorld[Any], obs: Any) -> np.ndarray:
    """[..., channel] in standard deviations."""
    parts = []
    for v in world.card.variables:
        x = np.asarray(obs[v.name]) / v.scale
        parts.append(x if v.shape else x[..., None])
    return np.concatenate(parts, axis=-1)


def unstacked(world: AbstractWorld[Any], x: np.ndarray) -> dict[str, Any]:
    """Observations of [time, channel]."""
    obs, at = {}, 0
    for v in world.card.variables:
        size = int(np.prod(v.shape, dtype=int))
        obs[v.name] = jnp.asarray((x[:, at : at + size] * v.scale).reshape(-1, *v.shape))
        at += size
    return obs


def free(simulator: Any, world: AbstractWorld[Any], truth: np.ndarray, steps: int) -> np.ndarray:
    """A free run from the beginning of a truth."""
    card, key = world.card, jax.random.key(0)
    forcing = jax.tree.map(lambda x: x[0], forcing_of(card, (), 1))

    @eqx.filter_jit
    def run(simulator: Any, past: Any) -> Any:
        state = simulator.assimilate(past, forcing, time=0.0, key=key)

        def step(state: Any, n: Any) -> Any:
            return simulator.advance(state, forcing, time=n * card.dt, key=key), simulator.observe(state)

        return jax.lax.scan(step, state, jnp.arange(steps))[1]

    return stacked(world, run(simulator, unstacked(world, truth[: simulator.card.context])))


def distances(truth: np.ndarray, run: np.ndarray) -> Distances:
    """Both forms of D_stsp, D_H and the share of the run outside the truth's box."""
    alive = np.ones(1, bool)
    shapes = [{"shape": shape(x), "alive": alive} for x in (truth, run)]
    spectral = float(SpectrumHellinger().value(*shapes)[0])
    low, high = box(truth[None])
    escaped = float(1 - np.mean(np.all((run >= low) & (run <= high), axis=-1)))
    if truth.shape[-1] > MOST:
        measure = AttractorMixture()
        every = max(1, len(truth) // measure.points)
        tables = [{"points": x[None, ::every], "alive": alive} for x in (truth, run)]
        mixture = float(measure.value(*tables)[0])
        return Distances(mixture, mixture, spectral, escaped)
    tables = [{"points": x[None], "alive": alive} for x in (truth, run)]
    inside = [counts(t["points"], low, high, BINS)[0][:-1] + LAPLACE for t in tables]
    p, q = (x / x.sum() for x in inside)
    published = float(np.sum(p * np.log(p / q)))
    return Distances(float(Attractor().value(*tables)[0]), published, spectral, escaped)


def shape(x: np.ndarray) -> np.ndarray:
    """[1, channel, frequency] smoothed power of standardised channels."""
    z = (x - x.mean(0)) / x.std(0)
    return smoothed_shape((np.abs(np.fft.rfft(z, axis=0)) ** 2).T, width=SMOOTHING)[None]


if __name__ == "__main__":
    main()
