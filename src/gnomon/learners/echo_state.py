"""Echo state network: a fixed random recurrent network driven by observations, with a linear readout.

Jaeger and Haas 2004, doi 10.1126/science.1091277; one small reservoir a site with shared weights:
Pathak et al. 2018, doi 10.1103/PhysRevLett.120.024102.
"""

import functools
import time as clock
from collections.abc import Callable
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
from gnomon.numerics.patches import Patches, neighbours, patches_of
from gnomon.numerics.ridge import ridge_path
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card
from gnomon.training.search import Chosen, Setting, check_budget, draw_settings, search

SEQUENCES = 72  # driven sequences (a trajectory at one site each) that the readout is fitted on
LISTEN = 1  # neighbouring reservoirs on each side that the readout of a site sees
STRENGTHS = (1e-8, 1e-6)  # of the ridge
REACH = 8  # neighbouring observations on each side that enter the readout linearly


class Driven(NamedTuple):
    """The reservoir after all past observations, and the present observation (standardised)."""

    reservoir: Float[Array, "site unit"]
    z: Float[Array, "site channel"]


class Reservoir(eqx.Module):
    """r <- (1 - leak) r + leak tanh(r W + input V + bias), the same weights at every site."""

    recurrent: Float[Array, "unit unit"]
    inward: Float[Array, "input unit"]
    bias: Float[Array, " unit"]
    leak: Float[Array, ""]

    def __call__(
        self, r: Float[Array, "... unit"], seen: Float[Array, "... input"]
    ) -> Float[Array, "... unit"]:
        """One update."""
        return (1.0 - self.leak) * r + self.leak * jnp.tanh(
            r @ self.recurrent + seen @ self.inward + self.bias
        )


