"""Attention inside windows of a map, with a learned bias for each relative position, and windows that are shifted."""

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gnomon.learners.sidert.token_layers import new_dense, new_weights
from gnomon.numerics.sequence_layers import Dense

Padding = Literal["masked", "seen"]


def to_windows(x: Float[Array, "y x channel"], side: int) -> Float[Array, "window token channel"]:
    """Cut a map whose sides are multiples of `side`, row by row."""
    rows, columns, channels = x.shape
    cut = x.reshape(rows // side, side, columns // side, side, channels)
    return cut.transpose(0, 2, 1, 3, 4).reshape(-1, side * side, channels)


def from_windows(
    windows: Float[Array, "window token channel"], side: int, rows: int, columns: int
) -> Float[Array, "y x channel"]:
    """The inverse of `to_windows`."""
    cut = windows.reshape(rows // side, columns // side, side, side, -1)
    return cut.transpose(0, 2, 1, 3, 4).reshape(rows, columns, -1)


def relative_positions(side: int) -> Int[np.ndarray, "token token"]:
    """Which row of the table of biases belongs to each pair of tokens of a window."""
    y, x = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side), indexing="ij"))
    return (y[:, None] - y + side - 1) * (2 * side - 1) + (x[:, None] - x + side - 1)


def regions(
    shape: tuple[int, int], side: int, shift: tuple[int, int], padding: Padding = "masked"
) -> tuple[tuple[int, int], Int[np.ndarray, "window token"] | None]:
    """The padded shape, and which part of the plane each token of each window belongs to after padding and shifting.

    Tokens see those of their own part alone: what was wrapped around the end is not a neighbour, and padding that is
    masked is nothing. Padding that is seen is of the part it falls into; along an axis of fewer tokens than a window
    it is masked all the same, for there timm's windows shrink to the map. None where all are of one part.
    """
    padded = -(-shape[0] // side) * side, -(-shape[1] // side) * side
    wrapped, empty = [], []
    for size, full, moved in zip(shape, padded, shift, strict=True):
        place = np.arange(full)
        wrapped.append(place >= full - moved)
        hidden = padding == "masked" or size < side
        empty.append(hidden & ((place + moved) % full >= size))
    part = 2 * wrapped[0][:, None] + wrapped[1][None]
    part = np.where(empty[0][:, None] | empty[1][None], 4, part)
    if not part.any():
        return padded, None
    cut = part.reshape(padded[0] // side, side, padded[1] // side, side).transpose(0, 2, 1, 3)
    return padded, cut.reshape(-1, side * side)


class WindowAttention(eqx.Module):
    """Softmax(q k' / sqrt(d) + B) v in every window and head; B is read from a table by relative position."""

    qkv: Dense
    proj: Dense
    bias_table: Float[Array, "offset head"]
    heads: int = eqx.field(static=True)
    side: int = eqx.field(static=True)

    def __call__(
        self, x: Float[Array, "window token channel"], part: Int[np.ndarray, "window token"] | None
    ) -> Float[Array, "window token channel"]:
        """Tokens of different `part` do not see each other."""
        windows, tokens, channels = x.shape
        depth = channels // self.heads
        q, k, v = jnp.moveaxis(self.qkv(x).reshape(windows, tokens, 3, self.heads, depth), (2, 3), (0, 2))
        scores = jnp.einsum("whid,whjd->whij", q * depth**-0.5, k)
        scores = scores + jnp.moveaxis(self.bias_table[relative_positions(self.side)], -1, 0)
        if part is not None:
            place = jnp.asarray(part)
            scores = jnp.where((place[:, None, :, None] == place[:, None, None, :]), scores, -1e9)
        seen = jnp.einsum("whij,whjd->wihd", jax.nn.softmax(scores, axis=-1), v)
        return self.proj(seen.reshape(windows, tokens, channels))


def attend_in_windows(
    attention: WindowAttention, x: Float[Array, "y x channel"], *, shifted: bool, padding: Padding = "masked"
) -> Float[Array, "y x channel"]:
    """A map of any size: padded to whole windows, shifted by half a window (along axes of more than one), and back.

    Padding that is `seen` is timm's: zeros, whose keys and values are the biases. It is added after the shift, so it
    lies behind what was wrapped around. timm takes the last half window, padding included, for what was wrapped: where
    there is padding, some tokens of opposite rims see each other. (The detectors of Swin's authors pad first.)
    """
    side, (rows, columns) = attention.side, x.shape[:2]
    shift = tuple(side // 2 if shifted and n > side else 0 for n in (rows, columns))
    padded, part = regions((rows, columns), side, (shift[0], shift[1]), padding)
    fill = (0, padded[0] - rows), (0, padded[1] - columns), (0, 0)
    back = -shift[0], -shift[1]
    if padding == "masked":
        x = jnp.roll(jnp.pad(x, fill), back, (0, 1))
    else:
        x = jnp.pad(jnp.roll(x, back, (0, 1)), fill)
    x = from_windows(attention(to_windows(x, side), part), side, *padded)
    if padding == "masked":
        return jnp.roll(x, shift, (0, 1))[:rows, :columns]
    return jnp.roll(x[:rows, :columns], shift, (0, 1))


def new_window_attention(channels: int, heads: int, side: int, rng: np.random.Generator) -> WindowAttention:
    """Untrained."""
    return WindowAttention(
        qkv=new_dense(channels, 3 * channels, rng),
        proj=new_dense(channels, channels, rng),
        bias_table=new_weights(((2 * side - 1) ** 2, heads), rng),
        heads=heads,
        side=side,
    )
