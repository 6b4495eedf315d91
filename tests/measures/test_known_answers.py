"""Each measure where its number can be worked out by hand."""

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.core.runs import Evidence
from gnomon.measures.attractor import box, counts
from gnomon.measures.conserved import Conserved
from gnomon.measures.coverage import Coverage, nominal_coverage
from gnomon.measures.crps import Crps
from gnomon.measures.error_growth import ErrorGrowth
from gnomon.measures.exponents import KaplanYorke, LeadingExponent, kaplan_yorke
from gnomon.measures.log_spectrum import LogSpectrum
from gnomon.measures.moments import Moments
from gnomon.measures.nonlinearity import Nonlinearity, doubled
from gnomon.measures.rank_histogram import rank_shares
from gnomon.measures.response_amplitude import ResponseAmplitude
from gnomon.measures.response_error import ResponseError
from gnomon.measures.response_pattern import ResponsePattern
from gnomon.measures.shift_error import ShiftError
from gnomon.measures.speed import Speed, TrainingCost
from gnomon.measures.spread_skill import SpreadSkill
from gnomon.measures.valid_time import ValidTime
from gnomon.measures.wasserstein import Wasserstein
from gnomon.spec.cards import Balance
from gnomon.testing.synthetic_evidence import SCALES, synthetic_evidence


def altered(evidence: Evidence, label: str, change) -> Evidence:
    """The same evidence with one experiment's observations changed."""
    runs = evidence.runs[label]
    return evidence._replace(runs={**evidence.runs, label: runs._replace(obs=change(runs.obs))})


def table_pair(measure, subject, truth=None):
    return measure.summarise(truth or synthetic_evidence("truth")), measure.summarise(subject)


def grown(obs, rate):
    """Observations with an error of `rate` scales a saved step in every component."""
    lead = np.arange(1, 401)
    return {k: v + SCALES[k] * rate * lead for k, v in obs.items()}


def test_valid_time_is_when_the_error_passes_the_threshold():
    truth = synthetic_evidence("truth")
    subject = altered(truth, "forecast", lambda obs: grown(obs, 0.0101))
    t, s = table_pair(ValidTime(), subject)
    np.testing.assert_allclose(ValidTime().value(t, s), 4.0)  # step 40 of 0.1: the error is 0.404
    np.testing.assert_allclose(ValidTime().discrepancy(t, s), 4.0)
    np.testing.assert_allclose(ValidTime().discrepancy(t, t), 0.0)
    strict = ValidTime(threshold=0.2)
    np.testing.assert_allclose(strict.value(*table_pair(strict, subject)), 2.0)


def test_cumulative_smape_counts_from_the_start():
    measure = ValidTime(rule="smape")
    truth = synthetic_evidence("truth")
    subject = altered(truth, "forecast", lambda obs: {k: 1.4 * v for k, v in obs.items()})
    # |1.4 x - x| / (|1.4 x| + |x|) = 1/6 at every lead: sMAPE 33.3, above 30 from the first lead on.
    t, s = table_pair(measure, subject)
    np.testing.assert_allclose(measure.value(t, s), 0.1)
    milder = altered(truth, "forecast", lambda obs: {k: 1.3 * v for k, v in obs.items()})
    np.testing.assert_allclose(measure.value(*table_pair(measure, milder)), 8.0)


def test_a_diverged_forecast_keeps_the_time_it_was_right():
    lost = synthetic_evidence("truth", diverged=(3,))
    t, s = table_pair(ValidTime(), lost)
    assert ValidTime().discrepancy(t, s)[3] == np.inf
    assert np.isfinite(ValidTime().value(t, s)).all()


def test_error_growth_is_the_mean_square():
    truth = synthetic_evidence("truth")
    shifted = altered(truth, "forecast", lambda obs: {k: v + 0.3 * SCALES[k] for k, v in obs.items()})
    np.testing.assert_allclose(ErrorGrowth().discrepancy(*table_pair(ErrorGrowth(), shifted)), 0.09)


