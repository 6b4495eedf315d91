"""Ordinal patterns and early warnings against what ordpy, antropy and ewstools said of the same series."""

import json
from pathlib import Path

import numpy as np
import pytest

from gnomon.numerics.early_warning import detrended, indicators, kendall_tau
from gnomon.numerics.ordinal import envelope, permutation_entropy
from tests.oracles.series import CURVES, ENTROPIES, drifting, series, tied

pytestmark = pytest.mark.oracle
SAID = json.loads(Path(__file__).with_name("time_series_reference.json").read_text())
SERIES = series()


@pytest.mark.parametrize(("order", "delay"), ENTROPIES)
def test_entropy_and_complexity_equal_those_of_ordpy(order, delay):
    said = {row[0]: row[3:] for row in SAID["ordinal"] if row[1:3] == [order, delay]}
    assert set(said) == set(SERIES)
    for name, expected in said.items():
        np.testing.assert_allclose(permutation_entropy(SERIES[name], order, delay), expected, atol=1e-11)


def test_entropy_equals_that_of_antropy():
    assert len(SAID["entropies"]) == 9
    for name, order, delay, expected in SAID["entropies"]:
        assert float(permutation_entropy(SERIES[name], order, delay)[0]) == pytest.approx(expected, abs=1e-11)


def test_ties_are_those_of_a_stable_sort():
    np.testing.assert_allclose(permutation_entropy(tied(), 4), SAID["ties"], atol=1e-11)


@pytest.mark.parametrize("order", CURVES)
def test_curves_are_those_of_ordpy(order):
    edge = envelope(order)
    for side, h, c in (
        ("minimum", edge.entropy_low, edge.complexity_low),
        ("maximum", edge.entropy_high, edge.complexity_high),
    ):
        h1, c1 = np.asarray(SAID["curves"][str(order)][side]).T
        inside = (h1 > 0.02) & (h1 < 0.99)
        assert inside.sum() >= 4  # the library gives the corners of the upper curve alone
        np.testing.assert_allclose(np.interp(h1[inside], h, c), c1[inside], atol=2e-3)


def test_early_warnings_equal_those_of_ewstools():
    residual = np.asarray(SAID["residuals"])
    # their quartile of the normal has three digits
    np.testing.assert_allclose(detrended(drifting()), residual, atol=1e-3)
    found = indicators(residual, 75)
    np.testing.assert_allclose(found.variance, SAID["variance"], rtol=1e-8)
    np.testing.assert_allclose(found.ar1, SAID["ac1"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.skewness, SAID["skew"], rtol=1e-6, atol=1e-8)
    assert kendall_tau(found.variance) == pytest.approx(SAID["tau"], abs=1e-9)
