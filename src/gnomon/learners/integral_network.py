"""A network of integrals: the frame of blocks that convolution and attention as operators share."""

import jax
import numpy as np
from jaxtyping import Array, Float

from gnomon.learners.field_emulator import AbstractFieldNetwork, drawn_layer
from gnomon.learners.fourier_operator import Linear
from gnomon.numerics.attention_integral import AttentionIntegral
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.local_integral import LocalIntegral


class IntegralNetwork(AbstractFieldNetwork):
    """The blocks of `FourierNetwork` with another integral K: v <- gelu(W v + K v), without gelu in the last.

    Everything but K acts at each point by itself, and no K knows the grid's step: what is computed is an operator
    between functions, up to the error of a quadrature.
    """

    lift: Linear
    pointwise: tuple[Linear, ...]
    integrals: tuple[LocalIntegral, ...] | tuple[AttentionIntegral, ...]
    middle: Linear
    out: Linear

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site, on any grid of the kind it was made for."""
        v = self.lift(x)
        last = len(self.integrals) - 1
        for n, (local, integral) in enumerate(zip(self.pointwise, self.integrals, strict=True)):
            v = local(v) + integral(geometry, v)
            v = v if n == last else jax.nn.gelu(v)
        return self.out(jax.nn.gelu(self.middle(v)))


def new_integral_network(
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    width: int,
    integrals: tuple[LocalIntegral, ...] | tuple[AttentionIntegral, ...],
) -> IntegralNetwork:
    """Untrained; a block for each of the integrals, which `width` channels enter and leave; its output is zero."""
    return IntegralNetwork(
        lift=Linear(*drawn_layer(inputs, width, rng)),
        pointwise=tuple(Linear(*drawn_layer(width, width, rng)) for _ in integrals),
        integrals=integrals,
        middle=Linear(*drawn_layer(width, 2 * width, rng)),
        out=Linear(*drawn_layer(2 * width, outputs, rng, scale=0.0)),
    )
