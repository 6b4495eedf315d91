"""An emulator of fields whose state is held near what training saw, so that a long run cannot leave it for ever."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, Time
from gnomon.learners.field_emulator import FieldSimulator
from gnomon.numerics.fields import Fields
from gnomon.spec.cards import SimulatorCard


class HeldFieldSimulator(AbstractSimulator[Array]):
    """The stepper inside, and after each of its steps every number held within the range of its channel.

    A number at the edge is one that the network would have taken further: a run that stays up only there has another
    climate, which is for the measures to tell.
    """

    card: SimulatorCard = eqx.field(static=True)
    stepper: FieldSimulator
    low: Float[Array, " channel"]
    high: Float[Array, " channel"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """As the stepper does; observations are not held."""
        return self.stepper.assimilate(history, forcing, time=time, key=key)

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One step, and the new state held."""
        new = self.stepper.advance(state, forcing, time=time, key=key)
        return new.at[-1].set(jnp.clip(new[-1], self.low, self.high))

    def observe(self, state: Array) -> Obs:
        """The newest state, in its own units."""
        return self.stepper.observe(state)


def holding(data: Data, room: float) -> Callable[[FieldSimulator], AbstractSimulator[Array]]:
    """(stepper) -> the stepper held; as it is where `room` is 0. Bounds are found once for all of a training."""
    bounds: list[tuple[Array, Array]] = []

    def held(stepper: FieldSimulator) -> AbstractSimulator[Array]:
        if not room:
            return stepper
        if not bounds:
            bounds.append(bounds_of(stepper.fields, data, room))
        return HeldFieldSimulator(stepper.card, stepper, *bounds[0])

    return held


def bounds_of(
    fields: Fields, data: Data, room: float
) -> tuple[Float[Array, " channel"], Float[Array, " channel"]]:
    """The range of every channel over all sites and times of training, and `room` of that range beyond."""
    lows, highs = [], []
    for row in data.train:  # one trajectory at a time: the training set of an atmosphere is large
        z = np.asarray(fields.encode({k: v[row] for k, v in data.obs.items()}), np.float64)
        lows.append(z.min((0, 1)))
        highs.append(z.max((0, 1)))
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    beyond, kind = room * (high - low), fields.std.dtype
    return jnp.asarray(low - beyond, kind), jnp.asarray(high + beyond, kind)
