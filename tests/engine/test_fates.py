"""Fates as a study counts them: what a simulator holds within bounds of its own has exploded like any other."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import forcing_of
from gnomon.core.runner import Starts, bounds_of, escaped
from gnomon.core.runs import Evidence, Runs
from gnomon.engine.scoring import FREE, Stage, fates
from gnomon.learners.sparse_equations import SparseEquations
from gnomon.spec.registry import build
from gnomon.testing.data import data_at_default, runs_at_default

STEPS = 300


@pytest.fixture(scope="module")
def held():
    """World, free runs of the truth, and of sparse equations whose numbers overflow; [run, time]."""
    world = build("worlds", "rossler", {"error": 0.0})
    data = data_at_default(world, 4, 120)
    learner = SparseEquations(budget=1, degree=2, resamples=2, assimilate_steps=1, refine=False)
    simulator = learner.fit(data, key=jax.random.key(0)).simulator
    simulator = eqx.tree_at(lambda s: s.coefficients, simulator, 1e30 * simulator.coefficients)
    forcing = jax.tree.map(lambda x: x[0], forcing_of(world.card, (), 1))
    key = jax.random.key(0)

    @jax.jit
    def free(start):
        def step(state, _):
            state = simulator.advance(state, forcing, time=0.0, key=key)
            return state, simulator.observe(state)

        return jax.lax.scan(
            step, simulator.patches.encode({k: v[None] for k, v in start.items()})[0], None, STEPS
        )[1]

    truth = runs_at_default(world, 3, STEPS, seed=1)
    found = jax.vmap(free)({k: jnp.asarray(v)[:, 0] for k, v in truth.items()})
    return world, *({k: np.asarray(v) for k, v in x.items()} for x in (truth, found))


def stage_of(card, truth, subject):
    """A stage that has run already."""
    stage = object.__new__(Stage)
    runs = {
        role: Runs(
            FREE,
            {k: v[:, None] for k, v in obs.items()},
            np.arange(STEPS),
            {},
            np.full((3, 1), -1),
            None,
            {},
            {},
        )
        for role, obs in (("truth", truth), ("subject", subject))
    }
    told = {(role, ""): Evidence(card, {FREE: r}, {}, {}) for role, r in runs.items()}
    stage.__dict__.update(card=card, missing=(), _evidence=told)
    return stage


def test_the_engine_can_see_a_run_that_is_held(held):
    """Roessler has next to no mean: twenty root mean squares are within the fifty scales that end a run."""
    world, truth, found = held
    starts = Starts(None, {k: v[:, :1] for k, v in truth.items()})
    assert not escaped(world.card, found, bounds_of(world.card, starts)).any()
    assert all(np.ptp(v[:, STEPS // 2 :], axis=1).max() == 0 for v in found.values())
    assert max(np.abs(v).max() for v in found.values()) > 100


def test_it_exploded_and_the_truth_did_not(held):
    world, truth, found = held
    assert fates(stage_of(world.card, truth, found)) == {"truth": {"lives": 3}, "subject": {"exploded": 3}}


def test_only_what_both_show_is_compared(held):
    world, truth, found = held
    fewer = {k: v for k, v in found.items() if k != "z"}
    assert fates(stage_of(world.card, truth, fewer))["subject"] == {"exploded": 3}
    assert fates(stage_of(world.card, truth, {})) == {}
