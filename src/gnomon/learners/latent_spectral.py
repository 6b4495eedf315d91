"""Latent spectral model: at several resolutions, patches are drawn into a few tokens, changed by waves, spread out."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.field_emulator import AbstractFieldNetwork, Plan, check_plan, drawn_layer, fit_emulator
from gnomon.learners.fourier_operator import Linear
from gnomon.learners.unet import Pair
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.latent_tokens import SpectralBlock, new_spectral_block
from gnomon.numerics.periodic_stencil import doubled, halved, halvings, new_stencil
from gnomon.spec.errors import BadSpec


class LatentNetwork(AbstractFieldNetwork):
    """Convolutions on ever coarser grids; a spectral block on each; back up, each level's tokens handed across.

    Attributes:
        lift: at every site.
        down: a pair of convolutions for each grid, the finest first.
        blocks: one for each grid.
        up: a pair for each grid but the coarsest, the coarsest first.
        middle: at every site.
        out: at every site.
    """

    lift: Linear
    down: tuple[Pair, ...]
    blocks: tuple[SpectralBlock, ...]
    up: tuple[Pair, ...]
    middle: Linear
    out: Linear

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site."""
        kind, h, grids = geometry.kind, self.lift(x).reshape(*geometry.shape, -1), []
        for level, pair in enumerate(self.down):
            h = pair(kind, halved(h) if level else h)
            grids.append(h)
        solved = [block(h) for block, h in zip(self.blocks, grids, strict=True)]
        h = solved[-1]
        for pair, across in zip(self.up, reversed(solved[:-1]), strict=True):
            h = pair(kind, jnp.concatenate([across, doubled(h)], axis=-1))
        return self.out(jax.nn.gelu(self.middle(h.reshape(geometry.sites, -1))))


class LatentSpectral(AbstractLearner):
    r"""A latent spectral model (LSM) that predicts the increment over one step.

    Wu, Hu, Luo, Wang and Long (2023), arXiv 2301.12664: a U-shaped hierarchy of grids; on each, every patch of
    `patch` points a side is projected to `tokens` learnt vectors by attention, these are changed by an operator that
    is a sum of sines and cosines of their own values (`numerics.latent_tokens` states the equation), and attention
    spreads them over the points again. The next coarser grid takes the convolutions' output, the way up the blocks'.

    As published: the block, its attention and its start; one block a grid; patches of 4 points, 4 tokens, 12 waves;
    channels that double; a projection of two layers at the end. Different: three grids and 16 channels on the finest
    (five and 64, where the coarsest two have the same number), 4 heads (8); padding follows the geometry, means and
    not maxima halve a grid, values are repeated on the way up, gelu and a residual path and no batch normalisation in
    the convolutions, as in `unet`; no coordinates where the world is the same everywhere; standardised increments,
    unrolled training, an output that starts silent. Where patches do not fit, the largest that divide the grid are
    taken.

    What misleads: patches are fixed, so it commutes only with shifts by the least common multiple, over its grids, of
    patch side times 2^level points: 16 on 64 points (4, 8, 16); all 24 on 24 points, where patches shrink to 4, 4, 3.
    Two points on either side of a border meet in the convolutions and on the coarser grids alone. The "waves" are of
    the features' values, not of space. Most of its weights and of its success may be those of the U-Net around the
    blocks: compare with `unet`, not with `fourier_operator` alone (`benchmarks/field_operators.py`).

    Attributes:
        budget: settings tried.
        width: channels on the finest grid; they double with every level; a multiple of `heads`.
        levels: grids below the finest, at most; fewer where the grid cannot be halved.
        heads: of the attention.
        tokens: of a patch.
        bases: sines, and as many cosines.
        patch: points along each axis of a patch.
        delays: observations in the input.
        updates: of the weights in each setting, both phases together.
        batch: windows times sites in a minibatch; never fewer than four windows.
        unroll: steps in the second phase.
        positions: whether sites are told where they are: auto (where the world is not the same everywhere), on, off.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    width: int = 16
    levels: int = 2
    heads: int = 4
    tokens: int = 4
    bases: int = 12
    patch: int = 4
    delays: int = 1
    updates: int = 2400
    batch: int = 1024
    unroll: int = 4
    positions: str = "auto"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_emulator(Plan.of("latent_spectral", self), self._start, data, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.width, self.heads, self.tokens, self.bases, self.patch) < 1 or self.levels < 0:
            raise BadSpec(
                "latent_spectral: width, heads, tokens, bases and patch must be at least 1, levels not negative"
            )
        if self.width % self.heads:
            raise BadSpec(f"latent_spectral: width {self.width} is not a multiple of {self.heads} heads")
        check_plan(Plan.of("latent_spectral", self))

    def _start(
        self, geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator
    ) -> AbstractFieldNetwork:
        return new_latent_network(
            geometry, inputs, outputs, rng, width=self.width, levels=self.levels, heads=self.heads,
            tokens=self.tokens, bases=self.bases, patch=self.patch,
        )  # fmt: skip


def new_latent_network(
    geometry: Geometry,
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    width: int,
    levels: int,
    heads: int,
    tokens: int,
    bases: int,
    patch: int,
) -> LatentNetwork:
    """Untrained; its output is zero."""
    axes, count = len(geometry.shape), halvings(geometry.kind, geometry.shape, levels)
    wide = [width * 2**n for n in range(count + 1)]

    def pair(into: int, made: int) -> Pair:
        return Pair(new_stencil(axes, into, made, rng), new_stencil(axes, made, made, rng))

    return LatentNetwork(
        lift=Linear(*drawn_layer(inputs, width, rng)),
        down=tuple(pair(a, b) for a, b in zip([width, *wide], wide, strict=False)),
        blocks=tuple(
            new_spectral_block(w, rng, heads=heads, tokens=tokens, bases=bases, side=patch) for w in wide
        ),
        up=tuple(pair(wide[n] + wide[n + 1], wide[n]) for n in reversed(range(count))),
        middle=Linear(*drawn_layer(width, 2 * width, rng)),
        out=Linear(*drawn_layer(2 * width, outputs, rng, scale=0.0)),
    )
