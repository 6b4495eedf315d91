"""Teacher forcing: networks with a latent state, trained on long sequences without exploding gradients.

A chaotic system has no sequence length at which back-propagation through free steps is safe: the product of Jacobians
grows like exp(exponent * time). Forcing pulls the latent state towards the data at every step,

    z~ = (1 - a) z + a zbar,    z' = F(z~),

where zbar is what the inverted observation model makes of the data. Every Jacobian in the product is scaled by (1 - a),
so that with a >= 1 - 1 / sigma, sigma a bound on their norms, no product grows (generalised teacher forcing: Hess et
al. 2023, arXiv 2306.04406, ICML). a = 1 at every so many steps and 0 between is sparse forcing (Mikhaeil et al. 2022,
arXiv 2110.07238); a = 0 is plain back-propagation through time.
"""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.spec.errors import BadSpec
from gnomon.training.forced_estimates import ESTIMATORS, AbstractCell, best_forcing, jacobian_norm
from gnomon.training.trainer import Stage
from gnomon.training.windows import Sequences, draw_moments


class AbstractForcedCell(AbstractCell):
    """A latent state, its step and how it is observed.

    The first coordinates of the state, as many as `signals` gives, are the ones that are forced.
    """

    @abc.abstractmethod
    def observe(self, state: Float[Array, " latent"]) -> Float[Array, " channel"]:
        """What the state looks like."""

    @abc.abstractmethod
    def signals(self, seen: Float[Array, "... channel"]) -> Float[Array, "... forced"]:
        """The inverted observation model: the coordinates that an observation tells; any leading axes."""

    @abc.abstractmethod
    def ready(self) -> "AbstractForcedCell":
        """The same map with whatever does not change along a run worked out."""

    @abc.abstractmethod
    def penalty(self) -> Float[Array, ""]:
        """Of the weights, for the regulariser; 0 where the method has none."""


def forced(state: Array, signal: Array, level: Array | float) -> Array:
    """The state pulled towards a signal; coordinates that the signal does not tell stay as they are."""
    known = signal.shape[0]
    pulled = (1.0 - level) * state[:known] + level * signal
    return jnp.concatenate([pulled, state[known:]]) if known < state.shape[0] else pulled


