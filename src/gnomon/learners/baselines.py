"""What every honest comparison stands beside: no change at all, and the average."""

import time as clock
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import SimulatorCard
from gnomon.training.sampling import learned_card


class PersistenceSimulator(AbstractSimulator[Obs]):
    """The present observation for ever."""

    card: SimulatorCard = eqx.field(static=True)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """The present observation."""
        return {name: jnp.asarray(value[-1]) for name, value in history.items()}

    def advance(self, state: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """Nothing happens."""
        return state

    def observe(self, state: Obs) -> Obs:
        """The state is an observation."""
        return state


class Persistence(AbstractLearner):
    """Tomorrow is today. Nothing is fitted."""

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Nothing is learned."""
        card = learned_card("persistence", data, context=1)
        return Fit(PersistenceSimulator(card=card), _log({}, 0.0))


class ClimatologySimulator(AbstractSimulator[Array]):
    """The mean at the present knob values, whatever the observations say.

    Attributes:
        slopes: [knob, size] change of the mean with each knob.
        centre: [knob] knob values at which `mean` holds.
    """

    card: SimulatorCard = eqx.field(static=True)
    packing: Packing
    mean: Float[Array, " size"]
    slopes: Float[Array, "knob size"]
    centre: Float[Array, " knob"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The mean at the present forcing."""
        return self._at(forcing.at(time))

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The mean at the forcing one step later."""
        return self._at(forcing.at(time + self.card.dt))

    def observe(self, state: Array) -> Obs:
        """The mean, unpacked."""
        return self.packing.unpack(state)

    def _at(self, knobs: Knobs) -> Array:
        if not self.card.knobs:
            return self.mean
        values = jnp.stack([knobs[name] for name in self.card.knobs])
        return self.mean + (values - self.centre) @ self.slopes


class Climatology(AbstractLearner):
    """The training mean, regressed linearly on the knobs.

    Where a variable is homogeneous and no knob has a pattern, one mean and one slope serve all its points.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Least squares over all training moments."""
        began = clock.perf_counter()
        card = data.card
        packing = packing_of(card)
        names = tuple(k.name for k in card.knobs)
        knobs = np.stack([np.asarray(data.forcing[n], float)[data.train].ravel() for n in names], axis=1)
        centre = knobs.mean(0)
        design = np.concatenate([np.ones((len(knobs), 1)), knobs - centre], axis=1)
        pooled = not any(k.pattern is not None for k in card.knobs)
        columns = []
        for v in card.variables:
            rows = np.asarray(data.obs[v.name], float)[data.train].reshape(len(knobs), -1)
            if v.homogeneous and pooled:
                rows = np.broadcast_to(rows.mean(1, keepdims=True), rows.shape)
            columns.append(np.linalg.lstsq(design, rows, rcond=None)[0])
        weights = np.concatenate(columns, axis=1)
        simulator = ClimatologySimulator(
            card=learned_card("climatology", data, context=1),
            packing=packing,
            mean=jnp.asarray(weights[0]),
            slopes=jnp.asarray(weights[1:]),
            centre=jnp.asarray(centre),
        )
        return Fit(simulator, _log({}, clock.perf_counter() - began))


def _log(chosen: dict[str, float], seconds: float) -> dict[str, object]:
    return {"chosen": chosen, "tried": 1, "budget": 1, "validation": {}, "space": {}, "seconds": seconds}
