"""What all maps of the catalogue share: from a rule and a few declarations to a world."""

import abc
import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import msgspec
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.world import Time
from gnomon.worlds.flow.components import AbstractComponents
from gnomon.worlds.flow.declare import known_of
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


class AbstractMapWorld(AbstractComponents):
    """A system that jumps from state to state: one application of its rule in each `dt` of 1.

    A subclass writes `about` and `rule`; its docstring holds the equation and the DOI. `rule` is elementwise in the
    components, so the same lines step one state or thousands side by side.
    """

    about: ClassVar[MapAbout]

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
        self._declare(
            known_of(type(self)) or _first_look(type(self)), parameters=parameters, knob=knob, low=low, high=high,
            seen=seen, noise=noise, error=error, dt=1.0,
        )  # fmt: skip

    @staticmethod
    @abc.abstractmethod
    def rule(u: Any, p: Mapping[str, Any]) -> Sequence[Any]:
        """The next values of the components `u` at the parameters `p`; an angle need not be wrapped."""

    def step(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The next state; `key` draws the process noise."""
        moved = jnp.stack(jnp.broadcast_arrays(*self.rule(state, {**self.parameters, **forcing.at(time)})))
        return self.kicked(moved, key=key)


@functools.cache
def _first_look(cls: type[AbstractMapWorld]) -> Record:
    """What is run by until the facts are computed."""
    about = cls.about
    return survey(
        cls.rule, about.parameters, about.state, about.start, about.spread, angles=about.angles,
        low=about.low, high=about.high,
    )  # fmt: skip
