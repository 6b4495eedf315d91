"""The page of horizons: intervals by the scatter of seeds, seeds paired by their number, censored means marked."""

import numpy as np
import pytest

from docs.horizons_page import Cell, _paired, _part, _told


def cell(horizon=40.0, **means):
    valid = {int(k[1:]): np.asarray(v, float) for k, v in means.items()}
    return Cell(valid, {k: np.zeros(len(v), bool) for k, v in valid.items()}, horizon)


def test_the_interval_is_that_of_independent_seeds():
    told = _told([1.0, 2.0, 3.0])
    reach = 4.3027 * 1.0 / np.sqrt(3)
    assert told == f"2.00 [{2 - reach:.2f}, {2 + reach:.2f}]"
    assert _told([1.5]) == "1.50"


def test_seeds_are_paired_by_number():
    cells = {
        ("w", "a", "valid_time"): cell(s0=[5, 5], s2=[9, 9]),
        ("w", "phyxmamba", "valid_time"): cell(s0=[1, 1], s1=[100, 100]),
    }
    assert _paired(cells)[-1] == "| w | a | 4.00 |"


@pytest.mark.parametrize(("last", "marked"), [(40.0, True), (39.0, False)])
def test_a_censored_mean_is_a_lower_bound(last, marked):
    assert _part(cell(s0=[10, 20, last]), None).startswith("≥") == marked


def test_shares_of_the_twin_are_taken_within_seeds():
    assert " | 0.50 | " in _part(cell(s0=[5, 5]), cell(s0=[10, 10]))
