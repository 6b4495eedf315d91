"""What the harness costs an atmosphere: simulated days per second through Gnomon against a bare jcm run (T21, float32).

Both start from the same air under the same boundary and give the same fields every six hours, 35 variables on pressure
levels. They are run alternately in one process, so that whatever else the machine does hits both; the ratio is the
median over rounds. Goal: at least 0.9. Besides it: a bare run that keeps jcm's own fields and interpolates nothing, and
seconds a simulated day and unit for several units.

    python benchmarks/atmosphere_harness.py [--rounds 7] [--days 8] [--units 4]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.adapters.jax_runner import WorldRunner
from gnomon.core.runner import Starts
from gnomon.core.watch import Watch
from gnomon.spec.experiment import Experiment
from gnomon.worlds.sphere.machine import native
from gnomon.worlds.sphere.seen import of_column
from gnomon.worlds.sphere.speedy import Speedy


def main() -> None:
    """Print seconds a day, and the ratio with its quartiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--days", type=int, default=8, help="a multiple of 8: what one compiled call advances"
    )
    parser.add_argument(
        "--units", type=int, default=4, help="of a second run through Gnomon; 1 leaves it out"
    )
    options = parser.parse_args()
    world = Speedy()
    same, own = bare(world, options.days)
    timed = {
        "gnomon": gnomon(world, 1, options.days),
        "bare, same fields": same,
        "bare, its own fields": own,
    }
    many = f"gnomon, {options.units} units"
    if options.units > 1:
        timed[many] = gnomon(world, options.units, options.days)
    for run in timed.values():
        run()  # compiles
    seconds: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(options.rounds):
        for name, run in timed.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    for name, found in seconds.items():
        each = statistics.median(found) / options.days / (options.units if name == many else 1)
        print(f"{name:<22} {each:.3f} s a simulated day (median of {options.rounds})")
    for name in ("bare, same fields", "bare, its own fields"):
        ratios = np.array(seconds[name]) / np.array(seconds["gnomon"])
        low, middle, high = np.quantile(ratios, [0.25, 0.5, 0.75])
        print(f"speed of gnomon / {name}: {middle:.2f} (quartiles {low:.2f} to {high:.2f}; goal 0.9)")


def gnomon(world: Speedy, units: int, days: int) -> Callable[[], Any]:
    """A run through the world's runner."""
    states = eqx.filter_jit(lambda w, k: jax.vmap(lambda one: w.init(key=one))(k))(
        world, jax.random.split(jax.random.key(0), units)
    )
    seen = eqx.filter_jit(lambda w, s: jax.vmap(w.observe)(s))(world, states)
    starts = Starts(
        states=states,
        history={k: np.asarray(v)[:, None] for k, v in seen.items()},
        library={k: np.repeat(np.asarray(v)[:1], 2, axis=0) for k, v in seen.items()},
    )
    experiment = Experiment(label="free", units=units, steps=4 * days)
    runner = WorldRunner(world=world, perturbed=False)
    return lambda: runner.run(experiment, starts, seed=0, watch=Watch())


def bare(world: Speedy, days: int) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """The same through jcm's own model: with the same fields, and with its own."""
    from jcm.model import Model

    machine = world.machine
    state = eqx.filter_jit(lambda w: w.init(key=jax.random.key(0)))(world)
    none = {k.name: jnp.asarray(k.default) for k in world.card.knobs}
    boundary = world.boundary(state.clock, none)
    model = Model(dycore=machine.core, terrain=machine.terrain, start_time="2001-01-16")

    @jax.jit
    def fields(air: Any, physics: Any) -> Any:
        seen = jax.vmap(lambda frame: of_column(frame, machine.sigma, moist=True))(air)
        exchange = physics["surface_exchange"]
        top = physics["_shortwave_rad"].ftop - physics["_longwave_rad"].ftop
        near = physics["_surface_flux"].t0
        return seen, exchange.precipitation, exchange.evaporation, top, near

    def own() -> Any:
        told = model.run(
            initial_state=native(state.air), forcing=boundary, save_interval=0.25, total_time=float(days)
        )
        return jax.block_until_ready((told.dynamics, told.physics))

    def same() -> Any:
        air, physics = own()
        return jax.tree.map(np.asarray, fields(air, physics))

    return same, own


if __name__ == "__main__":
    main()
