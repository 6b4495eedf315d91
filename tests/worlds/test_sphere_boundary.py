"""Grid, lower boundary, calendars and interpolation of the worlds of the sphere: nothing here runs a model."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.spec.errors import BadSpec, MissingExtra
from gnomon.testing.worlds import check_card
from gnomon.worlds.sphere import surface as boundary
from gnomon.worlds.sphere.calendar import advance, calendar_of, dated_value, month_weights, season
from gnomon.worlds.sphere.gauss import gauss, regrid, smooth
from gnomon.worlds.sphere.held_suarez import HeldSuarez
from gnomon.worlds.sphere.levels import (
    GAS,
    GRAVITY,
    LAPSE,
    PRESSURES,
    Column,
    back_to_sigma,
    height,
    on_pressure,
    sea_level_pressure,
    shares,
)
from gnomon.worlds.sphere.speedy import Speedy

SIGMA = np.array([0.025, 0.095, 0.2, 0.34, 0.51, 0.685, 0.835, 0.95])


def test_cards_are_complete_and_nothing_heavy_is_imported_for_them():
    code = (
        "import sys, gnomon.worlds.sphere.speedy as s, gnomon.worlds.sphere.held_suarez as h;"
        "s.Speedy().card, h.HeldSuarez().card;"
        "print([m for m in ('jcm', 'dinosaur', 'xarray', 'flax') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("world", [Speedy, HeldSuarez])
def test_cards_keep_the_contract_and_do_not_depend_on_precision(world):
    double = world().card
    with jax.enable_x64(False):
        single = world().card
    assert double == single
    check_card(double)
    assert len(double.variables) == (35 if world is Speedy else 25)
    assert sum(double.grid.weights) == pytest.approx(1.0)
    twin = world(**double.imperfect).card
    assert not twin.facts
    check_card(twin)


def test_knobs_of_trials():
    card = Speedy().card
    assert card.turned_by("response").name == "enso"
    assert card.turned_by("shift").name == "warming"
    assert len(card.knob("enso").pattern) == 32 * 64


@pytest.mark.parametrize(
    "arguments",
    [
        {"truncation": 30}, {"warmed": "sea"}, {"calendar": "January"}, {"pattern": "1997/99"},
        {"pattern": "1978/79"}, {"pattern": "2013/14"}, {"pattern": "el_nino"},
        {"spinup": 0.0}, {"spinup": 4000.0},
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(arguments):
    with pytest.raises(BadSpec, match=str(next(iter(arguments.values())))):
        Speedy(**arguments)


def test_a_shorter_spin_up_keeps_the_facts_and_goes_over_to_the_second_physics():
    short, usual = Speedy(spinup=8.0).card, Speedy().card
    assert (short.spinup, usual.spinup) == (8.0, 20.0)
    assert short.facts == usual.facts
    assert Speedy(**short.imperfect).card.spinup == 8.0


def test_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr(boundary.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match="gnomon\\[atmos\\]"):
        boundary.jcm_folder()


def test_smoothing_keeps_long_waves_and_removes_short_ones():
    grid = gauss(21)
    lat, lon = np.radians(grid.lat)[:, None], np.radians(grid.lon)
    long = np.cos(lat) ** 3 * np.cos(3 * lon) + np.sin(lat)  # degrees 3 and 1
    short = np.cos(lat) ** 21 * np.cos(21 * lon)  # degree 21
    np.testing.assert_allclose(smooth(long + short, grid, 20), long, atol=1e-10)


def test_regridding_is_exact_for_linear_fields_and_wraps():
    lat, lon = np.linspace(-88.0, 88.0, 45), np.arange(0.0, 360.0, 4.0)
    grid = gauss(21)
    np.testing.assert_allclose(
        regrid(np.tile(lat[:, None], 90), lat, lon, grid), grid.lat[:, None] + 0 * grid.lon
    )
    wave = np.tile(np.cos(np.radians(lon)), (45, 1))
    inside = np.abs(grid.lat) < 88
    got = regrid(wave, lat, lon, grid)[inside]
    np.testing.assert_allclose(got, np.cos(np.radians(grid.lon)) + 0 * got, atol=1e-3)


def test_pattern_is_the_warm_event_and_junk_is_left_out():
    warm, cold = (boundary.winter_pattern(21, w) for w in ("1997/98", "la_nina_1988"))
    lat, lon = gauss(21).lat, gauss(21).lon
    nino = np.ix_(np.abs(lat) < 6, (lon > 190) & (lon < 240))
    assert 1.5 < warm[nino].mean() < 4.0
    assert -3.0 < cold[nino].mean() < -1.0
    assert not warm[np.abs(lat) > 40].any()
    assert np.abs(boundary.anomalies(21)).max() <= 6.0
    assert not boundary.anomalies(21)[:, np.abs(lat) > 60].any()


@pytest.mark.parametrize(("name", "moves"), [("january", False), ("annual", True), ("amip", True)])
def test_clock(name, moves):
    kept = calendar_of(name)
    clock = jnp.asarray(kept.start)
    later = advance(kept, clock, 400.0)
    assert float(later) == pytest.approx(kept.start + (400.0 if name == "amip" else 35.0 if moves else 0.0))
    weights = month_weights(kept, later)
    assert weights.shape == ((12,) if moves else (1,))
    assert float(weights.sum()) == pytest.approx(1.0)


def test_months_hold_in_their_middle_and_blend_between():
    kept = calendar_of("annual")
    np.testing.assert_allclose(month_weights(kept, jnp.asarray(15.5)), np.eye(12)[0], atol=1e-6)
    at_new_year = month_weights(kept, jnp.asarray(0.0))
    assert float(at_new_year[0]) == pytest.approx(0.5)
    assert float(at_new_year[11]) == pytest.approx(0.5)
    series = jnp.arange(420.0)
    assert float(dated_value(series, jnp.asarray(365.0 + 15.5))) == pytest.approx(12.0)
    assert float(dated_value(series, jnp.asarray(1e6))) == pytest.approx(419.0)
    assert (season(calendar_of("july")), season(calendar_of("december"))) == ("july", "january")


@pytest.mark.parametrize(("warmed", "ice", "land"), [("ocean", 0, 0), ("ocean_and_ice", 1, 0), ("all", 1, 1)])
def test_which_cells_are_warmed(warmed, ice, land):
    world = Speedy(warmed=warmed)
    clock = jnp.asarray(15.5)
    cold, warm = (
        world.boundary(clock, {"enso": jnp.asarray(0.0), "warming": jnp.asarray(t)}) for t in (0.0, 2.0)
    )
    sea = np.asarray(warm.sea_surface_temperature - cold.sea_surface_temperature)
    ground = np.asarray(warm.stl_am - cold.stl_am)
    frozen = np.asarray(cold.sice_am) >= 0.15
    np.testing.assert_allclose(sea[~frozen], 2.0, atol=1e-4)
    np.testing.assert_allclose(sea[frozen], 2.0 * ice, atol=1e-4)
    np.testing.assert_allclose(ground, 2.0 * land, atol=1e-4)


def _standard(sigma, pressure):
    """A column with temperature linear in ln p, its exact heights, winds and moisture."""
    s = np.log(sigma)
    temperature = 288.0 + 30.0 * s
    geopotential = -GAS * (288.0 * s + 15.0 * s**2)
    column = lambda x: jnp.asarray(x)[:, None]  # noqa: E731
    return Column(
        u=column(10.0 - 3 * s), v=column(2 * s), temperature=column(temperature),
        humidity=column(0 * s), geopotential=column(geopotential), pressure=jnp.asarray([pressure]),
    )  # fmt: skip


def test_interpolation_is_exact_where_it_should_be():
    column = _standard(SIGMA, 1.0e5)
    got = jax.jit(lambda c: on_pressure(c, SIGMA, PRESSURES))(column)  # one program instead of thirty
    s = np.log(np.array(PRESSURES) / 1000.0)
    np.testing.assert_allclose(got["ta"][1:, 0], 288.0 + 30.0 * s[1:], rtol=1e-6)
    np.testing.assert_allclose(got["ua"][1:, 0], 10.0 - 3 * s[1:], rtol=1e-6)
    assert float(got["ua"][0, 0]) == pytest.approx(10.0 - 3 * np.log(0.95))  # constant below the lowest level
    s500 = np.log(0.5)
    assert float(jax.jit(lambda c: height(c, SIGMA, 500.0))(column)[0]) == pytest.approx(
        -GAS / GRAVITY * (288 * s500 + 15 * s500**2), abs=0.01
    )


def test_a_ground_that_is_high_or_low_gives_back_the_same_sea_level_pressure():
    """A column of constant lapse rate over a mountain: cut from an atmosphere of known pressure."""
    for ground in (-200.0, 0.0, 1500.0, 3000.0):
        pressure = 1.01e5 * (1 - LAPSE * ground / 288.0) ** (GRAVITY / GAS / LAPSE)
        p = SIGMA * pressure
        z = 288.0 / LAPSE * (1 - (p / 1.01e5) ** (GAS * LAPSE / GRAVITY))
        flat = jnp.zeros((8, 1))
        column = Column(
            flat, flat, jnp.asarray(288.0 - LAPSE * z)[:, None], flat, jnp.asarray(GRAVITY * z)[:, None],
            jnp.asarray([pressure]),
        )  # fmt: skip
        assert float(sea_level_pressure(column, SIGMA)[0]) == pytest.approx(1.01e5, rel=1e-6)
        at_1000 = on_pressure(column, SIGMA, (1000.0,))["ta"][0, 0]
        exact = 288.0 * (1.0e5 / 1.01e5) ** (GAS * LAPSE / GRAVITY)
        if pressure < 1.0e5 / SIGMA[-1]:
            assert float(at_1000) == pytest.approx(exact, rel=1e-6)


def test_weights_sum_to_one_and_hold_the_ends():
    weights = jax.jit(shares)(jnp.asarray([-1.0, 0.5, 9.0])[:, None], jnp.asarray([0.0, 1.0, 2.0])[:, None])
    np.testing.assert_allclose(weights[..., 0], [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]])


def test_a_constant_change_comes_back_constant():
    change = jnp.full((7, 3), 2.0)
    got = jax.jit(lambda c, p: back_to_sigma(c, PRESSURES, SIGMA, p))(
        change, jnp.asarray([1.0e5, 6.0e4, 1.05e5])
    )
    np.testing.assert_allclose(got, 2.0, rtol=1e-6)
