"""The runners: what a lane sees, what members share, how divergence is recorded."""

import copy
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from gnomon.adapters import jax_runner
from gnomon.adapters.jax_runner import CHUNK, SimulatorRunner, WorldRunner, make_starts
from gnomon.core.measure import CannotMeasure
from gnomon.core.runner import lagged_errors, noisy_history
from gnomon.core.runs import Observed
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.watch import OutOfTime, Watch
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.registry import build

UNITS = 4


class Exploding(AbstractSimulator):
    """Doubles its state every step: leaves any attractor."""

    card: SimulatorCard = eqx.field(static=True)
    version: ClassVar[int] = 1

    def assimilate(self, history, forcing, *, time, key):
        return jnp.stack([history[v][-1] for v in "xyz"])

    def advance(self, state, forcing, *, time, key):
        return 2 * state

    def observe(self, state):
        return {"x": state[0], "y": state[1], "z": state[2]}


@pytest.fixture(scope="module")
def world():
    with jax.enable_x64(True):
        yield build("worlds", "lorenz63")


@pytest.fixture(scope="module")
def starts(world):
    with jax.enable_x64(True):
        return make_starts(world, (), UNITS, history=8, seed=1, watch=Watch())


def experiment(**fields):
    return Experiment(**{"label": "e", "units": UNITS, "steps": 5, **fields})


def with_card(world, **fields):
    """The same world with another card, which is a static field."""
    other = copy.copy(world)
    object.__setattr__(other, "card", msgspec.structs.replace(world.card, **fields))
    return other


def test_history_ends_at_the_start(world, starts):
    seen = jax.vmap(world.observe)(starts.states)
    for name, past in starts.history.items():
        assert past.shape == (UNITS, 8)
        np.testing.assert_allclose(past[:, -1], seen[name], rtol=1e-6)


def test_chunks_make_no_difference(world, starts):
    """A run over several chunks is the same as stepping by hand."""
    steps = CHUNK + 3
    runs = WorldRunner(world, False).run(experiment(steps=steps), starts, seed=2, watch=Watch())
    forcing = jax.tree.map(lambda x: x[0], _forcing(world))
    state = jax.tree.map(lambda x: x[0], starts.states)
    step = jax.jit(lambda s, t: world.step(s, forcing, time=t, key=jax.random.PRNGKey(0)))
    for n in range(steps):
        state = step(state, n * world.card.dt)
    np.testing.assert_allclose(runs.obs["x"][0, 0, -1], world.observe(state)["x"], rtol=1e-4)
    assert runs.time[-1] == pytest.approx(steps * world.card.dt)


def test_stride_and_discard_pick_the_same_states(world, starts):
    every = WorldRunner(world, False).run(experiment(steps=12), starts, seed=2, watch=Watch())
    some = WorldRunner(world, False).run(
        experiment(steps=4, stride=2, discard=2), starts, seed=2, watch=Watch()
    )
    np.testing.assert_array_equal(some.obs["z"][:, 0], every.obs["z"][:, 0, 5::2])
    np.testing.assert_allclose(some.time, every.time[5::2])


def test_members_share_the_units_error_and_add_their_own(world, starts):
    card = world.card
    x = card.variables[0]
    many = noisy_history(card, starts, 2000, seed=3)["x"][:, :, -1] - starts.history["x"][:, None, -1]
    within = many - many.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(within.std(), x.obs_error, rtol=0.05)
    one = noisy_history(card, starts, 1, seed=3)["x"][:, 0, -1] - starts.history["x"][:, -1]
    np.testing.assert_allclose(many.mean(axis=1), one, atol=4 * x.obs_error / np.sqrt(2000))


def test_truth_starts_at_the_state_and_twin_within_the_error(world, starts):
    first = experiment(steps=1)
    truth = WorldRunner(world, False).run(first, starts, seed=4, watch=Watch())
    twin = WorldRunner(world, True).run(first, starts, seed=4, watch=Watch())
    gap = np.abs(twin.obs["x"] - truth.obs["x"]) / world.card.variables[0].obs_error
    assert 0 < gap.max() < 20
    np.testing.assert_allclose(truth.initial["x"][:], starts.history["x"][:, -1])


def test_forcing_reaches_the_world(world, starts):
    strong = experiment(steps=40, drives=(Drive.steady("rho", 45.0),))
    moved = WorldRunner(world, False).run(strong, starts, seed=5, watch=Watch())
    still = WorldRunner(world, False).run(experiment(steps=40), starts, seed=5, watch=Watch())
    assert np.abs(moved.obs["z"] - still.obs["z"]).max() > 1
    np.testing.assert_allclose(moved.forcing["rho"], 45.0)


def test_divergence_is_recorded_and_blanked(world, starts):
    card = SimulatorCard(name="exploding", dt=world.card.dt, context=1, variables=("x", "y", "z"), knobs=())
    runner = SimulatorRunner(Exploding(card), world.card)
    runs = runner.run(experiment(steps=30, members=2, discard=1), starts, seed=6, watch=Watch())
    assert (runs.diverged >= 0).all()
    for unit in range(UNITS):
        for member in range(2):
            lost = runs.diverged[unit, member]
            assert np.isnan(runs.obs["z"][unit, member, lost:]).all()
            assert np.isfinite(runs.obs["z"][unit, member, :lost]).all()


