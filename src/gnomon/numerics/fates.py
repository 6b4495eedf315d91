"""Fates: what became of a free run that should have gone on for ever."""

import numpy as np
from scipy.interpolate import CubicSpline

FATES = ("lives", "rests", "periodic", "exploded")
STILL = 0.02  # of a standard deviation: less movement than this is none
RETURN = 0.05  # of a standard deviation: an orbit that comes back this closely, all along, is closed
FINE = 8  # lags tried between two saved states


def fate_of(x: np.ndarray) -> str:
    """The fate of one run.

    "exploded": a value is not finite. "rests": in the second half of the run nothing moves by more than 2 % of a
    standard deviation. "periodic": there is a lag, at most half of that half, by which the whole of it can be shifted
    onto itself to within a twentieth of a standard deviation (between saved states: cubic splines). Else it lives.
    Chaos returns as closely as that, but not for long: a run of several Lyapunov times after the lag tells.

    What misleads: a period longer than a quarter of the run is not seen, nor one that the saved states sample fewer
    than some ten times; a torus lives.

    Args:
        x: [time, channel] over the standard deviation of each channel in the truth.
    """
    if not np.isfinite(x).all():
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


def count_fates(x: np.ndarray) -> dict[str, int]:
    """How many of [run, time, channel] met each fate; those that none met are left out."""
    found = [fate_of(run) for run in x]
    return {name: found.count(name) for name in FATES if name in found}
