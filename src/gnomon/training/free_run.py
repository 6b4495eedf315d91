"""Free runs: a simulator left to itself from validation states, judged against what was observed there."""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.runner import REACHES
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs
from gnomon.training.judged import judged

THRESHOLD = 0.4  # normalised error at which a forecast stops being valid
BOUND = 10.0  # standardised distance from the climate beyond which a run has left the attractor


class Starts(NamedTuple):
    """Where validation runs start and what was observed afterwards.

    Attributes:
        history: variable -> [start, context, ...].
        truth: variable -> [start, lead, ...].
        forcing: batched over starts.
        time: [start] of the present.
        steps: steps to run; beyond the observed leads only divergence is watched.
        bounds: variable -> the distance from the mean of the truth beyond which a run has left the attractor.
    """

    history: Obs
    truth: Obs
    forcing: Forcing
    time: Array
    steps: int
    bounds: dict[str, Array]


class Verdict(NamedTuple):
    """How a simulator did on validation data.

    Attributes:
        valid_time: mean over starts of the time until the error passes 0.4, in Lyapunov times, capped at the horizon.
        nrmse: mean over starts and leads of the normalised error, each at most 2.
        diverged: fraction of runs that left the attractor or stopped being finite.
        distance: of the attractor from that of the data, where that was asked for.
    """

    valid_time: float
    nrmse: float
    diverged: float
    distance: float | None = None

    @property
    def rank(self) -> tuple[float, float, float, float]:
        """Smaller is better: divergence first, then the attractor, if asked for, then valid time, then error."""
        return (self.diverged, self.distance or 0.0, -self.valid_time, self.nrmse)

    def plain(self) -> dict[str, float]:
        """For a log."""
        return {k: float(v) for k, v in self._asdict().items() if v is not None}


def validation_starts(
    data: Data, context: int, *, reserve: int, starts: int = 32, lyapunov_times: float = 8.0, steps: int = 400
) -> Starts:
    """The same present moments for every setting of one search, whatever the context of each.

    Args:
        data: the validation trajectories are used.
        context: past observations this simulator wants.
        reserve: the largest context in the search, so that all settings start at the same moments.
        starts: how many, spread over all validation trajectories.
        lyapunov_times: horizon, shortened where trajectories are too short.
        steps: run at least so many, to see a divergence that comes late.
    """
    length, dt = len(data.time), data.card.dt
    first = max(reserve, context) - 1
    lead = min(math.ceil(lyapunov_times * data.card.timescale / dt), length - first - 1)
    each = max(1, math.ceil(starts / len(data.validation)))
    last = length - lead - 1
    moments = np.unique(np.linspace(first, last, each).astype(int))
    where = [(int(j), int(t)) for j in data.validation for t in moments]
    history, truth = {}, {}
    for v in data.card.variables:
        field = data.obs[v.name]
        if not v.hidden:
            history[v.name] = jnp.asarray(np.stack([field[j, t - context + 1 : t + 1] for j, t in where]))
        truth[v.name] = jnp.asarray(np.stack([field[j, t + 1 : t + 1 + lead] for j, t in where]))
    rows = [j for j, _ in where]
    return Starts(
        history=history,
        truth=truth,
        forcing=Forcing(
            times={k: jnp.asarray(np.broadcast_to(data.time, (len(rows), length))) for k in data.forcing},
            values={k: jnp.asarray(v[rows]) for k, v in data.forcing.items()},
        ),
        time=jnp.asarray(data.time[[t for _, t in where]]),
        steps=max(lead, steps),
        bounds=bounds_of(data),
    )


def bounds_of(data: Data) -> dict[str, Array]:
    """Variable -> how far from its mean a run has left the attractor: 20 scales, or five times the data's reach.

    The reach is the largest distance of any value of any trajectory from its mean over time at its place. A scale is
    one number for a whole field: where a variable is nearly nothing in most places (rain, humidity in the
    stratosphere), the truth itself is ten scales away somewhere on the globe, and twenty are no divergence.
    """
    bounds = {}
    for v in data.card.variables:
        courses = (data.obs[v.name][j] for j in (*data.train, *data.validation))
        reach = max(float(np.max(np.abs(x - x.mean(axis=0)))) for x in courses)
        bounds[v.name] = jnp.asarray(max(2 * BOUND * v.scale, REACHES * reach))
    return bounds


