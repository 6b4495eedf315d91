"""Dynamic mode decomposition: the linear map that carries snapshots one step on, seen in its leading directions.

Exact form of Tu et al. 2014, doi 10.3934/jcd.2014.1.391; with inputs of Proctor, Brunton and Kutz 2016,
doi 10.1137/15M1013857.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float


class Decomposition(NamedTuple):
    """a(n+1) = propagator a(n) + inputs u(n) + offset; x = basis a.

    Attributes:
        basis: [number, mode] orthonormal directions.
        propagator: [mode, mode].
        inputs: [mode, input].
        offset: [mode].
        eigenvalues: of the propagator, the largest modulus first.
        modes: [number, mode] exact modes, one for each eigenvalue.
        singular: [direction] singular values of the snapshots, all of them.
    """

    basis: Float[np.ndarray, "number mode"]
    propagator: Float[np.ndarray, "mode mode"]
    inputs: Float[np.ndarray, "mode input"]
    offset: Float[np.ndarray, " mode"]
    eigenvalues: Complex[np.ndarray, " mode"]
    modes: Complex[np.ndarray, "number mode"]
    singular: Float[np.ndarray, " direction"]


def decompose(
    now: Float[np.ndarray, "row number"],
    later: Float[np.ndarray, "row number"],
    inputs: Float[np.ndarray, "row input"],
    rank: int,
    *,
    offset: bool = True,
) -> Decomposition:
    """Dynamic mode decomposition of pairs of snapshots, at most of the rank given.

    Args:
        now: snapshots.
        later: one step on.
        inputs: that act during the step; no columns for an autonomous system.
        rank: directions kept; fewer where the snapshots have fewer.
        offset: whether a constant drives too (an input that is always one).
    """
    _, singular, directions = np.linalg.svd(now, full_matrices=False)
    numerical = int(np.sum(singular > 1e-12 * singular[0])) if singular.size and singular[0] > 0 else 1
    r = max(1, min(rank, numerical))
    basis = directions[:r].T
    scores = now @ basis
    drive = np.concatenate([inputs, np.ones((len(now), 1))], axis=1) if offset else inputs
    both = np.concatenate([scores, drive], axis=1)
    size = np.maximum(np.sqrt(np.mean(both**2, axis=0)), 1e-300)
    weights = np.linalg.lstsq(both / size, later, rcond=1e-13)[0] / size[:, None]
    full, driven = weights[:r].T, weights[r:].T  # [number, mode], [number, input]
    propagator = basis.T @ full
    values, vectors = np.linalg.eig(propagator)
    order = np.argsort(-np.abs(values), kind="stable")
    values, vectors = values[order].astype(complex), vectors[:, order]
    divided = np.where(np.abs(values) > 1e-12, values, 1.0)
    into = basis.T @ driven
    count = inputs.shape[1]
    return Decomposition(
        basis=basis,
        propagator=propagator,
        inputs=into[:, :count],
        offset=into[:, count] if offset else np.zeros(r),
        eigenvalues=values,
        modes=(full @ vectors) / divided,
        singular=singular,
    )


def rank_by_energy(singular: Float[np.ndarray, " direction"], share: float) -> int:
    """The fewest directions that hold this share of the sum of squares."""
    held = np.cumsum(singular**2) / max(float(np.sum(singular**2)), 1e-300)
    return int(np.searchsorted(held, share * (1 - 1e-15)) + 1)


def rank_by_noise(singular: Float[np.ndarray, " direction"], rows: int, columns: int) -> int:
    """The optimal hard threshold for noise of unknown size, by its cubic fit.

    Gavish and Donoho 2014, doi 10.1109/TIT.2014.2323359: singular values above omega(beta) times their median are
    kept, omega = 0.56 beta^3 - 0.95 beta^2 + 1.82 beta + 1.43. It supposes white noise; rows that overlap, as those
    of delays do, are not independent, so here it is a rule and not an optimum.
    """
    beta = min(rows, columns) / max(rows, columns)
    omega = 0.56 * beta**3 - 0.95 * beta**2 + 1.82 * beta + 1.43
    return max(1, int(np.sum(singular > omega * np.median(singular))))


def rates(eigenvalues: Complex[np.ndarray, " mode"], dt: float) -> list[dict[str, float]]:
    """Growth rate and angular frequency of each eigenvalue, as plain data; -inf does not occur (floor 1e-300)."""
    logs = np.log(np.where(np.abs(eigenvalues) > 1e-300, eigenvalues, 1e-300)) / dt
    return [{"growth": float(v.real), "frequency": float(v.imag)} for v in logs]
