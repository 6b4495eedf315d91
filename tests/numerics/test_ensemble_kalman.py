"""Ensemble analyses against the Kalman filter."""

import numpy as np
import pytest

from gnomon.numerics.ensemble_kalman import mean_analysis, perturbed_analysis, transform_analysis


def _case(members):
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(4, 4))
    ensemble = rng.normal(size=(members, 4)) @ mix + [1.0, 2.0, 3.0, 4.0]
    return ensemble, rng.normal(size=(2, 4)), np.asarray([0.5, -1.0])


def _kalman(ensemble, h, y, error):
    b = np.cov(ensemble.T)
    gain = b @ h.T @ np.linalg.inv(h @ b @ h.T + error**2 * np.eye(2))
    return ensemble.mean(0) + gain @ (y - h @ ensemble.mean(0)), (np.eye(4) - gain @ h) @ b


def test_transform_is_the_kalman_filter_of_its_own_covariance():
    ensemble, h, y = _case(12)
    mean, covariance = _kalman(ensemble, h, y, 0.3)
    after = transform_analysis(ensemble, ensemble @ h.T, y, 0.3)
    np.testing.assert_allclose(after.mean(0), mean, atol=1e-12)
    np.testing.assert_allclose(np.cov(after.T), covariance, atol=1e-12)
    np.testing.assert_allclose(mean_analysis(ensemble, ensemble @ h.T, y, 0.3), mean, atol=1e-12)


def test_perturbed_observations_reach_it_with_many_members():
    ensemble, h, y = _case(20000)
    mean, covariance = _kalman(ensemble, h, y, 0.5)
    after = perturbed_analysis(ensemble, ensemble @ h.T, y, 0.5, rng=np.random.default_rng(1))
    np.testing.assert_allclose(after.mean(0), mean, atol=1e-10)
    assert np.abs(np.cov(after.T) - covariance).max() < 0.05 * np.abs(covariance).max()


def test_unperturbed_members_would_be_too_sure():
    """The case that must fail: moving all members to the same observation (Burgers, van Leeuwen and Evensen 1998)."""
    ensemble, h, y = _case(2000)
    _, covariance = _kalman(ensemble, h, y, 0.5)
    b = np.cov(ensemble.T)
    gain = b @ h.T @ np.linalg.inv(h @ b @ h.T + 0.25 * np.eye(2))
    naive = ensemble + (y - ensemble @ h.T) @ gain.T
    assert np.trace(h @ np.cov(naive.T) @ h.T) < 0.8 * np.trace(h @ covariance @ h.T)


def test_bad_ensembles_are_named():
    ensemble, h, y = _case(5)
    with pytest.raises(ValueError, match="diverged"):
        transform_analysis(ensemble * np.inf, ensemble @ h.T, y, 0.1)
    with pytest.raises(ValueError, match="at least 2 members"):
        mean_analysis(ensemble[:1], ensemble[:1] @ h.T, y, 0.1)
    with pytest.raises(ValueError, match="must be positive"):
        mean_analysis(ensemble, ensemble @ h.T, y, 0.0)
