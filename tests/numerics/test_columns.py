"""Transforms of columns against known formulas, and fixers that conserve and count."""

import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics import moist
from gnomon.numerics.column_fixers import closed, held
from gnomon.numerics.column_transforms import (
    FREEZING,
    deficit,
    plume_buoyancy,
    relative_humidity,
    rise,
    saturated,
)

SIGMA = jnp.asarray([0.025, 0.095, 0.2, 0.34, 0.51, 0.685, 0.835, 0.95])


@pytest.mark.parametrize(
    ("celsius", "pascal"), [(0.0, 611.2), (10.0, 1228.0), (20.0, 2339.0), (30.0, 4247.0), (-20.0, 103.2)]
)
def test_saturation_is_that_of_the_tables(celsius, pascal):
    """Over water above freezing, over ice below it (Smithsonian tables)."""
    q = float(saturated(jnp.asarray(FREEZING + celsius), jnp.asarray(1e5)))
    assert q == pytest.approx(0.622 * pascal / (1e5 - 0.378 * pascal), rel=6e-3)


def test_relative_humidity_agrees_with_bolton_where_there_is_no_ice():
    t, p = np.linspace(274.0, 310.0, 9), 9e4
    q = 0.7 * np.asarray(saturated(jnp.asarray(t), jnp.asarray(p)))
    ours = np.asarray(relative_humidity(jnp.asarray(t), jnp.asarray(q), jnp.asarray(p)))
    np.testing.assert_allclose(ours, 0.7, rtol=1e-12)
    np.testing.assert_allclose(ours, moist.relative_humidity(t, q, p), rtol=1.5e-2)


def test_rise_is_the_isothermal_height():
    heights = np.asarray(rise(jnp.full(8, 250.0), SIGMA))
    np.testing.assert_allclose(heights, 1004.64 * 2 / 7 * 250.0 * np.log(0.95 / np.asarray(SIGMA)), rtol=1e-6)


def test_a_saturated_plume_in_its_own_adiabat_is_neither_warm_nor_cold():
    """Along a reversible moist adiabat in our own thermodynamics h* is constant, and so buoyancy vanishes."""
    pressure = 1e5 * SIGMA
    t = np.full(8, 290.0)
    for level in range(6, -1, -1):  # level by level, the temperature that keeps saturated static energy
        low, high = 100.0, t[level + 1]
        for _ in range(80):
            t[level] = 0.5 * (low + high)
            b = plume_buoyancy(jnp.asarray(t), saturated(jnp.asarray(t), pressure), pressure, SIGMA)
            low, high = (t[level], high) if b[level] > 0 else (low, t[level])
    profile = jnp.asarray(t)
    b = plume_buoyancy(profile, saturated(profile, pressure), pressure, SIGMA)
    np.testing.assert_allclose(b, 0.0, atol=1e-6)
    colder = plume_buoyancy(profile.at[3].add(-1.0), saturated(profile, pressure), pressure, SIGMA)
    assert float(colder[3]) == pytest.approx(1.0, abs=0.2), "a kelvin colder around: a kelvin of buoyancy"


def test_transforms_hardly_move_where_the_column_warms_along_a_moist_adiabat():
    """Tropics four kelvin warmer at the same relative humidity: q leaves its range, what replaces it does not."""
    pressure = 1e5 * SIGMA
    cold = moist.lift(
        298.0, 0.8 * float(saturated(jnp.asarray(298.0), pressure[-1])), 9.5e4, np.asarray(pressure)
    )
    warm = moist.lift(
        302.0, 0.8 * float(saturated(jnp.asarray(302.0), pressure[-1])), 9.5e4, np.asarray(pressure)
    )
    both = []
    for t in (cold, warm):
        t = jnp.asarray(t)
        q = 0.8 * saturated(t, pressure)
        both.append((q, relative_humidity(t, q, pressure), plume_buoyancy(t, q, pressure, SIGMA), t))
    (q, h, b, t), (q4, h4, b4, t4) = both
    assert float(q4[-1] / q[-1]) > 1.2
    np.testing.assert_allclose(h4, h, rtol=1e-6)
    low = slice(3, None)  # where a plume is judged: below 300 hPa
    assert float(jnp.max(jnp.abs(b4 - b)[low])) < 0.4 * float(jnp.max((t4 - t)[low]))


def test_deficit_is_nothing_over_a_wet_ground_of_the_airs_temperature():
    t, p = jnp.asarray(295.0), jnp.asarray(1.01e5)
    assert float(deficit(t, saturated(t, p), p)) == 0.0
    assert float(deficit(t + 1, saturated(t, p), p)) > 0


def _columns(seed=0, count=200):
    rng = np.random.default_rng(seed)
    humidity = jnp.asarray(rng.gamma(1.0, 3e-3, (count, 8)))
    mass = jnp.asarray(np.full((count, 8), 1250.0))
    tendency = jnp.asarray(rng.normal(0, 2e-7, (count, 8)))
    rain, evaporation = jnp.asarray(rng.gamma(0.5, 3e-5, count)), jnp.asarray(rng.normal(4e-5, 2e-5, count))
    return tendency, humidity, mass, rain, evaporation


