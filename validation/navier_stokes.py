"""Two-dimensional turbulence: chaos at every drive, scales, resolution, the stated injection, the twin, exact flows."""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.worlds.field.navier_stokes import NavierStokes
from validation.exact_planes import vorticity_rows
from validation.planes import Plan, carried_on, facts_of, resolved, setup_rows, spun_up, twin
from validation.sampling import estimate
from validation.shared import Outcome
from validation.table import Row, within

FULL = Plan(trajectories=8, adapt=20.0, settle=10.0, exponent=80.0, climate=100.0)
QUICK = Plan(trajectories=4, adapt=10.0, settle=5.0, exponent=20.0, climate=30.0)


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = NavierStokes()
    states = spun_up(world, plan.trajectories, 1)
    rows, facts = facts_of(world, plan, states, within_share=0.05)
    rows += resolved(world, states)
    rows += twin(world, NavierStokes(**world.card.imperfect), states)
    return [*rows, _injection(plan), *vorticity_rows(world, states)], facts


def setups(quick: bool) -> list[Row]:
    """Scales and exponents of the other set-ups."""
    plan = QUICK if quick else FULL
    decaying = NavierStokes(forcing="none")
    return [
        *setup_rows("ring", NavierStokes(forcing="ring"), plan),
        # one step: its scale is that of one age, the end of the spin-up
        *setup_rows("decaying", decaying, plan._replace(climate=decaying.card.dt), chaotic=False),
        *setup_rows("dye", NavierStokes(tracer=True), plan),
        # its card has the scale of the flow without beta
        *setup_rows("beta 2", NavierStokes(beta=2.0), plan, judged=False),
    ]


def _injection(plan: Plan) -> Row:
    """Ring forcing without dissipation but drag: the mean of 2 mu E must be the stated injection, in balance.

    Viscosity takes a little, too: its part nu <w^2> is added.
    """
    world = NavierStokes(forcing="ring", grid=32, viscosity=0.01, drag=0.2)
    states = spun_up(world, 2 * plan.trajectories, 2)
    plane = world.plane
    lost = []
    for state in _later(world, states, plan):
        w = world.spectrum(state)[0]
        energy = -0.5 * plane.mean_product(plane.inverse * w, w)
        lost.append(2 * 0.2 * float(energy) + 0.01 * float(plane.mean_product(w, w)))
    found = estimate(np.asarray(lost).reshape(-1, 2 * plan.trajectories).mean(0))
    injection = world.card.knobs[0].default
    return within(
        "energy lost by drag and viscosity under noise", float(found.value), float(found.error), injection,
        4 * float(found.error), "exact: the injection",
    )  # fmt: skip


def _later(world: NavierStokes, states: jax.Array, plan: Plan) -> Iterator[jax.Array]:
    """The states of every trajectory at twelve later times."""
    for seed in range(12):
        default = jnp.asarray(world.card.knobs[0].default)
        states = carried_on(world, states, default, plan.climate / 4, jnp.asarray(seed))
        yield from states
