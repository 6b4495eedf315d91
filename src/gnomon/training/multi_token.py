"""Several tokens at once: losses of networks that see a window and give the next K states.

Predicting K states from one window makes the network look further than the next increment
(Gloeckle et al. 2024, arXiv 2404.19737, for language; Liu et al. 2025, arXiv 2505.23863, for chaos).
A causal network predicts at several positions of the window at once; each counts.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.training.trainer import Stage
from gnomon.training.windows import Sequences, draw_moments

Predict = Callable[[Any, Array, Array], tuple[Array, ...]]


class MultiToken(eqx.Module):
    """Mean squared error of the next K states, each over the spread of increments of its lead.

    Attributes:
        predict: (model, window [time, site, channel], forced [time, site, input]) -> one or more arrays
            [position, token, site, channel] of increments from the state at the position. The last position is the
            end of the window, those before are `stride` states apart. Arrays after the first are further
            predictions, of which `further` times the mean is added.
        spread: [token, channel] standard deviation of increments over so many steps.
        noise: added to the window, in standardised units. Targets are what was observed, so the
            network learns to pull back.
        weights: [token]; they are used as shares of their sum.
        further: weight of further predictions.
        context: length of the window.
        stride: states between positions.
    """

    predict: Predict
    spread: Float[Array, "token channel"]
    noise: Array
    weights: Float[Array, " token"]
    further: Array
    context: int = eqx.field(static=True)
    stride: int = eqx.field(static=True)

    @property
    def tokens(self) -> int:
        """States predicted from one position."""
        return self.spread.shape[0]

    def __call__(
        self, model: Any, memory: Any, data: Sequences, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [window, 2]: trajectory and present moment."""

        def one(at: Array, key: PRNGKeyArray) -> Array:
            moments = at[1] + jnp.arange(1 - self.context, self.tokens + 1)
            z, forced = data.z[at[0], moments], data.forced[at[0], moments[: self.context]]
            past = z[: self.context]
            window = past + self.noise * jax.random.normal(key, past.shape, past.dtype)
            errors = [self._error(g, window, z) for g in self.predict(model, window, forced)]
            rest = jnp.mean(jnp.stack(errors[1:])) if len(errors) > 1 else 0.0
            return errors[0] + self.further * rest

        return jnp.mean(jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))), memory

    def _error(self, guess: Array, window: Array, z: Array) -> Array:
        positions = self.context - 1 - self.stride * jnp.arange(guess.shape[0])[::-1]
        ahead = positions[:, None] + 1 + jnp.arange(self.tokens)
        missed = guess - (z[ahead] - window[positions][:, None])
        by_token = jnp.mean((missed / self.spread[:, None, :]) ** 2, axis=(0, 2, 3))
        return jnp.sum(self.weights * by_token) / jnp.sum(self.weights)


class FreeTokens(eqx.Module):
    """Mean squared error of a free run: each call's states enter the next window (student forcing).

    Errors are divided by the spread of one-step increments, and the gradient of each lead by one plus its error, so
    that late leads, whose errors grow, do not drown early ones.

    Attributes:
        predict: as in MultiToken.
        spread: [channel] of one-step increments.
        noise: added to the first window.
        context: length of the window.
        consume: states taken from one call.
        calls: of the network.
    """

    predict: Predict
    spread: Float[Array, " channel"]
    noise: Array
    context: int = eqx.field(static=True)
    consume: int = eqx.field(static=True)
    calls: int = eqx.field(static=True)

    def __call__(
        self, model: Any, memory: Any, data: Sequences, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [window, 2]: trajectory and present moment."""

        def one(at: Array, key: PRNGKeyArray) -> Array:
            moments = at[1] + jnp.arange(1 - self.context, self.calls * self.consume + 1)
            z, forced = data.z[at[0], moments], data.forced[at[0], moments]
            past = z[: self.context]
            window = past + self.noise * jax.random.normal(key, past.shape, past.dtype)
            run = run_free(self.predict, model, window, forced, self.consume, self.calls)
            errors = jnp.mean(((run - z[self.context :]) / self.spread) ** 2, axis=(1, 2))
            return jnp.mean(errors / (1.0 + jax.lax.stop_gradient(errors)))

        return jnp.mean(jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))), memory


def run_free(
    predict: Predict, model: Any, window: Array, forced: Array, consume: int, calls: int
) -> Float[Array, "step site channel"]:
    """States of a free run; `forced` covers the window and the run."""
    context = window.shape[0]

    def call(window: Array, n: Array) -> tuple[Array, Array]:
        now = jax.lax.dynamic_slice_in_dim(forced, n * consume, context)
        new = window[-1] + predict(model, window, now)[0][-1][:consume]
        return jnp.concatenate([window, new])[consume:], new

    _, run = jax.lax.scan(call, window, jnp.arange(calls))
    return run.reshape(calls * consume, *window.shape[1:])


def multi_token_stage(
    loss: MultiToken, data: Sequences, *, updates: int, snapshots: int, batch: int
) -> Stage:
    """A stage on windows drawn anywhere in the training trajectories."""
    return Stage(loss, draw_moments(data, loss.context, loss.tokens, batch), updates, snapshots)


def free_stage(loss: FreeTokens, data: Sequences, *, updates: int, snapshots: int, batch: int) -> Stage:
    """A stage of free runs that start anywhere in the training trajectories."""
    return Stage(loss, draw_moments(data, loss.context, loss.calls * loss.consume, batch), updates, snapshots)
