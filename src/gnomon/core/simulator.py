"""A simulator: what a learner makes, or what a user brings."""

import abc
from typing import Generic

import equinox as eqx
from jaxtyping import PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.world import Obs, State, Time
from gnomon.spec.cards import SimulatorCard


class AbstractSimulator(eqx.Module, Generic[State]):
    """A model of a world, run forward from observations. Unbatched; callers `jax.vmap`.

    Array fields are leaves; every other field is static plain data (no functions), so that a simulator can be
    written to disk by `core.persist` and read back without running foreign code.
    """

    card: eqx.AbstractVar[SimulatorCard]

    @abc.abstractmethod
    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> State:
        """A model state from the last `card.context` observations (leading axis; the last is the present).

        Hidden variables of the world are not among them.
        """

    @abc.abstractmethod
    def advance(self, state: State, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> State:
        """The model state `card.dt` later."""

    @abc.abstractmethod
    def observe(self, state: State) -> Obs:
        """What can be seen of a model state, keyed like the world's observations.

        An atmosphere may add what it declares of its own budgets and fixers (`measures/sphere/declared.py`).
        """
