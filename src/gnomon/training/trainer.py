"""The one trainer: minibatches in compiled parts, the best snapshot by free run kept, many seeds at once.

A learner brings a loss, a way to draw minibatches and a judge; everything else is here: optimiser, schedule, clipping,
progress, and a checkpoint after every part, so that a killed run goes on where it was. The same key gives the same
bits, interrupted or not. Training never ends early: the rate follows its schedule to the end, and the best snapshot
is kept (docs/scaling.md replays on `residual` and `shallow_plrnn` what a patience would have saved and cost).

Single precision unless the model's arrays are double: the observation error of most data is far above it, and it
halves the cost.
"""

import functools
import hashlib
import math
import re
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
from gnomon.training.mixed_precision import products_in_bfloat16

OPTIMISERS = {"adam": optax.scale_by_adam, "radam": optax.scale_by_radam}
SCHEDULES = ("cosine", "exponential", "constant")
PRECISIONS = ("full", "bfloat16")
CURVE = 25  # points of the loss curve that a part leaves in the log
# An update of a small network is a hundred short loops: to optimise them fully costs seconds and gained nothing where
# it was measured (shallow_plrnn, residual, lstm, transformer); matrix products are calls into a library anyway.
QUICK = {"cpu": {"xla_backend_optimization_level": 1, "xla_cpu_use_fusion_emitters": False}}


class Recipe(NamedTuple):
    """How weights are found.

    Attributes:
        rate: learning rate at its highest.
        final: the rate at the end, as a share of the highest.
        schedule: one of SCHEDULES, over all stages together that have no rate of their own.
        warm_up: share of the updates over which the rate rises to its highest.
        optimiser: one of OPTIMISERS.
        clip: largest norm of a gradient; longer ones are shortened.
        decay: decoupled weight decay per unit of learning rate.
        precision: one of PRECISIONS. "bfloat16" rounds matrix products (`training.mixed_precision`), for accelerators
            that have units for it; on a CPU it is slower. Weights, moments, sums and the loss are not rounded.
    """

    rate: float = 1e-3
    final: float = 0.0
    schedule: str = "cosine"
    warm_up: float = 0.0
    optimiser: str = "adam"
    clip: float = 1.0
    decay: float = 0.0
    precision: str = "full"


class Stage(NamedTuple):
    """One part of the training; a curriculum is several.

    Attributes:
        loss: (model, memory, data, rows, progress, key) -> (value, memory). `rows` is one minibatch as drawn,
            `progress` goes from 0 to 1 over all stages, `memory` is what the loss carries from update to update.
        draw: (generator, shape) -> a tree of arrays whose leading axes are `shape`: indices of minibatches.
        updates: of the weights.
        snapshots: how often the judge is asked.
        rate: the highest learning rate of this stage, where it is a training of its own that begins with the weights
            of the one before: with the recipe's schedule over its own updates, and moments of the gradient from
            nothing (a stage after it, without one, goes on with these). Without a rate it goes on with the recipe's, of
            which a last stage of few updates sees only the end.
    """

    loss: Callable[[Any, Any, Any, Any, Array, PRNGKeyArray], tuple[Array, Any]]
    draw: Callable[[np.random.Generator, tuple[int, ...]], Any]
    updates: int
    snapshots: int
    rate: float | None = None


