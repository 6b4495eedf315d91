r"""Attention as an integral over space, normalised by an integral, on a ring, a periodic plane or a sphere.

.. math::
    (A v)(x) = O \, \frac{\int e^{s(x, y)} \, V v(y) \, dy}{\int e^{s(x, y)} \, dy}, \qquad
    s(x, y) = \frac{Q v(x) \cdot K v(y)}{\sqrt{d}} + \beta(y - x)

in every head. Points of a grid are a quadrature with their areas for weights, in numerator and denominator alike; with
equal weights, as attention has them, a sphere's poles would count as if they were wide (Berner and others 2025, arXiv
2506.10973; Calvello, Kovachki, Levine and Stuart 2024, arXiv 2406.06486, prove the limit).

beta says where a head looks: a combination of smooth functions of the way from x to y, so that attention commutes with
shifts (rotations in longitude). On ring and plane these are cosines and sines of it along each axis, on a sphere the
parts of the unit vector y along x, north and east at x. All are products of a function of x and one of y, and cost no
more than a few channels. Everything in the integrand is smooth: on periodic grids and Gauss's latitudes the sums
converge faster than any power of the step for smooth fields.
"""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.numerics.geometry import Geometry


class AttentionIntegral(eqx.Module):
    """Heads of attention between all points of a field.

    Attributes:
        queries: [input, head, size].
        keys: [input, head, size].
        values: [input, head, size].
        out: [head x size, output].
        places: [head, frame, group] the weights of beta.
    """

    queries: Float[Array, "input head size"]
    keys: Float[Array, "input head size"]
    values: Float[Array, "input head size"]
    out: Float[Array, "all output"]
    places: Float[Array, "head frame group"]

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """The integral at every point of any grid."""
        # What every point gives every other is made again in the backward pass: kept, it would fill the memory.
        return jax.checkpoint(lambda layer, x: layer.attended(geometry, x))(self, x)

    def attended(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """The same, with everything kept for the backward pass."""
        shares = self.shares(geometry, x)
        seen = jnp.einsum("sc,chd->shd", x, self.values)
        return jnp.einsum("hxy,yhd->xhd", shares, seen).reshape(geometry.sites, -1) @ self.out

    def shares(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "head site site"]:
        """What each point takes from every other; sums over the latter are one."""
        heads, _, groups = self.places.shape
        waves = groups // len(geometry.shape) if geometry.kind != "sphere" else 1
        frames = jnp.asarray(frames_of(geometry, waves), x.dtype)
        q, k = (jnp.einsum("sc,chd->shd", x, weights) for weights in (self.queries, self.keys))
        turned = jnp.einsum("hfg,fsgc->shgc", self.places, frames).reshape(geometry.sites, heads, -1)
        there = jnp.broadcast_to(frames[0].reshape(geometry.sites, 1, -1), turned.shape)
        left = jnp.concatenate([q / math.sqrt(q.shape[-1]), turned], axis=-1)
        right = jnp.concatenate([k, there], axis=-1)
        area = jnp.asarray(np.log(geometry.weights()), x.dtype)
        return jax.nn.softmax(jnp.einsum("xhc,yhc->hxy", left, right) + area, axis=-1)


def new_attention_integral(
    geometry: Geometry,
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    heads: int,
    waves: int,
    width: float,
) -> AttentionIntegral:
    """Random maps that keep the size of what comes in, single precision; each head looks at a place of its own.

    Args:
        geometry: whose kind counts.
        inputs: channels, a multiple of `heads`.
        outputs: channels.
        rng: of the draw.
        heads: of the attention.
        waves: of beta along each axis of a ring or plane; a sphere has one.
        width: of a head's first look, a standard deviation as a share of an axis (of a great circle); it lies within
            two of them from the point.
    """
    size, drawn = inputs // heads, np.float32(1.0 / np.sqrt(max(1, inputs)))
    q, k, v = (drawn * rng.standard_normal((inputs, heads, size), np.float32) for _ in range(3))
    out = drawn * rng.standard_normal((inputs, outputs), np.float32)
    places = _first_look(geometry, heads, waves, width, rng).astype(np.float32)
    return AttentionIntegral(*(jnp.asarray(a) for a in (q, k, v, out, places)))


def _first_look(
    geometry: Geometry, heads: int, waves: int, width: float, rng: np.random.Generator
) -> np.ndarray:
    """[head, frame, group] of von Mises' density (Fisher's on a sphere) about a place near by."""
    sharp = 1.0 / (2 * np.pi * width) ** 2
    if geometry.kind == "sphere":
        north, east = 2 * np.pi * width * rng.uniform(-2.0, 2.0, (2, heads))
        far = np.hypot(north, east)
        off = np.sinc(far / np.pi)  # sin(far) / far
        return sharp * np.stack([np.cos(far), off * north, off * east], axis=1)[..., None]
    axes = len(geometry.shape)
    centre = 2 * np.pi * width * rng.uniform(-2.0, 2.0, (heads, axes))
    places = np.zeros((heads, 2, axes, waves))
    places[:, 0, :, 0], places[:, 1, :, 0] = sharp * np.cos(centre), sharp * np.sin(centre)
    return places.reshape(heads, 2, axes * waves)


def frames_of(geometry: Geometry, waves: int) -> Float[np.ndarray, "frame site group feature"]:
    """Where each point is (the first frame), and the directions there in which a way from it can go.

    The product of a frame at x and the first at y, summed over features, is a function of the way from x to y: its
    cosine and sine for each wave along each axis (group); on a sphere the parts of y along x, north and east.
    """
    return _frames(geometry.kind, geometry.shape, geometry.lat, geometry.lon, waves)


@functools.lru_cache(maxsize=16)
def _frames(
    kind: str, shape: tuple[int, ...], lat: tuple[float, ...], lon: tuple[float, ...], waves: int
) -> np.ndarray:
    if kind == "sphere":
        a, b = (m.ravel() for m in np.meshgrid(np.radians(lat), np.radians(lon), indexing="ij"))
        here = [np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)]
        north = [-np.sin(a) * np.cos(b), -np.sin(a) * np.sin(b), np.cos(a)]
        east = [-np.sin(b), np.cos(b), 0.0 * b]
        return np.stack([np.stack(v, axis=-1) for v in (here, north, east)])[:, :, None]
    axes = np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in shape), indexing="ij")
    angles = np.stack([k * a.ravel() for a in axes for k in range(1, waves + 1)], axis=-1)
    here = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    along = np.stack([-np.sin(angles), np.cos(angles)], axis=-1)
    return np.stack([here, along])
