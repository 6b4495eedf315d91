"""One forecaster for many systems: what it is, what it may not know, and that it says something of a new system."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.baselines import Climatology, Persistence
from gnomon.learners.pretrained import (
    CONTEXT,
    WEIGHTS,
    Pretrained,
    load_forecaster,
    new_forecaster,
    predict_increment,
    save_forecaster,
)
from gnomon.numerics.packing import packing_of
from gnomon.spec.errors import BadData
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from gnomon.training.calibration import declared_errors, member_runs
from gnomon.training.corpus import LORENZ, ManySystems, corpus_of, corpus_stage, split_systems
from gnomon.training.free_run import validation_starts
from tests.learners.training_data import make_data


@pytest.mark.slow
def test_contract_and_fine_tuning():
    world = build("worlds", "lorenz63")
    data = make_data(world, train=3, validation=2, steps=90)
    check_learner(Pretrained(tune=3, batch=4, unroll=2), world, data, eager=False, key=jax.random.key(1))
    zero = Pretrained().fit(data, key=jax.random.key(1)).simulator
    shipped = jax.tree.leaves(load_forecaster())
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(zero.network), shipped, strict=True))
    # zero-shot knows the training trajectories by mean, spread and typical increment alone: mirrored in time, the same
    obs = {k: v.copy() for k, v in data.obs.items()}
    for v in obs.values():
        v[data.train] = v[data.train][:, ::-1]
    mirrored = Pretrained().fit(data._replace(obs=obs), key=jax.random.key(1)).simulator
    for a, b in zip(jax.tree.leaves(zero), jax.tree.leaves(mirrored), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_weights_are_small_and_of_this_network(tmp_path):
    assert WEIGHTS.stat().st_size < 2_000_000
    other = tmp_path / "other.npz"
    np.savez(other, np.zeros(3, np.float32))
    with pytest.raises(BadData, match="another network"):
        load_forecaster(other)
    with pytest.raises(BadData, match="missing"):
        load_forecaster(tmp_path / "none.npz")
    save_forecaster(load_forecaster(), other)
    again = load_forecaster(other)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(load_forecaster()), strict=True)
    )


def test_order_of_channels_means_nothing():
    rng = np.random.default_rng(0)
    window = jnp.asarray(np.cumsum(0.1 * rng.standard_normal((CONTEXT, 5)), axis=0), jnp.float32)
    spread, order = jnp.full(5, 0.1, jnp.float32), np.array([3, 0, 4, 1, 2])
    network = load_forecaster()
    plain = np.asarray(network(window, spread))
    np.testing.assert_allclose(network(window[:, order], spread)[order.argsort()], plain, atol=1e-5)
    # and the channels do look at each other
    assert np.abs(network(window.at[:, 0].set(0.0), spread)[1:] - plain[1:]).max() > 1e-4


def test_the_split_is_fixed_and_keeps_lorenz_out():
    names = [f"s{i:02d}" for i in range(12)] + list(LORENZ)
    split = split_systems(names)
    assert split == split_systems(names[::-1])
    assert set(split.trained) | set(split.held_out) == set(names)
    assert not set(split.trained) & set(split.held_out)
    assert set(LORENZ) <= set(split.held_out)
    assert len(split.held_out) >= len(names) // 4


def test_an_untrained_network_goes_straight_on_and_the_loss_says_so():
    time = np.arange(200.0)
    lines = np.stack([np.outer(time, slope) for slope in np.array([[1.0, -2.0, 0.5], [0.3, 0.1, -1.0]])])
    corpus = corpus_of([lines[:1], lines[1:]])
    # the increments of a straight line have no spread; any size does, as long as it is not zero
    corpus = corpus._replace(spread=jnp.full_like(corpus.spread, 0.01))
    loss = ManySystems(predict_increment, jnp.float32(0.0), CONTEXT, 5)
    stage = corpus_stage(loss, corpus, updates=1, snapshots=1, batch=8)
    rows = stage.draw(np.random.default_rng(0), ())
    assert rows.shape == (8, 3)
    network = new_forecaster(key=jax.random.key(0))
    value, _ = loss(network, (), corpus, rows, jnp.zeros(()), jax.random.key(1))
    assert value < 1e-6
    bent = corpus._replace(z=corpus.z + 0.1 * jnp.sin(jnp.arange(200.0))[:, None].astype(jnp.float32))
    value, _ = loss(network, (), bent, rows, jnp.zeros(()), jax.random.key(1))
    assert value > 0.1


@pytest.mark.slow
def test_zero_shot_beats_the_nulls_on_a_system_that_was_held_out():
    """Roessler (every fourth of the catalogue is held out, and it is one of them), ten steps ahead."""
    world = build("worlds", "rossler")
    data = make_data(world, train=4, validation=6, steps=110)
    starts = validation_starts(data, CONTEXT, reserve=CONTEXT, starts=24, steps=0, lyapunov_times=10 / 69)
    packing = packing_of(data.card)
    scale = np.asarray([v.scale for v in data.card.variables])
    truth = np.asarray(packing.pack(starts.truth))

    def error(learner) -> float:
        simulator = learner.fit(data, key=jax.random.key(0)).simulator
        own = {k: v[:, -simulator.card.context :] for k, v in starts.history.items()}
        none = declared_errors(data, times=0.0)
        runs = member_runs(simulator, starts._replace(history=own), packing, none, 1, jax.random.key(0))
        return float(np.sqrt(np.mean(((np.asarray(runs)[:, 0] - truth) / scale) ** 2)))

    assert error(Pretrained()) < 0.7 * min(error(Persistence()), error(Climatology()))
