"""A tree of files or a store opens as lazy arrays with one set of names, units and axes."""

import importlib
import os
import shutil
import warnings
from typing import Any

import numpy as np
import pytest

from gnomon.archives import examine, open_collection
from gnomon.archives.axes import edges_of_rows, grid_of
from gnomon.archives.units import conversion, level_conversion, normal
from gnomon.spec.errors import BadData
from tests.archives.faults import FAULTS, axis, calendar, first_days, picked, scaled
from tests.archives.make_trees import (
    LEVELS,
    aimip_tree,
    cf_dataset,
    cmip_tree,
    rows_and_columns,
    weatherbench_store,
    write,
)  # fmt: skip

xr: Any = importlib.import_module("xarray")


def toy(tmp_path, variables=("tas",), **how):
    return aimip_tree(tmp_path / "tree", experiments={"amip": 0.0}, variables=variables, **how)


def test_an_aimip_tree(tmp_path):
    warming = {"aimip": 0.0, "aimip-p2k": 2.0}
    root = aimip_tree(
        tmp_path, experiments=warming, members=2, variables=("ta", "tas", "zg500"), daily=("tas",)
    )
    c = open_collection(root)
    assert c.model == "Toy-1"
    assert c.experiments == ("aimip", "aimip-p2k")
    assert c.members("aimip") == ("r1i1p1f1", "r2i1p1f1")
    assert c.variables("aimip") == ("ta", "tas", "zg500")
    assert c.frequencies("aimip", "tas") == ("mon", "day")
    assert c.frequencies("aimip", "ta") == ("mon",)
    assert c.frequency("aimip", "tas") == "mon"
    assert c.years("aimip", "tas") == (1979, 1980, 1981)
    assert c.years("aimip", "tas", frequency="day") == (1979,)
    assert c.levels("aimip", "ta") == LEVELS
    assert c.levels("aimip", "tas") == ()
    assert c.calendar == "standard"
    assert (len(c.grid.lat), len(c.grid.lon)) == (18, 36)
    assert c.has("aimip", "ta850")
    assert c.has("aimip", "zg500")
    assert not c.has("aimip", "ua")
    assert not c.has("amip", "tas")


def test_arrays_are_lazy_and_right(tmp_path):
    c = open_collection(toy(tmp_path, ("ta", "tas", "zg500"), seed=3))
    stored = cf_dataset("ta", (1979, 1981), seed=301)["ta"].values
    ta = c.array("amip", "r1i1p1f1", "ta")
    assert ta.chunks is not None
    assert ta.dims == ("time", "plev", "lat", "lon")
    np.testing.assert_array_equal(ta.values, stored)
    at = c.array("amip", "r1i1p1f1", "ta850")
    assert (at.name, at.dims, at.attrs["units"]) == ("ta850", ("time", "lat", "lon"), "K")
    np.testing.assert_array_equal(at.values, stored[:, 1])
    np.testing.assert_array_equal(c.array("amip", "r1i1p1f1", "ta", level=850).values, at.values)
    assert c.array("amip", "r1i1p1f1", "zg", level=500).name == "zg500"
    assert str(at["time"].values[0])[:10] == "1979-01-16"
    assert at.chunks[0] == (12, 12, 12)  # whole years


def test_a_cmip_tree_in_pieces(tmp_path):
    c = open_collection(cmip_tree(tmp_path, years=(1979, 1982), pieces=4))
    assert c.experiments == ("historical",)
    assert c.years("historical", "tas") == (1979, 1980, 1981, 1982)
    tas = c.array("historical", "r1i1p1f1", "tas")
    assert tas.shape == (48, 18, 36)
    assert (np.diff(tas["time"].values) > np.timedelta64(0)).all()


def test_the_newest_version_is_read(tmp_path):
    root = toy(tmp_path)
    old = next(root.rglob("v20250101"))
    shutil.copytree(old, old.with_name("v20240101"))
    path = next(old.glob("*.nc"))
    write(scaled(offset=5.0)(cf_dataset("tas", (1979, 1981), seed=1)), path)
    read = open_collection(root).array("amip", "r1i1p1f1", "tas").values
    np.testing.assert_allclose(read - 5, cf_dataset("tas", (1979, 1981), seed=1)["tas"].values, atol=1e-3)


