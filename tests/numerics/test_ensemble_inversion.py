"""Ensemble Kalman inversion: it finds what a linear problem has, survives failures, and says when it cannot."""

import numpy as np
import pytest

from gnomon.numerics.ensemble_inversion import ensemble_inversion


def test_finds_the_solution_of_a_linear_problem():
    """Overdetermined and consistent: the true parameters, to the spread of the ensemble."""
    rng = np.random.default_rng(0)
    matrix, true = rng.standard_normal((6, 2)), np.asarray([0.7, -1.2])
    found = ensemble_inversion(
        lambda p: p @ matrix.T, rng.standard_normal((200, 2)), matrix @ true, np.full(6, 0.05), iterations=12, rng=rng
    )  # fmt: skip
    np.testing.assert_allclose(found.mean, true, atol=0.02)
    assert found.misfits[-1] < found.misfits[0] / 100
    assert found.failed == 0


def test_stays_in_the_span_of_its_first_members():
    """What its start does not vary it cannot find: the case that must fail."""
    rng = np.random.default_rng(1)
    start = np.stack([rng.standard_normal(50), np.zeros(50)], axis=1)
    found = ensemble_inversion(
        lambda p: p, start, np.asarray([1.0, 1.0]), np.full(2, 0.1), iterations=5, rng=rng
    )
    np.testing.assert_allclose(found.mean[0], 1.0, atol=0.1)
    assert np.all(found.ensemble[:, 1] == 0)


def test_members_that_fail_are_drawn_anew():
    rng = np.random.default_rng(2)

    def model(p):
        return np.where(p > 1.5, np.nan, p**3)

    found = ensemble_inversion(
        model, rng.normal(1.0, 0.5, (60, 1)), np.asarray([0.5]), np.asarray([0.05]), iterations=8, rng=rng
    )
    assert found.failed > 0
    np.testing.assert_allclose(found.mean, 0.5 ** (1 / 3), atol=0.03)


def test_says_when_no_run_survives():
    with pytest.raises(ValueError, match="no finite statistics"):
        ensemble_inversion(
            lambda p: p * np.nan,
            np.ones((4, 1)),
            np.zeros(1),
            np.ones(1),
            iterations=1,
            rng=np.random.default_rng(0),
        )
