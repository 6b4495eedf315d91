"""Gray-Scott: chaos at every kill rate, whether it lasts, moments, budgets, resolution, step length, the twin."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.plane_spectral import resized
from gnomon.worlds.field.gray_scott import GrayScott
from validation.planes import Plan, carried_on, chaos, leading, resolved, spun_up, twin
from validation.sampling import Estimate, decorrelation, estimate, steady
from validation.shared import Outcome, fact
from validation.table import Row, below, reported, within

FULL = Plan(trajectories=6, adapt=1000.0, settle=800.0, exponent=5000.0, climate=12000.0)
QUICK = Plan(trajectories=3, adapt=400.0, settle=400.0, exponent=2000.0, climate=3000.0)
AT_RISK, AT_RISK_QUICK = (12, 12000.0), (4, 4000.0)  # trajectories and the time in which each may die out
DEAD = 1e-3  # mean of v below which nothing comes back: one island holds more


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = GrayScott()
    states = spun_up(world, plan.trajectories, 1)
    rows, facts = chaos(world, plan, states)
    more_rows, more_facts = moments(world, plan, states)
    rows, facts = rows + more_rows, facts + more_facts
    rows += [*resolved(world, states), unaliased(world, states)]
    rows += twin(world, GrayScott(**world.card.imperfect), states)
    rows += [*finer(world, states), *feeds(plan), *lasting(world, *(AT_RISK_QUICK if quick else AT_RISK))]
    return rows, facts


def moments(world: GrayScott, plan: Plan, states: Any) -> Outcome:
    """Means and standard deviations of the fields, and the two balances, over a run at the default knobs."""
    means = np.asarray(course(world, states, plan.climate))  # [trajectory, time, quantity]
    how = f"{plan.trajectories} trajectories of {plan.climate:g} time units, standard error over trajectories"
    rows, facts = [], []
    for i, v in enumerate(world.card.variables):
        own, square = means[:, :, i].mean(1), means[:, :, 2 + i].mean(1)
        mean = estimate(own)
        middle = float(mean.value)
        spread = estimate(square - 2 * middle * own + middle**2)
        std = Estimate(np.sqrt(spread.value), spread.error / 2 / np.sqrt(spread.value))
        bound = 0.05 * v.scale + 3 * float(std.error)
        rows.append(reported(f"mean of {v.name}", float(mean.value), float(mean.error)))
        rows.append(within(f"std of {v.name}", float(std.value), float(std.error), v.scale, bound, "card"))
        facts.append(fact(world, f"mean_{v.name}", mean, how))
        facts.append(fact(world, f"std_{v.name}", std, how))
    memory = estimate(decorrelation(means[:, :, :1], world.card.dt))
    rows.append(reported("memory of the mean of u (1/e)", float(memory.value), float(memory.error)))
    return rows + balances(world, means, plan.climate), facts


def balances(world: GrayScott, means: np.ndarray, time: float) -> list[Row]:
    """The time mean of each balance is the change of what it feeds over the length of the run."""
    u, v, reacted = means[:, :, 0], means[:, :, 1], means[:, :, 4]
    kill, feed = (k.default for k in world.card.knobs)
    given = (feed * (1 - u) - (feed + kill) * v, reacted - (feed + kill) * v)
    rows = []
    for balance, store, series in zip(world.card.balances, (u + v, v), given, strict=True):
        change = (store[:, -1] - store[:, 0]) / (time - world.card.dt)
        middles = (
            series[:, 1:] + series[:, :-1]
        ) / 2  # the trapezoidal rule: not exact between two observations
        gap = float(np.abs(middles.mean(1) - change).max() / balance.scale)
        spread = float(series.std())
        rows += [
            below(f"{balance.name}: (mean - change of the store) / scale", gap, None, 5e-3, "exact"),
            within(
                f"{balance.name}: std of one value", spread, None, balance.scale, 0.2 * balance.scale, "card"
            ),
        ]
    return rows


def unaliased(world: GrayScott, states: Any) -> Row:
    """What the mean of u v^2 over the observed points, as the card's balance takes it, differs from the true one."""
    u, v = np.moveaxis(np.asarray(states), 1, 0)
    seen_u, seen_v = np.moveaxis(np.asarray(resized(states, world.points)), 1, 0)
    gap = (seen_u * seen_v**2).mean((1, 2)) - (u * v**2).mean((1, 2))
    scale = world.card.balances[1].scale
    return below("mean of u v^2 on the observed points: error / scale", np.abs(gap).max() / scale, None, 1e-2)


