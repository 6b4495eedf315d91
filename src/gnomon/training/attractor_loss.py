"""Losses on the attractor: states of free runs should be distributed as those of the data.

Two terms (Schiff et al. 2024, arXiv 2402.04467, as used by Liu et al. 2025, arXiv 2505.23863), both a maximum mean
discrepancy over the windows of a minibatch: *conditional*, runs at a lead against the truth at the same
lead; *unconditional*, runs at a lead against the states they started from, since an invariant
measure does not move. The idea of judging learned chaos by its invariant measure while training is Jiang et al. 2023
(arXiv 2306.01187).

What misleads: a minibatch of B states resolves the measure to 1 / sqrt(B) only. A model that holds the mean
and spread of the data scores well on every lead, so these terms correct a drift; they do not find
the dynamics. Both are used beside an error.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.training.multi_token import Predict, run_free
from gnomon.training.trainer import Stage
from gnomon.training.windows import Sequences, draw_moments

SCALES = (0.2, 0.5, 0.9, 1.3)  # of the kernel, in standard deviations of the data


def discrepancy(
    first: Float[Array, "row channel"],
    second: Float[Array, "row channel"],
    scales: tuple[float, ...] = SCALES,
) -> Float[Array, ""]:
    """Squared maximum mean discrepancy (biased, never negative), rational quadratic kernels summed over scales."""

    def kernel(a: Array, b: Array) -> Array:
        far = jnp.sum((a[:, None] - b[None]) ** 2, axis=-1)
        return sum(jnp.mean(s * s / (s * s + far)) for s in scales)  # pyright: ignore[reportReturnType]

    return kernel(first, first) + kernel(second, second) - 2.0 * kernel(first, second)


class OnAttractor(eqx.Module):
    """Mean of the squared error of a free run and both discrepancies, over a horizon that grows with the progress.

    On a world of many sites every site of every window is one state of its channels.

    Attributes:
        predict: as in MultiToken.
        noise: added to the first window, in standardised units.
        conditional: weight of runs against the truth at the same lead; that of the error is 1.
        unconditional: weight of runs against the states they started from.
        begin: progress of the whole training at which one call counts.
        grown: progress at which all calls do.
        context: length of the window.
        consume: states taken from one call.
        calls: of the network.
    """

    predict: Predict
    noise: Array
    conditional: Array
    unconditional: Array
    begin: Array
    grown: Array
    context: int = eqx.field(static=True)
    consume: int = eqx.field(static=True)
    calls: int = eqx.field(static=True)

    def __call__(
        self, model: Any, memory: Any, data: Sequences, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [window, 2]: trajectory and present moment."""
        steps = self.calls * self.consume

        def one(at: Array, key: PRNGKeyArray) -> tuple[Array, Array, Array]:
            moments = at[1] + jnp.arange(1 - self.context, steps + 1)
            z, forced = data.z[at[0], moments], data.forced[at[0], moments]
            past = z[: self.context]
            window = past + self.noise * jax.random.normal(key, past.shape, past.dtype)
            return (
                run_free(self.predict, model, window, forced, self.consume, self.calls),
                z[self.context :],
                past[-1],
            )

        run, truth, start = jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))
        channels = run.shape[-1]

        def at_lead(run: Array, truth: Array) -> tuple[Array, Array]:
            a, b, c = (x.reshape(-1, channels) for x in (run, truth, start))
            return discrepancy(a, b), discrepancy(a, c)

        # the discrepancies at the end of each call; the error at every lead
        last = slice(self.consume - 1, None, self.consume)
        error = jnp.mean((run - truth) ** 2, axis=(0, 2, 3)).reshape(self.calls, self.consume).mean(1)
        same, still = jax.vmap(at_lead, in_axes=(1, 1))(run[:, last], truth[:, last])
        total = error + self.conditional * same + self.unconditional * still
        # the size of the loss stays that of an error, or the optimiser would be thrown at the start of a stage
        total = total / (1.0 + self.conditional + self.unconditional)
        share = self._active(progress)
        total = jnp.where(share > 0, total, 0.0)  # zero times a run that blew up is not zero
        return jnp.sum(share * total) / jnp.sum(share), memory

    def _active(self, progress: Array) -> Array:
        grown = (progress - self.begin) / jnp.maximum(self.grown - self.begin, 1e-6)
        reach = 1.0 + (self.calls - 1) * jnp.clip(grown, 0.0, 1.0)
        return (jnp.arange(self.calls) < reach).astype(jnp.result_type(progress))


def attractor_stage(loss: OnAttractor, data: Sequences, *, updates: int, snapshots: int, batch: int) -> Stage:
    """A stage of free runs that start anywhere in the training trajectories."""
    return Stage(loss, draw_moments(data, loss.context, loss.calls * loss.consume, batch), updates, snapshots)
