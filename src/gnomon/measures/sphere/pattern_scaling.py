"""Linear pattern scaling: the response to a strong forcing predicted from the true response to half of it."""

import numpy as np

from gnomon.numerics.jackknife import pair_mean, paired_error, pseudo_values, standard_error


def relative_error(x: np.ndarray, true: np.ndarray, alive: np.ndarray) -> tuple[float, float]:
    """|X - R|^2 / |R|^2 without the noise of either, and its standard error.

    Args:
        x: [living unit, feature] of the prediction or model.
        true: [unit, feature].
        alive: [unit of the prediction].
    """
    size = pair_mean(true)[0]
    if size <= 0 or len(x) < 2:
        return float("nan"), float("nan")
    p = paired_error(x, true, alive) / size
    return float(p.mean()), standard_error(p)


def scaled_prediction(weak: np.ndarray, ratio: float) -> np.ndarray:
    """[unit, feature] the response to `ratio` times the forcing, were it linear: the baseline a model has to beat.

    From the *truth's* own response to the weaker forcing, so its error is the nonlinearity of the truth and nothing
    else: a model that never saw warming and beats it has learned physics (Luetjens et al. 2025,
    doi:10.1029/2024MS004619, where a large network did not).
    """
    return ratio * weak


def nonlinearity(bend: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """[unit] pseudo-values of |X(2d) - 2 X(d)| / |2 X(d)| without noise; NaN where the response cannot be told from it.

    Args:
        bend: [unit, feature] X(2d) - 2 X(d).
        linear: [unit, feature] 2 X(d).
    """
    top, tops = pair_mean(bend)
    base, bases = pair_mean(linear)
    if len(bend) < 2 or base <= 0 or (bases <= 0).any():
        return np.full(len(bend), np.nan)
    return pseudo_values(np.sqrt(max(top, 0.0) / base), np.sqrt(np.maximum(tops, 0.0) / bases))


def scaling_slope(response: np.ndarray, kelvin: np.ndarray) -> np.ndarray:
    """[...] pattern a kelvin: least squares at each point of mean responses [sample, ...] on [sample] warming.

    w = sum_i T_i R_i / sum_i T_i^2, through the origin. Exact on a linear world, whatever the samples.
    """
    return np.tensordot(kelvin, response, axes=(0, 0)) / (kelvin**2).sum()
