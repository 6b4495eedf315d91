"""Files and stores that claim, name or lead to what they should not are refused before anything of them is read."""

import importlib
import json
import os

import numpy as np
import pytest

from gnomon.archives import calendars, netcdf, open_collection
from gnomon.spec.errors import BadData
from tests.archives.make_trees import weatherbench_store


def test_a_header_that_claims_the_moon(tmp_path):
    path = tmp_path / "tas_Amon_X_amip_r1i1p1f1_gn_197901-198112.nc"
    with importlib.import_module("netCDF4").Dataset(path, "w") as file:
        for name, size in (("time", 10**6), ("lat", 20_000), ("lon", 40_000)):
            file.createDimension(name, size)
        file.createVariable("tas", "f4", ("time", "lat", "lon"), chunksizes=(1, 100, 100))
    with pytest.raises(BadData, match=r"declares 3.2e\+15 bytes"):
        open_collection(path).array("amip", "r1i1p1f1", "tas")


def test_a_file_whose_values_lie_elsewhere(tmp_path):
    h5py = importlib.import_module("h5py")
    (tmp_path / "secret").write_bytes(bytes(4 * 6))
    path = tmp_path / "tas_Amon_X_amip_r1i1p1f1_gn_197901-198112.nc"
    with h5py.File(path, "w") as file:
        file.create_dataset("tas", shape=(2, 3), dtype="f4", external=[(str(tmp_path / "secret"), 0, 24)])
    with pytest.raises(BadData, match="lie in other files, which are never read"):
        open_collection(path).array("amip", "r1i1p1f1", "tas")
    with h5py.File(path, "w") as file:
        file["tas"] = h5py.ExternalLink(str(tmp_path / "other.nc"), "tas")
    with pytest.raises(BadData, match="a link to another file"):
        open_collection(path).array("amip", "r1i1p1f1", "tas")
    layout = h5py.VirtualLayout(shape=(2, 3), dtype="f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.nc"), "tas", shape=(2, 3))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("tas", layout)
    with pytest.raises(BadData, match="lie in other files"):
        open_collection(path).array("amip", "r1i1p1f1", "tas")


@pytest.mark.parametrize("decoy", [False, True])
def test_links_are_refused_at_any_depth(tmp_path, decoy):
    """A soft link in the root may lead to a link out of the file in a group."""
    h5py = importlib.import_module("h5py")
    path = tmp_path / "tas_Amon_X_amip_r1i1p1f1_gn_197901-198112.nc"
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["tas"] = np.zeros((2, 3), "f4")
    with h5py.File(path, "w") as file:
        file["ts" if decoy else "other"] = np.zeros((2, 3), "f4")
        file["g/ext"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/tas")
        file["tas"] = h5py.SoftLink("/g/ext")
    with pytest.raises(BadData, match="a link to another file or place"):
        netcdf.open_lazily(path)
    for link in (h5py.ExternalLink(str(tmp_path / "secret.h5"), "/tas"), h5py.SoftLink("/ts")):
        with h5py.File(path, "w") as file:
            file["ts"] = np.zeros((2, 3), "f4")
            file["a/b/c"] = link
        with pytest.raises(BadData, match="a/b/c is a link to another file or place"):
            netcdf.open_lazily(path)


def test_arrays_in_groups_are_counted_and_groups_may_hold_one_another(tmp_path):
    h5py = importlib.import_module("h5py")
    path = tmp_path / "tas.nc"
    with h5py.File(path, "w") as file:
        file["a/b/one"] = np.zeros(3, "f4")
        file["a/b/up"] = file["a"]
        file["a/top"] = file["/"]
    with open(path, "rb") as stream:
        assert netcdf._claims_of_hdf("x", stream) == {"a/b/one": 12}
    with h5py.File(path, "w") as file:
        file.create_dataset("a/b/moon", shape=(10**6, 10**6, 10**3), chunks=(100, 100, 100), dtype="f4")
    with pytest.raises(BadData, match=r"declares 4e\+15 bytes \(a/b/moon most"):
        netcdf.open_lazily(path)


def hostile(path, change):
    weatherbench_store(path, steps=8)
    meta = json.loads((path / ".zmetadata").read_text())
    change(meta["metadata"])
    (path / ".zmetadata").write_text(json.dumps(meta))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m["temperature/.zarray"].update(filters=[{"id": "pickle"}]), "decoder 'pickle'"),
        (lambda m: m["temperature/.zarray"].update(compressor={"id": "no.such"}), "decoder 'no.such'"),
        (lambda m: m["temperature/.zarray"].update(dtype="|O", filters=None), "Python objects"),
        (lambda m: m["temperature/.zarray"].update(shape=[10**9, 10**9, 10**9, 1]), "claims the shape"),
        (lambda m: m["temperature/.zarray"].update(shape=[-1, 7, 64, 32]), "claims the shape"),
        (lambda m: m["temperature/.zarray"].update(chunks=[10**6, 10**3, 64, 32]), "more than can be read"),
        (lambda m: m.update({"../../secret/.zarray": dict(m["temperature/.zarray"])}), "outside its store"),
    ],
)
def test_hostile_stores_are_refused(tmp_path, change, said):
    hostile(tmp_path / "w.zarr", change)
    with pytest.raises(BadData, match=said):
        open_collection(tmp_path / "w.zarr")


