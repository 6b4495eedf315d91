"""Columns: worlds that are dynamics plus physics above each point, so that either can be had without the other.

A learner of physics needs more than observations: full states and the tendencies that the truth's physics gives
them. Both are a privilege. A world that can grant it says so by its class; what was granted is a `Lesson`, and
whoever learned from one says so in the log of its fit.
"""

import abc
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array

from gnomon.core.forcing import Forcing
from gnomon.core.world import AbstractWorld, State, Time


class Columns(NamedTuple):
    """What is above each point, from the top down.

    Attributes:
        u: eastward wind, m s-1 [..., level].
        v: northward wind, m s-1.
        temperature: K.
        humidity: specific, kg kg-1; zero in a dry world.
        pressure: at the ground, Pa [...].
        told: what else the physics may know of the place [...]: the ground, the sun, knobs without a pattern.
    """

    u: Array
    v: Array
    temperature: Array
    humidity: Array
    pressure: Array
    told: dict[str, Array]


class Change(NamedTuple):
    """What physics does to columns.

    Attributes:
        u: m s-2 [..., level].
        v: m s-2.
        temperature: K s-1.
        humidity: kg kg-1 s-1.
        fluxes: what is observed of it besides [...], in the units of the world's variables of that name.
    """

    u: Array
    v: Array
    temperature: Array
    humidity: Array
    fluxes: dict[str, Array]


Physics = Callable[
    [Columns, Any], tuple[Change, Any]
]  # columns, what it carries -> change, what it carries on


class AbstractColumnWorld(AbstractWorld[State]):
    """A world whose step is dynamics and physics in turn, the physics column by column."""

    @property
    @abc.abstractmethod
    def sigma(self) -> np.ndarray:
        """Pressure of every level over that at the ground, from the top down."""

    @property
    @abc.abstractmethod
    def thickness(self) -> np.ndarray:
        """Share of the mass of a column in every level."""

    @property
    @abc.abstractmethod
    def inner(self) -> float:
        """Seconds for which one change acts."""

    @property
    @abc.abstractmethod
    def days(self) -> float:
        """Length of the calendar, d; zero where no date matters."""

    @abc.abstractmethod
    def on_day(self, state: State, day: float) -> State:
        """The same air on another day of the calendar; unchanged where no date matters."""

    @abc.abstractmethod
    def columns(self, state: State, forcing: Forcing, *, time: Time) -> Columns:
        """What the physics is told of a state, [lat, lon, level]."""

    @abc.abstractmethod
    def change(self, state: State, forcing: Forcing, *, time: Time) -> Change:
        """What this world's own physics answers."""

    @abc.abstractmethod
    def step_with(
        self, physics: Physics, state: State, carried: Any, forcing: Forcing, *, time: Time
    ) -> tuple[State, Any]:
        """The state `card.dt` later under another physics; what it carries goes from call to call."""
