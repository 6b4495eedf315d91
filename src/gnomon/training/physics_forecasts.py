"""Forecasts of an imperfect physics, one step from each observation: what hybrids correct."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.spec.errors import BadSpec


def required_physics(name: str, prior: AbstractWorld | None) -> AbstractWorld:
    """The imperfect physics that the learner of this name cannot do without."""
    if prior is None:
        raise BadSpec(
            f"{name}: expected the imperfect physics of the world as `prior`, got none; "
            "choose a world whose card names an `imperfect` variant"
        )
    return prior


def forecast_from(
    physics: AbstractWorld,
    seen: Obs,
    now: Knobs,
    after: Knobs,
    time: Time,
    dt: float,
    key: PRNGKeyArray,
) -> Obs:
    """What the physics shows one step after one observation; what that leaves open is drawn by the key."""
    state = physics.lift(seen, physics.init(key=key))
    forcing = Forcing(
        times={k: jnp.stack([time, time + dt]) for k in now},
        values={k: jnp.stack([now[k], after[k]]) for k in now},
    )
    return physics.observe(physics.step(state, forcing, time=time, key=key))


@eqx.filter_jit
def forecasts_along(
    physics: AbstractWorld, seen: Obs, knobs: Knobs, time: Array, dt: float, key: PRNGKeyArray
) -> Obs:
    """Variable -> [sequence, time - 1, ...] one step after each observation but the last of each sequence.

    Sequence by sequence, for fields are large.

    Args:
        physics: steps by `dt`.
        seen: variable -> [sequence, time, ...].
        knobs: knob -> [sequence, time].
        time: [time].
        dt: between two observations.
        key: draws what an observation leaves open, the same for all.
    """

    def one(seen: Obs, now: Knobs, after: Knobs, time: Array) -> Obs:
        return forecast_from(physics, seen, now, after, time, dt, key)

    def along(row: tuple[Obs, Knobs, Knobs]) -> Obs:
        return jax.vmap(one)(row[0], row[1], row[2], time[:-1])

    def cut(rows: dict[str, Array], span: slice) -> dict[str, Array]:
        return {k: jnp.asarray(v)[:, span] for k, v in rows.items()}

    before, after = slice(None, -1), slice(1, None)
    return jax.lax.map(along, (cut(seen, before), cut(knobs, before), cut(knobs, after)))
