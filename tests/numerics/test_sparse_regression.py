"""Weak form, thresholding and bagging on cases whose answer is known."""

import numpy as np
import pytest

from gnomon.numerics.sparse_regression import bagged, bump, on_support, thresholded, weak_rows


def test_test_function_integrates_by_parts():
    phi, slope = bump(10, 0.1)
    assert abs(slope.sum()) < 1e-12
    t = np.arange(-10, 11) * 0.1
    np.testing.assert_allclose(-(slope @ t), phi.sum(), rtol=1e-6)  # the rate of t is 1
    with pytest.raises(ValueError, match="at least 2"):
        bump(1, 0.1)


def test_weak_rate_is_of_high_order_and_robust():
    dt = 0.05
    t = np.arange(400) * dt
    x = np.sin(2 * t)[None]
    left, right = weak_rows(2 * np.cos(2 * t)[None], x, 15, dt, 3)
    assert np.abs(left - right).max() < 1e-7
    differences = np.gradient(x[0], dt) - 2 * np.cos(2 * t)
    assert np.abs(differences[2:-2]).max() > 1e-3
    noisy = x + 0.05 * np.random.default_rng(0).standard_normal(x.shape)
    _, rough = weak_rows(x, noisy, 15, dt, 3)
    assert np.std(rough - right) < 0.2 * np.std(np.gradient(noisy[0] - x[0], dt))


def planted(rows: int = 400, noise: float = 0.02) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    features = rng.standard_normal((rows, 8)) * np.array([1, 10, 0.1, 1, 1, 5, 1, 1])
    truth = np.zeros((8, 1))
    truth[[1, 2, 6], 0] = 0.2, -10.0, 0.15
    return features, features @ truth + noise * rng.standard_normal((rows, 1)), truth


def test_thresholding_finds_the_terms_whatever_their_units():
    features, target, truth = planted()
    found = thresholded(features, target, 0.03)
    np.testing.assert_array_equal(found != 0, truth != 0)
    np.testing.assert_allclose(found, truth, rtol=0.05)
    # too high a threshold loses the small term: its share is 0.07
    assert found[6, 0] != 0
    assert thresholded(features, target, 0.2)[6, 0] == 0


def test_bagging_tells_how_often_a_term_is_kept():
    features, target, truth = planted(rows=60, noise=0.8)
    found = bagged(features, target, 0.05, resamples=30, include=0.6, rng=np.random.default_rng(2))
    assert found.inclusion[1, 0] == 1.0
    assert found.inclusion[2, 0] == 1.0
    assert found.inclusion[truth[:, 0] == 0].mean() < 0.8
    np.testing.assert_array_equal(found.coefficients != 0, found.inclusion >= 0.6)
    all_rows = on_support(features, target, found.inclusion >= 0.6)
    np.testing.assert_array_equal(found.coefficients, all_rows)
    none = bagged(features, target, 0.05, resamples=0, include=0.6, rng=np.random.default_rng(2))
    np.testing.assert_array_equal(none.coefficients, thresholded(features, target, 0.05))


def test_nothing_explains_a_target_of_noise():
    rng = np.random.default_rng(3)
    assert not thresholded(rng.standard_normal((500, 6)), rng.standard_normal((500, 1)), 0.3).any()
