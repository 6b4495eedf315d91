"""The measures of cyclones keep the contract on synthetic runs, and say the right number where it is known."""

import functools
import importlib.util
import zlib
from pathlib import Path

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.core.runs import Evidence, Runs, Unsupported
from gnomon.measures.cyclones.forecast_tracks import CycloneIntensity, CycloneTracks
from gnomon.measures.cyclones.statistics import CycloneStatistics
from gnomon.measures.cyclones.track_density import TrackDensity
from gnomon.spec.cards import Grid, Variable, WorldCard
from gnomon.testing.measures import check_measure

UNITS, MAPS, LOWS = 6, 16, 10
HOURS = 6.0 * np.arange(1, MAPS + 1)


def _low():
    spec = importlib.util.spec_from_file_location("lows", Path(__file__).parent / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOW = _low()
LAT, LON = LOW.gauss()


def card(truncation=31):
    weights = np.polynomial.legendre.leggauss(48)[1] / 2
    psl = Variable(name="psl", units="Pa", shape=(48, 96), dims=("lat", "lon"), scale=800.0, obs_error=50.0)
    return WorldCard(
        name="synthetic_air",
        rung="sphere",
        summary="moving lows",
        dt=0.25,
        time_units="d",
        variables=(psl,),
        knobs=(),
        timescale=2.0,
        spinup=1.0,
        exponents=1,
        references=("none: synthetic",),
        grid=Grid(lat=tuple(LAT), lon=tuple(LON), weights=tuple(weights), truncation=truncation),
    )


def random(*words):
    return np.random.default_rng([zlib.crc32(str(w).encode()) for w in words])


def draw(rng):
    """Lows of one unit: half in each hemisphere, moving polewards and east, each a few days long."""
    out = []
    for k in range(LOWS):
        side = 1 if k % 2 else -1
        start = rng.uniform(-30, 6)
        out.append(
            LOW.Low(
                lat=side * rng.uniform(38, 44),
                lon=36.0 * k + rng.uniform(-4, 4),
                bearing=90 - side * rng.uniform(5, 25),
                speed=rng.uniform(8, 12),
                depth=rng.uniform(10, 20),
                deepening=rng.uniform(0, 4),
                sigma=rng.uniform(4.2, 5.5),
                start=start,
                end=start + rng.uniform(84, 110),
            )
        )
    return out


def maps(lows, shift=0.0):
    base = 101500.0 + 3 * np.cos(np.radians(LAT))[:, None]
    field = np.broadcast_to(base, (MAPS, len(LAT), len(LON))).copy()
    for low in lows:
        field += low.pressure(HOURS, LAT, LON)
    return field


def faulty(low, fault):
    return low._replace(
        lat=low.lat + np.sign(low.lat) * 14 * fault,
        depth=low.depth * (1 + fault),
        sigma=low.sigma * (1 + 0.4 * fault),
        speed=low.speed * (1 + fault),
    )


@functools.cache
def pressure(label, role, unit, fault, null):
    if role == "null" and null == "gaussian":
        rng = random(label, "gaussian", unit)
        return np.concatenate([maps(draw(rng))[10 + k : 11 + k] for k in range(2)] * (MAPS // 2))
    if role == "null":
        return np.repeat(pressure(label, "truth", unit, 0.0, "")[:1], MAPS, axis=0)
    lows = draw(random(label, "truth" if label == "forecast" else role, unit))
    if label == "free":
        return maps([faulty(low, fault) for low in lows])
    if role == "truth":
        return maps(lows)
    rng = random(label, role, unit)
    off = 1 + 14 * fault
    moved = []
    for low in lows:
        lat, lon, speed, depth = rng.normal(size=4) * (0.2, 0.3, 0.1, 0.4) * off
        moved.append(
            low._replace(
                lat=low.lat + lat, lon=low.lon + lon, speed=low.speed + speed, depth=low.depth + abs(depth)
            )
        )
    return maps(moved)


def evidence(role, *, units=UNITS, fault=0.0, null="", diverged=(), truncation=31):
    runs = {}
    for label in ("free", "forecast"):
        psl = np.stack([pressure(label, role, u, fault, null) for u in range(units)])[:, None]
        lost = np.full((units, 1), -1)
        if diverged:
            psl = psl.copy()
            psl[list(diverged), :, 9:] = np.nan
            lost[list(diverged)] = 9
        runs[label] = Runs(
            label=label,
            obs={"psl": psl},
            time=HOURS / 24,
            forcing={},
            diverged=lost,
            exponents=None,
            initial={"psl": psl[:, 0, 0]},
            cost={},
        )
    return Evidence(card=card(truncation), runs=runs, design={"horizon": 4.0}, fit={})


@pytest.mark.parametrize("measure", [CycloneStatistics, TrackDensity, CycloneTracks, CycloneIntensity])
def test_contract(measure):
    check_measure(measure(), make=evidence)


@pytest.mark.parametrize("measure", [CycloneStatistics, TrackDensity, CycloneTracks, CycloneIntensity])
def test_no_cyclones_are_judged_below_t31_or_on_daily_maps_or_without_pressure(measure):
    with pytest.raises(CannotMeasure, match="no cyclones are judged below T31"):
        measure().summarise(evidence("truth", units=2, truncation=21))
    whole = evidence("truth", units=2)
    daily = {k: r._replace(time=r.time * 4) for k, r in whole.runs.items()}
    with pytest.raises(CannotMeasure, match="6 hours apart; these runs keep one every 24 hours"):
        measure().summarise(whole._replace(runs=daily))
    with pytest.raises(CannotMeasure, match="psl"):
        measure().summarise(whole._replace(runs={k: r._replace(obs={}) for k, r in whole.runs.items()}))
    with pytest.raises(CannotMeasure, match="why not"):
        measure().summarise(whole._replace(runs={k: Unsupported(k, "why not") for k in whole.runs}))


def test_no_cyclones_at_all_cost_what_the_definitions_say():
    truth = CycloneStatistics().summarise(evidence("truth"))
    empty = {k: np.zeros_like(v) if k in ("table", "lows") else v for k, v in truth.items()}
    d = CycloneStatistics().discrepancy(truth, empty)
    assert d.mean() == pytest.approx(1, abs=0.1)  # the truth's own noise is taken off
    twice = truth | {"table": 2 * truth["table"]}
    assert CycloneStatistics().discrepancy(truth, twice).mean() == pytest.approx(d.mean())
    assert CycloneStatistics().value(truth, truth).mean() == pytest.approx(10 / 4, rel=0.25)
    still = evidence("null", null="persistence_or_climatology")
    tracks = CycloneTracks().summarise(evidence("truth"))
    none = CycloneTracks().summarise(still)
    assert np.isnan(none["tracks"]).all()
    assert (CycloneTracks().discrepancy(tracks, none) == 1000).all()
    assert (CycloneIntensity().discrepancy(tracks, none) == 20).all()
    assert CycloneTracks().discrepancy(tracks, tracks).max() < 1e-3  # km, what rounding leaves of nothing
    dense = TrackDensity().summarise(evidence("truth"))
    gone = dense | {"tracks": np.zeros_like(dense["tracks"])}
    assert TrackDensity().discrepancy(dense, gone).mean() == pytest.approx(1, abs=0.3)


def test_a_truth_without_cyclones_is_said_to_be_one():
    still = evidence("null", null="persistence_or_climatology")
    for measure in (CycloneStatistics(), TrackDensity()):
        table = measure.summarise(still)
        with pytest.raises(CannotMeasure, match=r"too few cyclones|no cyclone tracks"):
            measure.discrepancy(table, table)


def test_seasons_are_told_apart_where_the_trial_declares_the_day():
    whole = evidence("truth", units=4)
    table = CycloneStatistics().summarise(whole._replace(design={"start_day": [10.0, 10.0, 190.0, 190.0]}))
    count = table["table"][:, :, 0].sum(axis=2)
    assert count.shape == (4, 4)  # south cold, south warm, north cold, north warm
    assert (count[:2, [0, 3]] == 0).all()
    assert (count[2:, [1, 2]] == 0).all()
    assert (count[:2, [1, 2]].sum(axis=1) > 0).all()
    both = CycloneStatistics().summarise(whole)["table"]
    assert np.allclose(both.sum(axis=1), table["table"].sum(axis=1))
