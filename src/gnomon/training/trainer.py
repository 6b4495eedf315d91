"""The one trainer: minibatches in compiled parts, the best snapshot by free run kept, many seeds at once.

A learner brings a loss, a way to draw minibatches and a judge; everything else is here: optimiser, schedule, clipping,
early stopping, progress, and a checkpoint after every part, so that a killed run goes on where it was. The
same key gives the same bits, interrupted or not.

Single precision unless the model's arrays are double: the observation error of most data is far above it, and it
halves the cost.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.attendance import attendance
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.checkpoint import load_checkpoint, save_checkpoint
from gnomon.training.free_run import Verdict

OPTIMISERS = {"adam": optax.scale_by_adam, "radam": optax.scale_by_radam}
SCHEDULES = ("cosine", "exponential", "constant")
CURVE = 25  # points of the loss curve that a part leaves in the log


class Recipe(NamedTuple):
    """How weights are found.

    Attributes:
        rate: learning rate at its highest.
        final: the rate at the end, as a share of the highest.
        schedule: one of SCHEDULES, over all stages together.
        warm_up: share of the updates over which the rate rises to its highest.
        optimiser: one of OPTIMISERS.
        clip: largest norm of a gradient; longer ones are shortened.
        decay: decoupled weight decay per unit of learning rate.
        patience: snapshots without a better verdict after which training stops; 0 never stops early.
    """

    rate: float = 1e-3
    final: float = 0.0
    schedule: str = "cosine"
    warm_up: float = 0.0
    optimiser: str = "adam"
    clip: float = 1.0
    decay: float = 0.0
    patience: int = 0


class Stage(NamedTuple):
    """One part of the training; a curriculum is several.

    Attributes:
        loss: (model, memory, data, rows, progress, key) -> (value, memory). `rows` is one minibatch as drawn,
            `progress` goes from 0 to 1 over all stages, `memory` is what the loss carries from update to update.
        draw: (generator, shape) -> a tree of arrays whose leading axes are `shape`: indices of minibatches.
        updates: of the weights.
        snapshots: how often the judge is asked.
    """

    loss: Callable[[Any, Any, Any, Any, Array, PRNGKeyArray], tuple[Array, Any]]
    draw: Callable[[np.random.Generator, tuple[int, ...]], Any]
    updates: int
    snapshots: int


class Trained(NamedTuple):
    """What training gave, for one seed.

    Attributes:
        model: the snapshot with the best verdict.
        verdict: of that snapshot.
        history: a row a snapshot: stage, updates so far, mean loss, largest gradient norm, loss curve, verdict.
    """

    model: Any
    verdict: Verdict
    history: list[dict[str, Any]]


class _Carry(NamedTuple):
    weights: Any
    moments: Any
    memory: Any
    done: Array


class _Rates(NamedTuple):
    peak: Array
    final: Array
    warm_up: Array
    clip: Array
    decay: Array


def fit_weights(
    models: Sequence[Any],
    stages: Sequence[Stage],
    data: Any,
    judge: Callable[[Any], Verdict],
    recipe: Recipe = Recipe(),  # noqa: B008
    *,
    memory: Any = (),
    name: str = "training",
    key: PRNGKeyArray,
) -> list[Trained]:
    """Train models of one structure side by side, each with minibatches and noise of its own.

    Args:
        models: one a seed; they differ in their arrays only.
        stages: one after the other.
        data: handed to the loss as it is.
        judge: free-run validation of a model.
        recipe: optimiser, rates, patience.
        memory: what the loss carries at the start.
        name: told to whoever watches, and the name of the checkpoint; unique within one fit.
        key: for minibatches and whatever the loss draws.
    """
    _check(models, stages, recipe)
    static = eqx.partition(models[0], eqx.is_inexact_array)[1]
    carry = _start(models, recipe, memory)
    total = sum(s.updates for s in stages)
    rates = _Rates(
        *(jnp.float32(x) for x in (recipe.rate, recipe.final, recipe.warm_up, recipe.clip, recipe.decay))
    )
    numbers = _key_numbers(key)
    best: list[Any] = [eqx.filter(m, eqx.is_inexact_array) for m in models]
    histories: list[list[dict[str, Any]]] = [[] for _ in models]
    watch, folder = attendance()
    # Whatever decides the bits is in the name of the place, or a checkpoint of another training might be taken up.
    begins = hashlib.sha256(b"".join(np.asarray(w).tobytes() for w in jax.tree.leaves(best))).hexdigest()
    identity = f"{name} {recipe} {[(s.updates, s.snapshots) for s in stages]} {numbers} {begins}"
    begun, (carry, best), histories = load_checkpoint(folder, identity, (carry, best), histories)
    parts = [(n, p) for n, s in enumerate(stages) for p in range(s.snapshots)]
    for at in range(begun, len(parts)):
        if recipe.patience and all(_stale(h) >= recipe.patience for h in histories):
            break
        number, part = parts[at]
        stage = stages[number]
        updates = _share(stage.updates, stage.snapshots, part)
        rows = stage.draw(np.random.default_rng([*numbers, number, part]), (updates, len(models)))
        stream = jax.random.fold_in(jax.random.fold_in(key, number), part)
        kind = (recipe.optimiser, recipe.schedule)
        carry, losses, norms = _part(carry, static, stage.loss, data, rows, rates, total, kind, stream)
        losses, norms = np.asarray(losses), np.asarray(norms)
        for i, history in enumerate(histories):
            weights = jax.tree.map(lambda leaf, i=i: leaf[i], carry.weights)
            verdict = judge(eqx.combine(weights, static))
            if not history or verdict.rank < min(_verdict(row).rank for row in history):
                best[i] = weights
            history.append(_row(number, int(carry.done), losses[:, i], norms[:, i], verdict))
        save_checkpoint(folder, identity, at + 1, (carry, best), histories)
        watch.check(f"{name}: loss {losses[-1].mean():.3g}", (at + 1) / len(parts))
    return [
        Trained(eqx.combine(b, static), min((_verdict(r) for r in h), key=lambda v: v.rank), h)
        for b, h in zip(best, histories, strict=True)
    ]


def _check(models: Sequence[Any], stages: Sequence[Stage], recipe: Recipe) -> None:
    if not models or not stages or any(s.snapshots < 1 for s in stages):
        raise BadData("training needs at least one model and one stage with one snapshot")
    if any(s.updates < s.snapshots for s in stages):
        raise BadSpec("a stage of training needs at least as many updates as snapshots")
    if recipe.optimiser not in OPTIMISERS or recipe.schedule not in SCHEDULES:
        raise BadSpec(
            f"a recipe takes an optimiser of {', '.join(OPTIMISERS)} and a schedule of {', '.join(SCHEDULES)}, "
            f"got {recipe.optimiser!r} and {recipe.schedule!r}"
        )


def _start(models: Sequence[Any], recipe: Recipe, memory: Any) -> _Carry:
    weights = [eqx.filter(m, eqx.is_inexact_array) for m in models]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *weights)
    moments = jax.vmap(OPTIMISERS[recipe.optimiser]().init)(stacked)
    kept = jax.tree.map(lambda leaf: jnp.broadcast_to(leaf, (len(models), *jnp.shape(leaf))) + 0, memory)
    return _Carry(stacked, moments, kept, jnp.zeros((), jnp.int32))


def _share(updates: int, snapshots: int, part: int) -> int:
    return updates * (part + 1) // snapshots - updates * part // snapshots


def _key_numbers(key: PRNGKeyArray) -> list[int]:
    return np.asarray(jax.random.key_data(key)).ravel().tolist()


def _row(stage: int, done: int, losses: np.ndarray, norms: np.ndarray, verdict: Verdict) -> dict[str, Any]:
    pieces = np.array_split(losses, min(CURVE, len(losses)))
    finite = norms[np.isfinite(norms)]
    return {
        "stage": stage,
        "updates": done,
        "loss": _plain(losses.mean()),
        "curve": [_plain(p.mean()) for p in pieces],
        "gradient": _plain(finite.max() if len(finite) else np.inf),
        **verdict.plain(),
    }


def _plain(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _verdict(row: dict[str, Any]) -> Verdict:
    return Verdict(row["valid_time"], row["nrmse"], row["diverged"])


def _stale(history: list[dict[str, Any]]) -> int:
    ranks = [_verdict(row).rank for row in history]
    return len(ranks) - 1 - ranks.index(min(ranks)) if ranks else 0


@eqx.filter_jit
def _part(
    carry: _Carry,
    static: Any,
    loss: Any,
    data: Any,
    rows: Any,
    rates: _Rates,
    total: int,
    kind: tuple[str, str],
    key: PRNGKeyArray,
) -> tuple[_Carry, Array, Array]:
    """A scan over minibatches; losses and norms of gradients are [update, seed]."""
    optimiser, schedule = kind
    rule = OPTIMISERS[optimiser]()

    def cost(weights: Any, memory: Any, rows: Any, progress: Array, key: PRNGKeyArray) -> tuple[Array, Any]:
        return loss(eqx.combine(weights, static), memory, data, rows, progress, key)

    def one(weights: Any, moments: Any, memory: Any, rows: Any, done: Array, key: PRNGKeyArray) -> Any:
        progress = done / total
        before = (weights, moments, memory)
        (value, memory), slope = jax.value_and_grad(cost, has_aux=True)(weights, memory, rows, progress, key)
        norm = optax.tree.norm(slope)
        sound = jnp.isfinite(norm)
        shrink = jnp.minimum(1.0, rates.clip / jnp.maximum(norm, 1e-30))
        direction, moments = rule.update(jax.tree.map(lambda g: g * shrink, slope), moments)
        rate = rate_at(schedule, rates.peak, rates.final, rates.warm_up, progress)
        weights = jax.tree.map(
            lambda w, d: w - (rate * (d + rates.decay * w)).astype(w.dtype), weights, direction
        )
        # One minibatch that blows up must not spoil weights, moments or memory for ever: it did not happen.
        kept = jax.tree.map(lambda new, old: jnp.where(sound, new, old), (weights, moments, memory), before)
        return kept, (value, norm)

    def update(carry: _Carry, rows: Any) -> Any:
        seeds = jax.tree.leaves(carry.weights)[0].shape[0]
        keys = jax.random.split(jax.random.fold_in(key, carry.done), seeds)
        (weights, moments, memory), told = jax.vmap(one, in_axes=(0, 0, 0, 0, None, 0))(
            carry.weights, carry.moments, carry.memory, rows, carry.done, keys
        )
        return _Carry(weights, moments, memory, carry.done + 1), told

    carry, (losses, norms) = jax.lax.scan(update, carry, rows)
    return carry, losses, norms


def rate_at(schedule: str, peak: Array, final: Array, warm_up: Array, progress: Array) -> Array:
    """The learning rate at a share of the training."""
    rising = jnp.minimum(1.0, (progress + 1e-3) / jnp.maximum(warm_up, 1e-3)) if schedule else 1.0
    if schedule == "cosine":
        shape = final + (1.0 - final) * (0.5 + 0.5 * jnp.cos(jnp.pi * progress))
    elif schedule == "exponential":
        shape = jnp.maximum(final, 1e-6) ** progress
    else:
        shape = jnp.ones(())
    return peak * jnp.where(warm_up > 0, rising, 1.0) * shape
