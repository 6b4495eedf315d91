"""Ordinal patterns and early warnings against independent libraries, where they are installed."""

import importlib

import numpy as np
import pytest

from gnomon.numerics.early_warning import detrended, indicators, kendall_tau
from gnomon.numerics.ordinal import envelope, permutation_entropy

pytestmark = pytest.mark.oracle


def library(name):
    try:
        return importlib.import_module(name)
    except ImportError as reason:
        pytest.skip(f"{name} is not here: {reason}")


def series():
    random = np.random.default_rng(0)
    x = np.empty(3000)
    x[0] = 0.4
    for i in range(2999):
        x[i + 1] = 3.9 * x[i] * (1 - x[i])
    return {"noise": random.normal(size=3000), "walk": random.normal(size=3000).cumsum(), "logistic": x}


@pytest.mark.parametrize(("order", "delay"), [(3, 1), (4, 2), (5, 1), (5, 7), (6, 3)])
def test_entropy_and_complexity_equal_ordpy(order, delay):
    ordpy = library("ordpy")
    for x in series().values():
        expected = ordpy.complexity_entropy(x, dx=order, taux=delay)
        np.testing.assert_allclose(permutation_entropy(x, order, delay), expected, atol=1e-11)


@pytest.mark.parametrize(("order", "delay"), [(3, 1), (5, 4), (7, 1)])
def test_entropy_equals_antropy(order, delay):
    antropy = library("antropy")
    for x in series().values():
        expected = antropy.perm_entropy(x, order=order, delay=delay, normalize=True)
        assert float(permutation_entropy(x, order, delay)[0]) == pytest.approx(expected, abs=1e-11)


def test_ties_are_those_of_a_stable_sort():
    ordpy = library("ordpy")
    x = np.random.default_rng(1).integers(0, 4, 2000).astype(float)
    np.testing.assert_allclose(permutation_entropy(x, 4), ordpy.complexity_entropy(x, dx=4), atol=1e-11)


@pytest.mark.parametrize("order", [3, 4])
def test_curves_are_those_of_ordpy(order):
    ordpy = library("ordpy")
    edge = envelope(order)
    for name, h, c in (
        ("minimum_complexity_entropy", edge.entropy_low, edge.complexity_low),
        ("maximum_complexity_entropy", edge.entropy_high, edge.complexity_high),
    ):
        h1, c1 = np.asarray(getattr(ordpy, name)(dx=order)).T
        inside = (h1 > 0.02) & (h1 < 0.99)
        np.testing.assert_allclose(np.interp(h1[inside], h, c), c1[inside], atol=2e-3)


def test_early_warnings_equal_ewstools():
    ewstools = library("ewstools")
    pandas = library("pandas")
    random = np.random.default_rng(2)
    x = np.linspace(0, 2, 300) ** 2 + random.normal(size=300).cumsum() * 0.1
    theirs = ewstools.TimeSeries(data=pandas.Series(x))
    theirs.detrend(method="Gaussian", bandwidth=0.2)
    theirs.compute_var(rolling_window=75)
    theirs.compute_auto(lag=1, rolling_window=75)
    theirs.compute_skew(rolling_window=75)
    theirs.compute_ktau()
    residual = theirs.state["residuals"].to_numpy()
    np.testing.assert_allclose(
        detrended(x), residual, atol=1e-3
    )  # their quartile of the normal has four digits
    found = indicators(residual, 75)
    table = theirs.ews.dropna()
    np.testing.assert_allclose(found.variance, table["variance"], rtol=1e-8)
    np.testing.assert_allclose(found.ar1, table["ac1"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.skewness, table["skew"], rtol=1e-6, atol=1e-8)
    assert kendall_tau(found.variance) == pytest.approx(theirs.ktau["variance"], abs=1e-9)
