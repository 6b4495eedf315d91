"""Early-warning signals: by definition, on a fold that is being approached, and on a control that is not."""

import numpy as np
import pytest
import scipy.stats

from gnomon.numerics.early_warning import detrended, indicators, kendall_tau, warned


def fold(records, *, approach, seed=0, size=400, step=0.1, every=5, noise=0.03):
    """dx = (a - x^2) dt + noise dW with a falling from 1 to .05 (or staying), seen until x nears the saddle."""
    random = np.random.default_rng(seed)
    a = np.linspace(1.0, 0.05 if approach else 1.0, size * every)
    x, out = np.ones(records), np.empty((records, size))
    for i in range(size * every):
        x = x + step * (a[i] - x**2) + noise * np.sqrt(step) * random.normal(size=records)
        out[:, i // every] = x
    return out


def test_indicators_are_those_of_the_definition():
    x = np.random.default_rng(0).exponential(size=(2, 60)) + 1e3
    found = indicators(x, 20)
    assert found.variance.shape == (2, 41)
    for i in (0, 17, 40):
        w = x[:, i : i + 20]
        np.testing.assert_allclose(found.variance[:, i], w.var(axis=1, ddof=1), rtol=1e-9)
        np.testing.assert_allclose(found.skewness[:, i], scipy.stats.skew(w, axis=1, bias=False), rtol=1e-8)
        np.testing.assert_allclose(
            found.ar1[:, i], [np.corrcoef(v[1:], v[:-1])[0, 1] for v in w], rtol=1e-8, atol=1e-10
        )


def test_tau_is_kendalls():
    y = np.random.default_rng(1).normal(size=(3, 40)).cumsum(axis=1)
    expected = [scipy.stats.kendalltau(np.arange(40), v).statistic for v in y]
    np.testing.assert_allclose(kendall_tau(y), expected, atol=1e-12)
    assert kendall_tau(np.arange(9.0)) == 1


def test_a_trend_is_taken_off_and_rest_stays_rest():
    t = np.linspace(0, 1, 500)
    assert np.abs(detrended(3 * t)[100:-100]).max() < 1e-3
    found = indicators(np.zeros(50), 10)
    assert all((v == 0).all() for v in found)
    with pytest.raises(ValueError, match="expected 4 or more"):
        indicators(np.zeros(50), 3)


def test_a_fold_is_seen_coming_and_a_control_raises_few_alarms():
    seen = warned(fold(40, approach=True, seed=8, size=1000), surrogates=59).p_value <= 0.05
    false = warned(fold(100, approach=False, seed=2), surrogates=59).p_value <= 0.05
    assert seen[:, 0].mean() > 0.7  # variance
    assert seen[:, 1].mean() > 0.6  # memory
    assert (false.mean(axis=0) <= 0.12).all()  # nominal .05, standard error .02


def test_tau_alone_says_nothing():
    tau = warned(fold(60, approach=False, seed=3), surrogates=1).tau
    assert (np.abs(tau[:, 0]) > 0.5).mean() > 0.08
