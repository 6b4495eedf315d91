"""A depth network that also tells how sure it is of each pixel."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.learners.sidert.depth_model import AbstractDepthModel, Reach, shown_to
from gnomon.learners.sidert.network import DenseFieldNetwork, depth_of

SURE, UNSURE = 0.003, 3.0  # bounds of a told spread of ln depth: a third of a percent, a factor of twenty


class Told(NamedTuple):
    """Depth and how sure it is.

    Attributes:
        depth: metres, the median of what is told.
        spread: scale of the Laplace distribution of ln depth (its mean absolute error).
    """

    depth: Float[Array, "y x"]
    spread: Float[Array, "y x"]


class SpreadScaling(eqx.Module):
    """What is made of a told spread: a rising function of it, linear between knots, times a factor.

    Plain numbers and no arrays: the trainer moves every array of a model, and a scaling is fitted afterwards.
    """

    told: tuple[float, ...] = eqx.field(static=True)
    scaled: tuple[float, ...] = eqx.field(static=True)
    factor: float = eqx.field(static=True)

    def __call__(self, spread: Float[Array, "..."]) -> Float[Array, "..."]:
        """The spread after scaling."""
        told, scaled = (jnp.asarray(knots, spread.dtype) for knots in (self.told, self.scaled))
        return self.factor * jnp.interp(spread, told, scaled)


def as_told(factor: float = 1.0) -> SpreadScaling:
    """Every spread times the same factor."""
    return SpreadScaling((SURE, UNSURE), (SURE, UNSURE), factor)


class SpreadDepth(AbstractDepthModel):
    """A dense-field network of two outputs a pixel: the depth, and the spread of its logarithm.

    Attributes:
        network: of two outputs.
        reach: bounds of its depths.
        scaling: of its spreads.
    """

    network: DenseFieldNetwork
    reach: Reach
    scaling: SpreadScaling

    def __call__(self, image: Float[Array, "y x 3"]) -> Float[Array, "y x"]:
        """The median."""
        return self.told(image).depth

    def told(self, image: Float[Array, "y x 3"]) -> Told:
        """Median and spread, after scaling."""
        raw = self.network(shown_to(self.network, image))
        depth = depth_of(raw[..., 0], self.reach.nearest, self.reach.farthest)
        return Told(depth, self.scaling(depth_of(raw[..., 1], SURE, UNSURE)))

    def drawn(self, image: Float[Array, "y x 3"], *, key: PRNGKeyArray) -> Float[Array, "y x"]:
        """A depth from what is told, each pixel by itself: how errors go together is not told.

        Nothing nearer or farther than a model may answer is drawn: the tails of thousands of pixels reach kilometres,
        and one such pixel would count as a run that is lost.
        """
        depth, spread = self.told(image)
        drawn = depth * jnp.exp(spread * jax.random.laplace(key, depth.shape, depth.dtype))
        return jnp.clip(drawn, self.reach.nearest, self.reach.farthest)


@eqx.filter_jit
def all_told(model: SpreadDepth, images: Float[Array, "n y x 3"]) -> Told:
    """Of several pictures, one after the other."""
    return jax.lax.map(model.told, images)
