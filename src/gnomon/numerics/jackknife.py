"""Jackknife pseudo-values: one number for each independent unit, for statistics that need all units together.

For a statistic U of n units and its value U_{-i} without unit i, the pseudo-value is
p_i = n U - (n - 1) U_{-i}. Its mean is U without the part of its bias that falls like 1/n, and the variance of the
p_i over n estimates, on the safe side, the variance of U (Efron and Stein 1981, doi:10.1214/aos/1176345462;
Miller 1974, doi:10.1093/biomet/61.1.1).
"""

import numpy as np


def pseudo_values(whole: float | np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """[unit] pseudo-values of a statistic.

    Args:
        whole: the statistic of all units.
        left_out: [unit] the statistic without each unit in turn.
    """
    n = len(left_out)
    if n < 2:
        return np.full(n, whole, float)
    return n * whole - (n - 1) * np.asarray(left_out, float)


def left_out_means(x: np.ndarray) -> np.ndarray:
    """[unit, ...] mean over all units but one, for each unit in turn; the mean itself for a single unit."""
    n = len(x)
    if n < 2:
        return np.array(x, float)
    return (x.sum(axis=0, keepdims=True) - x) / (n - 1)


def pair_mean(x: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean of x_i . x_j over all pairs i != j, and the same without each unit in turn.

    With x_i = y_i - R this is the squared error of the mean of y against R without the noise of the mean: a
    U-statistic, unbiased and therefore sometimes negative (Hoeffding 1948, doi:10.1214/aoms/1177730196).
    Fewer than three units leave no pair when one is taken out; the statistic then stands in for itself, and for
    a single unit it is the plain square.

    Args:
        x: [unit, feature].
    """
    n = len(x)
    total = x.sum(axis=0)
    squares = np.einsum("if,if->i", x, x)
    if n < 2:
        return float(squares.sum()), squares
    whole = (total @ total - squares.sum()) / (n * (n - 1))
    if n < 3:
        return float(whole), np.full(n, whole)
    rest = total @ total - 2 * (x @ total) + squares
    return float(whole), (rest - (squares.sum() - squares)) / ((n - 1) * (n - 2))


def squared_error(x: np.ndarray, target: np.ndarray | float = 0.0) -> np.ndarray:
    """[unit] pseudo-values of |mean(x) - target|^2 corrected for the noise of the mean.

    Args:
        x: [unit, feature].
        target: [feature], or [unit, feature] with a target of its own for every unit.
    """
    return pseudo_values(*pair_mean(x - target))


def paired_error(x: np.ndarray, truth: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """[living unit] pseudo-values of |mean(x) - mean(truth)|^2 corrected for the noise of both means.

    Each unit of the truth is held against the subject's unit of the same place, and the pairs i != j of differences
    (x_i - r_i) . (x_j - r_j) are averaged. The spread over units then holds the truth's own sampling error, which all
    subjects of a case share: against the truth's mean taken as exact, two subjects that err equally in opposite
    directions are called different as soon as the truth's draw leans to one of them.

    Args:
        x: [living unit, feature] of the subject.
        truth: [unit, feature].
        alive: [unit of the subject] which of its units live.
    """
    return squared_error(x - beside(truth, alive))


def beside(truth: np.ndarray, alive: np.ndarray) -> np.ndarray:
    """The truth's units that stand beside the subject's living ones; its mean, as one row, where numbers differ.

    A truth with another number of units than the subject has no unit for each of the subject's: its mean is then
    taken as exact, and its sampling error stays out of the interval.
    """
    return truth[alive] if paired(truth, alive) else truth.mean(axis=0, keepdims=True)


def paired(truth: np.ndarray, alive: np.ndarray) -> bool:
    """Whether every unit of the subject has its unit of the truth."""
    return len(truth) == len(alive)


def standard_error(values: np.ndarray) -> float:
    """Of the mean of per-unit numbers; infinite for a single unit, of which nothing is known."""
    n = len(values)
    return float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
