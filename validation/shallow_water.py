"""Rotating shallow water: chaos at every drive, scales, resolution, depth that stays positive, the twin."""

import numpy as np

from gnomon.worlds.field.shallow_water import ShallowWater
from validation.exact_planes import shallow_rows
from validation.planes import Plan, carried_on, facts_of, resolved, setup_rows, spun_up, twin
from validation.shared import Outcome
from validation.table import Row, above

FULL = Plan(trajectories=4, adapt=10.0, settle=8.0, exponent=25.0, climate=40.0)
QUICK = Plan(trajectories=2, adapt=5.0, settle=5.0, exponent=10.0, climate=10.0)


def validate(quick: bool) -> Outcome:
    """All rows and facts."""
    plan = QUICK if quick else FULL
    world = ShallowWater()
    states = spun_up(world, plan.trajectories, 1)
    rows, facts = facts_of(world, plan, states, within_share=0.05)
    rows += resolved(world, states)
    rows += twin(world, ShallowWater(**world.card.imperfect), states)
    knob = world.card.knobs[0]
    far = carried_on(world, states, knob.default + 2 * (knob.high - knob.low), plan.adapt)
    rows.append(
        above("least depth at the far end of the drive", float(1 + np.asarray(far)[:, 2].min()), None, 0)
    )
    return [*rows, *shallow_rows(world, states)], facts


def setups(quick: bool) -> list[Row]:
    """Scale and exponent with a dye, which has no facts."""
    return setup_rows("dye", ShallowWater(tracer=True), QUICK if quick else FULL)
