"""Cascade: ridge regressions on polynomials, each stage seeing what the stage before it predicted.

One step of a differential equation is a composition: an integrator evaluates the tendency, moves, and evaluates it
again. A single polynomial of low degree cannot follow that, and one of high degree has too many terms on a field.
A cascade of quadratic stages can: stage k regresses the *whole* increment on linear terms and products of the delayed
states and of the increment predicted by stage k - 1, so that its degree doubles while every regression stays small and
convex. One stage is the next-generation reservoir of Gauthier et al. 2021, doi 10.1038/s41467-021-25801-2.
"""

from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from gnomon.core.forcing import Knobs
from gnomon.numerics.monomials import count_monomials, list_monomials, monomials
from gnomon.numerics.patches import Patches
from gnomon.numerics.ridge import ridge_path

Slices = Float[
    Array, "slice site channel"
]  # delayed states, oldest first, then whatever else is known at the moment
EARLY = 1e-8  # ridge strength of all stages but the last


class Shape(eqx.Module):
    """The structure of a cascade.

    Attributes:
        stages: regressions in a row.
        degree: of the products in each.
        radius: neighbours on each side that enter products.
        reach: neighbours on each side that enter linearly.
    """

    stages: int = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    radius: int = eqx.field(static=True)
    reach: int = eqx.field(static=True)


class Stage(eqx.Module):
    """One regression; an empty table leaves the linear part.

    Attributes:
        table: products as indices into (1, inputs).
        spread: standard deviation of its prediction; the next stage sees the prediction divided by it.
    """

    table: Int[Array, "monomial degree"]
    weights: Float[Array, "feature channel"]
    offset: Float[Array, " channel"]
    spread: Float[Array, " channel"]


class Cascade(eqx.Module):
    """Increments at every site from slices of states and from knobs."""

    shape: Shape
    stages: tuple[Stage, ...]

    def __call__(self, patches: Patches, slices: Slices, knobs: Knobs) -> Float[Array, "site channel"]:
        """The last stage's prediction, in standardised units."""
        seen, increment = slices, jnp.zeros_like(slices[-1])
        for stage in self.stages:
            features = features_at(patches, self.shape, stage.table, seen, knobs)
            increment = features @ stage.weights + stage.offset
            seen = jnp.concatenate([slices, (increment / stage.spread)[None]])
        return increment


def features_at(
    patches: Patches, shape: Shape, table: Int[Array, "monomial degree"], slices: Slices, knobs: Knobs
) -> Float[Array, "site feature"]:
    """Everything linear over a wide reach, and products over a smaller radius."""
    wide = [patches.around(z, shape.reach) for z in slices]
    linear = jnp.concatenate([*wide, patches.forced(knobs, radius=1)], axis=1)
    if table.shape[0] == 0:
        return linear
    near = [patches.around(z, shape.radius) for z in slices]
    return jnp.concatenate(
        [linear, monomials(jnp.concatenate([*near, patches.forced(knobs)], axis=1), table)], axis=1
    )


_features = eqx.filter_jit(jax.vmap(features_at, in_axes=(None, None, None, 0, 0)))


def fit_cascade(
    patches: Patches,
    shape: Shape,
    slices: Float[Array, "row slice site channel"],
    knobs: Knobs,
    targets: Float[np.ndarray, "row site channel"],
    strengths: Sequence[float],
) -> list[Cascade]:
    """One cascade for each ridge strength of the last stage; earlier stages are shared and barely penalised."""
    wanted = np.asarray(targets, np.float64)
    flat = wanted.reshape(-1, wanted.shape[-1])
    dtype = patches.mean.dtype
    seen, done = slices, ()
    for number in range(shape.stages):
        table = _table(patches, shape, seen.shape[1])
        rows = np.asarray(_features(patches, shape, table, seen, knobs), np.float64)
        rows = rows.reshape(-1, rows.shape[-1])
        last = number == shape.stages - 1
        made = [
            (Stage(table, jnp.asarray(w, dtype), jnp.asarray(b, dtype), jnp.ones_like(patches.mean)), w, b)
            for w, b in ridge_path(rows, flat, strengths if last else (EARLY,))
        ]
        if last:
            return [Cascade(shape, (*done, stage)) for stage, _, _ in made]
        stage, w, b = made[0]
        predicted = rows @ w + b
        spread = np.maximum(predicted.std(0), 1e-12)
        done = (*done, eqx.tree_at(lambda s: s.spread, stage, jnp.asarray(spread, dtype)))
        extra = jnp.asarray((predicted / spread).reshape(wanted.shape), dtype)
        seen = jnp.concatenate([slices, extra[:, None]], axis=1)
    raise AssertionError("a cascade has at least one stage")


def count_features(patches: Patches, shape: Shape, slices: int) -> int:
    """Features of the widest stage."""
    slices += shape.stages > 1
    products = count_monomials(_inputs(patches, shape, slices), 2, shape.degree) if shape.degree > 1 else 0
    return slices * patches.width(shape.reach) + products


def _inputs(patches: Patches, shape: Shape, slices: int) -> int:
    return slices * patches.width(shape.radius) + len(patches.knobs)


def _table(patches: Patches, shape: Shape, slices: int) -> Array:
    if shape.degree < 2:
        return jnp.zeros((0, 1), jnp.int32)
    return jnp.asarray(list_monomials(_inputs(patches, shape, slices), 2, shape.degree))
