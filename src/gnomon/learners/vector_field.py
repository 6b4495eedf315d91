"""A network that gives the rate of change of a standardised state, shared by the learners in continuous time."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.learners.residual import Layer
from gnomon.numerics.patches import Patches
from gnomon.numerics.ridge import ridge_path
from gnomon.training.path_loss import Paths


class VectorField(eqx.Module):
    """rate = linear(x) + out(h); h = act(first(x)), then h <- h + act(block(h around)).

    x is the neighbourhood of the state, and the knobs. Rates are in increments: the spread of one observation step is
    the unit of change, the step is the unit of time, so that everything is of order one.
    """

    radius: int = eqx.field(static=True)
    activation: str = eqx.field(static=True)
    linear: Layer
    first: Layer
    blocks: tuple[Layer, ...]
    out: Layer

    def __call__(
        self, patches: Patches, z: Float[Array, "site channel"], forced: Float[Array, "site input"]
    ) -> Float[Array, "site output"]:
        """At every site."""
        act = getattr(jax.nn, self.activation)
        x = field_input(patches, self.radius, z, forced)
        h = act(self.first(x))
        for block in self.blocks:
            h = h + act(block(patches.around(h, 1)))
        return self.linear(x) + self.out(h)


class DrivenField(eqx.Module):
    """The rate of a state along a course of knobs, for a solver: knobs are linear between the observations."""

    network: VectorField
    patches: Patches
    spread: Array
    forced: Float[Array, "moment site input"]

    def __call__(self, time: Array, z: Array, args: None) -> Array:
        """`time` is counted in observation steps from the first moment."""
        last = self.forced.shape[0] - 2
        at = jnp.clip(jnp.floor(jnp.asarray(time)).astype(jnp.int32), 0, last)
        share = (time - at).astype(z.dtype) if hasattr(time, "astype") else jnp.asarray(time - at, z.dtype)
        forced = (1.0 - share) * self.forced[at] + share * self.forced[at + 1]
        return self.spread * self.network(self.patches, z, forced)


def field_input(patches: Patches, radius: int, z: Array, forced: Array) -> Array:
    """[site, input]: the neighbourhood, then the knobs."""
    return jnp.concatenate([patches.around(z, radius), forced], axis=1)


def start_field(
    patches: Patches,
    linear: Layer,
    *,
    outputs: int,
    width: int,
    depth: int,
    radius: int,
    activation: str,
    key: PRNGKeyArray,
) -> VectorField:
    """Random layers, a given linear part and a silent output layer."""
    inputs = linear.weights.shape[0]
    near = patches.width(1) // patches.channels if patches.shape else 1
    keys = jax.random.split(key, depth)
    return VectorField(
        radius=radius if patches.shape else 0,
        activation=activation,
        linear=linear,
        first=_layer(inputs, width, key=keys[0]),
        blocks=tuple(_layer(near * width, width, key=k) for k in keys[1:]),
        out=silent_layer(width, outputs),
    )


def silent_layer(inputs: int, outputs: int) -> Layer:
    """Zeros."""
    return Layer(jnp.zeros((inputs, outputs), jnp.float32), jnp.zeros(outputs, jnp.float32))


def linear_start(
    patches: Patches, data: Paths, radius: int, spread: np.ndarray, *, key: PRNGKeyArray
) -> Layer:
    """Ridge regression of one-step increments on state and knobs.

    The increment of a fast decaying direction is at most the state itself, so a field that starts here has no rate far
    above one a step, however stiff the truth: an explicit solver can take it.
    """
    radius = radius if patches.shape else 0
    trajectories, length = data.seen.z.shape[:2]
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist())
    count = max(64, 20_000 // patches.sites)
    where = rng.integers(0, trajectories, count), rng.integers(0, length - 1, count)
    z = np.asarray(data.seen.z)
    targets = (z[where[0], where[1] + 1] - z[where]) / spread
    rows = _inputs(patches, radius, jnp.asarray(z[where]), data.seen.forced[where])
    return ridge_layer(np.asarray(rows), targets)


def ridge_layer(rows: np.ndarray, targets: np.ndarray) -> Layer:
    """The linear map from [..., input] to [..., output] by lightly damped least squares."""
    rows, targets = (np.asarray(a, float).reshape(-1, a.shape[-1]) for a in (rows, targets))
    weights, offset = ridge_path(rows, targets, (1e-6,))[0]
    return Layer(jnp.asarray(weights, jnp.float32), jnp.asarray(offset, jnp.float32))


def _layer(inputs: int, outputs: int, *, key: PRNGKeyArray) -> Layer:
    weights = jax.random.normal(key, (inputs, outputs), jnp.float32) / np.float32(np.sqrt(inputs))
    return Layer(weights, jnp.zeros(outputs, jnp.float32))


@eqx.filter_jit
def _inputs(patches: Patches, radius: int, z: Array, forced: Array) -> Array:
    return jax.vmap(functools.partial(field_input, patches, radius))(z, forced)
