"""What a closed flow is judged by: the spectra of long runs, started from and forced as observed trajectories are."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.core.world import Obs
from gnomon.learners.closure_terms import ClosureSimulator
from gnomon.numerics.closures import HELD
from gnomon.numerics.plane_spectral import Plane, ring_spectrum
from gnomon.training.free_run import THRESHOLD, Verdict, bounds_of

WORST = 10.0  # decades: the misfit of a run that is not finite


class Courses(NamedTuple):
    """Observed trajectories that runs are held against.

    Attributes:
        start: variable -> [run, 1, ...].
        truth: variable -> [run, lead, ...] what was observed afterwards.
        forcing: batched over runs.
        time: of the start.
        scales: variable -> its scale.
        bounds: variable -> how far from its mean a run has left the attractor.
    """

    start: Obs
    truth: Obs
    forcing: Forcing
    time: Array
    scales: dict[str, Array]
    bounds: dict[str, Array]


class Climate(NamedTuple):
    """What runs gave.

    Attributes:
        spectra: [run, field, wave] mean square in rings of waves, mean over the second half of the run.
        errors: [run, lead] normalised error of the forecast that the run also is.
        worst: [run] largest distance from the mean over its bound; infinite where it is not finite.
    """

    spectra: Float[Array, "run field wave"]
    errors: Float[Array, "run lead"]
    worst: Float[Array, " run"]


def courses_of(data: Data, rows: np.ndarray) -> Courses:
    """Of some trajectories of the data."""
    obs = {v.name: data.obs[v.name][rows] for v in data.card.variables}
    return Courses(
        start={k: jnp.asarray(v[:, :1]) for k, v in obs.items()},
        truth={k: jnp.asarray(v[:, 1:]) for k, v in obs.items()},
        forcing=Forcing(
            times={k: jnp.asarray(np.broadcast_to(data.time, (len(rows), len(data.time)))) for k in data.forcing},
            values={k: jnp.asarray(v[rows]) for k, v in data.forcing.items()},
        ),
        time=jnp.asarray(data.time[0]),
        scales={v.name: jnp.asarray(v.scale) for v in data.card.variables},
        bounds=bounds_of(data),
    )  # fmt: skip


def observed_spectra(data: Data, rows: np.ndarray) -> Float[np.ndarray, "run field wave"]:
    """Of observed trajectories, over the time over which runs are averaged."""
    card = data.card
    points = card.variables[0].shape[0]
    plane = Plane(points, card.length or 1.0, points // 2 - 1)
    late = 1 + (len(data.time) - 1) // 2
    each = [
        [_time_mean(plane, jnp.asarray(data.obs[v.name][row, late:])) for v in card.variables] for row in rows
    ]
    return np.asarray(each)


@eqx.filter_jit
def _time_mean(plane: Plane, fields: Array) -> Array:
    return ring_spectrum(plane, plane.to_modes(fields)).mean(0)


@eqx.filter_jit
def climate_of(simulator: ClosureSimulator, courses: Courses, key: PRNGKeyArray) -> Climate:
    """Runs from the start of every course to its end."""
    physics: Any = simulator.physics
    dt, lead = simulator.card.dt, next(iter(courses.truth.values())).shape[1]
    late = lead // 2

    def one(start: Obs, truth: Obs, forcing: Forcing) -> Climate:
        middle = {k: v.mean(0) for k, v in truth.items()}
        state = simulator.assimilate(start, forcing, time=courses.time, key=key)
        rings = jnp.zeros_like(ring_spectrum(physics.plane, physics.spectrum(state)))

        def step(carry: Any, n: Array) -> tuple[Any, Array]:
            state, rings, worst = carry
            state = simulator.advance(state, forcing, time=courses.time + n * dt, key=key)
            obs = simulator.observe(state)
            far = [jnp.max(jnp.abs(obs[k] - m) / courses.bounds[k]) for k, m in middle.items()]
            distance = jnp.max(jnp.stack(far))
            worst = jnp.maximum(worst, jnp.where(jnp.isfinite(distance), distance, jnp.inf))
            share = jnp.where(n >= late, 1.0 / (lead - late), 0.0)
            rings = rings + share.astype(rings.dtype) * ring_spectrum(physics.plane, physics.spectrum(state))
            gaps = [jnp.mean(((obs[k] - v[n]) / courses.scales[k]) ** 2) for k, v in truth.items()]
            return (state, rings, worst), jnp.sqrt(jnp.mean(jnp.stack(gaps)))

        begin = (state, rings, jnp.zeros((), rings.dtype))
        (_, rings, worst), errors = jax.lax.scan(step, begin, jnp.arange(lead))
        return Climate(rings, errors, worst)

    return jax.vmap(one)(courses.start, courses.truth, courses.forcing)


def log_spectra(spectra: Float[np.ndarray, "... run field wave"]) -> Float[np.ndarray, "... statistic"]:
    """Decimal logarithms of the mean over runs, of the waves that a coarse flow is asked for, one row of numbers."""
    waves = spectra.shape[-1] - 1
    picked = np.asarray(spectra, float)[..., 1 : max(2, int(HELD * waves) + 1)].mean(-3)
    logs = np.log10(np.maximum(picked, np.finfo(float).tiny))
    return logs.reshape(*logs.shape[:-2], -1)


def misfit(found: np.ndarray, wanted: np.ndarray) -> float:
    """Root mean square difference of spectra in decades; at most WORST."""
    waves = min(found.shape[-1], wanted.shape[-1])
    gap = log_spectra(found[..., :waves]) - log_spectra(wanted[..., :waves])
    size = float(np.sqrt(np.mean(gap**2)))
    return min(size, WORST) if np.isfinite(size) else WORST


class ClimateJudge:
    """Judges closures by one run along each of some trajectories: divergence, then the misfit of spectra.

    Args:
        data: the trajectories.
        rows: which of them.
        key: of whatever a simulator draws.
    """

    def __init__(self, data: Data, rows: np.ndarray, *, key: PRNGKeyArray):
        self._card, self._key = data.card, key
        self.courses, self.spectra = courses_of(data, rows), observed_spectra(data, rows)

    def __call__(self, simulator: ClosureSimulator) -> Verdict:
        """How it did."""
        climate = climate_of(simulator, self.courses, self._key)
        alive = np.asarray(climate.worst) < 1.0
        found = np.asarray(climate.spectra)[alive]
        lead = max(1, min(climate.errors.shape[1], int(8 * self._card.timescale / self._card.dt)))
        errors = np.nan_to_num(np.asarray(climate.errors)[:, :lead], nan=np.inf)
        past = errors > THRESHOLD
        reached = np.where(past.any(1), past.argmax(1), lead)
        return Verdict(
            valid_time=float(np.mean(reached) * self._card.dt / self._card.timescale),
            nrmse=float(np.mean(np.minimum(errors, 2.0))),
            diverged=float(np.mean(~alive)),
            distance=misfit(found, self.spectra) if alive.any() else WORST,
        )
