"""Lorenz-63: exponents, volume contraction, budgets and the order of Runge-Kutta."""

import jax
import jax.numpy as jnp

from gnomon.spec.registry import build
from validation.sampling import estimate, settled
from validation.shared import Outcome, Plan, climate, order, order_row, regimes, spectrum
from validation.table import above, below, within

FULL = Plan(spectrum=(400, 200.0), regime=(200, 100.0), climate=(200, 200.0), per_block=10, settle=10.0)
QUICK = Plan(spectrum=(250, 80.0), regime=(50, 40.0), climate=(100, 100.0), per_block=10, settle=10.0)
SPROTT = "doi:10.1093/oso/9780198508397.001.0001"


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = build("worlds", "lorenz63")
    samples, (rows, facts) = spectrum(world, plan, 3)
    lam = estimate(samples)
    rows[:] = [
        above("total time of the spectrum (time units)", plan.spectrum[0] * plan.spectrum[1], None, 19999.0)
    ]
    named = {f.name: f for f in facts}
    rows += [
        within("exponent 1", lam.value[0], lam.error[0], 0.9056, 0.005 * 0.9056, SPROTT),
        below("exponent 2", lam.value[1], lam.error[1], 0.002, "exact: 0"),
        within("exponent 3", lam.value[2], lam.error[2], -14.572, 0.005 * 14.572, SPROTT),
        within("sum of the exponents", lam.value.sum(), None, -(10 + 1 + 8 / 3), 1e-4, "exact: -(sigma + 1 + beta)"),
        within(
            "Kaplan-Yorke dimension", named["kaplan_yorke_dimension"].value, named["kaplan_yorke_dimension"].error,
            2.062, 0.001, SPROTT,
        ),
    ]  # fmt: skip
    states = settled(world, jnp.full(16, 28.0), 4)
    knobs = {"rho": jnp.asarray(28.0)}
    trace = jax.vmap(lambda s: jnp.trace(jax.jacfwd(lambda y: world.tendency(y, knobs))(s)))(states)
    rows.append(
        below(
            "divergence + (sigma + 1 + beta)",
            float(jnp.abs(trace + world.sigma + 1 + world.beta).max()),
            None,
            1e-12,
        )
    )
    for more_rows, more_facts in (regimes(world, plan), climate(world, plan)):
        rows += more_rows
        facts += more_facts
    found = order(
        lambda c: build("worlds", "lorenz63", {"substeps": c}),
        (4, 8, 16, 32),
        steps=10,
        knobs=(27.0, 29.0),
        states=states,
    )
    rows.append(order_row("Runge-Kutta 4", found))
    return rows, facts