def test_same_seed_same_bits(world, starts):
    runner = WorldRunner(world, True)
    one = runner.run(experiment(members=2), starts, seed=7, watch=Watch())
    two = runner.run(experiment(members=2), starts, seed=7, watch=Watch())
    other = runner.run(experiment(members=2), starts, seed=8, watch=Watch())
    np.testing.assert_array_equal(one.obs["x"], two.obs["x"])
    assert (one.obs["x"] != other.obs["x"]).any()


def test_a_run_stops_at_its_limit(world, starts):
    with pytest.raises(OutOfTime, match="limit"):
        WorldRunner(world, False).run(experiment(steps=500), starts, seed=9, watch=Watch(seconds=-1))


def test_exponents_of_the_world(world, starts):
    order = experiment(steps=2000, discard=400, outputs=("exponents",))
    found = WorldRunner(world, False).run(order, starts, seed=10, watch=Watch()).exponents
    assert found.shape == (UNITS, 3)
    np.testing.assert_allclose(found.sum(axis=1), -(10 + 1 + 8 / 3), rtol=1e-3)
    assert abs(found[:, 0].mean() - 0.9056) < 0.1


def test_exponents_of_a_doubling_map_are_log_two(world, starts):
    card = SimulatorCard(name="exploding", dt=world.card.dt, context=1, variables=("x", "y", "z"), knobs=())
    order = experiment(steps=40, outputs=("exponents",))
    found = SimulatorRunner(Exploding(card), world.card).run(order, starts, seed=1, watch=Watch()).exponents
    np.testing.assert_allclose(found, np.log(2) / world.card.dt, rtol=1e-6)


def test_timing_reports_cost(world, starts):
    runs = WorldRunner(world, False).run(experiment(outputs=("timing",)), starts, seed=1, watch=Watch())
    assert runs.cost["seconds"] > 0
    assert runs.cost["steps"] == UNITS * experiment().steps  # no more than was ordered
    assert runs.cost["peak_memory_mb"] >= 0


def _forcing(world):
    from gnomon.core.forcing import forcing_of

    return forcing_of(world.card, (), 1)


def test_averages_are_means_over_the_stride(world, starts):
    instants = WorldRunner(world, False).run(experiment(steps=40), starts, seed=1, watch=Watch())
    means = WorldRunner(world, False).run(
        experiment(steps=10, stride=4, average=True), starts, seed=1, watch=Watch()
    )
    expected = instants.obs["x"].reshape(UNITS, 1, 10, 4).mean(axis=3)
    np.testing.assert_allclose(means.obs["x"], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("lanes", [1, 3])
def test_lanes_make_no_difference(world, starts, lanes):
    """Advanced one or three at a time (the last block filled up), the units are those of one batch."""
    narrow = with_card(world, lanes=lanes)
    together = WorldRunner(world, True).run(experiment(), starts, seed=1, watch=Watch())
    apart = WorldRunner(narrow, True).run(experiment(), starts, seed=1, watch=Watch())
    np.testing.assert_allclose(apart.obs["x"], together.obs["x"], rtol=1e-5)


@pytest.mark.parametrize(
    ("units", "lanes", "size"), [(10, 8, 5), (20, 8, 7), (8, 8, 8), (3, 8, 3), (4, None, 4)]
)
def test_blocks_are_as_few_as_must_be_and_of_one_size(monkeypatch, world, units, lanes, size):
    seen = []

    def block(model, states, forcing, keys, **_):
        seen.append(len(keys))
        return {"x": np.zeros((len(keys), 1))}, states

    monkeypatch.setattr(jax_runner, "_run_block", block)
    keys = jax.random.split(jax.random.key(0), units)
    obs, _, _ = jax_runner._run_lanes(
        world, {"s": keys}, {}, keys, steps=1, stride=1, watch=Watch(), what="", lanes=lanes
    )
    assert set(seen) == {size}
    assert len(seen) == -(-units // (lanes or units))
    assert len(obs["x"]) == units


def test_lagged_errors_have_the_declared_share_of_the_spread(world):
    """Drawn from white snapshots of unit variance, their standard deviation is obs_error / scale; pairs are shared."""
    card = msgspec.structs.replace(world.card, errors="lagged")
    rng = np.random.default_rng(0)
    library = {k: rng.standard_normal((64, 500)).astype(np.float32) for k in "xyz"}
    library["y"] = library["x"]
    drawn = lagged_errors(card, library, (400,), rng)
    by_name = {v.name: v for v in card.variables}
    for name in "xyz":
        v = by_name[name]
        assert drawn[name].std() == pytest.approx(v.obs_error / v.scale, rel=0.05)
    share = by_name["y"].obs_error / by_name["y"].scale / (by_name["x"].obs_error / by_name["x"].scale)
    np.testing.assert_allclose(drawn["y"], share * drawn["x"], rtol=1e-4)


def test_lagged_histories_come_from_the_spin_up(world):
    lagged = with_card(world, errors="lagged", history=8)
    starts = make_starts(lagged, (), UNITS, history=8, seed=1, watch=Watch())
    assert starts.library["x"].shape[0] == 8 * UNITS
    seen = noisy_history(lagged.card, starts, 5, seed=3)
    assert seen["x"].shape == (UNITS, 5, 8)
    assert 0 < np.abs(seen["x"] - starts.history["x"][:, None]).max() < 20


def test_a_variable_that_a_model_does_not_give_is_named():
    with pytest.raises(CannotMeasure, match="gives no z"):
        Observed({"x": np.zeros(1)})["z"]
