"""Hybrid: an imperfect physics of the same world plus a learned correction of each of its steps.

Pathak et al. 2018, doi 10.1063/1.5028373; here the correction is a ridge regression on polynomials of the state,
the knobs and the increment that the physics predicts.
"""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.nvar import encode
from gnomon.numerics.cascade import Cascade
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.training.cascade_search import Rows, search_cascades
from gnomon.training.physics_forecasts import forecast_from, required_physics
from gnomon.training.sampling import Sample, learned_card
from gnomon.training.search import Setting, check_budget


class Mixed(NamedTuple):
    """The last corrected states (standardised), and the state of the physics."""

    window: Float[Array, "delay site channel"]
    physics: Any


class HybridSimulator(AbstractSimulator[Mixed]):
    """z(t + dt) = physics(z(t)) + cascade(z(t), …, increment of the physics, knobs(t))."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    physics: AbstractWorld
    cascade: Cascade
    spread: Float[Array, " channel"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Mixed:
        """The physics starts from the present observation; what that does not determine, from a random state."""
        present = {name: value[-1] for name, value in history.items()}
        state = self.physics.lift(present, self.physics.init(key=key))
        return Mixed(self.patches.encode(history), state)

    def advance(self, state: Mixed, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Mixed:
        """A step of the physics, corrected, and handed back to the physics."""
        moved = self.physics.step(state.physics, forcing, time=time, key=key)
        forecast = self.patches.encode(self.physics.observe(moved))
        increment = (forecast - state.window[-1]) / self.spread
        slices = jnp.concatenate([state.window, increment[None]])
        new = forecast + self.cascade(self.patches, slices, forcing.at(time))
        corrected = self.physics.lift(self.patches.decode(new), moved)
        # what the physics cannot hold (a mean it conserves, say) must not pile up in the window
        held = self.patches.encode(self.physics.observe(corrected))
        return Mixed(jnp.concatenate([state.window[1:], held[None]]), corrected)

    def observe(self, state: Mixed) -> Obs:
        """The newest corrected state, in its own units."""
        return self.patches.decode(state.window[-1])


class Hybrid(AbstractLearner):
    """Imperfect physics plus a correction that is a polynomial of state, knobs and predicted increment.

    The correction's structure and ridge strength are searched on free-run validation error.

    Attributes:
        budget: settings tried, ridge strengths counted one by one.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = True
    budget: int = 8

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Search, then keep the winner."""
        physics = required_physics("hybrid", prior)
        self.check()
        patches = patches_of(data)
        names = ("delays", "stages", "degree", "radius", "reach")
        rows = (
            [(2, 2, 2, 2, 8), (1, 1, 2, 2, 4), (2, 3, 2, 2, 8), (2, 1, 2, 2, 8)]
            if patches.shape
            else [(2, 1, 2, 0, 0), (1, 1, 2, 0, 0), (1, 2, 2, 0, 0), (2, 2, 2, 0, 0)]
        )
        structures: list[Setting] = [dict(zip(names, row, strict=True)) for row in rows]
        physics_key, search_key = jax.random.split(key)
        spread = increment_spread(data, patches)

        def rows_of(sample: Sample) -> Rows:
            window, following = encode(patches, sample.history, sample.following)
            forecast = _forecast(
                physics, patches, data.card.dt, sample._replace(trajectory=None), physics_key
            )
            slices = jnp.concatenate([window, ((forecast - window[:, -1]) / spread)[:, None]], axis=1)
            return Rows(slices, sample.knobs, np.asarray(following - forecast))

        def simulator_of(setting: Setting, cascade: Cascade) -> HybridSimulator:
            card = learned_card("hybrid", data, context=setting["delays"])
            return HybridSimulator(
                card=card, patches=patches, physics=physics, cascade=cascade, spread=spread
            )

        return search_cascades(
            data,
            patches,
            structures,
            {"ridge": (1e-7, 1e-4)},
            self.budget,
            rows_of,
            simulator_of,
            extra_slices=1,
            starts=24,
            steps=300,
            key=search_key,
        )

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        check_budget("hybrid", self.budget)


@eqx.filter_jit
def _forecast(
    physics: AbstractWorld, patches: Patches, dt: float, sample: Sample, key: PRNGKeyArray
) -> Array:
    """[row, site, channel] what the physics predicts one step after each sampled moment."""

    def one(history: Obs, now: Knobs, after: Knobs, time: Array) -> Array:
        present = {name: value[-1] for name, value in history.items()}
        return patches.encode(forecast_from(physics, present, now, after, time, dt, key))

    return jax.vmap(one)(sample.history, sample.knobs, sample.next_knobs, sample.time)


def increment_spread(data: Data, patches: Patches) -> Array:
    """[channel] standard deviation of the observed standardised increments."""
    z = np.asarray(patches.encode({k: v[data.train] for k, v in data.obs.items()}))
    return jnp.asarray(np.maximum(np.diff(z, axis=1).std((0, 1, 2)), 1e-12), patches.mean.dtype)
