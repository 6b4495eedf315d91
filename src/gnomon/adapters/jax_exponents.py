"""Leading Lyapunov exponents of what JAX can trace: tangent dynamics along a model's own run."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.runner import key_of
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld
from gnomon.numerics.lyapunov import Tangent, evolve_tangent, start_tangent
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment

QR_EVERY = 0.1  # Lyapunov times between orthonormalisations of tangent vectors
BIG_STATE = 2000  # numbers in a state, beyond which only LEADING exponents are computed (the cost grows with k * size)
LEADING = 2


def leading_exponents(
    model: Any,
    card: WorldCard,
    experiment: Experiment,
    states: Any,
    forcing: Forcing,
    *,
    seed: int,
    watch: Watch,
) -> np.ndarray | str:
    """Leading exponents of every unit, from tangent dynamics along its own run; or why there are none."""
    leaves = jax.tree.leaves(states)
    if not all(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves):
        return "the model's state is not made of real numbers alone, so it has no tangent dynamics"
    size = sum(leaf[0].size for leaf in leaves)
    k = min(card.exponents, size) if size <= BIG_STATE else LEADING
    every = max(1, round(QR_EVERY * card.timescale / card.dt))
    keys = jax.random.split(key_of(seed), experiment.units)
    tangents = _start_tangents(states, keys, k)
    growth = []
    skipped, blocks = -(-experiment.discard // every), -(-experiment.steps // every)
    for block in range(skipped + blocks):
        watch.check("exponents", block / (skipped + blocks))
        tangents, logs = _evolve_tangents(model, tangents, forcing, every)
        if block >= skipped:
            growth.append(np.asarray(logs[:, 0]))
    rates = np.sum(growth, axis=0) / (blocks * every * model.card.dt)
    return -np.sort(-rates, axis=1)


@eqx.filter_jit
def _start_tangents(states: Any, keys: Any, k: int) -> Tangent:
    return jax.vmap(lambda s, key: start_tangent(s, k=k, key=key))(states, keys)


@eqx.filter_jit
def _evolve_tangents(model: Any, tangents: Tangent, forcing: Forcing, every: int) -> tuple[Tangent, Any]:
    step = model.step if isinstance(model, AbstractWorld) else model.advance
    frozen = jax.random.PRNGKey(0)  # tangent dynamics of one realisation of the noise, the same at every step

    def one(tangent: Tangent, own: Forcing) -> tuple[Tangent, Any]:
        def advance(state: Any, time: Any) -> Any:
            return step(state, own, time=time, key=frozen)

        return evolve_tangent(advance, tangent, blocks=1, steps_per_block=every, dt=model.card.dt)

    return jax.vmap(one)(tangents, forcing)
