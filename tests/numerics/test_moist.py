"""Moist thermodynamics against tables, an independent integration, and what must be conserved."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from gnomon.numerics.moist import (
    HEAT_CAPACITY,
    KAPPA,
    LATENT_HEAT,
    R_DRY,
    R_VAPOUR,
    condensation_temperature,
    equivalent_potential_temperature,
    lift,
    relative_humidity,
    saturation_mixing_ratio,
    saturation_pressure,
)

LEVELS = np.array([100000.0, 85000.0, 70000.0, 50000.0, 25000.0, 10000.0])


@pytest.mark.parametrize(
    ("celsius", "hpa"),
    # Goff-Gratch values over water, as in the Smithsonian tables.
    [(-20.0, 1.254), (0.0, 6.1078), (10.0, 12.272), (20.0, 23.373), (30.0, 42.430)],
)
def test_saturation_pressure_agrees_with_the_tables(celsius, hpa):
    assert saturation_pressure(celsius + 273.15) / 100 == pytest.approx(hpa, rel=3e-3)


def test_saturated_ascent_agrees_with_an_independent_integration():
    """In pressure instead of its logarithm, from the first law written out: cp dT - R T dp / p + L dr = 0."""

    def slope(p, t):
        step = 1e-3
        r = saturation_mixing_ratio(t, p)
        by_t = (saturation_mixing_ratio(t + step, p) - saturation_mixing_ratio(t - step, p)) / (2 * step)
        by_p = (saturation_mixing_ratio(t, p + 1) - saturation_mixing_ratio(t, p - 1)) / 2
        assert r > 0
        return (R_DRY * t / p - LATENT_HEAT * by_p) / (HEAT_CAPACITY + LATENT_HEAT * by_t)

    start = 300.0
    solved = solve_ivp(slope, (1e5, 1e4), [start], t_eval=LEVELS, rtol=1e-8, atol=1e-8)
    r = saturation_mixing_ratio(start, 1e5)
    ours = lift(start, r / (1 + r), 1e5, LEVELS)
    # The textbook slope leaves out the vapour in de / p terms of order r: a few tenths of a kelvin at 250 hPa.
    assert np.abs(ours - solved.y[0])[:4].max() < 0.3
    assert np.abs(ours - solved.y[0]).max() < 1.2


def test_ascent_keeps_the_equivalent_potential_temperature():
    t0, q0 = 299.0, 0.0165
    path = lift(t0, q0, 1e5, LEVELS[1:5])
    r = saturation_mixing_ratio(path, LEVELS[1:5])
    kept = equivalent_potential_temperature(path, r / (1 + r), LEVELS[1:5])
    assert np.abs(kept - equivalent_potential_temperature(t0, q0, 1e5)).max() < 1.0


def test_dry_air_climbs_the_dry_adiabat():
    path = lift(300.0, 1e-9, 1e5, LEVELS[:4])
    assert path == pytest.approx(300.0 * (LEVELS[:4] / 1e5) ** KAPPA, rel=1e-9)


def test_levels_may_come_in_any_order_and_parcels_in_any_shape():
    t0, q0 = np.array([[295.0, 300.0], [290.0, 302.0]]), 0.012
    path = lift(t0, q0, 1e5, LEVELS)
    assert path.shape == (6, 2, 2)
    assert lift(t0, q0, 1e5, LEVELS[::-1])[::-1] == pytest.approx(path, abs=1e-4)
    assert lift(300.0, q0, 1e5, LEVELS)[:] == pytest.approx(path[:, 0, 1], abs=1e-4)


def test_tropical_warming_is_amplified_aloft_by_two_or_more():
    """A parcel 4 K warmer at the same relative humidity warms by over twice as much at 250 hPa."""
    h = 0.8
    q = [h * saturation_mixing_ratio(t, 1e5) for t in (298.0, 302.0)]
    cold, warm = lift(298.0, q[0], 1e5, LEVELS), lift(302.0, q[1], 1e5, LEVELS)
    grows = (warm - cold) / 4.0
    assert 2.0 < grows[4] < 3.2
    assert (np.diff(grows[:5]) > 0).all()


def test_humidity_and_condensation_are_consistent():
    assert relative_humidity(290.0, 0.0, 9e4) == 0.0
    r = saturation_mixing_ratio(290.0, 9e4)
    assert relative_humidity(290.0, r / (1 + r), 9e4) == pytest.approx(1.0)
    assert condensation_temperature(290.0, 1.0) == pytest.approx(290.0)
    dry = condensation_temperature(290.0, 0.5)
    # Lifted dry adiabatically, the parcel of half the saturation pressure saturates where e(p) = es(T).
    p = 1e5 * (dry / 290.0) ** (1 / KAPPA)
    assert 0.5 * saturation_pressure(290.0) * p / 1e5 == pytest.approx(saturation_pressure(dry), rel=5e-3)
    assert R_VAPOUR > R_DRY
