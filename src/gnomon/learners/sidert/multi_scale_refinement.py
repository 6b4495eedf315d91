"""Multi-Scale Refinement: a fine map, what it attended to, and the coarser map at the same place become one."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float

from gnomon.learners.sidert.token_layers import (
    LayerNorm,
    Perceptron,
    doubled_smoothly,
    new_norm,
    new_perceptron,
)


class MultiScaleRefinement(eqx.Module):
    r"""h = fine + attended + doubled(coarse), then h + perceptron(norm(h)), token by token.

    Of the paper (Shu and others 2022, arXiv 2204.13892) only the purpose could be found: to fuse features at
    corresponding positions. Decided here: positions correspond by linear interpolation, which has no parameters, and
    one perceptron as wide as the map mixes the channels; no convolution.
    """

    norm: LayerNorm
    perceptron: Perceptron

    def __call__(
        self,
        fine: Float[Array, "y x channel"],
        attended: Float[Array, "y x channel"],
        coarse: Float[Array, "row column channel"],
    ) -> Float[Array, "y x channel"]:
        """The refined map; `fine` has twice the rows and columns of `coarse`."""
        h = fine + attended + doubled_smoothly(coarse)
        return h + self.perceptron(self.norm(h))


def new_multi_scale_refinement(channels: int, rng: np.random.Generator) -> MultiScaleRefinement:
    """Untrained."""
    return MultiScaleRefinement(new_norm(channels), new_perceptron(channels, channels, rng))
