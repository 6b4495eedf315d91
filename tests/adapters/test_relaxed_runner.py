"""Relaxed runs against runs and steps that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.adapters.jax_runner import SimulatorRunner, WorldRunner, make_starts
from gnomon.adapters.relaxed_runner import STAMP, RelaxedRunner
from gnomon.core.forcing import forcing_of
from gnomon.core.learner import Data
from gnomon.core.watch import Watch
from gnomon.numerics.part_masks import EVERYWHERE, mask_of, parts_of
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.spec.relaxation import Relaxation
from gnomon.testing.planted_causes import LocalFault

UNITS, STEPS = 3, 20
ARGS = '{"n": 12}'


@pytest.fixture(scope="module")
def lab():
    """A small ring, its twin, one patched of both, and starts."""
    with jax.enable_x64(True):
        world = build("worlds", "lorenz96", {"n": 12})
        twin = build("worlds", "lorenz96", world.card.imperfect | {"n": 12})
        knob = {k.name: np.array([[k.low, k.high]]) for k in world.card.knobs}
        one = np.array([0])
        data = Data({}, knob, np.arange(2.0), one, one, world.card)
        patched = LocalFault(part=1, world_args=ARGS).fit(data, prior=twin, key=jax.random.key(0)).simulator
        starts = make_starts(world, (), UNITS, history=4, seed=5, watch=Watch())
    return world, twin, patched, starts


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def order(label="run", stride=1):
    return Experiment(label=label, units=UNITS, steps=STEPS, stride=stride, starts="shared")


def relaxed(lab, model, how, **options):
    world, *_, starts = lab
    return RelaxedRunner(world, model, how).run(order(**options), starts, seed=9, watch=Watch())


@pytest.mark.parametrize("which", ["world", pytest.param("simulator", marks=pytest.mark.slow)])
def test_relaxed_nowhere_is_the_run_itself(lab, which):
    world, twin, patched, starts = lab
    how = Relaxation(part=None, weight=0.5, told=True)
    truth = WorldRunner(world, False).run(order(), starts, seed=1, watch=Watch())
    model = twin if which == "world" else patched
    runner = WorldRunner(twin, True) if which == "world" else SimulatorRunner(patched, world.card)
    runs = relaxed(lab, model, how)
    plain = runner.run(order(), starts, seed=9, watch=Watch())
    np.testing.assert_allclose(runs.obs["true x"], truth.obs["x"], atol=1e-5)
    np.testing.assert_allclose(runs.obs["error x"], plain.obs["x"] - truth.obs["x"], atol=1e-5)
    assert runs.cost[STAMP] == 0.5
    np.testing.assert_array_equal(runs.time, plain.time)
    np.testing.assert_allclose(runs.initial["x"], plain.initial["x"])


def test_single_steps_are_the_model_s_own_from_the_truth(lab):
    world, twin, _, _ = lab
    runs = relaxed(lab, twin, Relaxation(part=EVERYWHERE, weight=1.0, told=True), stride=2)
    true = runs.obs["true x"][:, 0].astype(float)
    forcing = jax.tree.map(lambda x: x[0], forcing_of(world.card, (), 1))
    state = jnp.asarray(true[1, 6])
    for n in range(2):
        state = twin.step(state, forcing, time=0.1 * n, key=jax.random.key(0))
    np.testing.assert_allclose(runs.obs["error x"][1, 0, 7], np.asarray(state) - true[1, 7], atol=3e-5)


def test_a_part_is_held_and_the_rest_is_free(lab):
    world, twin, _, _ = lab
    part = parts_of(world.card)[0]
    inside = mask_of(world.card, part)["x"]
    free = relaxed(lab, twin, Relaxation(part=None, weight=0.9)).obs["error x"] ** 2
    held = relaxed(lab, twin, Relaxation(part=part, weight=0.9)).obs["error x"] ** 2
    assert held[..., inside].mean() < 0.2 * free[..., inside].mean()
    assert held[..., ~inside].mean() > 0.3 * free[..., ~inside].mean()


@pytest.mark.slow
def test_a_patched_world_errs_in_its_patch(lab):
    world, _, patched, _ = lab
    runs = relaxed(lab, patched, Relaxation(part=EVERYWHERE, weight=1.0, told=True))
    error = np.abs(runs.obs["error x"][:, 0, 1:]).mean(axis=(0, 1))
    inside = mask_of(world.card, parts_of(world.card)[1])["x"]
    assert error[inside].min() > 1e-3
    assert error[~inside].max() < 1e-5


def test_shares_of_nothing_and_of_more_than_all_are_refused():
    for weight in (0.0, 1.5):
        with pytest.raises(BadSpec, match="share of the gap"):
            Relaxation(part=None, weight=weight)


def test_a_fault_is_planted_where_the_world_is_the_one_meant(lab):
    world, twin, _, _ = lab
    one = np.array([0])
    data = Data({}, {"F": np.array([[6.0, 10.0]])}, np.arange(2.0), one, one, world.card)
    with pytest.raises(BadSpec, match="world_args"):
        LocalFault().fit(data, prior=twin, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="part from 0 to 3"):
        LocalFault(part=4, world_args=ARGS).fit(data, prior=twin, key=jax.random.key(0))
