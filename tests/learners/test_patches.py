"""Patches, monomials, ridge and packing: the arithmetic under all learners."""

import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.monomials import count_monomials, list_monomials, monomials
from gnomon.numerics.packing import packing_of
from gnomon.numerics.patches import neighbours, patches_of
from gnomon.numerics.ridge import ridge_path
from gnomon.spec.registry import build
from tests.learners.training_data import make_data

WORLDS = ["lorenz63", "lorenz96", "kuramoto_sivashinsky"]


@pytest.mark.parametrize("name", WORLDS)
def test_encode_and_decode_are_inverse(name):
    world = build("worlds", name)
    data = make_data(world, train=3, validation=1, steps=12)
    patches = patches_of(data)
    z = patches.encode(data.obs)
    assert z.shape == (4, 12, patches.sites, patches.channels)
    back = patches.decode(z)
    for variable in world.card.variables:
        np.testing.assert_allclose(back[variable.name], data.obs[variable.name], rtol=1e-12, atol=1e-12)
    packing = packing_of(world.card)
    again = packing.unpack(packing.pack(data.obs))
    assert all(np.array_equal(again[k], data.obs[k]) for k in data.obs)


def test_neighbours_on_a_ring_and_a_torus():
    assert neighbours((5,), 1).tolist() == [[4, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 0]]
    assert neighbours((3, 4), 1)[0].tolist() == [11, 8, 9, 3, 0, 1, 7, 4, 5]
    assert neighbours((4,), 9).shape == (4, 3)  # never a site twice


def test_rolling_the_field_rolls_its_patches():
    data = make_data(build("worlds", "lorenz96"), train=2, validation=1, steps=5)
    patches = patches_of(data)
    z = patches.encode({"x": data.obs["x"][0, 0]})
    near = patches.around(z, 2)
    np.testing.assert_array_equal(patches.around(jnp.roll(z, 3, axis=0), 2), jnp.roll(near, 3, axis=0))
    assert near.shape == (40, patches.width(2))


def test_a_patterned_knob_enters_as_its_field():
    world = build("worlds", "kuramoto_sivashinsky")
    patches = patches_of(make_data(world, train=3, validation=1, steps=5))
    knob = world.card.knobs[0]
    assert knob.pattern is not None
    forced = np.asarray(patches.forced({knob.name: jnp.asarray(0.02)}))[:, 0]
    np.testing.assert_allclose(
        forced / np.abs(forced).max(), np.asarray(knob.pattern) / np.abs(knob.pattern).max()
    )
    assert np.all(np.asarray(patches.forced({knob.name: jnp.asarray(0.0)})) == 0)
    assert patches.forced({knob.name: jnp.asarray(1.0)}, radius=1).shape == (64, 3)


def test_monomials_by_hand():
    table = jnp.asarray(list_monomials(2, 2, 3))
    value = monomials(jnp.asarray([[2.0, 3.0]]), table)[0]
    assert value.tolist() == [4.0, 6.0, 9.0, 8.0, 12.0, 18.0, 27.0]
    assert len(table) == count_monomials(2, 2, 3)


def test_ridge_path_is_least_squares_in_the_limit():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 4)) * [1.0, 10.0, 0.1, 1.0] + 5.0
    y = x @ rng.standard_normal((4, 2)) + 3.0
    (weights, offset), (strong, level) = ridge_path(x, y, (0.0, 1e9))
    np.testing.assert_allclose(x @ weights + offset, y, atol=1e-9)
    assert np.abs(strong).max() < 1e-6
    np.testing.assert_allclose(x.mean(0) @ strong + level, y.mean(0))


def test_ridge_path_is_the_ridge_of_the_textbook():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((50, 3)), rng.standard_normal((50, 1))
    x = (x - x.mean(0)) / x.std(0)
    expected = np.linalg.solve(x.T @ x / 50 + 0.3 * np.eye(3), x.T @ (y - y.mean(0)) / 50)
    np.testing.assert_allclose(ridge_path(x, y, (0.3,))[0][0], expected, rtol=1e-10)


def test_constant_features_do_no_harm():
    x = np.column_stack([np.ones(20), np.arange(20.0)])
    weights, offset = ridge_path(x, 2.0 * np.arange(20.0)[:, None] + 1.0, (0.0,))[0]
    np.testing.assert_allclose(weights[:, 0], [0.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(offset, [1.0])
