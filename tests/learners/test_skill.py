"""Learners learn: known limits that hold for any honest implementation, on small data."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.spec.registry import build
from gnomon.training.free_run import free_run_verdict, validation_starts
from tests.learners.training_data import make_data

KEY = jax.random.key(2)


@pytest.fixture(scope="module")
def convection():
    """Lorenz-63, enough to learn from."""
    with jax.enable_x64(True):
        world = build("worlds", "lorenz63")
        return world, make_data(world, train=8, validation=4, steps=300)


def verdict(simulator, data):
    starts = validation_starts(data, simulator.card.context, reserve=50)
    return free_run_verdict(simulator, starts, data, key=KEY)


def test_polynomials_forecast_convection_far_beyond_linear(convection):
    _, data = convection
    nvar = verdict(build("learners", "nvar", {"budget": 3}).fit(data, key=KEY).simulator, data)
    linear = verdict(build("learners", "linear", {"budget": 3}).fit(data, key=KEY).simulator, data)
    persistence = verdict(build("learners", "persistence").fit(data, key=KEY).simulator, data)
    assert nvar.valid_time > 3.0
    assert nvar.valid_time > 5 * linear.valid_time > 5 * persistence.valid_time
    assert nvar.diverged == 0


def test_hybrid_beats_its_physics(convection):
    world, data = convection
    prior = build("worlds", "lorenz63", world.card.imperfect)
    simulator = build("learners", "hybrid", {"budget": 2}).fit(data, prior=prior, key=KEY).simulator
    silent = eqx.tree_at(
        lambda s: [x for stage in s.cascade.stages for x in (stage.weights, stage.offset)],
        simulator,
        replace_fn=jnp.zeros_like,
    )
    assert verdict(simulator, data).valid_time > 2 * verdict(silent, data).valid_time


@pytest.mark.slow
def test_a_hybrid_reservoir_beats_its_physics_and_the_reservoir_alone(convection):
    world, data = convection
    prior = build("worlds", "lorenz63", world.card.imperfect)
    small = {"budget": 2, "units": 100}
    both = build("learners", "hybrid_echo_state", small).fit(data, prior=prior, key=KEY).simulator
    alone = build("learners", "echo_state", small).fit(data, key=KEY).simulator
    silent = eqx.tree_at(lambda s: (s.readout, s.offset), both, replace_fn=jnp.zeros_like)
    told = verdict(both, data)
    assert told.diverged == 0
    assert told.valid_time > 2 * verdict(silent, data).valid_time
    assert told.valid_time > 1.2 * verdict(alone, data).valid_time


def test_where_the_physics_is_right_a_hybrid_reservoir_leaves_it_alone(convection):
    """Without observation error and with the world itself as the physics there is nothing to correct."""
    with jax.enable_x64(True):
        exact = build("worlds", "lorenz63", {"error": 0.0})
        data = make_data(exact, train=8, validation=4, steps=300)
        learner = build("learners", "hybrid_echo_state", {"budget": 1, "units": 50})
        simulator = learner.fit(data, prior=exact, key=KEY).simulator
        assert float(jnp.abs(simulator.readout).max()) < 1e-6
        assert verdict(simulator, data).nrmse < 1e-3


def test_knob_reaches_the_simulator(convection):
    """Told the wrong knob, the learned model forecasts worse."""
    _, data = convection
    simulator = build("learners", "nvar", {"budget": 1}).fit(data, key=KEY).simulator
    starts = validation_starts(data, simulator.card.context, reserve=50)
    wrong = Forcing(times=starts.forcing.times, values={"rho": 56.0 - starts.forcing.values["rho"]})
    right = free_run_verdict(simulator, starts, data, key=KEY)
    misled = free_run_verdict(simulator, starts._replace(forcing=wrong), data, key=KEY)
    assert right.valid_time > 1.3 * misled.valid_time


def test_climatology_follows_the_knob():
    world = build("worlds", "lorenz96")
    data = make_data(world, train=8, validation=2, steps=200)
    simulator = build("learners", "climatology").fit(data, key=KEY).simulator
    # the mean of x rises with F: energy balance, mean(x^2) = F mean(x)
    assert np.all(np.asarray(simulator.slopes) > 0)
    assert np.ptp(np.asarray(simulator.mean)) < 1e-12


@pytest.mark.slow
def test_a_linear_start_on_clean_data_stays_small():
    """States and their changes are nearly collinear in clean data; weights of tens explode in closed loop."""
    with jax.enable_x64(True):
        data = make_data(build("worlds", "lorenz63", {"error": 0.0}), train=8, validation=2, steps=300)
        learner = build("learners", "residual", {"budget": 1, "updates": 4})
        network = learner.fit(data, key=KEY).simulator.network
    assert float(jnp.abs(network.linear.weights).max()) < 10
