"""Products are rounded to bfloat16 and nothing else is; weights, moments and losses keep their precision."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import Verdict
from gnomon.training.mixed_precision import products_in_bfloat16
from gnomon.training.trainer import Recipe, Stage, fit_weights

EPS = 2.0**-8  # half a unit of the last of bfloat16's eight bits is 2 ** -9, twice for a product
KEY = jax.random.key(5)


class Net(eqx.Module):
    """Two layers."""

    first: jax.Array
    second: jax.Array

    def __call__(self, x):
        return jnp.tanh(x @ self.first) @ self.second


def normal(key, shape):
    return jax.random.normal(key, shape, jnp.float32)


def net(seed=0):
    keys = jax.random.split(jax.random.key(seed))
    return Net(0.5 * normal(keys[0], (4, 32)), 0.2 * normal(keys[1], (32, 2)))


def data():
    x = normal(jax.random.key(1), (256, 4))
    return x, net(7)(x)


def loss(model, memory, data, rows, progress, key):
    x, y = data
    return jnp.mean((model(x[rows]) - y[rows]) ** 2), memory


def draw(rng, shape):
    return jnp.asarray(rng.integers(0, 256, (*shape, 64)), jnp.int32)


def train(precision, updates=1500, seeds=1):
    models = [net(i) for i in range(seeds)]
    recipe = Recipe(rate=1e-2, final=0.01, precision=precision)
    return fit_weights(
        models, [Stage(loss, draw, updates, 2)], data(), lambda m: Verdict(0, 0, 0), recipe, key=KEY
    )


def test_a_product_is_rounded_as_bfloat16_is():
    a, b = normal(jax.random.key(0), (8, 16)), normal(KEY, (16, 4))
    found = products_in_bfloat16(jnp.matmul)(a, b)
    wanted = (a.astype(jnp.bfloat16) @ b.astype(jnp.bfloat16)).astype(jnp.float32)
    assert found.dtype == jnp.float32
    assert np.array_equal(found, wanted)
    assert not np.array_equal(found, a @ b)


def test_what_is_no_product_keeps_its_bits():
    def plain(x):
        def step(carry, n):
            return carry + jnp.sin(x) * 1e-3, jnp.sum(carry)

        return jax.lax.cond(x[0] > 0, lambda c: jax.lax.scan(step, c, jnp.arange(5)), lambda c: (c, x[:5]), x)

    x = jnp.linspace(0.1, 1.7, 9)
    for one, other in zip(jax.jit(plain)(x), jax.jit(products_in_bfloat16(plain))(x), strict=True):
        assert np.array_equal(one, other)


def test_products_inside_of_loops_are_rounded_too():
    a = normal(KEY, (6, 6)) / 4

    def power(x):
        return jax.lax.scan(lambda c, _: (jax.jit(jnp.matmul)(a, c), None), x, None, length=3)[0]

    x = jnp.ones(6, jnp.float32)
    told = str(jax.make_jaxpr(products_in_bfloat16(power))(x))
    assert told.count("dot_general") == 1
    assert "bf16[6] = dot_general" in told
    np.testing.assert_allclose(products_in_bfloat16(power)(x), power(x), rtol=0.05, atol=0.02)


def test_gradients_agree_within_bfloat16_and_are_computed_in_it():
    x, y = data()

    def cost(model):
        return jnp.mean((model(x) - y) ** 2)

    def rounded(model):
        return products_in_bfloat16(cost)(model)

    full, half = jax.grad(cost)(net()), jax.grad(rounded)(net())
    for one, other in zip(jax.tree.leaves(full), jax.tree.leaves(half), strict=True):
        assert other.dtype == jnp.float32
        assert 0 < jnp.linalg.norm(one - other) / jnp.linalg.norm(one) < 3 * EPS
    # Two products forwards, and for each one with respect to the weights; one with respect to the hidden layer.
    told = str(jax.make_jaxpr(jax.grad(rounded))(net()))
    lines = [line for line in told.splitlines() if "= dot_general" in line]
    assert len(lines) == 5
    assert all("bf16" in line for line in lines)


def test_double_precision_is_left_alone():
    a = jnp.eye(3, dtype=jnp.float64) / 3
    assert np.array_equal(products_in_bfloat16(jnp.matmul)(a, a), a @ a)


def test_training_reaches_the_same_loss_with_weights_in_single_precision():
    full, half = train("full")[0], train("bfloat16")[0]
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(half.model))
    first, last = half.history[0], half.history[-1]
    assert last["loss"] < 0.02 * first["curve"][0]
    # what is left of the loss under rounding is of the size of the rounding: (EPS * target)^2
    floor = float(jnp.mean(data()[1] ** 2)) * EPS**2
    assert last["loss"] < 2 * full.history[-1]["loss"] + 4 * floor
    # Small steps are not lost: the weights themselves have more digits than bfloat16 holds.
    leaves = jax.tree.leaves(half.model)
    assert any(not np.array_equal(x, x.astype(jnp.bfloat16).astype(jnp.float32)) for x in leaves)


def test_the_same_bits_from_the_same_seed_and_off_by_default():
    one, other = train("bfloat16", 20, seeds=2), train("bfloat16", 20, seeds=2)
    assert np.array_equal(one[1].model.first, other[1].model.first)
    assert not np.array_equal(one[0].model.first, train("full", 20)[0].model.first)
    assert Recipe().precision == "full"


def test_another_precision_is_refused():
    with pytest.raises(BadSpec, match="full, bfloat16"):
        train("float16", 2)
