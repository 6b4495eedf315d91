"""What all systems of the catalogue share: from a right-hand side and a few declarations to a world."""

import abc
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.integrators import rk4
from gnomon.numerics.stiff import rosenbrock
from gnomon.numerics.symplectic import gauss_legendre
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.declare import card_of, knob_of, known_of, merged, name_of, sampling_of, variables_of
from gnomon.worlds.flow.record import Record
from gnomon.worlds.flow.survey import survey

Component = Any  # one number of the state: a scalar, or an array of as many members as run side by side
Scheme = Literal["rk4", "rosenbrock", "gauss_legendre"]
SCHEMES = {"rk4": rk4, "rosenbrock": rosenbrock, "gauss_legendre": gauss_legendre}


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a system declares of itself. Everything that can be computed is computed (`validation/catalogue/`).

    Attributes:
        state: names of the components of the state.
        parameters: names and standard values; every one can be the knob.
        knob: the parameter that is turned unless the user names another.
        knob_means: in words.
        start: a state in the basin of the attractor.
        spread: standard deviation of the random starts about `start`, in units of 0.01 + |start|.
        angles: component -> period. An angle grows without bound; it is observed as its cosine and sine.
        symmetries: each as a signed permutation, counted from 1: (-1, -2, 3) stands for (x, y, z) -> (-x, -y, z), and
            (2, 3, 1) for (x, y, z) -> (y, z, x). A solution is carried to a solution.
        scheme: how it is stepped: explicit; linearly implicit, for stiff systems; or symplectic, for Hamiltonian ones
            in canonical coordinates, positions first.
        smooth: whether the right-hand side is differentiable; where it jumps, exponents come from pairs of orbits.
        conservative: whether volumes are kept: there is no attractor, and every fact holds for the orbits of `start`.
        time_units: "1" where time is a pure number.
        notes: differences from the source or from other catalogues, one sentence each.
    """

    state: tuple[str, ...]
    parameters: dict[str, float]
    knob: str
    knob_means: str
    start: tuple[float, ...]
    spread: float = 0.02
    angles: dict[str, float] = {}
    symmetries: tuple[tuple[int, ...], ...] = ()
    scheme: Scheme = "rk4"
    smooth: bool = True
    conservative: bool = False
    time_units: str = "1"
    notes: tuple[str, ...] = ()


class AbstractFlow(AbstractWorld[Array]):
    """A system of ordinary differential equations with a few components.

    A subclass writes `about` and `rhs`, and `invariants` where it conserves something; its docstring holds the equation
    and the DOI. `rhs` is elementwise in the
    components, so the same lines step one state or thousands side by side.
    """

    about: ClassVar[About]

    card: WorldCard = eqx.field(static=True)
    parameters: dict[str, Float[Array, ""]]
    substeps: int = eqx.field(static=True)
    seen: tuple[str, ...] = eqx.field(static=True)
    noise: Float[Array, ""]
    spreads: Float[Array, " component"]

    def __init__(
        self,
        parameters: dict[str, float] | None = None,
        knob: str = "",
        low: float | None = None,
        high: float | None = None,
        dt: float = 0.0,
        substeps: int = 0,
        seen: tuple[str, ...] = (),
        noise: float = 0.0,
        error: float = 0.001,
    ):
        """Make the world.

        Args:
            parameters: values that differ from the standard ones.
            knob: the parameter that is turned; the system's own choice where empty.
            low: lower end of the knob's training range; with `high` needed for a knob of one's own.
            high: its upper end.
            dt: time between two observations; about a thirtieth of a period where 0.
            substeps: integration steps in each `dt`; what the facts were made with where 0.
            seen: components that are observed; all where empty.
            noise: strength of additive white process noise, in standard deviations a square root of a Lyapunov time.
            error: observation error, in standard deviations.
        """
        about = self.about
        given = merged(name_of(type(self)), about.parameters, parameters or {})
        known = known_of(type(self))
        if known is None:
            known = _first_look(type(self))
        strange = [name for name in seen if name not in about.state]
        if strange:
            raise BadSpec(
                f"{name_of(type(self))} has no component {strange[0]!r}; it has: {', '.join(about.state)}"
            )
        if not (0 < error < 1 and noise >= 0 and math.isfinite(noise)):
            raise BadSpec("error must lie between 0 and 1 standard deviations, and noise may not be negative")
        self.parameters = {name: jnp.asarray(float(value)) for name, value in given.items()}
        self.seen = tuple(name for name in about.state if not seen or name in seen)
        step, self.substeps = sampling_of(name_of(type(self)), known, dt, substeps)
        turned = knob_of(name_of(type(self)), about, given, known, knob, low, high)
        standard = given == about.parameters and turned.name == about.knob and noise == 0
        self.noise = jnp.asarray(noise / math.sqrt(known.timescale))
        self.spreads = jnp.asarray([known.spread[name] for name in about.state])
        self.card = card_of(
            type(self), known, turned, variables_of(self.seen, about.angles, known.spread, error), dt=step,
            exponents=len(about.state), notes=about.notes, standard=standard, time_units=about.time_units,
        )  # fmt: skip

    @staticmethod
    @abc.abstractmethod
    def rhs(u: Any, p: Mapping[str, Any]) -> Sequence[Component]:
        """Time derivatives of the components `u` at the parameters `p`; autonomous."""

    def init(self, *, key: PRNGKeyArray) -> Array:
        """Near the declared start."""
        start = jnp.asarray(self.about.start)
        draw = jax.random.normal(key, start.shape)
        return self.wrapped(start + self.about.spread * (0.01 + jnp.abs(start)) * draw)

    def tendency(self, state: Array, knobs: Knobs) -> Array:
        """The right-hand side."""
        return jnp.stack(jnp.broadcast_arrays(*self.rhs(state, {**self.parameters, **knobs})))

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The state `card.dt` later; `key` draws the process noise, added once a step."""
        scheme = SCHEMES[self.about.scheme]
        moved = scheme(self.tendency, state, forcing.at, time=time, dt=self.card.dt, substeps=self.substeps)
        draw = jax.random.normal(key, state.shape, state.dtype)
        return self.wrapped(moved + self.noise * math.sqrt(self.card.dt) * self.spreads * draw)

    def observe(self, state: Array) -> Obs:
        """The components that are seen; an angle as its cosine and sine."""
        out = {}
        for i, name in enumerate(self.about.state):
            if name not in self.seen:
                continue
            if name in self.about.angles:
                turn = 2 * np.pi / self.about.angles[name] * state[i]
                out |= {f"cos_{name}": jnp.cos(turn), f"sin_{name}": jnp.sin(turn)}
            else:
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


@functools.cache
def _first_look(cls: type[AbstractFlow]) -> Record:
    """What is run by until the facts are computed; of the standard parameters, whatever this world has."""
    about = cls.about
    return survey(
        cls.rhs, about.parameters, about.state, about.start, angles=about.angles, knob=about.knob,
        step=SCHEMES[about.scheme], kick=about.spread, smooth=about.smooth,
    )  # fmt: skip


def invariants_of(cls: type[AbstractFlow], u: Any, p: Mapping[str, Any]) -> dict[str, Any]:
    """What a system conserves, by name: whatever its own static method `invariants(u, p)` says, nothing without one."""
    own = getattr(cls, "invariants", None)
    return own(u, p) if own is not None else {}
