"""Columns of air against what is known in closed form."""

import numpy as np
import pytest

from gnomon.adapters.neuralgcm.column import (
    DRY_AIR,
    GRAVITY,
    LAPSE,
    VAPOUR,
    Column,
    along_pressure,
    fill_column,
    geopotential,
    height_of_1000,
    sea_level_pressure,
    surface_pressure,
)
from gnomon.spec.errors import BadData

FEW = np.array([50.0, 100.0, 250.0, 500.0, 700.0, 850.0, 1000.0])
MANY = np.array([1.0, 10, 30, 50, 70, 100, 150, 200, 250, 300, 400, 500, 600, 700, 775, 850, 925, 1000])


def flat(values) -> np.ndarray:
    return np.asarray(values, float)[:, None, None] * np.ones((1, 2, 3))


def at(values) -> np.ndarray:
    return np.asarray(values, float) * np.ones((2, 3))


def isothermal(level, t=260.0, psl=101_325.0) -> Column:
    z = DRY_AIR * t * np.log(psl / (100 * level))
    zero = np.zeros((len(level), 2, 3))
    return Column(level, flat(np.full(len(level), t)), zero, zero, zero, flat(z))


def test_interpolation_is_exact_for_what_is_linear_in_ln_p_and_constant_beyond():
    got = along_pressure(flat(np.log(FEW)), FEW, MANY)[:, 0, 0]
    np.testing.assert_allclose(got, np.clip(np.log(MANY), np.log(50.0), np.log(1000.0)), rtol=1e-12)


def test_thickness_of_an_isothermal_column_is_the_hypsometric_one():
    z = geopotential(MANY, flat(np.full(len(MANY), 260.0)), flat(np.zeros(len(MANY))), at(100_000.0), None)
    np.testing.assert_allclose(z[:, 0, 0], DRY_AIR * 260.0 * np.log(1000.0 / MANY), rtol=1e-12, atol=1e-9)


def test_moist_air_is_thicker_by_the_virtual_factor():
    dry, wet = (
        geopotential(MANY, flat(np.full(len(MANY), 280.0)), flat(np.full(len(MANY), q)), at(1e5), None)
        for q in (0, 0.01)
    )
    np.testing.assert_allclose(wet[:-1] / dry[:-1], 1 + VAPOUR * 0.01, rtol=1e-12)


def test_geopotential_passes_through_the_given_height_of_500_hpa():
    t, q = flat(np.linspace(210.0, 288.0, len(MANY))), flat(np.full(len(MANY), 0.004))
    psl = at(99_000.0)
    free = geopotential(MANY, t, q, psl, None)
    bent = geopotential(MANY, t, q, psl, at(5_500.0))
    at_500 = list(MANY).index(500.0)
    np.testing.assert_allclose(bent[at_500] / GRAVITY, 5_500.0, rtol=1e-12)
    np.testing.assert_allclose(
        (bent - free)[:at_500], (bent - free)[at_500][None] * np.ones((at_500, 1, 1)), rtol=1e-9
    )
    assert np.all(
        np.abs((bent - free)[-1]) < 0.05 * np.abs((bent - free)[at_500])
    )  # the sea level hardly moves


def test_sea_level_pressure_and_height_are_inverse():
    t, q = at([[250.0, 270, 290], [300, 310, 280]]), at(0.005)
    psl = at([[95_000.0, 98_000, 101_325], [103_000, 104_500, 100_000]])
    z = height_of_1000(psl, t, q)
    column = Column(np.array([500.0, 1000.0]), *(np.stack([x, x]) for x in (t, 0 * t, 0 * t, q, z)))
    np.testing.assert_allclose(sea_level_pressure(column), psl, rtol=1e-12)


def test_eight_metres_are_a_hectopascal():
    """The rule of thumb that the research note gives for reading Z1000 as a pressure."""
    high = height_of_1000(at(101_000.0), at(288.0), at(0.0)) - height_of_1000(
        at(100_900.0), at(288.0), at(0.0)
    )
    np.testing.assert_allclose(high / GRAVITY, 8.3, atol=0.15)


def test_surface_pressure_over_mountains_and_below_the_lowest_level():
    column = isothermal(MANY)
    ground = np.array([[0.0, 500.0, 1500.0], [3000.0, 5000.0, 100.0]])
    exact = 101_325.0 * np.exp(-GRAVITY * ground / (DRY_AIR * 260.0))
    got = surface_pressure(column, ground)
    np.testing.assert_allclose(got, exact, rtol=1e-3)
    low = surface_pressure(
        column, at(-200.0)
    )  # below the 1000 hPa level air warms by the standard lapse rate
    warm = (260.0 + LAPSE * 200.0 + 260.0) / 2
    np.testing.assert_allclose(low, 101_325.0 * np.exp(GRAVITY * 200.0 / (DRY_AIR * warm)), rtol=2e-3)


def test_a_column_is_filled_and_hung_on_its_top():
    few = Column(
        FEW,
        flat([205.0, 200, 225, 255, 270, 280, 288]),
        *(flat(FEW * 0 + x) for x in (5.0, -3.0, 0.002, 0.0)),
    )
    shape = np.linspace(260.0, 290.0, len(MANY))
    reference = Column(
        MANY, *(flat(x)[..., :1] for x in (shape, 0 * shape, 0 * shape, 3e-6 + 0 * shape, 0 * shape))
    )
    full = fill_column(few, MANY, reference)
    top = list(MANY).index(50.0)
    np.testing.assert_allclose(full.t[top], 205.0)
    np.testing.assert_allclose(
        np.diff(full.t[: top + 1, 0, 0]), np.diff(shape[: top + 1])
    )  # the reference's shape
    np.testing.assert_allclose(full.q[:top], 3e-6)
    np.testing.assert_allclose(full.q[top:], 0.002)
    np.testing.assert_allclose(full.u, 5.0)
    assert np.all(np.isfinite(full.t))


def test_dry_or_negative_humidity_makes_no_nan():
    few = Column(FEW, flat(FEW * 0 + 260.0), *(flat(FEW * 0 + x) for x in (0.0, 0.0, -1e-4, 0.0)))
    full = fill_column(few, MANY, few)
    assert np.all(full.q > 0)


def test_levels_must_ascend():
    few = isothermal(FEW[::-1])
    with pytest.raises(BadData, match="must ascend"):
        fill_column(few, MANY, few)
