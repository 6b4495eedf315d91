r"""Ensemble Kalman inversion: parameters of a model from statistics of its runs, without derivatives.

.. math::
    \theta_j \leftarrow \theta_j + C_{\theta G} (C_{GG} + \Gamma)^{-1} (y + \eta_j - G(\theta_j)), \qquad
    \eta_j \sim N(0, \Gamma)

Iglesias, Law and Stuart (2013), doi:10.1088/0266-5611/29/4/045001. The ensemble never leaves the space that its first
members span, and it narrows with every iteration whether or not it has arrived: its spread is no error bar.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from gnomon.numerics.ensemble_kalman import perturbed_analysis

Parameters = Float[np.ndarray, "member parameter"]
FEWEST = 2  # members that must survive an iteration, or there is no covariance


class Inversion(NamedTuple):
    """What an inversion found.

    Attributes:
        ensemble: [member, parameter] after the last iteration.
        misfits: for each iteration the mean over members of the squared misfit in standard errors, before the update.
        failed: members whose runs gave no finite statistics, over all iterations.
    """

    ensemble: Parameters
    misfits: tuple[float, ...]
    failed: int

    @property
    def mean(self) -> Float[np.ndarray, " parameter"]:
        """The estimate."""
        return self.ensemble.mean(0)


def ensemble_inversion(
    model: Callable[[Parameters], Float[np.ndarray, "member statistic"]],
    start: Parameters,
    target: Float[np.ndarray, " statistic"],
    error: Float[np.ndarray, " statistic"],
    *,
    iterations: int,
    rng: np.random.Generator,
) -> Inversion:
    """Draw an ensemble of parameters towards those whose statistics are the target's.

    Members whose statistics are not finite are drawn anew from the mean and the spread of the others.

    Args:
        model: statistics of runs with each member's parameters.
        start: the prior ensemble.
        target: statistics of the truth.
        error: their standard errors, those of one model run included.
        iterations: evaluations of the whole ensemble.
        rng: of the draws.
    """
    if iterations < 1 or len(start) < FEWEST or np.min(error) <= 0:
        raise ValueError(f"expected iterations >= 1, members >= {FEWEST} and positive errors")
    ensemble, misfits, failed = np.array(start, float), [], 0
    for _ in range(iterations):
        found = np.asarray(model(ensemble), float) / error
        alive = np.asarray(np.isfinite(found).all(1))
        lost = int(np.count_nonzero(~alive))
        if len(ensemble) - lost < FEWEST:
            raise ValueError(f"{lost} of {len(ensemble)} members gave no finite statistics: start narrower")
        misfits.append(float(np.mean((found[alive] - target / error) ** 2)))
        moved = perturbed_analysis(ensemble[alive], found[alive], target / error, 1.0, rng=rng)
        failed += lost
        ensemble[alive] = moved
        drawn = rng.standard_normal((lost, ensemble.shape[1]))
        ensemble[~alive] = moved.mean(0) + moved.std(0) * drawn
    return Inversion(ensemble, tuple(misfits), failed)
