"""Causes are named where they are, with the right share, and not where there is none."""

import numpy as np
import pytest

from gnomon.inference.attribution import Candidate, attribute, in_words, pseudo_shares

UNITS = 40


def errors(seed=0, units=UNITS, size=1.0):
    """Skewed errors, as squared errors of forecasts are."""
    return size * np.random.default_rng(seed).lognormal(0.0, 1.0, units)


def test_a_planted_share_is_found_with_its_size():
    whole = errors()
    noise = 0.05 * np.random.default_rng(1).standard_normal(UNITS) * whole
    found = attribute(
        [Candidate("a", 0.8 * whole + noise, whole), Candidate("b", 0.2 * whole, whole)], seed=1
    )
    assert found.named == 0
    share = found.shares[0]
    assert share.low < 0.8 < share.high
    assert share.high - share.low < 0.2
    assert in_words(share).startswith("80 %")
    assert found.shares[1].value == pytest.approx(0.2)


def test_the_same_share_in_every_unit_leaves_no_doubt():
    whole = errors()
    found = attribute([Candidate("a", whole, whole), Candidate("b", 0 * whole, whole)], seed=1)
    assert found.named == 0
    assert in_words(found.shares[0]) == "100 % (100 to 100)"


def test_error_that_is_only_noise_has_no_cause():
    one, two = errors(3, size=1e-3), errors(4, size=1e-3)
    found = attribute([Candidate("a", one - two, one - two)], seed=1)
    assert found.named is None
    assert "no error" in found.reason
    assert found.shares[0].value is None


def test_a_cause_spread_over_all_is_not_attributable():
    whole = errors()
    found = attribute([Candidate(n, whole / 4, whole) for n in "abcd"], seed=1)
    assert found.named is None
    assert "25 %" in found.reason


def test_rivals_with_equal_shares_are_not_told_apart():
    whole, noise = errors(), np.random.default_rng(5)
    parts = [0.9 * whole * (1 + 0.1 * noise.standard_normal(UNITS)) for _ in range(2)]
    same = attribute([Candidate("a", parts[0], whole), Candidate("b", parts[1], whole)], seed=1)
    assert same.named is None
    assert "cannot be told apart" in same.reason
    other = attribute([Candidate("a", parts[0], whole, "x"), Candidate("b", parts[1], whole, "y")], seed=1)
    assert other.named is not None, "candidates of different divisions are no rivals"


def test_a_regime_must_exceed_what_is_fair():
    whole = errors()
    large = Candidate("most of the time", 0.85 * whole, whole, fair=0.8)
    small = Candidate("rarely", 0.65 * whole, whole, fair=0.25)
    assert attribute([large], seed=1).named is None
    assert attribute([large, small._replace(division="state")], seed=1).named == 1


def test_lost_units_are_left_out_and_few_units_say_nothing():
    whole = errors()
    whole[:3] = np.nan
    found = attribute([Candidate("a", whole, whole)], seed=1)
    assert found.named == 0
    assert found.shares[0].n == UNITS - 3
    assert np.isnan(pseudo_shares(Candidate("a", whole, whole))[:3]).all()
    few = attribute([Candidate("a", whole[:7], whole[:7])], seed=1)
    assert few.named is None
    assert "4 of 7" in few.reason


def test_pseudo_values_are_the_share_in_the_mean():
    whole = errors(7)
    part = 0.7 * whole + 0.1 * errors(8)
    mean = float(pseudo_shares(Candidate("a", part, whole)).mean())
    assert mean == pytest.approx(part.mean() / whole.mean(), abs=0.02)


@pytest.mark.slow
def test_perfect_twins_rarely_have_a_cause():
    """Family-wise false alarms of eight candidates over resampled perfect twins: at most 5 in 100."""
    alarms = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        subject, twin = random.lognormal(0, 1, (2, 8, UNITS))
        beyond = subject - twin
        part = beyond * random.uniform(0, 1.2, (8, 1)) + 0.3 * random.standard_normal((8, UNITS))
        made = [Candidate(str(i), part[i], beyond[i]) for i in range(8)]
        alarms += attribute(made, seed=seed).named is not None
    assert alarms <= 10