class _Span(NamedTuple):
    """The updates over which the learning rate follows its schedule once."""

    begin: int
    length: int


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
    weights: dict[str, Array]
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
        recipe: optimiser, rates, precision.
        memory: what the loss carries at the start.
        name: told to whoever watches, and the name of the checkpoint; unique within one fit.
        key: for minibatches and whatever the loss draws.
    """
    _check(models, stages, recipe)
    static = eqx.partition(models[0], eqx.is_inexact_array)[1]
    like = jax.eval_shape(lambda: eqx.filter(models[0], eqx.is_inexact_array))
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
    begins = _digest((best, [s.loss for s in stages], data, memory))
    identity = f"{name} {recipe} {[(s.updates, s.snapshots, s.rate) for s in stages]} {numbers} {begins}"
    begun, (carry, best), histories = load_checkpoint(folder, identity, (carry, best), histories)
    parts = [(n, p) for n, s in enumerate(stages) for p in range(s.snapshots)]
    spans = _spans(stages)
    for at in range(begun, len(parts)):
        number, part = parts[at]
        stage = stages[number]
        if stage.rate is not None and part == 0:
            carry = carry._replace(moments=_moments(carry.weights, recipe))
        updates = _share(stage.updates, stage.snapshots, part)
        rows = stage.draw(np.random.default_rng([*numbers, number, part]), (updates, len(models)))
        where = jnp.asarray(np.asarray((number, part), np.uint32))
        kind = (recipe.optimiser, recipe.schedule, recipe.precision)
        train = _compiled(jax.default_backend())
        own = rates if stage.rate is None else rates._replace(peak=jnp.float32(stage.rate))
        carry, losses, norms = train(
            carry, (static, like), stage.loss, data, rows, own, (total, spans[number]), kind, key, where
        )
        losses, norms, found = jax.device_get((losses, norms, carry.weights))
        for i, history in enumerate(histories):
            # Taken apart outside of the compiler, which would make a program for the slice of every shape.
            weights = jax.tree.map(jnp.asarray, _unpacked({k: v[i] for k, v in found.items()}, like))
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
    if any(s.rate is not None and not 0 < s.rate < math.inf for s in stages):
        raise BadSpec("the learning rate of a stage must be above 0")
    if recipe.optimiser not in OPTIMISERS or recipe.schedule not in SCHEDULES:
        raise BadSpec(
            f"a recipe takes an optimiser of {', '.join(OPTIMISERS)} and a schedule of {', '.join(SCHEDULES)}, "
            f"got {recipe.optimiser!r} and {recipe.schedule!r}"
        )
    if recipe.precision not in PRECISIONS:
        raise BadSpec(f"a recipe's precision is one of {', '.join(PRECISIONS)}, got {recipe.precision!r}")


def _spans(stages: Sequence[Stage]) -> list[_Span]:
    """Of every stage, where its schedule begins and how long it is."""
    begins = np.cumsum([0, *(s.updates for s in stages)]).tolist()
    shared, gone = sum(s.updates for s in stages if s.rate is None), 0
    spans = []
    for stage, begin in zip(stages, begins, strict=False):
        if stage.rate is not None:
            spans.append(_Span(begin, stage.updates))
            gone += stage.updates
        else:  # as if those with a rate of their own were not there
            spans.append(_Span(gone, shared))
    return spans


def _moments(weights: dict[str, Array], recipe: Recipe) -> Any:
    return jax.jit(jax.vmap(OPTIMISERS[recipe.optimiser]().init))(weights)


def _start(models: Sequence[Any], recipe: Recipe, memory: Any) -> _Carry:
    weights = [_packed(jax.device_get(eqx.filter(m, eqx.is_inexact_array)), np) for m in models]
    stacked = {k: jnp.asarray(np.stack([w[k] for w in weights])) for k in weights[0]}
    kept = jax.tree.map(lambda leaf: jnp.asarray(np.stack([leaf] * len(models))), jax.device_get(memory))
    return _Carry(stacked, _moments(stacked, recipe), kept, jnp.asarray(np.zeros((), np.int32)))


def _packed(weights: Any, xp: Any) -> dict[str, Any]:
    """One vector of each precision: an update of many small arrays is many small programs, slow to make and to run."""
    kinds: dict[str, list[Any]] = {}
    for leaf in jax.tree.leaves(weights):
        kinds.setdefault(str(leaf.dtype), []).append(leaf.reshape(-1))
    return {kind: xp.concatenate(leaves) for kind, leaves in kinds.items()}


def _unpacked(packed: dict[str, Any], like: Any) -> Any:
    begins = dict.fromkeys(packed, 0)

    def leaf(shaped: jax.ShapeDtypeStruct) -> Any:
        kind = str(shaped.dtype)
        begin, begins[kind] = begins[kind], begins[kind] + shaped.size
        return packed[kind][begin : begins[kind]].reshape(shaped.shape)

    return jax.tree.map(leaf, like)


def _digest(parts: Any) -> str:
    """Of everything plain or numerical in a tree; functions count by their names, which another process shares."""
    leaves, structure = jax.tree.flatten(parts)
    found = hashlib.sha256(re.sub(r" at 0x[0-9a-f]+", "", str(structure)).encode())
    for leaf in leaves:
        if isinstance(leaf, jax.Array | np.ndarray) and not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            found.update(f"{leaf.dtype}{leaf.shape}".encode() + np.ascontiguousarray(leaf).tobytes())
        else:
            found.update(re.sub(r" at 0x[0-9a-f]+", "", repr(leaf)).encode())
    return found.hexdigest()


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
    return Verdict(row["valid_time"], row["nrmse"], row["diverged"], row.get("distance"))


@functools.cache
def _compiled(backend: str) -> Callable[..., tuple[_Carry, Array, Array]]:
    options: Any = QUICK.get(backend)
    try:
        jax.jit(lambda x: x, compiler_options=options).lower(0.0).compile()
    except jax.errors.JaxRuntimeError:  # a compiler that does not know them
        options = None
    return eqx.filter_jit(_part, compiler_options=options)  # pyright: ignore[reportCallIssue] - stub lacks jit's own


def _part(
    carry: _Carry,
    model: tuple[Any, Any],
    loss: Any,
    data: Any,
    rows: Any,
    rates: _Rates,
    lengths: tuple[int, _Span],
    kind: tuple[str, str, str],
    key: PRNGKeyArray,
    where: Array,
) -> tuple[_Carry, Array, Array]:
    """A scan over minibatches; losses and norms of gradients are [update, seed]."""
    (static, like), (optimiser, schedule, precision), (total, span) = model, kind, lengths
    rule = OPTIMISERS[optimiser]()
    stream = jax.random.fold_in(jax.random.fold_in(key, where[0]), where[1])

    def cost(weights: Any, memory: Any, rows: Any, progress: Array, key: PRNGKeyArray) -> tuple[Array, Any]:
        return loss(eqx.combine(weights, static), memory, data, rows, progress, key)

    cost = products_in_bfloat16(cost) if precision == "bfloat16" else cost

    def one(weights: Any, moments: Any, memory: Any, rows: Any, done: Array, key: PRNGKeyArray) -> Any:
        progress = done / total
        before = (weights, moments, memory)
        (value, memory), slope = jax.value_and_grad(cost, has_aux=True)(
            _unpacked(weights, like), memory, rows, progress, key
        )
        norm, slope = optax.tree.norm(slope), _packed(slope, jnp)
        sound = jnp.isfinite(norm)
        shrink = jnp.minimum(1.0, rates.clip / jnp.maximum(norm, 1e-30))
        direction, moments = rule.update(jax.tree.map(lambda g: (g * shrink).astype(g.dtype), slope), moments)
        rate = rate_at(schedule, rates.peak, rates.final, rates.warm_up, (done - span.begin) / span.length)
        weights = jax.tree.map(
            lambda w, d: w - (rate * (d + rates.decay * w)).astype(w.dtype), weights, direction
        )
        # One minibatch that blows up must not spoil weights, moments or memory for ever: it did not happen.
        kept = jax.tree.map(lambda new, old: jnp.where(sound, new, old), (weights, moments, memory), before)
        return kept, (value, norm)

    def update(carry: _Carry, rows: Any) -> Any:
        seeds = jax.tree.leaves(carry.weights)[0].shape[0]
        keys = jax.random.split(jax.random.fold_in(stream, carry.done), seeds)
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
