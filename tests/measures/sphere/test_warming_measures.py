"""Warming on the sphere: indices of analytic climates, pattern scaling, drift, ranges."""

import functools

import msgspec
import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.sphere.fields import LEVELS, sphere
from gnomon.measures.sphere.indices import (
    ADIABAT,
    HEADLINE,
    INDICES,
    SHOWN,
    adiabat,
    change_of,
    crossing,
    hadley,
    peak,
    quoted,
)
from gnomon.measures.sphere.pattern_scaling import relative_error, scaled_prediction, scaling_slope
from gnomon.measures.sphere.warming_indices import WarmingIndices
from gnomon.measures.sphere.warming_profile import WarmingProfile, judged, layer_thickness
from gnomon.measures.sphere.warming_range import RangeShare
from gnomon.measures.sphere.warming_scaling import WarmingScaling
from gnomon.measures.sphere.warming_shown import WarmingShown
from gnomon.numerics.sphere.grid import GRAVITY, RADIUS
from gnomon.spec.errors import BadSpec
from gnomon.testing.synthetic_sphere_climate import sphere_card
from tests.measures.sphere.steady_world import steady_world

AIR = tuple(f"ta{p}" for p in LEVELS)
WHERE = sphere(sphere_card())


@functools.cache
def make(role, **options):
    return steady_world(role, trial="shift", **options)


def three_errors(values):
    return 3 * values.std(ddof=1) / np.sqrt(len(values))


@pytest.mark.parametrize(
    ("index", "names", "known"),
    [
        ("surface_warming", ("tas",), 1.0),
        ("hydrological_sensitivity", ("tas", "pr"), 3.0),
        ("column_vapour", ("tas", "ps", *(f"hus{p}" for p in LEVELS)), 7.0),
        ("tropical_amplification", ("tas", *AIR), 1.9 / 1.05),
        ("temperature_100", ("tas", "ta100"), 0.4),
        ("temperature_50", ("tas", "ta50"), -0.5),
    ],
)
def test_indices_of_the_synthetic_climate_are_the_planted_ones(index, names, known):
    measure = WarmingIndices(index=index)
    table = measure.summarise(make("truth", names=names))
    value = measure.value(table, table)
    assert value.mean() == pytest.approx(known, abs=three_errors(value) + 0.005 * abs(known))


def test_feedback_is_shown_and_refused_a_grade():
    evidence = make("truth", names=("tas", "rtmt"))
    shown = WarmingShown(index="feedback")
    table = shown.summarise(evidence)
    assert shown.value(table, table).mean() == pytest.approx(-1.2, abs=0.01)
    assert WarmingShown.null == ""
    for name in SHOWN:
        with pytest.raises(CannotMeasure, match="prescribed"):
            WarmingIndices(index=name).summarise(evidence)


def test_land_indices_are_graded_on_files():
    evidence = make("truth", names=("tas", "rtmt"))
    files = evidence._replace(card=msgspec.structs.replace(evidence.card, rung="archive"))
    table = WarmingIndices(index="feedback").summarise(files)
    assert WarmingIndices(index="feedback").discrepancy(table, table).mean() == pytest.approx(0, abs=1e-9)


def test_unknown_indices_are_refused_by_name():
    with pytest.raises(BadSpec, match="no index 'jets'"):
        WarmingIndices(index="jets")
    assert set(HEADLINE) <= set(INDICES)
    assert not set(HEADLINE) & set(SHOWN)


def test_missing_variables_are_named():
    with pytest.raises(CannotMeasure, match="hus"):
        WarmingIndices(index="column_vapour").summarise(make("truth", names=("tas", "pr")))


def test_a_change_within_the_noise_is_refused():
    names = ("tas", "ua850")
    measure = WarmingIndices(index="eddy_jet_latitude_north")
    table = measure.summarise(make("truth", names=names))
    still = table | {measure.index: table[measure.index] - table[measure.index].mean(axis=0)}
    with pytest.raises(CannotMeasure, match="cannot be told from noise"):
        measure.discrepancy(still, still)


