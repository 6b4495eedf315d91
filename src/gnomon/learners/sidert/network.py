"""Encoder and decoder as one network from an image of any size to a field, and how a depth is read from it."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.learners.sidert.decoders import (
    AbstractDecoder,
    new_dpt_decoder,
    new_plain_decoder,
    new_sidert_decoder,
)
from gnomon.learners.sidert.swin import SIZES, SwinEncoder, SwinPlan, new_swin, padded_image
from gnomon.spec.errors import BadSpec, UnknownName

DECODERS = {"sidert": new_sidert_decoder, "plain": new_plain_decoder, "dpt": new_dpt_decoder}
# Of the images that the encoder's published weights were trained on.
IMAGE_MEAN, IMAGE_SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class DenseFieldNetwork(eqx.Module):
    """From an observed field of any size to `outputs` hidden ones of the same size.

    SideRT is this network with `SideRTDecoder`: Shu, Chen, Chen, Ma, Wang and Ren (2022), arXiv 2204.13892. As
    published: a Swin encoder; cross-scale attention and multi-scale refinement in the decoder; few parameters there
    and no convolutions. The text of the paper beyond its abstract could not be had: the equations of both modules,
    the decoder's width, the head and the loss are decisions of this package, written beside each. Published numbers
    (51.3 frames a second, AbsRel 6.9 % better on KITTI) are therefore not promised for this network.

    What misleads: rows and columns are padded to a multiple of the encoder's stride by repeating the last ones, which
    the encoder takes for a surface; results within a stride of the right and lower rim depend on it.
    """

    encoder: SwinEncoder
    decoder: AbstractDecoder

    def __call__(self, image: Float[Array, "y x channel"]) -> Float[Array, "y x output"]:
        """The field, before any squashing; batch it with `jax.vmap`."""
        rows, columns, _ = image.shape
        maps = self.encoder(padded_image(image, self.encoder.plan.stride))
        return self.decoder(maps)[:rows, :columns]


def new_network(size: str | SwinPlan, decoder: str, *, seed: int, **options: int | bool) -> DenseFieldNetwork:
    """Untrained; `decoder` is sidert, plain or dpt; `options` are its own (outputs, width, attend, refine)."""
    if isinstance(size, str) and size not in SIZES:
        raise UnknownName(f"no Swin encoder {size!r}; there are: {', '.join(SIZES)}")
    if decoder not in DECODERS:
        raise UnknownName(f"no decoder {decoder!r}; there are: {', '.join(DECODERS)}")
    plan, rng = SIZES[size] if isinstance(size, str) else size, np.random.default_rng(seed)
    return DenseFieldNetwork(new_swin(plan, rng), DECODERS[decoder](plan, rng, **options))


def normalised(image: Float[Array, "y x 3"]) -> Float[Array, "y x 3"]:
    """Red, green and blue in [0, 1] as the encoder's published weights expect them."""
    return (image - jnp.asarray(IMAGE_MEAN, image.dtype)) / jnp.asarray(IMAGE_SPREAD, image.dtype)


def depth_of(raw: Float[Array, "..."], nearest: float, farthest: float) -> Float[Array, "..."]:
    """A depth between two bounds: its logarithm is squashed, so that near and far are resolved alike."""
    if not 0 < nearest < farthest:
        raise BadSpec(f"depths need 0 < nearest < farthest, they are {nearest} and {farthest}")
    return nearest * (farthest / nearest) ** jax.nn.sigmoid(raw)
