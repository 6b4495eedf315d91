"""Patches: every world seen as sites that share one law.

On a world whose variables are all homogeneous on the same periodic axes, each grid point is a site and sees its
neighbourhood; a learner then has one set of weights for all sites (Pathak et al. 2018,
doi 10.1103/PhysRevLett.120.024102). Any other world is one site that sees the whole vector. Learners that work on
[site, ...] arrays need no second code path.
"""

import itertools
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from gnomon.core.forcing import Knobs
from gnomon.core.learner import Data
from gnomon.core.world import Obs
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadModel

MOST_CHANNELS = 4000  # numbers at one site: covariances and dense networks of more do not fit a laptop


class Patches(eqx.Module):
    """Standardised observations as [site, channel], their neighbourhoods, and standardised knobs at every site.

    A knob with a pattern enters as value * pattern, divided by the root mean square of that field over training: it
    is not centred, since a field of zeros must stay one. A knob without a pattern is centred on its declared range.

    Attributes:
        shape: lengths of the periodic axes; () for a world that is one site.
        mean: of each channel, over training.
        std: of each channel, over training.
        knob_shape: [knob, site] the pattern (or ones) over the knob's scale.
    """

    packing: Packing
    shape: tuple[int, ...] = eqx.field(static=True)
    knobs: tuple[str, ...] = eqx.field(static=True)
    patterned: tuple[bool, ...] = eqx.field(static=True)
    mean: Float[Array, " channel"]
    std: Float[Array, " channel"]
    knob_centre: Float[Array, " knob"]
    knob_shape: Float[Array, "knob site"]

    @property
    def sites(self) -> int:
        """Number of sites."""
        return int(np.prod(self.shape, dtype=int)) if self.shape else 1

    @property
    def channels(self) -> int:
        """Numbers at one site."""
        return self.packing.size // self.sites

    def width(self, radius: int) -> int:
        """Numbers in one neighbourhood."""
        wide = self.channels
        for n in self.shape:
            wide *= 2 * min(radius, (n - 1) // 2) + 1
        return wide

    def encode(self, obs: Mapping[str, ArrayLike]) -> Float[Array, "... site channel"]:
        """Standardised observations by site; any leading axes."""
        vector = self.packing.pack(obs)
        if not self.shape:
            return ((vector - self.mean) / self.std)[..., None, :]
        by_channel = vector.reshape(*vector.shape[:-1], self.channels, self.sites)
        return (jnp.swapaxes(by_channel, -1, -2) - self.mean) / self.std

    def decode(self, z: Float[Array, "... site channel"]) -> Obs:
        """Observations in their own units; the inverse of `encode`."""
        raw = z * self.std + self.mean
        if not self.shape:
            return self.packing.unpack(raw[..., 0, :])
        by_channel = jnp.swapaxes(raw, -1, -2)
        return self.packing.unpack(by_channel.reshape(*by_channel.shape[:-2], self.packing.size))

    def around(self, field: Float[Array, "site channel"], radius: int) -> Float[Array, "site patch"]:
        """Each site's neighbourhood, offsets first, channels last; the site itself in a world of one site."""
        if not self.shape or radius == 0:
            return field
        near = field[neighbours(self.shape, radius)]
        return near.reshape(self.sites, -1)

    def forced(self, knobs: Knobs, radius: int = 0) -> Float[Array, "site input"]:
        """Standardised knobs at every site; knobs with a pattern also at the neighbours."""
        columns = []
        for i, name in enumerate(self.knobs):
            field = ((knobs[name] - self.knob_centre[i]) * self.knob_shape[i])[:, None]
            columns.append(self.around(field, radius) if self.patterned[i] else field)
        return jnp.concatenate(columns, axis=1) if columns else jnp.zeros((self.sites, 0), self.mean.dtype)


def neighbours(shape: tuple[int, ...], radius: int) -> np.ndarray:
    """[site, offset] indices of the neighbourhood of each site on periodic axes."""
    index = np.arange(int(np.prod(shape))).reshape(shape)
    axes = tuple(range(len(shape)))
    spans = [range(-min(radius, (n - 1) // 2), min(radius, (n - 1) // 2) + 1) for n in shape]
    rolled = [np.roll(index, tuple(-o for o in offset), axes).ravel() for offset in itertools.product(*spans)]
    return np.stack(rolled, axis=1)


def ring_shape(card: WorldCard) -> tuple[int, ...]:
    """The shared periodic shape of a world whose variables are all homogeneous; () for any other.

    (points,) on a ring, (rows, columns) on a plane, whose axes are ("y", "x").
    """
    shapes = {tuple(v.shape) for v in card.variables}
    if len(shapes) == 1 and all(v.homogeneous for v in card.variables):
        return shapes.pop()
    return ()


def patches_of(data: Data, *, whole: bool = False) -> Patches:
    """Patches standardised by the training trajectories; `whole` makes one site of every world."""
    card = data.card
    packing, shape = packing_of(card), () if whole else ring_shape(card)
    sites = int(np.prod(shape)) if shape else 1
    if packing.size // sites > MOST_CHANNELS:
        raise BadModel(
            f"a state of {packing.size} numbers that share no law is too big for this learner "
            f"(at most {MOST_CHANNELS}); use linear_inverse, pattern_scaling or a model of your own"
        )
    vector = np.concatenate(
        [
            np.asarray(data.obs[v.name], float)[data.train].reshape(len(data.train), len(data.time), -1)
            for v in card.variables
        ],
        axis=-1,
    )
    rows = vector.reshape(-1, packing.size // sites, sites) if shape else vector.reshape(-1, packing.size, 1)
    mean, std = rows.mean((0, 2)), rows.std((0, 2))
    std = np.where(std > 1e-9 * (1.0 + np.abs(mean)), std, 1.0)  # a constant channel stays as it is
    centre, fields, patterned = [], [], []
    for knob in card.knobs:
        has = knob.pattern is not None and bool(shape) and len(knob.pattern) == sites
        pattern = np.asarray(knob.pattern, float) if has else np.ones(sites)
        if has:
            seen = np.asarray(data.forcing[knob.name], float)[data.train]
            size = np.sqrt(np.mean(seen**2) * np.mean(pattern**2))
        else:
            size = (knob.high - knob.low) / 2.0
        centre.append(0.0 if has else (knob.high + knob.low) / 2.0)
        fields.append(pattern / (size if size > 0 else 1.0))
        patterned.append(has)
    return Patches(
        packing=packing,
        shape=shape,
        knobs=tuple(k.name for k in card.knobs),
        patterned=tuple(patterned),
        mean=jnp.asarray(mean),
        std=jnp.asarray(std),
        knob_centre=jnp.asarray(np.asarray(centre, float)),
        knob_shape=jnp.asarray(np.asarray(fields, float).reshape(len(fields), sites)),
    )
