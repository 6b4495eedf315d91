"""The Swin encoder: an image to features at four scales, by attention in windows that shift from block to block."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.learners.sidert.token_layers import (
    LayerNorm,
    Perceptron,
    new_dense,
    new_norm,
    new_perceptron,
    new_weights,
)
from gnomon.learners.sidert.window_attention import (
    Padding,
    WindowAttention,
    attend_in_windows,
    new_window_attention,
)
from gnomon.numerics.sequence_layers import Dense
from gnomon.spec.errors import BadData, BadSpec


class AbstractSwinPlan(eqx.Module):
    """The sizes of an encoder. Plain data without arrays, so that a simulator that holds it can be stored.

    Attributes:
        padding: whether tokens see what fills the last windows of a map; each final plan says it for all its maps.
        width: channels of the first stage; they double with every stage.
        depths: blocks in each stage.
        heads: of each stage; each divides its stage's channels.
        window: tokens along a window's side.
        patch: pixels along a first token's side.
        channels: of the image.
    """

    padding: eqx.AbstractClassVar[Padding]
    width: int = eqx.field(static=True)
    depths: tuple[int, ...] = eqx.field(static=True)
    heads: tuple[int, ...] = eqx.field(static=True)
    window: int = eqx.field(static=True, default=7)
    patch: int = eqx.field(static=True, default=4)
    channels: int = eqx.field(static=True, default=3)

    @property
    def stride(self) -> int:
        """Pixels along a side of one token of the last stage; images are padded to a multiple of it."""
        return self.patch * 2 ** (len(self.depths) - 1)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of each stage."""
        return tuple(self.width * 2**n for n in range(len(self.depths)))


class SwinPlan(AbstractSwinPlan):
    """For encoders that are trained here: padding is masked, so it changes no token."""

    padding: ClassVar[Padding] = "masked"


# A class and not a field: plans lie in stored simulators, whose fields are fixed.
class PublishedSwinPlan(AbstractSwinPlan):
    """For weights that come from elsewhere: padding is seen, as in timm, so that the features are timm's."""

    padding: ClassVar[Padding] = "seen"


def as_published(plan: AbstractSwinPlan) -> PublishedSwinPlan:
    """The same sizes for weights that come from elsewhere."""
    return PublishedSwinPlan(plan.width, plan.depths, plan.heads, plan.window, plan.patch, plan.channels)


