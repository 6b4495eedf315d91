"""What sharing the truth's integrator is worth to sparse equations on Lorenz-63: valid time against other truths.

`sindy` finds equations and integrates them by the fourth-order Runge-Kutta scheme, with as many substeps as fit the
data best. The truth of `lorenz63` is made by that scheme, with five substeps in an observation step: a learner that
finds both has the truth's own discrete map, errors of its integration included. Here the same learner sees data
without observation error of that truth, and of truths of other numbers of substeps: of 200 the integration error is at
the rounding of double precision, so that only the equations can be learned. Data are recorded in single precision, as
in the studies. Beside it a learner with no integrator (`nvar`), for which the truths should be alike, and the twin: the
truth of the data itself, started from the recorded state. `foreign` is the equations with sigma, rho and beta as they
are, integrated with five substeps: what a perfect set of equations is worth with the wrong integrator.

Valid time: mean over starts of the time until the error, over the standard deviation, passes 0.4, in Lyapunov times;
[95 % by the scatter of the seeds].

    python benchmarks/integrator_lead.py [--truths 5,7,200] [--learners sindy,nvar] [--seeds 3] [--starts 200]

With `--csv FILE` every seed is kept, a row each (`docs/results/learners-integrator.csv` is what
docs/learners-results.md shows).
"""

import argparse
import csv
import time
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from scipy import stats

from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.registry import build
from gnomon.testing.data import data_at_default, runs_at_default
from gnomon.training.free_run import Starts, free_run_verdict, validation_starts
from gnomon.training.sampling import learned_card

TRAJECTORIES, STEPS, RESERVE, HORIZON, USUAL = (
    32,
    500,
    64,
    30.0,
    5,
)  # of the study `horizons`, but for the horizon


class Truth(AbstractSimulator[Any]):
    """A world run from the last observation."""

    card: SimulatorCard = eqx.field(static=True)
    world: AbstractWorld

    def assimilate(self, history: Any, forcing: Any, *, time: Any, key: Any) -> Any:
        """The recorded state."""
        return self.world.lift({k: v[-1] for k, v in history.items()}, self.world.init(key=key))

    def advance(self, state: Any, forcing: Any, *, time: Any, key: Any) -> Any:
        """One step of the world."""
        return self.world.step(state, forcing, time=time, key=key)

    def observe(self, state: Any) -> Any:
        """What the world shows."""
        return self.world.observe(state)


def recorded(data: Data) -> Data:
    """As it is kept: in single precision."""
    return data._replace(obs={k: v.astype(np.float32).astype(float) for k, v in data.obs.items()})


def starts_of(world: Any, count: int, seed: int) -> Data:
    """Trajectories long enough for a past and a forecast."""
    steps = RESERVE + int(np.ceil(HORIZON * world.card.timescale / world.card.dt)) + 1
    obs = runs_at_default(world, count, steps, 5000 + seed)
    rho = world.card.knobs[0]
    return recorded(
        Data(
            obs={k: np.asarray(v) for k, v in obs.items()},
            forcing={rho.name: np.full((count, steps), rho.default)},
            time=np.arange(steps) * world.card.dt,
            train=np.arange(0),
            validation=np.arange(count),
            card=world.card,
        )
    )


def valid_time(simulator: AbstractSimulator, test: Data) -> float:
    """Mean over starts; the same moments for all contexts."""
    starts: Starts = validation_starts(
        test,
        simulator.card.context,
        reserve=RESERVE,
        starts=len(test.validation),
        lyapunov_times=HORIZON,
        steps=1,
    )
    return free_run_verdict(simulator, starts, test, key=jax.random.key(0)).valid_time


def main() -> None:
    """Print a row for each truth and forecaster."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--truths", default="5,7,200", help="substeps of the truths")
    parser.add_argument("--learners", default="sindy,nvar")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=200)
    parser.add_argument("--csv", type=Path, help="file for every seed")
    told = parser.parse_args()
    kept: list[tuple[Any, ...]] = []
    jax.config.update("jax_enable_x64", True)
    print(f"{TRAJECTORIES} trajectories of {STEPS} observations, {told.starts} starts, {told.seeds} seeds")
    print(f"{'truth, substeps':>16}  {'forecaster':12}{'valid time':24}{'substeps found':16}CPU s to fit")
    for substeps in (int(x) for x in told.truths.split(",")):
        rows: dict[str, list[tuple[float, Any, float]]] = {}
        world = build("worlds", "lorenz63", {"error": 0.0, "substeps": substeps})
        foreign = build("worlds", "lorenz63", {"error": 0.0, "substeps": USUAL})
        for seed in range(told.seeds):
            data = recorded(data_at_default(world, TRAJECTORIES, STEPS, seed=seed))
            test = starts_of(world, told.starts, seed)
            for name, truth in (("twin", world), ("foreign", foreign)):
                rows.setdefault(name, []).append(
                    (valid_time(_control(truth, data), test), truth.substeps, 0.0)
                )
            for name in told.learners.split(","):
                began = time.process_time()
                simulator = build("learners", name, {}).fit(data, key=jax.random.key(seed)).simulator
                spent = time.process_time() - began
                found = getattr(simulator, "substeps", "")
                rows.setdefault(name, []).append((valid_time(simulator, test), found, spent))
        for name, found in rows.items():
            kept += [(substeps, name, seed, *row) for seed, row in enumerate(found)]
            counts = ", ".join(dict.fromkeys(str(c) for _, c, _ in found))
            spent = float(np.median([s for _, _, s in found]))
            print(
                f"{substeps:16d}  {name:12}{_told([v for v, _, _ in found]):24}{counts:16}{spent:.0f}",
                flush=True,
            )
    if told.csv:
        with told.csv.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["substeps", "forecaster", "seed", "valid_time", "substeps_found", "seconds"])
            writer.writerows(kept)


def _control(truth: AbstractWorld, data: Data) -> Truth:
    return Truth(learned_card("truth", data, context=1), truth)


def _told(seeds: list[float]) -> str:
    mean = float(np.mean(seeds))
    if len(seeds) < 2:
        return f"{mean:.2f}"
    reach = float(stats.t.ppf(0.975, len(seeds) - 1) * np.std(seeds, ddof=1) / np.sqrt(len(seeds)))
    return f"{mean:.2f} [{mean - reach:.2f}, {mean + reach:.2f}]"


if __name__ == "__main__":
    main()
