"""What is validated for every world on the plane: chaos at every knob value, scales, how well it is resolved, its twin.

A state on the plane costs a thousand times one of Lorenz's, so states are spun up once, at the default knobs, and
carried from there to each knob value; exponents are those of one tangent vector a trajectory.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.lyapunov import evolve_tangent, start_tangent
from gnomon.worlds.field.plane import AbstractPlaneWorld, health
from validation.sampling import Estimate, estimate, regime_values, steady
from validation.shared import Outcome, fact
from validation.table import Row, below, reported, within


class Plan(NamedTuple):
    """How much is run.

    Attributes:
        trajectories: independent ones, at every knob value.
        adapt: time at another knob value before anything is measured.
        settle: time in which the tangent vector turns into the fastest direction.
        exponent: time over which its growth is averaged.
        climate: time over which means are taken, seen at every `card.dt`.
    """

    trajectories: int
    adapt: float
    settle: float
    exponent: float
    climate: float


def facts_of(world: AbstractPlaneWorld, plan: Plan, states: Any, *, within_share: float = 0.03) -> Outcome:
    """The leading exponent at every knob value of the trials, then the scales of the card."""
    rows, facts = chaos(world, plan, states)
    more_rows, more_facts = scales(world, plan, states, within_share)
    return rows + more_rows, facts + more_facts


def chaos(world: AbstractPlaneWorld, plan: Plan, states: Any) -> Outcome:
    """The leading exponent at every knob value of the trials."""
    rows, facts = [], []
    knob = world.card.knobs[0]
    values = [knob.default, *(v for v in regime_values(world).values() if v != knob.default)]
    for value in values:
        moved = states if value == knob.default else carried_on(world, states, value, plan.adapt)
        lam = estimate(np.asarray(leading(world, moved, value, plan)))
        how = (
            f"tangent vector, {plan.trajectories} trajectories of {plan.exponent:g} time units, "
            "standard error over trajectories"
        )
        at = {} if value == knob.default else {knob.name: value}
        facts.append(fact(world, "leading_exponent", lam, how, units="1/time", **at))
        rows.append(
            Row(
                f"leading exponent at {knob.name} = {value:.4g}", float(lam.value), float(lam.error), "> 0", "chaotic",
                "above 0 by 5 errors", bool(lam.value > 5 * lam.error),
            )
        )  # fmt: skip
    return rows, facts


def scales(world: AbstractPlaneWorld, plan: Plan, states: Any, share: float) -> Outcome:
    """Standard deviations against the card's, with errors over trajectories."""
    moments = np.asarray(squares(world, states, plan.climate))
    rows, facts = [], []
    how = f"{plan.trajectories} trajectories of {plan.climate:g} time units, standard error over trajectories"
    for i, v in enumerate(world.card.variables):
        square = estimate(moments[:, i])
        std = Estimate(np.sqrt(square.value), square.error / 2 / np.sqrt(square.value))
        bound = share * v.scale + 3 * float(std.error)
        rows.append(within(f"std of {v.name}", float(std.value), float(std.error), v.scale, bound, "card"))
        facts.append(fact(world, f"std_{v.name}", std, how, units=v.units))
    return rows, facts


def setup_rows(
    name: str,
    world: AbstractPlaneWorld,
    plan: Plan,
    *,
    more: float = 0.0,
    share: float = 0.05,
    chaotic: bool = True,
    judged: bool = True,
) -> list[Row]:
    """Scales, resolution and leading exponent of a set-up that has no facts.

    Args:
        name: of the set-up.
        world: in it.
        plan: how much is run.
        more: time after the spin-up.
        share: by which scales may be off.
        chaotic: whether it has an attractor, and so an exponent.
        judged: whether its card is to have its scales.
    """
    states = spun_up(world, plan.trajectories, 5)
    if more:
        states = carried_on(world, states, world.card.knobs[0].default, more)
    rows = scales(world, plan, states, share)[0]
    if not judged:
        rows = [reported(row.quantity, row.value, row.error) for row in rows]
    rows += resolved(world, states)
    if chaotic:
        lam = estimate(np.asarray(leading(world, states, world.card.knobs[0].default, plan)))
        value, error = float(lam.value), float(lam.error)
        rows.append(
            Row("leading exponent", value, error, "> 0", "chaotic", "above 0 by 5 errors", value > 5 * error)
        )
    return [row._replace(quantity=f"{name}: {row.quantity}") for row in rows]