def test_several_models_are_refused_and_chosen(tmp_path):
    toy(tmp_path)
    root = toy(tmp_path, model="Other")
    with pytest.raises(BadData, match=r"the models Other, Toy-1; give the folder of one, or only="):
        open_collection(root)
    assert open_collection(root, only={"model": "Other"}).model == "Other"
    with pytest.raises(BadData, match="expected one of model, experiment"):
        open_collection(root, only={"colour": "red"})


def test_files_without_the_convention_speak_by_their_attributes(tmp_path):
    data = cf_dataset("tas", (1979, 1980), attrs={"experiment_id": "amip-p4K", "source_id": "X"})
    data["pr"] = cf_dataset("pr", (1979, 1980))["pr"]
    data.to_netcdf(tmp_path / "anything.nc", engine="netcdf4")
    c = open_collection(tmp_path / "anything.nc")
    assert (c.model, c.experiments, c.variables("amip-p4K")) == ("X", ("amip-p4K",), ("pr", "tas"))
    assert c.years("amip-p4K") == (1979, 1980)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_weatherbench_store(tmp_path, zarr_format):
    stored = weatherbench_store(tmp_path / "w.zarr", zarr_format=zarr_format)
    c = open_collection(tmp_path / "w.zarr")
    assert c.experiments == ("era5",)
    assert c.variables("era5") == ("hus", "pr", "psl", "ta", "tas", "zg")
    assert c.frequency("era5") == "6hr"
    assert c.levels("era5", "ta") == (1000, 850, 700, 500, 250, 100, 50)
    zg = c.array("era5", "r1i1p1f1", "zg500")
    expected = stored["geopotential"].sel(level=500).transpose("time", "latitude", "longitude").values
    np.testing.assert_allclose(zg.values, expected / 9.80665, rtol=1e-6)
    pr = c.array("era5", "r1i1p1f1", "pr").values
    np.testing.assert_allclose(
        pr.mean(), stored["total_precipitation_6hr"].values.mean() * 1000 / 21600, rtol=1e-5
    )


def test_axes_are_brought_into_order(tmp_path):
    def turned(data):
        data = data.isel(lat=slice(None, None, -1), plev=slice(None, None, -1))
        return axis("lon", lambda x: np.where(x > 180, x - 360, x))(data).transpose(
            "time", "lon", "lat", "plev", "bnds"
        )

    straight = open_collection(toy(tmp_path / "a", ("ta",))).array("amip", "r1i1p1f1", "ta")
    mixed = open_collection(toy(tmp_path / "b", ("ta",), changes={"ta": turned})).array(
        "amip", "r1i1p1f1", "ta"
    )
    np.testing.assert_array_equal(mixed.values, straight.values)
    for name in ("lat", "lon", "plev"):
        np.testing.assert_allclose(mixed[name].values, straight[name].values)


def test_units_are_turned_into_those_of_cmor(tmp_path):
    plain = open_collection(toy(tmp_path / "a", ("tas", "pr"))).array("amip", "r1i1p1f1", "tas").values
    root = toy(tmp_path / "b", ("tas", "pr"), changes={
        "tas": scaled(offset=-273.15, units="degC"), "pr": scaled(86400, units="mm/day")})  # fmt: skip
    c = open_collection(root)
    np.testing.assert_allclose(c.array("amip", "r1i1p1f1", "tas").values, plain, atol=1e-4)
    assert 2e-5 < float(c.array("amip", "r1i1p1f1", "pr").mean()) < 6e-5


@pytest.mark.parametrize(
    ("variable", "stored", "units", "one"),
    [("pr", "pr", "kg m-2 s-1", 1.0), ("pr", "pr", "m/h", 1000 / 3600),
     ("pr", "total_precipitation_6hr", "m", 1000 / 21600),
     ("pr", "pr", "kg/m^2/s", 1.0), ("zg", "geopotential", "m**2 s**-2", 1 / 9.80665), ("ps", "ps", "hPa", 100.0),
     ("hus", "hus", "kg kg**-1", 1.0), ("hus", "q", "g/kg", 1e-3), ("siconc", "siconc", "%", 0.01)],
)  # fmt: skip
def test_conversions(variable, stored, units, one):
    assert conversion(variable, stored, units, where="x").factor == pytest.approx(one)