def driven(cell: AbstractForcedCell, seen: Array, inputs: Array, levels: Array) -> tuple[Array, Array]:
    """A run along data: observations predicted one step ahead, and the last state, pulled towards the last datum.

    Args:
        cell: that runs.
        seen: [time, channel] the data, the first of which starts the state.
        inputs: [time - 1, input] external inputs of each step.
        levels: [time - 1] strength of the pull at the end of each step.
    """
    cell = cell.ready()
    signals = cell.signals(seen)

    def step(state: Array, at: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        given, signal, level = at
        new = cell.step(state, given)
        return forced(new, signal, level), new

    first = forced(cell.start(seen[0]), signals[0], 1.0)
    last, states = jax.lax.scan(step, first, (inputs, signals[1:], levels))
    return jax.vmap(cell.observe)(states), last


class TeacherForced(eqx.Module):
    """Mean squared one-step-ahead error along sequences under forcing; a loss for the trainer.

    With an estimator the strength is adaptive: every so many updates a* = max(0, 1 - 1 / sigma) is estimated, taken at
    once where it is above the present strength, and else approached geometrically. The strength lives in the trainer's
    memory.

    Attributes:
        level: strength of the pull, or the first where it is adaptive.
        noise: standard deviation of what is added to the data that start and force the state.
        weight: of the latent regulariser.
        decay: share of the old strength that is kept where the estimate is below it.
        length: steps of a sequence.
        interval: steps from one pull to the next; 1 pulls at every step.
        warm: steps at the start of a sequence, forced fully, whose errors do not count.
        estimator: one of ESTIMATORS, or "fixed".
        every: updates from one estimate to the next.
        updates: of the whole training.
    """

    level: Array
    noise: Array
    weight: Array
    decay: Array
    length: int = eqx.field(static=True)
    interval: int = eqx.field(static=True)
    warm: int = eqx.field(static=True)
    estimator: str = eqx.field(static=True)
    every: int = eqx.field(static=True)
    updates: int = eqx.field(static=True)

    def __init__(
        self,
        *,
        level: float,
        length: int,
        updates: int,
        noise: float = 0.0,
        weight: float = 0.0,
        decay: float = 0.999,
        interval: int = 1,
        warm: int = 0,
        estimator: str = "fixed",
        every: int = 5,
    ):
        """Checked."""
        if estimator not in ("fixed", *ESTIMATORS):
            raise BadSpec(
                f"the strength of forcing is fixed or one of {', '.join(ESTIMATORS)}, got {estimator!r}"
            )
        if not 0.0 <= level <= 1.0 or not 0.0 <= decay < 1.0:
            raise BadSpec(f"forcing needs 0 <= level <= 1 and 0 <= decay < 1, got {level} and {decay}")
        if min(length, interval, every, updates) < 1 or not 0 <= warm < length:
            raise BadSpec(
                "forcing needs length, interval, every and updates of at least 1 and 0 <= warm < length"
            )
        self.level, self.noise, self.weight, self.decay = (
            jnp.float32(x) for x in (level, noise, weight, decay)
        )
        self.length, self.interval, self.warm = length, interval, warm
        self.estimator, self.every, self.updates = estimator, every, updates

    @property
    def memory(self) -> Array:
        """What the trainer carries at the start: the strength."""
        return self.level

    def __call__(
        self,
        cell: AbstractForcedCell,
        memory: Array,
        data: Sequences,
        rows: Array,
        progress: Array,
        key: PRNGKeyArray,
    ) -> tuple[Array, Array]:
        """`rows` is [sequence, 2]: trajectory and first moment; the world is one site."""
        moments = rows[:, 1:] + jnp.arange(self.length + 1)
        seen = data.z[rows[:, :1], moments, 0]
        inputs = data.forced[rows[:, :1], moments[:, :-1], 0]
        taught = seen + self.noise * jax.random.normal(key, seen.shape, seen.dtype)
        level = self._level(cell, memory, taught, inputs, progress)
        levels = level * self._pattern()
        ready = cell.ready()  # once for the minibatch
        found, _ = jax.vmap(lambda x, u: driven(ready, x, u, levels))(taught, inputs)
        errors = jnp.mean((found - seen[:, 1:])[:, self.warm :] ** 2)
        return errors + self.weight * cell.penalty(), level

    def _pattern(self) -> np.ndarray:
        """[step] 1 where the state is pulled at the end of a step."""
        ends = np.arange(1, self.length + 1)
        return (ends % self.interval == 0).astype(np.float32)

    def _level(
        self, cell: AbstractForcedCell, memory: Array, seen: Array, inputs: Array, progress: Array
    ) -> Array:
        if self.estimator == "fixed":
            return memory

        def estimated(old: Array) -> Array:
            still = jax.lax.stop_gradient(cell)
            new = best_forcing(jacobian_norm(still, self.estimator, seen[:, :-1], inputs))
            return jnp.where(new > old, new, self.decay * old + (1.0 - self.decay) * new).astype(old.dtype)

        # The condition depends on the count of updates alone, which all seeds share: it stays a branch under vmap.
        due = jnp.round(progress * self.updates).astype(jnp.int32) % self.every == 0
        return jax.lax.stop_gradient(jax.lax.cond(due, estimated, lambda old: old, memory))


def forced_stage(loss: TeacherForced, data: Sequences, *, snapshots: int, batch: int) -> Stage:
    """A stage on sequences drawn anywhere in the training trajectories."""
    return Stage(loss, draw_moments(data, 1, loss.length, batch), loss.updates, snapshots)


def gradient_norm(loss: Any, cell: AbstractForcedCell, data: Sequences, rows: Array) -> Array:
    """Norm of the gradient of a forced loss with respect to all weights, without noise."""
    weights, static = eqx.partition(cell, eqx.is_inexact_array)

    def cost(weights: Any) -> Array:
        progress = jnp.full((), 0.5 / loss.updates)  # no estimate is due
        return loss(eqx.combine(weights, static), loss.level, data, rows, progress, jax.random.key(0))[0]

    leaves = jax.tree.leaves(jax.grad(cost)(weights))
    return jnp.sqrt(jnp.asarray([jnp.sum(g**2) for g in leaves]).sum())
