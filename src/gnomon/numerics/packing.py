"""Packing: observations as one vector, in the order of the card."""

import math
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike

from gnomon.spec.cards import WorldCard


class Packing(eqx.Module):
    """Observations to vectors and back. Any leading axes are kept."""

    names: tuple[str, ...] = eqx.field(static=True)
    shapes: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    @property
    def size(self) -> int:
        """Numbers in one observation."""
        return sum(math.prod(s) for s in self.shapes)

    def pack(self, obs: Mapping[str, ArrayLike]) -> Array:
        """[..., size] from variable -> [..., *shape]."""
        parts = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            value = jnp.asarray(obs[name])
            lead = value.shape[: value.ndim - len(shape)]
            parts.append(value.reshape(*lead, math.prod(shape)))
        return jnp.concatenate(parts, axis=-1)

    def unpack(self, vector: Array) -> dict[str, Array]:
        """Variable -> [..., *shape] from [..., size]."""
        out, first = {}, 0
        for name, shape in zip(self.names, self.shapes, strict=True):
            width = math.prod(shape)
            out[name] = vector[..., first : first + width].reshape(*vector.shape[:-1], *shape)
            first += width
        return out


def packing_of(card: WorldCard) -> Packing:
    """The packing of a world's observations."""
    return Packing(
        names=tuple(v.name for v in card.variables), shapes=tuple(tuple(v.shape) for v in card.variables)
    )
