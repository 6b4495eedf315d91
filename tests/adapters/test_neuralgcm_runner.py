"""A checkpoint on a world of the sphere: what goes in, what comes out, and what is refused."""

import msgspec
import numpy as np
import pytest

from gnomon.adapters.neuralgcm import runner as module
from gnomon.adapters.neuralgcm.machine import Moment, Surface
from gnomon.adapters.neuralgcm.mapping import Place, column_of, observed, offer, wants
from gnomon.adapters.neuralgcm.runner import NeuralGCMRunner, Plan
from gnomon.adapters.neuralgcm.subject import NeuralGCM
from gnomon.adapters.neuralgcm.surface import grid_lattice, knob_fields, mask_of, read_snapshot, surface_of
from gnomon.core.runs import Unsupported
from gnomon.core.watch import OutOfTime, Watch
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Drive, Experiment
from tests.adapters.neuralgcm_stand_in import LEVELS, plausible, sphere_card, stand_in, starts_of

pytestmark = pytest.mark.filterwarnings("ignore")

CARD = sphere_card()
PLAN = Plan()


@pytest.fixture
def made(monkeypatch):
    """Runs an experiment on a stand-in whose sea is 290 K everywhere."""

    def run(experiment, card=CARD, plan=PLAN, watch=None, **changes):
        machine = stand_in(**changes)
        sea = Surface(np.full_like(machine.land, 290.0), np.zeros_like(machine.land))
        monkeypatch.setattr(module, "ready", lambda found: machine)
        monkeypatch.setattr(module, "surface_of", lambda *_: (sea, "flat"))
        runs = NeuralGCMRunner(None, card, plan).run(
            experiment, starts_of(card, experiment.units), seed=5, watch=watch or Watch()
        )
        return runs, machine.calls

    return run


def test_a_state_comes_back_as_it_was_sent(made):
    """Nothing happens between: what is left is the regridding and the levels."""
    runs, _ = made(Experiment(label="forecast", units=2, steps=3, starts="shared"))
    sent = plausible(CARD)
    for word, error in {"ta": 0.3, "ua": 0.5, "va": 0.3, "hus": 2e-4}.items():
        for level in LEVELS:
            got = runs.obs[f"{word}{level}"]
            assert got.shape == (2, 1, 3, 16, 32)
            assert got.dtype == np.float32
            np.testing.assert_allclose(
                got[0, 0, 0], sent[f"{word}{level}"], atol=error, err_msg=f"{word}{level}"
            )
    np.testing.assert_allclose(runs.obs["zg500"][0, 0, 0], sent["zg500"], atol=8.0)
    np.testing.assert_allclose(runs.obs["psl"][0, 0, 0], sent["psl"], atol=120.0)
    assert np.all(runs.diverged == -1)
    np.testing.assert_allclose(runs.time, [0.25, 0.5, 0.75])
    assert runs.initial["tas"].shape == (2, 16, 32)


def test_surface_pressure_is_that_of_the_worlds_own_ground(made):
    runs, _ = made(Experiment(label="forecast", units=1, steps=1))
    hills = np.reshape(CARD.grid.orography, (16, 32))
    ps = runs.obs["ps"][0, 0, 0]
    assert np.corrcoef(ps.ravel(), hills.ravel())[0, 1] < -0.99
    high = hills.max()
    assert ps[hills == high][0] == pytest.approx(101_000 * np.exp(-high / 8000.0), rel=0.02)


def test_what_it_cannot_give_is_left_out_and_told(made):
    runs, _ = made(Experiment(label="forecast", units=1, steps=1))
    missing = {"tas", "pr", "evspsbl", "rtmt"}
    assert set(runs.obs) == {v.name for v in CARD.variables} - missing
    log = NeuralGCM().log(CARD)
    assert set(log["lacks"]) == missing
    assert any("toy" in line for line in log["limits"])
    assert offer(CARD, rain=True).lacks == ("tas", "evspsbl", "rtmt")


def test_rain_is_the_difference_of_what_has_fallen(made):
    runs, _ = made(Experiment(label="free", units=1, steps=3), plan=Plan(rain=True), rainy=True)
    np.testing.assert_allclose(runs.obs["pr"], 1.0 / 86_400, rtol=1e-5)  # 1 mm a day is 1 kg m-2 a day


