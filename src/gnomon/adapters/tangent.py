"""Lyapunov exponents of a user's model, where JAX can see through it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gnomon.adapters.layout import Layout
from gnomon.adapters.loading import LoadedModel, describe_error
from gnomon.core.forcing import Forcing, forcing_of
from gnomon.core.runner import key_of
from gnomon.core.runs import Unsupported
from gnomon.numerics.lyapunov import lyapunov_exponents
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadModel
from gnomon.spec.experiment import Experiment


def host_exponents(
    model: LoadedModel,
    card: WorldCard,
    experiment: Experiment,
    layout: Layout,
    initial: dict[str, np.ndarray],
    calls: int,
    *,
    seed: int,
) -> np.ndarray | Unsupported:
    """[unit, k] leading exponents from tangent dynamics, or why they cannot be had."""
    declared = model.declared
    if declared.framework != "jax" or declared.batched or declared.context > 1 or declared.stochastic:
        reason = (
            "tangent dynamics needs a model that JAX can trace: one state in, one state out, no randomness"
        )
        return Unsupported(experiment.label, reason)
    words = {knob: word for word, knob in declared.knobs.items()}
    within = calls // experiment.stride
    if within < 1:
        return Unsupported(experiment.label, f"{model.name} steps further than one step of {card.name}")
    dt = card.dt / within

    held = forcing_of(card, experiment.drives, experiment.units)
    block = max(1, min(int(0.5 * card.timescale / card.dt), experiment.steps * experiment.stride))

    def one(state: Any, forcing: Forcing, key: Any) -> Any:
        def advance(x: Any, at: Any) -> Any:
            for i in range(within):
                knobs = {words.get(k, k): v for k, v in forcing.at(at + i * dt).items()}
                x = model.step(x, knobs)
            return x

        return lyapunov_exponents(
            advance,
            state,
            k=card.exponents,
            blocks=experiment.steps * experiment.stride // block,
            steps_per_block=block,
            dt=card.dt,
            discard=experiment.discard * experiment.stride // block,
            key=key,
        )

    keys = jax.random.split(key_of(seed), experiment.units)
    try:
        found = jax.jit(jax.vmap(one))(jnp.asarray(layout.pack(initial, 1)), held, keys)
    except SystemExit as error:
        raise BadModel(f"{model.name} raised {describe_error(error)}") from error
    except (TypeError, jax.errors.JAXTypeError) as error:
        return Unsupported(experiment.label, f"{model.name} cannot be traced by JAX: {describe_error(error)}")
    return -np.sort(-np.asarray(found), axis=1)
