"""Dropout ensemble: a network that loses some of its units, in training by chance and in each run for good."""

import dataclasses
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.residual import Layer, network_input
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting
from gnomon.training.trainer import Recipe, Stage
from gnomon.training.windows import Sequences, Unrolled, cast, draw_moments, sequences_of

GROUPS = 16  # masks in a minibatch; the windows of a group share one


class DroppedNetwork(eqx.Module):
    """increment = spread * (linear(x) + out(h)); h = silu(first(x)) m_0, then h <- (h + silu(block(h around))) m_i."""

    radius: int = eqx.field(static=True)
    linear: Layer
    first: Layer
    blocks: tuple[Layer, ...]
    out: Layer

    def __call__(
        self, patches: Patches, spread: Array, window: Array, forced: Array, masks: Float[Array, "layer unit"]
    ) -> Float[Array, "site channel"]:
        """The increment at every site; masks are 0 or 1 / (1 - rate), the same at all sites."""
        x = network_input(patches, self.radius, spread, window, forced)
        h = jax.nn.silu(self.first(x)) * masks[0]
        for block, mask in zip(self.blocks, masks[1:], strict=True):
            h = (h + jax.nn.silu(block(patches.around(h, 1)))) * mask
        return spread * (self.linear(x) + self.out(h))


class Thinned(NamedTuple):
    """The window, and which units this run keeps."""

    window: Float[Array, "delay site channel"]
    kept: Bool[Array, "layer unit"]


class DropoutSimulator(AbstractSimulator[Thinned]):
    """The last observations are the state; a network thinned at the start of the run adds increments."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    spread: Float[Array, " channel"]
    network: DroppedNetwork
    rate: Float[Array, ""]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Thinned:
        """The window, and units drawn by the key."""
        shape = (1 + len(self.network.blocks), self.network.first.bias.shape[0])
        return Thinned(self.patches.encode(history), jax.random.bernoulli(key, 1.0 - self.rate, shape))

    def advance(self, state: Thinned, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Thinned:
        """One step with the units that are left."""
        window = state.window
        masks = state.kept / (1.0 - self.rate)
        forced = self.patches.forced(forcing.at(time))
        new = window[-1] + self.network(self.patches, self.spread, window, forced, masks)
        return Thinned(jnp.concatenate([window[1:], new[None]]), state.kept)

    def observe(self, state: Thinned) -> Obs:
        """The newest state, in its own units."""
        return self.patches.decode(state.window[-1])


class _Masked(eqx.Module):
    patches: Patches
    spread: Array
    masks: Array

    def __call__(self, network: DroppedNetwork, window: Array, forced: Array) -> Array:
        return network(self.patches, self.spread, window, forced, self.masks)


class Dropped(eqx.Module):
    """The loss on free steps, with masks drawn anew in every update and kept over all steps of a window."""

    free: Unrolled
    rate: Array

    def __call__(
        self, model: Any, memory: Any, data: Sequences, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [window, 2], GROUPS times as many as one group has."""
        mask_key, key = jax.random.split(key)
        shape = (GROUPS, 1 + len(model.blocks), model.first.bias.shape[0])
        masks = jax.random.bernoulli(mask_key, 1.0 - self.rate, shape) / (1.0 - self.rate)

        def one(mask: Array, rows: Array, key: PRNGKeyArray) -> Array:
            free = eqx.tree_at(lambda f: f.predict.masks, self.free, mask.astype(self.free.spread.dtype))
            return free(model, (), data, rows, progress, key)[0]

        grouped = rows.reshape(GROUPS, -1, 2)
        return jnp.mean(jax.vmap(one)(masks, grouped, jax.random.split(key, GROUPS))), memory


