"""Random network: the whole spectrum and its exact sum, the circular law of its couplings, order of Runge-Kutta."""

import numpy as np

from gnomon.spec.registry import build
from gnomon.worlds.network.random_network import random_couplings
from validation.sampling import estimate, settled
from validation.shared import Outcome, Plan, climate, fact, order, order_row, regimes, spectrum
from validation.table import below, reported, within

FULL = Plan(spectrum=(16, 400.0), regime=(16, 500.0), climate=(32, 2000.0), per_block=2, settle=100.0)
QUICK = Plan(spectrum=(4, 200.0), regime=(4, 400.0), climate=(16, 500.0), per_block=2, settle=50.0)


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = build("worlds", "random_network")
    samples, (rows, facts) = spectrum(world, plan, world.n)
    lam = estimate(samples)
    entropy = estimate(np.maximum(samples, 0).sum(1))
    facts.append(fact(world, "entropy", entropy, "sum of the positive exponents (Pesin)", units="1/time"))
    largest = max(np.abs(np.linalg.eigvals(random_couplings(1000, seed))).max() for seed in range(2))
    own = np.linalg.eigvals(np.asarray(world.couplings)).real.max()
    rows += [
        within("sum of the exponents", lam.value.sum(), None, -float(world.n), 1e-3, "exact: -n damping"),
        below("exponent nearest zero", float(min(lam.value, key=abs)), None, 0.01, "exact: 0"),
        within("spectral radius of J, n = 1000", float(largest), None, 1.0, 0.06, "circular law"),
        reported("1 / largest real part of this world's J: where rest loses stability", 1 / own),
    ]
    for more_rows, more_facts in (regimes(world, plan), climate(world, plan)):
        rows += more_rows
        facts += more_facts
    states = settled(world, np.full(16, 3.0), 4)
    found = order(
        lambda c: build("worlds", "random_network", {"substeps": c}),
        (2, 4, 8, 16),
        steps=4,
        knobs=(2.5, 3.5),
        states=states,
    )
    rows.append(order_row("Runge-Kutta 4", found))
    return rows, facts
