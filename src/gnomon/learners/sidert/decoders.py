"""From maps of several scales to a field at the image's resolution: SideRT's decoder, and two to hold it against."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.learners.sidert.cross_scale_attention import CrossScaleAttention, new_cross_scale_attention
from gnomon.learners.sidert.multi_scale_refinement import MultiScaleRefinement, new_multi_scale_refinement
from gnomon.learners.sidert.swin import SwinPlan
from gnomon.learners.sidert.token_layers import LayerNorm, doubled_smoothly, new_dense, new_norm
from gnomon.numerics.sequence_layers import Dense
from gnomon.spec.errors import BadSpec

Maps = tuple[Float[Array, "row column feature"], ...]


class AbstractDecoder(eqx.Module):
    """Maps of an encoder, finest first, to `outputs` numbers a pixel of the padded image."""

    @abc.abstractmethod
    def __call__(self, maps: Maps) -> Float[Array, "y x output"]:
        """The field, before any squashing."""


class Lateral(eqx.Module):
    """One map of the encoder brought to the decoder's width: a norm and a linear map."""

    norm: LayerNorm
    linear: Dense

    def __call__(self, x: Float[Array, "y x feature"]) -> Float[Array, "y x channel"]:
        """Token by token."""
        return self.linear(self.norm(x))


class PixelHead(eqx.Module):
    """Each token of the finest map becomes the patch of pixels that it stands for, by one linear map."""

    norm: LayerNorm
    linear: Dense
    patch: int = eqx.field(static=True)

    def __call__(self, x: Float[Array, "row column channel"]) -> Float[Array, "y x output"]:
        """`patch` times as many rows and columns."""
        rows, columns, side = x.shape[0], x.shape[1], self.patch
        out = self.linear(self.norm(x)).reshape(rows, columns, side, side, -1)
        return out.transpose(0, 2, 1, 3, 4).reshape(rows * side, columns * side, -1)


class SideRTDecoder(AbstractDecoder):
    """From the coarsest map to the finest: attend across scales, refine, go on; then one linear map to pixels.

    `attentions` or `refinements` may be empty (an ablation): without attention nothing is attended to; without
    refinement the three maps are added and no more.
    """

    laterals: tuple[Lateral, ...]
    attentions: tuple[CrossScaleAttention, ...]
    refinements: tuple[MultiScaleRefinement, ...]
    head: PixelHead

    def __call__(self, maps: Maps) -> Float[Array, "y x output"]:
        """The field, before any squashing."""
        levels = [lateral(x) for lateral, x in zip(self.laterals, maps, strict=True)]
        coarse = levels[-1]
        for n in reversed(range(len(levels) - 1)):
            fine = levels[n]
            attended = self.attentions[n](fine, coarse) if self.attentions else jnp.zeros_like(fine)
            if self.refinements:
                coarse = self.refinements[n](fine, attended, coarse)
            else:
                coarse = fine + attended + doubled_smoothly(coarse)
        return self.head(coarse)


class Convolution(eqx.Module):
    """Three by three, zeros beyond the rim."""

    weights: Float[Array, "row column input output"]
    bias: Float[Array, " output"]
    looped: bool = eqx.field(static=True, default=False)

    def __call__(self, x: Float[Array, "y x input"]) -> Float[Array, "y x output"]:
        """Of the same size.

        In a loop (`looped`: training, many pictures one after the other) as one product, for which a CPU has a library
        there too; alone by the library's own convolution, which is faster (`python -m benchmarks.stencil_speed`).
        """
        if not self.looped:
            numbers = ("NHWC", "HWIO", "NHWC")
            out = jax.lax.conv_general_dilated(
                x[None], self.weights, (1, 1), "SAME", dimension_numbers=numbers
            )
            return out[0] + self.bias
        rows, columns, _ = x.shape
        padded = jnp.pad(x, ((1, 1), (1, 1), (0, 0)))
        near = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3)]
        outputs = self.weights.shape[-1]
        return jnp.concatenate(near, axis=-1) @ self.weights.reshape(-1, outputs) + self.bias


