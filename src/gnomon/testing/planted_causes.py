"""Planted causes: subjects whose error is known to come from one place, for tests and for studies of the method.

Named in a study by address, as in `kind = "gnomon.testing.planted_causes:LocalFault"`.
"""

import json
import time
from typing import Any, ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractControl, AbstractLearner, Data, Fit
from gnomon.core.runs import Runs
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.numerics.coarsening import coarsened
from gnomon.numerics.part_masks import mask_of, parts_of
from gnomon.spec.cards import SimulatorCard, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Experiment
from gnomon.spec.registry import build
from gnomon.training.sampling import learned_card


def world_of(data: Data, world_args: str, name: str) -> AbstractWorld:
    """The world that the data are of: made again, since data name it and do not hold it."""
    card = data.card
    world = build("worlds", card.name, json.loads(world_args or "{}"))
    if world.card.decisive() != card.decisive():
        raise BadSpec(f"{name}: the world is not {card.name} as given here; say its world_args")
    return world


class PatchedSimulator(AbstractSimulator[Any]):
    """The world's own steps, and inside a part those of its imperfect twin.

    Attributes:
        mask: variable -> 1 where the twin decides.
    """

    card: SimulatorCard = eqx.field(static=True)
    right: AbstractWorld
    wrong: AbstractWorld
    mask: dict[str, Array]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Any:
        """The present observation; what that does not determine, from a random state."""
        return self.right.lift({k: v[-1] for k, v in history.items()}, self.right.init(key=key))

    def advance(self, state: Any, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Any:
        """Both steps from the same state, the wrong one inside the part."""
        moved = self.right.step(state, forcing, time=time, key=key)
        right = self.right.observe(moved)
        wrong = self.wrong.observe(self.wrong.step(state, forcing, time=time, key=key))
        return self.right.lift({k: x + self.mask[k] * (wrong[k] - x) for k, x in right.items()}, moved)

    def observe(self, state: Any) -> Obs:
        """As the world is observed."""
        return self.right.observe(state)

    def lift(self, obs: Obs, background: Any) -> Any:
        """As the world is lifted."""
        return self.right.lift(obs, background)


class LocalFault(AbstractLearner):
    """Planted cause: right everywhere but in one part of the world, where its imperfect twin's steps are taken.

    It learns nothing, and it holds the truth: a test of the test, never a competitor.

    Attributes:
        part: which of the world's parts (`numerics.part_masks.parts_of`), by number from 0.
        world_args: of the world, as JSON, where they are not the defaults.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    needs_prior: ClassVar[bool] = True

    part: int = 1
    world_args: str = ""

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Put both worlds together."""
        began = time.perf_counter()
        card, right = data.card, world_of(data, self.world_args, "local fault")
        parts = parts_of(card)
        if prior is None or not 0 <= self.part < len(parts):
            raise BadSpec(f"local fault: expected an imperfect twin and a part from 0 to {len(parts) - 1}")
        mask = {k: jnp.asarray(v, jnp.result_type(float)) for k, v in mask_of(card, parts[self.part]).items()}
        simulator = PatchedSimulator(
            card=learned_card("local_fault", data, context=1),
            right=right,
            wrong=prior,
            mask=mask,
        )
        log = {
            "chosen": {"part": parts[self.part].name}, "tried": 0, "budget": 0, "validation": {},
            "seconds": time.perf_counter() - began,
        }  # fmt: skip
        return Fit(simulator, log)


class Coarse(AbstractControl):
    """Planted cause: the world seen at a lower resolution, all waves beyond `waves` missing.

    Attributes:
        waves: the last wave (of an axis; total wavenumber on a sphere) that is kept.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "fault"
    is_null: ClassVar[bool] = False
    is_imperfect: ClassVar[bool] = False

    waves: int = 6

    def alter_experiment(self, experiment: Experiment, card: WorldCard) -> Experiment:
        """The world is run as ordered."""
        return experiment

    def alter_runs(self, runs: Runs, card: WorldCard) -> Runs:
        """The same runs without short waves; where nothing varies in space, unchanged."""
        known = {v.name: v for v in card.variables if v.name in runs.obs}
        cut = {k: coarsened(card, v, runs.obs[k], self.waves) for k, v in known.items()}
        return runs._replace(obs={**runs.obs, **cut})
