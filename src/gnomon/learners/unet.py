"""U-Net: convolutions at several resolutions, with neighbours across the ends of the domain and across the poles."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.world import AbstractWorld
from gnomon.learners.field_emulator import AbstractFieldNetwork, Plan, check_plan, fit_emulator
from gnomon.numerics.geometry import Geometry, Kind
from gnomon.numerics.periodic_stencil import Stencil, doubled, halved, halvings, new_stencil
from gnomon.spec.errors import BadSpec


class Pair(eqx.Module):
    """h = gelu(first(x)), then h + gelu(second(h))."""

    first: Stencil
    second: Stencil

    def __call__(self, kind: Kind, x: Array) -> Array:
        """[*points, channel]."""
        h = jax.nn.gelu(self.first(kind, x))
        return h + jax.nn.gelu(self.second(kind, h))


class UNetwork(AbstractFieldNetwork):
    """Pairs of convolutions on ever coarser grids and back, each level handed across."""

    down: tuple[Pair, ...]
    bottom: Pair
    up: tuple[Pair, ...]
    out: Stencil

    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site."""
        kind, h = geometry.kind, x.reshape(*geometry.shape, x.shape[-1])
        kept = []
        for pair in self.down:
            h = pair(kind, h)
            kept.append(h)
            h = halved(h)
        h = self.bottom(kind, h)
        for pair, across in zip(self.up, reversed(kept), strict=True):
            h = pair(kind, jnp.concatenate([across, doubled(h)], axis=-1))
        return self.out(kind, h).reshape(geometry.sites, -1)


class UNet(AbstractLearner):
    r"""A U-Net that predicts the increment over one step.

    Ronneberger, Fischer and Brox (2015), arXiv 1505.04597: convolutions over three points to each axis, grids halved
    on the way down, handed across on the way up. Different: padding follows the geometry (periodic; across the poles
    on a sphere), means and not maxima halve a grid, values are repeated on the way up, gelu, a residual path around
    the second convolution of each pair, no normalisation, and as many levels as the grid bears. Frame and training
    are those of `fourier_operator`, so that the two differ in the network alone.

    What misleads: halving makes it commute with shifts by 2^levels points only. On a sphere a step of its grid is
    short near the poles and long at the equator, and it is not told; channels cross a pole as scalars, which wind
    components are not.

    Attributes:
        budget: settings tried.
        width: channels on the finest grid; they double with every level.
        levels: grids below the finest, at most; fewer where the grid cannot be halved.
        delays: observations in the input.
        updates: of the weights in each setting, both phases together.
        batch: windows times sites in a minibatch; never fewer than four windows.
        unroll: steps in the second phase.
        positions: whether sites are told where they are: auto (where the world is not the same everywhere), on, off.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    width: int = 16
    levels: int = 2
    delays: int = 1
    updates: int = 2400
    batch: int = 1024
    unroll: int = 4
    positions: str = "auto"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        return fit_emulator(Plan.of("unet", self), self._start, data, key=key)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.width < 1 or self.levels < 0:
            raise BadSpec("unet: width must be at least 1, levels not negative")
        check_plan(Plan.of("unet", self))

    def _start(
        self, geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator
    ) -> AbstractFieldNetwork:
        return new_u_network(geometry, inputs, outputs, rng, width=self.width, levels=self.levels)


def new_u_network(
    geometry: Geometry, inputs: int, outputs: int, rng: np.random.Generator, *, width: int, levels: int
) -> UNetwork:
    """Untrained; its output is zero."""
    axes, count = len(geometry.shape), halvings(geometry.kind, geometry.shape, levels)
    wide = [width * 2**n for n in range(count + 1)]
    entering = [inputs, *wide]
    return UNetwork(
        down=tuple(_pair(axes, entering[n], wide[n], rng) for n in range(count)),
        bottom=_pair(axes, entering[count], wide[count], rng),
        up=tuple(_pair(axes, wide[n] + wide[n + 1], wide[n], rng) for n in reversed(range(count))),
        out=new_stencil(axes, wide[0], outputs, rng, scale=0.0),
    )


def _pair(axes: int, inputs: int, outputs: int, rng: np.random.Generator) -> Pair:
    return Pair(new_stencil(axes, inputs, outputs, rng), new_stencil(axes, outputs, outputs, rng))