def test_storms_need_daily_series():
    names = ("tas", "ua250", "va250")
    measure = WarmingIndices(index="storm_track_energy_north")
    evidence = make("truth", names=names)
    with pytest.raises(CannotMeasure, match="daily means"):
        measure.summarise(evidence)
    random = np.random.default_rng(0)
    runs = {}
    for i, (label, r) in enumerate(evidence.runs.items()):
        shape = (4, 1, 40, *r.obs["ua250"].shape[-2:])
        winds = {n: (1 + 0.1 * i) * 10 * random.standard_normal(shape) for n in ("ua250", "va250")}
        tas = r.obs["tas"][:4].repeat(20, axis=2)
        runs[label] = r._replace(obs={"tas": tas, **winds}, time=np.arange(1.0, 41), diverged=r.diverged[:4])
    table = measure.summarise(evidence._replace(runs=runs))
    growth = table[measure.index].mean(axis=0)[:, 0]
    exact = 100 * 39 / 40 * (np.array([1.1, 1.2, 1.3]) ** 2 - 1)
    assert growth == pytest.approx(exact, rel=0.05)


def test_hadley_edge_and_strength_of_an_analytic_cell():
    """psi = A sin(pi lat / edge) sin(pi p / ps): both cells end at `edge`, the northern is clockwise
    (positive)."""
    edge, size = 28.0, 9e10
    p = np.array(LEVELS, float) * 100
    phi = np.radians(WHERE.lat)[None]
    slope = np.pi / 1e5 * np.cos(np.pi * p / 1e5)[:, None]
    v = GRAVITY / (2 * np.pi * RADIUS * np.cos(phi)) * size * np.sin(np.pi * WHERE.lat / edge) * slope
    ps = np.full(len(WHERE.lat), 1e5)
    for way in (1, -1):
        where, strength = hadley(v, WHERE, ps, way)
        assert where == pytest.approx(way * edge, abs=0.6)  # linear between rows 5.5 degrees apart
        assert strength == pytest.approx(9, rel=0.15)  # a trapezoid over seven levels
    assert hadley(-v, WHERE, ps, 1)[0] == pytest.approx(
        0, abs=0.6
    )  # turned about: the positive cell is the southern
    assert np.isnan(hadley(0 * v, WHERE, ps, 1)).all()


def test_peaks_and_crossings():
    lat = np.arange(-90.0, 91, 5)
    assert peak(lat, 40 - 0.02 * (lat - 43) ** 2, 20, 75) == pytest.approx((43, 40))
    assert np.isnan(peak(lat, lat, 20, 75)[0])  # highest on the border of the band
    assert crossing(lat, lat - 12.5, int(np.flatnonzero(lat == -30)[0]), 1) == pytest.approx(12.5)
    assert np.isnan(crossing(lat, np.ones(37), 5, 1))


def test_quoted_numbers():
    index = INDICES["moist_adiabat"]
    assert quoted(index, np.array([3.0, 4.0, 0.0]), 2.0) == pytest.approx(np.sqrt(25 / 3) / 2)
    assert quoted(INDICES["tropical_amplification"], np.array([2.0, 2.2, 3.0, 5.0]), 4.0) == pytest.approx(
        2.5
    )
    assert quoted(INDICES["land_ocean"], np.array([3.0, 2.0]), 4.0) == pytest.approx(1.5)
    assert np.isnan(quoted(INDICES["land_ocean"], np.array([3.0, 0.0]), 4.0))
    log = INDICES["hydrological_sensitivity"]
    assert change_of(log, np.array([2.0]), np.array([2.0 * np.exp(0.12)])) == pytest.approx([12.0])