@eqx.filter_jit
def _run(
    simulator: AbstractSimulator, starts: Starts, scales: dict[str, Array], keys: PRNGKeyArray
) -> tuple[Array, Array]:
    """[start, lead] squared normalised error, and [start] the largest distance from the mean, over its bound."""

    def one(
        history: Obs, truth: Obs, forcing: Forcing, time: Array, key: PRNGKeyArray
    ) -> tuple[Array, Array]:
        dt = simulator.card.dt
        state = simulator.assimilate(history, forcing, time=time, key=key)
        lead = next(iter(truth.values())).shape[0]
        middle = {k: jnp.mean(v, axis=0) for k, v in truth.items()}

        def step(carry, n):
            state, worst = carry
            now = time + n * dt
            state = simulator.advance(state, forcing, time=now, key=jax.random.fold_in(key, n))
            obs = simulator.observe(state)
            errors, far = [], []
            for name, course in truth.items():  # a simulator may show declared series besides
                value, wanted = obs[name], course[jnp.minimum(n, lead - 1)]
                errors.append(jnp.mean(((value - wanted) / scales[name]) ** 2))
                far.append(jnp.max(jnp.abs(value - middle[name]) / starts.bounds[name]))
            distance = jnp.max(jnp.stack(far))
            worst = jnp.maximum(worst, jnp.where(jnp.isfinite(distance), distance, jnp.inf))
            return (state, worst), jnp.mean(jnp.stack(errors))

        (_, worst), squared = jax.lax.scan(step, (state, jnp.zeros(())), jnp.arange(starts.steps))
        return squared[:lead], worst

    return jax.vmap(one)(starts.history, starts.truth, starts.forcing, starts.time, keys)


def free_run_verdict(
    simulator: AbstractSimulator, starts: Starts, data: Data, *, key: PRNGKeyArray
) -> Verdict:
    """Run a simulator from every start and judge it. One compilation serves all simulators of the same shapes."""
    keys = jax.random.split(key, len(starts.time))
    scales = {v.name: jnp.asarray(v.scale) for v in data.card.variables}
    squared, worst = _run(simulator, starts, scales, keys)
    error = np.sqrt(np.nan_to_num(np.asarray(squared), nan=np.inf, posinf=np.inf))
    past = error > THRESHOLD
    lead = error.shape[1]
    reached = np.where(past.any(1), past.argmax(1), lead)
    return Verdict(
        valid_time=float(np.mean(reached) * data.card.dt / data.card.timescale),
        nrmse=float(np.mean(np.minimum(error, 2.0))),
        diverged=float(np.mean(~(np.asarray(worst) < 1.0))),
    )


class FreeRunJudge:
    """Judges simulators by free runs from the same validation moments, whatever the context of each.

    Args:
        data: with validation trajectories.
        reserve: the largest context in the search.
        starts: how many moments.
        steps: of every run at least.
        key: of whatever a simulator draws.
    """

    def __init__(self, data: Data, *, reserve: int, starts: int = 32, steps: int = 400, key: PRNGKeyArray):
        self._data, self._run, earlier = judged(data)
        self._key = key
        self._ways = {"reserve": reserve + earlier, "starts": starts, "steps": steps}
        self._begun: dict[int, Starts] = {}

    def __call__(self, simulator: AbstractSimulator) -> Verdict:
        """How it did."""
        simulator = self._run(simulator)
        context = simulator.card.context
        if context not in self._begun:
            self._begun[context] = validation_starts(self._data, context, **self._ways)
        return free_run_verdict(simulator, self._begun[context], self._data, key=self._key)
