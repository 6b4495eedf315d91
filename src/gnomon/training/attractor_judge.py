"""A judge of the attractor: does a long free run visit the states of the validation data as often, and as fast?

Forecasts decide nothing about the long run: a network that is right for two Lyapunov times may settle on a cycle
afterwards, and one whose first steps are a little worse may live on the right attractor for ever. Papers on the
reconstruction of attractors choose among their trainings by the attractor, and so does this judge.
"""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs, add_error
from gnomon.numerics.histograms import box, counts, divergence, hellinger
from gnomon.numerics.spectra import smoothed_shape
from gnomon.training.free_run import THRESHOLD, Starts, Verdict, validation_starts
from gnomon.training.judged import judged

BINS, FULL, FEWEST = (
    30,
    100_000,
    4,
)  # bins an axis where there are so many points; fewer points get wider bins
SMOOTHING = 1e-5  # added to each cell, as in the measure
PORTRAIT = 3  # channels of one histogram
FAR_AHEAD = 1e9  # Lyapunov times: to the end of the trajectory


class AttractorJudge:
    """Judges simulators by one free run along each validation trajectory, from its beginning to its end.

    The distance is D_stsp + D_H. D_stsp: binned Kullback-Leibler divergence of the states visited, of all runs pooled,
    with as many bins an axis as the number of points bears; where there are more than three channels, the mean over
    triples of neighbouring channels. D_H: Hellinger distance of the mean spectra, mean over channels. The run is seen
    with the observation error that the data have, or one without would be far from data that have it.

    Args:
        data: with validation trajectories.
        reserve: the largest context in the search.
        key: of whatever a simulator draws, and of the observation error.
    """

    def __init__(self, data: Data, *, reserve: int, key: PRNGKeyArray):
        self._data, self._run, earlier = judged(data)
        self._reserve, self._key = reserve + earlier, key
        self._begun: dict[int, Starts] = {}

    def __call__(self, simulator: AbstractSimulator) -> Verdict:
        """How it did: divergence, then distance, then what the forecasts are worth."""
        simulator = self._run(simulator)
        context = simulator.card.context
        if context not in self._begun:
            self._begun[context] = validation_starts(
                self._data, context, reserve=self._reserve, starts=1, lyapunov_times=FAR_AHEAD, steps=1
            )
        starts, card = self._begun[context], self._data.card
        keys = jax.random.split(self._key, len(starts.time))
        obs = add_error(card, _run(simulator, starts, keys), key=jax.random.fold_in(self._key, 1))
        truth, found = (_channels(self._data, x) for x in (starts.truth, obs))
        sizes = [int(np.prod(v.shape, dtype=int)) for v in card.variables]
        bounds = [float(starts.bounds[v.name]) / v.scale for v in card.variables]
        far = np.abs(found - truth.mean(axis=1, keepdims=True)) / np.repeat(bounds, sizes)
        alive = far.max(axis=(1, 2)) < 1.0  # false for what is not a number
        distance = attractor_distance(truth, found[alive]) if alive.any() else math.inf
        error = np.sqrt(np.mean((found - truth) ** 2, axis=-1))
        error = np.nan_to_num(error, nan=np.inf)[:, : self._leads()]
        past = error > THRESHOLD
        reached = np.where(past.any(1), past.argmax(1), error.shape[1])
        return Verdict(
            valid_time=float(np.mean(reached) * card.dt / card.timescale),
            nrmse=float(np.mean(np.minimum(error, 2.0))),
            diverged=float(np.mean(~alive)),
            distance=distance,
        )

    def _leads(self) -> int:
        card = self._data.card
        return max(1, math.ceil(8.0 * card.timescale / card.dt))


def attractor_distance(
    truth: Float[np.ndarray, "run time channel"], found: Float[np.ndarray, "run time channel"]
) -> float:
    """D_stsp + D_H of runs from the truth, both in standard deviations."""
    channels = truth.shape[-1]
    points = min(truth[..., 0].size, found[..., 0].size)
    bins = max(FEWEST, min(BINS, round(BINS * (points / FULL) ** (1 / 3))))
    width = min(PORTRAIT, channels)
    places = range(channels) if channels > PORTRAIT else (0,)
    parts = []
    for first in places:
        which = [(first + k) % channels for k in range(width)]
        low, high = box(truth[..., which])
        p, q = (counts(x[..., which], low, high, bins).sum(axis=0) for x in (truth, found))
        parts.append(float(divergence(p, q, SMOOTHING)))
    p, q = (_spectrum(x) for x in (truth, found))
    return float(np.mean(parts) + hellinger(p, q).mean())


def _spectrum(x: np.ndarray) -> np.ndarray:
    """[channel, frequency] smoothed spectrum of standardised channels, mean over runs."""
    spread = x.std(axis=1, keepdims=True)
    z = (x - x.mean(axis=1, keepdims=True)) / np.maximum(spread, 1e-12)
    return smoothed_shape((np.abs(np.fft.rfft(z, axis=1)) ** 2).mean(axis=0).T)


def _channels(data: Data, obs: Obs) -> np.ndarray:
    """[run, time, channel] in standard deviations."""
    parts = [np.asarray(obs[v.name], float) / v.scale for v in data.card.variables]
    return np.concatenate([x.reshape(*x.shape[:2], -1) for x in parts], axis=-1)


@eqx.filter_jit
def _run(simulator: AbstractSimulator, starts: Starts, keys: PRNGKeyArray) -> Obs:
    """[start, lead, ...] what free runs look like, as far as there is truth."""
    lead = next(iter(starts.truth.values())).shape[1]

    def one(history: Obs, forcing: Forcing, time: Array, key: PRNGKeyArray) -> Obs:
        dt = simulator.card.dt

        def step(state, n):
            state = simulator.advance(state, forcing, time=time + n * dt, key=jax.random.fold_in(key, n))
            return state, simulator.observe(state)

        state = simulator.assimilate(history, forcing, time=time, key=key)
        return jax.lax.scan(step, state, jnp.arange(lead))[1]

    return jax.vmap(one)(starts.history, starts.forcing, starts.time, keys)
