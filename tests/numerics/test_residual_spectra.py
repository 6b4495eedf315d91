"""Residuals of eigenpairs against operators whose spectrum is known."""

import numpy as np

from gnomon.numerics.residual_spectra import pseudospectrum, residual_spectrum


def waves(theta: np.ndarray, most: int) -> np.ndarray:
    parts = [np.ones_like(theta)]
    for k in range(1, most + 1):
        parts += [np.cos(k * theta), np.sin(k * theta)]
    return np.stack(parts, axis=1)


def test_a_linear_map_has_products_of_its_eigenvalues():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (300, 1))
    monomials = lambda v: np.concatenate([v**k for k in range(4)], axis=1)  # noqa: E731
    found = residual_spectrum(monomials(x), monomials(0.8 * x))
    np.testing.assert_allclose(np.sort(found.eigenvalues.real), np.sort(0.8 ** np.arange(4)), atol=1e-10)
    assert found.residuals.max() < 1e-10
    squares = np.mean(np.abs(monomials(x) @ found.functions) ** 2, axis=0)
    np.testing.assert_allclose(squares, 1.0, rtol=1e-10)


def test_residual_is_the_published_quotient():
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (500, 1))
    monomials = lambda v: np.concatenate([v**k for k in range(5)], axis=1)  # noqa: E731
    now, later = monomials(x), monomials(4 * x * (1 - x))
    found = residual_spectrum(now, later)
    g, a, el = now.T @ now, now.T @ later, later.T @ later
    for value, residual, function in zip(found.eigenvalues, found.residuals, found.functions.T, strict=True):
        middle = el - value * a.T - np.conj(value) * a + abs(value) ** 2 * g
        quotient = (function.conj() @ middle @ function) / (function.conj() @ g @ function)
        np.testing.assert_allclose(residual**2, quotient.real, atol=1e-8)


def test_spurious_pairs_of_a_mixing_map_are_named():
    """The logistic map at 4 has no eigenvalue but 1: every other one of the matrix is spurious."""
    x = np.random.default_rng(2).beta(0.5, 0.5, (4000, 1))  # its invariant law
    powers = lambda v: np.concatenate([np.cos(k * np.arccos(1 - 2 * v)) for k in range(12)], axis=1)  # noqa: E731
    found = residual_spectrum(powers(x), powers(4 * x * (1 - x)))
    np.testing.assert_allclose(found.eigenvalues[0], 1.0, atol=1e-8)
    assert found.residuals[0] < 1e-8
    assert found.residuals[1:].min() > 0.5


def test_pseudospectrum_of_a_rotation_is_the_distance_to_its_eigenvalues():
    theta = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    omega, most = 1.1, 3
    points = np.array([0.5 + 0.1j, np.exp(1j * omega), 1.3, -0.7j])
    values = np.exp(1j * omega * np.arange(-most, most + 1))
    distance = np.abs(points[:, None] - values).min(axis=1)
    seen = pseudospectrum(waves(theta, most), waves(theta + omega, most), points)
    np.testing.assert_allclose(seen, distance, atol=1e-10)
