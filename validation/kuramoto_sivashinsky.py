"""Kuramoto-Sivashinsky: exponents, independence of grid and step, budgets, drive, steady states, order of ETDRK4."""

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.world import AbstractWorld
from gnomon.spec.registry import build
from validation.rest import collapses, neighbours
from validation.sampling import Estimate, dimension, estimate, exponents, observed, resting, settled, steady
from validation.shared import Outcome, Plan, balances, climate, fact, order, order_row, regimes, spectrum
from validation.table import Row, above, below, reported, within

FULL = Plan(spectrum=(32, 1500.0), regime=(16, 1000.0), climate=(64, 1000.0), per_block=4, settle=200.0)
QUICK = Plan(spectrum=(16, 400.0), regime=(8, 300.0), climate=(16, 500.0), per_block=4, settle=100.0)
AT_RISK, AT_RISK_QUICK = (
    (128, 4000.0),
    (32, 1000.0),
)  # trajectories and time units in which one may come to rest
FINER = {"grid": 256, "substeps": 10}


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = build("worlds", "kuramoto_sivashinsky")
    samples, (rows, facts) = spectrum(world, plan, world.card.exponents)
    lam = estimate(samples)
    own = "independent solver, 256 points, step 0.02: 0.082 ± 0.004"
    tolerance = 2 * float(np.hypot(0.004, lam.error[0]))
    zeros = np.sort(np.abs(lam.value))[:2]
    rows += [
        within("exponent 1", lam.value[0], lam.error[0], 0.082, tolerance, own),
        above(
            "smallest exponent 1 of one trajectory",
            samples[:, 0].min(),
            None,
            lam.value[0] / 2,
            "one attractor",
        ),
        below("second smallest |exponent| (time, translation)", zeros[1], None, 0.005, "exact: two zeros"),
        *_converged(plan, Estimate(lam.value[0], lam.error[0]), dimension(samples)),
    ]
    states = settled(world, jnp.zeros(16), 4)
    rows.append(_solver_keeps_mean(world, states))
    at_risk = AT_RISK_QUICK if quick else AT_RISK
    for more_rows, more_facts in (
        regimes(world, plan), climate(world, plan), drive(world, plan, 50 / lam.value[0]), collapses(world, *at_risk),
    ):  # fmt: skip
        rows += more_rows
        facts += more_facts
    rows += [*neighbours(world, plan, *at_risk), *_orders(states)]
    return rows, facts


def _converged(plan: Plan, leading: Estimate, size: Estimate) -> list[Row]:
    """Leading exponent and dimension on a grid twice as fine with half the step, to within four combined errors."""
    n, time = plan.regime
    finer = build("worlds", "kuramoto_sivashinsky", FINER)
    samples = exponents(
        finer,
        np.zeros(n),
        k=finer.card.exponents,
        time=time,
        per_block=plan.per_block,
        settle=plan.settle,
        seed=5,
    )
    lam, fine_size = estimate(samples), dimension(samples)
    rows = [reported("Kaplan-Yorke dimension", float(size.value), float(size.error))]
    for what, fine, coarse in (
        ("exponent 1", Estimate(lam.value[0], lam.error[0]), leading),
        ("Kaplan-Yorke dimension", fine_size, size),
    ):
        bound = 4 * float(np.hypot(fine.error, coarse.error))
        rows.append(
            within(
                f"{what}, grid 256, half the step", float(fine.value), float(fine.error), float(coarse.value), bound,
                "this grid, this step",
            )
        )  # fmt: skip
    return rows


def _orders(states: jax.Array) -> list[Row]:
    """Order 4 where every wave is resolved in time; at the world's own grid and steps the shortest waves are stiff.

    For stiff waves the order of this scheme may fall to two (Hochbruck and Ostermann 2005); what is found is shown.
    """
    name, knobs = "kuramoto_sivashinsky", (-0.06, 0.06)
    mild = order(
        lambda c: build("worlds", name, {"grid": 64, "substeps": c}), (16, 32, 64, 128),
        steps=4, knobs=knobs, states=states[:, ::2],
    )  # fmt: skip
    own = order(
        lambda c: build("worlds", name, {"substeps": c}), (4, 8, 16), steps=4, knobs=knobs, states=states
    )
    stiff = order_row("ETDRK4, own grid, stiff", own)
    return [
        order_row("ETDRK4, grid 64", mild),
        stiff._replace(expected="2 … 4", source="doi:10.1137/040611434", rule="above 2", passed=own[2] > 2),
    ]


def _solver_keeps_mean(world: AbstractWorld, states: jax.Array) -> Row:
    """Drift of a mean that is not zero, over 1000 steps of the solver alone, under the drive."""
    forcing = steady(world, 0.06)

    def body(i: int, spectrum: jax.Array) -> jax.Array:
        return jax.vmap(lambda v: world.evolve(v, forcing, time=0.0))(spectrum)  # pyright: ignore[reportAttributeAccessIssue]

    start = jnp.fft.rfft(states + 0.5)
    end = jax.lax.fori_loop(0, 1000, body, start)
    drift = float(jnp.abs(end[:, 0] - start[:, 0]).max()) / states.shape[-1]
    return below("drift of a mean of 0.5 in 1000 steps of the solver", drift, None, 1e-12, "exact: 0")


def drive(world: AbstractWorld, plan: Plan, time: float) -> Outcome:
    """The mean response to the drive at both ends of the range, against the variability in 50 Lyapunov times."""
    knob = world.card.knobs[0]
    pattern = np.asarray(knob.pattern)
    n = plan.climate[0]
    window = round(time / world.card.dt)
    rows, facts, response = [], [], {}
    for value in (0.0, knob.low, knob.high):
        values = jnp.full(n, value)
        obs = {
            k: np.asarray(x) for k, x in observed(world, settled(world, values, 6), values, window).items()
        }
        moving = ~resting({"u": obs["u"][:, -1]}, {"u": obs["u"][:, -2]}, world)
        obs = {k: x[moving] for k, x in obs.items()}
        response[value] = 2 * (obs["u"].mean(1) * pattern).mean(-1)
        if value:
            rows += [r for r in balances(world, obs, value) if "residual" in r.quantity]
            found = estimate(response[value])
            how = f"2 <p u> over 50 Lyapunov times, {n} trajectories, standard error over trajectories"
            facts.append(fact(world, "response_of_pattern", found, how, drive=value))
    noise = response[0.0].std(ddof=1)
    for value in (knob.low, knob.high):
        found = estimate(response[value])
        ratio = float(np.abs(found.value) / noise)
        rows.append(
            above(f"|response| / variability of 50 Lyapunov times, drive {value:g}", ratio, None, 2.0)
        )
    total = float(response[knob.low].mean() + response[knob.high].mean())
    error = float(
        np.hypot(*(response[v].std(ddof=1) / np.sqrt(len(response[v])) for v in (knob.low, knob.high)))
    )
    rows.append(within("response at both signs, sum", total, error, 0.0, 4 * error, "symmetry: 0"))
    return rows, facts
