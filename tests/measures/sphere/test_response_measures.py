"""Responses on the sphere: the contract, and planted strengths, phases and bends found again."""

import functools

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.sphere.maps import discoveries, significant, two_sample
from gnomon.measures.sphere.products import cross_mean, detected, mirrored, norm, strength, through_origin
from gnomon.measures.sphere.response_beyond import ResponseBeyond
from gnomon.measures.sphere.response_gain import ResponseGain, centroid
from gnomon.measures.sphere.response_parity import ResponseEven, ResponseOdd
from gnomon.measures.sphere.response_phase import ResponsePhase
from gnomon.measures.sphere.response_saturation import ResponseSaturation, bend, steps
from gnomon.measures.sphere.wave_source import WaveSource
from gnomon.numerics.jackknife import pair_mean
from gnomon.numerics.sphere.grid import gauss_grid
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_sphere_climate import enso_response
from tests.measures.sphere.steady_world import steady_world

RAIN, HEIGHT = ("pr",), ("zg500",)
BOTH = ("pr", "zg500")
WIND = ("ua250", "va250", "zg500")


@functools.cache
def make(role, **options):
    return steady_world(role, **options)


def pair(measure, names, **options):
    return measure.summarise(make("truth", names=names)), measure.summarise(
        make("subject", names=names, **options)
    )


def three_errors(values):
    return 3 * values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize(
    ("measure", "names"),
    [
        (ResponseGain(), RAIN),
        (ResponseOdd(), BOTH),
        (ResponseEven(), BOTH),
        (ResponseEven(field="pr"), RAIN),
        (ResponsePhase(), HEIGHT),
        (ResponseSaturation(), HEIGHT),
        (ResponseSaturation(field="pr"), RAIN),
        (ResponseBeyond(), BOTH),
        (WaveSource(), WIND),
    ],
)
def test_contract(measure, names):
    units = 10 if names == WIND else 16
    check_measure(measure, make=functools.partial(make, names=names, units=units))


@pytest.mark.parametrize(
    ("measure", "names"),
    [(ResponseGain(), RAIN), (ResponseOdd(), BOTH), (ResponsePhase(), HEIGHT), (WaveSource(), WIND)],
)
def test_perfect_scores_one_and_no_response_zero(measure, names):
    tables = {r: measure.summarise(make(r, names=names)) for r in ("truth", "floor", "subject")}
    none = measure.summarise(make("null", names=names, null="no_response"))
    d = {k: measure.discrepancy(tables["truth"], t).mean() for k, t in tables.items()}
    null = measure.discrepancy(tables["truth"], none).mean()
    assert (null - d["subject"]) / (null - d["floor"]) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("measure", "names"), [(ResponseOdd(), BOTH), (WaveSource(), WIND)])
def test_strength_is_found_again(measure, names):
    truth, weak = pair(measure, names, gain=0.7)
    value = measure.value(truth, weak)
    assert value.mean() == pytest.approx(0.7, abs=three_errors(value))


def test_gain_is_that_of_the_box():
    """On noise-free ground the gain is the box mean of the linear response to one unit, in mm/day."""
    measure = ResponseGain()
    truth, weak = pair(measure, RAIN, gain=0.6)
    grid = gauss_grid(21)
    one = 86400 * (enso_response("pr", grid, 1.0) - enso_response("pr", grid, -1.0)) / 2
    rows, columns = np.abs(grid.lat) <= 5, (grid.lon >= 190) & (grid.lon <= 240)
    exact = (one[rows][:, columns].mean(axis=1) * grid.weights[rows]).sum() / grid.weights[rows].sum()
    value = measure.value(truth, weak)
    assert value.mean() == pytest.approx(0.6 * exact, abs=three_errors(value))
    d = measure.discrepancy(truth, weak)
    assert d.mean() == pytest.approx(0.16, abs=three_errors(d) + 0.02)


def test_displaced_rain_shows_in_its_centroid():
    lon = np.linspace(120, 290, 69)
    noise = 0.01 * np.random.default_rng(0).standard_normal((10, 69))
    here, there = (np.exp(-(((lon - c) / 15) ** 2)) + noise for c in (200.0, 215.0))
    assert (centroid(there, lon) - centroid(here, lon)).mean() == pytest.approx(15, abs=2)


def test_gain_of_noise_is_refused():
    noise = steady_world("null", names=RAIN, null="no_response")
    measure = ResponseGain()
    table = measure.summarise(noise)
    with pytest.raises(CannotMeasure, match="cannot be told from noise"):
        measure.discrepancy(table, table)


