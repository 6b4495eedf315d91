"""Learners that misbehave in one known way each, for testing engines: nothing they do may be lost or spread."""

import os
import sys
import time
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.spec.cards import SimulatorCard


class Growing(AbstractSimulator):
    """Every variable times `factor` at every step: 1 is persistence, 2 leaves any attractor."""

    card: SimulatorCard = eqx.field(static=True)
    factor: Array

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """The last observation."""
        return {k: v[-1] for k, v in history.items()}

    def advance(self, state: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """Grown by the factor."""
        return {k: v * self.factor for k, v in state.items()}

    def observe(self, state: Obs) -> Obs:
        """All of it."""
        return state


class Misshapen(AbstractSimulator):
    """Observes one variable too many axes."""

    card: SimulatorCard = eqx.field(static=True)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """The last observation."""
        return {k: v[-1] for k, v in history.items()}

    def advance(self, state: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Obs:
        """Unchanged."""
        return state

    def observe(self, state: Obs) -> Obs:
        """With an axis that nobody asked for."""
        return {k: jnp.stack([v, v]) for k, v in state.items()}


class Misbehaving(AbstractLearner):
    """Does what `how` says.

    Attributes:
        how: "grow" (diverges), "still" (persistence), "misshapen" (wrong shape), "nan" (weights are NaN), "raise" (fit
            fails), "exit" (calls sys.exit), "sleep" (never ends), "eat" (takes memory without end), "die" (ends its
            process).
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False

    how: str = "grow"

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Misbehave, or return a simulator that does."""
        if self.how == "raise":
            raise RuntimeError("this learner always fails")
        if self.how == "exit":
            sys.exit(3)
        if self.how == "sleep":
            time.sleep(3600)
        if self.how == "die":
            os._exit(7)
        if self.how == "eat":
            hoard = []
            while True:
                hoard.append(np.ones(25_000_000))
                time.sleep(0.02)
        names = tuple(v.name for v in data.card.variables)
        card = SimulatorCard(name=self.how, dt=data.card.dt, context=1, variables=names, knobs=())
        if self.how == "misshapen":
            return Fit(Misshapen(card), {})
        factor = {"grow": 2.0, "still": 1.0, "nan": float("nan")}[self.how]
        return Fit(Growing(card, jnp.asarray(factor)), {})