def test_a_store_whose_chunks_lead_outside(tmp_path):
    weatherbench_store(tmp_path / "w.zarr", steps=8)
    (tmp_path / "secret").write_bytes(b"secret")
    chunk = next((tmp_path / "w.zarr" / "temperature").glob("0.*"))
    chunk.unlink()
    os.symlink(tmp_path / "secret", chunk)
    with pytest.raises(BadData, match="outside"):
        open_collection(tmp_path / "w.zarr")


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"metadata": 3}', "[" * 100_000])
def test_broken_metadata(tmp_path, text):
    weatherbench_store(tmp_path / "w.zarr", steps=8)
    (tmp_path / "w.zarr" / ".zmetadata").write_text(text)
    with pytest.raises(BadData, match=r"w\.zarr"):
        open_collection(tmp_path / "w.zarr")


ARRAY = {"shape": [1], "data_type": "float32"}


@pytest.mark.parametrize(
    "held",
    [
        {"consolidated_metadata": "x"},
        {"consolidated_metadata": 7},
        {"consolidated_metadata": {"metadata": [1, 2]}},
        {"consolidated_metadata": {"metadata": {"tas": ARRAY | {"chunk_grid": "x"}}}},
        {"consolidated_metadata": {"metadata": {"tas": ARRAY | {"chunk_grid": {"configuration": 3}}}}},
        {"consolidated_metadata": {"metadata": {"tas": ARRAY | {"codecs": 7}}}},
        {"consolidated_metadata": {"metadata": {"tas": ARRAY | {"filters": True}}}},
        {"consolidated_metadata": {"metadata": {"tas": {"shape": 5, "data_type": "float32"}}}},
        ARRAY | {"codecs": [{"name": "bytes", "configuration": {"codecs": 3}}]},
        ARRAY | {"codecs": [{"name": ["bytes"]}]},
    ],
)
def test_metadata_of_wrong_types(tmp_path, held):
    (tmp_path / "z.zarr").mkdir()
    (tmp_path / "z.zarr" / "zarr.json").write_text(
        json.dumps({"zarr_format": 3, "node_type": "group"} | held)
    )
    with pytest.raises(BadData, match=r"z\.zarr"):
        open_collection(tmp_path / "z.zarr")


@pytest.mark.parametrize("where", ["name", "decoy"])
def test_a_decoder_is_found_wherever_it_is_named(tmp_path, where):
    """The reader of the one format looks at another name than that of the other, and at other metadata."""
    codec = {"id": "zlib", "name": "pickle"} if where == "name" else {"name": "pickle"}
    evil = {"consolidated_metadata": {"metadata": {"tas": ARRAY | {"codecs": [codec]}}}}
    decoy = {"metadata": {"x": {}}} if where == "decoy" else {}
    (tmp_path / "z.zarr").mkdir()
    (tmp_path / "z.zarr" / "zarr.json").write_text(
        json.dumps({"zarr_format": 3, "node_type": "group"} | evil | decoy)
    )
    with pytest.raises(BadData, match="decoder 'pickle'"):
        open_collection(tmp_path / "z.zarr")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("numbers", [[1e300, 1.7e308], [np.inf, 0.0], [np.nan, np.nan]])
def test_times_beyond_all_years_are_one_error_and_no_warning(numbers):
    xr = importlib.import_module("xarray")
    time = xr.Variable("time", np.array(numbers), {"units": "days since 1970-01-01", "calendar": "standard"})
    with pytest.raises(BadData, match="x: time"):
        calendars.decode(time, where="x")
