"""Lagged correlations against direct sums and closed forms."""

import numpy as np
import pytest
import scipy.signal

from gnomon.numerics.lagged import decorrelation_time, lagged_correlation


def test_against_direct_sums():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 40)), random.normal(size=(2, 40))
    lags = np.asarray([-7, 0, 3, 39])
    a, b = (v - v.mean(axis=-1, keepdims=True) for v in (x, y))
    for i, k in enumerate(lags):
        pairs = a[:, max(0, -k) : 40 - max(0, k)] * b[:, max(0, k) : 40 + min(0, k)]
        np.testing.assert_allclose(lagged_correlation(x, y, lags, scaled=False)[:, i], pairs.mean(axis=1))
    np.testing.assert_allclose(lagged_correlation(x, x, np.zeros(1, int)), 1.0)


def test_a_delayed_copy_peaks_at_its_delay():
    x = np.random.default_rng(1).normal(size=1000)
    y = np.roll(x, 13)
    lags = np.arange(-30, 31)
    assert lags[lagged_correlation(x, y, lags).argmax()] == 13
    assert lags[lagged_correlation(y, x, lags).argmax()] == -13


def test_autocorrelation_and_memory_of_ar1():
    a = np.exp(-0.1)
    x = scipy.signal.lfilter([1.0], [1.0, -a], np.random.default_rng(2).normal(size=(20, 30_000)), axis=-1)
    lags = np.arange(81)
    r = lagged_correlation(x, x, lags)
    np.testing.assert_allclose(r.mean(axis=0), a**lags, atol=0.02)
    assert decorrelation_time(a**lags, 0.1) == pytest.approx(1.0, rel=0.01)
    assert decorrelation_time(r, 0.1).mean() == pytest.approx(1.0, rel=0.1)


def test_a_series_that_stands_still_has_no_correlation_and_long_lags_are_refused():
    assert (lagged_correlation(np.ones(20), np.ones(20), np.arange(5)) == 0).all()
    with pytest.raises(ValueError, match="shorter lags"):
        lagged_correlation(np.ones(20), np.ones(20), np.asarray([20]))
