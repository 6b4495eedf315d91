"""Isotonic regression: the rising function that lies nearest to the data, with weights."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import isotonic_regression

from gnomon.spec.errors import BadData


class RisingFunction(NamedTuple):
    """A function that never falls: linear between its knots, constant beyond them.

    Attributes:
        x: where the knots lie, rising.
        y: values there, never falling.
    """

    x: Float[np.ndarray, " knot"]
    y: Float[np.ndarray, " knot"]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Its values."""
        return np.interp(x, self.x, self.y)


def rising_fit(
    x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], weights: Float[np.ndarray, " n"] | None = None
) -> RisingFunction:
    r"""The rising g with the least :math:`\sum_i w_i (y_i - g(x_i))^2`, by pooling adjacent violators.

    Ayer and others (1955, doi:10.1214/aoms/1177728423). Points of equal x have one value, the weighted mean of theirs.
    Because the means of the pooled blocks decide, the same g has the greatest likelihood in every one-parameter
    exponential family with mean g(x) (Robertson, Wright and Dykstra 1988): with y the squares of Gaussian errors it is
    their variance, with y the absolute values of Laplace errors their scale.

    What misleads: g follows its data as closely as order allows, so what it was fitted on is no judge of it; its ends
    stand on few points.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    w = np.ones_like(x) if weights is None else np.asarray(weights, float)
    if x.ndim != 1 or not x.size or x.shape != y.shape or x.shape != w.shape:
        raise BadData(
            f"x, y and weights must be lists of one length, they have {x.shape}, {y.shape}, {w.shape}"
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.isfinite(w).all() and (w > 0).all()):
        raise BadData("x and y must be finite and weights positive")
    places, group = np.unique(x, return_inverse=True)
    mass = np.bincount(group, w)
    fit = isotonic_regression(np.bincount(group, w * y) / mass, weights=mass)
    first = np.asarray(fit.blocks[:-1])
    last = np.asarray(fit.blocks[1:]) - 1
    knots = np.unique(np.concatenate([first, last]))  # a block is flat: its ends say all of it
    return RisingFunction(places[knots], np.maximum.accumulate(np.asarray(fit.x)[knots]))
