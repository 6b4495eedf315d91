"""Windows: networks that see the last few states and give the next ones, and how they are trained.

The loss runs the network on its own output for a few steps (Brandstetter et al. 2022, arXiv 2202.03376).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.learner import Data
from gnomon.core.world import Obs
from gnomon.numerics.patches import Patches
from gnomon.spec.errors import BadData
from gnomon.training.trainer import Stage


class Sequences(NamedTuple):
    """Training trajectories, standardised.

    Attributes:
        z: [trajectory, time, site, channel].
        forced: [trajectory, time, site, input] knobs at every site.
    """

    z: Float[Array, "trajectory time site channel"]
    forced: Float[Array, "trajectory time site input"]


class Unrolled(eqx.Module):
    """Mean squared error of so many free steps, over the size of one increment.

    Attributes:
        predict: (model, window [delay, site, channel], forced [site, input]) -> increment [site, channel].
        spread: [channel] of one-step increments; errors are divided by it.
        noise: standard deviation of the noise added to the input window, in standardised units. The inputs already
            carry observation error; more of it teaches the network to pull back towards the attractor.
        delays: length of the window.
        steps: run freely.
    """

    predict: Callable[[Any, Array, Array], Array]
    spread: Array
    noise: Array
    delays: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)

    def __call__(
        self, model: Any, memory: Any, data: Sequences, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [window, 2]: trajectory and present moment."""

        def one(at: Array, key: PRNGKeyArray) -> Array:
            moments = at[1] + jnp.arange(1 - self.delays, self.steps + 1)
            z, forced = data.z[at[0], moments], data.forced[at[0], moments]
            past = z[: self.delays]
            window = past + self.noise * jax.random.normal(key, past.shape, past.dtype)

            def step(window: Array, n: Array) -> tuple[Array, Array]:
                new = window[-1] + self.predict(model, window, forced[self.delays - 1 + n])
                error = jnp.mean(((new - z[self.delays + n]) / self.spread) ** 2)
                return jnp.concatenate([window[1:], new[None]]), error

            _, errors = jax.lax.scan(step, window, jnp.arange(self.steps))
            # bounded growth: each lead counts the same once its error is of the size of an increment
            return jnp.mean(errors / (1.0 + jax.lax.stop_gradient(errors)))

        return jnp.mean(jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))), memory


def unrolled_stage(loss: Unrolled, data: Sequences, *, updates: int, snapshots: int, batch: int) -> Stage:
    """A stage on windows drawn anywhere in the training trajectories."""
    return Stage(loss, draw_moments(data, loss.delays, loss.steps, batch), updates, snapshots)


def draw_moments(
    data: Sequences, past: int, ahead: int, batch: int
) -> Callable[[np.random.Generator, tuple[int, ...]], Array]:
    """Draws [..., batch, 2] trajectory and present moment, with so many states up to it and so many after."""
    trajectories, length = data.z.shape[:2]
    if length < past + ahead:
        raise BadData(f"trajectories need at least {past + ahead} observations to unroll, got {length}")

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        size = (*shape, batch)
        which = rng.integers(0, trajectories, size)
        return jnp.asarray(
            np.stack([which, rng.integers(past - 1, length - ahead, size)], axis=-1), jnp.int32
        )

    return draw


@eqx.filter_jit
def _standardised(patches: Patches, obs: Obs, knobs: dict[str, Array]) -> Sequences:
    return Sequences(patches.encode(obs), jax.vmap(jax.vmap(patches.forced))(knobs))


def sequences_of(patches: Patches, data: Data, *, rows: str = "train") -> Sequences:
    """Trajectories of training (or validation), as sites, in the precision of the patches."""
    dtype, picked = patches.mean.dtype, getattr(data, rows)
    obs = {k: jnp.asarray(v[picked], dtype) for k, v in data.obs.items()}
    knobs = {k: jnp.asarray(v[picked], dtype) for k, v in data.forcing.items()}
    return _standardised(patches, obs, knobs)


def cast(module: Any, dtype: Any) -> Any:
    """Every inexact array of a module in another precision."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype) if eqx.is_inexact_array(leaf) else leaf, module)
