"""The relevance vector machine: known weights with honest errors, an empty model from noise, the analytic case."""

import numpy as np
import pytest

from gnomon.numerics.relevance_vectors import relevance_regression

TRUE = np.zeros(24)
TRUE[[2, 7, 20]] = [1.0, -0.3, 0.05]


def _columns(seed, rows=2000):
    return np.random.default_rng(seed).normal(size=(rows, 24))


def test_finds_known_weights_whatever_the_units():
    x, rng = _columns(0), np.random.default_rng(1)
    units = 10.0 ** rng.uniform(-6, 6, 24)
    found = relevance_regression(x * units, 1e-4 * (x @ TRUE + 0.1 * rng.normal(size=len(x))))
    assert found.converged
    np.testing.assert_array_equal(np.flatnonzero(found.kept), [2, 7, 20])
    np.testing.assert_allclose(found.weights * units * 1e4, TRUE, atol=0.01)
    assert found.noise == pytest.approx(1e-5, rel=0.05)


def test_posterior_errors_are_honest():
    x, rng, scores = _columns(0), np.random.default_rng(2), []
    for _ in range(200):
        found = relevance_regression(x, x @ TRUE + 0.1 * rng.normal(size=len(x)))
        scores.append((found.weights[[2, 7]] - TRUE[[2, 7]]) / found.errors[[2, 7]])
    assert np.std(scores) == pytest.approx(1.0, abs=0.15)
    assert abs(np.mean(scores)) < 0.2


def test_pure_noise_gives_the_empty_model_and_evidence_alone_does_not():
    rng = np.random.default_rng(3)
    kept, published = [], []
    for seed in range(40):
        x, y = _columns(seed, 500), rng.normal(size=500)
        kept.append(relevance_regression(x, y).kept.sum())
        published.append(relevance_regression(x, y, sigmas=1.0).kept.mean())
    assert sum(kept) <= 1
    assert np.mean(published) == pytest.approx(0.317, abs=0.08)  # a normal number beyond one sigma


def test_weights_are_the_analytic_ones_for_orthonormal_columns():
    """For one column of unit size: a = s^2 / (q^2 - s), mean = q / (a + s), with the noise that it leaves."""
    rng = np.random.default_rng(4)
    x = np.linalg.qr(rng.normal(size=(400, 3)))[0] * np.sqrt(400)
    y = x @ [0.5, 0.0, 0.0] + rng.normal(size=400)
    y /= np.sqrt(np.mean(y**2))
    found = relevance_regression(x, y)
    np.testing.assert_array_equal(found.kept, [True, False, False])
    beta = found.noise**-2
    s, q = beta * 400, beta * (x[:, 0] @ y)
    alpha = s**2 / (q**2 - s)
    assert found.weights[0] == pytest.approx(q / (alpha + s), rel=1e-6)
    assert found.errors[0] == pytest.approx((alpha + s) ** -0.5, rel=1e-6)
    rest = y - x[:, 0] * found.weights[0]
    assert found.noise**2 == pytest.approx(rest @ rest / (400 - 1 + alpha / (alpha + s)), rel=1e-5)


def test_nearly_parallel_columns_and_hardly_any_noise():
    x = _columns(5)
    x[:, 3] = x[:, 2] + 1e-4 * x[:, 3]
    found = relevance_regression(x, x @ TRUE)
    np.testing.assert_allclose(found.weights, TRUE, atol=1e-4)
    assert found.converged


def test_small_shares_are_taken_out_on_demand():
    x = _columns(6)
    found = relevance_regression(x, x @ TRUE + 0.01 * np.random.default_rng(0).normal(size=2000), least=0.1)
    np.testing.assert_array_equal(np.flatnonzero(found.kept), [2, 7])


def test_nothing_to_explain_and_wrong_shapes():
    x = _columns(7, 100)
    assert not relevance_regression(x, np.zeros(100)).kept.any()
    assert relevance_regression(np.column_stack([x, np.zeros(100)]), x[:, 0]).kept.sum() == 1
    with pytest.raises(ValueError, match="cannot judge"):
        relevance_regression(x[:20], np.zeros(20))
    with pytest.raises(ValueError, match="finite"):
        relevance_regression(x, np.full(100, np.nan))
    with pytest.raises(ValueError, match="expected columns"):
        relevance_regression(x, np.zeros(3))
