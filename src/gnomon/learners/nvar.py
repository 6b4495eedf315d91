"""Next-generation reservoir: ridge regression on polynomials of delayed states and knobs.

Gauthier et al. 2021, doi 10.1038/s41467-021-25801-2; local version with weights shared by all sites:
Barbosa and Gauthier 2022, doi 10.1063/5.0098707.
"""

import functools
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.monomials import count_monomials, list_monomials, monomials
from gnomon.numerics.patches import Patches, patches_of
from gnomon.numerics.ridge import ridge_path
from gnomon.spec.cards import SimulatorCard
from gnomon.training.free_run import free_run_verdict, validation_starts
from gnomon.training.sampling import learned_card, sample_windows
from gnomon.training.search import Setting, draw_settings, search

Window = Float[Array, "delay site channel"]
ROWS = 40_000  # regression rows at most; more no longer moves the weights beyond the observation error
FEATURES = 500  # features at most: the Gram matrix costs rows * features^2


class Basis(eqx.Module):
    """Features of a window of states: everything linear over a wide reach, products over a smaller radius.

    Attributes:
        reach: neighbours on each side that enter linearly.
        radius: neighbours on each side that enter products.
        table: products as indices into (1, inputs); an empty table leaves the linear part.
    """

    patches: Patches
    reach: int = eqx.field(static=True)
    radius: int = eqx.field(static=True)
    table: Int[Array, "monomial degree"]

    def __call__(self, window: Window, knobs: Knobs) -> Float[Array, "site feature"]:
        """Features at every site."""
        forced = self.patches.forced(knobs, radius=1)
        wide = [self.patches.around(z, self.reach) for z in window]
        linear = jnp.concatenate([*wide, forced], axis=1)
        if self.table.shape[0] == 0:
            return linear
        near = [self.patches.around(z, self.radius) for z in window]
        products = monomials(jnp.concatenate([*near, self.patches.forced(knobs)], axis=1), self.table)
        return jnp.concatenate([linear, products], axis=1)


