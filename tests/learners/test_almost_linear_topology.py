"""The code of a network whose answer is known: one unit carries the side, and nothing moves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.almost_linear_rnn import almost_linear_cell
from gnomon.learners.almost_linear_topology import rest_points, topology_of
from gnomon.learners.recurrent_simulator import RecurrentSimulator, world_of
from gnomon.numerics.patches import patches_of
from gnomon.spec.registry import build
from gnomon.testing.data import data_at_default, runs_at_default
from gnomon.training.sampling import learned_card
from gnomon.training.windows import cast


@pytest.fixture(scope="module")
def found():
    with jax.enable_x64(True):
        world = build("worlds", "lorenz63", {"error": 0.0})
        data = data_at_default(world, 4, 400)
        patches = patches_of(data, whole=True)
        cell = almost_linear_cell(world_of(cast(patches, jnp.float32), data), 4, 1, key=jax.random.key(0))
        weights = jnp.zeros((4, 4)).at[3, 0].set(1.0)  # the rectified unit is the first variable, a step late
        cell = type(cell)(
            relaxation=jnp.array([1.0, 1.0, 1.0, 0.0]), weights=weights, offset=jnp.array([0.0, 0.0, 0.0, 0.01]),
            drive=jnp.zeros_like(cell.drive, dtype=float), lift=jnp.zeros((1, 3)), channels=3, rectified=1,
        )  # fmt: skip
        simulator = RecurrentSimulator(learned_card("x", data, context=1), patches, cell, jnp.ones(()))
        scales = np.array([v.scale for v in world.card.variables])
        obs = runs_at_default(world, 2, 4000, seed=5)
        truths = np.stack([np.asarray(obs[v.name]) for v in world.card.variables], axis=-1) / scales
        still = np.broadcast_to(truths[0, :1], truths[0].shape)
        yield world, truths * scales, topology_of(simulator, world, truths, still, lobes=True)


def test_what_stands_still_has_one_region_and_the_truth_two(found):
    _, _, code = found
    assert code["free"]["regions"] == 1
    assert code["truth"]["regions"] == 2
    assert code["transitions_apart"] == pytest.approx(0.5)  # of two distributions, one of which is empty
    assert code["words_apart"] == 1.0
    assert code["words_apart_floor"] < 0.6
    assert code["shares_apart_floor"] < code["shares_apart"]


def test_lorenz_rests_in_three_places(found):
    world, truths, code = found
    points = sorted(rest_points(world, truths[0]), key=lambda p: p[0])
    eye = (8 / 3 * 27) ** 0.5
    np.testing.assert_allclose(points, [[-eye, -eye, 27], [0, 0, 0], [eye, eye, 27]], atol=1e-6)
    assert len(code["rest_points"]) == 3