def resolved(world: AbstractPlaneWorld, states: Any) -> list[Row]:
    """The largest step and the fullest tail that any of the states asks for."""
    found = [health(world, state) for state in states]
    fine = sum(h.outcome == "fine" for h in found)
    return [
        within("states whose outcome is fine", fine, None, len(found), 0, "all"),
        below("speed * wavenumber * inner step", max(h.courant for h in found), None, 2.8, "RK4"),
        below(
            "share of the variance in the last eighth of the waves", max(h.tail for h in found), None, 0.02
        ),
    ]


def twin(world: AbstractPlaneWorld, wrong: AbstractPlaneWorld, states: Any) -> list[Row]:
    """The imperfect twin is clearly wrong after one step, and still forecasts after a fifth of a Lyapunov time."""
    card = world.card
    ahead = max(2, round(card.timescale / 5 / card.dt))
    value = card.knobs[0].default
    scale = np.asarray([v.scale for v in card.variables])[:, None, None]
    rows = []
    for steps in (1, ahead):
        ends = [np.asarray(carried_on(w, states, value, steps * card.dt)) for w in (world, wrong)]
        error = float(np.sqrt(np.mean(((ends[0] - ends[1]) / scale) ** 2)))
        rule = "above 0.003" if steps == 1 else "below 0.4"
        passed = error > 0.003 if steps == 1 else error < 0.4
        rows.append(Row(f"error of the twin after {steps} steps", error, None, "", "", rule, passed))
    return rows


@eqx.filter_jit
def spun_up(world: AbstractPlaneWorld, trajectories: int, seed: int) -> Any:
    """Independent states after the card's spin-up at the default knobs."""

    def one(key: Any) -> Any:
        return _along(world, world.init(key=key), world.card.knobs[0].default, world.card.spinup, key)

    return jax.lax.map(one, jax.random.split(jax.random.key(seed), trajectories))


@eqx.filter_jit
def carried_on(
    world: AbstractPlaneWorld, states: Any, value: float | jax.Array, time: float, seed: int | jax.Array = 0
) -> Any:
    """States `time` later at a steady value of the first knob, each under noise of its own."""
    keys = jax.random.split(jax.random.key(seed), len(states))
    return jax.lax.map(lambda both: _along(world, both[0], value, time, both[1]), (states, keys))


def _along(world: AbstractPlaneWorld, state: Any, value: Any, time: float, key: Any) -> Any:
    forcing = steady(world, value)

    def body(i: Any, s: Any) -> Any:
        return world.step(s, forcing, time=i * world.card.dt, key=jax.random.fold_in(key, i))

    return jax.lax.fori_loop(0, round(time / world.card.dt), body, state)


@eqx.filter_jit
def leading(world: AbstractPlaneWorld, states: Any, value: Any, plan: Plan) -> jax.Array:
    """[trajectory] leading exponents; noise, where there is some, is the same for state and neighbour."""
    dt = world.card.dt
    forcing = steady(world, value)
    sizes = {"steps_per_block": 1, "dt": dt}

    def one(state: Any) -> Any:
        def advance(s: Any, time: Any) -> Any:
            key = jax.random.fold_in(jax.random.key(2), jnp.round(time / dt).astype(int))
            return world.step(s, forcing, time=time, key=key)

        tangent, _ = evolve_tangent(
            advance, start_tangent(state, k=1, key=jax.random.key(3)), blocks=round(plan.settle / dt), **sizes
        )
        _, growth = evolve_tangent(advance, tangent, blocks=round(plan.exponent / dt), **sizes)
        return growth.mean(0)[0] / dt

    return jax.lax.map(one, states)


@eqx.filter_jit
def squares(world: AbstractPlaneWorld, states: Any, time: float) -> jax.Array:
    """[trajectory, field] mean squares of the fields over a run at the default knobs."""
    steps = round(time / world.card.dt)
    forcing = steady(world, world.card.knobs[0].default)

    def one(state: Any) -> Any:
        def body(s: Any, i: Any) -> Any:
            s = world.step(s, forcing, time=i * world.card.dt, key=jax.random.fold_in(jax.random.key(4), i))
            return s, (s**2).mean((-2, -1))

        return jax.lax.scan(body, state, jnp.arange(steps))[1].mean(0)

    return jax.lax.map(one, states)
