"""Analogue: find the nearest state seen in training and follow it.

Lorenz 1969, doi 10.1175/1520-0469(1969)26<636:APARBN>2.0.CO;2.
"""

import functools
import time as clock
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.nvar import encode
from gnomon.numerics.patches import Patches, patches_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import FreeRunJudge
from gnomon.training.sampling import learned_card, sample_windows
from gnomon.training.search import Setting, check_budget, draw_settings, search


class AnalogueSimulator(AbstractSimulator[Array]):
    """The analogue's successor, plus `blend` times the distance of the state from the analogue.

    blend = 1 keeps the own state and borrows the increment; blend = 0 jumps onto the record. The search stays
    below 1, where the run is pulled back to the record and cannot diverge.

    Attributes:
        library: [entry, number] standardised states.
        knobs: [entry, knob] weighted standardised knob values.
        successor: [entry, number] one step later.
    """

    card: SimulatorCard = eqx.field(static=True)
    patches: Patches
    library: Float[Array, "entry number"]
    knobs: Float[Array, "entry knob"]
    successor: Float[Array, "entry number"]
    knob_weight: Float[Array, ""]
    knob_centre: Float[Array, " knob"]
    knob_spread: Float[Array, " knob"]
    blend: Float[Array, ""]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """The present observation."""
        return self.patches.encode(history)[-1]

    def advance(self, state: Array, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Array:
        """Follow the nearest entry; distance in standardised state, each number counting the same, plus the knobs."""
        flat = state.reshape(-1)
        # |a - b|^2 = |a|^2 - 2 a.b + |b|^2; the first term is the same for all entries
        far = jnp.sum(self.library**2, axis=1) - 2.0 * (self.library @ flat)
        wanted = self._standard(forcing.at(time))
        far = far / flat.shape[0] + self.knob_weight * jnp.sum((self.knobs - wanted) ** 2, axis=1)
        best = jnp.argmin(far)
        moved = self.successor[best] + self.blend * (flat - self.library[best])
        return moved.reshape(state.shape)

    def observe(self, state: Array) -> Obs:
        """The state in its own units."""
        return self.patches.decode(state)

    def _standard(self, knobs: Knobs) -> Array:
        values = [knobs[name] for name in self.card.knobs]
        return (jnp.stack(values) - self.knob_centre) / self.knob_spread if values else self.knob_centre


class Analogue(AbstractLearner):
    """The nearest of at most `entries` training states, over the whole domain, and what came after it.

    The search is global: the classical method, which shows the curse of dimension on fields as it is. Knob weight and
    blend are searched on free-run validation error.

    Attributes:
        budget: settings tried.
        entries: library size at most.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False
    budget: int = 9
    entries: int = 4000

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Fill the library, search weight and blend."""
        began = clock.perf_counter()
        self.check()
        row_key, draw_key, judge_key = jax.random.split(key, 3)
        patches = patches_of(data)
        sample = sample_windows(data, 1, most=self.entries, key=row_key)
        window, following = encode(patches, sample.history, sample.following)
        names = tuple(k.name for k in data.card.knobs)
        knobs = np.stack([np.asarray(sample.knobs[n]) for n in names], axis=1)
        centre = knobs.mean(0)
        spread = np.where(knobs.std(0) > 0, knobs.std(0), 1.0)
        count = len(knobs)

        @functools.cache
        def filled() -> AnalogueSimulator:
            return AnalogueSimulator(
                card=learned_card("analogue", data, context=1),
                patches=patches,
                library=window.reshape(count, -1),
                knobs=jnp.asarray((knobs - centre) / spread),
                successor=following.reshape(count, -1),
                knob_weight=jnp.asarray(0.1),
                knob_centre=jnp.asarray(centre),
                knob_spread=jnp.asarray(spread),
                blend=jnp.asarray(0.0),
            )

        def fit_one(setting: Setting) -> AnalogueSimulator:
            new = (jnp.asarray(setting["knob_weight"]), jnp.asarray(setting["blend"]))
            return eqx.tree_at(lambda s: (s.knob_weight, s.blend), filled(), new)

        space = {"knob_weight": (0.01, 0.1, 1.0), "blend": (0.0, 0.5, 0.9)}
        structures = [dict(knob_weight=w, blend=b) for w in (0.1, 0.01, 1.0) for b in space["blend"]]
        chosen = search(
            draw_settings(structures, {}, self.budget, key=draw_key),
            fit_one,
            FreeRunJudge(data, reserve=1, key=judge_key),
            space={k: list(v) for k, v in space.items()},
            budget=self.budget,
        )
        return Fit(chosen.simulator, {**chosen.log, "seconds": clock.perf_counter() - began})

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.entries < 1:
            raise BadSpec(f"analogue: entries must be at least 1, got {self.entries}")
        check_budget("analogue", self.budget)
