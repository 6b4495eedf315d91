"""A world: truth that can be run again."""

import abc
from typing import Generic, TypeVar

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.spec.cards import WorldCard

State = TypeVar("State")
Obs = dict[str, Array]  # variable name -> array, unbatched
Time = Float[Array, ""] | float


class AbstractWorld(eqx.Module, Generic[State]):
    """Truth that can be run again. Everything is unbatched; callers `jax.vmap`.

    Parameters of the equations are array leaves (so that `eqx.tree_at` intervenes and `vmap` batches);
    structure is static. A world is stepped by `card.dt`; a finer inner step is its own affair.
    """

    card: eqx.AbstractVar[WorldCard]

    @abc.abstractmethod
    def init(self, *, key: PRNGKeyArray) -> State:
        """A random state in the basin of the attractor; `core.rollout.spin_up` carries it there."""

    @abc.abstractmethod
    def step(self, state: State, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> State:
        """The state `card.dt` later."""

    @abc.abstractmethod
    def observe(self, state: State) -> Obs:
        """What can be seen of a state, keyed by the card's variables."""

    @abc.abstractmethod
    def lift(self, obs: Obs, background: State) -> State:
        """A state that is observed as `obs`; whatever `obs` does not determine is taken from `background`."""


class AbstractExaminedWorld(AbstractWorld[State]):
    """A world that can say what became of a state, where its solver may fail without a number that is not finite."""

    @abc.abstractmethod
    def outcome(self, state: State) -> str:
        """The word "fine", or the name of what is wrong with a state; for the host, not for compiled code."""


def add_error(card: WorldCard, obs: Obs, *, key: PRNGKeyArray) -> Obs:
    """An observation with one independent draw of the declared observation error (any leading axes)."""
    out = {}
    for i, v in enumerate(card.variables):
        draw = jax.random.normal(jax.random.fold_in(key, i), obs[v.name].shape, obs[v.name].dtype)
        out[v.name] = obs[v.name] + v.obs_error * draw
    return out


def perturb(world: AbstractWorld[State], state: State, *, key: PRNGKeyArray) -> State:
    """A state within the observation error of `state`: where a twin or the perfect model starts."""
    return world.lift(add_error(world.card, world.observe(state), key=key), state)