def finer(world: GrayScott, states: Any) -> list[Row]:
    """What the inner step and the kept waves leave out, in scales, over one observation step and a Lyapunov time."""
    card, value = world.card, world.card.knobs[0].default
    scale = np.asarray([v.scale for v in card.variables])[:, None, None]
    half = GrayScott(substeps=2 * world.substeps)
    more = GrayScott(fine=2 * world.points)
    wide = more.state(more.spectrum(resized(states, more.plane.grid)))
    rows = []
    for steps in (1, round(card.timescale / card.dt)):
        end, halved = (carried_on(w, states, value, steps * card.dt) for w in (world, half))
        widened = carried_on(more, wide, value, steps * card.dt)
        seen, others = resized(end, world.points), [resized(x, world.points) for x in (halved, widened)]
        gaps = (
            float(np.sqrt(np.mean(((np.asarray(other) - np.asarray(seen)) / scale) ** 2))) for other in others
        )
        when = f"after {steps} step{'s' if steps > 1 else ''}"
        rows += [
            below(
                f"error of the inner step {when}",
                next(gaps),
                None,
                1e-3 if steps == 1 else 1e-2,
                "half of it",
            ),
            reported(f"error of the kept waves {when}, against twice as many", next(gaps)),
        ]
    return rows


def feeds(plan: Plan) -> list[Row]:
    """The leading exponent at both ends of the second knob's range."""
    knob = GrayScott().card.knobs[1]
    rows = []
    for value in (knob.low, knob.high):
        world = GrayScott(feed=value)
        states = spun_up(world, plan.trajectories, 3)
        lam = estimate(np.asarray(leading(world, states, world.card.knobs[0].default, plan)))
        rows.append(
            Row(
                f"leading exponent at feed = {value:.4g}", float(lam.value), float(lam.error), "> 0", "chaotic",
                "above 0 by 5 errors", bool(lam.value > 5 * lam.error),
            )
        )  # fmt: skip
    return rows


def lasting(world: GrayScott, trajectories: int, time: float) -> list[Row]:
    """How many trajectories died out, from random starts, at the default knobs and at both ends of where trials go."""
    knob = world.card.knobs[0]
    half = (knob.high - knob.low) / 2
    rows = []
    for value in (knob.default - half, knob.default, knob.default + 4 * half):
        alive = (
            np.asarray(carried_on(world, starts(world, trajectories), value, time))[:, 1].mean((1, 2)) > DEAD
        )
        rows.append(
            within(
                f"of {trajectories} starts, dead after {time:g} at kill = {value:.4g}",
                float((~alive).sum()),
                None,
                0,
                0,
                "none",
            )
        )
    return rows


def starts(world: GrayScott, trajectories: int) -> jax.Array:
    """States that the world draws."""
    return jnp.stack([world.init(key=key) for key in jax.random.split(jax.random.key(5), trajectories)])


@eqx.filter_jit
def course(world: GrayScott, states: Any, time: float) -> jax.Array:
    """[trajectory, time, quantity] means over the plane of u, v, u^2, v^2 and u v^2 at the default knobs."""
    forcing = steady(world, world.card.knobs[0].default)

    def one(state: Any) -> Any:
        def body(s: Any, _: Any) -> Any:
            u, v = s
            seen = jnp.stack([u, v, u**2, v**2, u * v**2]).mean((-2, -1))
            return world.step(s, forcing, time=0.0, key=jax.random.key(4)), seen

        return jax.lax.scan(body, state, None, length=round(time / world.card.dt))[1]

    return jax.lax.map(one, states)
