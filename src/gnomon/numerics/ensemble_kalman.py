"""Ensemble Kalman analysis: an ensemble of guesses and an observation with error make an ensemble of better guesses.

With perturbed observations: Evensen (1994), doi:10.1029/94JC00572, and Burgers, van Leeuwen and Evensen (1998),
doi:10.1175/1520-0493(1998)126<1719:ASITEK>2.0.CO;2. Without (the ensemble transform): Bishop, Etherton and Majumdar
(2001), doi:10.1175/1520-0493(2001)129<0420:ASWTET>2.0.CO;2.
"""

import numpy as np
from jaxtyping import Float

Ensemble = Float[np.ndarray, "member state"]


def perturbed_analysis(
    ensemble: Ensemble,
    seen: Float[np.ndarray, "member observation"],
    observation: Float[np.ndarray, " observation"],
    error: float,
    *,
    rng: np.random.Generator,
) -> Ensemble:
    """Each member moved towards the observation plus a draw of its error (drawn with mean zero over the members).

    Args:
        ensemble: states before.
        seen: what would be observed of each member.
        observation: what was observed.
        error: standard deviation of the observation, white.
        rng: of the draws.
    """
    _check(ensemble, seen, observation, error)
    draws = error * rng.standard_normal(seen.shape)
    draws -= draws.mean(0)
    return ensemble + (observation + draws - seen) @ _gain(ensemble, seen, error).T


def transform_analysis(
    ensemble: Ensemble,
    seen: Float[np.ndarray, "member observation"],
    observation: Float[np.ndarray, " observation"],
    error: float,
) -> Ensemble:
    """Mean by the Kalman gain, deviations by the symmetric square root: no draws, exact for a linear world."""
    _check(ensemble, seen, observation, error)
    members = len(ensemble)
    mean, middle = ensemble.mean(0), seen.mean(0)
    spread = (seen - middle) / (error * np.sqrt(members - 1))
    left, size, right = np.linalg.svd(spread, full_matrices=False)
    weights = (
        left @ (size / (1 + size**2) * (right @ (observation - middle))) / (error * np.sqrt(members - 1))
    )
    apart = ensemble - mean
    shrink = left * (1 / np.sqrt(1 + size**2) - 1)
    return mean + weights @ apart + apart + shrink @ (left.T @ apart)


def mean_analysis(
    ensemble: Ensemble,
    seen: Float[np.ndarray, "member observation"],
    observation: Float[np.ndarray, " observation"],
    error: float,
) -> Float[np.ndarray, " state"]:
    """The mean of either analysis alone."""
    _check(ensemble, seen, observation, error)
    return ensemble.mean(0) + _gain(ensemble, seen, error) @ (observation - seen.mean(0))


def _gain(ensemble: Ensemble, seen: np.ndarray, error: float) -> np.ndarray:
    """[state, observation] the gain, without localisation: members should outnumber the state's free directions."""
    members = len(ensemble)
    apart, apart_seen = ensemble - ensemble.mean(0), seen - seen.mean(0)
    innovation = apart_seen.T @ apart_seen / (members - 1) + error**2 * np.eye(seen.shape[1])
    return np.linalg.solve(innovation, apart_seen.T @ apart / (members - 1)).T


def _check(ensemble: np.ndarray, seen: np.ndarray, observation: np.ndarray, error: float) -> None:
    if len(ensemble) < 2 or len(seen) != len(ensemble) or seen.shape[1:] != np.shape(observation):
        raise ValueError(
            f"expected at least 2 members and what is seen of each, got states {ensemble.shape}, seen {seen.shape}, "
            f"observation {np.shape(observation)}"
        )
    if error <= 0:
        raise ValueError(
            f"the observation error must be positive, got {error}; a perfect one needs no analysis"
        )
    if not (np.isfinite(ensemble).all() and np.isfinite(seen).all()):
        raise ValueError("the ensemble is not finite: a member diverged before the analysis")
