"""A checkpoint on its own: periods, units, files in the layout of AIMIP, and how it ends when it breaks."""

import numpy as np
import pytest
import xarray

from gnomon.adapters.neuralgcm import native
from gnomon.adapters.neuralgcm.native import run_checkpoint, write_cf
from gnomon.adapters.neuralgcm.sea_series import read_sea
from gnomon.adapters.neuralgcm.surface import read_snapshot
from gnomon.spec.errors import BadData, BadSpec
from tests.adapters.neuralgcm_stand_in import stand_in

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def run(monkeypatch):
    def go(*, machine=None, **asked):
        machine = machine or stand_in(
            base=290.0, rainy=asked.pop("rainy", False), fails_after=asked.pop("fails_after", None)
        )
        monkeypatch.setattr(native, "ready", lambda found: machine)
        return run_checkpoint("toy", **asked)

    return go


@pytest.fixture
def sea_file(tmp_path):
    """Monthly records from December 1958 to February 1959 in degrees C and per cent, land missing, north first."""
    lat, lon = np.linspace(88.0, -88.0, 23), np.arange(0.0, 360.0, 10.0)
    sst = np.full((3, 23, 36), 10.0) + np.array([0.0, 10.0, 40.0])[:, None, None] / 2
    sst[:, 5:9, 10:20] = np.nan
    data = xarray.Dataset(
        {
            "tos": (("time", "lat", "lon"), sst, {"units": "degC"}),
            "siconc": (
                ("time", "lat", "lon"),
                np.where(abs(lat)[None, :, None] > 75, 100.0, 0.0) + 0 * sst,
                {"units": "%"},
            ),
        },
        {
            "time": np.array(["1958-12-01", "1959-01-01", "1959-02-01"], "datetime64[ns]"),
            "lat": lat,
            "lon": lon,
        },
    )
    path = tmp_path / "sea.nc"
    data.to_netcdf(path)
    return path


def test_instants_have_the_names_units_and_levels_of_aimip(run):
    data = run(days=0.5)
    assert set(data.data_vars) == {"ta", "ua", "va", "hus", "zg500", "psl", "ps", "time_bnds"}
    assert list(data["plev"].values) == [100_000, 85_000, 70_000, 50_000, 25_000, 10_000, 5_000]
    assert list(data["time"].values.astype("datetime64[h]").astype(str)) == ["1959-01-02T06", "1959-01-02T12"]
    real = read_snapshot()
    assert data["ta"].attrs["units"] == "K"
    at_500 = real.column.t[list(real.column.level).index(500.0)]
    got = run(days=0.25, machine=stand_in(base=290.0))["ta"].sel(plev=50_000).isel(time=0)
    weights = np.cos(np.deg2rad(got["lat"].values))
    mean = np.average(got.mean("lon").values, weights=weights)
    sst = 0.1 * (
        np.average(real.surface.sst.mean(axis=1), weights=np.cos(np.deg2rad(np.array(real.lattice.lat))))
        - 290.0
    )
    wanted = np.average(at_500.mean(axis=1), weights=np.cos(np.deg2rad(np.array(real.lattice.lat)))) + sst
    assert mean == pytest.approx(wanted, abs=0.3)
    assert 5000 < float(data["zg500"].mean()) < 5900
    assert 95_000 < float(data["psl"].mean()) < 104_000


def test_only_whole_days_and_months_are_told(run):
    daily = run(days=2.5, means="day")
    assert list(daily["time"].values.astype("datetime64[h]").astype(str)) == [
        "1959-01-02T12",
        "1959-01-03T12",
    ]
    assert daily["ta"].attrs["cell_methods"] == "time: mean"
    np.testing.assert_array_equal(
        np.diff(daily["time_bnds"].values, axis=1) / np.timedelta64(1, "D"), [[1.0], [1.0]]
    )
    monthly = run(days=60, means="month", levels=(850.0,))
    assert list(monthly["time_bnds"].values[:, 0].astype("datetime64[D]").astype(str)) == ["1959-02-01"]
    with pytest.raises(BadSpec, match="no whole month"):
        run(days=20, means="month", levels=(850.0,))


def test_daily_means_are_means_of_the_instants(run):
    instants, daily = run(days=1), run(days=1, means="day")
    np.testing.assert_allclose(daily["ta"].values[0], instants["ta"].values.mean(axis=0), rtol=1e-6)


def test_rain_is_a_mean_rate(run):
    data = run(days=0.75, rainy=True)
    np.testing.assert_allclose(data["pr"].values, 1.0 / 86_400, rtol=1e-5)
    assert data["pr"].attrs == {
        "standard_name": "precipitation_flux",
        "units": "kg m-2 s-1",
        "cell_methods": "time: mean",
    }


def test_warming_is_added_to_the_declared_cells_and_recorded(run):
    control, warm = run(days=0.25), run(days=0.25, warming=4.0)
    np.testing.assert_allclose(warm["ta"] - control["ta"], 0.4, atol=1e-3)
    assert warm.attrs["warming_K"] == 4.0
    assert warm.attrs["warmed_cells"] == "all"
    ocean = run(days=0.25, warming=4.0, warmed="ocean")
    change = (ocean["ta"] - control["ta"]).isel(time=0, plev=0)
    assert {round(float(x), 1) for x in np.unique(change)} == {
        0.0,
        0.4,
    }  # the stand-in has no land: what stays is ice