class PolynomialSimulator(AbstractSimulator[Window]):
    """z(t + dt) = z(t) + features @ weights + offset, at every site, in standardised units."""

    card: SimulatorCard = eqx.field(static=True)
    basis: Basis
    weights: Float[Array, "feature channel"]
    offset: Float[Array, " channel"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Window:
        """The last observations themselves are the state."""
        return self.basis.patches.encode(history)

    def advance(self, state: Window, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Window:
        """One step; the oldest state leaves the window."""
        new = state[-1] + self.basis(state, forcing.at(time)) @ self.weights + self.offset
        return jnp.concatenate([state[1:], new[None]])

    def observe(self, state: Window) -> Obs:
        """The newest state of the window, in its own units."""
        return self.patches.decode(state[-1])

    @property
    def patches(self) -> Patches:
        """How sites see the world."""
        return self.basis.patches


class Nvar(AbstractLearner):
    """Polynomials of delayed states and knobs, one ridge regression, weights shared by all sites.

    Structure (delays, radius, reach, degree) and ridge strength are searched on free-run validation error.

    Attributes:
        budget: settings tried, ridge strengths counted one by one.
        largest_degree: of the polynomials in the search.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 12
    largest_degree: int = 5

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Search, then keep the winner."""
        patches = patches_of(data)
        if patches.shape:
            # default first: two products wide enough for advection and diffusion over one step
            options = [
                dict(delays=d, radius=r, reach=reach, degree=g)
                for d, r, reach, g in [
                    (1, 2, 4, 3), (1, 3, 6, 2), (2, 2, 4, 2), (1, 2, 2, 4), (1, 3, 6, 3), (1, 4, 6, 2), (2, 1, 3, 3),
                    (2, 3, 6, 2),
                ]
            ]  # fmt: skip
        else:
            options = [
                dict(delays=d, radius=0, reach=0, degree=g)
                for d, g in [(1, 4), (2, 2), (1, 3), (1, 5), (2, 3), (3, 2)]
            ]
        return fit_polynomials(
            data,
            patches,
            [o for o in options if o["degree"] <= self.largest_degree],
            {"ridge": (1e-9, 1e-7, 1e-5)},
            self.budget,
            name="nvar",
            key=key,
        )


def fit_polynomials(
    data: Data,
    patches: Patches,
    structures: Sequence[Setting],
    cheap: Mapping[str, Sequence[Any]],
    budget: int,
    *,
    name: str,
    key: PRNGKeyArray,
) -> Fit:
    """Search structures and ridge strengths of a polynomial simulator."""
    began = time.perf_counter()
    draw_key, row_key, judge_key = jax.random.split(key, 3)
    structures = [s for s in structures if _features(patches, s) <= FEATURES]
    if not structures:
        structures = [dict(delays=1, radius=0, reach=0, degree=1)]
    reserve = max(s["delays"] for s in structures)
    settings = draw_settings(structures, cheap, budget, key=draw_key)
    strengths = tuple(cheap["ridge"])

    @functools.lru_cache(maxsize=1)
    def path(structure: tuple[tuple[str, int], ...]) -> tuple[Basis, list[tuple[np.ndarray, np.ndarray]]]:
        basis = basis_of(patches, dict(structure))
        features, targets = regression_rows(basis, data, dict(structure)["delays"], key=row_key)
        return basis, ridge_path(features, targets, strengths)

    def fit_one(setting: Setting) -> PolynomialSimulator:
        structure = tuple((k, v) for k, v in setting.items() if k != "ridge")
        basis, weights = path(structure)
        w, b = weights[strengths.index(setting["ridge"])]
        return PolynomialSimulator(
            card=learned_card(name, data, context=setting["delays"]),
            basis=basis,
            weights=jnp.asarray(w, patches.mean.dtype),
            offset=jnp.asarray(b, patches.mean.dtype),
        )

    @functools.cache
    def starts(context: int):
        return validation_starts(data, context, reserve=reserve)

    chosen = search(
        settings,
        fit_one,
        lambda s: free_run_verdict(s, starts(s.card.context), data, key=judge_key),
        space={"structure": list(structures), **{k: list(v) for k, v in cheap.items()}},
        budget=budget,
    )
    return Fit(chosen.simulator, {**chosen.log, "seconds": time.perf_counter() - began})


def basis_of(patches: Patches, setting: Setting) -> Basis:
    """The features that a setting names."""
    inputs = setting["delays"] * _patch(patches, setting["radius"]) + len(patches.knobs)
    degree = setting["degree"]
    table = list_monomials(inputs, 2, degree) if degree > 1 else np.zeros((0, 1), np.int32)
    return Basis(
        patches=patches, reach=setting["reach"], radius=setting["radius"], table=jnp.asarray(table, jnp.int32)
    )


def regression_rows(
    basis: Basis, data: Data, delays: int, *, key: PRNGKeyArray, rows: int = ROWS
) -> tuple[np.ndarray, np.ndarray]:
    """Features and standardised increments at randomly drawn moments of the training trajectories."""
    patches = basis.patches
    sample = sample_windows(data, delays, most=max(1, rows // patches.sites), key=key)
    window, following = _encode(patches, sample.history, sample.following)
    features = np.asarray(_features_of(basis, window, sample.knobs))
    targets = np.asarray(following - window[:, -1])
    return features.reshape(-1, features.shape[-1]), targets.reshape(-1, targets.shape[-1])


@eqx.filter_jit
def _encode(patches: Patches, history: Obs, following: Obs) -> tuple[Array, Array]:
    return patches.encode(history), patches.encode(following)


@eqx.filter_jit
def _features_of(basis: Basis, window: Array, knobs: Knobs) -> Array:
    return jax.vmap(basis)(window, knobs)


def _patch(patches: Patches, radius: int) -> int:
    wide = 1
    for n in patches.shape:
        wide *= 2 * min(radius, (n - 1) // 2) + 1
    return wide * patches.channels


def _features(patches: Patches, setting: Setting) -> int:
    linear = setting["delays"] * _patch(patches, setting["reach"])
    inputs = setting["delays"] * _patch(patches, setting["radius"]) + len(patches.knobs)
    return linear + (count_monomials(inputs, 2, setting["degree"]) if setting["degree"] > 1 else 0)
