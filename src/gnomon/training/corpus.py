"""Corpus: trajectories of many systems for one model, the split of the systems, and the loss on windows of them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.spec.errors import BadData
from gnomon.training.trainer import Stage

EVERY = 4  # in alphabetical order, every fourth system is held out
# The Lorenz equations under other names and parameters: held out, so that Lorenz-63 is not among the trained ones.
LORENZ = ("laser", "lorenz_bounded", "rayleigh_benard")


class Split(NamedTuple):
    """Names of systems."""

    trained: tuple[str, ...]
    held_out: tuple[str, ...]


def split_systems(names: Sequence[str]) -> Split:
    """The fixed split: every fourth name and the relatives of Lorenz-63 are held out."""
    ordered = sorted(names)
    held = set(ordered[EVERY - 1 :: EVERY]) | (set(LORENZ) & set(ordered))
    return Split(tuple(n for n in ordered if n not in held), tuple(n for n in ordered if n in held))


class Corpus(NamedTuple):
    """Trajectories of many systems, standardised by system.

    Attributes:
        z: [trajectory, time, channel].
        spread: [trajectory, channel] standard deviation of one-step increments.
    """

    z: Float[Array, "trajectory time channel"]
    spread: Float[Array, "trajectory channel"]


def corpus_of(paths: Sequence[Float[np.ndarray, "trajectory time channel"]]) -> Corpus:
    """One array a system, with as many trajectories as one likes but the same length and number of channels."""
    if not paths:
        raise BadData("a corpus needs at least one system")
    z, spread = [], []
    for path in paths:
        mean, std = path.mean((0, 1)), path.std((0, 1))
        scaled = (path - mean) / np.where(std > 0, std, 1.0)
        z.append(scaled)
        size = np.maximum(np.diff(scaled, axis=1).std((0, 1)), 1e-6)
        spread.append(np.broadcast_to(size, (len(path), path.shape[2])))
    return Corpus(
        jnp.asarray(np.concatenate(z), jnp.float32), jnp.asarray(np.concatenate(spread), jnp.float32)
    )


class ManySystems(eqx.Module):
    """Error of so many free steps over the size of as many increments, on windows of any system.

    Each window is shown in a random order of its channels and with random signs, since neither means anything, with a
    random observation error, and at its own time step or at twice that.

    Attributes:
        predict: (model, window [context, channel], spread [channel]) -> increment [channel].
        noise: largest standard deviation of the noise added to the window, standardised.
        context: length of the window.
        steps: run freely.
    """

    predict: Callable[[Any, Array, Array], Array]
    noise: Array
    context: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)

    def __call__(
        self, model: Any, memory: Any, data: Corpus, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` is [window, 3]: trajectory, first moment, stride."""

        def one(at: Array, key: PRNGKeyArray) -> Array:
            order_key, sign_key, size_key, noise_key = jax.random.split(key, 4)
            moments = at[1] + at[2] * jnp.arange(self.context + self.steps)
            order = jax.random.permutation(order_key, data.z.shape[-1])
            sign = jax.random.rademacher(sign_key, (data.z.shape[-1],), data.z.dtype)
            z = data.z[at[0], moments][:, order] * sign
            spread = at[2] * data.spread[at[0]][order]
            past = z[: self.context]
            size = self.noise * jax.random.uniform(size_key, (), past.dtype) ** 2
            window = past + size * jax.random.normal(noise_key, past.shape, past.dtype)

            def step(window: Array, n: Array) -> tuple[Array, Array]:
                new = window[-1] + self.predict(model, window, spread)
                error = jnp.mean(
                    ((new - z[self.context + n]) / (spread * (1.0 + n.astype(spread.dtype)))) ** 2
                )
                return jnp.concatenate([window[1:], new[None]]), error

            _, errors = jax.lax.scan(step, window, jnp.arange(self.steps))
            # Some systems are far easier than others; bounded, each counts about the same.
            return jnp.mean(errors / (0.3 + errors))

        return jnp.mean(jax.vmap(one)(rows, jax.random.split(key, rows.shape[0]))), memory


def corpus_stage(loss: ManySystems, data: Corpus, *, updates: int, snapshots: int, batch: int) -> Stage:
    """A stage on windows drawn anywhere, at strides 1 and 2."""
    trajectories, length = data.z.shape[:2]
    need = loss.context + loss.steps
    if length <= 2 * need:
        raise BadData(f"trajectories of a corpus need more than {2 * need} observations, got {length}")

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        size = (*shape, batch)
        stride = rng.integers(1, 3, size)
        first = (rng.random(size) * (length - stride * need)).astype(int)
        return jnp.asarray(np.stack([rng.integers(0, trajectories, size), first, stride], -1), jnp.int32)

    return Stage(loss, draw, updates, snapshots)
