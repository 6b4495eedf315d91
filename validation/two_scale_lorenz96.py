"""Two-scale Lorenz-96: the whole spectrum, what conserves energy, the energy budget, order of Runge-Kutta."""

import jax
import jax.numpy as jnp

from gnomon.spec.registry import build
from validation.sampling import estimate, observed, settled
from validation.shared import Outcome, Plan, climate, fact, order, order_row, regimes, spectrum
from validation.table import Row, below, within

FULL = Plan(spectrum=(16, 40.0), regime=(16, 60.0), climate=(64, 200.0), per_block=1, settle=4.0)
QUICK = Plan(spectrum=(4, 20.0), regime=(4, 20.0), climate=(16, 100.0), per_block=1, settle=2.0)


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = build("worlds", "two_scale_lorenz96")
    size = world.slow * (1 + world.fast)
    samples, (rows, facts) = spectrum(world, plan, size)
    lam = estimate(samples)
    exact = -world.slow * float(world.damping) - world.slow * world.fast * float(world.ratio_time)
    rows += [
        within("sum of the exponents", lam.value.sum(), None, exact, 0.02, "exact: -K a - K J c"),
        below("exponent nearest zero", float(min(lam.value, key=abs)), None, 0.1, "exact: 0"),
    ]
    positive = estimate((samples > 0).sum(1).astype(float))
    facts.append(fact(world, "positive_exponents", positive, "exponents above zero, mean over trajectories"))
    states = settled(world, jnp.full(16, 10.0), 4)
    for name, term in (("advection", world.advection), ("exchange", world.exchange)):
        work = jax.vmap(lambda s, f=term: jnp.sum(s * f(s)) / jnp.sum(jnp.abs(s * f(s))))(states)
        rows.append(
            below(f"work of the {name} / its size", float(jnp.abs(work).max()), None, 1e-14, "exact: 0")
        )
    rows.append(_budget(plan))
    for more_rows, more_facts in (regimes(world, plan), climate(world, plan)):
        rows += more_rows
        facts += more_facts
    found = order(
        lambda c: build("worlds", "two_scale_lorenz96", {"substeps": c}),
        (5, 10, 20, 40),
        steps=2,
        knobs=(9.0, 11.0),
        states=states,
    )
    rows.append(order_row("Runge-Kutta 4", found))
    return rows, facts


def _budget(plan: Plan) -> Row:
    """What F supplies less what both scales dissipate, in the world that shows both."""
    world = build("worlds", "two_scale_lorenz96", {"see_fast": True})
    n, time = plan.climate
    values = jnp.full(n, world.card.knobs[0].default)
    states = settled(world, values, 5)
    obs = observed(world, states, values, round(time / world.card.dt))
    x, y = (jnp.asarray(obs[k]) for k in ("x", "y"))
    supplied = 10.0 * x.sum(-1)
    lost = (x**2).sum(-1) + float(world.ratio_time) * (y**2).sum(-1)
    residual = estimate(((supplied - lost).mean(1) / supplied.mean()).__array__())
    return Row(
        "energy supplied - dissipated, over supplied", float(residual.value), float(residual.error), "0", "exact",
        "within 4 errors + 1e-4", abs(float(residual.value)) < 4 * float(residual.error) + 1e-4,
    )  # fmt: skip
