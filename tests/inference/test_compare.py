"""Paired comparison, Holm's correction, and what may be claimed."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnomon.inference.compare import REPLICATES, Comparison, Versus, beats, compare, holm
from gnomon.report.versus import MOST
from gnomon.spec.errors import BadData
from gnomon.spec.results import Estimate


def arrays(seed=0, n=40):
    rng = np.random.default_rng(seed)
    start = rng.lognormal(0, 1, n)
    return [m * start * rng.lognormal(0, 0.2, n) for m in (2.0, 2.5, 10.0, 1.0)]


def test_the_difference_is_that_of_the_fidelities():
    a, b, null, floor = arrays()
    got = compare(a, b, null, floor, seed=0)
    assert got.difference.value == pytest.approx((b.mean() - a.mean()) / (null.mean() - floor.mean()))
    assert got.difference.low > 0
    assert got.p_value < 0.01


def test_pairing_removes_what_the_starts_share():
    a, b, null, floor = arrays()
    paired = compare(a, b, null, floor, seed=0).difference
    shuffled = compare(a, np.random.default_rng(1).permutation(b), null, floor, seed=0).difference
    assert paired.stderr < shuffled.stderr / 2


def test_swapping_the_two_changes_the_sign_only():
    a, b, null, floor = arrays()
    one, other = compare(a, b, null, floor, seed=0), compare(b, a, null, floor, seed=0)
    assert one.difference.value == pytest.approx(-other.difference.value)
    assert one.difference.stderr == pytest.approx(other.difference.stderr)
    assert one.p_value == pytest.approx(other.p_value, abs=0.01)


def test_a_small_p_value_implies_an_interval_that_excludes_zero():
    rng = np.random.default_rng(2)
    small = 0
    for i in range(40):
        a, b, null, floor = rng.lognormal(0, 1, (4, 20))
        got = compare(a, b + 1.0, null + 20, floor, seed=i)
        if got.p_value < 0.0499:
            small += 1
            assert not got.difference.low <= 0 <= got.difference.high
    assert small >= 5


def test_few_units_that_differ_are_no_evidence():
    """Three units of forty differ, all in favour of a: by symmetry p cannot be below 2 / 2^3."""
    a, _, null, floor = arrays()
    b = a.copy()
    b[:3] += 5.0
    got = compare(a, b, null, floor, seed=0)
    assert got.p_value == pytest.approx(0.25, abs=0.02)
    assert got.difference.low is None


def test_a_subject_does_not_differ_from_itself():
    a, _, null, floor = arrays()
    got = compare(a, a, null, floor, seed=0)
    assert (got.difference.value, got.difference.low, got.p_value) == (0.0, None, 1.0)
    assert "same number" in got.difference.reason


def test_divergence_counts_against_the_one_that_diverges():
    a, _, null, floor = arrays()
    b = a * np.random.default_rng(3).lognormal(0, 0.1, 40)
    b[::3] = np.inf
    got = compare(a, b, null, floor, seed=0)
    capped = np.where(np.isinf(b), 2 * null.mean(), b)
    assert got.difference.value == pytest.approx((capped.mean() - a.mean()) / (null.mean() - floor.mean()))
    assert got.difference.low > 0


def test_a_diverging_subject_never_beats_one_that_stays():
    """A survivor that is wrong by ten times the null counts no more than a lost unit."""
    _, _, null, floor = arrays()
    a = 10 * null
    b = np.full(40, np.inf)
    got = compare(a, b, null, floor, seed=0)
    assert got.difference.value >= -1e-12
    assert (got.lost_a, got.lost_b) == (0, 40)
    mixed = np.where(np.arange(40) < 20, np.inf, a)  # as wrong where it lives
    assert compare(a, mixed, null, floor, seed=0).difference.value >= -1e-12


def test_the_cap_of_a_living_unit_is_that_of_a_lost_one():
    a, b, null, floor = arrays()
    b[:10] = 50 * null.mean()
    gone = b.copy()
    gone[:10] = np.inf
    one, other = (compare(a, x, null, floor, seed=0) for x in (b, gone))
    assert one.difference.value == pytest.approx(other.difference.value)
    assert one.p_value == other.p_value


def test_whoever_lost_more_units_wins_nothing():
    one = versus(0.0005, 0.1, 0.3)

    def lost(a, b, pair=one):
        comparison = msgspec.structs.replace(pair.comparison, lost_a=a, lost_b=b)
        return beats([msgspec.structs.replace(pair, comparison=comparison)])[0]

    assert lost(3, 1).outcome == "undecided"
    assert "lost 3 units and the other 1" in lost(3, 1).text
    assert lost(1, 3).outcome == lost(2, 2).outcome == "beats"
    reverse = versus(0.0005, -0.3, -0.1)
    assert lost(1, 3, reverse).outcome == "undecided"
    assert lost(3, 1, reverse).outcome == "loses"


def test_the_most_comparisons_of_a_report_can_still_be_decided():
    assert holm([2 / (REPLICATES + 1)] * MOST)[0] < 0.05
    assert not holm([2 / (REPLICATES + 1)] * (MOST + 1))[0] < 0.05


def test_without_room_there_is_no_test():
    a, b, _, floor = arrays()
    got = compare(a, b, floor, floor, seed=0)
    assert (got.difference.value, got.p_value) == (None, None)
    assert got.difference.reason


def test_unequal_units_cannot_be_paired():
    a, b, null, floor = arrays()
    with pytest.raises(BadData, match="same units"):
        compare(a, b[:30], null, floor, seed=0)


def test_false_alarms_are_as_rare_as_promised():
    """Two equally good subjects: 5 % of 200 is 10, and 20 would have a chance of 0.3 %."""
    rng = np.random.default_rng(4)
    p_values = []
    for i in range(200):
        start = rng.lognormal(0, 0.5, 30)
        arrays = (m * start * rng.lognormal(0, 0.5, 30) for m in (3.0, 3.0, 10.0, 1.0))
        p_values.append(compare(*arrays, seed=i).p_value)
    tested = [p for p in p_values if p is not None]
    assert len(tested) >= 190
    assert sum(p < 0.05 for p in tested) <= 20


def test_holm_known_answer():
    # Holm (1979) as in any textbook: 0.01 * 4, 0.02 * 3, then the running maximum.
    assert holm([0.02, 0.01, 0.04, 0.03]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.02, None, 0.01]) == [0.02, None, 0.02]
    assert holm([]) == []
    with pytest.raises(BadData):
        holm([1.2])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_lies_between_no_correction_and_bonferroni(p):
    adjusted = holm(p)
    assert all(x <= y <= min(1, len(p) * x) + 1e-12 for x, y in zip(p, adjusted, strict=True))
    order = np.argsort(p)
    assert np.all(np.diff(np.array(adjusted)[order]) >= 0)


def versus(p, low, high, world="w", other="b"):
    value = None if p is None else (low + high) / 2
    gap = Estimate(
        value=value, low=low, high=high, n=40, reason=None if value is not None else "no room here"
    )
    return Versus(
        subject="a",
        other=other,
        world=world,
        trial="climate",
        comparison=Comparison(difference=gap, p_value=p),
    )


def test_claims_need_the_corrected_p_and_the_interval():
    claims = beats(
        [
            versus(0.0005, 0.1, 0.3, "first"),
            versus(0.03, 0.01, 0.2, "second"),  # significant alone, not among five
            versus(0.0004, -0.3, -0.1, "third"),
            versus(0.0004, -0.1, 0.3, "fourth"),  # interval and p-value disagree: nothing is claimed
            versus(0.04, 0.001, 0.2, "sixth"),
            versus(None, None, None, "fifth"),
        ]
    )
    assert [c.outcome for c in claims] == [
        "beats",
        "undecided",
        "loses",
        "undecided",
        "undecided",
        "untested",
    ]
    assert "a beats b on first, climate" in claims[0].text
    assert "no difference shown" in claims[1].text
    assert "is beaten by" in claims[2].text
    assert "no room here" in claims[5].text


def test_a_significant_difference_without_an_interval_is_not_claimed():
    gap = Estimate(value=0.3, low=None, high=None, n=3, reason="too few")
    one = Versus(
        subject="a", other="b", world="w", trial="t", comparison=Comparison(difference=gap, p_value=0.001)
    )
    assert beats([one])[0].outcome == "undecided"
