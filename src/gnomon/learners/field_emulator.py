"""The frame of learners that know their geometry: they differ in the file of their network and in nothing else.

A network sees the standardised state at every site (its last observations as changes, where more than one is asked
for), the knobs times their patterns, and, where the world is not the same everywhere, what never changes: sine of
latitude, land, orography, the training mean. It predicts the increment over one observation step in units of that
increment's standard deviation, and is trained on one step, then on unrolled steps (Brandstetter et al. 2022,
arXiv 2202.03376). Errors are weighted by area.
"""

import abc
import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, Time
from gnomon.numerics.fields import Fields, fields_of
from gnomon.numerics.geometry import Geometry
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting
from gnomon.training.sound_data import check_data
from gnomon.training.trainer import Recipe, Stage
from gnomon.training.windows import Sequences, Unrolled, cast, draw_moments

POSITIONS = {"auto": None, "on": True, "off": False}
SPACE = {"rate": (2e-3, 5e-3, 1e-3), "noise": (0.003, 0.0, 0.03)}
SMALLEST_BATCH = 4
# Validation moments, and steps run from each at least; a state of many numbers allows few.
MANY, SMALL, LARGE = 4000, (16, 200), (8, 60)


class AbstractFieldNetwork(eqx.Module):
    """A network on the points of a geometry."""

    @abc.abstractmethod
    def __call__(self, geometry: Geometry, x: Float[Array, "site input"]) -> Float[Array, "site output"]:
        """At every site."""


class Plan(NamedTuple):
    """How an emulator is trained, whatever its network."""

    name: str
    budget: int
    delays: int
    updates: int
    batch: int
    unroll: int
    positions: str

    @classmethod
    def of(cls, name: str, learner: Any) -> "Plan":
        """Of the learner's own fields of the same names."""
        return cls(name, **{field: getattr(learner, field) for field in cls._fields[1:]})


class FieldSimulator(AbstractSimulator[Array]):
    """The last observations are the state; a network adds increments."""

    card: SimulatorCard = eqx.field(static=True)
    fields: Fields
    spread: Float[Array, " channel"]
    network: AbstractFieldNetwork

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """[delay, site, channel] standardised."""
        return self.fields.encode(history)

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """One step; the oldest state leaves the window."""
        amplitudes = self.fields.amplitudes(forcing.at(time))
        increment = increment_of(self.fields, self.spread, self.network, state, amplitudes)
        return jnp.concatenate([state[1:], (state[-1] + increment)[None]])

    def observe(self, state: Array) -> Obs:
        """The newest state, in its own units."""
        return self.fields.decode(state[-1])


class Predict(eqx.Module):
    """What the loss calls, with its constants as leaves."""

    fields: Fields
    spread: Array

    def __call__(self, network: AbstractFieldNetwork, window: Array, forced: Array) -> Array:
        """`forced` is [1, knob]: patterns are the fields' affair, so that the data hold one number a knob."""
        return increment_of(self.fields, self.spread, network, window, forced[0])


def increment_of(
    fields: Fields, spread: Array, network: AbstractFieldNetwork, window: Array, amplitudes: Array
) -> Float[Array, "site channel"]:
    """The change over one step, in standardised units."""
    x = told_to_network(fields, spread, window, amplitudes)
    return fields.settled(spread * network(fields.geometry, x))


def told_to_network(
    fields: Fields, spread: Array, window: Array, amplitudes: Array
) -> Float[Array, "site input"]:
    """The newest state, the changes before it, knobs and what never changes."""
    changes = (window[1:] - window[:-1]) / spread
    return jnp.concatenate([window[-1], *changes, fields.around(amplitudes)], axis=1)


