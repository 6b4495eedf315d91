"""What keeps learned physics within bounds, each with a count of how often it acts; arrays [..., level].

A clipper that acts every day is part of the model, and one that hides a failure is worse than the failure. So
nothing here acts unseen: every function returns what it did.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

GRAVITY = 9.81
LEAST_WATER = 1e-12  # kg m-2, a column in which less is moved is left alone


class Closed(NamedTuple):
    """A water budget that closes.

    Attributes:
        humidity: tendency, kg kg-1 s-1 [..., level].
        rain: kg m-2 s-1 [...], never negative.
        evaporation: kg m-2 s-1 [...].
        moved: kg m-2 s-1 [...], how far the budget was open before (absolute).
        capped: [...] share of the levels that would have been emptied beyond nothing.
        made: kg m-2 s-1 [...], water that this would have made out of nothing; levels that gain, then rain, then
            evaporation pay for it.
    """

    humidity: Array
    rain: Array
    evaporation: Array
    moved: Array
    capped: Array
    made: Array


def held(values: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Values within bounds, and the share of them (over the last axis) that was not."""
    inside = jnp.clip(values, low, high)
    return inside, jnp.mean((inside != values).astype(values.dtype), axis=-1)


def closed(
    tendency: Array, humidity: Array, mass: Array, rain: Array, evaporation: Array, seconds: float
) -> Closed:
    r"""The change of a column's water is evaporation less rain, and no level loses more water than it holds.

    What is open (:math:`\int \dot q \, dm - E + P`) is taken from the levels in proportion to how much the physics
    itself changes them, :math:`|\dot q|`, so that a level which it does not touch is not touched; at most so much that
    no level's change is turned round, and the rest is put down to evaporation. (In proportion to the water that they
    hold, all levels of a column grow at one relative rate, in a dry cold column several times a day, and the air
    aloft, where nothing ever rains out, has no way back: it became hundreds of times too moist.)

    Levels that would be emptied within a step are emptied and no more: what they have not got, the levels that gain do
    not get, in proportion to their gains. Only what is then still made out of nothing is paid for by rain that does
    not fall, and by evaporation where there is not enough rain. (With rain and evaporation paying for all of it, a
    column whose middle is dry is watered from the sea without end, and its storm feeds itself.)

    Args:
        tendency: of specific humidity, kg kg-1 s-1.
        humidity: specific, not negative.
        mass: of every level, kg m-2.
        rain: asked for, not negative.
        evaporation: asked for.
        seconds: for which the tendency acts.
    """
    acts = jnp.abs(tendency)
    opening = jnp.sum(tendency * mass, axis=-1) - (evaporation - rain)
    all_of_it = jnp.sum(acts * mass, axis=-1)
    share = jnp.clip(opening / jnp.maximum(all_of_it, LEAST_WATER / seconds), -1.0, 1.0)
    moved = tendency - share[..., None] * acts
    kept = jnp.maximum(moved, -humidity / seconds)
    gain = jnp.sum((kept - moved) * mass, axis=-1)
    gains = jnp.sum(jnp.maximum(kept, 0.0) * mass, axis=-1)
    given_up = jnp.minimum(gain, gains)
    left = 1.0 - given_up / jnp.maximum(gains, LEAST_WATER / seconds)
    kept = jnp.where(kept > 0, kept * left[..., None], kept)
    total = jnp.sum(kept * mass, axis=-1)
    falls = jnp.maximum(rain - (gain - given_up), 0.0)
    return Closed(
        humidity=kept,
        rain=falls,
        evaporation=total + falls,
        moved=jnp.abs(opening),
        capped=jnp.mean((kept > moved).astype(kept.dtype), axis=-1),
        made=gain,
    )
