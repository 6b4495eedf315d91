"""SPEEDY at T21, perpetual January: growth of errors, mass, budgets, twin, and the response to warm seas.

Everything runs in single precision, as studies of the sphere do, all trajectories through one compiled function.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld
from gnomon.spec.cards import Fact
from gnomon.worlds.sphere.speedy import Moist, Speedy
from validation.sampling import Estimate, estimate
from validation.shared import Outcome, fact
from validation.table import Row, above, below, reported, within

LANES, BLOCK = 6, 5  # trajectories at once, days in one call
SPINUP, GROWTH = 20, 15  # days
SMALL, SIZE = 0.01, 0.1  # of the climatological spread: an error that grows for long, and the declared one
WHITE = 0.1  # K
FITTED = (2, 8)  # days between which small errors grow exponentially
HEAT = 2.501e6  # J kg-1
NAME_OF_NOTE = "research note: T21, +4 K, longer run"


class Plan(NamedTuple):
    """Days kept of the climates, after as many days of adjustment."""

    climate: int
    adjust: int


FULL, QUICK = Plan(30, 20), Plan(10, 10)


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    with jax.enable_x64(False):
        return _validate(QUICK if quick else FULL)


def _validate(plan: Plan) -> Outcome:
    world = Speedy()
    states = jax.vmap(lambda k: world.init(key=k))(jax.random.split(jax.random.key(0), LANES))
    states, _, _ = run(world, states, SPINUP)
    growth_rows, growth_facts = growth(world, states)
    climate_rows, climate_facts, kept = climate(world, states, plan)
    warm_rows, warm_facts = warming(world, states, plan, kept)
    return growth_rows + climate_rows + warm_rows, growth_facts + climate_facts + warm_facts


@eqx.filter_jit
def _block(world: AbstractWorld[Any], states: Any, forcing: Forcing) -> tuple[Any, Any, Any]:
    """Five days: the last states, the observation at the end of each day, the mean of each day [day, lane, ...]."""
    key = jax.random.key(0)

    def quarter(carry: Any, _: None) -> Any:
        carry = jax.vmap(lambda s: world.step(s, forcing, time=jnp.asarray(0.0), key=key))(carry)
        return carry, jax.vmap(world.observe)(carry)

    def day(carry: Any, _: None) -> Any:
        carry, seen = jax.lax.scan(quarter, carry, None, length=4)
        return carry, (jax.tree.map(lambda x: x[-1], seen), jax.tree.map(lambda x: x.mean(0), seen))

    states, (instants, means) = jax.lax.scan(day, states, None, length=BLOCK)
    return states, instants, means


def run(world: AbstractWorld[Any], states: Any, days: int, **knobs: float) -> tuple[Any, dict, dict]:
    """Last states, instants and daily means [lane, day, ...] of all trajectories under steady knobs."""
    values = {k.name: jnp.asarray([knobs.get(k.name, k.default)]) for k in world.card.knobs}
    forcing = Forcing(times={k: jnp.zeros(1) for k in values}, values=values)
    instants, means = [], []
    for _ in range(days // BLOCK):
        states, now, mean = _block(world, states, forcing)
        instants.append({k: np.asarray(v) for k, v in now.items()})
        means.append({k: np.asarray(v) for k, v in mean.items()})
    join = lambda parts: {  # noqa: E731
        k: np.concatenate([p[k] for p in parts]).swapaxes(0, 1) for k in parts[0]
    }
    return states, join(instants), join(means)


def growth(world: Any, states: Any) -> Outcome:
    """How errors grow: scaled differences of states of the attractor, small and as declared, and white noise."""
    apart = jax.tree.map(lambda x: (jnp.roll(x, 1, axis=0) - x) / np.sqrt(2), states.air)

    def moved(size: float) -> Any:
        return states._replace(air=jax.tree.map(lambda x, d: x + size * d, states.air, apart))

    horizontal = world.machine.coords.horizontal
    shape = (LANES, states.air.temperature.shape[1], *horizontal.nodal_shape)
    noise = jax.vmap(jax.vmap(horizontal.to_modal))(WHITE * jax.random.normal(jax.random.key(5), shape))
    white = states._replace(air=states.air._replace(temperature=states.air.temperature + noise))
    _, truth, _ = run(world, states, GROWTH)
    rows, facts = [], []
    for name, start in (("small", moved(SMALL)), ("declared", moved(SIZE)), ("white", white)):
        _, seen, _ = run(world, start, GROWTH)
        error = distance(world, seen, truth)  # [lane, day]
        rows += [
            reported(f"{name} error after {d} d, in climatological spreads", float(error[:, d - 1].mean()))
            for d in (1, 5, 10, 15)
        ]
        rate = slope(error, *FITTED)
        found = estimate(np.log(2) / rate)
        rows.append(
            reported(f"doubling time of {name} errors, days {FITTED[0]}-{FITTED[1]} (d)", *map(float, found))
        )
        if name != "declared":
            continue  # in SPEEDY the others saturate in convection within a day and then hardly grow
        how = f"{LANES} pairs, {len(world.card.variables)} variables over their scales, growth between days "
        how += f"{FITTED[0]} and {FITTED[1]}, of errors of {SIZE:g} spreads"
        facts.append(fact(world, "lyapunov_time", estimate(1 / rate), how, units="d"))
        facts.append(fact(world, "doubling_time", found, how, units="d"))
        growing = float(rate.mean() / estimate(rate).error)
        rows.append(above("declared errors grow: rate / its error", growing, None, 3.0))
    return rows, facts


def distance(world: AbstractWorld[Any], a: dict, b: dict) -> np.ndarray:
    """[lane, day] root-mean-square difference over the scales, area-weighted, all variables alike."""
    weights = np.asarray(world.card.grid.weights)[:, None]  # pyright: ignore[reportOptionalMemberAccess]
    parts = [
        ((((a[v.name] - b[v.name]) / v.scale) ** 2) * weights).sum(-2).mean(-1) for v in world.card.variables
    ]
    return np.sqrt(np.mean(parts, axis=0))


def slope(error: np.ndarray, first: int, last: int) -> np.ndarray:
    """Growth rate a day of each lane between two days."""
    days = np.arange(first, last + 1)
    return np.polyfit(days, np.log(error[:, first - 1 : last]).T, 1)[0]


def climate(world: Speedy, states: Moist, plan: Plan) -> tuple[list[Row], list[Fact], dict]:
    """Global means, mass and budgets at the default knobs, and how far the twin's climate lies from them."""
    states, _, _ = run(world, states, plan.adjust)
    _, instants, means = run(world, states, plan.climate)
    flat = {k: globally(world, v) for k, v in means.items()}  # [lane, day]
    how = f"{LANES} trajectories, {plan.climate} days after {SPINUP + plan.adjust}, standard error over trajectories"
    rows, facts = [], []
    for name, units, low, high in (
        ("tas", "K", 283.0, 291.0), ("pr", "kg m-2 s-1", 2.0e-5, 5.0e-5), ("psl", "Pa", 1.005e5, 1.017e5),
        ("rtmt", "W m-2", -30.0, 40.0),
    ):  # fmt: skip
        found = estimate(flat[name].mean(1))
        rows.append(
            within(
                f"global mean of {name}", *map(float, found), (low + high) / 2, (high - low) / 2, "plausible"
            )
        )
        facts.append(fact(world, f"mean_{name}", found, how, units=units))
    dry = dry_mass(world, instants)
    drift = np.polyfit(np.arange(dry.shape[1]), dry.T, 1)[0] * 30
    rows.append(below("drift of dry mass (hPa in 30 d)", *(float(x) / 100 for x in estimate(drift)), 0.5))
    facts.append(fact(world, "drift_of_dry_mass", estimate(drift), how, units="Pa / 30 d"))
    water = flat["evspsbl"].mean(1) - flat["pr"].mean(1)
    rows.append(below("(evaporation - rain) / rain", *map(float, estimate(water / flat["pr"].mean(1))), 0.1))
    twin = eqx.tree_at(_tuning, world, [jnp.asarray(v) for v in world.card.imperfect.values()])
    there, ahead, _ = run(twin, states, BLOCK)
    _, here, _ = run(world, states, BLOCK)
    error = distance(world, ahead, here)
    rows.append(above("twin against truth after 1 d, in spreads", *map(float, estimate(error[:, 0])), SIZE))
    _, _, other = run(twin, run(twin, there, plan.adjust)[0], plan.climate)
    for name in ("tas", "pr", "rtmt", "ta250", "ua250"):
        gap = globally(world, other[name]).mean(1) - flat[name].mean(1)
        rows.append(reported(f"twin minus truth, global mean of {name}", *map(float, estimate(gap))))
    return rows, facts, means