def test_a_histogram_counts_what_escaped():
    points = np.array([[[0.0, 0.0], [1.0, 1.0]], [[5.0, 0.0], [1.0, 1.0]]])
    low, high = box(points[:1])
    found = counts(points, low, high, 4)
    assert found.shape == (2, 17)
    assert found[0, -1] == 0
    assert found[1, -1] == 1
    assert (found.sum(axis=1) == 2).all()


def test_wasserstein_of_a_shift_is_the_shift():
    truth = synthetic_evidence("truth", units=1)
    moved = altered(truth, "free", lambda obs: {k: v + 0.7 * SCALES[k] for k, v in obs.items()})
    t, s = table_pair(Wasserstein(), moved, truth)
    np.testing.assert_allclose(Wasserstein().value(t, s), 0.7)
    np.testing.assert_allclose(Wasserstein().discrepancy(t, s), 0.49)


def test_moments_of_a_shift_and_a_stretch():
    truth = synthetic_evidence("truth", units=60)
    moved = altered(truth, "free", lambda obs: {k: v + 0.5 * SCALES[k] for k, v in obs.items()})
    d = Moments().discrepancy(*table_pair(Moments(), moved, truth))
    assert d.mean() == pytest.approx(0.125, abs=0.01)  # (0.5)^2 for the means, 0 for the variances, halved


def test_twice_the_amplitude_is_a_log_spectrum_off_by_ln_four():
    truth = synthetic_evidence("truth")
    louder = altered(truth, "free", lambda obs: {k: 2 * v for k, v in obs.items()})
    t, s = table_pair(LogSpectrum(), louder)
    mean = s["time"].mean(axis=0) - t["time"].mean(axis=0)
    np.testing.assert_allclose(mean[:, :10], np.log(4), atol=0.01)  # above the observation error's power
    assert LogSpectrum().discrepancy(t, s).mean() == pytest.approx(np.log(4), rel=0.1)


def test_dimension_of_known_spectra():
    spectra = np.array(
        [
            [0.9056, 0.0, -14.572],
            [0.0, -1.0, -2.0],
            [-0.1, -1.0, -2.0],
            [0.0, 0.0, 0.0],
            [1.0, 0.5, -0.5],
            [0.5, -0.5, -1.0],
        ]
    )
    np.testing.assert_allclose(kaplan_yorke(spectra), [2 + 0.9056 / 14.572, 1, 0, 0, 3, 2])


def test_exponents_and_dimension_of_the_synthetic_world():
    truth, subject = synthetic_evidence("truth"), synthetic_evidence("subject", fault=0.5)
    t, s = table_pair(LeadingExponent(), subject, truth)
    assert LeadingExponent().value(t, s).mean() == pytest.approx(1.5, abs=0.1)
    assert LeadingExponent().discrepancy(t, s).mean() == pytest.approx(0.25, abs=0.05)
    t, s = table_pair(KaplanYorke(), synthetic_evidence("null", null="frozen"))
    assert KaplanYorke().value(t, s).mean() == 0
    assert KaplanYorke().discrepancy(t, s).mean() == pytest.approx(2.5**2, rel=0.05)


def with_exponents(exponents) -> Evidence:
    evidence = synthetic_evidence("subject")
    tangent = evidence.runs["tangent"]._replace(exponents=np.broadcast_to(exponents, (24, len(exponents))))
    return evidence._replace(runs={**evidence.runs, "tangent": tangent})


def test_a_dimension_beyond_the_computed_exponents_is_unknown():
    with pytest.raises(CannotMeasure, match="only 2 exponents were computed and their sum is positive"):
        KaplanYorke().summarise(with_exponents([1.0, -0.5]))
    assert KaplanYorke().summarise(with_exponents([1.0, -2.0]))["dimension"][0] == 1.5
    assert KaplanYorke().summarise(with_exponents([0.0, 0.0]))["dimension"][0] == 0
    assert KaplanYorke().summarise(with_exponents([1.0, 0.5, -0.5]))["dimension"][0] == 3


