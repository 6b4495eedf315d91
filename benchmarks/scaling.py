"""Scaling: error of learners of Lorenz-63 against data, size and compute, in and out of the range of the knob.

Each run trains one learner once, at one number of training trajectories, one size and one number of updates, and
leaves its errors in a file of its own under --store; what is there is not run again, so a killed study goes on, unless
the learner has another version by now or the run is from before versions were kept.
Three sweeps about one base point: data (trajectories), size (the width of the learner), compute (updates of the
weights). The knob rho is constant in a trajectory and spread over its range of 26 to 30; tests start from states
without observation error at rho = 28 (in) and at rho = 34 (out), on trajectories that no training saw.

One error is that of one step, over the truth's own step (root mean square over starts); another the time for which a
forecast is valid (normalised error up to 0.4), in Lyapunov times, whose mean over starts the page turns upside down
for a law. Compute is counted in updates x weights; CPU seconds of a whole fit are kept too, with what was compiled.

    python benchmarks/scaling.py --store results/scaling [--learners residual,lstm] [--seeds 3] [--minutes 30]
    python -m docs.scaling_page --store results/scaling
"""

import argparse
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, add_error
from gnomon.engine.provenance import provenance
from gnomon.spec.registry import build
from gnomon.training.free_run import Starts, free_run_verdict, validation_starts

STEPS, VALIDATION, RESERVE, TESTS, HORIZON = 200, 8, 64, 64, 8.0
IN, OUT, LOW, HIGH = 28.0, 34.0, 26.0, 30.0
ERROR = 0.01  # of observation, in standard deviations
DATA, BASE_DATA = (4, 8, 16, 32, 64), 16
SEED_OF_TESTS = 10_007


class Way(NamedTuple):
    """How one learner is made larger.

    Attributes:
        field: that sets the size; empty where it has none.
        sizes: of the sweep.
        size: at the base point.
        updates: of the sweep; empty where nothing is trained step by step.
        base: updates at the base point.
        part: field of the simulator that holds what was learned; empty for all of it but the patches.
        fixed: other arguments. Trained learners take their first setting alone: a search would be compute, too.
    """

    field: str
    sizes: tuple[int, ...]
    size: int
    updates: tuple[int, ...]
    base: int
    part: str
    fixed: dict[str, Any]


ONCE = {"budget": 1}
WAYS = {
    "nvar": Way("", (), 0, (), 0, "cascade", {}),
    "shallow_plrnn": Way("hidden", (16, 32, 64, 128, 256), 64, (250, 500, 1000, 2000, 4000), 2000, "cell", ONCE),
    "residual": Way("width", (8, 16, 32, 64, 128), 32, (150, 300, 600, 1200, 2400), 1200, "network", ONCE),
    "sindy": Way("", (), 0, (), 0, "coefficients", {}),
    "echo_state": Way("units", (25, 50, 100, 200, 400), 100, (), 0, "readout", {}),
    "lstm": Way("hidden", (6, 12, 24, 48, 96), 24, (250, 500, 1000, 2000, 4000), 2000, "cell", ONCE),
    "transformer": Way("width", (4, 8, 16, 32, 64), 16, (75, 150, 300, 600, 1200), 600, "network", ONCE),
}  # fmt: skip


class Point(NamedTuple):
    """One run, but for its seed."""

    learner: str
    data: int
    size: int
    updates: int


class Test(NamedTuple):
    """One value of the knob: where forecasts start, and where single steps do."""

    data: Data
    name: str


def points(learner: str) -> Iterator[Point]:
    """The base point and the three sweeps, each point once."""
    way = WAYS[learner]
    swept = [
        *((d, way.size, way.base) for d in DATA),
        *((BASE_DATA, s, way.base) for s in way.sizes),
        *((BASE_DATA, way.size, u) for u in way.updates),
    ]
    yield from (Point(learner, *at) for at in dict.fromkeys(swept))


def runs(world: AbstractWorld, rho: np.ndarray, steps: int, seed: int) -> dict[str, Any]:
    """[trajectory, time] after a spin-up at a knob that stays, without observation error."""
    spin = round(world.card.spinup / world.card.dt)

    def one(key: Any, knob: Any) -> Any:
        forcing = Forcing(times={"rho": jnp.zeros(1)}, values={"rho": jnp.full(1, knob)})

        def step(state: Any, _: Any) -> Any:
            return world.step(state, forcing, time=0.0, key=key), world.observe(state)

        state = jax.lax.scan(step, world.init(key=key), None, length=spin)[0]
        return jax.lax.scan(step, state, None, length=steps)[1]

    keys = jax.random.split(jax.random.key(seed), len(rho))
    return {k: np.asarray(v) for k, v in eqx.filter_jit(jax.vmap(one))(keys, jnp.asarray(rho)).items()}


def as_data(world: AbstractWorld, obs: Any, rho: np.ndarray, train: int) -> Data:
    """The first so many train, the rest validate."""
    count, steps = len(rho), next(iter(obs.values())).shape[1]
    return Data(
        obs={k: np.asarray(v) for k, v in obs.items()},
        forcing={"rho": np.repeat(rho[:, None], steps, axis=1)},
        time=np.arange(steps) * world.card.dt,
        train=np.arange(train),
        validation=np.arange(train, count),
        card=world.card,
    )


def training_data(world: AbstractWorld, trajectories: int, seed: int) -> Data:
    """Knobs spread evenly over the range, for training and for validation."""
    spread = [LOW + (HIGH - LOW) * (np.arange(n) + 0.5) / n for n in (trajectories, VALIDATION)]
    rho = np.concatenate(spread)
    obs = add_error(world.card, runs(world, rho, STEPS, seed), key=jax.random.key(seed + 500))
    return as_data(world, obs, rho, trajectories)