def test_it_stops_where_it_is_not_finite_and_says_when(run):
    data = run(days=2, fails_after=24)
    assert data.attrs["stopped"] == "not finite at 1959-01-03T06"
    assert len(data["time"]) == 4
    assert np.isfinite(data["ta"].values).all()
    with pytest.raises(BadSpec, match="nothing to tell: not finite"):
        run(days=1, fails_after=0)


def test_the_drift_of_surface_pressure_is_told_and_the_toy_says_that_it_is_one(run):
    data = run(days=1)
    assert "Pa/day" in data.attrs["ps_drift"]
    assert "toy" in data.attrs["comment"]
    assert len(data.attrs["checkpoint_sha256"]) == 64


def test_the_present_time_goes_with_every_step_even_after_a_year(run):
    """The day-366 trap: a forcing that stays behind the clock by a year turns NeuralGCM into NaN."""
    machine = stand_in()
    run(days=380, means="month", levels=(850.0,), machine=machine)
    times = np.array([c[1] for c in machine.calls if c[0] == "advance"])
    assert len(times) == 380 * 4
    assert np.all(np.diff(times) == np.timedelta64(6, "h"))
    assert times[-1] == np.datetime64("1960-01-16T18")


def test_files_lie_as_aimip_wants_them_and_read_back(run, tmp_path):
    data = run(days=1, means="day", rainy=True)
    paths = write_cf(
        data, tmp_path, institution="Home", model="toy-1", experiment="aimip", version="v20260101"
    )
    assert len(paths) == 8
    base = tmp_path / "Home" / "toy-1" / "aimip" / "r1i1p1f1" / "day"
    path = base / "ta" / "gn" / "v20260101" / "ta_day_toy-1_aimip_r1i1p1f1_gn_19590102-19590102.nc"
    assert path in paths
    with xarray.open_dataset(path) as back:
        np.testing.assert_array_equal(back["ta"].values, data["ta"].values)
        np.testing.assert_array_equal(back["time"].values, data["time"].values)
        assert back["ta"].dims == ("time", "plev", "lat", "lon")
        assert back.attrs["variable_id"] == "ta"
        assert back["time"].encoding["calendar"] in ("standard", "gregorian", "proleptic_gregorian")
    assert not list(tmp_path.rglob("*.part"))
    with pytest.raises(BadSpec, match="cannot be part of a file name"):
        write_cf(data, tmp_path, institution="../up", model="toy", experiment="aimip")


def test_a_changing_sea_is_linear_between_its_records(run, sea_file):
    machine = stand_in()
    series = read_sea(sea_file, machine)
    half = series.at(np.datetime64("1958-12-16T12"))
    open_sea = half.sst[0]
    np.testing.assert_allclose(
        open_sea, 273.15 + 10.0 + 2.5, atol=0.3
    )  # far from land, halfway from 10 to 15 degrees
    np.testing.assert_allclose(series.at(np.datetime64("1959-02-01")).sst[0], 303.15, atol=0.5)
    assert half.ice.max() == pytest.approx(1.0)
    assert np.isfinite(half.sst).all()
    for outside in ("1958-11-30T23", "1959-02-01T01"):
        with pytest.raises(BadData, match="span the run"):
            series.at(np.datetime64(outside))
    with pytest.raises(BadData, match="span the run"):
        run(days=60, means="month", levels=(850.0,), sea=str(sea_file))
    data = run(days=0.25, sea=str(sea_file))
    assert "sea.nc" in data.attrs["forcing"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d.rename(tos="temperature"), "expected sea_surface_temperature"),
        (lambda d: d.assign(tos=d["tos"].assign_attrs(units="K")), "expected kelvin"),
        (lambda d: d.assign(siconc=d["siconc"].assign_attrs(units="1")), "share from 0 to 1"),
        (lambda d: d.isel(time=[1, 0, 2]), "do not ascend"),
        (lambda d: d.isel(lon=slice(0, 20)), "around the globe"),
    ],
)
def test_a_sea_that_cannot_be_right_is_told(sea_file, tmp_path, change, match):
    with xarray.open_dataset(sea_file) as data:
        change(data.load()).to_netcdf(tmp_path / "bad.nc")
    with pytest.raises(BadData, match=match):
        read_sea(tmp_path / "bad.nc", stand_in())


def test_damaged_files_are_told(sea_file, tmp_path):
    short = tmp_path / "short.nc"
    short.write_bytes(sea_file.read_bytes()[:2000])
    with pytest.raises(BadData, match="cannot be read"):
        read_sea(short, stand_in())
    with pytest.raises(BadData, match="cannot be read"):
        read_snapshot(str(short))
    with pytest.raises(BadData, match="lacks temperature"):
        read_snapshot(str(sea_file))


@pytest.mark.parametrize("asked", [{"days": 0.1}, {"days": 0}, {"days": 1, "means": "year"}])
def test_orders_that_make_no_sense(run, asked):
    with pytest.raises(BadSpec, match="expected"):
        run(**asked)