def test_a_map_that_forgets_its_state_has_no_exponents():
    for measure in (LeadingExponent(), KaplanYorke()):
        with pytest.raises(CannotMeasure, match="the map forgets its state"):
            measure.summarise(with_exponents([-870.0, -870.0, -870.0]))
        measure.summarise(with_exponents([-20.0, -870.0, -870.0]))


def with_balances(evidence: Evidence, *balances: Balance) -> Evidence:
    card = evidence.card
    fields = {name: getattr(card, name) for name in card.__struct_fields__} | {"balances": balances}
    return evidence._replace(card=type(card)(**fields))


def test_balances_with_derivatives_knobs_and_patterns():
    evidence = synthetic_evidence("truth", kind="field", units=2)
    x = 2 * np.pi * np.arange(16) / 16
    amplitude = np.linspace(1, 2, 400)[:, None]
    u = np.broadcast_to(amplitude * np.cos(x), (2, 1, 400, 16))
    evidence = altered(evidence, "free", lambda obs: {"u": u})
    runs = evidence.runs["free"]._replace(forcing={"f": np.full((2, 400), 3.0)})
    evidence = evidence._replace(runs={**evidence.runs, "free": runs})
    drift = Balance(name="energy", kind="conserved", terms=((1.0, ("u", "u")),), scale=0.5, units="1")
    budget = Balance(
        name="budget",
        kind="stationary",
        terms=((2.0, ("u:1", "u:1")), (-1.0, ("u:2", "u:2")), (1.0, ("f", "f:pattern", "u")), (-4.0, ())),
        scale=2.0,
        units="1",
    )
    a = amplitude[:, 0]
    expected_drift = np.sqrt(np.mean((a**2 - a[0] ** 2) ** 2))  # mean of u^2 is a^2/2, over a scale of 1/2
    expected_budget = abs(np.mean(2 * a**2 / 2 - a**2 / 2 + 3 * a / 2 - 4) / 2)
    for balances, expected in (((drift,), expected_drift), ((budget,), expected_budget)):
        found = with_balances(evidence, *balances)
        t, s = table_pair(Conserved(), found, found)
        np.testing.assert_allclose(Conserved().discrepancy(t, s), expected)
    with pytest.raises(CannotMeasure, match="nothing that is conserved"):
        Conserved().summarise(with_balances(evidence))


def expected_shift(f):
    """Mean features of the synthetic flow under f, each over its own standard deviation."""
    odd, even = 1.0 * f, 0.4 * f**2
    x, y, w = odd + even, 0.5 * odd, even
    return np.array([x, y, w, x**2 / np.sqrt(2), y**2 / np.sqrt(2), w**2 / np.sqrt(8)])


def test_responses_are_those_that_were_put_in():
    truth, subject = synthetic_evidence("truth", units=60), synthetic_evidence("floor", units=60)
    measure = ShiftError()
    t = measure.summarise(truth)
    sd = np.array([1, 1, 1, np.sqrt(2), np.sqrt(2), np.sqrt(8)])
    for place, f in enumerate((2.0, 3.0, 4.0)):
        np.testing.assert_allclose(
            t["response"][:, place].mean(axis=0), expected_shift(f) * sd, rtol=0.1, atol=0.15
        )
    two, four = expected_shift(2.0), expected_shift(4.0)
    ratio = np.linalg.norm(four - 2 * two) / np.linalg.norm(2 * two)
    t, s = table_pair(Nonlinearity(), subject, truth)
    assert Nonlinearity().value(t, s).mean() == pytest.approx(ratio, rel=0.05)
    assert abs(Nonlinearity().discrepancy(t, s).mean()) < 0.02 * ratio**2


