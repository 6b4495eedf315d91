"""The truth is a sample too: its sampling error must be in the numbers, or equal subjects are called different."""

import numpy as np
import pytest

from gnomon.inference import compare as comparing
from gnomon.inference.compare import compare
from gnomon.inference.fidelity import judge
from gnomon.measures.attractor import Attractor
from gnomon.measures.attractor_mixture import AttractorMixture
from gnomon.measures.log_spectrum import LogSpectrum
from gnomon.measures.response_amplitude import ResponseAmplitude
from gnomon.measures.spectrum_hellinger import SpectrumHellinger
from gnomon.numerics.jackknife import paired_error, squared_error, standard_error

UNITS, TRIES = 40, 240


def draw(random, features, delta):
    """Truth, floor, null and two subjects that are wrong by +delta and -delta in the first feature."""
    response = np.full(features, 3 / np.sqrt(features))
    off = delta * np.eye(features)[0]
    truth, floor, a, b = response + random.normal(size=(4, UNITS, features))
    return truth, a + off, b - off, np.zeros((UNITS, features)), floor


@pytest.mark.parametrize(("features", "delta"), [(1, 1.0), pytest.param(8, 1.5, marks=pytest.mark.slow)])
def test_two_equally_good_subjects_are_rarely_called_different(monkeypatch, features, delta):
    """At 5 % one in twenty is expected; 10 % of 240 would be 3.6 standard errors more."""
    monkeypatch.setattr(comparing, "REPLICATES", 999)
    random = np.random.default_rng([features, 0])
    alive = np.ones(UNITS, bool)
    alarms = tested = naive = held = 0
    fidelity = 1 - delta**2 / 9
    for i in range(TRIES):
        truth, *models = draw(random, features, delta)
        d = [paired_error(x, truth, alive) for x in models]
        p = compare(*d, seed=i).p_value
        if p is None:
            continue
        tested += 1
        alarms += p < 0.05
        exact = [squared_error(x, truth.mean(axis=0)) for x in models[:2]]
        gap = exact[0] - exact[1]
        naive += abs(gap.mean()) > 2.02 * standard_error(gap)
        f = judge(d[0], d[2], d[3], seed=i).fidelity
        held += f is not None and f.low is not None and f.high is not None and f.low <= fidelity <= f.high
    assert tested > 0.8 * TRIES
    assert alarms / tested <= 0.10
    assert naive / tested > 0.12  # what taking the truth's mean as exact would do
    assert held / tested >= 0.88


def test_units_of_the_truth_stand_beside_the_living():
    random = np.random.default_rng(1)
    truth, x = random.normal(size=(2, 9, 3))
    alive = np.arange(9) != 4
    np.testing.assert_allclose(paired_error(x[alive], truth, alive), squared_error((x - truth)[alive]))
    fewer = paired_error(x, truth[:5], np.ones(9, bool))
    np.testing.assert_allclose(fewer, squared_error(x, truth[:5].mean(axis=0)))


def tables(name, random, shift=0.0):
    """Truth and subject of 8 units in the form of a measure's table."""
    alive = np.ones(8, bool)
    if name == "points":
        return [{"points": x, "alive": alive} for x in random.normal(size=(2, 8, 60, 2)) + shift]
    if name == "time":
        return [{"time": x, "alive": alive} for x in random.normal(size=(2, 8, 2, 12))]
    shapes = random.exponential(size=(2, 8, 2, 30)) + 0.1
    return [{"shape": x / x.sum(axis=-1, keepdims=True), "alive": alive} for x in shapes]


@pytest.mark.parametrize(
    ("measure", "name"),
    [(LogSpectrum(), "time"), (SpectrumHellinger(), "shape"), (Attractor(bins=6), "points")],
)
def test_leaving_out_a_unit_takes_the_truth_along(measure, name):
    """Pseudo-values against brute force: the mean statistic computed anew without each unit and its truth."""
    truth, subject = tables(name, np.random.default_rng(2))
    if name == "points":  # the box is the whole truth's, so both corners stay in every sample
        truth["points"][:, 0], truth["points"][:, 1] = -9.0, 9.0
    n = 8
    whole = measure.value(truth, subject).mean()
    expected = []
    for i in range(n):
        less = [{k: np.delete(v, i, axis=0) for k, v in t.items()} for t in (truth, subject)]
        expected.append(n * whole - (n - 1) * measure.value(*less).mean())
    tolerance = 1e-2 if name == "points" else 1e-8  # the margin of the box follows the standard deviation
    np.testing.assert_allclose(measure.discrepancy(truth, subject), expected, rtol=tolerance, atol=1e-8)


@pytest.mark.parametrize("measure", [Attractor(bins=8), AttractorMixture(draws=400)])
def test_a_pooled_measure_knows_how_far_it_scatters(measure):
    """The claimed error of d, over 60 draws of truth and subject, is near the scatter of d (on the safe side)."""
    random = np.random.default_rng(3)
    found, claimed = [], []
    for _ in range(60):
        truth, subject = random.normal(size=(2, 20, 1, 2)) + 0.3 * random.normal(size=(2, 20, 40, 2))
        pair = ({"points": x, "alive": np.ones(20, bool)} for x in (truth, subject + 1.0))
        d = measure.discrepancy(*pair)
        found.append(d.mean())
        claimed.append(standard_error(d))
    ratio = np.sqrt(np.mean(np.square(claimed))) / np.std(found, ddof=1)
    assert 0.8 < ratio < 1.6


def test_the_value_of_the_attractor_is_never_negative():
    random = np.random.default_rng(4)
    truth, subject = tables("points", random)
    value = Attractor(bins=5).value(truth, subject)
    p, q = truth, truth
    assert value.mean() > 0
    assert Attractor(bins=5).value(p, q).mean() == pytest.approx(0.0, abs=1e-12)
    subject["alive"] = np.zeros(8, bool)
    assert np.isnan(Attractor().value(truth, subject)).all()


def test_the_slope_of_a_drawn_truth_carries_its_noise():
    random = np.random.default_rng(5)
    scatter, claimed = [], []
    alive = np.ones(30, bool)
    rest = {"variability": np.ones((30, 4)), "least": np.zeros((30, 4)), "alive": alive}
    for _ in range(80):
        truth, subject = ({"response": 2 + random.normal(size=(30, 1, 4)), **rest} for _ in range(2))
        subject["response"] = subject["response"] * 0.7
        d = ResponseAmplitude().discrepancy(truth, subject)
        scatter.append(d.mean())
        claimed.append(standard_error(d))
    assert np.mean(scatter) == pytest.approx(0.09, abs=4 * np.std(scatter) / np.sqrt(80))
    assert 0.8 < np.sqrt(np.mean(np.square(claimed))) / np.std(scatter, ddof=1) < 1.25
