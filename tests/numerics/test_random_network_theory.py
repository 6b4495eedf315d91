"""Mean-field theory of the random network: its limits, its equation, and a network."""

import numpy as np
import pytest

from gnomon.numerics.random_network_theory import autocorrelation, gaussian_product, variance
from gnomon.worlds.network.random_network import random_couplings


def test_gaussian_products_have_their_closed_forms():
    assert gaussian_product(lambda x: x, 0.7, 2.0) == pytest.approx(0.7, abs=1e-12)
    assert gaussian_product(np.square, 0.7, 2.0) == pytest.approx(2.0**2 + 2 * 0.7**2, rel=1e-10)
    assert gaussian_product(np.tanh, 0.0, 2.0) == pytest.approx(0, abs=1e-15)


def test_variance_begins_at_one_and_grows_as_published():
    assert variance(0.9) == variance(1.0) == 0
    assert variance(1.01) == pytest.approx(0.01, rel=0.05)  # D_0 = g - 1 to first order
    # for large gains tanh is a sign: D_0 / g^2 tends to 2 (1 - 2/pi)
    assert variance(200.0) / 200.0**2 == pytest.approx(2 * (1 - 2 / np.pi), rel=0.03)


def test_autocovariance_falls_and_obeys_its_equation():
    found = autocorrelation(3.0, 20.0)
    start, step = found.value[0], found.time[1]
    assert start == pytest.approx(variance(3.0))
    assert (np.diff(found.value) < 0).all()
    assert found.value[-1] < 0.1 * start
    second = (found.value[2:] - 2 * found.value[1:-1] + found.value[:-2]) / step**2
    force = [d - 9 * gaussian_product(np.tanh, d, start) for d in found.value[1:-1]]
    np.testing.assert_allclose(second[5:], force[5:], atol=2e-3)


@pytest.mark.slow
def test_a_large_network_has_this_autocovariance():
    gain, n, h = 4.0, 400, 0.1
    theory = autocorrelation(gain, 6.0, points=61)
    values = []
    for draw in range(3):
        couplings = random_couplings(n, 10 + draw)
        x = np.random.default_rng(draw).normal(size=(n, 4)) * 3

        def slope(y, j=couplings):
            return -y + gain * (j @ np.tanh(y))

        kept = []
        for step in range(1200):
            k1 = slope(x)
            k2 = slope(x + h / 2 * k1)
            k3 = slope(x + h / 2 * k2)
            x = x + h / 6 * (k1 + 2 * (k2 + k3) + slope(x + h * k3))
            if step >= 300:
                kept.append(x)
        series = np.asarray(kept)
        values.append([np.mean(series[: -lag or None] * series[lag:]) for lag in (0, 20, 40)])
    found = np.mean(values, 0)
    np.testing.assert_allclose(found, theory.value[[0, 20, 40]], rtol=0.12)


def test_rest_has_no_autocovariance():
    with pytest.raises(ValueError, match="needs a gain above 1"):
        autocorrelation(0.8, 10.0)
