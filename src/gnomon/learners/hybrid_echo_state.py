"""Hybrid echo state network: the reservoir hears the forecast of an imperfect physics, its readout corrects it.

Pathak et al. 2018, doi 10.1063/1.5028373.
"""

import functools
import time as clock
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.echo_state import (
    LISTEN,
    REACH,
    Reservoir,
    Sequences,
    best_readout,
    driven_sequences,
    forced_width,
    seen_at,
    units_read,
)
from gnomon.learners.hybrid import increment_spread
from gnomon.numerics.patches import Patches, neighbours, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.physics_forecasts import forecasts_along, required_physics
from gnomon.training.sampling import learned_card
from gnomon.training.search import check_budget


class Advised(NamedTuple):
    """The reservoir after all past observations, the present corrected state (standardised), and the physics' own."""

    reservoir: Float[Array, "site unit"]
    z: Float[Array, "site channel"]
    physics: Any


class HybridEchoStateSimulator(AbstractSimulator[Advised]):
    """z(t + dt) = physics(z(t)) + readout(reservoir(t + dt), z(t), increment of the physics), in closed loop."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    radius: int = eqx.field(static=True)
    physics: AbstractWorld
    spread: Float[Array, " channel"]
    reservoir: Reservoir
    readout: Float[Array, "feature channel"]
    offset: Float[Array, " channel"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Advised:
        """Drive the reservoir with the past and what the physics made of it; the physics starts from the present."""
        z = self.patches.encode(history)
        background = self.physics.init(key=key)

        def listen(r: Array, past: tuple[Array, Array]) -> tuple[Array, None]:
            then = time - past[1] * self.card.dt
            state = self.physics.lift(self.patches.decode(past[0]), background)
            _, _, increment = self._consult(past[0], state, forcing, then, key)
            heard = heard_at(self.patches, self.radius, past[0], increment, forcing.at(then))
            return self.reservoir(r, heard), None

        rest = jnp.zeros((z.shape[1], self.reservoir.bias.shape[0]), z.dtype)
        ages = jnp.arange(z.shape[0] - 1, 0, -1)
        r, _ = jax.lax.scan(listen, rest, (z[:-1], ages))
        return self._held(r, z[-1], background)

    def advance(self, state: Advised, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Advised:
        """The physics forecasts, the reservoir hears state and forecast, the readout adds the error it expects."""
        knobs = forcing.at(time)
        moved, forecast, increment = self._consult(state.z, state.physics, forcing, time, key)
        r = self.reservoir(state.reservoir, heard_at(self.patches, self.radius, state.z, increment, knobs))
        wide = heard_at(self.patches, REACH, state.z, increment, knobs)
        features = jnp.concatenate([self.patches.around(units_read(r), LISTEN), wide], axis=1)
        return self._held(r, forecast + features @ self.readout + self.offset, moved)

    def observe(self, state: Advised) -> Obs:
        """The present corrected state in its own units."""
        return self.patches.decode(state.z)

    def _consult(
        self, z: Array, physics: Any, forcing: Forcing, time: Time, key: PRNGKeyArray
    ) -> tuple[Any, Array, Array]:
        """The physics a step later, what is seen of it, and its increment in units of the usual one."""
        moved = self.physics.step(physics, forcing, time=time, key=key)
        forecast = self.patches.encode(self.physics.observe(moved))
        return moved, forecast, (forecast - z) / self.spread

    def _held(self, r: Array, z: Array, background: Any) -> Advised:
        """What the physics cannot hold (a mean that it conserves, say) is dropped, so that it cannot pile up."""
        physics = self.physics.lift(self.patches.decode(z), background)
        return Advised(r, self.patches.encode(self.physics.observe(physics)), physics)


class HybridEchoState(AbstractLearner):
    r"""Leaky echo state network around an imperfect physics of the same world; on a field one reservoir a site.

    .. math::
        r_{n+1} = (1 - a)\, r_n + a \tanh(W r_n + V (z_n, P(z_n) - z_n, \text{knobs}) + b), \qquad
        z_{n+1} = P(z_n) + U (r_{n+1}, r_{n+1}^2, z_n, P(z_n) - z_n, \text{knobs}) + u

    As published (Pathak et al. 2018): the reservoir and the readout both see what the physics P makes of the present
    state, and the readout is a ridge regression. Different: the readout is fitted to the error of the physics instead
    of the state, so that a strong ridge falls back on the physics and not on zero; every other unit enters squared,
    as in `echo_state`; on a homogeneous world the sites share one small reservoir.

    Spectral radius, input scale, leak, input noise and ridge strength are searched on free-run validation error, over
    the settings of `echo_state`; the physics forecasts from the noisy states.

    What misleads: where the physics is nearly right the observation error is most of what there is to correct, and
    the readout learns it. The physics starts every trained step from an observation, so what it holds and nobody
    observes is drawn at random there.

    Attributes:
        budget: settings tried, ridge strengths counted one by one.
        units: reservoir size where the world is one site.
        local_units: reservoir size at each site of a homogeneous world.
        warm_up: past observations that wake the reservoir.
    """

    version: ClassVar[int] = 2
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = True
    budget: int = 10
    units: int = 300
    local_units: int = 96
    warm_up: int = 50

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Draw reservoirs, fit their readouts to the errors of the physics, keep the best in free run."""
        began = clock.perf_counter()
        prior = required_physics("hybrid_echo_state", prior)
        self.check()
        context, patches = self._context(data), patches_of(data)
        draw_key, weight_key, row_key, noise_key, judge_key = jax.random.split(key, 5)
        physics, spread = prior, increment_spread(data, patches)
        driven = driven_sequences(data, patches, row_key)

        @functools.lru_cache(maxsize=2)
        def consulted(noise: float) -> tuple[Array, Array]:
            """Noisy states, and what the physics makes of them."""
            seen = driven.z[:, :-1]
            noisy = seen + noise * jax.random.normal(noise_key, seen.shape, seen.dtype)
            heard, moments = patches.decode(driven.z.at[:, :-1].set(noisy)), jnp.asarray(data.time)
            forecasts = forecasts_along(physics, heard, driven.knobs, moments, data.card.dt, noise_key)
            return noisy, patches.encode(forecasts)

        def rows(reservoir: Reservoir, radius: int, noise: float) -> tuple[Array, Array]:
            return _rows(reservoir, patches, radius, context, driven, *consulted(noise), spread)

        def made(
            reservoir: Reservoir, radius: int, weights: Array, offset: Array
        ) -> HybridEchoStateSimulator:
            card = learned_card("hybrid_echo_state", data, context=context)
            return HybridEchoStateSimulator(
                card, patches, radius, physics, spread, reservoir, weights, offset
            )

        chosen = best_readout(
            data, patches, rows, made,
            size=self.local_units if patches.shape else self.units,
            inputs=lambda radius: 2 * patches.width(radius) + forced_width(patches),
            context=context, budget=self.budget, keys=(draw_key, weight_key, judge_key),
        )  # fmt: skip
        return Fit(chosen.simulator, {**chosen.log, "seconds": clock.perf_counter() - began})

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.units, self.local_units, self.warm_up) < 2:
            raise BadSpec("hybrid_echo_state: units, local_units and warm_up must be at least 2")
        check_budget("hybrid_echo_state", self.budget)

    def _context(self, data: Data) -> int:
        """Past observations that wake the reservoir, as many as asked or the data allow."""
        if len(data.time) < 6:
            raise BadData(
                f"hybrid_echo_state: expected trajectories of 6 observations or more, got {len(data.time)}"
            )
        return min(self.warm_up, len(data.time) // 3)


def heard_at(
    patches: Patches, radius: int, z: Array, increment: Array, knobs: Knobs
) -> Float[Array, "site input"]:
    """What the reservoir at each site hears: its neighbourhood, the knobs, and what the physics would change there."""
    return jnp.concatenate([seen_at(patches, radius, z, knobs), patches.around(increment, radius)], axis=1)


@eqx.filter_jit
def _rows(
    reservoir: Reservoir,
    patches: Patches,
    radius: int,
    context: int,
    driven: Sequences,
    noisy: Array,
    forecast: Array,
    spread: Array,
) -> tuple[Array, Array]:
    """[sequence, time, feature], and [sequence, time, channel] errors of the physics, after the warm-up."""
    near = jnp.asarray(neighbours(patches.shape, LISTEN)) if patches.shape else jnp.zeros((1, 1), int)

    def one(z: Array, noisy: Array, forecast: Array, knobs: Knobs, site: Array) -> tuple[Array, Array]:
        told = (noisy, (forecast - noisy) / spread, knobs)
        heard = jax.vmap(lambda a, b, c: heard_at(patches, radius, a, b, c)[near[site]])(*told)
        wide = jax.vmap(lambda a, b, c: heard_at(patches, REACH, a, b, c)[site])(*told)

        def listen(r: Array, s: Array) -> tuple[Array, Array]:
            r = reservoir(r, s)
            return r, r

        rest = jnp.zeros((near.shape[1], reservoir.bias.shape[0]), z.dtype)
        _, r = jax.lax.scan(listen, rest, heard)
        units = units_read(r[context - 1 :])
        features = jnp.concatenate([units.reshape(units.shape[0], -1), wide[context - 1 :]], axis=1)
        return features, (z[1:, site] - forecast[:, site])[context - 1 :]

    # knobs have one value more than there are increments
    before = {k: v[:, :-1] for k, v in driven.knobs.items()}
    return jax.vmap(one)(driven.z, noisy, forecast, before, driven.site)
