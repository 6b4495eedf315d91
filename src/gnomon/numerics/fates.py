"""Fates: what became of a free run that should have gone on for ever."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from gnomon.core.runner import REACHES

FATES = ("lives", "rests", "periodic", "exploded")
STILL = 0.02  # of a standard deviation: less movement than this is none
RETURN = 0.05  # of a standard deviation: an orbit that comes back this closely, all along, is closed
FINE = 8  # lags tried between two saved states
FAR = 10.0  # standard deviations from the truth's mean: nearer than this none has left, nor within `REACHES`


class Reach(NamedTuple):
    """How far the truth goes, and so beyond what a run has left its attractor.

    Attributes:
        centre: the truth's mean.
        bound: how far from there a run may be.
    """

    centre: Float[np.ndarray, " channel"]
    bound: Float[np.ndarray, " channel"]


def reach_of(truth: Float[np.ndarray, "run time channel"]) -> Reach:
    """Of free runs of the truth, over the standard deviation of each channel.

    A bound is ten standard deviations, or five times the largest distance from the mean that the truth itself has in
    that channel, whichever is more: as training counts what has left the attractor. No truth can leave by it.
    """
    x = truth[np.isfinite(truth).all(axis=-1)]
    if not len(x):
        return Reach(np.zeros(truth.shape[-1]), np.full(truth.shape[-1], FAR))
    centre = x.mean(axis=0)
    return Reach(centre, np.maximum(FAR, REACHES * np.abs(x - centre).max(axis=0)))


def fate_of(x: Float[np.ndarray, "time channel"], reach: Reach) -> str:
    """The fate of one run.

    "exploded": a value is not finite or beyond the reach of the truth; a simulator that holds its runs within bounds
    of its own, as `sindy` does at twenty root mean squares, explodes like any other, though it then stands still.
    "rests": in the second half of the run nothing moves by more than 2 % of a standard deviation. "periodic": there is
    a lag, at most half of that half, by which the whole of it can be shifted onto itself to within a twentieth of a
    standard deviation (between saved states: cubic splines). Else it lives. Chaos returns as closely as that, but not
    for long: a run of several Lyapunov times after the lag tells.

    What misleads: a period longer than a quarter of the run is not seen, nor one that the saved states sample fewer
    than some ten times; a torus lives. A run that is held within the reach, off the attractor, only rests.

    Args:
        x: over the standard deviation of each channel in the truth.
        reach: of the truth, in the same units.
    """
    if not (np.abs(x - reach.centre) <= reach.bound).all():  # false for what is not a number
        return "exploded"
    late = x[len(x) // 2 :]
    if np.ptp(late, axis=0).max() < STILL:
        return "rests"
    return "periodic" if len(late) >= 16 and _closed(late) else "lives"


def _closed(x: np.ndarray) -> bool:
    """Whether a shift takes the run onto itself: first by one late state, which rules out most lags, then all along."""
    time = np.arange(len(x))
    curve = CubicSpline(time, x)
    lags = np.arange(4 * FINE, len(x) // 2 * FINE) / FINE
    near = np.abs(curve(lags) - x[0]).max(axis=1)
    # A lag next to the right one is off by the speed of the orbit times its distance.
    for i in np.flatnonzero(near < 3 * RETURN):
        for lag in lags[i] + np.linspace(-0.5, 0.5, 9) / FINE:
            kept = time[time + lag <= len(x) - 1]
            if np.abs(curve(kept + lag) - x[kept]).max() < RETURN:
                return True
    return False


def count_fates(x: Float[np.ndarray, "run time channel"], reach: Reach) -> dict[str, int]:
    """How many runs met each fate; those that none met are left out."""
    found = [fate_of(run, reach) for run in x]
    return {name: found.count(name) for name in FATES if name in found}
