"""Scaling laws: known ones are found, a kink in the largest run is seen, and intervals cover."""

import numpy as np
import pytest

from gnomon.inference.scaling_law import fit_scaling_law

SIZES = np.repeat(2.0 ** np.arange(1, 9), 4)


def runs(exponent, floor, noise, seed=0, kink=1.0):
    rng = np.random.default_rng(seed)
    e = floor + 3.0 * SIZES**-exponent
    e[SIZES == SIZES.max()] *= kink
    return e * np.exp(noise * rng.standard_normal(len(e)))


@pytest.mark.parametrize(("exponent", "floor"), [(0.5, 0.0), (1.2, 0.0), (0.8, 0.1)])
def test_an_exact_law_is_found(exponent, floor):
    law = fit_scaling_law(SIZES, runs(exponent, floor, 0.0))
    assert law.exponent == pytest.approx(exponent, rel=1e-3)
    assert law.floor == pytest.approx(floor, abs=1e-4)
    assert law.scale == pytest.approx(3.0, rel=1e-3)
    assert law.predicted == pytest.approx(law.observed, rel=1e-3)


@pytest.mark.slow
def test_the_interval_covers():
    hits = [
        low <= 0.7 <= high
        for low, high in (
            fit_scaling_law(SIZES, runs(0.7, 0.0, 0.1, seed=s)).exponent_interval for s in range(20)
        )
    ]
    # nominally 95 %; about 88 % of 120 with a floor at its boundary, so 13 of 20 is far outside
    assert np.sum(hits) > 13


def test_a_largest_run_that_saturates_is_seen():
    assert fit_scaling_law(SIZES, runs(0.7, 0.0, 0.05)).holds
    assert not fit_scaling_law(SIZES, runs(0.7, 0.0, 0.05, kink=2.0)).holds


def test_one_run_a_size_is_enough():
    sizes = 2.0 ** np.arange(1, 8)
    law = fit_scaling_law(sizes, 3 * sizes**-0.5 * np.exp(0.05 * np.random.default_rng(1).standard_normal(7)))
    low, high = law.exponent_interval
    assert low < 0.5 < high


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="four sizes"):
        fit_scaling_law([1, 2, 4], [1, 0.5, 0.2])
    with pytest.raises(ValueError, match="diverged"):
        fit_scaling_law([1, 2, 4, 8], [1, 0.5, np.inf, 0.2])