def test_units_that_say_too_little_are_refused():
    with pytest.raises(BadData, match="states no units"):
        conversion("tas", "tas", None, where="x")
    with pytest.raises(BadData, match="'m'"):
        conversion("pr", "pr", "m", where="x")  # a depth, and nobody knows over how long
    assert normal(" kg  m^-2 s**-1") == "kg m-2 s-1"
    assert level_conversion(None, 100_000, where="x") == 0.01
    assert level_conversion(None, 1000, where="x") == 1.0


@pytest.mark.parametrize(("name", "days"), [("360_day", 360), ("noleap", 365)])
def test_other_calendars(tmp_path, name, days):
    c = open_collection(toy(tmp_path, changes={"tas": calendar(name)}))
    assert c.calendar == name
    assert c.years("amip", "tas") == (1979, 1980, 1981)
    time = c.array("amip", "r1i1p1f1", "tas")["time"]
    assert (time.values[12] - time.values[0]).days == days
    assert time.dt.year.values[[0, 35]].tolist() == [1979, 1981]


def test_stamps_without_bounds_keep_their_month(tmp_path):
    c = open_collection(toy(tmp_path, changes={"tas": first_days}))
    assert c.years("amip", "tas") == (1979, 1980, 1981)


def test_a_year_with_a_hole_is_no_year(tmp_path):
    root = toy(tmp_path, changes={"tas": picked(lambda n: [i for i in range(n) if i != 14])})
    assert open_collection(root).years("amip", "tas") == (1979, 1981)


def test_what_is_not_there_is_named(tmp_path):
    c = open_collection(toy(tmp_path, ("ta", "tas")))
    with pytest.raises(BadData, match="no experiment 'amib'; did you mean 'amip'"):
        c.array("amib", "r1i1p1f1", "tas")
    with pytest.raises(BadData, match="no member 'r7i1p1f1'"):
        c.array("amip", "r7i1p1f1", "tas")
    with pytest.raises(BadData, match="holds no hus"):
        c.array("amip", "r1i1p1f1", "hus")
    with pytest.raises(BadData, match="no level of 300 hPa; it has 1000, 850"):
        c.array("amip", "r1i1p1f1", "ta300")
    with pytest.raises(BadData, match="holds no tas every day"):
        c.array("amip", "r1i1p1f1", "tas", frequency="day")
    with pytest.raises(BadData, match="no file or folder"):
        open_collection(tmp_path / "nowhere")
    with pytest.raises(BadData, match="no variable that is known"):
        open_collection(tmp_path / "tree", only={"experiment": "ssp585"})


REFUSED = ["times twice", "times backwards", "lat and lon exchanged", "lat without values", "lat with a hole",
           "lon holds 0 and 360", "lat out of order", "times without a date", "a unit of nobody",
           "a variable under another's name"]  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_rightly_is_refused_by_name(tmp_path, what):
    fault = FAULTS[what]
    c = open_collection(toy(tmp_path, (fault.variable,), changes={fault.variable: fault.change}))
    with pytest.raises(BadData, match=rf"{fault.variable}_Amon_Toy-1_amip.*\.nc"):
        c.array("amip", "r1i1p1f1", fault.variable)


def curvilinear(data):
    rows, columns = np.meshgrid(data["lat"], data["lon"], indexing="ij")
    coords = {"time": data["time"], "lat": (("y", "x"), rows), "lon": (("y", "x"), columns)}
    return xr.Dataset({"tas": (("time", "y", "x"), data["tas"].values, {"units": "K"})}, coords=coords)


def moved(change):
    """Other times with the same attributes."""
    return lambda d: d.assign_coords(time=("time", change(d["time"].values), d["time"].attrs))


def about_time(**attrs):
    return lambda d: d.assign_coords(time=("time", d["time"].values, d["time"].attrs | attrs))


