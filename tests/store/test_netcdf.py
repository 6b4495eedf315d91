"""Runs as NetCDF: read back by two independent readers, with names, units and missing values."""

import numpy as np
import pytest
from scipy.io import netcdf_file

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
    path = tmp_path / "runs.nc"
    store.export_netcdf("runs", NODE, path, card=CARD)
    assert path.read_bytes()[:4] == b"CDF\x02"  # classic, with 64-bit offsets
    arrays = store.get_node("runs", NODE).arrays
    with netcdf_file(path, mmap=False) as file:
        found = file.variables
        assert file.Conventions == b"CF-1.11"
        assert file.title == b"Gnomon runs of experiment free on ring"
        assert file.dimensions == {"lead": 4, "unit": 3, "member": 2, "x": 5, "exponent": 2}
        assert found["u"].dimensions == ("unit", "member", "lead", "x")
        assert found["initial_u"].dimensions == ("unit", "x")
        units = {name: found[name].units.decode() for name in found}
        assert units == {
            "lead": "day", "unit": "1", "member": "1", "x": "1", "exponent": "1", "u": "m s-1", "T": "K",
            "initial_u": "m s-1", "forcing_F": "W m-2", "diverged": "1", "exponents": "1/(day)",
        }  # fmt: skip
        assert all(variable.long_name for variable in found.values())
        assert np.isnan(found["u"]._FillValue)
        keys = {"u": "obs.u", "T": "obs.T", "forcing_F": "forcing.F", "diverged": "diverged", "lead": "time"}
        for name, key in keys.items():
            np.testing.assert_array_equal(found[name][:], arrays[key])
        assert found["u"][:].dtype.itemsize == 4


def test_unknown_units_are_not_invented(store, tmp_path):
    path = tmp_path / "runs.nc"
    store.export_netcdf("runs", NODE, path)
    with netcdf_file(path, mmap=False) as file:
        assert file.variables["u"].dimensions == ("unit", "member", "lead", "x")
        assert not any(
            hasattr(file.variables[name], "units") for name in ("u", "T", "lead", "forcing_F", "exponents")
        )


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
