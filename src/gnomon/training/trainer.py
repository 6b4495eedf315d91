"""The one trainer: Adam on minibatches of short unrolled runs, one compilation, the best validation snapshot kept.

Single precision throughout: the observation error of the data is far above it, and it halves the cost.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.spec.errors import BadData
from gnomon.training.free_run import Verdict


class Sequences(NamedTuple):
    """Training trajectories in single precision, standardised.

    Attributes:
        z: [trajectory, time, site, channel].
        forced: [trajectory, time, site, input] knobs at every site.
    """

    z: Float[Array, "trajectory time site channel"]
    forced: Float[Array, "trajectory time site input"]


class Phase(NamedTuple):
    """One part of the training.

    Attributes:
        unroll: steps run freely from each sampled window.
        updates: of the weights.
        snapshots: how often validation is asked.
    """

    unroll: int
    updates: int
    snapshots: int


class Rates(NamedTuple):
    """Numbers that may change from setting to setting without a new compilation.

    Attributes:
        peak: learning rate at the start; a cosine takes it to nearly 0 over all phases.
        noise: standard deviation of the noise added to the input window, in standardised units. The inputs already
            carry observation error; more of it teaches the network to pull back towards the attractor.
        decay: decoupled weight decay per unit of learning rate.
    """

    peak: Array
    noise: Array
    decay: Array


class _Carry(NamedTuple):
    model: Any
    moments: Any
    done: Array


_adam = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())


def train(
    model: Any,
    predict: Callable[[Any, Array, Array], Array],
    data: Sequences,
    phases: tuple[Phase, ...],
    rates: Rates,
    judge: Callable[[Any], Verdict],
    *,
    delays: int,
    batch: int,
    spread: Array,
    key: PRNGKeyArray,
) -> tuple[Any, Verdict, list[dict[str, float]]]:
    """Train and return the snapshot with the best verdict, that verdict, and the history of snapshots.

    Args:
        model: arrays in single precision.
        predict: (model, window [delay, site, channel], forced [site, input]) -> increment [site, channel].
        data: training trajectories.
        phases: one after the other; usually one step, then unrolled.
        rates: of this setting.
        judge: free-run validation of a snapshot.
        delays: length of the window.
        batch: windows in a minibatch.
        spread: of one-step increments; errors are divided by it.
        key: for minibatches and noise.
    """
    total = sum(p.updates for p in phases)
    carry = _Carry(model, _adam.init(eqx.filter(model, eqx.is_inexact_array)), jnp.zeros((), jnp.int32))
    best: tuple[Verdict, Any] | None = None
    history = []
    for number, phase in enumerate(phases):
        for part in range(phase.snapshots):
            stream = jax.random.fold_in(jax.random.fold_in(key, number), part)
            where = _draw(data, delays, phase.unroll, phase.updates // phase.snapshots, batch, key=stream)
            carry, losses = _part(
                carry, predict, data, where, rates, total, spread, delays, phase.unroll, stream
            )
            verdict = judge(carry.model)
            history.append({"unroll": phase.unroll, "loss": float(jnp.mean(losses)), **verdict.plain()})
            if best is None or verdict.rank < best[0].rank:
                best = (verdict, carry.model)
    if best is None:
        raise BadData("training needs at least one phase with one snapshot")
    return best[1], best[0], history


def _draw(data: Sequences, delays: int, unroll: int, updates: int, batch: int, *, key: PRNGKeyArray) -> Array:
    """[update, batch, 2] trajectory and present moment of every window."""
    trajectories, length = data.z.shape[:2]
    last = length - unroll - 1
    if last < delays - 1:
        raise BadData(
            f"trajectories need at least {delays + unroll + 1} observations to unroll, got {length}"
        )
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist())
    shape = (max(1, updates), batch)
    return jnp.asarray(
        np.stack([rng.integers(0, trajectories, shape), rng.integers(delays - 1, last + 1, shape)], axis=-1),
        jnp.int32,
    )


@eqx.filter_jit
def _part(
    carry: _Carry,
    predict: Callable[[Any, Array, Array], Array],
    data: Sequences,
    where: Array,
    rates: Rates,
    total: int,
    spread: Array,
    delays: int,
    unroll: int,
    key: PRNGKeyArray,
) -> tuple[_Carry, Array]:
    """A scan over minibatches."""
    dynamic, static = eqx.partition(carry.model, eqx.is_inexact_array)

    def one(model: Any, at: Array, key: PRNGKeyArray) -> Array:
        moments = at[1] + jnp.arange(1 - delays, unroll + 1)
        z, forced = data.z[at[0], moments], data.forced[at[0], moments]
        window = z[:delays] + rates.noise * jax.random.normal(key, z[:delays].shape, z.dtype)

        def step(window, n):
            increment = predict(model, window, forced[delays - 1 + n])
            new = window[-1] + increment
            return jnp.concatenate([window[1:], new[None]]), jnp.mean(((new - z[delays + n]) / spread) ** 2)

        _, errors = jax.lax.scan(step, window, jnp.arange(unroll))
        # bounded growth: each lead counts the same once its error is of the size of an increment
        return jnp.mean(errors / (1.0 + jax.lax.stop_gradient(errors)))

    def loss(dynamic: Any, rows: Array, key: PRNGKeyArray) -> Array:
        model = eqx.combine(dynamic, static)
        return jnp.mean(
            jax.vmap(one, in_axes=(None, 0, 0))(model, rows, jax.random.split(key, rows.shape[0]))
        )

    def update(state, rows):
        dynamic, moments, done = state
        value, slope = jax.value_and_grad(loss)(dynamic, rows, jax.random.fold_in(key, done))
        direction, moments = _adam.update(slope, moments)
        rate = rates.peak * (0.5 + 0.5 * jnp.cos(jnp.pi * done / total)).astype(jnp.float32)
        dynamic = jax.tree.map(lambda p, d: p - rate * (d + rates.decay * p), dynamic, direction)
        return (dynamic, moments, done + 1), value

    (dynamic, moments, done), losses = jax.lax.scan(update, (dynamic, carry.moments, carry.done), where)
    return _Carry(eqx.combine(dynamic, static), moments, done), losses
