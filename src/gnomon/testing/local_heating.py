"""A planted cause on a sphere: an atmosphere that is heated in one part.

Named in a study by address, as in `kind = "gnomon.testing.local_heating:LocalHeating"`.
"""

import re
import time as clock
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.part_masks import mask_of, parts_of
from gnomon.spec.cards import SimulatorCard, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.testing.planted_causes import world_of
from gnomon.training.sampling import learned_card


class HeatedSimulator(AbstractSimulator[Any]):
    """A world whose air is heated after every step where it should not be.

    Attributes:
        world: what is right.
        heating: temperature variable -> what is added to it in one step, K.
    """

    card: SimulatorCard = eqx.field(static=True)
    world: AbstractWorld
    heating: dict[str, Array]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Any:
        """The present observation; what that does not determine, from a random state."""
        return self.world.lift({k: v[-1] for k, v in history.items()}, self.world.init(key=key))

    def advance(self, state: Any, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Any:
        """The world's own step, and then the heating."""
        moved = self.world.step(state, forcing, time=time, key=key)
        seen = self.world.observe(moved)
        return self.world.lift({k: x + self.heating.get(k, 0.0) for k, x in seen.items()}, moved)

    def observe(self, state: Any) -> Obs:
        """As the world is observed."""
        return self.world.observe(state)

    def lift(self, obs: Obs, background: Any) -> Any:
        """As the world is lifted."""
        return self.world.lift(obs, background)


class LocalHeating(AbstractLearner):
    """Planted cause: an atmosphere that is right but for a heating in one part of it.

    `size` K a day times the cosine of `wave` times longitude is added to the air temperature of every level of the
    part, once a step. It learns nothing, and it holds the truth: a test of the trial `cause`, never a competitor. One
    step of the dynamics and one lift make a step of it, half of what `gnomon.testing.planted_causes.LocalFault` costs.

    Attributes:
        part: name of one of the world's parts (`numerics.part_masks.parts_of`), such as "the tropics".
        size: K a day.
        wave: along a circle of latitude.
        world_args: of the world, as JSON, where they are not the defaults.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    needs_prior: ClassVar[bool] = False

    part: str = "the tropics"
    size: float = 20.0
    wave: int = 3
    world_args: str = ""

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Put world and heating together."""
        began, card = clock.perf_counter(), data.card
        simulator = HeatedSimulator(
            card=learned_card("local_heating", data, context=1),
            world=world_of(data, self.world_args, "local heating"),
            heating={k: jnp.asarray(x, jnp.result_type(float)) for k, x in self.heating(card).items()},
        )
        log = {
            "chosen": {"part": self.part, "size": self.size}, "tried": 0, "budget": 0, "validation": {},
            "seconds": clock.perf_counter() - began,
        }  # fmt: skip
        return Fit(simulator, log)

    def heating(self, card: WorldCard) -> dict[str, np.ndarray]:
        """Temperature variable -> K in one step [lat, lon], nought outside the part."""
        parts = {p.name: p for p in parts_of(card)}
        if card.grid is None or self.part not in parts:
            raise BadSpec(
                f"local heating: {card.name} has no part {self.part!r}; there are: {', '.join(parts) or 'none'}"
            )
        wave = np.cos(self.wave * np.radians(np.asarray(card.grid.lon)))
        masks = mask_of(card, parts[self.part])
        return {k: self.size * card.dt * m * wave for k, m in masks.items() if re.match(r"ta\d", k)}
