"""Sequence-storing coupling matrices of finite size, to hold the theory of large ones against."""

import numpy as np

from gnomon.numerics.hebbian_theory import Complex, Weights


def random_patterns(rng: np.random.Generator, patterns: int, neurons: int) -> np.ndarray:
    """[pattern, neuron] independent +-1 with equal odds."""
    return rng.integers(0, 2, (patterns, neurons)) * 2.0 - 1.0


def with_delays(weights: Weights, values: np.ndarray) -> np.ndarray:
    """C v along the leading axis: row mu gets sum_r c_r v[mu - r] on a cycle, C_(mu+r, mu) = c_r."""
    total = np.zeros_like(values)
    for r, c in enumerate(weights):
        if c:
            total = total + c * np.roll(values, r, axis=0)
    return total


def coupling(weights: Weights, patterns: np.ndarray) -> np.ndarray:
    """[neuron, neuron] the matrix J = (1/N) xi^T C xi."""
    return patterns.T @ with_delays(weights, patterns) / patterns.shape[1]


def eigenvalues(weights: Weights, patterns: np.ndarray) -> Complex:
    """All eigenvalues of J that are not zero for want of patterns, from the smaller of two matrices.

    For fewer patterns than neurons those of the P x P matrix C xi xi^T / N, which has the same eigenvalues other than
    the N - P zeros.
    """
    p, n = patterns.shape
    small = with_delays(weights, patterns @ patterns.T) / n if p < n else coupling(weights, patterns)
    return np.asarray(np.linalg.eigvals(small), np.complex128)
