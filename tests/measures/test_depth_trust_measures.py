"""Measures of `trust` on scenes: the public contract, and answers that are known beforehand."""

import functools
import math

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.depth_ensembles import PIXELS, members_table
from gnomon.measures.depth_reliability import gaps, told_levels
from gnomon.spec.registry import build
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_depth_ensemble import SHAPE, UNITS, synthetic_depth_ensemble
from gnomon.testing.synthetic_evidence import synthetic_evidence

NAMES = (
    "depth_crps", "depth_coverage", "depth_coverage_shifted", "depth_sparsification", "depth_sparsification_shifted",
)  # fmt: skip
LABELS = ("ensemble", "shift+2", "shift+2 light")
made = functools.cache(synthetic_depth_ensemble)


@pytest.mark.parametrize("name", NAMES)
def test_contract(name):
    check_measure(build("measures", name), make=made)


def scored(name, truth, subject, what="discrepancy"):
    """A measure's numbers for two evidences."""
    measure = build("measures", name)
    return getattr(measure, what)(measure.summarise(truth), measure.summarise(subject))


def drawn(truth, members):
    """Evidence of truth [unit, y, x] and of members [unit, member, y, x], the same in all runs; both are ln depth."""
    out = []
    for logs in (np.repeat(truth[:, None], members.shape[1], axis=1), members):
        evidence = made("subject", units=len(truth), members=members.shape[1])
        depth = np.exp(logs)[:, :, None].astype(np.float32)
        lost = np.full(depth.shape[:2], -1)
        runs = {k: evidence.runs[k]._replace(obs={"depth": depth}, diverged=lost) for k in LABELS}
        out.append(evidence._replace(runs=runs))
    return out


def gaussian(spread, *, members, units=20, seed=0):
    """Truth from a standard Gaussian about 1, over 4; members from one that is `spread` times as wide."""
    rng = np.random.default_rng(seed)
    truth = 1 + 0.25 * rng.standard_normal((units, *SHAPE))
    return drawn(truth, 1 + 0.25 * spread * rng.standard_normal((units, members, *SHAPE)))


@pytest.mark.parametrize("name", NAMES)
def test_members_that_all_equal_the_truth_have_no_error_at_all(name):
    truth = made("truth")
    for what in ("discrepancy", "value"):
        np.testing.assert_array_equal(scored(name, truth, truth, what), np.zeros(UNITS))


@pytest.mark.parametrize("members", [2, 9])
def test_members_of_the_truths_own_distribution_are_calibrated(members):
    pair = gaussian(1.0, members=members, units=40, seed=1)
    found = scored("depth_coverage", *pair)
    assert abs(found.mean()) < 3 * found.std(ddof=1) / math.sqrt(len(found))
    assert 0 < scored("depth_coverage", *pair, "value").mean() < 0.015


@pytest.mark.parametrize("spread", [0.5, 2.0])
def test_two_members_of_another_width_miss_by_what_the_orthant_says(spread):
    """The truth lies below both members with 1/4 + asin(r) / (2 pi), r = 1 / (1 + spread^2): by hand."""
    gap = 0.25 + math.asin(1 / (1 + spread**2)) / (2 * math.pi) - 1 / 3
    pair = gaussian(spread, members=2, units=40)
    table = [members_table(evidence, ("ensemble",)) for evidence in pair]
    np.testing.assert_allclose(gaps(*table).mean(axis=(0, 1)), [gap, -gap], atol=0.012)
    assert scored("depth_coverage", *pair, "value").mean() == pytest.approx(abs(gap), abs=0.01)
    assert scored("depth_coverage", *pair).mean() == pytest.approx(gap**2, abs=0.001)
    assert scored("depth_coverage_shifted", *pair).mean() == pytest.approx(gap**2, abs=0.001)


def test_knobs_do_not_make_up_for_each_other():
    """Everything too near under one knob and too far under the other: the mean over knobs is not 0."""
    truth, subject = gaussian(1.0, members=4)
    x = subject.runs["shift+2"].obs["depth"]
    for label, factor in (("shift+2", 1.2), ("shift+2 light", 1 / 1.2)):
        subject.runs[label] = subject.runs[label]._replace(obs={"depth": (x * factor).astype(np.float32)})
    assert scored("depth_coverage", truth, subject, "value").mean() < 0.02
    assert scored("depth_coverage_shifted", truth, subject, "value").mean() > 0.1


def test_a_tie_counts_for_each_rank_alike():
    truth, members = np.ones((1, *SHAPE)), np.ones((1, 3, *SHAPE))
    members[:, 2] = 2.0  # two of three members tie: ranks 0, 1 and 2
    tables = [members_table(evidence, ("ensemble",)) for evidence in drawn(truth, members)]
    np.testing.assert_allclose(gaps(*tables)[0, 0] + told_levels(3), [1 / 3, 2 / 3, 1])


