"""Our numbers against independent libraries and closed forms."""

import numpy as np
import pytest
import scipy.signal
import scipy.stats
import scoringrules

from gnomon.measures.attractor_mixture import AttractorMixture
from gnomon.measures.crps import fair_crps
from gnomon.measures.rank_histogram import rank_shares
from gnomon.measures.spectrum_hellinger import hellinger
from gnomon.measures.wasserstein import Wasserstein, quantiles
from gnomon.numerics.jackknife import squared_error
from gnomon.numerics.spectra import welch

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("members", [2, 5, 20])
def test_fair_crps_equals_scoringrules(members):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(6, members, 7, 3)), random.normal(size=(6, 7, 3))
    expected = scoringrules.crps_ensemble(y, np.moveaxis(x, 1, -1), estimator="fair")
    np.testing.assert_allclose(fair_crps(x, y), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.3, 2.0])
def test_wasserstein_equals_scipy(shift):
    random = np.random.default_rng(1)
    x, y = random.normal(size=2000) * 1.3 + shift, random.exponential(size=3000)
    ours = np.abs(quantiles(x) - quantiles(y)).mean()
    assert ours == pytest.approx(scipy.stats.wasserstein_distance(x, y), rel=0.02)


def test_squared_wasserstein_of_two_gaussians():
    # W2^2 of N(0, 1) and N(0.5, 1.5^2) is 0.5^2 + 0.5^2, whatever the noise of single units.
    random = np.random.default_rng(5)
    truth, subject = random.normal(size=(60, 1, 2000)), 0.5 + 1.5 * random.normal(size=(60, 1, 2000))
    t, s = ({"quantiles": quantiles(x), "alive": np.ones(60, bool)} for x in (truth, subject))
    assert Wasserstein().discrepancy(t, s).mean() == pytest.approx(0.5, rel=0.05)
    other = {"quantiles": quantiles(random.normal(size=(60, 1, 2000))), "alive": np.ones(60, bool)}
    assert abs(Wasserstein().discrepancy(t, other).mean()) < 1e-3


@pytest.mark.parametrize(("size", "segment"), [(1000, 256), (400, 100), (301, 75), (90, 256)])
def test_welch_equals_scipy(size, segment):
    x = np.cumsum(np.random.default_rng(2).normal(size=(3, size)), axis=-1)
    frequency, density = welch(x, 0.1, segment=segment)
    expected = scipy.signal.welch(
        x, 10.0, nperseg=min(segment, size), noverlap=min(segment, size) - min(segment, size) // 2
    )
    np.testing.assert_allclose(frequency, expected[0])
    np.testing.assert_allclose(density, expected[1], rtol=1e-9)


def clouds(shift, units=20, points=400, dims=3):
    random = np.random.default_rng(3)
    truth, other = random.normal(size=(2, units, points, dims))
    other = other + np.array([shift, 0, 0])
    return ({"points": x, "alive": np.ones(units, bool)} for x in (truth, other))


def test_mixture_divergence_of_single_points_is_that_of_two_gaussians():
    truth = {"points": np.zeros((4, 5, 2)), "alive": np.ones(4, bool)}
    subject = {"points": np.broadcast_to([1.5, 0.0], (4, 5, 2)), "alive": np.ones(4, bool)}
    d = AttractorMixture(variance=0.5).discrepancy(truth, subject)
    assert d.mean() == pytest.approx(1.5**2 / (2 * 0.5), rel=0.1)


def test_mixture_divergence_of_gaussian_clouds():
    # N(0, 1) smoothed by s^2 = 1 is N(0, 2); its divergence from a copy moved by 2 is 2^2 / (2 x 2) = 1.
    assert AttractorMixture().discrepancy(*clouds(2.0)).mean() == pytest.approx(1.0, abs=0.15)
    assert abs(AttractorMixture().discrepancy(*clouds(0.0)).mean()) < 0.05


def test_hellinger_of_two_gaussians():
    x = np.linspace(-20, 20, 4001)
    p, q = scipy.stats.norm(0, 1).pdf(x), scipy.stats.norm(1, 2).pdf(x)
    closed = np.sqrt(1 - np.sqrt(2 * 1 * 2 / (1 + 4)) * np.exp(-1 / (4 * (1 + 4))))
    assert hellinger(p / p.sum(), q / q.sum()) == pytest.approx(closed, rel=1e-6)
    assert hellinger(p / p.sum(), p / p.sum()) == pytest.approx(0, abs=1e-7)


def test_ranks_of_exchangeable_draws_are_flat():
    x = np.random.default_rng(4).gamma(2.0, size=(200, 10, 20, 2))
    h = rank_shares(x[:, 0], x[:, 1:])
    np.testing.assert_allclose(h.mean(axis=0), 0.1, atol=0.012)
    p = squared_error(h * np.sqrt(10), 1 / np.sqrt(10))
    assert abs(p.mean()) < 4 * p.std(ddof=1) / np.sqrt(len(p))
    outside = rank_shares(x[:, 0] + 100, x[:, 1:])
    assert squared_error(outside * np.sqrt(10), 1 / np.sqrt(10)).mean() == pytest.approx(9.0)
