"""Surrogates keep what they must; linear series pass at the nominal rate and chaos does not."""

import functools

import numpy as np
import pytest
import scipy.signal

from gnomon.numerics.surrogates import (
    iaaft_surrogates,
    matched_ends,
    phase_surrogates,
    prediction_error,
    rank_test,
    reversal_asymmetry,
    surrogate_test,
)


def ar1(random, series, size=500, a=0.7):
    return scipy.signal.lfilter([1.0], [1.0, -a], random.normal(size=(series, size + 100)), axis=-1)[:, 100:]


def henon(size=800):
    x = np.zeros((size + 100, 2))
    for i in range(size + 99):
        x[i + 1] = 1 - 1.4 * x[i, 0] ** 2 + x[i, 1], 0.3 * x[i, 0]
    return x[100:, 0]


def lorenz_x(size=1500):
    s, out = np.asarray([1.0, 2, 20]), np.empty(size)

    def f(s):
        return np.asarray([10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]])

    for i in range(-100, size):
        for _ in range(5):
            s = s + 0.01 * f(s + 0.005 * f(s))
        if i >= 0:
            out[i] = s[0]
    return out


@pytest.mark.parametrize("size", [200, 201])
def test_phase_surrogates_keep_the_spectrum(size):
    x = np.random.default_rng(0).exponential(size=(2, size))
    found = phase_surrogates(x, 3, np.random.default_rng(1))
    assert found.shape == (3, 2, size)
    power = np.abs(np.fft.rfft(x)) ** 2
    np.testing.assert_allclose(
        np.abs(np.fft.rfft(found)) ** 2, np.broadcast_to(power, (3, *power.shape)), atol=1e-8
    )
    assert np.abs(np.corrcoef(found[:, 0])[0, 1:]).max() < 0.3


def test_iaaft_keeps_values_and_nearly_the_spectrum():
    x = np.exp(0.5 * ar1(np.random.default_rng(2), 1, 512)[0])
    found = iaaft_surrogates(x, 5, np.random.default_rng(3))
    np.testing.assert_array_equal(np.sort(found, axis=1), np.broadcast_to(np.sort(x), (5, 512)))
    power, ours = np.abs(np.fft.rfft(x))[1:], np.abs(np.fft.rfft(found))[:, 1:]
    assert np.sqrt(((ours - power) ** 2).mean() / (power**2).mean()) < 0.05
    assert len({tuple(row) for row in found}) == 5


def test_a_linear_process_is_rejected_at_the_nominal_rate():
    random = np.random.default_rng(4)
    series = ar1(random, 300)
    surrogates = phase_surrogates(series, 39, random)
    values, ranked = reversal_asymmetry(series), reversal_asymmetry(surrogates)
    p = np.asarray([rank_test(v, ranked[:, i]).p_value for i, v in enumerate(values)])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.033)  # 2.6 standard errors
    assert np.mean(p <= 0.5) == pytest.approx(0.5, abs=0.08)


def test_a_bent_linear_process_needs_iaaft():
    random = np.random.default_rng(5)
    bent = np.exp(0.7 * ar1(random, 40, 200, a=0.5))

    def third_order(x):
        x = x - x.mean(axis=-1, keepdims=True)
        return (x[..., 1:] ** 2 * x[..., :-1]).mean(axis=-1)

    rates = {}
    for method in ("phase", "iaaft"):
        found = [surrogate_test(x, third_order, count=39, method=method, seed=i) for i, x in enumerate(bent)]
        rates[method] = np.mean([f.p_value <= 0.05 for f in found])
    assert rates["iaaft"] < 0.16
    assert rates["phase"] > 0.7


@pytest.mark.parametrize(("series", "lag"), [(henon, 1), (lorenz_x, 4)])
def test_chaos_is_rejected(series, lag):
    x = series()
    error = functools.partial(prediction_error, delay=lag, ahead=lag)
    found = surrogate_test(x, error, count=39, side="low")
    assert found.p_value == 1 / 40
    assert found.value < 0.6 * found.surrogates.min()


def test_henon_is_not_the_same_backwards():
    assert surrogate_test(henon(400), reversal_asymmetry).p_value == pytest.approx(0.02)


def test_ends_are_matched():
    x = np.cos(np.arange(1990) * 2 * np.pi / 50)
    cut = matched_ends(x)
    # whole periods: the value after the last is the first
    assert 1800 <= len(cut) <= 1990
    assert len(cut) % 50 == 0


def test_ranks():
    surrogates = np.arange(19.0)
    assert rank_test(-1, surrogates, "low").p_value == 0.05
    assert rank_test(-1, surrogates, "high").p_value == 1
    assert rank_test(30, surrogates).p_value == 0.1
    assert reversal_asymmetry(np.ones(10)) == 0
