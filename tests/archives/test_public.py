"""Stores behind addresses: by short names, lazily, and with a clear word when they cannot be reached."""

import importlib

import numpy as np
import pytest

from gnomon.archives import STORES, addresses, examine, open_collection, public
from gnomon.spec.errors import BadData
from tests.archives.make_trees import aimip_tree, weatherbench_store


@pytest.fixture
def local_stand_ins(tmp_path, monkeypatch):
    """The public names, led to small stores on this machine."""
    weatherbench_store(tmp_path / "w.zarr", steps=12)
    there = public.Public(f"file://{tmp_path}/w.zarr", "a stand-in", "fsspec", {})
    monkeypatch.setitem(STORES, "era5-5.6deg", there)
    return tmp_path


def test_the_catalogue_is_complete():
    for name, store in STORES.items():
        assert addresses.resolve(name) == store.url
        assert addresses.is_address(store.url)
        assert store.what
    assert addresses.resolve("my/folder") == "my/folder"


def test_a_short_name_opens_its_store(local_stand_ins):
    c = open_collection("era5-5.6deg")
    local = open_collection(local_stand_ins / "w.zarr")
    assert c.variables("era5") == local.variables("era5")
    np.testing.assert_array_equal(
        c.array("era5", "r1i1p1f1", "ta850").values, local.array("era5", "r1i1p1f1", "ta850").values
    )
    assert c.identity() == c.identity()
    assert examine("era5-5.6deg") == ()


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_store_in_memory(tmp_path, zarr_format):
    fsspec = importlib.import_module("fsspec")
    weatherbench_store(tmp_path / "w.zarr", steps=12, zarr_format=zarr_format)
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "w.zarr"), f"/archive-{zarr_format}/w.zarr", recursive=True)
    try:
        c = open_collection(f"memory://archive-{zarr_format}/w.zarr")
        assert c.array("era5", "r1i1p1f1", "zg500").shape == (12, 32, 64)
        assert 5000 < float(c.array("era5", "r1i1p1f1", "zg500").mean()) < 6000
    finally:
        memory.rm(f"/archive-{zarr_format}", recursive=True)


def test_netcdf_files_behind_an_address(tmp_path, monkeypatch):
    fsspec = importlib.import_module("fsspec")
    aimip_tree(tmp_path / "tree", experiments={"aimip": 0.0}, variables=("tas", "ta"), members=2)
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "tree"), "/bucket/tree", recursive=True)
    try:
        local, far = open_collection(tmp_path / "tree"), open_collection("memory://bucket/tree")
        assert far.members("aimip") == local.members("aimip")
        assert far.variables("aimip") == ("ta", "tas")
        np.testing.assert_array_equal(
            far.array("aimip", "r2i1p1f1", "ta850").values, local.array("aimip", "r2i1p1f1", "ta850").values
        )
        first = far.identity()
        assert {f.name for f in examine("memory://bucket/tree")} == {"missing_variable"}
        one = next(p for p in memory.find("/bucket/tree") if "tas" in p and "r1i" in p)
        memory.pipe_file(one, memory.cat_file(one)[:5000])
        assert far.identity() != first
        assert "damaged" in {f.name for f in examine("memory://bucket/tree")}
        memory.pipe_file(one, b"<html>404</html>")
        with pytest.raises(BadData, match="is not a NetCDF-4 file"):
            far.array("aimip", "r1i1p1f1", "tas")
    finally:
        memory.rm("/bucket", recursive=True)


def test_what_cannot_be_reached_is_said(tmp_path):
    with pytest.raises(BadData, match="no Zarr metadata and no NetCDF"):
        open_collection("memory://nothing/here.zarr")
    with pytest.raises(BadData, match="no Zarr metadata and no NetCDF"):
        open_collection(f"file://{tmp_path}/nothing.zarr")
    with pytest.raises(BadData, match="expected a path"):
        open_collection("nosuchprotocol://bucket/store.zarr")


def test_an_offline_machine_gets_a_clear_word(monkeypatch):
    class Unplugged:
        async_impl = False

        def cat_file(self, path):
            raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(addresses, "system_of", lambda place: (Unplugged(), "bucket/store.zarr"))
    with pytest.raises(BadData, match=r"cannot be reached: .*Network is unreachable; check the network"):
        open_collection("gs://bucket/offline.zarr")


def test_a_missing_driver_is_named(monkeypatch):
    fsspec = importlib.import_module("fsspec")

    def missing(*args, **kwargs):
        raise ImportError("Please install gcsfs")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(BadData, match=r"needs gcsfs, which is not installed: pip install gcsfs"):
        open_collection("era5-1.5deg")
