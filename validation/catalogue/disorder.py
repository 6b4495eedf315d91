"""Ordinal patterns and fractal dimension of orbits, with errors over orbits."""

import math

import numpy as np

from gnomon.numerics.correlation_sum import correlation_dimension
from gnomon.numerics.ordinal import ordinal_facts
from validation.sampling import Estimate

POINTS = 400  # of each orbit, far apart in time
APART = 3  # of them, nearer in time than which pairs are left out


def disorder(series: np.ndarray, dt: float) -> dict[str, Estimate]:
    """Permutation entropy and complexity of [lane, time]; nothing where the rule of sampling cannot be met."""
    found = ordinal_facts(series[:, :4000], dt)
    if not found.met:
        return {}
    return {
        "permutation_entropy": Estimate(np.asarray(found.entropy), np.asarray(found.entropy_error)),
        "permutation_complexity": Estimate(np.asarray(found.complexity), np.asarray(found.complexity_error)),
    }


def fractal_dimension(states: np.ndarray, periods: list[float | None]) -> Estimate | None:
    """Correlation dimension of [lane, time, component]; an angle enters by its cosine and sine."""
    apart = max(1, states.shape[1] // POINTS)
    columns = []
    for i, period in enumerate(periods):
        x = states[:, ::apart, i]
        columns += [x] if period is None else [np.cos(2 * np.pi * x / period), np.sin(2 * np.pi * x / period)]
    found = correlation_dimension(np.stack(columns, axis=-1), theiler=APART)
    if not math.isfinite(found.value) or found.value > found.ceiling - 0.5:
        return None
    return Estimate(np.asarray(found.value), np.asarray(found.error))