@pytest.mark.parametrize("seconds", [1800.0, 40000.0])
def test_water_closes_and_no_level_is_emptied_beyond_nothing(seconds):
    tendency, humidity, mass, rain, evaporation = _columns()
    done = closed(tendency, humidity, mass, rain, evaporation, seconds)
    budget = (done.humidity * mass).sum(-1) - (done.evaporation - done.rain)
    np.testing.assert_allclose(budget, 0.0, atol=1e-18)
    assert float((humidity + seconds * done.humidity).min()) >= -1e-16
    assert float(done.rain.min()) >= 0
    opening = (tendency * mass).sum(-1) - (evaporation - rain)
    np.testing.assert_allclose(done.moved, np.abs(opening))
    if seconds > 1e4:
        assert float(done.capped.mean()) > 0
        assert float(done.made.min()) >= 0
        assert float(done.made[done.capped > 0].min()) > 0


def test_what_a_level_has_not_got_the_others_do_not_get():
    """Two levels of equal mass: the dry one is asked for ten times what it holds, the moist one is to gain it."""
    humidity, mass, seconds = jnp.asarray([[1e-6, 1e-2]]), jnp.asarray([[1.0, 1.0]]), 1.0
    tendency = jnp.asarray([[-1e-5, 1e-5]])
    done = closed(tendency, humidity, mass, jnp.asarray([0.0]), jnp.asarray([0.0]), seconds)
    np.testing.assert_allclose(done.humidity, [[-1e-6, 1e-6]], rtol=1e-9)
    np.testing.assert_allclose(done.made, 9e-6, rtol=1e-9)
    np.testing.assert_allclose(done.rain, 0.0, atol=1e-20)
    np.testing.assert_allclose(
        done.evaporation, 0.0, atol=1e-17
    )  # and not 9e-6: the sea waters no dry column


def test_a_level_that_the_physics_does_not_touch_is_not_touched():
    """A cold, dry column that wants 0.3 mm a day from the sea: the air aloft, where nothing rains out, gets none."""
    humidity = jnp.asarray([[1e-6, 1e-6, 1e-5, 1e-4]])
    mass = jnp.full((1, 4), 2500.0)
    tendency = jnp.asarray([[0.0, 1e-14, -2e-9, 3e-9]])
    evaporation = (tendency * mass).sum(-1) + 0.3 / 86400
    done = closed(tendency, humidity, mass, jnp.asarray([0.0]), evaporation, 1800.0)
    np.testing.assert_allclose((done.humidity * mass).sum(-1), evaporation, rtol=1e-9)
    assert float(done.humidity[0, 0]) == 0.0
    assert float(done.humidity[0, 1]) * 86400 < 0.1 * float(humidity[0, 1])  # a day
    # each level gets what is open by its share of what the physics moves
    gained = np.asarray((done.humidity - tendency) * mass)[0]
    np.testing.assert_allclose(
        gained / gained.sum(), np.abs(tendency[0]) / np.abs(tendency[0]).sum(), rtol=1e-9
    )


def test_no_level_is_turned_round_and_evaporation_takes_the_rest():
    """Far more rain than the levels lose: moistening ends, drying doubles, and no more."""
    humidity, mass = jnp.asarray([[1e-3, 1e-2, 1e-2]]), jnp.full((1, 3), 1000.0)
    tendency = jnp.asarray([[1e-10, 1e-9, -1e-9]])
    done = closed(tendency, humidity, mass, jnp.asarray([1e-4]), jnp.asarray([1e-5]), 1800.0)
    np.testing.assert_allclose(done.humidity, [[0.0, 0.0, -2e-9]], atol=1e-24)
    np.testing.assert_allclose((done.humidity * mass).sum(-1), done.evaporation - done.rain, rtol=1e-9)
    assert float(done.capped[0]) == 0
    assert float(done.rain[0]) == 1e-4


def test_where_nothing_is_moved_evaporation_closes_the_budget():
    nothing = jnp.zeros((1, 3))
    done = closed(nothing, nothing + 1e-3, nothing + 1.0, jnp.asarray([2e-5]), jnp.asarray([1e-5]), 1800.0)
    np.testing.assert_array_equal(done.humidity, nothing)
    np.testing.assert_allclose(done.evaporation, done.rain)


def test_where_nothing_gains_rain_pays_and_then_evaporation():
    humidity, mass = jnp.asarray([[1e-6, 1e-6]]), jnp.asarray([[1.0, 1.0]])
    tendency = jnp.asarray([[-4e-6, -4e-6]])
    rain, evaporation = jnp.asarray([9e-6, 3e-6]), jnp.asarray([1e-6, 0.0])
    asked = [jnp.concatenate([x, x]) for x in (tendency, humidity, mass)]
    done = closed(*asked, rain, evaporation, 1.0)
    np.testing.assert_allclose(done.humidity.sum(-1), done.evaporation - done.rain, atol=1e-18)
    np.testing.assert_allclose(done.rain, [3e-6, 2e-6], rtol=1e-6)
    np.testing.assert_allclose(done.evaporation, [1e-6, 0.0], atol=1e-12)


def test_a_closed_budget_is_left_alone():
    tendency, humidity, mass, rain, _ = _columns()
    evaporation = (tendency * mass).sum(-1) + rain
    done = closed(tendency, humidity + 1e-2, mass, rain, evaporation, 1800.0)
    np.testing.assert_allclose(done.humidity, tendency, rtol=1e-9, atol=1e-20)
    np.testing.assert_allclose(done.evaporation, evaporation, rtol=1e-9)
    np.testing.assert_allclose(done.moved, 0.0, atol=1e-18)
    assert float(done.capped.max()) == 0
    assert float(done.made.max()) == 0


def test_what_is_held_is_counted():
    inside, share = held(jnp.asarray([[0.0, 2.0, -3.0, 0.5]]), jnp.full(4, -1.0), jnp.full(4, 1.0))
    np.testing.assert_array_equal(inside, [[0.0, 1.0, -1.0, 0.5]])
    assert float(share[0]) == 0.5
