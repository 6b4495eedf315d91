"""A simulator of a scene at rest: the last picture stays, and its depth is inferred once."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import msgspec
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, Time
from gnomon.learners.sidert.depth_model import AbstractDepthModel
from gnomon.learners.sidert.pictures import fields_of
from gnomon.spec.cards import SimulatorCard
from gnomon.training.sampling import learned_card
from gnomon.training.windows import cast


class Inferred(NamedTuple):
    """A picture and what a model takes its depth to be."""

    image: Float[Array, "y x 3"]
    depth: Float[Array, "y x"]


class DepthSimulator(AbstractSimulator[Inferred]):
    """`assimilate` infers the depth behind the last picture; `advance` keeps both."""

    card: SimulatorCard = eqx.field(static=True)
    model: AbstractDepthModel
    colours: tuple[str, ...] = eqx.field(static=True)
    hidden: str = eqx.field(static=True)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Inferred:
        """From the last picture alone."""
        image = jnp.stack([jnp.asarray(history[name])[-1] for name in self.colours], axis=-1)
        return Inferred(image, self.model(image))

    def advance(self, state: Inferred, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Inferred:
        """A scene at rest stays as it is."""
        return state

    def observe(self, state: Inferred) -> Obs:
        """The picture and its depth."""
        return {
            **{name: state.image[..., n] for n, name in enumerate(self.colours)},
            self.hidden: state.depth,
        }


def depth_simulator(name: str, model: AbstractDepthModel, data: Data) -> DepthSimulator:
    """In the precision of the data. No knob is an input: a camera is told nothing but its picture."""
    colours, hidden = fields_of(data.card, name)
    card = msgspec.structs.replace(learned_card(name, data, context=1), knobs=())
    return DepthSimulator(card=card, model=cast(model, jnp.zeros(()).dtype), colours=colours, hidden=hidden)