def test_a_tropics_on_the_moist_adiabat_does_not_deviate():
    def climate(t):
        flat = np.ones((len(WHERE.lat), len(WHERE.lon)))
        fields = {"ta1000": t * flat, "hus1000": 0.015 * flat}
        lifted = adiabat(fields, WHERE)
        return fields | {f"ta{p}": x * flat for p, x in zip(ADIABAT, lifted, strict=True)}

    of = INDICES["moist_adiabat"].of
    assert of(climate(298.0), WHERE) == pytest.approx(np.zeros(3), abs=1e-9)
    warm = climate(302.0)
    warm["ta250"] = warm["ta250"] - 1.5
    assert of(warm, WHERE)[-1] == pytest.approx(-1.5)


def test_pattern_scaling_is_exact_on_a_linear_world():
    random = np.random.default_rng(5)
    pattern = random.standard_normal(30)
    alive = np.ones(12, bool)
    clean = np.broadcast_to(pattern, (12, 30))
    assert relative_error(scaled_prediction(2 * clean, 2.0), 4 * clean, alive)[0] == pytest.approx(
        0, abs=1e-12
    )
    noisy = [k * pattern + 0.3 * random.standard_normal((12, 30)) for k in (2, 4)]
    error, spread = relative_error(scaled_prediction(noisy[0], 2.0), noisy[1], alive)
    assert abs(error) < 3 * spread
    kelvin = np.array([2.0, 3.0, 4.0])
    assert scaling_slope(kelvin[:, None] * pattern, kelvin) == pytest.approx(pattern)
    bent = relative_error(scaled_prediction(2 * clean, 2.0), 5 * clean, alive)[0]
    assert bent == pytest.approx(0.04)


def test_nonlinearity_is_the_planted_one():
    """X(d) = r d (1 + b d): X(4) - 2 X(2) = 8 r b, over 2 X(2) = 4 r (1 + 2 b)."""
    measure, b = WarmingScaling(), 0.1
    evidence = make("truth", names=("tas",), bent=b)
    table = measure.summarise(evidence)
    value = measure.value(table, table)
    assert value.mean() == pytest.approx(2 * b / (1 + 2 * b), abs=three_errors(value) + 1e-3)
    figures = measure.curves({"truth": table, "subject": table}, {"truth": evidence})
    scaled = next(c for c in figures if c.name == "pattern_scaling").series
    lps = next(s for s in scaled if "pattern scaling" in s.label)
    far = 4 * (1 + 4 * b)
    assert lps.y[0] == pytest.approx(((far - 2 * 2 * (1 + 2 * b)) / far) ** 2, abs=0.01)


def test_upper_levels_count_only_where_the_truth_is_certain():
    names = AIR
    evidence = make("truth", names=names)
    measure = WarmingProfile()
    assert judged(measure.summarise(evidence))[-1].all()
    shifted = evidence.runs["shift+4"]
    x = shifted.obs["ta50"].copy()
    x[:, :, 1] += 8.0  # the stratosphere still on its way: a drift of twice four kelvin
    drifting = evidence._replace(
        runs={**evidence.runs, "shift+4": shifted._replace(obs={**shifted.obs, "ta50": x})}
    )
    counted = judged(measure.summarise(drifting))[-1]
    assert not counted[LEVELS.index(50)].any()
    assert counted[: LEVELS.index(50)].all()
    assert layer_thickness().sum() == pytest.approx(1)


def test_share_out_of_range():
    measure = RangeShare()
    names = ("tas", "ta250")
    cold = measure.summarise(make("null", names=names, null="no_response"))
    assert cold["share"].mean() == pytest.approx(cold["chance"][0], rel=0.4)
    warm = measure.summarise(make("truth", names=names, noise=0.02))
    assert warm["share"].min() == 1.0


def test_short_evidence_says_what_is_missing():
    evidence = make("truth", names=("tas",))
    for measure in (WarmingIndices(), WarmingScaling(), RangeShare()):
        with pytest.raises(CannotMeasure):
            measure.summarise(evidence._replace(design={}))
    alone = {k: v for k, v in evidence.design["offsets"].items() if k == "shift+3"}
    with pytest.raises(CannotMeasure, match="double"):
        WarmingScaling().summarise(evidence._replace(design={**evidence.design, "offsets": alone}))
