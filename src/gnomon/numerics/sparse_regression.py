"""Sparse regression: few terms of a library that explain a rate of change.

Sequentially thresholded least squares is Brunton, Proctor and Kutz 2016, doi 10.1073/pnas.1517384113; the weak form
follows Messenger and Bortz 2021, doi 10.1137/20M1343166; bagging follows Fasel, Kutz, Brunton and Brunton 2022,
doi 10.1098/rspa.2021.0904.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

ROUNDS = 20  # of thresholding at most; each removes a term or is the last


class Bagged(NamedTuple):
    """Sparse coefficients from many resamples.

    Attributes:
        coefficients: [term, target], zero where a term is left out.
        inclusion: [term, target] fraction of the resamples that kept the term.
    """

    coefficients: Float[np.ndarray, "term target"]
    inclusion: Float[np.ndarray, "term target"]


def bump(half: int, dt: float, tail: float = 1e-10) -> tuple[np.ndarray, np.ndarray]:
    """Quadrature weights of a smooth test function and of its derivative on 2 half + 1 moments.

    phi(s) = (1 - s^2)^p on [-1, 1]. It and p - 1 derivatives vanish at the ends, so the trapezoidal rule with
    it is of high order; p is the power at which phi has fallen to `tail` one step before the end.
    """
    if half < 2:
        raise ValueError(f"a test function needs half a width of at least 2 steps, got {half}")
    s = np.arange(-half, half + 1) / half
    near = 1.0 - ((half - 1) / half) ** 2
    power = max(2, math.ceil(math.log(tail) / math.log(near)))
    phi = (1 - s**2) ** power
    slope = -2 * power * s * (1 - s**2) ** (power - 1) / (half * dt)
    return phi * dt, slope * dt


def weak_rows(
    features: Float[np.ndarray, "run time ..."],
    state: Float[np.ndarray, "run time ..."],
    half: int,
    dt: float,
    stride: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Integrals of features, and of the state's rate of change, against a test function that slides along the runs.

    The rate is never formed: its integral is minus that of the state against the test function's derivative.

    Returns:
        [run, place, ...] of the features and of the rate, both over the integral of the test function.
    """
    weights, slopes = bump(half, dt)
    places = np.arange(0, features.shape[1] - 2 * half, stride)
    left = sum(w * features[:, places + k] for k, w in enumerate(weights))
    right = sum(-w * state[:, places + k] for k, w in enumerate(slopes))
    area = weights.sum()
    return np.asarray(left / area), np.asarray(right / area)


def thresholded(
    features: Float[np.ndarray, "row term"], targets: Float[np.ndarray, "row target"], threshold: float
) -> Float[np.ndarray, "term target"]:
    """Least squares, terms that contribute too little removed, and again until none is.

    A term's contribution is the root mean square of coefficient times feature over that of the target, so that the
    threshold has no units (the paper's is on the bare coefficient).
    """
    size = np.sqrt(np.mean(features**2, axis=0))
    size = np.where(size > 0, size, 1.0)
    scaled = features / size
    out = np.zeros((features.shape[1], targets.shape[1]))
    for column in range(targets.shape[1]):
        target = targets[:, column]
        level = np.sqrt(np.mean(target**2))
        kept = np.ones(features.shape[1], bool)
        values = np.zeros(0)
        for _ in range(ROUNDS):
            if not kept.any():
                break
            values = np.linalg.lstsq(scaled[:, kept], target, rcond=1e-13)[0]
            small = np.abs(values) < threshold * level
            if not small.any():
                break
            kept[np.flatnonzero(kept)[small]] = False
        if kept.any():
            out[kept, column] = np.linalg.lstsq(scaled[:, kept], target, rcond=1e-13)[0]
    return out / size[:, None]


def bagged(
    features: Float[np.ndarray, "row term"],
    targets: Float[np.ndarray, "row target"],
    threshold: float,
    *,
    resamples: int,
    include: float,
    rng: np.random.Generator,
) -> Bagged:
    """Thresholded least squares on resamples of the rows; terms that `include` of them keep, refitted to all rows.

    The published aggregate is the mean or the median of the resamples; least squares of all rows on the terms that
    are kept is as robust against terms that come and go, and it has no resampling error in noise-free data.
    """
    if resamples < 1:
        single = thresholded(features, targets, threshold)
        return Bagged(single, (single != 0).astype(float))
    count = len(features)
    kept = np.zeros((features.shape[1], targets.shape[1]))
    for _ in range(resamples):
        rows = rng.integers(0, count, count)
        kept += thresholded(features[rows], targets[rows], threshold) != 0
    inclusion = kept / resamples
    return Bagged(on_support(features, targets, inclusion >= include), inclusion)


def on_support(
    features: Float[np.ndarray, "row term"],
    targets: Float[np.ndarray, "row target"],
    support: Bool[np.ndarray, "term target"],
) -> Float[np.ndarray, "term target"]:
    """Least squares on the terms that are kept, for each target its own."""
    out = np.zeros(support.shape)
    size = np.sqrt(np.mean(features**2, axis=0))
    size = np.where(size > 0, size, 1.0)
    for column in range(targets.shape[1]):
        kept = support[:, column]
        if kept.any():
            scaled = features[:, kept] / size[kept]
            out[kept, column] = np.linalg.lstsq(scaled, targets[:, column], rcond=1e-13)[0] / size[kept]
    return out
