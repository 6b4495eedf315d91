"""Tracks as tables: what is written is what other tools read."""

import csv

import numpy as np
import pytest
from scipy.io import netcdf_file

from gnomon.measures.cyclones.detect import Nodes
from gnomon.measures.cyclones.stitch import Tracks
from gnomon.measures.cyclones.table import columns, write_csv, write_netcdf


def two_tracks():
    time = np.array([0, 1, 2, 1, 2, 4])
    none = np.zeros(6, int)
    nodes = Nodes(
        time, none, none, np.linspace(40, 45, 6), np.linspace(350, 355, 6), 99000.0 + 10 * np.arange(6)
    )
    return Tracks(nodes, np.array([0, 0, 0, 1, 1, 1]), 6.0 * np.arange(5))


def test_csv_holds_one_row_a_low(tmp_path):
    write_csv(tmp_path / "t.csv", two_tracks(), origin="1999-12-31T18:00", size=np.array([500.0, 700.0]))
    with (tmp_path / "t.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["track_id", "time", "lon", "lat", "slp", "size"]
    assert [r["track_id"] for r in rows] == ["0", "0", "0", "1", "1", "1"]
    assert rows[1]["time"] == "2000-01-01 00:00:00"
    assert rows[5]["time"] == "2000-01-01 18:00:00"
    assert [float(r["size"]) for r in rows] == [500, 500, 500, 700, 700, 700]
    assert float(rows[5]["lat"]) == 45


def test_netcdf_is_a_ragged_array_of_trajectories(tmp_path):
    write_netcdf(tmp_path / "t.nc", two_tracks(), origin="2000-01-01 00:00:00", speed=np.arange(6.0))
    with netcdf_file(str(tmp_path / "t.nc"), mmap=False) as file:
        assert file.variables["rowSize"][:].tolist() == [3, 3]
        assert file.variables["time"][:].tolist() == [0, 6, 12, 6, 12, 24]
        assert file.variables["track_id"].cf_role == b"trajectory_id"
        assert file.variables["slp"].units == b"Pa"


def test_a_column_of_another_length_is_refused():
    with pytest.raises(ValueError, match="expected 6 lows or 2 tracks"):
        columns(two_tracks(), size=np.zeros(3))


@pytest.mark.oracle
@pytest.mark.parametrize("kind", ["csv", "nc"])
def test_huracanpy_reads_it(tmp_path, kind):
    import huracanpy

    path, tracks = tmp_path / f"t.{kind}", two_tracks()
    if kind == "csv":
        write_csv(path, tracks, origin="2000-01-01T00:00", size=np.array([500.0, 700.0]))
    else:
        write_netcdf(path, tracks, origin="2000-01-01 00:00:00", size=np.array([500.0, 700.0]))
    read = huracanpy.load(str(path))
    assert read.track_id.values.tolist() == tracks.track.tolist()
    assert np.allclose(read.lat.values, tracks.nodes.lat)
    assert np.allclose(read.lon.values, tracks.nodes.lon)
    assert np.allclose(read.slp.values, tracks.nodes.slp)
    assert np.allclose(read["size"].values, [500, 500, 500, 700, 700, 700])
    hours = (read.time.values.astype("datetime64[s]") - np.datetime64("2000-01-01")) / np.timedelta64(1, "h")
    assert hours.tolist() == tracks.when.tolist()
