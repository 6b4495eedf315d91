"""Monomials: products of inputs, listed once as indices and evaluated by one gather."""

import itertools
import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


def count_monomials(inputs: int, lowest: int, highest: int) -> int:
    """How many monomials of these degrees there are."""
    return sum(math.comb(inputs + d - 1, d) for d in range(lowest, highest + 1))


def list_monomials(inputs: int, lowest: int, highest: int) -> np.ndarray:
    """[monomial, highest] indices into (1, inputs...); 0 fills up monomials of lower degree."""
    rows = [
        (0,) * (highest - degree) + tuple(1 + i for i in choice)
        for degree in range(lowest, highest + 1)
        for choice in itertools.combinations_with_replacement(range(inputs), degree)
    ]
    return np.asarray(rows, np.int32).reshape(len(rows), max(highest, 1))


def monomials(
    inputs: Float[Array, "site input"], table: Int[Array, "monomial degree"]
) -> Float[Array, "site monomial"]:
    """The value of each monomial at every site."""
    with_one = jnp.concatenate([jnp.ones_like(inputs[:, :1]), inputs], axis=1)
    value = with_one[:, table[:, 0]]
    for factor in range(1, table.shape[1]):
        value = value * with_one[:, table[:, factor]]
    return value
