"""A simulator of a scene at rest whose depth is drawn from what a network tells."""

import equinox as eqx
import jax.numpy as jnp
import msgspec
from jaxtyping import PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, Time
from gnomon.learners.sidert.depth_simulator import Inferred
from gnomon.learners.sidert.pictures import fields_of
from gnomon.learners.sidert.spread_model import SpreadDepth
from gnomon.spec.cards import SimulatorCard
from gnomon.training.sampling import learned_card
from gnomon.training.windows import cast


class SpreadSimulator(AbstractSimulator[Inferred]):
    """`assimilate` draws a depth behind the last picture; `advance` keeps both."""

    card: SimulatorCard = eqx.field(static=True)
    model: SpreadDepth
    colours: tuple[str, ...] = eqx.field(static=True)
    hidden: str = eqx.field(static=True)

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Inferred:
        """From the last picture alone; every key is another draw."""
        image = jnp.stack([jnp.asarray(history[name])[-1] for name in self.colours], axis=-1)
        return Inferred(image, self.model.drawn(image, key=key))

    def advance(self, state: Inferred, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Inferred:
        """A scene at rest stays as it is."""
        return state

    def observe(self, state: Inferred) -> Obs:
        """The picture and its depth."""
        shown = {name: state.image[..., n] for n, name in enumerate(self.colours)}
        return shown | {self.hidden: state.depth}


def spread_simulator(name: str, model: SpreadDepth, data: Data) -> SpreadSimulator:
    """In the precision of the data; no knob is an input."""
    colours, hidden = fields_of(data.card, name)
    card = learned_card(name, data, context=1, stochastic=True)
    card = msgspec.structs.replace(card, knobs=())
    return SpreadSimulator(card=card, model=cast(model, jnp.zeros(()).dtype), colours=colours, hidden=hidden)