def test_score_of_a_single_map_and_of_a_gaussian_are_those_of_the_textbook():
    truth = np.full((3, *SHAPE), 1.0)
    found = scored("depth_crps", *drawn(truth, np.full((3, 4, *SHAPE), 1.5)))
    np.testing.assert_allclose(found, 0.5, rtol=1e-6)
    a, s = 0.5, 0.25  # E|x - y| - E|x - x'| / 2
    expected = s * (math.sqrt(2 / math.pi) * math.sqrt(1 + a**2) - a / math.sqrt(math.pi))
    for members in (2, 5):
        assert scored("depth_crps", *gaussian(a, members=members)).mean() == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("name", ["depth_sparsification", "depth_sparsification_shifted"])
def test_order_of_the_spread(name):
    """Errors evenly from 0 to 1, of which a share s is gone: areas by hand.

    What is left has 1 - s of the mean error in the order of the errors, 1 in none, 1 + s in the reverse one.
    """
    rng = np.random.default_rng(3)
    error = rng.permuted(np.broadcast_to((np.arange(192) + 0.5) / 192, (4, 192)), axis=1).reshape(4, *SHAPE)
    offsets = np.array([-1.0, 0.0, 1.0])[:, None, None]
    for spread, expected in ((0 * error, 0.5), (error, 0.0), (10 * error, 0.0), (1.1 - error, 1.0)):
        truth, subject = drawn(1 + error, 1 + 0.1 * offsets * spread[:, None])
        np.testing.assert_allclose(scored(name, truth, subject), expected, atol=0.01)


def test_sky_before_a_wall_counts_as_the_nearest_depth_and_is_said():
    truth, subject = gaussian(1.0, members=3)
    low = np.log(0.1)
    for value in (0.0, -3.0):
        x = subject.runs["ensemble"].obs["depth"].copy()
        x[:, 0] = value
        changed = subject._replace(
            runs={**subject.runs, "ensemble": subject.runs["ensemble"]._replace(obs={"depth": x})}
        )
        measure = build("measures", "depth_crps")
        tables = {"truth": measure.summarise(truth), "subject": measure.summarise(changed)}
        np.testing.assert_allclose(tables["subject"]["logs"][:, 0, 0], low, rtol=1e-6)
        assert np.isfinite(measure.discrepancy(tables["truth"], tables["subject"])).all()
        (figure,) = measure.curves(tables, {"truth": truth, "subject": changed})
        assert figure.note == "model: 0.33 of its depths outside 0.1 to 200 m"


def test_true_sky_is_not_judged():
    truth = made("truth")
    for name in NAMES:
        clear = scored(name, truth, made("subject"))
        subject = made("subject")
        runs = {}
        for label, run in subject.runs.items():
            x = run.obs["depth"].copy()
            x[truth.runs[label].obs["depth"] == 0] = 77.0
            runs[label] = run._replace(obs={"depth": x})
        np.testing.assert_array_equal(scored(name, truth, subject._replace(runs=runs)), clear)


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_asked_is_refused(name):
    measure = build("measures", name)
    with pytest.raises(CannotMeasure, match=r"one hidden variable|turned no knob"):
        measure.summarise(synthetic_evidence("truth"))
    with pytest.raises(CannotMeasure, match="at least 2"):
        measure.summarise(made("subject", members=1))
    sky = drawn(np.ones((2, *SHAPE)), np.ones((2, 3, *SHAPE)))[0]
    for label in LABELS:
        sky.runs[label] = sky.runs[label]._replace(obs={"depth": np.zeros((2, 3, 1, *SHAPE), np.float32)})
    with pytest.raises(CannotMeasure, match="nothing but sky"):
        scored(name, sky, sky)


def test_shifted_measures_need_a_turned_knob():
    still = made("subject")._replace(design={"horizon": 8.0})
    for name in ("depth_coverage_shifted", "depth_sparsification_shifted"):
        with pytest.raises(CannotMeasure, match="turned no knob"):
            build("measures", name).summarise(still)


def test_large_pictures_are_thinned_evenly_and_tables_are_as_small_as_is_said():
    truth, members = np.zeros((1, 128, 160)), np.zeros((1, 2, 128, 160))
    table = members_table(drawn(truth, members)[1], ("ensemble",))
    assert table["logs"].shape == (1, 1, 2, 43, 54)
    assert 43 * 54 <= PIXELS < 64 * 80
    whole = members_table(drawn(truth[:, :48, :64], members[:, :, :48, :64])[1], ("ensemble",))
    assert whole["logs"].shape[-2:] == (48, 64)
    beside = whole["outside"].nbytes + whole["judged"].nbytes
    for members, megabytes in ((9, 29), (33, 100)):  # 40 scenes under 6 knobs
        assert 240 * (whole["logs"].nbytes / 2 * members + beside) / 1e6 == pytest.approx(megabytes, abs=0.6)
