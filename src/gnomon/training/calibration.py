"""Calibration: ensembles run from validation moments as the trust trial runs them, and how far spread is from error."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.world import Obs
from gnomon.numerics.packing import Packing, packing_of
from gnomon.training.free_run import BOUND, Starts
from gnomon.training.sampling import sample_windows


class Spread(NamedTuple):
    """How an ensemble did on validation moments, in scaled units.

    Attributes:
        spread: [lead] root mean square spread, with the factor (M + 1) / M.
        error: [lead] root mean square error of the mean, less the observation error of what it is held against.
        crps: mean over starts, leads and numbers of the fair continuous ranked probability score.
    """

    spread: Float[np.ndarray, " lead"]
    error: Float[np.ndarray, " lead"]
    crps: float

    @property
    def ratio(self) -> float:
        """Spread over error; means over leads come before the root."""
        return float(np.sqrt((self.spread**2).mean() / (self.error**2).mean()))

    @property
    def gap(self) -> float:
        """Mean over leads of |log(spread / error)|: 0 where the ensemble cannot be told from the truth."""
        return float(np.mean(np.abs(np.log(self.spread / self.error))))


@eqx.filter_jit
def member_runs(
    simulator: AbstractSimulator, starts: Starts, packing: Packing, errors: dict[str, Array], members: int,
    key: PRNGKeyArray,
) -> Float[Array, "start member lead number"]:  # fmt: skip
    """Runs from every start; each member draws the observation error once more, all else by its key.

    Args:
        simulator: to be run.
        starts: histories and forcing.
        packing: of the observations into one vector.
        errors: variable -> standard deviation of the draw; zero starts all members at what was observed.
        members: of every ensemble.
        key: of all draws.
    """
    lead = next(iter(starts.truth.values())).shape[1]
    count = starts.time.shape[0]
    dt = simulator.card.dt

    def one(history: Obs, forcing, time: Array, key: PRNGKeyArray) -> Array:
        noise_key, start_key, run_key = jax.random.split(key, 3)
        seen = {
            name: value
            + errors[name] * jax.random.normal(jax.random.fold_in(noise_key, i), value.shape, value.dtype)
            for i, (name, value) in enumerate(sorted(history.items()))
        }
        state = simulator.assimilate(seen, forcing, time=time, key=start_key)

        def step(state, n):
            new = simulator.advance(state, forcing, time=time + n * dt, key=jax.random.fold_in(run_key, n))
            return new, packing.pack(simulator.observe(new))

        return jax.lax.scan(step, state, jnp.arange(lead))[1]

    many = jax.vmap(jax.vmap(one, in_axes=(None, None, None, 0)))
    keys = jax.random.split(key, (count, members))
    return many(starts.history, starts.forcing, starts.time, keys)


def declared_errors(data: Data, *, times: float = 1.0) -> dict[str, Array]:
    """Variable -> its declared observation error, times a factor."""
    return {v.name: jnp.asarray(times * v.obs_error) for v in data.card.variables}


def spread_and_error(
    simulator: AbstractSimulator, starts: Starts, data: Data, *, members: int, key: PRNGKeyArray
) -> Spread:
    """Run ensembles from every start and hold their spread against their error."""
    packing = packing_of(data.card)
    scale, noise = scales_of(data)
    runs = np.asarray(member_runs(simulator, starts, packing, declared_errors(data), members, key)) / scale
    truth = np.asarray(packing.pack(starts.truth))[:, None] / scale
    # A run that has left is far away, not infinitely so, or one would decide everything.
    runs = truth + np.clip(np.nan_to_num(runs - truth, nan=BOUND, posinf=BOUND, neginf=-BOUND), -BOUND, BOUND)
    spread = runs.var(axis=1, ddof=1).mean((0, 2)) * (members + 1) / members
    squared = ((runs.mean(axis=1) - truth[:, 0]) ** 2).mean((0, 2))
    # what an observation adds to the error is no fault of the forecast; never more than nine tenths of it
    error = np.maximum(squared - np.mean((noise / scale) ** 2), 0.1 * squared)
    # the members get an observation error, since what they are held against has one
    rng = np.random.default_rng(0)
    seen = runs + noise / scale * rng.standard_normal(runs.shape)
    return Spread(np.sqrt(spread + 1e-24), np.sqrt(error + 1e-24), fair_crps(seen, truth[:, 0]))


def scales_of(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """[number] typical standard deviation, and declared observation error, of every packed number."""
    sizes = [int(np.prod(v.shape, dtype=int)) for v in data.card.variables]
    scale = np.repeat([v.scale for v in data.card.variables], sizes)
    return scale, np.repeat([v.obs_error for v in data.card.variables], sizes)


def fair_crps(members: Float[np.ndarray, "start member lead number"], truth: np.ndarray) -> float:
    """Mean fair score: E|x - y| - E|x - x'| / 2 over different members."""
    m = members.shape[1]
    ordered = np.sort(members, axis=1)
    # sum over pairs of |x_i - x_j| = 2 sum_i (2 i - m - 1) x_(i)
    weights = (2.0 * np.arange(1, m + 1) - m - 1).reshape(1, m, 1, 1)
    apart = (weights * ordered).sum(axis=1) * 2.0 / (m * (m - 1))
    return float((np.abs(members - truth[:, None]).mean(axis=1) - 0.5 * apart).mean())


def one_step_residuals(
    simulator: AbstractSimulator, data: Data, *, most: int, key: PRNGKeyArray
) -> Float[np.ndarray, "row number"]:
    """Scaled: what was observed in training one step after a window, less what the simulator made of that window."""
    packing, (scale, _) = packing_of(data.card), scales_of(data)
    row_key, run_key = jax.random.split(key)
    sample = sample_windows(data, simulator.card.context, most=most, key=row_key)
    made = _next(simulator, packing, sample.history, sample.knobs, sample.time, run_key)
    return (np.asarray(packing.pack(sample.following)) - np.asarray(made)) / scale


@eqx.filter_jit
def _next(
    simulator: AbstractSimulator, packing: Packing, history: Obs, knobs: Obs, time: Array, key: PRNGKeyArray
) -> Array:
    def one(history: Obs, knobs: Obs, time: Array, key: PRNGKeyArray) -> Array:
        held = Forcing(times={k: time[None] for k in knobs}, values={k: v[None] for k, v in knobs.items()})
        state = simulator.assimilate(history, held, time=time, key=key)
        return packing.pack(simulator.observe(simulator.advance(state, held, time=time, key=key)))

    return jax.vmap(one)(history, knobs, time, jax.random.split(key, time.shape[0]))
