"""Deep-Hebbian network: exponents at every gain of the trials, its spectrum beside theory, order of Runge-Kutta."""

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.hebbian_edges import onset
from gnomon.numerics.hebbian_sample import coupling, eigenvalues, random_patterns
from gnomon.spec.registry import build
from validation.sampling import estimate, settled
from validation.shared import Outcome, Plan, climate, fact, order, order_row, regimes, spectrum
from validation.table import below, reported, within

FULL = Plan(spectrum=(16, 400.0), regime=(16, 500.0), climate=(32, 2000.0), per_block=2, settle=100.0)
QUICK = Plan(spectrum=(4, 200.0), regime=(12, 300.0), climate=(16, 500.0), per_block=2, settle=50.0)
EXPONENTS = 40


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = build("worlds", "deep_hebbian")
    samples, (rows, facts) = spectrum(world, plan, EXPONENTS)
    lam = estimate(samples)
    entropy = estimate(np.maximum(samples, 0).sum(1))
    facts.append(fact(world, "entropy", entropy, "sum of the positive exponents (Pesin)", units="1/time"))
    weights = tuple(np.asarray(world.weights).tolist())
    theory = onset(weights, len(world.patterns) / world.n)
    matrix = coupling(weights, np.asarray(world.patterns))
    own = 1 / float(np.linalg.eigvals(matrix).real.max())
    many = random_patterns(np.random.default_rng(0), round(1500 * len(world.patterns) / world.n), 1500)
    large = 1 / float(eigenvalues(weights, many).real.max())
    at_rest = jax.jacfwd(lambda x: world.tendency(x, {"g": jnp.asarray(2.0)}))(jnp.zeros(world.n))
    rows += [
        below("exponent nearest zero", float(min(lam.value, key=abs)), None, 0.01, "exact: 0"),
        below(
            "Jacobian at rest against -1 + g J", float(jnp.abs(at_rest + jnp.eye(world.n) - 2 * matrix).max()), None,
            1e-12, "exact: 0",
        ),
        within("g_c of a draw of 1500 units over that of theory", large / theory, None, 1.0, 0.05, "n without end: 1"),
        reported("g_c of this world", own),
        reported("g_c of theory", theory),
    ]  # fmt: skip
    for more_rows, more_facts in (regimes(world, plan), climate(world, plan)):
        rows += more_rows
        facts += more_facts
    found = order(
        lambda c: build("worlds", "deep_hebbian", {"substeps": c}),
        (2, 4, 8, 16),
        steps=4,
        knobs=(2.75, 3.75),
        states=settled(world, jnp.full(16, 3.25), 4),
    )
    rows.append(order_row("Runge-Kutta 4", found))
    return rows, facts
