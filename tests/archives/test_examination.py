"""Every rule of the validator finds the fault that is planted for it, and a clean tree yields none."""

import importlib
import json
import os
import shutil
from typing import Any

import numpy as np
import pytest

from gnomon.archives import examine, look_over
from gnomon.archives.checks_tree import vapour_pressure
from gnomon.archives.checks_values import standard_height
from gnomon.archives.findings import RULES
from gnomon.spec.errors import BadData
from tests.archives.faults import FAULTS
from tests.archives.make_trees import aimip_tree, cmip_tree, weatherbench_store

xr: Any = importlib.import_module("xarray")
PLANTED_ELSEWHERE = {
    "damaged", "leads_outside", "hostile_store", "file_name", "missing_variable", "missing_level", "member_mismatch",
    "mixed_grids",
}  # fmt: skip


def names(findings):
    return {f.name for f in findings}


def one_file(root):
    return next(root.rglob("*.nc"))


def toy(tmp_path, variables=("tas",), **how):
    return aimip_tree(tmp_path / "tree", experiments={"amip": 0.0}, variables=variables, **how)


def test_every_rule_has_a_planted_fault():
    assert {f.rule for f in FAULTS.values()} | PLANTED_ELSEWHERE == set(RULES)


def test_clean_trees_yield_nothing(tmp_path):
    assert examine(aimip_tree(tmp_path / "a", members=2, daily=("tas", "pr"), years=(1979, 1980))) == ()
    assert examine(cmip_tree(tmp_path / "c")) == ()
    weatherbench_store(tmp_path / "w.zarr")
    assert examine(tmp_path / "w.zarr") == ()


@pytest.mark.parametrize("what", FAULTS)
def test_a_planted_fault_is_found_and_nothing_else(tmp_path, what):
    """One fault, one kind of finding: a list of consequences would hide the cause."""
    fault = FAULTS[what]
    findings = examine(toy(tmp_path, (fault.variable,), changes={fault.variable: fault.change}))
    assert names(findings) == {fault.rule}
    mine = findings[0]
    assert mine.severity in ("error", "warning", "note")
    assert mine.what
    assert mine.why_it_matters
    assert mine.fix
    assert mine.file or fault.rule == "mass_drift"


def test_it_says_what_it_looked_at(tmp_path):
    seen = look_over(toy(tmp_path, years=(1979, 1983)))
    assert seen.ok
    assert [line.endswith("tas, 36 of 60 steps") for line in seen.sampled] == [True]


def test_what_aimip_asks_for_and_is_not_there(tmp_path):
    root = aimip_tree(
        tmp_path, variables=("ta", "hus", "tas", "ps"), changes={"ta": lambda d: d.isel(plev=[0, 1, 3])}
    )
    found = {f.name: f for f in examine(root)}
    assert set(found) == {"missing_variable", "missing_level"}
    assert found["missing_variable"].what == (
        "aimip has no monthly ua, va, ts, tdas or huss, uas, vas, pr, zg500 or zg"
    )
    assert found["missing_level"].what == "no 700, 250, 100, 50 hPa; it has 1000, 850, 500"


def test_members_with_different_contents(tmp_path):
    root = toy(tmp_path, ("tas", "pr"), members=3)
    next(root.rglob("pr_*_r2i1p1f1_*.nc")).unlink()
    shutil.rmtree(root / "Inst" / "Toy-1" / "amip" / "r3i1p1f1" / "Amon" / "tas")
    aimip_tree(tmp_path / "tree", experiments={"amip": 0.0}, variables=("ts",), members=1)
    said = sorted(f.what for f in examine(root) if f.name == "member_mismatch")
    assert said == ["amip r2i1p1f1 lacks pr (mon), ts (mon)", "amip r3i1p1f1 lacks tas (mon), ts (mon)"]


def test_members_of_different_lengths(tmp_path):
    root = toy(tmp_path, members=1)
    toy(tmp_path, members=2, years=(1979, 1980))
    shutil.rmtree(root / "Inst" / "Toy-1" / "amip" / "r1i1p1f1")
    toy(tmp_path, members=1)
    assert names(examine(root)) == {"member_mismatch"}


def test_mixed_grids(tmp_path):
    root = toy(tmp_path, ("tas", "ts"))
    toy(tmp_path, ("pr",), shape=(12, 24))
    found = [f for f in examine(root) if f.name == "mixed_grids"]
    assert len(found) == 1
    assert "pr_Amon" in found[0].file
    assert "12 x 24 points, most files have 18 x 36" in found[0].what


