"""Training data for tests: observed trajectories of a world over the range of its knobs."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.world import AbstractWorld, add_error


def make_data(world: AbstractWorld, *, train: int, validation: int, steps: int, seed: int = 0) -> Data:
    """Every third trajectory has a knob that varies slowly; the others hold a value spread over the range."""
    card = world.card
    rng = np.random.default_rng(seed)
    count = train + validation
    time = np.arange(steps) * card.dt
    times, values = {}, {}
    for knob in card.knobs:
        level = knob.low + (knob.high - knob.low) * (rng.permutation(count) + 0.5) / count
        wave = 0.5 * (knob.high - knob.low) * np.sin(2 * np.pi * (time / time[-1] + rng.random((count, 1))))
        varying = (np.arange(count) % 3 == 2)[:, None]
        values[knob.name] = np.where(varying, 0.5 * (knob.low + knob.high) + wave, level[:, None])
        times[knob.name] = np.broadcast_to(time, (count, steps))
    forcing = Forcing(
        times={k: jnp.asarray(v) for k, v in times.items()},
        values={k: jnp.asarray(v) for k, v in values.items()},
    )
    obs = observe_runs(world, forcing, steps, key=jax.random.key(seed))
    return Data(
        obs={k: np.asarray(v) for k, v in obs.items()},
        forcing=values,
        time=time,
        train=np.arange(train),
        validation=np.arange(train, count),
        card=card,
    )


@eqx.filter_jit
def observe_runs(
    world: AbstractWorld, forcing: Forcing, steps: int, *, key: jax.Array, noisy: bool = True
) -> dict:
    """Observations [unit, time, ...] after a spin-up at the forcing of time 0."""
    card = world.card
    spin = int(np.ceil(card.spinup / card.dt))

    def one(forcing: Forcing, key: jax.Array) -> dict:
        start, path, error = jax.random.split(key, 3)
        first = jax.tree.map(lambda v: v[:1], forcing)

        def settle(state, n):
            return world.step(state, first, time=0.0, key=jax.random.fold_in(path, n)), None

        def step(state, n):
            new = world.step(state, forcing, time=n * card.dt, key=jax.random.fold_in(path, spin + n))
            return new, world.observe(state)

        state, _ = jax.lax.scan(settle, world.init(key=start), jnp.arange(spin))
        _, obs = jax.lax.scan(step, state, jnp.arange(steps))
        return add_error(card, obs, key=error) if noisy else obs

    units = next(iter(forcing.values.values())).shape[0]
    return jax.vmap(one)(forcing, jax.random.split(key, units))
