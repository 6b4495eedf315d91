"""Residual network: dense on a world of one site, convolutions with periodic ends on a homogeneous one.

It predicts increments (He et al. 2016, doi 10.1109/CVPR.2016.90) and is trained on one step, then on unrolled
steps, which is what keeps learned simulators stable (Brandstetter et al. 2022, arXiv 2202.03376).
"""

import dataclasses
import functools
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.patches import Patches, patches_of
from gnomon.numerics.ridge import ridge_path
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.trainer import Recipe, Stage
from gnomon.training.windows import Sequences, Unrolled, cast, sequences_of, unrolled_stage

ACTIVATIONS = ("gelu", "silu", "tanh")
# States and their changes are nearly collinear in clean data: with less damping weights are tens and loops explode.
LINEAR_RIDGE = 1e-2


class Layer(eqx.Module):
    """A linear map."""

    weights: Float[Array, "input output"]
    bias: Float[Array, " output"]

    def __call__(self, inputs: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site."""
        return inputs @ self.weights + self.bias


class Network(eqx.Module):
    """increment = spread * (linear(x) + out(h)); h = act(first(x)), then h <- h + act(block(h around)).

    x is the window and the knobs. The window enters as the present state and the last changes over their spread:
    delayed states are nearly equal, and their differences carry the news.
    """

    radius: int = eqx.field(static=True)
    activation: str = eqx.field(static=True)
    linear: Layer
    first: Layer
    blocks: tuple[Layer, ...]
    out: Layer

    def __call__(
        self, patches: Patches, spread: Array, window: Array, forced: Array
    ) -> Float[Array, "site channel"]:
        """The increment at every site, in standardised units."""
        act = getattr(jax.nn, self.activation)
        x = network_input(patches, self.radius, spread, window, forced)
        h = act(self.first(x))
        for block in self.blocks:
            h = h + act(block(patches.around(h, 1)))
        return spread * (self.linear(x) + self.out(h))


class ResidualSimulator(AbstractSimulator[Array]):
    """The last observations are the state; a network adds increments."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    spread: Float[Array, " channel"]
    network: Network

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """[delay, site, channel] standardised."""
        return self.patches.encode(history)

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One step; the oldest state leaves the window."""
        increment = self.network(self.patches, self.spread, state, self.patches.forced(forcing.at(time)))
        return jnp.concatenate([state[1:], (state[-1] + increment)[None]])

    def observe(self, state: Array) -> Obs:
        """The newest state, in its own units."""
        return self.patches.decode(state[-1])


class Residual(AbstractLearner):
    """A small residual network with a linear part that starts from ridge regression.

    Learning rate and input noise are searched on free-run validation error; the architecture is stated.

    Attributes:
        budget: settings tried.
        width: units in a layer.
        depth: layers between input and output, the first included.
        delays: observations in the input window.
        radius: neighbours on each side in the first layer; every further layer adds one.
        updates: of the weights in each setting, both phases together.
        batch: windows in a minibatch; on fields, windows times sites come to about this number.
        unroll: steps in the second phase.
        activation: one of gelu, silu, tanh.
    """

    version: ClassVar[int] = 4
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 3
    width: int = 64
    depth: int = 2
    delays: int = 2
    radius: int = 4
    updates: int = 2400
    batch: int = 512
    unroll: int = 4
    activation: str = "gelu"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train once for each setting, keep the best in free run."""
        self.check()
        start_key, fit_key = jax.random.split(key)
        patches = patches_of(data)
        coarse = cast(patches, jnp.float32)
        sequences = sequences_of(coarse, data)
        spread = np.maximum(np.diff(np.asarray(sequences.z, float), axis=1).std((0, 1, 2)), 1e-12)
        spread32 = jnp.asarray(spread, jnp.float32)
        linear = self._linear(coarse, sequences, spread, key=start_key)
        dtype = patches.mean.dtype

        def simulator_of(network: Network) -> ResidualSimulator:
            return ResidualSimulator(
                card=learned_card("residual", data, context=self.delays),
                patches=patches,
                spread=jnp.asarray(spread, dtype),
                network=cast(network, dtype),
            )

        def trainable(setting: Setting) -> Trainable:
            loss = Unrolled(
                _Predict(coarse, spread32), spread32, jnp.float32(setting["noise"]), self.delays, 1
            )
            return Trainable(
                make=lambda key: self._start(coarse, linear, key=key),
                stages=self._stages(loss, sequences, patches.sites),
                data=sequences,
                recipe=Recipe(rate=setting["rate"], decay=1e-5),
                simulator=simulator_of,
            )

        space = {"noise": (0.003, 0.0), "rate": (1e-2, 2e-2, 5e-3)}
        return fit_networks(
            data, trainable, space, name="residual", budget=self.budget, context=self.delays, key=fit_key
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.activation not in ACTIVATIONS:
            raise BadSpec(
                f"residual: activation must be one of {', '.join(ACTIVATIONS)}, got {self.activation!r}"
            )
        if (
            min(self.width, self.depth, self.delays, self.updates, self.batch, self.unroll) < 1
            or self.radius < 0
        ):
            raise BadSpec(
                "residual: width, depth, delays, updates, batch and unroll must be at least 1, radius 0"
            )
        check_budget("residual", self.budget)

    def _stages(self, one: Unrolled, data: Sequences, sites: int) -> tuple[Stage, ...]:
        half, batch = max(1, self.updates // 2), max(8, self.batch // sites)
        rest = max(1, self.updates - half)
        many = dataclasses.replace(one, steps=self.unroll)
        return (
            unrolled_stage(one, data, updates=half, snapshots=1, batch=batch),
            unrolled_stage(
                many, data, updates=rest, snapshots=min(3, max(1, self.updates // 4), rest), batch=batch
            ),
        )

    def _linear(self, patches: Patches, data: Sequences, spread: np.ndarray, *, key: PRNGKeyArray) -> Layer:
        return _linear(patches, data, self.radius if patches.shape else 0, self.delays, spread, key=key)

    def _start(self, patches: Patches, linear: Layer, *, key: PRNGKeyArray) -> Network:
        """Random layers; the linear part from ridge regression; a silent output layer."""
        inputs, near = linear.weights.shape[0], patches.width(1) // patches.channels if patches.shape else 1
        keys = jax.random.split(key, self.depth)
        return Network(
            radius=self.radius if patches.shape else 0,
            activation=self.activation,
            linear=linear,
            first=_layer(inputs, self.width, key=keys[0]),
            blocks=tuple(_layer(near * self.width, self.width, key=k) for k in keys[1:]),
            out=Layer(
                jnp.zeros((self.width, patches.channels), jnp.float32),
                jnp.zeros(patches.channels, jnp.float32),
            ),
        )


class _Predict(eqx.Module):
    """What the trainer calls, with its constants as leaves."""

    patches: Patches
    spread: Array

    def __call__(self, network: Network, window: Array, forced: Array) -> Array:
        return network(self.patches, self.spread, window, forced)


def network_input(patches: Patches, radius: int, spread: Array, window: Array, forced: Array) -> Array:
    """[site, input]: the neighbourhood of the present state and of the last changes, and the knobs."""
    changes = (window[1:] - window[:-1]) / spread
    near = [patches.around(z, radius) for z in (window[-1], *changes)]
    return jnp.concatenate([*near, forced], axis=1)


def _layer(inputs: int, outputs: int, *, key: PRNGKeyArray) -> Layer:
    weights = jax.random.normal(key, (inputs, outputs), jnp.float32) / np.float32(np.sqrt(inputs))
    return Layer(weights, jnp.zeros(outputs, jnp.float32))


def _linear(
    patches: Patches, data: Sequences, radius: int, delays: int, spread: np.ndarray, *, key: PRNGKeyArray
) -> Layer:
    trajectories, length = data.z.shape[:2]
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist())
    count = max(64, 20_000 // patches.sites)
    where = rng.integers(0, trajectories, count), rng.integers(delays - 1, length - 1, count)
    past = where[1][:, None] + np.arange(1 - delays, 1)
    z = np.asarray(data.z)
    targets = (z[where[0], where[1] + 1] - z[where]) / spread
    rows = _inputs(
        patches,
        radius,
        jnp.asarray(spread, jnp.float32),
        jnp.asarray(z[where[0][:, None], past]),
        data.forced[where],
    )
    rows = np.asarray(rows, float)
    weights, offset = ridge_path(
        rows.reshape(-1, rows.shape[-1]), targets.reshape(-1, targets.shape[-1]), (LINEAR_RIDGE,)
    )[0]
    return Layer(jnp.asarray(weights, jnp.float32), jnp.asarray(offset, jnp.float32))


@eqx.filter_jit
def _inputs(patches: Patches, radius: int, spread: Array, windows: Array, forced: Array) -> Array:
    return jax.vmap(functools.partial(network_input, patches, radius, spread))(windows, forced)
