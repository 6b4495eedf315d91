"""Runs as NetCDF: read back by two independent readers, with names, units and missing values."""

import numpy as np
import pytest

from gnomon.spec.cards import Knob, Variable, WorldCard
from gnomon.spec.errors import StoreError
from gnomon.spec.identity import identity
from gnomon.store.results import Store

NODE = identity("runs", "n")
CARD = WorldCard(
    name="ring", rung="network", summary="", dt=0.1, time_units="day", timescale=1.0, spinup=1.0, exponents=2,
    references=(),
    variables=(
        Variable(name="u", units="m s-1", shape=(5,), dims=("x",), scale=1.0, obs_error=0.1),
        Variable(name="T", units="K", scale=1.0, obs_error=0.1),
    ),
    knobs=(Knob(name="F", default=8.0, low=6.0, high=10.0, units="W m-2", meaning="the forcing"),),
)  # fmt: skip


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    rng = np.random.default_rng(0)
    u = rng.normal(size=(3, 2, 4, 5)).astype(np.float32)
    u[1, 0, 2:] = np.nan
    arrays = {
        "obs.u": u,
        "obs.T": rng.normal(size=(3, 2, 4)),
        "forcing.F": np.full((3, 4), 8.0),
        "initial.u": u[:, 0, 0],
        "time": np.arange(1, 5) * 0.1,
        "diverged": np.array([[-1, -1], [2, -1], [-1, -1]]),
        "exponents": rng.normal(size=(3, 2)),
    }
    store.put_node("runs", NODE, arrays, {"recipe": {}, "content": {"label": "free", "cost": {}}})
    return store


def test_runs_are_read_back_with_names_and_units(store, tmp_path):
    import xarray

    path = tmp_path / "runs.nc"
    store.export_netcdf("runs", NODE, path, card=CARD)
    arrays = store.get_node("runs", NODE).arrays
    with xarray.open_dataset(path, engine="scipy") as data:
        assert data.attrs["Conventions"].startswith("CF-")
        assert data["u"].dims == ("unit", "member", "lead", "x")
        assert data["u"].dtype == np.float32
        assert (data["u"].units, data["T"].units, data["forcing_F"].units) == ("m s-1", "K", "W m-2")
        assert data["exponents"].units == "1/(day)"
        assert data["initial_u"].dims == ("unit", "x")
        assert all(v.attrs["long_name"] for v in data.variables.values())
        for name, key in {"u": "obs.u", "T": "obs.T", "forcing_F": "forcing.F", "diverged": "diverged"}.items():
            np.testing.assert_array_equal(data[name].values, arrays[key])
    with xarray.open_dataset(path, engine="scipy", decode_times=False) as data:
        np.testing.assert_array_equal(data["lead"].values, arrays["time"])
        assert data["lead"].units == "day"


def test_scipy_alone_reads_it_and_unknown_units_are_not_invented(store, tmp_path):
    from scipy.io import netcdf_file

    path = tmp_path / "runs.nc"
    store.export_netcdf("runs", NODE, path)
    with netcdf_file(path, mmap=False) as file:
        assert file.variables["u"].dimensions == ("unit", "member", "lead", "x")
        assert not hasattr(file.variables["u"], "units")
        assert np.isnan(file.variables["u"]._FillValue)
        assert file.dimensions == {"lead": 4, "unit": 3, "member": 2, "x": 5, "exponent": 2}


def test_what_is_no_run_cannot_be_exported(store, tmp_path):
    other = identity("fit", 0)
    store.put_node("fit", other, {"weights": np.ones(3)}, {})
    with pytest.raises(StoreError, match="no observations in time"):
        store.export_netcdf("fit", other, tmp_path / "x.nc")
    with pytest.raises(StoreError, match="no node"):
        store.export_netcdf("runs", other, tmp_path / "x.nc")
    with pytest.raises(StoreError, match="cannot write"):
        store.export_netcdf("runs", NODE, tmp_path / "none" / "x.nc")
    assert [p.name for p in tmp_path.iterdir()] == ["store"]