ODD = {
    "no time in it": (lambda d: d.isel(time=slice(0, 0)), "time is empty", "undecodable_time"),
    "time not finite": (moved(lambda t: np.where(t == t[4], np.nan, t)), "not finite", "undecodable_time"),
    "time out of this world": (moved(lambda t: 1e12 * t), "cannot be decoded", "undecodable_time"),
    "a calendar of nobody": (about_time(calendar="martian"), "'martian'", "undecodable_time"),
    "since no date": (about_time(units="days since yesterday"), "cannot be decoded", "undecodable_time"),
    "a curvilinear grid": (curvilinear, "curvilinear grid; regrid it", "missing_axis"),
    "units that are a number": (lambda d: d.assign(tas=d["tas"].assign_attrs(units=3)), "no units", "unknown_units"),
    "an axis too many": (
        lambda d: d.assign(tas=d["tas"].expand_dims(height=[2.0, 3.0], axis=1)), "neither time, level", "missing_axis"),
    "text": (
        lambda d: d.assign(tas=(("time", "lat", "lon"), np.full(d["tas"].shape, "a"))), "expected numbers", "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_odd_files_are_refused_and_examined_without_a_crash(tmp_path, what):
    change, said, rule = ODD[what]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        change(cf_dataset("tas", (1979, 1981))).to_netcdf(
            tmp_path / "tas_Amon_X_amip_r1i1p1f1_gn_197901-198112.nc"
        )
    with pytest.raises(BadData, match=rf"tas_Amon_X_amip.*{said}"):
        open_collection(tmp_path).array("amip", "r1i1p1f1", "tas")
    assert rule in {f.name for f in examine(tmp_path)}


def test_damaged_files_are_refused_by_name(tmp_path):
    root = toy(tmp_path)
    path = next(root.rglob("*.nc"))
    data = path.read_bytes()
    for spoiled in (b"", data[: len(data) // 2], b"CDF\x01" + bytes(50), b"not netcdf at all"):
        path.write_bytes(spoiled)
        with pytest.raises(BadData, match=r"tas_Amon.*\.nc"):
            open_collection(root).array("amip", "r1i1p1f1", "tas")


def test_a_classic_file_that_is_cut_off(tmp_path):
    path = tmp_path / "tas_Amon_X_amip_r1i1p1f1_gn_197901-198112.nc"
    cf_dataset("tas", (1979, 1981)).to_netcdf(path, engine="scipy")
    assert open_collection(path).array("amip", "r1i1p1f1", "tas").shape == (36, 18, 36)
    path.write_bytes(path.read_bytes()[:30_000])
    with pytest.raises(BadData, match=r"tas_Amon.*(cut off|cannot be read)"):
        open_collection(path).array("amip", "r1i1p1f1", "tas")


def test_pieces_that_do_not_fit_together(tmp_path):
    root = cmip_tree(tmp_path, variables=("tas",), years=(1979, 1980))
    path = sorted(root.rglob("*.nc"))[1]
    write(cf_dataset("tas", (1980, 1980), shape=(12, 24)), path)
    with pytest.raises(BadData, match="different grids"):
        open_collection(root).array("historical", "r1i1p1f1", "tas")
    write(cf_dataset("tas", (1979, 1979)), path)
    with pytest.raises(BadData, match="overlap in time"):
        open_collection(root).array("historical", "r1i1p1f1", "tas")


def test_a_link_out_of_the_tree_is_refused(tmp_path):
    root = toy(tmp_path)
    os.symlink(tmp_path, root / "everything")
    with pytest.raises(BadData, match="outside"):
        open_collection(root)


def test_identity_follows_contents_not_places(tmp_path):
    root = toy(tmp_path)
    first = open_collection(root).identity()
    shutil.copytree(root, tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*.nc"):
        os.utime(path, (1, 1))
    copy = open_collection(tmp_path / "copy")
    assert copy.identity() == first
    path = next((tmp_path / "copy").rglob("*.nc"))
    spoiled = bytearray(path.read_bytes())
    spoiled[len(spoiled) // 2] ^= 1
    path.write_bytes(bytes(spoiled))
    assert copy.identity() != first
    assert copy.identity(full=True) == copy.identity(full=True)
    weatherbench_store(tmp_path / "w.zarr", steps=8)
    store = open_collection(tmp_path / "w.zarr")
    before = store.identity()
    chunk = next((tmp_path / "w.zarr" / "temperature").glob("0.*"))
    chunk.write_bytes(chunk.read_bytes() + b"x")
    assert store.identity() != before


def test_weights_of_rows_are_areas():
    lat, lon = rows_and_columns()
    assert np.allclose(grid_of(lat, lon).weights, np.cos(np.deg2rad(lat)) / np.cos(np.deg2rad(lat)).sum())
    assert edges_of_rows(np.linspace(-90, 90, 19))[[0, 1, -1]].tolist() == [-90, -85, 90]
    gauss = np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(32)[0]))
    weights = np.array(grid_of(gauss, lon).weights)
    assert np.allclose(weights, np.polynomial.legendre.leggauss(32)[1] / 2, rtol=1e-9)