def tests(world: AbstractWorld) -> list[Test]:
    """The same for every run."""
    steps = RESERVE + int(np.ceil(HORIZON * world.card.timescale / world.card.dt)) + 1
    found = []
    for number, (name, rho) in enumerate((("in", IN), ("out", OUT))):
        knobs = np.full(TESTS, rho)
        obs = runs(world, knobs, steps, SEED_OF_TESTS + number)
        found.append(Test(as_data(world, obs, knobs, 0), name))
    return found


def judged(simulator: AbstractSimulator, test: Test) -> dict[str, float]:
    """Errors at one value of the knob."""
    context = simulator.card.context
    way = {"reserve": RESERVE, "lyapunov_times": HORIZON}
    far = validation_starts(test.data, context, starts=TESTS, steps=1, **way)
    verdict = free_run_verdict(simulator, far, test.data, key=jax.random.key(0))
    near = validation_starts(test.data, context, reserve=RESERVE, starts=4 * TESTS, lyapunov_times=0.01)
    found = _after_one(simulator, near)
    squares = []
    for name, value in found.items():
        steps = np.diff(test.data.obs[name], axis=1)
        squares.append(np.mean((np.asarray(value) - near.truth[name][:, 0]) ** 2) / np.mean(steps**2))
    one_step = float(np.sqrt(np.mean(squares)))
    return {
        "one_step": one_step,
        "valid_time": verdict.valid_time,
        "nrmse": verdict.nrmse,
        "diverged": verdict.diverged,
    }


@eqx.filter_jit
def _after_one(simulator: AbstractSimulator, starts: Starts) -> Any:
    key = jax.random.key(0)

    def one(history: Any, forcing: Forcing, time: Any) -> Any:
        state = simulator.assimilate(history, forcing, time=time, key=key)
        return simulator.observe(simulator.advance(state, forcing, time=time, key=key))

    return jax.vmap(one)(starts.history, starts.forcing, starts.time)


def learner_of(point: Point) -> Any:
    """Of the point's size and number of updates."""
    way = WAYS[point.learner]
    args = {**way.fixed, **({way.field: point.size} if way.field else {})}
    return build("learners", point.learner, args | ({"updates": point.updates} if way.updates else {}))


def made_by(learner: Any) -> dict[str, Any]:
    """What a stored row says of its making."""
    own = provenance()
    return {"learner_version": learner.version, **{k: own[k] for k in ("gnomon", "jax", "processor")}}


def run(world: AbstractWorld, point: Point, seed: int, against: list[Test]) -> dict[str, Any]:
    """Train once and judge."""
    way, learner = WAYS[point.learner], learner_of(point)
    data = training_data(world, point.data, 1000 * (seed + 1) + point.data)
    began, cpu = time.perf_counter(), time.process_time()
    fit = learner.fit(data, key=jax.random.key(seed))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    weights = sum(
        np.count_nonzero(leaf)
        for leaf in jax.tree.leaves(eqx.filter(getattr(fit.simulator, way.part), eqx.is_inexact_array))
    )
    verdicts = [
        [[row["updates"], row["valid_time"], row["nrmse"], row["diverged"]] for row in trained[0]]
        for trained in fit.log.get("snapshots", {}).values()
    ]
    return {
        **point._asdict(),
        "seed": seed,
        "observations": point.data * STEPS,
        "weights": int(weights),
        "compute": point.updates * int(weights),
        "cpu_seconds": cpu,
        "wall_seconds": seconds,
        "snapshots": verdicts,
        **made_by(learner),
        **{test.name: judged(fit.simulator, test) for test in against},
    }


def place(store: Path, point: Point, seed: int) -> Path:
    """Where a run is kept."""
    return store / f"{point.learner}-data{point.data}-size{point.size}-updates{point.updates}-seed{seed}.json"


def is_current(path: Path, point: Point) -> bool:
    """Whether a run is kept and is of the learner as it is now; one without a version may be of any, and is not."""
    if not path.exists():
        return False
    found = json.loads(path.read_text(encoding="utf-8"))
    return found.get("learner_version") == learner_of(point).version


def main() -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, default=Path("results/scaling"))
    parser.add_argument("--learners", default=",".join(WAYS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=30.0, help="of CPU after which no run is begun")
    told = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    told.store.mkdir(parents=True, exist_ok=True)
    world = build("worlds", "lorenz63", {"error": ERROR})
    against = tests(world)
    for learner in told.learners.split(","):
        # Seeds of one point follow one another: what is compiled for its shapes serves all.
        for point, seed in itertools.product(points(learner), range(told.seeds)):
            path = place(told.store, point, seed)
            if is_current(path, point):
                continue
            if time.process_time() > 60 * told.minutes:
                print(f"{told.minutes:g} CPU minutes are spent; the same command goes on")
                return
            found = run(world, point, seed, against)
            half = path.with_suffix(".half")
            half.write_text(json.dumps(found), encoding="utf-8")
            half.replace(path)
            print(
                f"{path.stem}: {found['cpu_seconds']:.1f} CPU s, one step {found['in']['one_step']:.3g} in, "
                f"{found['out']['one_step']:.3g} out, valid {found['in']['valid_time']:.2f} in, "
                f"{found['out']['valid_time']:.2f} out",
                flush=True,
            )
        jax.clear_caches()  # other learners' programs only cost memory
    print(f"{len(list(told.store.glob('*.json')))} runs in {told.store}")


if __name__ == "__main__":
    main()