class ResidualUnit(eqx.Module):
    """X plus two convolutions, each after a relu."""

    first: Convolution
    second: Convolution

    def __call__(self, x: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """Of the same size."""
        return x + self.second(jax.nn.relu(self.first(jax.nn.relu(x))))


class Fusion(eqx.Module):
    """A finer map is added to what came from below, refined by convolutions, doubled."""

    enter: ResidualUnit
    leave: ResidualUnit
    project: Dense

    def __call__(
        self, fine: Float[Array, "y x channel"], below: Float[Array, "y x channel"] | None
    ) -> Float[Array, "y2 x2 channel"]:
        """Twice as many rows and columns; `below` has as many as `fine`."""
        x = fine if below is None else below + self.enter(fine)
        return self.project(doubled_smoothly(self.leave(x)))


class DPTDecoder(AbstractDecoder):
    """The convolutional decoder of dense prediction transformers, on the maps of a hierarchical encoder.

    Ranftl, Bochkovskiy and Koltun (2021), arXiv 2103.13413: each map is brought to `width` channels (published: 256)
    by a convolution, fused from the coarsest on with residual convolution units and doubled; the head halves the
    channels, doubles once more, goes to 32 channels and then to the output. Different: the maps of a Swin encoder
    already have four scales, so the reassembling of tokens falls away, as in the versions of MiDaS with Swin
    encoders.
    """

    laterals: tuple[Convolution, ...]
    fusions: tuple[Fusion, ...]
    head: tuple[Convolution, Convolution]
    last: Dense

    def __call__(self, maps: Maps) -> Float[Array, "y x output"]:
        """The field, before any squashing."""
        below = None
        for n in reversed(range(len(maps))):
            below = self.fusions[n](self.laterals[n](maps[n]), below)
        first, second = self.head
        assert below is not None
        return self.last(jax.nn.relu(second(doubled_smoothly(first(below)))))


def new_sidert_decoder(
    plan: SwinPlan, rng: np.random.Generator, *, outputs: int = 1, width: int = 64, heads: int = 2,
    attend: bool = True, refine: bool = True,
) -> SideRTDecoder:  # fmt: skip
    """Untrained; its output is zero. `attend` and `refine` off are the ablations, both off is plain upsampling."""
    if width % heads:
        raise BadSpec(f"sidert: {heads} heads must divide the decoder's width {width}")
    levels = len(plan.widths)
    return SideRTDecoder(
        laterals=tuple(Lateral(new_norm(w), new_dense(w, width, rng, spread=w**-0.5)) for w in plan.widths),
        attentions=tuple(
            new_cross_scale_attention(width, heads, 2 ** (levels - 2 - n), rng) for n in range(levels - 1)
        ) if attend else (),
        refinements=tuple(new_multi_scale_refinement(width, rng) for _ in range(levels - 1)) if refine else (),
        head=PixelHead(new_norm(width), new_dense(width, plan.patch**2 * outputs, rng, spread=0.0), plan.patch),
    )  # fmt: skip


def new_plain_decoder(
    plan: SwinPlan, rng: np.random.Generator, *, outputs: int = 1, width: int = 64
) -> SideRTDecoder:
    """Plain upsampling: linear maps, doubling and adding, and the same head."""
    return new_sidert_decoder(plan, rng, outputs=outputs, width=width, attend=False, refine=False)


def new_dpt_decoder(
    plan: SwinPlan, rng: np.random.Generator, *, outputs: int = 1, width: int = 256, looped: bool = False
) -> DPTDecoder:
    """Untrained; its output is zero. `looped`: it will be trained, or asked in a loop (see `Convolution`)."""
    if plan.patch != 4:
        raise BadSpec(
            f"the DPT decoder doubles twice beyond the finest map: patch must be 4, it is {plan.patch}"
        )
    half = max(width // 2, 1)

    def new_convolution(inputs: int, outputs: int) -> Convolution:
        spread = np.sqrt(2 / (9 * inputs))
        weights = jnp.asarray(spread * rng.standard_normal((3, 3, inputs, outputs)), jnp.float32)
        return Convolution(weights, jnp.zeros(outputs, jnp.float32), looped)

    def new_unit() -> ResidualUnit:
        return ResidualUnit(new_convolution(width, width), new_convolution(width, width))

    return DPTDecoder(
        laterals=tuple(new_convolution(w, width) for w in plan.widths),
        fusions=tuple(
            Fusion(new_unit(), new_unit(), new_dense(width, width, rng, spread=width**-0.5))
            for _ in plan.widths
        ),
        head=(new_convolution(width, half), new_convolution(half, 32)),
        last=new_dense(32, outputs, rng, spread=0.0),
    )
