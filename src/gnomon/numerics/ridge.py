"""Ridge regression for many strengths from one eigen-decomposition."""

from collections.abc import Sequence

import numpy as np
import scipy.linalg
from jaxtyping import Float


def ridge_path(
    features: Float[np.ndarray, "row feature"],
    targets: Float[np.ndarray, "row target"],
    strengths: Sequence[float],
) -> list[tuple[Float[np.ndarray, "feature target"], Float[np.ndarray, " target"]]]:
    """Weights and intercept for each strength, in double precision.

    Features are centred and brought to unit variance first, so that a strength means the same for every feature:
    it is the penalty on a standardised weight relative to the mean squared target error. The intercept is free.
    """
    x = np.asarray(features, np.float64)
    y = np.asarray(targets, np.float64)
    centre, level = x.mean(0), y.mean(0)
    spread = x.std(0)
    spread = np.where(
        spread > 1e-12 * (1.0 + np.abs(centre)), spread, np.inf
    )  # constant features get weight 0
    x = (x - centre) / spread
    gram = x.T @ x / len(x)
    cross = x.T @ (y - level) / len(x)
    values, vectors = scipy.linalg.eigh(gram, check_finite=True, driver="evd")
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ cross
    path = []
    for strength in strengths:
        shrunk = np.where(values + strength > 0, rotated.T / np.maximum(values + strength, 1e-300), 0.0).T
        weights = (vectors @ shrunk) / spread[:, None]
        path.append((weights, level - centre @ weights))
    return path
