"""Data to learn from without a study: for tests of learners, here and elsewhere, and for benchmarks."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.world import AbstractWorld, add_error


def data_at_default(world: AbstractWorld, trajectories: int, steps: int, *, seed: int = 0) -> Data:
    """Observed trajectories at the default knobs, with the declared observation error; the last fifth validates."""
    obs = runs_at_default(world, trajectories, steps, seed)
    obs = add_error(world.card, obs, key=jax.random.key(seed + 1))
    first = trajectories - max(1, trajectories // 5)
    return Data(
        obs={k: np.asarray(v) for k, v in obs.items()},
        forcing={k.name: np.full((trajectories, steps), k.default) for k in world.card.knobs},
        time=np.arange(steps) * world.card.dt,
        train=np.arange(first),
        validation=np.arange(first, trajectories),
        card=world.card,
    )


def runs_at_default(world: AbstractWorld, trajectories: int, steps: int, seed: int) -> dict[str, Any]:
    """[trajectory, time] after a spin-up, without observation error."""
    card = world.card
    zero = {k.name: jnp.zeros(1) for k in card.knobs}
    forcing = Forcing(times=zero, values={k.name: jnp.full(1, float(k.default)) for k in card.knobs})
    spin = round(card.spinup / card.dt)

    def one(key: Any) -> Any:
        def step(state: Any, _: Any) -> Any:
            return world.step(state, forcing, time=0.0, key=key), world.observe(state)

        state = jax.lax.scan(step, world.init(key=key), None, length=spin)[0]
        return jax.lax.scan(step, state, None, length=steps)[1]

    return eqx.filter_jit(jax.vmap(one))(jax.random.split(jax.random.key(seed), trajectories))
