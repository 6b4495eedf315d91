"""Relevance vector machine: a linear regression that decides, by evidence, which columns it needs.

Tipping (2001), doi:10.1162/15324430152748236; the fast sequential search: Tipping and Faul (2003), in Proceedings
of the Ninth International Workshop on Artificial Intelligence and Statistics,
https://proceedings.mlr.press/r4/tipping03a.html.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

Matrix = Float[np.ndarray, "row column"]


class Relevance(NamedTuple):
    """What the regression found.

    Attributes:
        weights: posterior means, zero for a column that is left out.
        errors: posterior standard deviations of the kept weights (noise taken as white), zero elsewhere.
        kept: which columns are in.
        noise: standard deviation of what no column explains.
        converged: whether the search stopped by itself.
    """

    weights: Float[np.ndarray, " column"]
    errors: Float[np.ndarray, " column"]
    kept: Bool[np.ndarray, " column"]
    noise: float
    converged: bool


def relevance_regression(
    columns: Matrix,
    target: Float[np.ndarray, " row"],
    *,
    sigmas: float = 4.0,
    least: float = 0.0,
    rounds: int = 500,
    count: int | None = None,
) -> Relevance:
    """The columns that explain a target, their weights with errors, and the size of the rest.

    Each weight has a Gaussian prior of its own precision a_i; the evidence is maximised over all a_i and over the
    noise. Most a_i go to infinity: those columns are out. One column is added, kept with a new a_i or taken out
    in each round, the one that raises the evidence most.

    Columns and target are divided by their root mean squares first (nothing is centred: give a column of ones for a
    constant). All rows are then replaced by the triangle of a QR decomposition, which has the same evidence, so that a
    round costs nothing however many rows there are.

    Args:
        columns: what may explain.
        target: what is to be explained.
        sigmas: how many error bars from zero a weight has to be for its column to stay. At 1 evidence alone decides,
            as published: then a third of the columns of pure noise stay, because the best a_i is finite wherever a
            weight is more than one error bar from zero.
        least: a column whose weight times its size is less than this share of the target's size is taken out.
            With many rows, and errors of discretisation instead of noise, nearly everything differs from zero by
            many error bars. The published script of MEDIDA prunes at a precision of 100, a share of about a tenth.
        rounds: after which the search is given up.
        count: how many rows there were, where the rows given are triangles of them already; None for as many as came.
    """
    columns, target = np.asarray(columns, float), np.asarray(target, float)
    if columns.ndim != 2 or target.shape != columns.shape[:1]:
        raise ValueError(
            f"expected columns [row, column] and a target [row], got {columns.shape} and {target.shape}"
        )
    if len(target) <= columns.shape[1]:
        raise ValueError(f"{len(target)} rows cannot judge {columns.shape[1]} columns; give more rows")
    if not (np.isfinite(columns).all() and np.isfinite(target).all()):
        raise ValueError("columns and target must be finite; did the model diverge?")
    count = len(target) if count is None else count
    thinned = np.sqrt(len(target) / count)  # a root mean square over the rows that there were
    size, level = thinned * _root_mean_square(columns), float(thinned * _root_mean_square(target))
    usable = size > 0
    if level == 0 or not usable.any():
        nothing = np.zeros(columns.shape[1])
        return Relevance(nothing, nothing, nothing > 0, level, True)
    scaled = columns[:, usable] / size[usable]
    triangle = np.asarray(np.linalg.qr(np.column_stack([scaled, target / level]), mode="r"))
    allowed = np.ones(scaled.shape[1], bool)
    found = _search(triangle, count, sigmas, rounds, allowed)
    for _ in range(scaled.shape[1]):
        small = found.kept & (np.abs(found.weights) < least)
        if not small.any():
            break
        # the smallest alone: without it the others change
        worst = np.argmin(np.where(small, np.abs(found.weights), np.inf))
        allowed = found.kept & (np.arange(len(small)) != worst)
        found = _search(triangle, count, sigmas, rounds, allowed)
    return _in_units(found, usable, size, level)


def _root_mean_square(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(x**2, axis=0))


def _in_units(found: Relevance, usable: np.ndarray, size: np.ndarray, level: float) -> Relevance:
    weights, errors, kept = np.zeros(len(usable)), np.zeros(len(usable)), np.zeros(len(usable), bool)
    weights[usable] = found.weights * level / size[usable]
    errors[usable] = found.errors * level / size[usable]
    kept[usable] = found.kept
    return Relevance(weights, errors, kept, found.noise * level, found.converged)


def _search(triangle: np.ndarray, count: int, sigmas: float, rounds: int, allowed: np.ndarray) -> Relevance:
    """Sequential maximisation of the evidence on compressed rows; `count` is how many rows there were."""
    rows, target = triangle[:, :-1], triangle[:, -1]
    number = rows.shape[1]
    total = float(target @ target)
    floor = 1e-14 * total / count  # a noise below round-off of the target cannot be told
    alpha = np.full(number, np.inf)
    noise = 0.1 * total / count
    converged = False
    for _ in range(rounds):
        s, q = _factors(rows, target, alpha, noise)
        wanted = allowed & (q**2 > max(sigmas, 1.0) ** 2 * s)
        best, change = _choose(s, q, wanted, alpha)
        if change > 1e-6:
            alpha[best] = s[best] ** 2 / (q[best] ** 2 - s[best]) if wanted[best] else np.inf
        last, noise = noise, max(floor, _noise(rows, target, alpha, noise, count))
        if change <= 1e-6 and abs(np.log(noise / last)) < 1e-6:
            converged = True
            break
    kept = np.isfinite(alpha)
    mean, covariance = _posterior(rows, target, alpha, noise)
    weights, errors = np.zeros(number), np.zeros(number)
    weights[kept], errors[kept] = mean, np.sqrt(np.diag(covariance))
    return Relevance(weights, errors, kept, float(np.sqrt(noise)), converged)


def _choose(s: np.ndarray, q: np.ndarray, wanted: np.ndarray, alpha: np.ndarray) -> tuple[int, float]:
    """The column to change next and by how much: out where it is not wanted, else where the evidence rises most."""
    kept = np.isfinite(alpha)
    if (kept & ~wanted).any():
        return int(np.argmin(np.where(kept & ~wanted, q**2 / s, np.inf))), np.inf
    if not wanted.any():
        return 0, 0.0
    ratio = np.where(wanted, q**2 / s, 1.0)
    best = ratio - 1 - np.log(ratio)  # twice the log evidence against the column left out
    now = np.zeros(len(s))
    now[kept] = q[kept] ** 2 / (alpha[kept] + s[kept]) - np.log1p(s[kept] / alpha[kept])
    gain = np.where(wanted, best - now, -np.inf)
    column = int(np.argmax(gain))
    if not kept[column]:
        return column, np.inf
    return column, float(abs(np.log(alpha[column] * (q[column] ** 2 - s[column]) / s[column] ** 2)))


def _posterior(
    rows: np.ndarray, target: np.ndarray, alpha: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of the kept weights."""
    kept = np.isfinite(alpha)
    if not kept.any():
        return np.zeros(0), np.zeros((0, 0))
    # least squares on rows and priors together: no normal matrix is inverted, nearly parallel columns stay apart
    stacked = np.vstack([rows[:, kept] / np.sqrt(noise), np.diag(np.sqrt(alpha[kept]))])
    q, r = np.linalg.qr(stacked)
    inverse = np.linalg.solve(r, np.eye(len(r)))
    return inverse @ (q[: len(rows)].T @ target) / np.sqrt(noise), inverse @ inverse.T


def _factors(
    rows: np.ndarray, target: np.ndarray, alpha: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """The factors s and q of Tipping and Faul: what a column would add beside the others, and what is left for it.

    For kept columns from the posterior itself, because taking a column's own part out of the sums for all of them
    would cancel where there is hardly any noise.
    """
    kept = np.isfinite(alpha)
    mean, covariance = _posterior(rows, target, alpha, noise)
    basis = rows[:, kept]
    shadow = basis.T @ rows
    s = ((rows**2).sum(0) - (shadow * (covariance @ shadow)).sum(0) / noise) / noise
    q = rows.T @ (target - basis @ mean) / noise
    spread = np.diag(covariance)
    s[kept] = (1 - alpha[kept] * spread) / spread
    q[kept] = mean / spread
    return np.maximum(s, 1e-12 / noise), q


def _noise(rows: np.ndarray, target: np.ndarray, alpha: np.ndarray, noise: float, count: int) -> float:
    mean, covariance = _posterior(rows, target, alpha, noise)
    kept = np.isfinite(alpha)
    rest = target - rows[:, kept] @ mean
    determined = float((1 - alpha[kept] * np.diag(covariance)).sum())
    return float(rest @ rest) / max(count - determined, 1.0)
