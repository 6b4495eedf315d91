"""Pseudo-values against brute force and against what they must be in known cases."""

import itertools

import numpy as np
import pytest

from gnomon.numerics.jackknife import left_out_means, pair_mean, pseudo_values, squared_error, standard_error


def brute(x):
    pairs = [x[i] @ x[j] for i, j in itertools.permutations(range(len(x)), 2)]
    return np.mean(pairs)


def test_pair_mean_is_the_mean_over_pairs_of_different_units():
    x = np.random.default_rng(0).normal(size=(7, 3))
    whole, left_out = pair_mean(x)
    assert whole == pytest.approx(brute(x))
    for i in range(7):
        assert left_out[i] == pytest.approx(brute(np.delete(x, i, axis=0)))


def test_pseudo_values_of_a_mean_are_the_data():
    x = np.random.default_rng(1).normal(size=9)
    np.testing.assert_allclose(pseudo_values(x.mean(), left_out_means(x)), x)


def test_squared_error_has_the_statistic_as_its_mean_and_no_bias():
    random = np.random.default_rng(2)
    x = random.normal(size=(6, 4))
    target = np.array([0.5, 0.0, 0.0, -0.5])
    assert squared_error(x, target).mean() == pytest.approx(brute(x - target))
    many = [squared_error(random.normal(size=(5, 2)) * 3 + [1, 0]).mean() for _ in range(20_000)]
    assert np.mean(many) == pytest.approx(1.0, abs=4 * np.std(many) / np.sqrt(len(many)))


@pytest.mark.parametrize("units", [0, 1, 2])
def test_few_units_have_numbers_too(units):
    p = squared_error(np.full((units, 2), 2.0))
    assert p.shape == (units,)
    np.testing.assert_allclose(p, 8.0)


def test_standard_error_of_one_unit_is_unknown():
    assert standard_error(np.array([1.0])) == np.inf
    assert standard_error(np.array([1.0, 3.0])) == pytest.approx(1.0)
