"""A planted cause on the dry core: physics that is wrong in the tropics only."""

import jax
import numpy as np
import pytest

from gnomon.adapters.relaxed_runner import RelaxedRunner
from gnomon.core.learner import Data
from gnomon.core.runner import Starts
from gnomon.core.runs import Evidence
from gnomon.core.watch import Watch
from gnomon.measures.causes.regime_share import RegimeShare
from gnomon.measures.causes.relaxed_share import RelaxedShare
from gnomon.spec.registry import build
from gnomon.spec.relaxation import DECLARED, read
from gnomon.testing.planted_causes import LocalFault
from gnomon.trials.cause import Cause

UNITS = 5
TRIAL = Cause(
    units=UNITS, horizon=0.14, every=0.035, relaxation=0.02, record=0.07, settle=0.02, length=0.0
)  # two days, relaxed twice a day; a step is six hours


def starts_of(world):
    """Shipped, spun-up states as they are."""
    keys = jax.random.split(jax.random.key(3), UNITS + 4)
    states = jax.jit(jax.vmap(lambda key: world.init(key=key)))(keys)
    seen = {k: np.asarray(v) for k, v in jax.jit(jax.vmap(world.observe))(states).items()}
    first = jax.tree.map(lambda x: x[:UNITS], states)
    return Starts(
        first, {k: v[:UNITS, None] for k, v in seen.items()}, {k: v[UNITS:] for k, v in seen.items()}
    )


def evidence_of(world, model, starts, seed):
    told = TRIAL.declare(world.card)
    runs = {
        e.label: RelaxedRunner(world, model, read(told[DECLARED][e.label])).run(
            e, starts, seed=seed, watch=Watch()
        )
        for e in TRIAL.design(world.card)
    }
    return Evidence(card=world.card, runs=runs, design=told, fit={})


@pytest.mark.slow
def test_physics_that_is_wrong_in_the_tropics_is_found_there():
    with jax.enable_x64(False):
        found_in_the_tropics()


def found_in_the_tropics():
    world = build("worlds", "held_suarez")
    card = world.card
    twin = build("worlds", "held_suarez", {"friction_days": 4.0, "cooling_days": 10.0})
    knobs = {k.name: np.array([[k.low, k.high]]) for k in card.knobs}
    one = np.array([0])
    data = Data({}, knobs, np.arange(2.0), one, one, card)
    fault = LocalFault(part=0).fit(data, prior=twin, key=jax.random.key(0)).simulator
    starts = starts_of(world)
    both = {"truth": evidence_of(world, world, starts, 1), "subject": evidence_of(world, fault, starts, 2)}
    said = {}
    for measure in (RelaxedShare(), RegimeShare()):
        tables = {k: measure.summarise(v) for k, v in both.items()}
        (figure,) = measure.curves(tables, both)
        said[type(measure)] = figure
        perfect = measure.curves({"truth": tables["truth"], "subject": tables["truth"]}, both)[0].note
        assert perfect.startswith("not attributable: no error beyond")
    assert "arises in the tropics" in said[RegimeShare].note
    # in two days little of it has gone elsewhere: what relaxation says may be "not attributable", never another band
    assert not said[RelaxedShare].note.startswith(("relaxing the north", "relaxing the south"))
