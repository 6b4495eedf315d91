"""Fields: observations of a world with a geometry as standardised [site, channel], with what is told of each site."""

import math
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from gnomon.core.forcing import Knobs
from gnomon.core.learner import Data
from gnomon.core.world import Obs
from gnomon.numerics.geometry import Geometry, geometry_of
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadData


class Fields(eqx.Module):
    """Standardised observations as [site, channel], knobs at every site, and channels that never change.

    Where positions are told, a channel is its anomaly from the training mean of its site, and that mean is one of the
    fixed channels, beside coordinates, land and orography. Where they are not, every site is treated alike: a shift
    along a periodic axis (a rotation in longitude) of what comes in only shifts what goes out.

    A variable without axes is a channel that is the same at every site, and is read back as its mean.

    A knob with a pattern enters as value * pattern over the root mean square of that field in training, uncentred; a
    knob without one is centred on its declared range and divided by half of it.

    Attributes:
        mean: [site or 1, channel] over training.
        std: [channel] of the departures from it, weighted by area.
        knob_centre: [knob].
        knob_shape: [knob, site] the pattern (or ones) over the knob's scale.
        fixed: [site, number].
    """

    geometry: Geometry
    packing: Packing
    knobs: tuple[str, ...] = eqx.field(static=True)
    mean: Float[Array, "site channel"]
    std: Float[Array, " channel"]
    knob_centre: Float[Array, " knob"]
    knob_shape: Float[Array, "knob site"]
    fixed: Float[Array, "site number"]

    @property
    def channels(self) -> int:
        """Numbers at one site."""
        return sum(_channels(s, self.geometry) for s in self.packing.shapes)

    @property
    def told(self) -> int:
        """Numbers told of a site besides its state: knobs and fixed channels."""
        return len(self.knobs) + self.fixed.shape[1]

    def encode(self, obs: Mapping[str, ArrayLike]) -> Float[Array, "... site channel"]:
        """Standardised observations by site; any leading axes."""
        parts = []
        for name, shape in zip(self.packing.names, self.packing.shapes, strict=True):
            value = jnp.asarray(obs[name])
            if value.shape[value.ndim - len(shape) :] != shape:
                # as many sites in another order, as latitude for longitude, would go through in silence
                raise BadData(
                    f"{name!r} comes as {value.shape}, expected the grid {shape} that was learnt from, last"
                )
            lead = value.shape[: value.ndim - len(shape)]
            part = value.reshape(*lead, _channels(shape, self.geometry), -1)
            parts.append(jnp.broadcast_to(part, (*part.shape[:-1], self.geometry.sites)))
        return (jnp.swapaxes(jnp.concatenate(parts, axis=-2), -1, -2) - self.mean) / self.std

    def decode(self, z: Float[Array, "... site channel"]) -> Obs:
        """Observations in their own units; the inverse of `encode`."""
        by_channel = jnp.swapaxes(z * self.std + self.mean, -1, -2)
        out, first = {}, 0
        for name, shape in zip(self.packing.names, self.packing.shapes, strict=True):
            last = first + _channels(shape, self.geometry)
            part, first = by_channel[..., first:last, :], last
            part = part if shape else part.mean(-1)
            out[name] = part.reshape(*by_channel.shape[:-2], *shape)
        return out

    def settled(self, increment: Float[Array, "site channel"]) -> Float[Array, "site channel"]:
        """The same change everywhere for variables without axes: the mean over the area; others as they are."""
        alone = np.concatenate(
            [np.full(_channels(s, self.geometry), not s, bool) for s in self.packing.shapes]
        )
        if not alone.any():
            return increment
        weights = jnp.asarray(self.geometry.weights()[:, None], increment.dtype)
        return jnp.where(alone, jnp.mean(weights * increment, axis=0), increment)

    def amplitudes(self, knobs: Knobs) -> Float[Array, "... knob"]:
        """Centred values of the knobs; any leading axes."""
        if not self.knobs:
            return jnp.zeros((0,), self.std.dtype)
        return jnp.stack([knobs[k] for k in self.knobs], axis=-1).astype(self.std.dtype) - self.knob_centre

    def around(self, amplitudes: Float[Array, " knob"]) -> Float[Array, "site number"]:
        """What is told of every site: knobs times their patterns, and the fixed channels."""
        return jnp.concatenate([(amplitudes[:, None] * self.knob_shape).T, self.fixed], axis=1)


