"""What flows and maps share: a state of a few named components, which are seen, kicked and started alike."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.world import AbstractWorld, Obs
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.declare import card_of, knob_of, merged, name_of, variables_of
from gnomon.worlds.flow.record import Record
from gnomon.worlds.known import checked_error


class AbstractComponents(AbstractWorld[Array]):
    """A world whose state is an array of components with names; some may be angles, and not all need be seen.

    Its `about` declares at least state, parameters, knob, start, spread, angles and notes.
    """

    about: ClassVar[Any]

    card: WorldCard = eqx.field(static=True)
    parameters: dict[str, Float[Array, ""]]
    seen: tuple[str, ...] = eqx.field(static=True)
    noise: Float[Array, ""]
    spreads: Float[Array, " component"]

    def _declare(
        self,
        known: Record,
        *,
        parameters: Mapping[str, float] | None,
        knob: str,
        low: float | None,
        high: float | None,
        seen: tuple[str, ...],
        noise: float,
        error: float,
        dt: float,
        time_units: str = "1",
    ) -> None:
        """Set all fields but those of the stepping, from the arguments of `__init__`; refuse what cannot be."""
        about, system = self.about, name_of(type(self))
        given = merged(system, about.parameters, dict(parameters or {}))
        strange = [name for name in seen if name not in about.state]
        if strange:
            raise BadSpec(f"{system} has no component {strange[0]!r}; it has: {', '.join(about.state)}")
        checked_error(error)
        if not (noise >= 0 and math.isfinite(noise)):
            raise BadSpec(f"{system}: noise may not be negative, got {noise}")
        self.parameters = {name: jnp.asarray(value) for name, value in given.items()}
        self.seen = tuple(name for name in about.state if not seen or name in seen)
        turned = knob_of(system, about, given, known, knob, low, high)
        self.noise = jnp.asarray(noise / math.sqrt(known.timescale))
        self.spreads = jnp.asarray([known.spread[name] for name in about.state])
        self.card = card_of(
            type(self), known, turned, variables_of(self.seen, about.angles, known.spread, error), dt=dt,
            exponents=len(about.state), notes=about.notes, time_units=time_units,
            standard=given == about.parameters and turned.name == about.knob and noise == 0,
        )  # fmt: skip

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Near the declared start."""
        start = jnp.asarray(self.about.start)
        draw = jax.random.normal(key, start.shape)
        return self.wrapped(start + self.about.spread * (0.01 + jnp.abs(start)) * draw)

    def kicked(self, state: Array, *, key: PRNGKeyArray) -> Array:
        """A state after the process noise of one `dt`, its angles brought back."""
        draw = jax.random.normal(key, state.shape, state.dtype)
        push = self.noise * math.sqrt(self.card.dt) * self.spreads * draw
        return self.wrapped((state + push).astype(state.dtype))

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
        """Angles brought back to within half a period of zero, so that precision is not lost in long runs."""
        for name, period in self.about.angles.items():
            i = self.about.state.index(name)
            state = state.at[i].add(-period * jnp.round(state[i] / period))
        return state
