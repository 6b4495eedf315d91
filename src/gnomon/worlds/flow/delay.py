"""What all delay equations of the catalogue share: from a right-hand side with a memory to a world."""

import abc
import functools
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.integrators import stage_knobs
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.declare import card_of, knob_of, known_of, merged, name_of, variables_of
from gnomon.worlds.flow.delay_kernel import History, advance, smooth_history
from gnomon.worlds.flow.delay_survey import survey
from gnomon.worlds.flow.record import Record
from gnomon.worlds.known import checked_error

DELAY = "tau"  # the name of the delay among the parameters


class DelayAbout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a delay equation declares of itself.

    Attributes:
        parameters: names and standard values; `tau` is the delay. Every other one can be the knob.
        knob: the parameter that is turned unless the user names another.
        knob_means: in words.
        low: lower end of the training range of the knob, inside which there is chaos.
        high: its upper end.
        start: the mean of the histories that runs begin with.
        spread: standard deviation of the smooth random histories about `start`.
        exponents: how many leading Lyapunov exponents are worth computing.
        angle: period, where x is an angle that grows without bound; it is observed as its cosine and sine.
        notes: differences from the source or from other catalogues, one sentence each.
    """

    parameters: dict[str, float]
    knob: str
    knob_means: str
    low: float
    high: float
    start: float
    spread: float
    exponents: int
    angle: float = 0.0
    notes: tuple[str, ...] = ()


class AbstractDelayFlow(AbstractWorld[History]):
    r"""A scalar that changes by what it is and by what it was one delay ago: dx/dt = f(x(t), x(t - tau)).

    A subclass writes `about` and `rhs`; its docstring holds the equation and the DOI. The state is the course of x over
    the last delay; only its newest value is seen. Stepping is that of `delay_kernel`, and the delay is a whole number
    of inner steps, so it is fixed when the world is made and is no knob.

    What misleads: a state has as many numbers as the memory has nodes, so exponents beyond the leading few belong to
    the discretisation; and `lift` knows one value of the whole course, so a restart from an observation keeps the
    memory of its background.
    """

    about: ClassVar[DelayAbout]

    card: WorldCard = eqx.field(static=True)
    parameters: dict[str, Float[Array, ""]]
    substeps: int = eqx.field(static=True)
    nodes: int = eqx.field(static=True)
    noise: Float[Array, ""]

    def __init__(
        self,
        parameters: dict[str, float] | None = None,
        knob: str = "",
        low: float | None = None,
        high: float | None = None,
        dt: float = 0.0,
        substeps: int = 0,
        noise: float = 0.0,
        error: float = 0.001,
    ):
        """Make the world.

        Args:
            parameters: values that differ from the standard ones; the delay `tau` among them.
            knob: the parameter that is turned; the system's own choice where empty.
            low: lower end of the knob's training range; with `high` needed for a knob of one's own.
            high: its upper end.
            dt: time between two observations; about a thirtieth of a period where 0. At most one delay.
            substeps: integration steps in each `dt`; the delay must be a whole number of them.
            noise: strength of additive white process noise, in standard deviations a square root of a Lyapunov time.
            error: observation error, in standard deviations.
        """
        about, system = self.about, name_of(type(self))
        given = merged(system, about.parameters, parameters or {})
        known = known_of(type(self)) or _first_look(type(self))
        if knob == DELAY:
            raise BadSpec(f"{system}: the delay {DELAY} is fixed when the world is made and cannot be turned")
        if given[DELAY] <= 0:
            raise BadSpec(f"{system}: the delay {DELAY} must be positive, got {given[DELAY]:g}")
        checked_error(error)
        if not (noise >= 0 and math.isfinite(noise)):
            raise BadSpec(f"{system}: noise may not be negative, got {noise}")
        dt, self.substeps, self.nodes = _grid(system, given[DELAY], known, dt, substeps)
        self.parameters = {name: jnp.asarray(value) for name, value in given.items() if name != DELAY}
        turned = knob_of(system, about, given, known, knob, low, high)
        self.noise = jnp.asarray(noise / math.sqrt(known.timescale) * known.spread["x"])
        angles = {"x": about.angle} if about.angle else {}
        self.card = card_of(
            type(self), known, turned, variables_of(("x",), angles, known.spread, error), dt=dt,
            exponents=about.exponents, notes=about.notes,
            standard=given == about.parameters and turned.name == about.knob and noise == 0,
        )  # fmt: skip

    @staticmethod
    @abc.abstractmethod
    def rhs(x: Any, past: Any, p: Mapping[str, Any]) -> Any:
        """The time derivative where x is the value now and `past` that of one delay ago."""

    def init(self, *, key: PRNGKeyArray) -> History:
        """A smooth random course about the declared start."""
        delay = self.nodes * self.card.dt / self.substeps
        return smooth_history(self.about.start, self.about.spread, delay, self.nodes, key=key)

    def step(self, state: History, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> History:
        """The course `card.dt` later; `key` draws the process noise, added once a step."""
        dt = self.card.dt
        knobs = stage_knobs(forcing.at, time=time, dt=dt, substeps=self.substeps)

        def f(x: Any, past: Any, at: dict[str, Any]) -> Any:
            return self.rhs(x, past, {**self.parameters, **at}).astype(x.dtype)

        moved = advance(f, state, knobs, h=dt / self.substeps, count=self.substeps)
        push = self.noise * math.sqrt(dt) * jax.random.normal(key, (), state.values.dtype)
        values = moved.values.at[-1].add(push.astype(state.values.dtype))
        if (
            self.about.angle
        ):  # the whole course is moved by whole turns, so that precision is not lost in long runs
            values = values - self.about.angle * jnp.round(values[-1] / self.about.angle)
        return moved._replace(values=values)

    def observe(self, state: History) -> Obs:
        """The newest value; an angle as its cosine and sine."""
        newest = state.values[-1]
        if not self.about.angle:
            return {"x": newest}
        turn = 2 * math.pi / self.about.angle * newest
        return {"cos_x": jnp.cos(turn), "sin_x": jnp.sin(turn)}

    def lift(self, obs: Obs, background: History) -> History:
        """The newest value from `obs`, the memory from `background`."""
        values, period = background.values, self.about.angle
        if period:  # the branch that is closest to the memory
            bare = jnp.arctan2(obs["sin_x"], obs["cos_x"]) * period / (2 * math.pi)
            newest = bare + period * jnp.round((values[-1] - bare) / period)
        else:
            newest = obs["x"]
        return background._replace(values=values.at[-1].set(newest.astype(values.dtype)))


def _grid(system: str, delay: float, known: Record, dt: float, substeps: int) -> tuple[float, int, int]:
    """The sampling time, its inner steps, and the inner steps of one delay."""
    usual = known.dt / known.substeps
    if not dt:  # the usual step, stretched a little where the delay is another than the standard one
        inner = substeps or known.substeps
        nodes = max(inner, round(delay / usual * inner / known.substeps))
        return inner * delay / nodes, inner, nodes
    inner = substeps or max(1, math.ceil(dt / usual))
    choices = (inner,) if substeps else range(inner, 8 * inner + 64)
    for count in choices:
        nodes = round(delay * count / dt)
        if nodes >= count and abs(nodes * dt / count - delay) < 1e-9 * delay:
            return dt, count, nodes
    raise BadSpec(
        f"{system}: a delay of {delay:g} is not a whole number of inner steps of dt = {dt:g}, or shorter than dt; "
        f"leave dt out, or give a simple fraction of the delay as in dt = {delay:g} / {max(1, round(delay / dt))}"
    )


@functools.cache
def _first_look(cls: type[AbstractDelayFlow]) -> Record:
    """What is run by until the facts are computed; of the standard parameters, whatever this world has."""
    about = cls.about
    rest = {name: value for name, value in about.parameters.items() if name != DELAY}
    return survey(
        lambda x, past: cls.rhs(x, past, rest), about.parameters[DELAY], about.start, about.spread,
        angle=about.angle, low=about.low, high=about.high,
    )  # fmt: skip