class DropoutEnsemble(AbstractLearner):
    r"""A residual network with dropout that stays on in forecasts: every run follows one thinned network.

    .. math::
        z_{t+1} = z_t + f_{\theta \odot m}(z_t, z_{t-1}, \dots), \qquad m_j \sim \mathrm{Bernoulli}(1 - p)

    Gal and Ghahramani 2016, arXiv:1506.02142: dropout in forecasts is a draw from an approximate posterior of the
    weights. As published for sequences (Gal and Ghahramani 2016, arXiv:1512.05287): one mask for all steps of a run,
    in training as in forecasts, since the weights drawn do not change while time goes on. Different: the masks are
    drawn by the run's key when it starts, so the mean over masks is left to whoever runs the ensemble; weight decay is
    small and fixed; inputs are never dropped (three numbers cannot spare one), and on fields a unit is dropped at all
    sites.

    What misleads: the spread is set by `dropout` and the width, and does not shrink as data grow (Osband 2016). It is
    stated here, not fitted; `calibrated` around this learner says whether it fits.

    Attributes:
        budget: settings tried (learning rate and input noise).
        dropout: share of the hidden units that is dropped.
        width: units in a layer.
        depth: hidden layers.
        delays: observations in the input window.
        radius: neighbours on each side in the first layer, on fields.
        updates: of the weights, one-step and unrolled together.
        batch: windows in a minibatch, about.
        unroll: free steps in the second half.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 2
    dropout: float = 0.05
    width: int = 96
    depth: int = 2
    delays: int = 2
    radius: int = 4
    updates: int = 2400
    batch: int = 256
    unroll: int = 4

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run, masks on."""
        self.check()
        patches = patches_of(data)
        coarse = cast(patches, jnp.float32)
        sequences = sequences_of(coarse, data)
        spread = np.maximum(np.diff(np.asarray(sequences.z, float), axis=1).std((0, 1, 2)), 1e-12)
        small, dtype = jnp.asarray(spread, jnp.float32), patches.mean.dtype
        ones = jnp.ones((self.depth, self.width), jnp.float32)
        rate = jnp.float32(self.dropout)

        def simulator_of(network: DroppedNetwork) -> DropoutSimulator:
            return DropoutSimulator(
                card=learned_card("dropout_ensemble", data, context=self.delays, stochastic=True),
                patches=patches,
                spread=jnp.asarray(spread, dtype),
                network=cast(network, dtype),
                rate=jnp.asarray(self.dropout, dtype),
            )

        def trainable(setting: Setting) -> Trainable:
            free = Unrolled(
                _Masked(coarse, small, ones), small, jnp.float32(setting["noise"]), self.delays, 1
            )
            return Trainable(
                make=lambda key: self._start(coarse, sequences, key=key),
                stages=self._stages(Dropped(free, rate), sequences, patches.sites),
                data=sequences,
                recipe=Recipe(rate=setting["rate"], decay=1e-5),
                simulator=simulator_of,
            )

        space = {"rate": (5e-3, 1e-2), "noise": (0.003, 0.0)}
        return fit_networks(
            data, trainable, space, name="dropout_ensemble", budget=self.budget, context=self.delays, key=key
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        least = min(self.budget, self.width, self.depth, self.delays, self.batch, self.unroll)
        if least < 1 or self.radius < 0 or self.updates < 2 or not 0.0 <= self.dropout < 1.0:
            raise BadSpec(
                "dropout_ensemble: budget, width, depth, delays, batch and unroll must be at least 1, updates 2, "
                "radius 0, and dropout at least 0 and below 1"
            )

    def _stages(self, one: Dropped, data: Sequences, sites: int) -> tuple[Stage, ...]:
        half = self.updates // 2
        batch = GROUPS * max(1, self.batch // (GROUPS * sites))
        many = dataclasses.replace(one, free=dataclasses.replace(one.free, steps=self.unroll))
        rest = self.updates - half
        return tuple(
            Stage(loss, draw_moments(data, self.delays, loss.free.steps, batch), updates, snapshots)
            for loss, updates, snapshots in ((one, half, 1), (many, rest, min(3, rest)))
        )

    def _start(self, patches: Patches, data: Sequences, *, key: PRNGKeyArray) -> DroppedNetwork:
        """Random hidden layers; a linear part and an output that are silent."""
        radius = self.radius if patches.shape else 0
        inputs = self.delays * patches.width(radius) + data.forced.shape[-1]
        near = patches.width(1) // patches.channels if patches.shape else 1
        keys = jax.random.split(key, self.depth)
        sizes = [inputs, *[near * self.width] * (self.depth - 1)]
        layers = [
            Layer(
                jax.random.normal(k, (n, self.width), jnp.float32) / np.float32(np.sqrt(n)),
                jnp.zeros(self.width, jnp.float32),
            )
            for k, n in zip(keys, sizes, strict=True)
        ]
        channels = patches.channels
        return DroppedNetwork(
            radius=radius,
            linear=Layer(jnp.zeros((inputs, channels), jnp.float32), jnp.zeros(channels, jnp.float32)),
            first=layers[0],
            blocks=tuple(layers[1:]),
            out=Layer(jnp.zeros((self.width, channels), jnp.float32), jnp.zeros(channels, jnp.float32)),
        )