def fields_of(data: Data, *, positions: bool | None = None, name: str) -> Fields:
    """Fields standardised by the training trajectories.

    Args:
        data: of a world with a geometry.
        positions: whether sites are told where they are; None where the world is not the same everywhere.
        name: of the learner that asks, for its refusals.
    """
    card = data.card
    geometry, packing = geometry_of(card, name=name), packing_of(card)
    told = not all(v.homogeneous for v in card.variables) if positions is None else positions
    rows = _rows(data, geometry.sites)
    weights = geometry.weights()[:, None]
    climate = rows.mean(0, dtype=np.float64)
    mean = climate if told else (climate * weights).mean(0, keepdims=True)
    square = np.zeros(rows.shape[-1])
    for row in rows:  # one at a time: the training set of an atmosphere is large
        square += ((row - mean) ** 2 * weights).mean(0)
    std = np.sqrt(square / len(rows))
    std = np.where(std > 1e-9 * (1.0 + np.abs(mean).mean(0)), std, 1.0)  # a constant channel stays as it is
    centre, shapes = _knobs(data, geometry.sites)
    return Fields(
        geometry=geometry,
        packing=packing,
        knobs=tuple(k.name for k in card.knobs),
        mean=jnp.asarray(mean),
        std=jnp.asarray(std),
        knob_centre=jnp.asarray(centre),
        knob_shape=jnp.asarray(shapes),
        fixed=jnp.asarray(_fixed(card, geometry, climate) if told else np.zeros((geometry.sites, 0))),
    )


def _rows(data: Data, sites: int) -> np.ndarray:
    """[sample, site, channel] of training, in the precision of the data."""
    samples, parts = len(data.train) * len(data.time), []
    for v in data.card.variables:
        part = np.asarray(data.obs[v.name])[data.train].reshape(samples, -1, sites if v.shape else 1)
        parts.append(np.broadcast_to(part, (*part.shape[:2], sites)))
    return np.swapaxes(np.concatenate(parts, axis=1), 1, 2)


def _channels(shape: tuple[int, ...], geometry: Geometry) -> int:
    return math.prod(shape) // geometry.sites if shape else 1


def _fixed(card: WorldCard, geometry: Geometry, climate: np.ndarray) -> np.ndarray:
    columns = [geometry.positions(), climate]
    if card.grid is not None:
        columns += [np.asarray(f, float)[:, None] for f in (card.grid.land, card.grid.orography) if len(f)]
    every = np.concatenate(columns, axis=1)
    spread = every.std(0)
    return (every - every.mean(0)) / np.where(spread > 1e-9 * (1.0 + np.abs(every).mean(0)), spread, np.inf)


def _knobs(data: Data, sites: int) -> tuple[np.ndarray, np.ndarray]:
    knobs = data.card.knobs
    centre, shapes = np.zeros(len(knobs)), np.ones((len(knobs), sites))
    for i, knob in enumerate(knobs):
        if knob.pattern is not None and len(knob.pattern) == sites:
            pattern = np.asarray(knob.pattern, float)
            seen = np.asarray(data.forcing[knob.name], float)[data.train]
            size, shapes[i] = float(np.sqrt(np.mean(seen**2) * np.mean(pattern**2))), pattern
        else:
            centre[i], size = (knob.high + knob.low) / 2.0, (knob.high - knob.low) / 2.0
        shapes[i] /= size if size > 0 else 1.0
    return centre, shapes
