"""From a picture to its depth: what every depth model is asked, and the one that is a transformer."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from gnomon.learners.sidert.network import DenseFieldNetwork, depth_of, normalised
from gnomon.spec.errors import BadData


class AbstractDepthModel(eqx.Module):
    """A picture of any size (red, green and blue in [0, 1]) to the depth of each pixel, in metres."""

    @abc.abstractmethod
    def __call__(self, image: Float[Array, "y x 3"]) -> Float[Array, "y x"]:
        """The depth along the optical axis; batch it with `jax.vmap`."""


class Reach(eqx.Module):
    """Between which depths a model answers, and the size of the pictures it was trained on.

    Attributes:
        nearest: metres.
        farthest: metres.
        rows: of the pictures in training.
        columns: likewise.
    """

    nearest: float = eqx.field(static=True)
    farthest: float = eqx.field(static=True)
    rows: int = eqx.field(static=True)
    columns: int = eqx.field(static=True)


class NetworkDepth(AbstractDepthModel):
    """A dense-field network (SideRT, or another decoder on the same encoder) read as a depth.

    Attributes:
        network: of one output; its plan has 3 channels, or 5 where it is told where each pixel lies.
        reach: bounds of its depths.
    """

    network: DenseFieldNetwork
    reach: Reach

    def __call__(self, image: Float[Array, "y x 3"]) -> Float[Array, "y x"]:
        """At the size it is given."""
        raw = self.network(shown_to(self.network, image))
        return depth_of(raw[..., 0], self.reach.nearest, self.reach.farthest)


class AtTrainedSize(AbstractDepthModel):
    """A network asked at the size of its training: the picture is brought there, and the depth back.

    A network of windows sees a fixed number of pixels: at another size the same chair would be another thing.
    """

    inner: NetworkDepth

    def __call__(self, image: Float[Array, "y x 3"]) -> Float[Array, "y x"]:
        """At the picture's own size; depths are brought back in their logarithm."""
        rows, columns = image.shape[:2]
        inner = self.inner
        size = fitting_size(inner.reach, rows, columns, inner.network.encoder.plan.stride)
        return jnp.exp(resized(jnp.log(inner(resized(image, size[0], size[1]))), rows, columns))


def shown_to(network: DenseFieldNetwork, image: Float[Array, "y x 3"]) -> Float[Array, "y x channel"]:
    """What a network sees of a picture: its colours, and each pixel's place where it has channels for that."""
    x = normalised(image)
    if network.encoder.plan.channels > image.shape[-1]:
        x = jnp.concatenate([x, places(image.shape[0], image.shape[1], x.dtype)], axis=-1)
    return x


def places(rows: int, columns: int, dtype: Any) -> Float[Array, "y x 2"]:
    """Row and column of each pixel's middle, from -1 (top, left) to 1 (bottom, right)."""
    y, x = ((2 * jnp.arange(n, dtype=dtype) + 1) / n - 1 for n in (rows, columns))
    return jnp.stack(jnp.meshgrid(y, x, indexing="ij"), axis=-1)


def depths(model: AbstractDepthModel, images: Float[Array, "n y x 3"]) -> Float[Array, "n y x"]:
    """Of several pictures, in the precision of the model, one after the other: a batch of large ones would not fit."""
    kinds = [leaf.dtype for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array))]
    return _depths(model, jnp.asarray(images, kinds[0]) if kinds else images)


@eqx.filter_jit
def _depths(model: AbstractDepthModel, images: Array) -> Array:
    return jax.lax.map(model, images)


def resized(
    image: Float[Array, "y x *channel"], rows: int, columns: int
) -> Float[Array, "row column *channel"]:
    """A picture or map at another size: linear between pixels, averaged over them where they become fewer."""
    return jax.image.resize(image, (rows, columns, *image.shape[2:]), "linear", antialias=True)


def fitting_size(reach: Reach, rows: int, columns: int, stride: int) -> tuple[int, int]:
    """The size nearest to that of training in area, with the sides' ratio kept, in whole strides."""
    if min(rows, columns) < 1:
        raise BadData(f"a picture has at least one pixel, this one is {rows} x {columns}")
    factor = (reach.rows * reach.columns / (rows * columns)) ** 0.5
    sides = (max(1, round(side * factor / stride)) * stride for side in (rows, columns))
    first, second = sides
    return first, second
