"""Cross-Scale Attention: what a fine feature may learn from coarse features that mean the same, wherever they are."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.learners.sidert.token_layers import LayerNorm, new_dense, new_norm
from gnomon.numerics.sequence_layers import Dense

BLOCK = 4096  # queries that are answered at once: the similarities of all of a large map would not stay in a cache


class CrossScaleAttention(eqx.Module):
    r"""Softmax(q k' / \sqrt d) v: queries from the finer map, keys and values from the coarser one, all of it.

    Of the paper (Shu and others 2022, arXiv 2204.13892) only the purpose could be found: to fuse features of
    different scales by their semantic similarity, with few learnable parameters and no convolutions. Decided here:
    positions play no part (that is the refinement's task), so the weights are those of similarity alone; the coarser
    map is averaged over blocks of `pool` x `pool` cells before it is read, so that every scale reads as many cells as
    the encoder's last stage has, and the cost grows with the image no faster than the encoder's times that number.
    """

    fine_norm: LayerNorm
    coarse_norm: LayerNorm
    query: Dense
    key: Dense
    value: Dense
    heads: int = eqx.field(static=True)
    pool: int = eqx.field(static=True)

    def __call__(
        self, fine: Float[Array, "y x channel"], coarse: Float[Array, "row column channel"]
    ) -> Float[Array, "y x channel"]:
        """What is added to `fine`."""
        memory = self.coarse_norm(_blocks(coarse, self.pool)).reshape(-1, coarse.shape[-1])
        asks = self.query(self.fine_norm(fine).reshape(-1, fine.shape[-1]))
        q, k, v = (self._split(x) for x in (asks, self.key(memory), self.value(memory)))
        found = [_answered(some, k, v) for some in jnp.array_split(q, -(-len(q) // BLOCK))]
        return jnp.concatenate(found).reshape(fine.shape)

    def _split(self, x: Float[Array, "token channel"]) -> Float[Array, "token head depth"]:
        return x.reshape(len(x), self.heads, -1)


def _answered(
    q: Float[Array, "query head depth"],
    k: Float[Array, "token head depth"],
    v: Float[Array, "token head depth"],
) -> Float[Array, "query head depth"]:
    weights = jax.nn.softmax(jnp.einsum("ihd,jhd->hij", q, k) * q.shape[-1] ** -0.5, axis=-1)
    return jnp.einsum("hij,jhd->ihd", weights, v)


def _blocks(x: Float[Array, "row column channel"], pool: int) -> Float[Array, "y x channel"]:
    rows, columns, channels = x.shape
    return x.reshape(rows // pool, pool, columns // pool, pool, channels).mean((1, 3))


def new_cross_scale_attention(
    channels: int, heads: int, pool: int, rng: np.random.Generator
) -> CrossScaleAttention:
    """Untrained."""
    return CrossScaleAttention(
        fine_norm=new_norm(channels),
        coarse_norm=new_norm(channels),
        query=new_dense(channels, channels, rng, spread=channels**-0.5),
        key=new_dense(channels, channels, rng, spread=channels**-0.5),
        value=new_dense(channels, channels, rng, spread=channels**-0.5),
        heads=heads,
        pool=pool,
    )