def test_files_that_overlap_or_leave_a_gap(tmp_path):
    root = cmip_tree(tmp_path, variables=("tas",), years=(1979, 1984), pieces=3)
    files = sorted(root.rglob("*.nc"))
    spare = files[1].rename(tmp_path / "spare")
    assert names(examine(root / "CMIP6")) == {"time_gap"}
    shutil.copy(spare, files[1])
    cmip_tree(tmp_path, variables=("tas",), years=(1979, 1984), pieces=2)
    assert names(examine(root / "CMIP6")) == {"time_order"}


def test_the_weight_of_vapour():
    levels = np.array([1000.0, 850.0, 700.0, 500.0, 250.0, 100.0, 50.0]) * 100
    ps = np.array([[101_000.0, 60_000.0]])
    dry_share = vapour_pressure(np.full((1, 7, 2), 0.004), levels, ps)
    np.testing.assert_allclose(
        dry_share, 0.004 * (ps - 5000)
    )  # constant: a share of all the air below the top
    linear = (levels / 1e5)[None, :, None] * np.full((1, 7, 1), 0.01)
    found = vapour_pressure(linear, levels, np.array([[100_000.0]]))
    np.testing.assert_allclose(
        found, 0.01 * (1e5**2 - 5000**2) / 2e5
    )  # the trapezoidal rule is exact for a line


def test_drying_air_is_no_loss_of_air(tmp_path):
    """Half a hPa less water and half a hPa less pressure: the dry air is all there."""

    def share(data):
        return np.linspace(0, 1, data.sizes["time"], dtype=np.float32)

    def dries(data):
        data["hus"] = data["hus"] * 0 + 0.006 - xr.DataArray(50 / 95_000 * share(data), dims="time")
        data["hus"].attrs["units"] = "1"
        return data

    def lightens(data):
        data["ps"] = (data["ps"] * 0 + 100_000 - xr.DataArray(50 * share(data), dims="time")).assign_attrs(
            units="Pa"
        )
        return data

    root = toy(tmp_path, ("ps", "hus"), changes={"ps": lightens, "hus": dries}, years=(1979, 1984))
    assert examine(root) == ()
    for path in root.rglob("hus*.nc"):
        path.unlink()
    assert names(examine(root)) == {"mass_drift"}


@pytest.mark.parametrize(
    ("hpa", "metres"), [(850, 1457), (500, 5574), (250, 10363), (100, 16180), (50, 20576)]
)
def test_heights_of_the_standard_atmosphere(hpa, metres):
    assert standard_height(hpa) == pytest.approx(metres, rel=3e-3)


def test_a_name_that_says_nothing(tmp_path):
    root = toy(tmp_path)
    path = one_file(root)
    path.rename(path.with_name("output.nc"))
    assert names(examine(root)) == {"file_name"}


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.99])
def test_a_file_that_is_cut_off(tmp_path, share):
    path = one_file(toy(tmp_path))
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    findings = examine(tmp_path / "tree")
    assert names(findings) == {"damaged"}
    assert findings[0].severity == "error"


def test_a_file_with_flipped_bytes_never_crashes(tmp_path):
    path = one_file(toy(tmp_path))
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(12):
        spoiled = bytearray(data)
        for i in rng.integers(0, len(data), 40):
            spoiled[i] = rng.integers(256)
        path.write_bytes(bytes(spoiled))
        examine(tmp_path / "tree")


def test_not_netcdf_at_all(tmp_path):
    one_file(toy(tmp_path)).write_bytes(b"<!DOCTYPE html><html>404</html>" * 100)
    assert "is not a NetCDF file" in examine(tmp_path / "tree")[0].what


def test_links_out_of_the_tree(tmp_path):
    root = toy(tmp_path)
    outside = tmp_path / "outside.nc"
    one_file(root).rename(outside)
    os.symlink(outside, root / "tas_Amon_Toy-1_amip_r1i1p1f1_gn_197901-198112.nc")
    assert names(examine(root)) == {"leads_outside"}


def test_a_hostile_store(tmp_path):
    weatherbench_store(tmp_path / "w.zarr", steps=8)
    meta = json.loads((tmp_path / "w.zarr" / ".zmetadata").read_text())
    meta["metadata"]["temperature/.zarray"]["filters"] = [{"id": "pickle", "protocol": 5}]
    (tmp_path / "w.zarr" / ".zmetadata").write_text(json.dumps(meta))
    assert names(examine(tmp_path / "w.zarr")) == {"hostile_store"}


def test_nothing_to_look_at(tmp_path):
    with pytest.raises(BadData, match="no NetCDF file"):
        examine(tmp_path)
    with pytest.raises(BadData, match="no file or folder"):
        examine(tmp_path / "nowhere")