def fit_emulator(
    plan: Plan,
    start: Callable[[Geometry, int, int, np.random.Generator], AbstractFieldNetwork],
    data: Data,
    *,
    taught: Callable[[Unrolled], Any] = lambda one: one,
    run: Callable[[FieldSimulator], AbstractSimulator] = lambda simulator: simulator,
    watched: int = 0,
    key: PRNGKeyArray,
) -> Fit:
    """Train once for each setting, keep the best in free run.

    Args:
        plan: of the training.
        start: (geometry, inputs, outputs, generator) -> the untrained network, in single precision.
        data: of a world with a geometry.
        taught: the loss of so many free steps -> the loss of a stage, where a learner has more to learn than those.
        run: the plain stepper -> the simulator, where a learner does more in a step than one pass of its network.
        watched: steps of the free runs that choose; 0 for few or many by the size of a state.
        key: of all draws.
    """
    check_plan(plan)
    check_data(plan.name, data)
    fields = fields_of(data, positions=POSITIONS[plan.positions], name=plan.name)
    coarse, dtype = cast(fields, jnp.float32), fields.std.dtype
    sequences = field_sequences(coarse, data)
    spread = increment_spread(sequences, fields.geometry)
    spread32 = jnp.asarray(spread, jnp.float32)
    # an error counts by the area that its point stands for
    scale = spread32 / jnp.sqrt(jnp.asarray(fields.geometry.weights(), jnp.float32))[:, None]
    inputs = fields.channels * plan.delays + fields.told

    def simulator_of(network: AbstractFieldNetwork) -> AbstractSimulator:
        plain = FieldSimulator(
            card=learned_card(plan.name, data, context=plan.delays),
            fields=fields,
            spread=jnp.asarray(spread, dtype),
            network=cast(network, dtype),
        )
        return run(plain)

    def trainable(setting: Setting) -> Trainable:
        loss = Unrolled(Predict(coarse, spread32), scale, jnp.float32(setting["noise"]), plan.delays, 1)
        return Trainable(
            make=lambda key: start(fields.geometry, inputs, fields.channels, _generator(key)),
            stages=_stages(plan, loss, taught, sequences, fields.geometry.sites),
            data=sequences,
            recipe=Recipe(rate=setting["rate"], warm_up=0.05, decay=1e-5),
            simulator=simulator_of,
        )

    starts, steps = LARGE if data.card.size > MANY else SMALL
    return fit_networks(
        data, trainable, SPACE, name=plan.name, budget=plan.budget, context=plan.delays, starts=starts,
        steps=watched or steps, key=key,
    )  # fmt: skip


def _generator(key: PRNGKeyArray) -> np.random.Generator:
    """Drawn on the host: a compiled draw for every shape of a network takes longer than its training in a test."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())


def check_plan(plan: Plan) -> None:
    """Refuse a plan that no training could follow."""
    if plan.positions not in POSITIONS:
        raise BadSpec(f"{plan.name}: positions must be one of {', '.join(POSITIONS)}, got {plan.positions!r}")
    if min(plan.budget, plan.delays, plan.updates, plan.batch, plan.unroll) < 1:
        raise BadSpec(f"{plan.name}: budget, delays, updates, batch and unroll must be at least 1")


def _stages(
    plan: Plan, one: Unrolled, taught: Callable[[Unrolled], Any], data: Sequences, sites: int
) -> tuple[Stage, ...]:
    batch = max(SMALLEST_BATCH, plan.batch // sites)
    half = max(1, plan.updates // 2)
    rest = max(1, plan.updates - half)
    many = dataclasses.replace(one, steps=plan.unroll)
    late = min(3, max(1, plan.updates // 4), rest)
    return tuple(
        Stage(taught(free), draw_moments(data, free.delays, free.steps, batch), updates, snapshots)
        for free, updates, snapshots in ((one, half, 1), (many, rest, late))
    )


@eqx.filter_jit
def _encoded(fields: Fields, obs: Obs) -> Array:
    return fields.encode(obs)


def field_sequences(fields: Fields, data: Data) -> Sequences:
    """Training trajectories by site, in the precision of the fields; knobs as one number each, [.., 1, knob]."""
    dtype = fields.std.dtype
    each = [
        _encoded(fields, {k: jnp.asarray(v[row], dtype) for k, v in data.obs.items()}) for row in data.train
    ]
    shape = (len(data.train), len(data.time), 1, len(fields.knobs))
    knobs = {k: jnp.asarray(data.forcing[k][data.train], dtype) for k in fields.knobs}
    return Sequences(jnp.stack(each), jnp.broadcast_to(fields.amplitudes(knobs)[..., None, :], shape))


def increment_spread(sequences: Sequences, geometry: Geometry) -> np.ndarray:
    """[channel] standard deviation of what one step changes, weighted by area."""
    weights = geometry.weights()[:, None]
    square = [
        (np.diff(z.astype(float), axis=0).var(0) * weights).mean(0)
        for z in np.asarray(sequences.z)  # one trajectory at a time
    ]
    return np.maximum(np.sqrt(np.mean(square, axis=0)), 1e-12)


def drawn_layer(
    inputs: int, outputs: int, rng: np.random.Generator, *, scale: float = 1.0
) -> tuple[Float[Array, "input output"], Float[Array, " output"]]:
    """Random weights that keep the size of what comes in, times `scale`, and no bias; single precision."""
    size = np.float32(scale / np.sqrt(max(1, inputs)))
    weights = size * rng.standard_normal((inputs, outputs), np.float32)
    return jnp.asarray(weights), jnp.asarray(np.zeros(outputs, np.float32))
