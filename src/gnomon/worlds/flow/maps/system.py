"""What all maps of the catalogue share: from a rule and a few declarations to a world."""

import abc
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.declare import card_of, knob_of, known_of, merged, name_of, variables_of
from gnomon.worlds.flow.maps.survey import survey
from gnomon.worlds.flow.record import Record


class MapAbout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a map declares of itself.

    Attributes:
        state: names of the components of the state.
        parameters: names and standard values; every one can be the knob.
        knob: the parameter that is turned unless the user names another.
        knob_means: in words.
        low: lower end of the training range of the knob, inside which no orbit escapes.
        high: its upper end.
        start: a state in the basin of the attractor.
        spread: standard deviation of the random starts about `start`, in units of 0.01 + |start|.
        angles: component -> period; it is observed as its cosine and sine.
        symmetries: each as a signed permutation, counted from 1. An orbit is carried to an orbit.
        smooth: whether the rule is differentiable.
        conservative: whether areas are kept: there is no attractor, and every fact holds for the orbits of `start`.
        notes: differences from the source or from other catalogues, one sentence each.
    """

    state: tuple[str, ...]
    parameters: dict[str, float]
    knob: str
    knob_means: str
    low: float
    high: float
    start: tuple[float, ...]
    spread: float = 0.02
    angles: dict[str, float] = {}
    symmetries: tuple[tuple[int, ...], ...] = ()
    smooth: bool = True
    conservative: bool = False
    notes: tuple[str, ...] = ()


class AbstractMapWorld(AbstractWorld[Array]):
    """A system that jumps from state to state: one application of its rule in each `dt` of 1.

    A subclass writes `about` and `rule`; its docstring holds the equation and the DOI. `rule` is elementwise in the
    components, so the same lines step one state or thousands side by side.
    """

    about: ClassVar[MapAbout]

    card: WorldCard = eqx.field(static=True)
    parameters: dict[str, Float[Array, ""]]
    seen: tuple[str, ...] = eqx.field(static=True)
    noise: Float[Array, ""]
    spreads: Float[Array, " component"]

    def __init__(
        self,
        parameters: dict[str, float] | None = None,
        knob: str = "",
        low: float | None = None,
        high: float | None = None,
        seen: tuple[str, ...] = (),
        noise: float = 0.0,
        error: float = 0.001,
    ):
        """Make the world.

        Args:
            parameters: values that differ from the standard ones.
            knob: the parameter that is turned; the map's own choice where empty.
            low: lower end of the knob's training range; with `high` needed for a knob of one's own.
            high: its upper end.
            seen: components that are observed; all where empty.
            noise: strength of additive white process noise, in standard deviations a square root of a Lyapunov time.
            error: observation error, in standard deviations.
        """
        about, system = self.about, name_of(type(self))
        given = merged(system, about.parameters, parameters or {})
        known = known_of(type(self)) or _first_look(type(self))
        strange = [name for name in seen if name not in about.state]
        if strange:
            raise BadSpec(f"{system} has no component {strange[0]!r}; it has: {', '.join(about.state)}")
        if not (0 < error < 1 and noise >= 0 and math.isfinite(noise)):
            raise BadSpec("error must lie between 0 and 1 standard deviations, and noise may not be negative")
        self.parameters = {name: jnp.asarray(value) for name, value in given.items()}
        self.seen = tuple(name for name in about.state if not seen or name in seen)
        turned = knob_of(system, about, given, known, knob, low, high)
        self.noise = jnp.asarray(noise / math.sqrt(known.timescale))
        self.spreads = jnp.asarray([known.spread[name] for name in about.state])
        self.card = card_of(
            type(self), known, turned, variables_of(self.seen, about.angles, known.spread, error), dt=1.0,
            exponents=len(about.state), notes=about.notes,
            standard=given == about.parameters and turned.name == about.knob and noise == 0,
        )  # fmt: skip

    @staticmethod
    @abc.abstractmethod
    def rule(u: Any, p: Mapping[str, Any]) -> Sequence[Any]:
        """The next values of the components `u` at the parameters `p`; an angle need not be wrapped."""

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Near the declared start."""
        start = jnp.asarray(self.about.start)
        draw = jax.random.normal(key, start.shape)
        return self.wrapped(start + self.about.spread * (0.01 + jnp.abs(start)) * draw)

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The next state; `key` draws the process noise."""
        moved = jnp.stack(jnp.broadcast_arrays(*self.rule(state, {**self.parameters, **forcing.at(time)})))
        draw = jax.random.normal(key, state.shape, state.dtype)
        return self.wrapped((moved + self.noise * self.spreads * draw).astype(state.dtype))

    def observe(self, state: Array) -> Obs:
        """The components that are seen; an angle as its cosine and sine."""
        out = {}
        for i, name in enumerate(self.about.state):
            if name in self.seen and name in self.about.angles:
                turn = 2 * np.pi / self.about.angles[name] * state[i]
                out |= {f"cos_{name}": jnp.cos(turn), f"sin_{name}": jnp.sin(turn)}
            elif name in self.seen:
                out[name] = state[i]
        return out

    def lift(self, obs: Obs, background: Array) -> Array:
        """What is seen from `obs`, the rest from `background`."""
        parts = []
        for i, name in enumerate(self.about.state):
            if name not in self.seen:
                parts.append(background[i])
            elif name in self.about.angles:
                turn = jnp.arctan2(obs[f"sin_{name}"], obs[f"cos_{name}"])
                parts.append((turn * self.about.angles[name] / (2 * np.pi)).astype(background.dtype))
            else:
                parts.append(obs[name].astype(background.dtype))
        return self.wrapped(jnp.stack(parts))

    def wrapped(self, state: Array) -> Array:
        """Angles brought back to within half a period of zero."""
        for name, period in self.about.angles.items():
            i = self.about.state.index(name)
            state = state.at[i].add(-period * jnp.round(state[i] / period))
        return state


@functools.cache
def _first_look(cls: type[AbstractMapWorld]) -> Record:
    """What is run by until the facts are computed."""
    about = cls.about
    return survey(
        cls.rule, about.parameters, about.state, about.start, about.spread, angles=about.angles,
        low=about.low, high=about.high,
    )  # fmt: skip
