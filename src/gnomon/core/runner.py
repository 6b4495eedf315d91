"""A runner: turns an experiment into runs. One each for worlds, simulators, host callables and files."""

import abc
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PRNGKeyArray

from gnomon.core.runs import Runs, Unsupported
from gnomon.core.watch import Watch
from gnomon.spec.cards import WorldCard
from gnomon.spec.experiment import Experiment

ESCAPE = 50.0  # a run this many scales away from where it started has left the attractor: diverged,
REACHES = 5.0  # unless the attractor itself reaches a fifth as far; of fates and of validation runs too


class Starts(NamedTuple):
    """Where runs begin: states on the attractor, and the observations that led there.

    Attributes:
        states: the world's states at time 0, a pytree batched over units.
        history: variable -> [unit, past, ...], without observation error; the last is the present. Hidden variables are
            here too: who sees a history is told it by `noisy_history`, which leaves them out.
        library: variable -> [snapshot, ...] observations at other times, where errors are "lagged"; else empty.
    """

    states: Any
    history: dict[str, np.ndarray]
    library: Mapping[str, np.ndarray] = MappingProxyType({})


class AbstractRunner(eqx.Module):
    """Runs experiments for one kind of subject."""

    @abc.abstractmethod
    def run(self, experiment: Experiment, starts: Starts, *, seed: int, watch: Watch) -> Runs | Unsupported:
        """The runs of an experiment; a diverged member is data (`Runs.diverged`), not an error."""


def key_of(seed: int) -> PRNGKeyArray:
    """A key from a 63-bit seed, in either precision."""
    return jax.random.fold_in(jax.random.PRNGKey(seed & 0x7FFFFFFF), seed >> 31)


def noisy_history(
    card: WorldCard, starts: Starts, members: int, *, seed: int, whole: bool = False
) -> dict[str, np.ndarray]:
    """The history as a subject sees it: [unit, member, past, ...], without hidden variables.

    One draw of the observation error for the unit; with several members one more, independent, for each.

    Args:
        card: of the world.
        starts: with the clean history.
        members: of an ensemble.
        seed: of the errors.
        whole: hidden variables too, for the world's own twin, which is a state and not an inference.
    """
    hidden = set() if whole else {v.name for v in card.variables if v.hidden}
    rng = np.random.default_rng([seed & 0x7FFFFFFF, seed >> 31, 1])
    if card.errors == "lagged":
        units, past = next(iter(starts.history.values())).shape[:2]
        own = lagged_errors(card, starts.library, (units, 1, past), rng)
        seen = {k: v[:, None] + own[k] for k, v in starts.history.items()}
        if members > 1:
            more = lagged_errors(card, starts.library, (units, members, past), rng)
            seen = {k: v + more[k] for k, v in seen.items()}
        return {k: v for k, v in seen.items() if k not in hidden}
    out = {}
    for v in card.variables:
        if v.name in hidden:
            continue
        clean = starts.history[v.name]
        seen = clean + v.obs_error * rng.standard_normal(clean.shape)
        seen = seen[:, None]
        if members > 1:
            shape = (clean.shape[0], members, *clean.shape[1:])
            seen = seen + v.obs_error * rng.standard_normal(shape)
        out[v.name] = seen
    return out


def lagged_errors(
    card: WorldCard, library: Mapping[str, np.ndarray], shape: tuple[int, ...], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Scaled differences of two snapshots of the attractor, independent over `shape`: balanced, so they grow.

    (x_a - x_b) / sqrt 2 has the climatological spread of every point; obs_error / scale is the share of it meant.
    One pair serves all variables, so that winds and temperatures fit together.
    """
    count = len(next(iter(library.values())))
    first = rng.integers(count, size=shape)
    second = (first + rng.integers(1, count, size=shape)) % count
    return {
        v.name: np.float32(v.obs_error / v.scale / np.sqrt(2))
        * (library[v.name][first] - library[v.name][second])
        for v in card.variables
    }


class Bounds(NamedTuple):
    """Beyond what a run has left the attractor.

    Attributes:
        centre: variable -> the mean of what was seen at the starts, place by place.
        reach: variable -> how far from it a value may be.
    """

    centre: dict[str, np.ndarray]
    reach: dict[str, float]


def bounds_of(card: WorldCard, starts: Starts) -> Bounds:
    """50 scales, or five times the largest distance of any value seen at the starts, whichever is more.

    A scale is one number for a whole field. Where a variable is next to nothing in most places (rain, humidity in the
    stratosphere), the truth itself is many scales away somewhere on the globe, and one moist point is no divergence.
    """
    centre = {k: v.mean(axis=(0, 1)) for k, v in starts.history.items()}
    reach = {}
    for v in card.variables:
        seen = [starts.history[v.name], *([starts.library[v.name]] if v.name in starts.library else [])]
        far = max(float(np.max(np.abs(x - centre[v.name]), initial=0.0)) for x in seen)
        reach[v.name] = max(ESCAPE * v.scale, REACHES * far) if np.isfinite(far) else ESCAPE * v.scale
    return Bounds(centre, reach)


def escaped(card: WorldCard, obs: dict[str, np.ndarray], bounds: Bounds) -> np.ndarray:
    """[unit, lead]: whether an observation (arrays [unit, lead, ...]) is lost: not finite or far away.

    A variable that is shown and not graded loses nothing by being far: what a world cannot tell ends no run.
    """
    lost = np.zeros(next(iter(obs.values())).shape[:2], bool)
    for v in card.variables:
        x = obs[v.name]
        with np.errstate(invalid="ignore", over="ignore"):
            near = bounds.reach[v.name] if v.name not in card.shown else np.finfo(np.float64).max
            bad = ~(np.abs(x - bounds.centre[v.name]) <= near)
        lost |= bad.reshape(*bad.shape[:2], -1).any(axis=-1)
    return lost


def lose(obs: dict[str, np.ndarray], lost: np.ndarray) -> np.ndarray:
    """Blank everything from the first lost lead on (in place) and return its index, -1 where none is lost.

    Args:
        obs: arrays [unit, lead, ...].
        lost: [unit, lead].
    """
    first = np.where(lost.any(axis=1), lost.argmax(axis=1), -1)
    for unit in np.flatnonzero(first >= 0):
        for x in obs.values():
            x[unit, first[unit] :] = np.nan
    return first
