"""Zero-shot forecasts beside what can be made of the same 64 observations, and beside the nulls."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.learners.pretrained import CONTEXT, Forecaster
from gnomon.training.free_run import THRESHOLD

NVAR_RIDGE = 1e-6
BESIDE = "trained again, "  # and on what:
CORPORA = ("catalogue", "invented")


class Windows(NamedTuple):
    """What every method sees, and nothing of what comes after.

    Attributes:
        z: [start, 64, channel] observations less their own mean, over their own spread.
        centre: [start, 1, channel] that mean.
        spread: [start, 1, channel].
    """

    z: np.ndarray
    centre: np.ndarray
    spread: np.ndarray

    def in_units(self, runs: np.ndarray) -> np.ndarray:
        """Runs from these windows in the units of the observations."""
        return self.centre + self.spread * runs


def windows_of(context: np.ndarray) -> Windows:
    """Each window of [start, 64, channel] observations is standardised by itself."""
    centre, spread = context.mean(1, keepdims=True), context.std(1, keepdims=True)
    spread = np.where(spread > 0, spread, 1.0)  # a channel that stands still
    return Windows((context - centre) / spread, centre, spread)


@functools.partial(jax.jit, static_argnums=2)
def pretrained_runs(network: Forecaster, context: jax.Array, steps: int) -> jax.Array:
    """[start, step, channel] from standardised contexts; the increments' size is that of the context itself."""

    def one(window: jax.Array) -> jax.Array:
        spread = jnp.maximum(jnp.std(jnp.diff(window, axis=0), axis=0), 1e-6)

        def step(window: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
            new = window[-1] + network(window, spread)
            return jnp.concatenate([window[1:], new[None]]), new

        return jax.lax.scan(step, window, None, length=steps)[1]

    return jax.vmap(one)(context)


def nvar_runs(context: np.ndarray, steps: int) -> np.ndarray:
    """Quadratic next-generation reservoir with two delays, fitted to each context alone."""
    out = []
    for window in context:
        design = np.stack([_monomials(window[t], window[t - 1]) for t in range(1, len(window) - 1)])
        target = window[2:] - window[1:-1]
        gram = design.T @ design + NVAR_RIDGE * len(design) * np.eye(design.shape[1])
        weights = np.linalg.solve(gram, design.T @ target)
        now, before, run = window[-1], window[-2], []
        for _ in range(steps):
            now, before = np.clip(now + _monomials(now, before) @ weights, -10, 10), now
            run.append(now)
        out.append(run)
    return np.asarray(out)


def _monomials(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    x = np.concatenate([now, now - before])
    return np.concatenate([[1.0], x, np.outer(x, x)[np.triu_indices(len(x))]])


def analogue_runs(context: np.ndarray, steps: int) -> np.ndarray:
    """The increment that followed the nearest earlier state of the context."""
    out = []
    for window in context:
        library, increments, now, run = window[:-1], np.diff(window, axis=0), window[-1], []
        for _ in range(steps):
            now = np.clip(now + increments[np.argmin(((library - now) ** 2).sum(1))], -10, 10)
            run.append(now)
        out.append(run)
    return np.asarray(out)


def forecasts(networks: dict[str, Forecaster], context: np.ndarray, steps: int) -> dict[str, np.ndarray]:
    """Every method's runs [start, step, channel] from standardised contexts [start, 64, channel].

    Climatology is what the same observations say of it, too: their mean.
    """
    return {
        **{
            name: np.asarray(pretrained_runs(network, jnp.asarray(context, jnp.float32), steps))
            for name, network in networks.items()
        },
        "nvar in context": nvar_runs(context.astype(float), steps),
        "analogue in context": analogue_runs(context.astype(float), steps),
        "persistence": np.repeat(context[:, -1:], steps, axis=1),
        "climatology": np.zeros((len(context), steps, context.shape[2])),
    }


def scores(runs: np.ndarray, truth: np.ndarray, lyapunov_steps: float) -> dict[str, float]:
    """Valid time in Lyapunov times and in steps, and the error after 15 steps (about half a period).

    Both in standard deviations of the system: the unit of the error, which no forecast sees.
    """
    error = np.sqrt(np.mean(np.clip(np.nan_to_num(runs - truth, nan=10.0), -10, 10) ** 2, axis=-1))
    past = error > THRESHOLD
    steps = np.where(past.any(1), past.argmax(1), error.shape[1])
    return {
        "valid_steps": float(steps.mean()),
        "valid_lyapunov": float(steps.mean() / lyapunov_steps),
        "error_15": float(error[:, 14].mean()),
    }


def compare(
    networks: dict[str, Forecaster],
    paths: dict[str, np.ndarray],
    lyapunov: dict[str, float],
    *,
    steps: int,
    noise: float = 0.0,
) -> dict[str, dict[str, dict[str, float]]]:
    """System -> method -> scores; one start a trajectory, standardised by its 64 (noisy) observations alone."""
    found = {}
    rng = np.random.default_rng(1)
    for name, path in paths.items():
        size = path.std((0, 1))
        error = noise * size * rng.standard_normal((len(path), CONTEXT, path.shape[2]))
        seen = windows_of(path[:, :CONTEXT] + error)
        truth = path[:, CONTEXT : CONTEXT + steps] / size
        found[name] = {
            method: scores(seen.in_units(runs) / size, truth, lyapunov[name])
            for method, runs in forecasts(networks, seen.z, steps).items()
        }
    return found


def table(found: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """Medians over systems with a bootstrap interval over systems, and how often each method is best."""
    names, methods = sorted(found), list(next(iter(found.values())))
    rng = np.random.default_rng(0)
    picks = rng.integers(0, len(names), (2000, len(names)))
    best = [max(methods, key=lambda m, n=n: found[n][m]["valid_steps"]) for n in names]
    lines = [
        f"{'method':<22}{'valid steps, median [95 %]':<32}{'Lyapunov times':<18}{'error at 15':<14}best of"
    ]
    for method in methods:
        steps = np.array([found[n][method]["valid_steps"] for n in names])
        low, high = np.percentile(np.median(steps[picks], axis=1), [2.5, 97.5])
        times = np.median([found[n][method]["valid_lyapunov"] for n in names])
        error = np.median([found[n][method]["error_15"] for n in names])
        told = f"{np.median(steps):.1f} [{low:.1f}, {high:.1f}]"
        lines.append(
            f"{method:<22}{told:<32}{times:<18.2f}{error:<14.3f}{best.count(method)} of {len(names)}"
        )
    return lines
