"""Make the spun-up states and the scales that ship with the worlds of the sphere.

`python -m validation.spin_up_atmosphere speedy 21 january` starts at rest, lets 120 days pass (200 for the dry world,
whose eddies need 75 to appear out of nothing), keeps a state every ten days (eight of them, `--apart` for fewer days)
and writes `spun_up/speedy_t21_january.npz`; with `--scales` it also writes the standard deviation of every variable at
a point over those days to `scales.json`. Then the mass of air is set so that sea-level pressure is 1011 hPa in the mean
(1000 hPa for the dry world): from rest at 1000 hPa everywhere it would be 16 hPa too heavy for ever.
What comes from the pool of another season, or of T21 where the truncation has none (`--from january`), starts from that
pool and needs 60 days: `speedy 31 january --from january --apart 5` makes the one for T31.
"""

import argparse
import json
import time
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing, forcing_of
from gnomon.core.world import AbstractWorld
from gnomon.worlds.sphere.machine import Air, at_rest
from gnomon.worlds.sphere.pool import draw, pack, pool_file
from gnomon.worlds.sphere.speedy_card import SCALES

PRESSURE = {"speedy": 98550.0, "held_suarez": 1.0e5}  # Pa, global mean at the ground, to begin with
SEA_LEVEL = {"speedy": 1.011e5, "held_suarez": 1.0e5}  # Pa, in the end
REST = {"speedy": 120, "held_suarez": 200}  # days from rest
MOVED, APART, STATES = 60, 10, 8  # days from another pool, days between states, and how many states are kept


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(prog="python -m validation.spin_up_atmosphere", description=__doc__)
    parser.add_argument("world", choices=("speedy", "held_suarez"))
    parser.add_argument("truncation", type=int)
    parser.add_argument("season", choices=("january", "july", "always"))
    parser.add_argument("--from", dest="source", help="start from the pool of another season")
    parser.add_argument("--apart", type=int, default=APART, help="days between the states that are kept")
    parser.add_argument("--scales", action="store_true", help="write the standard deviations too")
    options = parser.parse_args()
    world = make(options.world, options.truncation, options.season)
    if options.source:
        air = jax.jit(lambda k: draw(options.world, options.truncation, options.source, key=k))(
            jax.random.key(1)
        )
    else:
        pressure = PRESSURE[options.world]
        air = jax.jit(lambda k: at_rest(world.machine, options.truncation, pressure, key=k))(
            jax.random.key(0)
        )
    state = eqx.filter_jit(lambda w, a: w.starting(a))(world, air)
    kept, spread = spun(world, state, MOVED if options.source else REST[options.world], options.apart)
    path = pool_file(options.world, options.truncation, options.season)
    np.savez_compressed(path, **pack(weighed(world, kept, SEA_LEVEL[options.world])))  # pyright: ignore[reportArgumentType]
    print(f"wrote {path.name}: {path.stat().st_size / 1e6:.2f} MB", flush=True)
    if options.scales:
        table = json.loads(SCALES.read_text()) if SCALES.exists() else {}
        table[options.world] = {v: float(f"{spread[v]:.3g}") for v in ordered(spread)}
        SCALES.write_text(json.dumps(table, indent=1) + "\n")


def make(name: str, truncation: int, season: str) -> Any:
    """The world, built without the registry."""
    if name == "speedy":
        from gnomon.worlds.sphere.speedy import Speedy

        return Speedy(truncation=truncation, calendar=season)
    from gnomon.worlds.sphere.held_suarez import HeldSuarez

    return HeldSuarez(truncation=truncation)


def spun(world: Any, state: Any, days: int, apart: int) -> tuple[Air, dict[str, float]]:
    """The states kept after a spin-up, `apart` days from one to the next, and the spread of each variable meanwhile."""
    forcing = jax.tree.map(lambda x: x[0], forcing_of(world.card, (), 1))
    began = time.perf_counter()
    for done in range(0, days, apart):
        state, _ = some_days(world, state, forcing, apart)
        told = world.observe(state)
        print(
            f"day {done + apart}: tas {float(told['tas'].mean()):.2f} K (points alike), "
            f"psl {float(told['psl'].mean()) / 100:.1f} hPa, {time.perf_counter() - began:.0f} s",
            flush=True,
        )
    states, sums = [], None
    for _ in range(STATES):
        state, seen = some_days(world, state, forcing, apart)
        states.append(state.air)
        daily = {k: np.asarray(v, np.float64) for k, v in seen.items()}
        piece = {k: np.stack([v.sum(0), (v**2).sum(0)]) for k, v in daily.items()}
        sums = piece if sums is None else {k: sums[k] + piece[k] for k in sums}
    count, weights = STATES * apart * 4, np.asarray(world.card.grid.weights)[:, None]
    spread = {}
    for name, (first, second) in (sums or {}).items():
        variance = np.maximum(second / count - (first / count) ** 2, 0.0)
        spread[name] = float(np.sqrt((variance * weights).sum() / variance.shape[-1]))
    return jax.tree.map(lambda *x: np.stack([np.asarray(i) for i in x]), *states), spread


def weighed(world: Any, states: Air, wanted: float) -> Air:
    """The states with as much air as makes their mean sea-level pressure what it should be."""
    seen = eqx.filter_jit(lambda w, a: jax.vmap(lambda x: w.observe(w.starting(x))["psl"])(a))(
        world, jax.tree.map(jnp.asarray, states)
    )
    weights = np.asarray(world.card.grid.weights)[:, None]
    mean = (np.asarray(seen) * weights).sum() / seen.shape[0] / seen.shape[2]
    horizontal = world.machine.coords.horizontal
    shift = horizontal.to_modal(jnp.full(horizontal.nodal_shape, float(np.log(wanted / mean))))
    print(f"mean sea-level pressure {mean / 100:.2f} hPa, moved to {wanted / 100:.2f} hPa")
    return states._replace(log_pressure=np.asarray(states.log_pressure) + np.asarray(shift)[None, None])


@eqx.filter_jit
def some_days(world: AbstractWorld[Any], state: Any, forcing: Forcing, days: int) -> tuple[Any, Any]:
    """Six-hourly observations of so many days, and the last state."""

    def body(carry: Any, _: None) -> Any:
        carry = world.step(carry, forcing, time=jnp.asarray(0.0), key=jax.random.key(0))
        return carry, world.observe(carry)

    return jax.lax.scan(body, state, None, length=4 * days)


def ordered(found: dict[str, float]) -> list[str]:
    """Variables in the order of the card: level by level from below, then the rest."""
    single = ("zg500", "psl", "ps", "tas", "pr", "evspsbl", "rtmt")
    families = sorted(
        {k.rstrip("0123456789") for k in found} - {"zg"} - set(single), key=("ta", "ua", "va", "hus").index
    )
    levels = (1000, 850, 700, 500, 250, 100, 50)
    return [f"{name}{p}" for name in families for p in levels] + [k for k in single if k in found]


if __name__ == "__main__":
    main()