def test_nonlinear_share_is_that_of_the_planted_parts():
    grid = gauss_grid(21)
    measure = ResponseEven(field="pr")
    truth = measure.summarise(make("truth", names=RAIN))
    value = measure.value(truth, truth)
    plus, minus = ([enso_response("pr", grid, s * k) for k in (1.0, 2.0)] for s in (1, -1))
    share = (np.abs(grid.lat) <= 30) * grid.weights

    def square(parts):
        return sum(((p**2).mean(axis=1) * share).sum() for p in parts)

    even = square([(p + m) / 2 for p, m in zip(plus, minus, strict=True)])
    odd = square([(p - m) / 2 for p, m in zip(plus, minus, strict=True)])
    assert value.mean() == pytest.approx(np.sqrt(even / odd), abs=three_errors(value))


def test_a_longer_control_makes_the_even_part_quieter():
    measure = ResponseEven(field="pr")
    names = RAIN
    short = measure.summarise(make("truth", names=names))
    long = measure.summarise(make("truth", names=names, controls=48))
    spread = [t["even"].var(axis=0, ddof=1).mean() for t in (short, long)]
    assert spread[1] / spread[0] == pytest.approx((1 / 2 + 1 / 3) / (1 / 2 + 1), abs=0.12)
    note = measure.curves(
        {"truth": short, "subject": short}, {k: make("truth", names=names) for k in ("truth", "subject")}
    )
    assert "even parts want 48" in note[-1].note
    note = measure.curves(
        {"truth": long, "subject": long}, {k: make("truth", names=names) for k in ("truth", "subject")}
    )
    assert "even parts want" not in note[-1].note


def test_a_shorter_control_is_refused():
    with pytest.raises(CannotMeasure, match="no fewer in the control"):
        ResponseOdd(field="pr").summarise(steady_world("truth", names=RAIN, controls=8))


def test_phase_shift_is_found_again():
    measure = ResponsePhase()
    truth, east = pair(measure, HEIGHT, phase=12.0)
    value = measure.value(truth, east)
    assert value.mean() == pytest.approx(
        12, abs=three_errors(value) + three_errors(measure.value(truth, truth)) + 0.5
    )
    d = measure.discrepancy(truth, east)
    assert d.mean() == pytest.approx(1 - np.cos(np.radians(36)), abs=0.03)
    curve = {
        c.name: c
        for c in measure.curves({"truth": truth, "subject": east}, {"truth": make("truth", names=HEIGHT)})
    }
    bars = curve["displacement"].series[0]
    assert bars.y[2] == pytest.approx(12, abs=1)
    error = bars.high[2] - bars.y[2]
    c = truth["waves"][:, 2]
    snr = abs(c.mean()) / (np.hypot(c.real.std(ddof=1), c.imag.std(ddof=1)) / np.sqrt(2 * len(c)))
    assert error == pytest.approx(2 * np.sqrt(2) * np.degrees(1 / snr) / 3, rel=0.5)


def test_phase_of_noise_is_refused():
    measure = ResponsePhase()
    weak = measure.summarise(make("truth", names=HEIGHT))
    weak = weak | {"waves": weak["waves"] - weak["waves"].mean(axis=0)}
    with pytest.raises(CannotMeasure, match="phase is unknown"):
        measure.discrepancy(weak, weak)


@pytest.mark.parametrize("field", ["zg500", "pr"])
def test_saturation_curve_is_the_planted_one(field):
    measure = ResponseSaturation(field=field)
    truth = measure.summarise(make("truth", names=(field,)))
    grid = gauss_grid(21)
    if field == "pr":
        share = ((np.abs(grid.lat) <= 30) * grid.weights)[:, None] * np.ones(len(grid.lon))
    else:
        inside = ((grid.lat >= 20) & (grid.lat <= 80))[:, None] & ((grid.lon >= 150) & (grid.lon <= 300))
        share = inside * grid.weights[:, None]
    one, two = (enso_response(field, grid, k) for k in (1.0, 2.0))
    exact = (share * one * two).sum() / (2 * (share * one**2).sum())
    value = measure.value(truth, truth)
    assert value.mean() == pytest.approx(exact, abs=three_errors(value))


def test_saturation_does_not_see_strength():
    measure = ResponseSaturation(field="pr")
    truth, weak = pair(measure, RAIN, gain=0.7)
    d = measure.discrepancy(truth, weak)
    assert abs(d.mean()) < three_errors(d) + 0.02


