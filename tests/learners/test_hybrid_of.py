"""Any learner as the correction of a physics: what it is shown, what a step is, and what it is worth."""

import dataclasses
import json

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.simulator import AbstractSimulator
from gnomon.learners.hybrid_of import ERROR, LEAST, with_errors
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.training.free_run import free_run_verdict, validation_starts
from tests.learners.training_data import make_data

KEY = jax.random.key(3)
SMALL = {
    "linear": {"budget": 1},
    "nvar": {"budget": 1},
    "lstm": {"budget": 1, "hidden": 6, "updates": 6, "batch": 4, "snapshots": 2, "length": 12, "warm": 4},
}


class Silent(AbstractSimulator):
    """Expects no error, and no change."""

    card: SimulatorCard = eqx.field(static=True)

    def assimilate(self, history, forcing, *, time, key):
        return {k: v[-1] for k, v in history.items()}

    def advance(self, state, forcing, *, time, key):
        return state

    def observe(self, state):
        return {k: jnp.zeros_like(v) for k, v in state.items()}


def told_in(data, row):
    return Forcing(
        times={k: jnp.asarray(data.time) for k in data.forcing},
        values={k: jnp.asarray(v[row]) for k, v in data.forcing.items()},
    )


def wrapped(name):
    return build("learners", "hybrid_of", {"of": name, "of_args": json.dumps(SMALL[name])})


@pytest.fixture(scope="module")
def convection():
    with jax.enable_x64(True):
        world = build("worlds", "lorenz63")
        physics = build("worlds", "lorenz63", world.card.imperfect)
        return physics, make_data(world, train=6, validation=3, steps=200)


def test_the_learner_is_shown_what_the_physics_had_wrong(convection):
    physics, data = convection
    told = with_errors(data, physics, key=KEY)
    assert [v.name for v in told.card.variables] == ["x", "y", "z", *(ERROR.format(n) for n in "xyz")]
    row, moment = 2, 17
    forcing = told_in(data, row)
    state = physics.lift({k: jnp.asarray(v[row, moment]) for k, v in data.obs.items()}, physics.init(key=KEY))
    wanted = physics.observe(physics.step(state, forcing, time=data.time[moment], key=KEY))
    for name in "xyz":
        error = data.obs[name][row, moment + 1] - float(wanted[name])
        # what was reached at `moment + 1` stands there: the first observation, which nothing led to, is gone
        assert told.obs[ERROR.format(name)][row, moment] == pytest.approx(error, rel=1e-9, abs=1e-9)
        assert told.obs[name][row, moment] == data.obs[name][row, moment + 1]
    assert told.time[0] == data.time[1]
    assert len(told.forcing["rho"][0]) == len(told.time)


@pytest.mark.parametrize("name", ["linear", "lstm"])
def test_a_step_is_the_physics_step_and_the_error_expected(convection, name):
    physics, data = convection
    simulator = wrapped(name).fit(data, prior=physics, key=KEY).simulator
    context = simulator.card.context
    assert context == simulator.inner.card.context + 1
    history = {k: jnp.asarray(v[data.validation[0], :context]) for k, v in data.obs.items()}
    forcing = told_in(data, data.validation[0])
    state = simulator.assimilate(history, forcing, time=data.time[context - 1], key=KEY)
    moved = simulator.advance(state, forcing, time=data.time[context - 1], key=KEY)
    inner = simulator.inner
    own = inner.assimilate(simulator.told.unpack(state.window), forcing, time=data.time[context - 1], key=KEY)
    expected = inner.observe(inner.advance(own, forcing, time=data.time[context - 1], key=KEY))
    begun = physics.lift({k: v[-1] for k, v in history.items()}, physics.init(key=KEY))
    stepped = physics.observe(physics.step(begun, forcing, time=data.time[context - 1], key=KEY))
    shown = simulator.observe(moved)
    for v in data.card.variables:
        wanted = stepped[v.name] + expected[ERROR.format(v.name)]
        np.testing.assert_allclose(shown[v.name], wanted, rtol=1e-6, atol=1e-6)
    # the window moves on by one, and holds the error that was made
    np.testing.assert_array_equal(moved.window[:-1], state.window[1:])
    size = simulator.seen.size
    made = moved.window[-1, :size] - simulator.seen.pack(stepped)
    np.testing.assert_allclose(moved.window[-1, size:], made, rtol=1e-6, atol=1e-6)


