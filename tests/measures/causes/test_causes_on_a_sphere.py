"""Planted causes on the dry core: a heating in the tropics, and one aloft."""

import json

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
from gnomon.testing.local_heating import LocalHeating
from gnomon.trials.cause import Cause

UNITS, ARGS = 5, {"layers": 5}
TRIAL = Cause(
    units=UNITS, horizon=0.087, relaxation=0.00873, record=0.052, settle=0.017, length=0.0
)  # five steps of six hours, all relaxed


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
def test_a_heating_is_found_where_it_was_planted():
    with jax.enable_x64(False):
        found_where_planted()


def found_where_planted():
    world = build("worlds", "held_suarez", ARGS)
    card = world.card
    knobs = {k.name: np.array([[k.low, k.high]]) for k in card.knobs}
    one = np.array([0])
    data = Data({}, knobs, np.arange(2.0), one, one, card)
    starts = starts_of(world)
    truth = evidence_of(world, world, starts, 1)
    for part in ("the tropics", "the upper levels"):
        fault = (
            LocalHeating(part=part, world_args=json.dumps(ARGS)).fit(data, key=jax.random.key(0)).simulator
        )
        both = {"truth": truth, "subject": evidence_of(world, fault, starts, 2)}
        said = {}
        for measure in (RelaxedShare(), RegimeShare()):
            tables = {k: measure.summarise(v) for k, v in both.items()}
            said[type(measure)] = measure.curves(tables, both)[0].note
            perfect = measure.curves({"truth": tables["truth"], "subject": tables["truth"]}, both)[0].note
            assert perfect.startswith("not attributable: no error beyond")
        assert said[RelaxedShare].startswith(f"relaxing {part}")
        assert f"arises in {part}" in said[RegimeShare]