def test_warming_reaches_the_sea_in_full_and_by_the_ramp(made):
    steps = 4
    held = Experiment(label="shift+4", units=1, steps=steps, drives=(Drive.steady("warming", 4.0),))
    ramp = Experiment(label="shift+4", units=1, steps=steps, drives=(Drive.ramp("warming", 0.0, 4.0, 1.0),))
    control = Experiment(label="control", units=1, steps=steps)
    (c, _), (h, _), (r, _) = made(control), made(held), made(ramp)
    gain = (h.obs["ta850"] - c.obs["ta850"]).mean(axis=(-1, -2))[0, 0]
    np.testing.assert_allclose(gain, 0.4 * np.arange(1, steps + 1), atol=2e-3)
    gain = (r.obs["ta850"] - c.obs["ta850"]).mean(axis=(-1, -2))[0, 0]
    middle = (np.arange(steps) + 0.5) / 4 * 4.0  # the knob in the middle of every six hours
    np.testing.assert_allclose(gain, 0.1 * np.cumsum(middle), atol=2e-3)
    np.testing.assert_allclose(r.forcing["warming"][0], [1.0, 2.0, 3.0, 4.0])


def test_a_pattern_arrives_where_it_is_and_with_its_sign(made):
    order = [
        Experiment(label=f"amp{a:+g}", units=1, steps=1, drives=(Drive.steady("enso", a),))
        for a in (0.0, 2.0, -2.0)
    ]
    zero, plus, minus = (made(e)[0].obs["ta850"][0, 0, 0] for e in order)
    pattern = np.reshape(CARD.knob("enso").pattern, (16, 32))
    np.testing.assert_allclose(plus - zero, 0.1 * 2.0 * pattern, atol=5e-3)
    np.testing.assert_allclose(minus - zero, zero - plus, atol=1e-4)


def test_means_over_the_stride(made):
    order = {"starts": "own", "units": 1, "steps": 2, "stride": 4, "drives": (Drive.steady("warming", 1.0),)}
    mean, calls = made(Experiment(label="free", average=True, **order))
    last, _ = made(Experiment(label="free", **order))
    each, _ = made(Experiment(label="free", units=1, steps=8, drives=order["drives"]))
    np.testing.assert_allclose(
        mean.obs["ta500"][0, 0], each.obs["ta500"][0, 0].reshape(2, 4, 16, 32).mean(1), rtol=1e-6
    )
    np.testing.assert_allclose(last.obs["ta500"][0, 0], each.obs["ta500"][0, 0, 3::4], rtol=1e-6)
    assert len([c for c in calls if c[0] == "advance"]) == 8


def test_discarded_steps_are_run_and_not_shown(made):
    whole, _ = made(Experiment(label="free", units=1, steps=5, drives=(Drive.steady("warming", 1.0),)))
    late, _ = made(
        Experiment(label="free", units=1, discard=3, steps=2, drives=(Drive.steady("warming", 1.0),))
    )
    np.testing.assert_array_equal(late.obs["ta500"], whole.obs["ta500"][:, :, 3:])
    np.testing.assert_allclose(late.time, whole.time[3:])


def test_a_run_that_is_lost_is_data(made):
    runs, calls = made(Experiment(label="free", units=2, members=2, steps=6), fails_after=12)
    np.testing.assert_array_equal(runs.diverged, np.full((2, 2), 2))
    assert np.isfinite(runs.obs["ta500"][:, :, :2]).all()
    assert np.isnan(runs.obs["psl"][:, :, 2:]).all()
    assert len([c for c in calls if c[0] == "advance"]) == 4 * 3  # it is not stepped on


def test_units_and_members_have_seeds_of_their_own_and_runs_repeat(made):
    order = Experiment(label="ensemble", units=2, members=3, steps=1)
    (first, calls), (second, _) = made(order), made(order)
    assert len({c[2] for c in calls if c[0] == "start"}) == 6
    for name, x in first.obs.items():
        np.testing.assert_array_equal(x, second.obs[name])


def test_its_clock_runs_or_stands(made):
    order = Experiment(label="free", units=1, steps=6)
    _, runs = made(order, plan=Plan(date="1999-07-15"))
    _, stands = made(order, plan=Plan(date="1999-07-15", perpetual=True))
    times = [[str(c[1]) for c in calls if c[0] == "advance"] for calls in (runs, stands)]
    assert times[0] == [f"1999-07-{15 + n // 4}T{6 * (n % 4):02d}" for n in range(6)]
    assert times[1] == [f"1999-07-15T{6 * (n % 4):02d}" for n in range(6)]


def test_limits_hold_inside_a_run(made):
    with pytest.raises(OutOfTime):
        made(Experiment(label="free", units=1, steps=6), watch=Watch(seconds=-1.0))