# "mini" is not of the paper: it trains on small pictures in minutes, on a laptop.
SIZES = {
    "mini": SwinPlan(24, (2, 2, 2), (2, 4, 8), window=4),
    "tiny": SwinPlan(96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "small": SwinPlan(96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "base": SwinPlan(128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "large": SwinPlan(192, (2, 2, 18, 2), (6, 12, 24, 48)),
}


class SwinBlock(eqx.Module):
    """Attention in windows, then a perceptron for each token, each added to what came in."""

    first_norm: LayerNorm
    attention: WindowAttention
    second_norm: LayerNorm
    perceptron: Perceptron
    shifted: bool = eqx.field(static=True)

    def __call__(
        self, x: Float[Array, "y x channel"], padding: Padding = "masked"
    ) -> Float[Array, "y x channel"]:
        """Of any size."""
        x = x + attend_in_windows(self.attention, self.first_norm(x), shifted=self.shifted, padding=padding)
        return x + self.perceptron(self.second_norm(x))


class PatchMerging(eqx.Module):
    """Four neighbouring tokens become one of twice the channels."""

    norm: LayerNorm
    weights: Float[Array, "input output"]

    def __call__(self, x: Float[Array, "y x channel"]) -> Float[Array, "half_y half_x wider"]:
        """Sides must be even. The four are taken down the columns first: (0, 0), (1, 0), (0, 1), (1, 1)."""
        rows, columns, channels = x.shape
        four = x.reshape(rows // 2, 2, columns // 2, 2, channels).transpose(0, 2, 3, 1, 4)
        return self.norm(four.reshape(rows // 2, columns // 2, 4 * channels)) @ self.weights


class SwinEncoder(eqx.Module):
    """The Swin transformer without its classifier.

    Liu and others (2021), arXiv 2103.14030. As published: patches of 4 x 4 pixels are embedded, every second block
    shifts its windows by half a side, patches are merged between stages, exact gelu, no dropout. A map that fits into
    one window is not shifted, as in timm. Stochastic depth is left out.

    Maps that are not whole windows are padded, of which the paper says nothing. By a `SwinPlan` the padding is masked,
    so it changes no token. By a `PublishedSwinPlan` tokens see it, and the features are those of a timm model that
    was made for images of that size (`img_size`, windows as they were); where a map is smaller than a window, timm's
    window shrinks and its table of biases is interpolated, ours is cut.
    """

    embed: Dense
    embed_norm: LayerNorm
    stages: tuple[tuple[SwinBlock, ...], ...]
    merges: tuple[PatchMerging, ...]
    norm: LayerNorm
    plan: AbstractSwinPlan

    def __call__(self, image: Float[Array, "y x channel"]) -> tuple[Float[Array, "row column feature"], ...]:
        """One map a stage, finest first, the last one normed; sides must be multiples of `plan.stride`."""
        plan, (rows, columns, channels) = self.plan, image.shape
        if rows % plan.stride or columns % plan.stride or channels != plan.channels:
            raise BadData(
                f"the encoder takes {plan.channels} channels and sides that are multiples of {plan.stride}; "
                f"this image is {rows} x {columns} x {channels} (padded_image pads it)"
            )
        side = plan.patch
        cut = image.reshape(rows // side, side, columns // side, side, channels).transpose(0, 2, 1, 3, 4)
        x = self.embed_norm(self.embed(cut.reshape(rows // side, columns // side, -1)))
        maps = []
        for n, stage in enumerate(self.stages):
            x = self.merges[n - 1](x) if n else x
            for block in stage:
                x = block(x, plan.padding)
            maps.append(x)
        return (*maps[:-1], self.norm(maps[-1]))


def padded_image(image: Float[Array, "y x channel"], stride: int) -> Float[Array, "row column channel"]:
    """The image with its last row and column repeated until both sides are multiples of `stride`."""
    rows, columns = (-n % stride for n in image.shape[:2])
    return jnp.pad(image, ((0, rows), (0, columns), (0, 0)), mode="edge")


def new_swin(plan: AbstractSwinPlan, rng: np.random.Generator) -> SwinEncoder:
    """Untrained."""
    if len(plan.depths) != len(plan.heads) or not plan.depths:
        raise BadSpec(f"swin: depths {plan.depths} and heads {plan.heads} must be as many, at least one")
    if any(width % heads for width, heads in zip(plan.widths, plan.heads, strict=True)):
        raise BadSpec(f"swin: heads {plan.heads} must divide the channels {plan.widths}")
    stages = tuple(
        tuple(_block(width, heads, plan.window, rng, shifted=n % 2 == 1) for n in range(depth))
        for width, depth, heads in zip(plan.widths, plan.depths, plan.heads, strict=True)
    )
    merges = tuple(PatchMerging(new_norm(4 * w), new_weights((4 * w, 2 * w), rng)) for w in plan.widths[:-1])
    return SwinEncoder(
        embed=new_dense(plan.patch**2 * plan.channels, plan.width, rng),
        embed_norm=new_norm(plan.width),
        stages=stages,
        merges=merges,
        norm=new_norm(plan.widths[-1]),
        plan=plan,
    )


def _block(width: int, heads: int, window: int, rng: np.random.Generator, *, shifted: bool) -> SwinBlock:
    return SwinBlock(
        first_norm=new_norm(width),
        attention=new_window_attention(width, heads, window, rng),
        second_norm=new_norm(width),
        perceptron=new_perceptron(width, 4 * width, rng),
        shifted=shifted,
    )
