"""Loss along short paths that start from observed states: multiple shooting, for models that solve an equation."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import Data
from gnomon.numerics.patches import Patches
from gnomon.training.trainer import Stage
from gnomon.training.windows import Sequences, draw_moments, sequences_of


class Paths(NamedTuple):
    """Training trajectories.

    Attributes:
        seen: standardised states, and knobs at every site.
        knobs: knob -> [trajectory, time], in its own units.
        time: [time].
    """

    seen: Sequences
    knobs: Knobs
    time: Float[Array, " time"]


class Course(NamedTuple):
    """What drives one path: its observations are `steps` + 1 moments.

    Attributes:
        forced: [moment, site, input] standardised knobs at every site.
        forcing: the same in the world's own units.
        time: [moment].
    """

    forced: Float[Array, "moment site input"]
    forcing: Forcing
    time: Float[Array, " moment"]


class PathLoss(eqx.Module):
    """Mean squared error along a path, over the size of one increment, plus a penalty that is annealed.

    Attributes:
        solve: (model, start [site, channel], course, key) -> (states [step, site, channel], penalty).
        spread: [channel] of one-step increments; errors are divided by it.
        noise: standard deviation of the noise added to the start, in standardised units.
        strength: of the penalty at the beginning of the training.
        final: of the penalty at its end; the strength falls (or rises) exponentially in between.
        steps: of a path.
    """

    solve: Callable[[Any, Array, Course, PRNGKeyArray], tuple[Array, Array]]
    spread: Array
    noise: Array
    strength: Array
    final: Array
    steps: int = eqx.field(static=True)

    def __call__(
        self, model: Any, memory: Any, data: Paths, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [path, 2]: trajectory and first moment."""

        def one(at: Array, key: PRNGKeyArray) -> tuple[Array, Array]:
            noise_key, solve_key = jax.random.split(key)
            truth, course = course_of(data, at, self.steps)
            start = truth[0] + self.noise * jax.random.normal(noise_key, truth[0].shape, truth.dtype)
            states, penalty = self.solve(model, start, course, solve_key)
            errors = jnp.mean(((states - truth[1:]) / self.spread) ** 2, axis=(1, 2))
            # bounded growth: each lead counts the same once its error is of the size of an increment
            return jnp.mean(errors / (1.0 + jax.lax.stop_gradient(errors))), penalty

        errors, penalties = jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))
        share = self.final / jnp.maximum(self.strength, 1e-30)
        weight = jnp.where(self.strength > 0, self.strength * share**progress, 0.0)
        return jnp.mean(errors) + weight * jnp.mean(penalties), memory


def course_of(data: Paths, at: Array, steps: int) -> tuple[Array, Course]:
    """[steps + 1, site, channel] observed states from a trajectory and moment on, and what drove them."""
    moments = at[1] + jnp.arange(steps + 1)
    time = data.time[moments]
    knobs = {k: v[at[0], moments] for k, v in data.knobs.items()}
    forcing = Forcing(times={k: time for k in knobs}, values=knobs)
    return data.seen.z[at[0], moments], Course(data.seen.forced[at[0], moments], forcing, time)


def paths_of(patches: Patches, data: Data, *, rows: str = "train") -> Paths:
    """Trajectories of training (or validation), in the precision of the patches."""
    dtype, picked = patches.mean.dtype, getattr(data, rows)
    knobs = {k: jnp.asarray(v[picked], dtype) for k, v in data.forcing.items()}
    return Paths(sequences_of(patches, data, rows=rows), knobs, jnp.asarray(data.time, dtype))


def path_stages(loss: PathLoss, data: Paths, *, updates: int, batch: int, steps: int) -> tuple[Stage, ...]:
    """A curriculum: single steps for half of the updates, then paths of so many steps."""
    if steps == 1 or updates < 4:
        return (path_stage(loss, data, updates=updates, snapshots=min(3, updates), batch=batch, steps=steps),)
    half = updates // 2
    rest = updates - half
    return (
        path_stage(loss, data, updates=half, snapshots=1, batch=batch, steps=1),
        path_stage(loss, data, updates=rest, snapshots=min(3, rest), batch=batch, steps=steps),
    )


def path_stage(loss: PathLoss, data: Paths, *, updates: int, snapshots: int, batch: int, steps: int) -> Stage:
    """A stage on paths that start anywhere in the training trajectories."""
    return Stage(
        dataclasses.replace(loss, steps=steps), draw_moments(data.seen, 1, steps, batch), updates, snapshots
    )


def spread_of(data: Paths) -> np.ndarray:
    """[channel] standard deviation of the observed standardised increments."""
    z = np.asarray(data.seen.z, float)
    return np.maximum(np.diff(z, axis=1).std((0, 1, 2)), 1e-12)