def test_a_timed_run_tells_its_cost(made):
    runs, calls = made(Experiment(label="cost", units=1, steps=2, outputs=("obs", "timing")))
    assert runs.cost["steps"] == 2
    assert runs.cost["time_units"] == 0.5
    assert "peak_memory_mb" in runs.cost
    assert len([c for c in calls if c[0] == "advance"]) == 3  # one to compile


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"without": tuple(f"hus{n}" for n in LEVELS)}, "does not show hus"),
        ({"without": ("psl",)}, "sea-level pressure"),
        ({"without": ("ua850",)}, "different levels"),
        ({"without": tuple(f"{w}1000" for w in ("ta", "ua", "va", "hus"))}, "1000 hPa"),
    ],
)
def test_a_world_without_what_it_needs_is_unsupported(made, change, reason):
    card = sphere_card(**change)
    assert reason in wants(card)
    runs, _ = made(Experiment(label="forecast", units=1, steps=1), card=card)
    assert isinstance(runs, Unsupported)
    assert reason in runs.reason


def test_what_it_cannot_run_is_unsupported(made):
    runs, _ = made(Experiment(label="tangent", units=1, steps=1, outputs=("exponents",)))
    assert "tangent" in runs.reason
    other = sphere_card(pattern=False)  # a knob that is neither a pattern nor warming
    runs, _ = made(Experiment(label="control", units=1, steps=1), card=other)
    assert not isinstance(runs, Unsupported)
    moved = Experiment(label="amp+1", units=1, steps=1, drives=(Drive.steady("enso", 1.0),))
    runs, _ = made(moved, card=other)
    assert "nothing like the knob 'enso'" in runs.reason
    runs, _ = made(Experiment(label="free", units=1, steps=1), card=msgspec.structs.replace(CARD, dt=1 / 7))
    assert "does not divide" in runs.reason


def test_cells_that_are_warmed():
    ice = np.array([[0.0, 0.5, 0.0]])
    land = np.array([[0.0, 0.0, 1.0]])
    sea = Surface(np.full((1, 3), 290.0), ice)
    for word, wanted in {"all": [1, 1, 1], "ocean_and_ice": [1, 1, 0], "ocean": [1, 0, 0]}.items():
        np.testing.assert_array_equal(mask_of(word, sea, land)[0], wanted)
    with pytest.raises(BadSpec, match="expected 'all'"):
        mask_of("land", sea, land)


def test_the_sea_is_the_worlds_own_where_it_tells_it():
    machine = stand_in()
    told, _ = surface_of(CARD, machine, "auto")
    assert 271.0 < told.sst.min() < told.sst.max() < 304.5
    assert told.ice.min() == 0.0
    assert told.ice.max() <= 1.0
    with pytest.raises(BadSpec, match="does not tell its sea"):
        surface_of(CARD, machine, "world")
    fields = knob_fields(CARD, machine, told, "all")
    assert set(fields) == {"enso", "warming"}
    assert max(CARD.knob("enso").pattern) < fields["enso"].max() < 2.05  # its crest lies between the points


def test_the_packaged_state_in_columns_of_seven_levels_keeps_its_heights():
    """The real atmosphere, thinned to a world's levels and filled again: how good heights and pressures are."""
    machine, real = stand_in(), read_snapshot()
    machine = machine._replace(level=real.column.level)
    card = sphere_card(32, 64)
    whole = Moment(None, real.column, None)
    here = machine._replace(lattice=real.lattice, land=np.zeros((32, 64)))
    names = tuple(v.name for v in card.variables if v.name not in ("tas", "pr", "evspsbl", "rtmt"))
    place = Place(real.lattice, np.zeros((32, 64)))
    obs = observed(names, whole, None, 1.0, here, place)
    column = column_of(card, here._replace(lattice=grid_lattice(card)), obs, real)
    below = real.column.level >= 300.0
    away = np.abs(column.z - real.column.z)[below] / 9.80665
    weights = np.cos(np.deg2rad(np.array(real.lattice.lat)))[None, :, None] * np.ones_like(away)
    assert np.average(away, weights=weights) < 12.0
    troposphere = (real.column.level >= 100.0) & (real.column.level < 925.0)
    assert np.abs(column.t - real.column.t)[troposphere].mean() < 1.3
    again = observed(names, Moment(None, column, None), None, 1.0, here, place)
    assert np.abs(again["psl"] - obs["psl"]).mean() < 30.0
    np.testing.assert_allclose(again["zg500"], obs["zg500"], atol=1.0)