class EchoStateSimulator(AbstractSimulator[Driven]):
    """z(t + dt) = z(t) + readout(reservoir(t + dt), input(t)), in closed loop."""

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    radius: int = eqx.field(static=True)
    reservoir: Reservoir
    readout: Float[Array, "feature channel"]
    offset: Float[Array, " channel"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Driven:
        """Drive the reservoir with the past from rest; the forcing is read at the past moments."""
        z = self.patches.encode(history)
        context = z.shape[0]

        def listen(r, past):
            z_then, age = past
            seen = seen_at(self.patches, self.radius, z_then, forcing.at(time - age * self.card.dt))
            return self.reservoir(r, seen), None

        rest = jnp.zeros((z.shape[1], self.reservoir.bias.shape[0]), z.dtype)
        ages = jnp.arange(context - 1, 0, -1)
        r, _ = jax.lax.scan(listen, rest, (z[:-1], ages))
        return Driven(r, z[-1])

    def advance(self, state: Driven, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Driven:
        """The reservoir hears the present state, the readout adds the increment."""
        knobs = forcing.at(time)
        r = self.reservoir(state.reservoir, seen_at(self.patches, self.radius, state.z, knobs))
        features = jnp.concatenate(
            [self.patches.around(units_read(r), LISTEN), seen_at(self.patches, REACH, state.z, knobs)], axis=1
        )
        return Driven(r, state.z + features @ self.readout + self.offset)

    def observe(self, state: Driven) -> Obs:
        """The present state in its own units."""
        return self.patches.decode(state.z)


class EchoState(AbstractLearner):
    """Leaky echo state network; on a homogeneous world one reservoir a site, with shared weights.

    The readout sees units and squared units of the site and its next neighbours, and, linearly, a wide neighbourhood of
    observations: the neighbours' reservoirs hear the same law on shifted input, which widens the basis for free, and
    diffusion over one step reaches further than a small patch.

    Spectral radius, input scale, leak, input noise (Wikner et al. 2024, doi 10.1016/j.neunet.2023.10.054) and
    ridge strength are searched on free-run validation error.

    Attributes:
        budget: settings tried, ridge strengths counted one by one.
        units: reservoir size where the world is one site.
        local_units: reservoir size at each site of a homogeneous world.
        warm_up: past observations that wake the reservoir.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    budget: int = 10
    units: int = 300
    local_units: int = 96
    warm_up: int = 50

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Draw reservoirs, fit their readouts, keep the best in free run."""
        began = clock.perf_counter()
        self.check()
        patches = patches_of(data)
        context = min(self.warm_up, len(data.time) // 3)
        if context < 2:
            raise BadData(
                f"echo_state: expected trajectories of 6 observations or more, got {len(data.time)}"
            )
        draw_key, weight_key, row_key, noise_key, judge_key = jax.random.split(key, 5)
        driven = driven_sequences(data, patches, row_key)

        def rows(reservoir: Reservoir, radius: int, noise: float) -> tuple[Array, Array]:
            size = jnp.asarray(noise, patches.mean.dtype)
            return _rows(reservoir, patches, radius, context, driven, size, noise_key)

        def made(reservoir: Reservoir, radius: int, weights: Array, offset: Array) -> EchoStateSimulator:
            card = learned_card("echo_state", data, context=context)
            return EchoStateSimulator(card, patches, radius, reservoir, weights, offset)

        chosen = best_readout(
            data, patches, rows, made,
            size=self.local_units if patches.shape else self.units,
            inputs=lambda radius: patches.width(radius) + forced_width(patches),
            context=context, budget=self.budget, keys=(draw_key, weight_key, judge_key),
        )  # fmt: skip
        return Fit(chosen.simulator, {**chosen.log, "seconds": clock.perf_counter() - began})

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if min(self.units, self.local_units, self.warm_up) < 2:
            raise BadSpec("echo_state: units, local_units and warm_up must be at least 2")
        check_budget("echo_state", self.budget)


def best_readout(
    data: Data,
    patches: Patches,
    rows: Callable[[Reservoir, int, float], tuple[Array, Array]],
    made: Callable[[Reservoir, int, Array, Array], AbstractSimulator],
    *,
    size: int,
    inputs: Callable[[int], int],
    context: int,
    budget: int,
    keys: tuple[PRNGKeyArray, PRNGKeyArray, PRNGKeyArray],
) -> Chosen:
    """The best in free run of reservoirs with ridge regressions on their units.

    Args:
        data: trajectories.
        patches: of the world.
        rows: reservoir, radius and input noise -> [sequence, time, feature] and [sequence, time, target].
        made: reservoir, radius, weights and offset -> simulator.
        size: of the reservoir.
        inputs: radius -> numbers that a reservoir hears.
        context: past observations that wake it.
        budget: settings tried.
        keys: of the settings, of the reservoirs, of the judge's starts.
    """
    structures = structures_of(bool(patches.shape))

    @functools.lru_cache(maxsize=1)  # strengths of one structure come one after the other
    def path(spectral: float, scale: float, leak: float, radius: int, noise: float):
        dtype = patches.mean.dtype
        reservoir = draw_reservoir(size, inputs(radius), spectral, scale, leak, dtype, key=keys[1])
        x, y = (np.asarray(a).reshape(-1, a.shape[-1]) for a in rows(reservoir, radius, noise))
        return reservoir, ridge_path(x, y, STRENGTHS)

    def fit_one(setting: Setting) -> AbstractSimulator:
        reservoir, weights = path(*(setting[k] for k in ("spectral", "scale", "leak", "radius", "noise")))
        w, b = (jnp.asarray(x, patches.mean.dtype) for x in weights[STRENGTHS.index(setting["ridge"])])
        return made(reservoir, setting["radius"], w, b)

    return search(
        draw_settings(structures, {"ridge": STRENGTHS}, budget, key=keys[0]),
        fit_one,
        FreeRunJudge(data, reserve=context, starts=16, steps=200, key=keys[2]),
        space={"structure": structures, "ridge": list(STRENGTHS)},
        budget=budget,
    )


def seen_at(patches: Patches, radius: int, z: Array, knobs: Knobs) -> Float[Array, "site input"]:
    """What the reservoir at each site hears: its neighbourhood and the knobs."""
    return jnp.concatenate([patches.around(z, radius), patches.forced(knobs, radius=1)], axis=1)


def units_read(r: Float[Array, "... unit"]) -> Float[Array, "... feature"]:
    """Units, and the squares of every other unit (they break the symmetry of tanh)."""
    return jnp.concatenate([r, r[..., ::2] ** 2], axis=-1)


class Sequences(NamedTuple):
    """Training trajectories, and at which site each is listened to."""

    z: Float[Array, "sequence time site channel"]
    knobs: Knobs
    site: Array


def structures_of(ring: bool) -> list[dict[str, Any]]:
    """Noise on the training input (in standard deviations) teaches a closed loop to pull back to the attractor."""
    default = (
        dict(spectral=0.2, scale=0.2, leak=1.0, radius=2, noise=0.003)
        if ring
        else dict(spectral=0.4, scale=0.1, leak=0.6, radius=0, noise=0.0)
    )
    others = [
        dict(spectral=s, scale=i, leak=leak, radius=2 if ring else 0, noise=n)
        for s in (0.2, 0.4, 0.8)
        for i in ((0.1, 0.2, 0.3) if ring else (0.1, 0.3))
        for leak in (0.6, 1.0)
        for n in ((0.003, 0.01) if ring else (0.0, 0.003))
    ]
    return [default] + [o for o in others if o != default]


def forced_width(patches: Patches) -> int:
    """Numbers by which the knobs enter at a site."""
    near = patches.width(1) // patches.channels
    return sum(near if has else 1 for has in patches.patterned)


def draw_reservoir(
    size: int, inputs: int, spectral: float, scale: float, leak: float, dtype: Any, *, key: PRNGKeyArray
) -> Reservoir:
    """A random reservoir; a setting changes its scales, not its draws."""
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).tolist())
    recurrent = rng.standard_normal((size, size)) / np.sqrt(size)
    recurrent *= spectral / np.max(np.abs(np.linalg.eigvals(recurrent)))
    inward = rng.uniform(-scale, scale, (inputs, size))
    bias = rng.uniform(-0.5, 0.5, size)
    return Reservoir(*(jnp.asarray(a, dtype) for a in (recurrent, inward, bias, leak)))


def driven_sequences(data: Data, patches: Patches, key: PRNGKeyArray) -> Sequences:
    """So many trajectories and sites as the readout is fitted on, sites drawn by the key."""
    each = max(1, min(patches.sites, SEQUENCES // len(data.train)))
    rows = np.repeat(data.train, each)
    draws = [
        np.asarray(jax.random.permutation(jax.random.fold_in(key, i), patches.sites))[:each]
        for i in range(len(data.train))
    ]
    return Sequences(
        z=patches.encode({k: v[rows] for k, v in data.obs.items()}),
        knobs={k: jnp.asarray(v[rows]) for k, v in data.forcing.items()},
        site=jnp.asarray(np.concatenate(draws)),
    )


@eqx.filter_jit
def _rows(
    reservoir: Reservoir,
    patches: Patches,
    radius: int,
    context: int,
    driven: Sequences,
    noise: Array,
    key: PRNGKeyArray,
) -> tuple[Array, Array]:
    """[sequence, time, feature] and [sequence, time, channel] after the warm-up.

    The reservoir and the readout see noisy states; the target is the way from there to the observed next state.
    """
    near = jnp.asarray(neighbours(patches.shape, LISTEN)) if patches.shape else jnp.zeros((1, 1), int)

    noisy = driven.z[:, :-1]
    noisy = noisy + noise * jax.random.normal(key, noisy.shape, noisy.dtype)

    def one(z: Array, noisy: Array, knobs: Knobs, site: Array) -> tuple[Array, Array]:
        heard = jax.vmap(lambda a, b: seen_at(patches, radius, a, b)[near[site]])(noisy, knobs)
        wide = jax.vmap(lambda a, b: seen_at(patches, REACH, a, b)[site])(noisy, knobs)

        def listen(r, s):
            r = reservoir(r, s)
            return r, r

        rest = jnp.zeros((near.shape[1], reservoir.bias.shape[0]), z.dtype)
        _, r = jax.lax.scan(listen, rest, heard)
        units = units_read(r[context - 1 :])
        features = jnp.concatenate([units.reshape(units.shape[0], -1), wide[context - 1 :]], axis=1)
        return features, (z[1:, site] - noisy[:, site])[context - 1 :]

    # knobs have one value more than there are increments
    return jax.vmap(one)(driven.z, noisy, {k: v[:, :-1] for k, v in driven.knobs.items()}, driven.site)