def _tuning(world: Speedy) -> list[Any]:
    return [getattr(world, name) for name in world.card.imperfect]


def globally(world: AbstractWorld[Any], field: np.ndarray) -> np.ndarray:
    """Area mean over the last two axes."""
    weights = np.asarray(world.card.grid.weights)  # pyright: ignore[reportOptionalMemberAccess]
    return (field.mean(-1) * weights).sum(-1)


def dry_mass(world: Speedy, obs: dict) -> np.ndarray:
    """[lane, day] global mean pressure of dry air at the ground, Pa: vapour integrated over the pressure levels."""
    levels = np.array([1000, 850, 700, 500, 250, 100, 50]) * 100.0
    edges = np.concatenate([[np.inf], (levels[1:] + levels[:-1]) / 2, [0.0]])
    vapour = sum(
        obs[f"hus{round(p / 100)}"] * np.maximum(np.minimum(obs["ps"], low) - high, 0.0)
        for p, low, high in zip(levels, edges[:-1], edges[1:], strict=True)
    )
    return globally(world, obs["ps"] - vapour)


def warming(world: Speedy, states: Moist, plan: Plan, kept: dict) -> Outcome:
    """+4 K on the ocean: near-surface warming, rain, and the profile over the tropical sea, against the note's."""
    states, _, _ = run(world, states, 2 * plan.adjust, warming=4.0)
    _, _, warm = run(world, states, plan.climate, warming=4.0)
    change = {k: warm[k].mean(1) - kept[k].mean(1) for k in warm}  # [lane, lat, lon]
    grid = world.card.grid
    land = np.reshape(grid.land, (len(grid.lat), len(grid.lon)))  # pyright: ignore[reportOptionalMemberAccess]
    how = f"+4 K on open sea, {LANES} trajectories of {plan.climate} d, standard error over trajectories"
    near = globally(world, change["tas"])
    rain = 100 * globally(world, change["pr"]) / globally(world, kept["pr"].mean(1)) / near
    rows = [
        within("warming near the ground for +4 K (K)", *map(float, estimate(near)), 3.95, 0.35, NAME_OF_NOTE),
        within("rain, % per K", *map(float, estimate(rain)), 3.29, 0.6, NAME_OF_NOTE),
    ]
    facts = [
        fact(world, "warming_for_4K", estimate(near), how, units="K", warming=4.0),
        fact(world, "hydrological_sensitivity", estimate(rain), how, units="% K-1", warming=4.0),
    ]
    tropics = (np.abs(np.asarray(grid.lat)) < 20)[:, None] & (land == 0)  # pyright: ignore[reportOptionalMemberAccess]
    for p in (1000, 850, 700, 500, 250, 100, 50):
        found: Estimate = estimate(change[f"ta{p}"][:, tropics].mean(-1))
        rows.append(reported(f"warming over the tropical sea at {p} hPa (K)", *map(float, found)))
        facts.append(fact(world, f"tropical_warming_{p}", found, how, units="K", warming=4.0))
    return rows, facts
