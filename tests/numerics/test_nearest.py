"""The few smallest, beside a sort."""

import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.nearest import smallest


@pytest.mark.parametrize("count", [1, 4, 30])
def test_they_are_those_of_a_sort_with_the_first_of_equals_first(count):
    values = np.round(np.random.default_rng(3).normal(size=30), 1)  # some are equal
    found, where = smallest(jnp.asarray(values), count)
    order = np.argsort(values, kind="stable")[:count]
    np.testing.assert_array_equal(where, order)
    np.testing.assert_array_equal(found, values[order])


def test_what_is_not_finite_comes_last():
    found, where = smallest(jnp.asarray([jnp.inf, 2.0, 1.0]), 2)
    assert where.tolist() == [2, 1]
    assert found.tolist() == [1.0, 2.0]
