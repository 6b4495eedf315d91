"""Lorenz-96: the whole spectrum, energy conservation of the advection, energy budget, order of Runge-Kutta."""

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.spec.registry import build
from validation.sampling import Estimate, estimate, settled
from validation.shared import Outcome, Plan, climate, fact, order, order_row, regimes, spectrum
from validation.table import below, within

FULL = Plan(spectrum=(32, 400.0), regime=(16, 200.0), climate=(64, 200.0), per_block=2, settle=20.0)
QUICK = Plan(spectrum=(16, 100.0), regime=(8, 60.0), climate=(32, 100.0), per_block=2, settle=20.0)
EMANUEL = "doi:10.1175/1520-0469(1998)055<0399:OSFSWO>2.0.CO;2"


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = build("worlds", "lorenz96")
    samples, (rows, facts) = spectrum(world, plan, 40)
    lam = estimate(samples)
    size = next(f for f in facts if f.name == "kaplan_yorke_dimension")
    positive = Estimate(np.asarray(float((lam.value > 3 * lam.error).sum())), np.asarray(0.0))
    entropy = estimate(np.maximum(samples, 0).sum(1))
    facts += [
        fact(
            world,
            "positive_exponents",
            positive,
            "exponents of the mean spectrum above three standard errors",
        ),
        fact(world, "entropy", entropy, "sum of the positive exponents (Pesin)", units="1/time"),
    ]
    zero = lam.value[np.argmin(np.abs(lam.value))]
    doubling = np.log(2) / lam.value[0] * 5
    rows += [
        within(
            "exponent 1", lam.value[0], lam.error[0], 1.691, 0.02, "one trajectory of 10,000 units, step 0.01"
        ),
        within(
            "doubling time (days, 5 to a unit)",
            doubling,
            doubling * lam.error[0] / lam.value[0],
            2.1,
            0.1,
            EMANUEL,
        ),
        within("number of positive exponents", float(positive.value), None, 13, 0, EMANUEL),
        within("Kaplan-Yorke dimension", size.value, size.error, 27.1, 0.1, EMANUEL),
        below("exponent nearest zero", zero, None, 0.01, "exact: 0"),
        within("sum of the exponents", lam.value.sum(), None, -40.0, 1e-3, "exact: -n damping"),
    ]
    states = settled(world, jnp.full(16, 8.0), 4)
    work = jax.vmap(lambda x: jnp.sum(x * world.advection(x)) / jnp.sum(jnp.abs(x * world.advection(x))))(
        states
    )
    rows.append(
        below("work of the advection / its size", float(jnp.abs(work).max()), None, 1e-14, "exact: 0")
    )
    for more_rows, more_facts in (regimes(world, plan), climate(world, plan)):
        rows += more_rows
        facts += more_facts
    found = order(
        lambda c: build("worlds", "lorenz96", {"substeps": c}),
        (2, 4, 8, 16),
        steps=10,
        knobs=(7.0, 9.0),
        states=states,
    )
    rows.append(order_row("Runge-Kutta 4", found))
    return rows, facts
