"""Many measures asked at once: a perfect subject is seldom flagged by any, a faulty one is, by the right one."""

import numpy as np
import pytest

from gnomon.inference.power import wilson
from gnomon.inference.told_apart import Pair, told_apart
from gnomon.spec.errors import BadData

N = 12


def cells(rng, shift=0.0, measures=8):
    """Skewed, dependent measures of the same runs; the first is off by `shift` spreads."""
    common = rng.standard_normal((2, N, 1))
    each = np.exp(0.5 * (common + rng.standard_normal((2, N, measures))))
    each[0, :, 0] += shift * each[:, :, 0].std()
    return {f"m{k}": Pair(each[0, :, k], each[1, :, k], "a" if k < 4 else "b") for k in range(measures)}


def test_family_wise_false_alarms():
    rng = np.random.default_rng(1)
    alarms, alone = 0, 0
    for draw in range(300):
        got = told_apart(cells(rng), seed=draw)
        alarms += any(d.flagged for d in got.values())
        alone += any(d.p_value < 0.05 for d in got.values())
    assert wilson(alarms, 300)[0] <= 0.05
    assert wilson(alone, 300)[0] > 0.05  # without the correction eight questions raise many false alarms


def test_a_fault_is_flagged_where_it_is():
    rng = np.random.default_rng(2)
    hits = others = 0
    for draw in range(40):
        got = told_apart(cells(rng, shift=3.0), seed=draw)
        hits += got["m0"].flagged
        others += sum(d.flagged for k, d in got.items() if k != "m0")
    assert hits >= 38
    assert others <= 6


def test_one_measure_is_an_exact_sign_test():
    """Of 2^4 equally likely signs only one gives as much: 1/16, up to the sampling of flips."""
    got = told_apart({"m": Pair([1.0, 2.0, 3.0, 5.0], [0.0, 0.0, 0.0, 0.0])}, seed=0)["m"]
    assert got.p_value == pytest.approx(1 / 16, abs=0.015)
    assert got.adjusted == got.p_value
    assert not got.flagged


def test_equal_numbers_are_no_evidence():
    got = told_apart({"m": Pair(np.ones(9), np.ones(9))}, seed=0)["m"]
    assert (got.excess, got.p_value, got.flagged) == (0.0, 1.0, False)


def test_an_adjusted_probability_is_never_smaller_than_its_own():
    got = told_apart(cells(np.random.default_rng(3), shift=2.0), seed=0)
    assert all(d.adjusted >= d.p_value for d in got.values())
    ordered = sorted(got.values(), key=lambda d: -d.excess)
    assert [d.adjusted for d in ordered] == sorted(d.adjusted for d in ordered)


def test_lost_units_count_against_the_subject():
    floor = np.random.default_rng(4).lognormal(size=N)
    subject = np.where(np.arange(N) < 10, np.inf, floor)
    assert told_apart({"m": Pair(subject, floor)}, seed=0)["m"].flagged


@pytest.mark.parametrize(("subject", "floor"), [([1.0, np.nan], [1.0, 2.0]), ([1.0], [1.0, 2.0])])
def test_bad_numbers_are_refused(subject, floor):
    with pytest.raises(BadData):
        told_apart({"m": Pair(subject, floor)}, seed=0)
