"""Linear pattern scaling: the forced response is a fixed pattern times the forcing, about a drawn climate.

Santer et al. 1990; as the baseline that learned emulators must beat: Luetjens et al. 2025, doi 10.1029/2024MS004619.
"""

import time as clock
from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing, Knobs
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.learners.forced_mean import ForcedMean, forced_mean
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.sampling import learned_card


class Drawn(NamedTuple):
    """State of the simulator: which training anomaly is shown, and the knob values."""

    row: Array
    knobs: Array


class PatternScalingSimulator(AbstractSimulator[Drawn]):
    """The mean under the present knobs plus an anomaly of training, drawn anew at every step.

    Attributes:
        library: [row, size] anomalies.
    """

    card: SimulatorCard = eqx.field(static=True)
    packing: Packing
    mean: ForcedMean
    library: Float[Array, "row size"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Drawn:
        """What is observed is ignored: this is a climate, not a forecast."""
        return self._draw(forcing.at(time), key)

    def advance(self, state: Drawn, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Drawn:
        """Another anomaly about the mean one step later."""
        return self._draw(forcing.at(time + self.card.dt), key)

    def observe(self, state: Drawn) -> Obs:
        """Mean and anomaly."""
        return self.packing.unpack(self.mean.at(state.knobs) + self.library[state.row])

    def _draw(self, knobs: Knobs, key: PRNGKeyArray) -> Drawn:
        values = [knobs[name] for name in self.card.knobs]
        held = jnp.stack(values).astype(self.mean.mean.dtype) if values else jnp.zeros((0,))
        return Drawn(jax.random.randint(key, (), 0, len(self.library)), held)


class PatternScaling(AbstractLearner):
    """Every point's mean is linear in the knobs (least squares over training); anomalies are redrawn from training.

    Attributes:
        rows: training anomalies kept, evenly spread over all samples.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False

    rows: int = 64

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Least squares."""
        began = clock.perf_counter()
        self.check()
        packing = packing_of(data.card)
        shape = (len(data.train), len(data.time), -1)
        parts = [np.asarray(data.obs[n])[data.train].reshape(shape) for n in packing.names]
        mean, residuals = forced_mean(data, np.concatenate(parts, axis=-1))
        kept = np.unique(np.linspace(0, len(residuals) - 1, self.rows).round().astype(int))
        simulator = PatternScalingSimulator(
            card=learned_card("pattern_scaling", data, context=1, stochastic=True),
            packing=packing,
            mean=mean,
            library=jnp.asarray(residuals[kept].astype(float)),
        )
        seconds = clock.perf_counter() - began
        log = {
            "chosen": {"rows": len(kept)},
            "tried": 1,
            "budget": 1,
            "validation": {},
            "space": {},
            "seconds": seconds,
        }
        return Fit(simulator, log)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.rows < 1:
            raise BadSpec(f"pattern_scaling: rows must be at least 1, got {self.rows}")