def test_half_a_response_has_slope_one_half_and_a_quarter_of_the_error():
    truth = synthetic_evidence("truth", units=60)
    t = ResponseError().summarise(truth)
    half = {
        **t,
        "response": 0.5 * ResponseError().summarise(synthetic_evidence("floor", units=60))["response"],
    }
    none = {**t, "response": np.zeros_like(t["response"])}
    assert ResponseAmplitude().value(t, half).mean() == pytest.approx(0.5, abs=0.02)
    assert ResponseAmplitude().discrepancy(t, half).mean() == pytest.approx(0.25, abs=0.02)
    quarter = ResponseError().discrepancy(t, half).mean() / ResponseError().discrepancy(t, none).mean()
    assert quarter == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("part", ["odd", "even"])
def test_a_reversed_response_has_correlation_minus_one(part):
    measure = ResponsePattern(part=part)
    t = measure.summarise(synthetic_evidence("truth"))
    reverse = {**t, part: -measure.summarise(synthetic_evidence("floor"))[part]}
    assert measure.value(t, reverse).mean() == pytest.approx(-1.0, abs=0.05)


def test_no_signal_is_a_reason_and_not_a_number():
    truth = synthetic_evidence("null", null="no_response")
    for measure in (ResponsePattern(part="even"), ResponseAmplitude()):
        with pytest.raises(CannotMeasure, match="cannot be told from noise"):
            measure.discrepancy(*table_pair(measure, truth, truth))
    # Figures are drawn all the same, and say it.
    table = ResponsePattern().summarise(truth)
    drawn = ResponsePattern().curves({"truth": table, "subject": table}, {"truth": truth, "subject": truth})
    assert "cannot be told from noise" in drawn[1].note


def test_only_a_forcing_and_its_double_make_a_nonlinearity():
    assert doubled({"c": 4.0, "a": 2.0, "b": 3.0}) == {"a": 2.0, "c": 4.0}
    with pytest.raises(CannotMeasure, match="double"):
        doubled({"a": 2.0, "b": 3.0})


def test_calibrated_and_over_confident_ensembles():
    truth = synthetic_evidence("truth", units=60)
    fair, sure = (synthetic_evidence("subject", units=60, fault=f) for f in (0.0, 0.6))
    for measure in (SpreadSkill(), Coverage()):
        t, good = table_pair(measure, fair, truth)
        bad = measure.summarise(sure)
        assert measure.value(t, good).mean() == pytest.approx(1.0, abs=0.06)
        assert measure.value(t, bad).mean() < 0.6
        assert abs(measure.discrepancy(t, good).mean()) < 0.01
        assert measure.discrepancy(t, bad).mean() > 0.15


def test_an_ensemble_of_one_has_no_spread():
    truth = synthetic_evidence("truth")
    for measure in (Crps(), SpreadSkill(), Coverage()):
        with pytest.raises(CannotMeasure, match="at least 2 members"):
            measure.discrepancy(*table_pair(measure, truth, truth))


def test_nominal_coverage_and_split_ties():
    assert nominal_coverage(9, 1) == pytest.approx(0.8)
    members = np.array([0.0, 1.0, 1.0, 2.0]).reshape(1, 4, 1, 1)
    h = rank_shares(np.array([[[1.0]]]), members)
    np.testing.assert_allclose(h, [[0, 1 / 3, 1 / 3, 1 / 3, 0]])


def test_costs_are_what_the_clock_said():
    evidence = synthetic_evidence("subject")
    t = Speed().summarise(evidence)
    np.testing.assert_allclose(Speed().value(t, t), 24 * 400 * 0.1 / 2.0)
    np.testing.assert_allclose(TrainingCost().value(t, TrainingCost().summarise(evidence)), 3.0)
    unknown = TrainingCost().summarise(evidence._replace(fit={}))
    with pytest.raises(CannotMeasure, match="no record"):
        TrainingCost().value(t, unknown)


def test_a_truth_that_diverged_judges_nobody():
    lost = synthetic_evidence("truth", diverged=(0,))
    for measure in (Moments(), ErrorGrowth(), ResponseError()):
        with pytest.raises(CannotMeasure, match="truth itself"):
            measure.discrepancy(*table_pair(measure, synthetic_evidence("subject"), lost))
