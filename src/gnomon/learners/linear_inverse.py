"""Linear inverse model in EOF space: what linear dynamics and noise can do with a big state.

Penland and Sardeshmukh 1995, doi 10.1175/1520-0442(1995)008<1999:TOGOTS>2.0.CO;2.
"""

import functools
import time as clock
from typing import Any, ClassVar, NamedTuple

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
from gnomon.numerics.eofs import Eofs, snapshot_eofs, state_weights
from gnomon.numerics.packing import Packing, packing_of
from gnomon.spec.cards import SimulatorCard
from gnomon.spec.errors import BadSpec
from gnomon.training.free_run import free_run_verdict, validation_starts
from gnomon.training.sampling import learned_card
from gnomon.training.search import check_budget, draw_settings, search

SLOWEST = (
    0.999  # modulus of an eigenvalue over one step: beyond it a mode would not come back in a year of days
)
STARTS, HORIZON, WATCHED = 8, 2.0, 60  # validation runs: a state of many numbers allows few


class Modes(NamedTuple):
    """State of the simulator: scores of the modes, and the knob values they are about."""

    scores: Array
    knobs: Array


class LinearInverseSimulator(AbstractSimulator[Modes]):
    """z(t + dt) = G z(t) + L e, about a mean that follows the knobs; e white.

    Attributes:
        patterns: [mode, size] fields of the modes.
        filters: [mode, size] weights that give scores.
        propagator: [mode, mode] over one step.
        noise: [mode, mode] factor of the noise covariance over one step; zeros where the run is deterministic.
    """

    card: SimulatorCard = eqx.field(static=True)
    packing: Packing
    mean: ForcedMean
    patterns: Float[Array, "mode size"]
    filters: Float[Array, "mode size"]
    propagator: Float[Array, "mode mode"]
    noise: Float[Array, "mode mode"]

    def assimilate(self, history: Obs, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Modes:
        """The present observation, projected."""
        present = self.packing.pack({k: v[-1] for k, v in history.items()})
        knobs = self._knobs(forcing.at(time))
        return Modes(self.filters @ (present - self.mean.at(knobs)).astype(self.filters.dtype), knobs)

    def advance(self, state: Modes, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Modes:
        """One step of the linear dynamics."""
        draw = jax.random.normal(key, state.scores.shape, state.scores.dtype)
        scores = self.propagator @ state.scores + self.noise @ draw
        return Modes(scores, self._knobs(forcing.at(time + self.card.dt)))

    def observe(self, state: Modes) -> Obs:
        """The mean under the present knobs and the anomaly. Nothing keeps rain positive: the model is linear."""
        return self.packing.unpack(self.mean.at(state.knobs) + state.scores @ self.patterns)

    def _knobs(self, knobs: Knobs) -> Array:
        values = [knobs[name] for name in self.card.knobs]
        return jnp.stack(values).astype(self.mean.mean.dtype) if values else jnp.zeros((0,))


class LinearInverse(AbstractLearner):
    """Leading EOFs of all variables together, linear dynamics between them, noise that keeps the training variance.

    The propagator over a lag is C(lag) C(0)^-1; over one step its real power. Modes whose eigenvalue has a modulus of
    0.999 or more are slowed to that. The noise covariance is C(0) - G C(0) G' (fluctuation and dissipation), its
    negative eigenvalues set to zero and the rest scaled to keep the trace. Number of modes and lag are searched on the
    error of deterministic validation runs.

    Attributes:
        noise: whether runs are stochastic (a climate needs it; a deterministic forecast is the better mean).
        budget: settings tried.
        most_modes: upper end of the search.
    """

    version: ClassVar[int] = 1
    role: ClassVar[str] = "baseline"
    needs_prior: ClassVar[bool] = False

    noise: bool = True
    budget: int = 8
    most_modes: int = 80

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Regress the mean, find the modes, search, keep the winner."""
        began = clock.perf_counter()
        self.check()
        draw_key, judge_key = jax.random.split(key)
        packing = packing_of(data.card)
        states = np.asarray(_packed(packing, data))
        mean, residuals = forced_mean(data, states)
        eofs = snapshot_eofs(residuals, state_weights(data.card), self.most_modes)
        scores = eofs.scores.reshape(len(data.train), len(data.time), -1)
        lags = sorted({max(1, round(t * data.card.timescale / data.card.dt)) for t in (0.0, 0.125, 0.25)})
        lags = [lag for lag in lags if lag < len(data.time) // 2] or [1]
        sizes = sorted({min(n, scores.shape[2]) for n in (10, 20, 40, self.most_modes)})
        structures = [{"modes": n, "lag": lag} for lag in lags[::-1] for n in sizes[::-1]]
        fitted = functools.cache(functools.partial(_dynamics, scores))
        card = learned_card("linear_inverse", data, context=1, stochastic=self.noise)
        starts = validation_starts(data, 1, reserve=1, starts=STARTS, lyapunov_times=HORIZON, steps=WATCHED)

        def simulator_of(setting: dict[str, Any], stochastic: bool) -> LinearInverseSimulator:
            propagator, noise = fitted(setting["modes"], setting["lag"])
            factor = noise if stochastic else np.zeros_like(noise)
            return _simulator(card, packing, mean, eofs, propagator, factor)

        chosen = search(
            draw_settings(structures, {}, self.budget, key=draw_key),
            lambda setting: simulator_of(setting, False),
            lambda s: free_run_verdict(s, starts, data, key=judge_key),
            space={"modes": sizes, "lag": lags},
            budget=self.budget,
        )
        kept = chosen.log["chosen"]
        log = {
            **chosen.log,
            "variance kept": float(eofs.variance[: kept["modes"]].sum()),
            "seconds": clock.perf_counter() - began,
        }
        return Fit(simulator_of(kept, self.noise), log)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.most_modes < 1:
            raise BadSpec(f"linear_inverse: most_modes must be at least 1, got {self.most_modes}")
        check_budget("linear_inverse", self.budget)


def _packed(packing: Packing, data: Data) -> np.ndarray:
    """[trajectory, time, size] of the training trajectories, on the host."""
    parts = [
        np.asarray(data.obs[n])[data.train].reshape(len(data.train), len(data.time), -1)
        for n in packing.names
    ]
    return np.concatenate(parts, axis=-1)


def _dynamics(scores: np.ndarray, modes: int, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Propagator over one step and factor of its noise, from scores [trajectory, time, mode]."""
    z = scores[..., :modes]
    now, later = z[:, :-lag].reshape(-1, modes), z[:, lag:].reshape(-1, modes)
    spread = z.reshape(-1, modes).T @ z.reshape(-1, modes) / (z.shape[0] * z.shape[1])
    over_lag = np.linalg.lstsq(now, later, rcond=None)[0].T
    values, vectors = np.linalg.eig(over_lag)
    modulus = np.abs(values)
    slowed = np.where(modulus > SLOWEST**lag, values / np.maximum(modulus, 1e-12) * SLOWEST**lag, values)
    one = vectors @ np.diag(slowed.astype(complex) ** (1 / lag)) @ np.linalg.inv(vectors)
    propagator = one.real
    wanted = spread - propagator @ spread @ propagator.T
    size, axes = np.linalg.eigh((wanted + wanted.T) / 2)
    positive = np.maximum(size, 0.0)
    scale = max(float(size.sum()), 0.0) / max(float(positive.sum()), 1e-12)
    return propagator, axes * np.sqrt(positive * scale)


def _simulator(
    card: SimulatorCard,
    packing: Packing,
    mean: ForcedMean,
    eofs: Eofs,
    propagator: np.ndarray,
    noise: np.ndarray,
) -> LinearInverseSimulator:
    k = len(propagator)
    return LinearInverseSimulator(
        card=card,
        packing=packing,
        mean=mean,
        patterns=jnp.asarray(eofs.patterns[:k].astype(float)),
        filters=jnp.asarray(eofs.filters[:k].astype(float)),
        propagator=jnp.asarray(propagator.astype(float)),
        noise=jnp.asarray(noise.astype(float)),
    )
