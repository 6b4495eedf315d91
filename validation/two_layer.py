"""Two-layer flow: statistics of the eddies against pyqg's, chaos at every shear, resolution, the twin.

With `--setups`: scales and exponents of the jet and of a dye.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.numerics.layers import stream_functions
from gnomon.worlds.field.two_layer import TwoLayer
from validation.exact_planes import layer_rows
from validation.planes import Plan, facts_of, resolved, setup_rows, spun_up, twin
from validation.sampling import Estimate, estimate, steady
from validation.shared import Outcome
from validation.table import Row, reported

FULL = Plan(trajectories=4, adapt=360.0, settle=60.0, exponent=240.0, climate=720.0)
QUICK = Plan(trajectories=2, adapt=90.0, settle=30.0, exponent=60.0, climate=120.0)
# pyqg-jax 0.8.1, 64 points, eddy set-up, its own run in equilibrium: the range over years of the root mean squares,
# 1/s (research note on fields, section 2.1)
PEER = {"q1": (8.0e-6, 8.2e-6), "q2": (1.0e-6, 1.06e-6)}
QUANTITIES = (
    "rms of q1 (1e-6 s-1)", "rms of q2 (1e-6 s-1)", "kinetic energy above (1e-4 m2 s-2)",
    "kinetic energy below (1e-4 m2 s-2)", "energy fed by the shear (1e-10 m2 s-3)",
    "energy lost to the bottom (1e-10 m2 s-3)",
    "share of the upper kinetic energy in zonal means",
)  # fmt: skip


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = TwoLayer()
    states = spun_up(world, plan.trajectories, 1)
    rows, facts = facts_of(world, plan, states, within_share=0.03)
    rows += resolved(world, states)
    rows += twin(world, TwoLayer(**world.card.imperfect), states)
    rows += statistics(world, states, plan.climate)
    rows += layer_rows(world, states)
    return rows, facts


def setups(quick: bool) -> list[Row]:
    """Scales and exponents of the jet, after three more spin-ups in full size (jets need years), and of a dye."""
    plan = QUICK if quick else FULL
    jet = TwoLayer(setup="jet")
    return [
        *setup_rows("jet", jet, plan, more=0.0 if quick else 3 * jet.card.spinup),
        *setup_rows("dye", TwoLayer(tracer=True), plan),
    ]


def statistics(world: TwoLayer, states: Any, time: float, peer: bool = True) -> list[Row]:
    """Means over time with errors over trajectories; the root mean squares against the peer's range."""
    samples = np.array(budget(world, states, time))
    samples[:, :2] = np.sqrt(samples[:, :2])
    samples = samples * np.asarray([1e6, 1e6, 1e4, 1e4, 1e10, 1e10, 1.0])
    rows = []
    for i, quantity in enumerate(QUANTITIES):
        found = estimate(samples[:, i])
        if peer and i < 2:
            low, high = (1e6 * x for x in PEER[f"q{i + 1}"])
            rows.append(_against(quantity, found, low, high))
        else:
            rows.append(reported(quantity, float(found.value), float(found.error)))
    return rows


def _against(quantity: str, found: Estimate, low: float, high: float) -> Row:
    value, error = float(found.value), float(found.error)
    margin = 4 * error + 0.01 * high
    return Row(
        quantity, value, error, f"{low:g} to {high:g}", "pyqg-jax 0.8.1, its own run",
        "in the range, +- 4 errors and 1 %",
        low - margin <= value <= high + margin,
    )  # fmt: skip


@eqx.filter_jit
def budget(world: TwoLayer, states: Any, time: float) -> jax.Array:
    """[trajectory, quantity] means over a run, seen every fifth step, in the order of QUANTITIES (squares first)."""
    forcing = steady(world, world.card.knobs[0].default)
    knobs = forcing.at(0.0)
    _, hold = world.held(knobs)
    mean, every = world.plane.mean_product, 5

    def measure(state: Any) -> Any:
        q = world.spectrum(state)
        psi = stream_functions(world.plane, q, hold)
        squares = mean(q, q)
        kinetic = -0.5 * mean(psi, world.plane.laplacian(psi))
        zonal = -0.5 * mean(psi[0], world.plane.laplacian(psi[0]) * (world.plane.kx == 0))
        fed = (
            knobs["shear"] * hold.lower * hold.upper * hold.stiffness * mean(psi[0], world.plane.ddx(psi[1]))
        )
        lost = 2 * knobs["friction"] * hold.upper * kinetic[1]
        return jnp.stack([*squares, *kinetic, fed, lost, zonal / kinetic[0]])

    def one(state: Any) -> Any:
        def body(s: Any, i: Any) -> Any:
            def step(j: Any, x: Any) -> Any:
                return world.step(x, forcing, time=0.0, key=jax.random.key(0))

            s = jax.lax.fori_loop(0, every, step, s)
            return s, measure(s)

        return jax.lax.scan(body, state, jnp.arange(round(time / every / world.card.dt)))[1].mean(0)

    return jax.lax.map(one, states)
