"""Several results in one loop: the same numbers as in several loops, and what is not for one loop is known as such."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.one_loop import LARGEST, in_one_loop, operations, pays

RATE = jnp.asarray(2.5)


def polynomial(x, y, z):
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


def transcendental(x, y, z):
    return jnp.sin(x) * jnp.exp(-y), jnp.tanh(z) + jnp.abs(x) ** 1.5, jnp.arctan2(x, y)


def branches(x, y, z):
    return jnp.where(x > y, x, z), jnp.maximum(x, 0.0) - jnp.sign(y), jnp.clip(z, -1.0, 1.0)


def constants(x, y, z):
    return 2 * x, np.float64(3.0) * y, jax.nn.softplus(z)


FUNCTIONS = [polynomial, transcendental, branches, constants]


def arrays(lanes=37):
    return tuple(jnp.asarray(np.random.default_rng(0).normal(size=(3, lanes))))


@pytest.mark.parametrize("f", FUNCTIONS)
def test_the_same_as_in_several_loops(f):
    found = jax.jit(lambda *a: in_one_loop(f, a))(*arrays())
    for own, plain in zip(found, f(*arrays()), strict=True):
        np.testing.assert_allclose(own, plain, rtol=1e-14)
    assert operations(f, 3, "float64") > 0


def test_what_is_not_finite_stays_in_its_lane():
    x, y, z = (np.array(v) for v in arrays(5))
    x[1], y[2], z[3], x[4] = np.nan, np.inf, -np.inf, -0.0
    found = jax.jit(lambda *a: in_one_loop(polynomial, a))(x, y, z)
    np.testing.assert_allclose(np.stack(found), np.stack(polynomial(x, y, z)), rtol=1e-14)
    same = jax.jit(lambda *a: in_one_loop(lambda *v: v, a))(x, y, z)
    np.testing.assert_array_equal(np.signbit(same[0]), np.signbit(x))


def test_one_loop_and_not_one_for_each():
    loops = lambda g: g.lower(*arrays()).compile().as_text().count(" multiply(")  # noqa: E731
    shared = lambda x, y, z: (jnp.sin(x * y) * z, jnp.sin(x * y) * x, jnp.sin(x * y) * y)  # noqa: E731
    assert loops(jax.jit(lambda *a: in_one_loop(shared, a))) == 4  # x y once; three loops make it three times
    assert loops(jax.jit(shared)) == 6


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y, z: tuple(jnp.ones((3, 3)) @ jnp.stack([x, y, z])),  # not of single numbers
        lambda x, y, z: (jax.lax.fori_loop(0, 3, lambda _, v: v * y, x), y, z),
        lambda x, y, z: (jax.lax.cond(x > 0, lambda: x, lambda: y), y, z),
        lambda x, y, z: (x[0], y, z),
        lambda x, y, z: (RATE * x, y, z),  # brings an array along
        lambda x, y: (x, y),
    ],
)
def test_what_is_not_for_one_loop(f):
    assert operations(f, 3, "float64") == 0
    assert not pays(operations(f, 3, "float64"), 3)


def test_operations_are_counted():
    assert operations(polynomial, 3, "float64") == 9 - 1  # 10 (y - x); x (28 - z) - y; x y - 8/3 z
    assert pays(LARGEST - 18, 3)
    assert not pays(LARGEST, 3)