def test_where_the_physics_is_right_nothing_is_added():
    """Without observation error and with the world itself as the physics every error is nothing."""
    with jax.enable_x64(True):
        exact = build("worlds", "lorenz63", {"error": 0.0})
        data = make_data(exact, train=6, validation=3, steps=200)
        told = with_errors(data, exact, key=KEY)
        errors = np.stack([told.obs[ERROR.format(n)] for n in "xyz"])
        assert np.abs(errors).max() < 1e-4  # records are kept in single precision
        assert all(v.scale >= LEAST for v in told.card.variables)
        simulator = wrapped("linear").fit(data, prior=exact, key=KEY).simulator
        starts = validation_starts(data, simulator.card.context, reserve=20, lyapunov_times=2.0)
        assert free_run_verdict(simulator, starts, data, key=KEY).nrmse < 0.02


def valid(simulator, data):
    starts = validation_starts(data, simulator.card.context, reserve=20)
    return free_run_verdict(simulator, starts, data, key=KEY).valid_time


@pytest.mark.slow
def test_it_beats_its_physics_and_the_learner_alone(convection):
    physics, data = convection
    both = wrapped("linear").fit(data, prior=physics, key=KEY).simulator
    alone = build("learners", "linear", SMALL["linear"]).fit(data, key=KEY).simulator
    silent = dataclasses.replace(both, inner=Silent(both.inner.card))
    assert valid(both, data) > 1.3 * valid(silent, data)
    assert valid(both, data) > 2 * valid(alone, data)


def test_settings_are_chosen_by_runs_of_the_hybrid(convection):
    """The verdict of the search is that of the whole hybrid, and it tells settings apart."""
    physics, data = convection
    fit = build("learners", "hybrid_of", {"of": "nvar", "of_args": '{"budget": 3}'}).fit(
        data, prior=physics, key=KEY
    )
    inner = fit.log["inner"]["validation"]
    assert inner["valid_time"] > 1.0
    assert inner["valid_time"] == pytest.approx(fit.log["validation"]["valid_time"], rel=0.5)


def test_a_learner_that_wants_all_that_a_world_keeps(convection):
    """Then no earlier observation is there, and the oldest error is taken to be the next."""
    physics, data = convection
    short = data._replace(card=msgspec.structs.replace(data.card, history=3))
    of_args = '{"budget": 1, "width": 8, "updates": 4, "batch": 16, "unroll": 1, "delays": 3}'
    learner = build("learners", "hybrid_of", {"of": "residual", "of_args": of_args})
    simulator = learner.fit(short, prior=physics, key=KEY).simulator
    assert simulator.card.context == simulator.inner.card.context == 3
    history = {k: jnp.asarray(v[0, :3]) for k, v in data.obs.items()}
    window = simulator.assimilate(history, told_in(data, 0), time=data.time[2], key=KEY).window
    size = simulator.seen.size
    np.testing.assert_array_equal(window[0, size:], window[1, size:])
    np.testing.assert_array_equal(window[:, :size], simulator.seen.pack(history))


def test_what_cannot_be_wrapped_is_said(convection):
    physics, data = convection
    with pytest.raises(BadSpec, match="is a hybrid itself"):
        build("learners", "hybrid_of", {"of": "hybrid"}).fit(data, prior=physics, key=KEY)
    with pytest.raises(BadSpec, match="put it around the hybrid"):
        build("learners", "hybrid_of", {"of": "conformal"}).fit(data, prior=physics, key=KEY)
    with pytest.raises(BadSpec, match="of_args must be JSON"):
        build("learners", "hybrid_of", {"of_args": "budget = 1"}).fit(data, prior=physics, key=KEY)