def test_saturation_needs_two_steps():
    with pytest.raises(CannotMeasure, match="two forcings of one sign"):
        steps(np.array([-1.0, 1.0]))


def test_a_linear_response_has_no_bend():
    x = np.random.default_rng(1).standard_normal((20, 1, 50)) * 0.1 + 1
    ladder = x * np.array([1.0, 2.0])[None, :, None]
    assert bend(ladder, np.array([1.0, 2.0]), 0, 1)[0] == pytest.approx(1.0)


def test_products_of_noise_have_mean_zero():
    """Unbiased norms: pure noise gives zero in the mean, where the plain square of the mean gives its
    variance."""
    random = np.random.default_rng(2)
    squares, products, plain = [], [], []
    for _ in range(600):
        x = random.standard_normal((8, 20))
        y = x + random.standard_normal((8, 20))  # shares the noise of x, unit by unit
        squares.append(pair_mean(x)[0])
        products.append(cross_mean(x, y)[0])
        plain.append((x.mean(axis=0) ** 2).sum())
    for found in (squares, products):
        assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(600)
    assert np.mean(plain) == pytest.approx(20 / 8, rel=0.1)


def test_products_agree_with_sums_over_pairs():
    random = np.random.default_rng(3)
    x, y = random.standard_normal((2, 6, 4)) + 1
    pairs = [x[i] @ y[j] for i in range(6) for j in range(6) if i != j]
    left = [x[i] @ y[j] for i in range(1, 6) for j in range(1, 6) if i != j]
    whole, without = cross_mean(x, y)
    assert whole == pytest.approx(np.mean(pairs))
    assert without[0] == pytest.approx(np.mean(left))
    assert strength(x, x).mean() == pytest.approx(1)
    assert detected(x + 5)
    assert not detected(random.standard_normal((6, 4)))
    assert norm(np.ones((5, 4)))[0] == pytest.approx(2)


def test_ladder_arithmetic():
    offset = np.array([-1.0, -0.5, 0.5, 1.0])
    assert mirrored(offset) == ([2, 3], [1, 0])
    response = 3 * offset + 2 * offset**2
    assert through_origin(offset, response[None, :, None])[0, 0] == pytest.approx(3)
    with pytest.raises(CannotMeasure, match="both signs"):
        mirrored(np.array([0.5, 1.0]))


def test_false_discoveries_are_held():
    assert discoveries(np.array([0.001, 0.012, 0.04, 0.5, 0.9]), 0.05).tolist() == [
        True,
        True,
        False,
        False,
        False,
    ]
    random = np.random.default_rng(4)
    maps = [
        significant(random.standard_normal((10, 200)), random.standard_normal((10, 200))).any()
        for _ in range(200)
    ]
    assert np.mean(maps) < 0.16  # the rate is 0.1 where points are independent
    signal = np.zeros(200)
    signal[:40] = 3.0
    found = significant(random.standard_normal((10, 200)) + signal, random.standard_normal((10, 200)))
    assert found[:40].mean() > 0.9
    assert found[40:].mean() < 0.05
    assert (two_sample(np.zeros((5, 3))) == 1).all()


def test_flux_of_wave_activity_only_where_the_grid_carries_it():
    for truncation, drawn in ((21, False), (31, True)):
        evidence = make("truth", names=WIND, truncation=truncation, units=3)
        measure = WaveSource()
        table = measure.summarise(evidence)
        curves = measure.curves({"truth": table, "subject": table}, {"truth": evidence, "subject": evidence})
        names = {c.name for c in curves}
        assert ("map_flux_eastward" in names) is drawn
        assert {"map_wave_source", "stationary_wavenumber", "pna"} <= names


def test_levels_that_were_not_saved_are_named():
    with pytest.raises(CannotMeasure, match="ua200"):
        WaveSource(level=200).summarise(make("truth", names=WIND))


def test_a_world_without_both_signs_or_a_grid_is_told_so():
    evidence = make("truth", names=RAIN)
    lame = evidence._replace(design={**evidence.design, "amplitudes": {"amp+1": 0.5, "amp+2": 1.0}})
    with pytest.raises(CannotMeasure, match="both signs"):
        ResponseOdd(field="pr").summarise(lame)
    none = evidence._replace(design={**evidence.design, "beyond": {}})
    with pytest.raises(CannotMeasure, match="inside the training range"):
        ResponseBeyond().summarise(none)
