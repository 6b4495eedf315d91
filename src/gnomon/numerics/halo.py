"""A halo: more points around a field, from where the geometry says, for networks that take it for a picture."""

import jax.numpy as jnp
from jaxtyping import Array

from gnomon.numerics.geometry import Kind
from gnomon.spec.errors import BadSpec

Sides = tuple[tuple[int, int], tuple[int, int]]


def sides_for(shape: tuple[int, ...], halo: int, stride: int) -> Sides:
    """((before, after) of rows, of columns): at least `halo` points, and whole lengths a multiple of `stride`."""
    if len(shape) != 2 or halo < 0 or stride < 1:
        raise BadSpec(
            f"a halo of {halo} to a stride of {stride} around {shape}: expected a field of two axes"
        )
    rows, columns = ((halo, halo + -(n + 2 * halo) % stride) for n in shape)
    return rows, columns


def with_halo(kind: Kind, x: Array, sides: Sides) -> Array:
    """[row, column, channel] with its halo.

    A plane's ends meet along both axes, a sphere's along longitude; beyond its first and last rows come the rows of
    the opposite meridian, nearest first, channels as they are (scalars).
    """
    (south, north), (west, east) = sides
    rows, columns = x.shape[:2]
    if max(south, north) > rows or max(west, east) > columns or (kind == "sphere" and columns % 2):
        raise BadSpec(
            f"a halo of {sides} does not fit around {rows} x {columns} points: at most as many as there are, "
            "and an even number of longitudes"
        )
    if kind == "sphere":
        across = jnp.roll(x, columns // 2, axis=1)[::-1]
        x = jnp.concatenate([across[rows - south :], x, across[:north]])
    else:
        x = jnp.concatenate([x[rows - south :], x, x[:north]])
    return jnp.concatenate([x[:, columns - west :], x, x[:, :east]], axis=1)


def without_halo(x: Array, sides: Sides) -> Array:
    """The field inside."""
    (south, north), (west, east) = sides
    return x[south : x.shape[0] - north, west : x.shape[1] - east]
