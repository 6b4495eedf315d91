"""Increments of truth and model over one short step, and what each term of a library would have added to them.

Over a step h the truth ends elsewhere than a model that starts from the same state. To first order in what the model
has wrong, the difference is the integral of that wrong tendency, each piece of it carried on to the end by the model's
own tangent. It is taken by the trapezoidal rule, term by term and over all variables at once: what is missing in the
equation of z has moved x as well by the end of the step. What the rule leaves is of second order in h (of lower order
in waves that are damped within a step), and a step twice as long shows how much it is: `step_error`.

A learned simulator cannot be stepped more finely than it was taught. Its error over its whole step is held against
terms that are carried along the truth's own path, by the truth's own tangent, in many short steps. What that leaves is
of second order in the simulator's error, which no shorter step makes smaller.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld
from gnomon.numerics.term_library import Columns
from gnomon.spec.cards import WorldCard

Library = Callable[[dict[str, np.ndarray]], dict[str, Columns]]
Spread = dict[str, np.ndarray]  # variable -> [sample, column, ...]: what each column is in each variable
SMALL, LANES = 256, 64  # numbers in an observation below which this many samples go side by side


def seen_of(world: AbstractWorld, states: Any) -> dict[str, np.ndarray]:
    """What is observed of states [sample, ...], in NumPy and double precision."""
    seen: Any = _observed(world, states)
    return {k: np.asarray(x, np.float64) for k, x in seen.items()}


def stepped(world: AbstractWorld, states: Any, forcing: Forcing) -> Any:
    """States [sample, ...] one `dt` later, each under its own forcing."""
    return _stepped(world, states, forcing)


def begun(model: AbstractWorld, truth: AbstractWorld, states: Any) -> Any:
    """The model's states that are seen as the truth's are: the same ones where both have one kind of state."""
    own = jax.eval_shape(lambda: model.init(key=jax.random.key(0)))
    alike = jax.tree.structure(own) == jax.tree.structure(states) and all(
        a.shape == b.shape[1:] for a, b in zip(jax.tree.leaves(own), jax.tree.leaves(states), strict=True)
    )
    return states if alike else _lifted(model, truth, states)


def columns_along(
    carrier: AbstractWorld,
    truth: AbstractWorld,
    states: tuple[Any, Any],
    forcing: tuple[Forcing, Forcing],
    steps: int,
    library: Library,
) -> Spread:
    """What one unit of each term adds to the tendency over some steps of the truth, as it is seen at their end.

    Args:
        carrier: whose tangent carries what was added on: the model, or the truth where the model has no short step.
        truth: along whose path the terms are formed; its `dt` is one step.
        states: where the path begins, of carrier and truth.
        forcing: of carrier and truth.
        steps: how many; with more than one the carrier goes along the truth's own states.
        library: from observations to terms.
    """
    card, path = truth.card, states[1]
    at, here = states[0], _spread(card, library(seen_of(truth, path)))
    total = {k: np.zeros_like(x) for k, x in here.items()}
    for _ in range(steps):
        before = {k: total[k] + 0.5 * here[k] for k in total}
        total = carried(carrier, at, forcing[0], before)
        path = stepped(truth, path, forcing[1])
        here = _spread(card, library(seen_of(truth, path)))
        total = {k: total[k] + 0.5 * here[k] for k in total}
        at = path
    return {k: x / steps for k, x in total.items()}


def carried(model: AbstractWorld, states: Any, forcing: Forcing, columns: Spread) -> Spread:
    """Columns at the start of a step as the model's tangent brings them to its end."""
    lanes = LANES if model.card.size <= SMALL else 1
    moved: Any = _carried(model, states, forcing, {k: jnp.asarray(x) for k, x in columns.items()}, lanes)
    return {k: np.asarray(x) for k, x in moved.items()}


def rows_of(card: WorldCard, columns: Spread, error: dict[str, np.ndarray]) -> Float[np.ndarray, "*place"]:
    """[sample, place, column] all variables one after the other, in scales; the error is the last column."""
    parts = []
    for v in card.variables:
        x = np.moveaxis(columns[v.name], 1, -1)
        both = np.concatenate([x, error[v.name][..., None]], axis=-1) / v.scale
        parts.append(both.reshape(len(x), -1, both.shape[-1]))
    return np.concatenate(parts, axis=1)


def step_error(fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """At most what the short step leaves in a number, from that number in a step twice as long.

    The whole difference: what a first-order rule leaves, and three times what one of second order does.
    """
    return np.abs(fine - coarse)


def _spread(card: WorldCard, terms: dict[str, Columns]) -> Spread:
    """Each term in the equation that it belongs to, nothing in all others."""
    total = sum(len(terms[v.name].labels) for v in card.variables)
    out, first = {}, 0
    for v in card.variables:
        values = np.moveaxis(terms[v.name].values, -1, 1)
        full = np.zeros((len(values), total, *v.shape))
        full[:, first : first + values.shape[1]] = values
        out[v.name] = full
        first += values.shape[1]
    return out


@eqx.filter_jit
def _observed(world: AbstractWorld, states: Any) -> dict[str, Array]:
    return jax.vmap(world.observe)(states)


@eqx.filter_jit
def _stepped(world: AbstractWorld, states: Any, forcing: Forcing) -> Any:
    key = jax.random.key(0)  # of a noise that truth and model share
    return jax.vmap(lambda s, f: world.step(s, f, time=0.0, key=key))(states, forcing)


@eqx.filter_jit
def _lifted(model: AbstractWorld, truth: AbstractWorld, states: Any) -> Any:
    background = model.init(key=jax.random.key(0))
    return jax.vmap(lambda s: model.lift(truth.observe(s), background))(states)


@eqx.filter_jit
def _carried(
    model: AbstractWorld, states: Any, forcing: Forcing, columns: dict[str, Array], lanes: int
) -> dict[str, Array]:
    key = jax.random.key(0)

    def one(given: tuple[Any, Forcing, dict[str, Array]]) -> dict[str, Array]:
        state, own, terms = given

        def end(values: dict[str, Array]) -> dict[str, Array]:
            return model.observe(model.step(model.lift(values, state), own, time=0.0, key=key))

        seen = model.observe(state)
        _, push = jax.linearize(end, seen)
        typed = {k: x.astype(seen[k].dtype) for k, x in terms.items()}
        if lanes > 1:
            return jax.vmap(push)(typed)
        return jax.lax.map(
            push, typed
        )  # all terms at once would hold every field of the step for each of them

    return jax.lax.map(one, (states, forcing, columns), batch_size=lanes if lanes > 1 else None)
