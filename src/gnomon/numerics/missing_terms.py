"""What is missing in a model: the terms that explain its error after one step.

Mojgani, Chattopadhyay and Hassanzadeh (2022), doi:10.1063/5.0091282 (MEDIDA). The world and its model start from
the same states; the difference of their ends over the step is the model's error in the tendency; a relevance
vector machine says which terms of a library make it up.

What differs from the paper. An error made early in the step is carried on by the model, so the library's value at the
start is carried by the model's tangent and averaged with the value at the end (trapezoidal rule: second order in the
step; the paper takes one end, first order). Columns are pruned by their share of the model's error and not by the
precision of a weight; nothing is centred. Noisy observations: `numerics.missing_terms_noisy`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld
from gnomon.numerics.relevance_vectors import Relevance, relevance_regression
from gnomon.numerics.term_library import Columns, derivative_terms, monomial_terms
from gnomon.spec.cards import WorldCard

Observed = dict[str, np.ndarray]  # variable -> [sample, ...]


class MissingTerms(NamedTuple):
    """The terms that a model lacks (or has too many of, with the opposite sign).

    Attributes:
        variable: whose tendency it is.
        weights: label -> posterior mean, of the terms that were found.
        errors: label -> posterior standard deviation; noise taken as white, so a lower bound for smooth fields.
        model_error: root mean square of the model's error in the tendency.
        unexplained: share of it that the terms leave.
        converged: of the regression.
    """

    variable: str
    weights: dict[str, float]
    errors: dict[str, float]
    model_error: float
    unexplained: float
    converged: bool

    def __str__(self) -> str:
        """As an equation."""
        terms = [f"{w:+.4g}({self.errors[name]:.1g}) {name}" for name, w in self.weights.items()]
        return f"d{self.variable}/dt lacks " + (" ".join(terms) or "nothing")


def missing_terms(
    world: AbstractWorld, model: AbstractWorld, states: Any, *, least: float = 0.03, sigmas: float = 4.0
) -> tuple[MissingTerms, ...]:
    """The terms by which a model differs from a world, one result for each variable with an error.

    Both are stepped once from the same states at default knobs. A short step is better, so build both with a `dt` (and
    substeps) of their own for this, and with `points` = `grid` so that derivatives see what the solver sees.

    Args:
        world: the truth.
        model: with the same kind of state, as the world's imperfect twin has.
        states: [sample, ...] on the attractor.
        least: share of the model's error below which a term is not worth its name.
        sigmas: error bars a weight has to be from zero.
    """
    card = world.card
    start = observations(world, states)
    true_end, model_end = (observations(world, one_step(w, states)) for w in (world, model))
    found = []
    for variable in card.variables:
        name = variable.name
        error = (true_end[name] - model_end[name]) / card.dt
        if np.abs(error).max() <= 1e-10 * variable.scale / card.dt:
            continue  # round-off: the model has this tendency right
        ends = (carried(model, states, name, library(card, name, start)), library(card, name, true_end))
        found.append(explain(name, error, ends, least, sigmas))
    return tuple(found)


def explain(
    name: str, error: Float[np.ndarray, "*place"], ends: tuple[Columns, ...], least: float, sigmas: float
) -> MissingTerms:
    """Which terms make up an error, their values averaged over the ends of the step."""
    values = np.mean([e.values for e in ends], axis=0)
    found = relevance_regression(
        values.reshape(-1, values.shape[-1]), error.ravel(), least=least, sigmas=sigmas
    )
    return as_terms(name, ends[0].labels, found, error)


def as_terms(name: str, labels: tuple[str, ...], found: Relevance, error: np.ndarray) -> MissingTerms:
    """A regression with the names of its columns."""
    kept = [(label, i) for i, label in enumerate(labels) if found.kept[i]]
    size = float(np.sqrt(np.mean(error**2)))
    return MissingTerms(
        variable=name,
        weights={label: float(found.weights[i]) for label, i in kept},
        errors={label: float(found.errors[i]) for label, i in kept},
        model_error=size,
        unexplained=found.noise / size if size else 0.0,
        converged=found.converged,
    )


def library(card: WorldCard, name: str, obs: Observed) -> Columns:
    """The terms to choose from: derivatives on a ring in space, neighbours on a ring of sites, monomials of scalars."""
    values = obs[name]
    if values.ndim == 1:
        return monomial_terms({k: x for k, x in obs.items() if x.ndim == 1})
    if values.ndim == 2 and card.rung == "field" and card.length is not None:
        return derivative_terms(values, card.length, name=name)
    if values.ndim == 2:
        return monomial_terms({name: values})
    raise ValueError(f"{card.name}: no library for {name!r} of shape {values.shape[1:]}; one axis at most")


def carried(model: AbstractWorld, states: Any, name: str, columns: Columns) -> Columns:
    """Columns at the start of a step as the model's tangent brings them to its end."""
    values = np.asarray(_carry(model, states, name, jnp.asarray(columns.values), _default(model.card)))
    return Columns(columns.labels, values)


def one_step(world: AbstractWorld, states: Any) -> Any:
    """States [sample, ...] one `dt` later at the default knobs."""
    return _step(world, states, _default(world.card))


def observations(world: AbstractWorld, states: Any) -> Observed:
    """What is seen of states [sample, ...], in NumPy."""
    seen: Callable[[Any], dict[str, jax.Array]] = jax.vmap(world.observe)
    return {k: np.asarray(x, np.float64) for k, x in seen(states).items()}


def _default(card: WorldCard) -> Forcing:
    values = {k.name: jnp.asarray([k.default]) for k in card.knobs}
    return Forcing(times={n: jnp.zeros(1) for n in values}, values=values)


@eqx.filter_jit
def _step(world: AbstractWorld, states: Any, forcing: Forcing) -> Any:
    key = jax.random.key(0)
    return jax.vmap(lambda s: world.step(s, forcing, time=0.0, key=key))(states)


@eqx.filter_jit
def _carry(model: AbstractWorld, states: Any, name: str, columns: Array, forcing: Forcing) -> Array:
    key = jax.random.key(0)

    def one(state: Any, terms: Array) -> Array:
        seen = model.observe(state)

        def end(values: Array) -> Array:
            start = model.lift({**seen, name: values}, state)
            return model.observe(model.step(start, forcing, time=0.0, key=key))[name]

        _, push = jax.linearize(end, seen[name])
        # one term after the other: all at once would hold every field for every term
        return jnp.moveaxis(jax.lax.map(push, jnp.moveaxis(terms, -1, 0).astype(seen[name].dtype)), 0, -1)

    return jax.lax.map(lambda pair: one(*pair), (states, columns))
