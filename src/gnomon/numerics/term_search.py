"""Which terms make up an error, from the triangles of independent units (`spec.increments`); terms first, error last.

A triangle R of a unit's rows (X y) has |y - X w|^2 = |R (-w, 1)|^2 for every w, and those of several units laid one
below the other have the sums over their rows.
"""

import numpy as np
from jaxtyping import Float

from gnomon.numerics.relevance_vectors import Relevance, relevance_regression

Triangles = Float[np.ndarray, "unit column column"]
Terms = tuple[int, ...]


def search_terms(triangles: Triangles, rows: float, *, least: float, sigmas: float) -> Relevance:
    """The terms that the evidence asks for, by the relevance vector machine over all units together.

    Args:
        triangles: of the units.
        rows: that all of them stand for.
        least: share of the error below which a term is not worth its name.
        sigmas: error bars a weight has to be from zero.
    """
    stacked = _stacked(triangles)
    return relevance_regression(
        stacked[:, :-1], stacked[:, -1], least=least, sigmas=sigmas, count=max(round(rows), len(stacked))
    )


def weights_of(triangles: Triangles, terms: Terms) -> Float[np.ndarray, " term"]:
    """Least squares of all units together; columns are brought to one size first."""
    if not terms:
        return np.zeros(0)
    stacked = _stacked(triangles)
    columns = stacked[:, list(terms)]
    size = np.sqrt((columns**2).sum(0))
    size[size == 0] = 1.0
    return np.linalg.lstsq(columns / size, stacked[:, -1], rcond=None)[0] / size


def weights_without_each(triangles: Triangles, terms: Terms) -> Float[np.ndarray, "unit term"]:
    """The weights without each unit in turn."""
    every = np.arange(len(triangles))
    return np.stack([weights_of(triangles[every != i], terms) for i in every])


def squares(triangles: Triangles) -> Float[np.ndarray, " unit"]:
    """Sum of squares of the error, unit by unit."""
    return (triangles[:, :, -1] ** 2).sum(1)


def squares_left(
    triangles: Triangles, terms: Terms, weights: Float[np.ndarray, " term"]
) -> Float[np.ndarray, " unit"]:
    """Sum of squares of what these terms with these weights leave, unit by unit."""
    left = triangles[:, :, -1] - triangles[:, :, list(terms)] @ weights
    return (left**2).sum(1)


def rivals_of(triangles: Triangles, terms: Terms) -> list[Terms]:
    """For each term, the same terms with the one other term in its place that leaves least; one rival a term."""
    stacked = _stacked(triangles)
    size = np.sqrt((stacked**2).sum(0))
    scaled = stacked / np.where(size > 0, size, 1.0)
    others = [i for i in range(stacked.shape[1] - 1) if i not in terms and size[i] > 0]
    found = []
    for term in terms:
        rest = [t for t in terms if t != term]
        left = [_left(scaled[:, [*rest, other]], scaled[:, -1]) for other in others]
        if left:
            found.append((*rest, others[int(np.argmin(left))]))
    return found


def _left(columns: np.ndarray, target: np.ndarray) -> float:
    weights = np.linalg.lstsq(columns, target, rcond=None)[0]
    return float(((target - columns @ weights) ** 2).sum())


def _stacked(triangles: Triangles) -> np.ndarray:
    return triangles.reshape(-1, triangles.shape[-1])
