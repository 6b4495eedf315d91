"""Spectra of Koopman operators with their residuals: which eigenvalues of a matrix are eigenvalues of the dynamics.

Residual dynamic mode decomposition, Colbrook and Townsend 2024, doi 10.1002/cpa.22125 (arXiv 2111.14889).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float


class ResidualSpectrum(NamedTuple):
    """Eigenpairs of extended dynamic mode decomposition, the smallest residual first.

    Attributes:
        eigenvalues: [pair].
        residuals: [pair] ||K g - lambda g|| / ||g|| in the mean square over the data.
        functions: [feature, pair] coefficients of the eigenfunctions, each of mean square one over the data.
    """

    eigenvalues: Complex[np.ndarray, " pair"]
    residuals: Float[np.ndarray, " pair"]
    functions: Complex[np.ndarray, "feature pair"]


def residual_spectrum(
    now: Float[np.ndarray, "row feature"], later: Float[np.ndarray, "row feature"], cutoff: float = 1e-10
) -> ResidualSpectrum:
    """Eigenpairs of the dictionary's matrix and the residual of each.

    With Psi_X and Psi_Y the dictionary now and one step later (weights 1/rows), the residual of (lambda, g) is
    sqrt(g* (L - lambda A* - conj(lambda) A + |lambda|^2 G) g / g* G g), with G = Psi_X* Psi_X, A = Psi_X* Psi_Y and
    L = Psi_Y* Psi_Y. It is computed as ||(Psi_Y - lambda Psi_X) g||, which is the same and does not cancel.

    Args:
        now: the dictionary at the snapshots.
        later: the dictionary one step later.
        cutoff: directions of `now` below this share of the largest singular value are left out.
    """
    span, mapped, back = _orthonormal(now, later, cutoff)
    values, vectors = np.linalg.eig(span.T @ mapped)
    left = mapped @ vectors - (span @ vectors) * values
    size = np.sqrt(np.sum(np.abs(span @ vectors) ** 2, axis=0))
    residuals = np.sqrt(np.sum(np.abs(left) ** 2, axis=0)) / size
    order = np.argsort(residuals, kind="stable")
    functions = (back @ vectors) / size * np.sqrt(len(now))
    return ResidualSpectrum(
        values[order].astype(complex), residuals[order], functions[:, order].astype(complex)
    )


def pseudospectrum(
    now: Float[np.ndarray, "row feature"],
    later: Float[np.ndarray, "row feature"],
    points: Complex[np.ndarray, " point"],
    cutoff: float = 1e-10,
) -> Float[np.ndarray, " point"]:
    """The smallest residual that any function of the dictionary has at each point of the complex plane.

    It is the smallest singular value of (Psi_Y - z Psi_X) on the functions of norm one. Points where it is at most
    eps are in the approximate pseudospectrum: there is an observable that the dynamics multiply by that number, but
    for eps. With enough data it never falls below the true one.
    """
    span, mapped, _ = _orthonormal(now, later, cutoff)
    # the smallest singular value of mapped - z span, from a triangle as small as the dictionary
    triangle = np.asarray(np.linalg.qr(np.concatenate([span, mapped], axis=1), mode="r"))
    k = span.shape[1]
    out = []
    for z in np.asarray(points).ravel():
        out.append(np.linalg.svd(triangle[:, k:] - z * triangle[:, :k], compute_uv=False)[-1])
    return np.asarray(out).reshape(np.shape(points))


def _orthonormal(
    now: np.ndarray, later: np.ndarray, cutoff: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features recombined to be orthonormal over the data, what they become, and the recombination."""
    left, size, right = np.linalg.svd(now, full_matrices=False)
    kept = size > cutoff * size[0]
    back = right[kept].T / size[kept]
    return left[:, kept], later @ back, back
