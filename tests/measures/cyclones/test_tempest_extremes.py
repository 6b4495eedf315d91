"""Lows and tracks are those of TempestExtremes, node for node and track for track."""

import csv
import datetime
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.io import netcdf_file

from gnomon.measures.cyclones.detect import Rule, detect
from gnomon.measures.cyclones.preset import TEMPEST_6, TEMPEST_9
from gnomon.measures.cyclones.stitch import Joining, Threshold, stitch

DATA = Path(__file__).parent / "data"
FIELDS = ("speedy_t31", "speedy_2p5", "noise_3deg")
SETTINGS = {
    "contour6": (TEMPEST_6.rule, TEMPEST_6.joining),
    "contour9": (TEMPEST_9.rule, TEMPEST_9.joining),
    "thresholds": (
        Rule(radius=9.0, merge=4.0, merge_equal=True),
        Joining(
            reach=8.0,
            least_lows=3,
            ends=5.0,
            thresholds=(Threshold("lat", "|>=", 24.0, 1), Threshold("slp", "<=", 101000.0, 2)),
        ),
    ),
}


def field(name):
    with np.load(DATA / "fields.npz") as stored:
        code = np.cumsum(stored[name].astype(np.int64), axis=2)
        psl = (100000 + code * float(stored[f"{name}_step"])).astype(np.float32)
        return psl, stored[f"{name}_lat"], stored[f"{name}_lon"]


def printed(file, name, settings):
    with (DATA / file).open() as f:
        rows = [r for r in csv.DictReader(f) if (r["field"], r["preset"]) == (name, settings)]
    return [tuple(int(v) for k, v in r.items() if k not in ("field", "preset")) for r in rows]


def found(psl, lat, lon, settings):
    rule, joining = SETTINGS[settings]
    nodes = detect(psl, lat, lon, rule)
    tracks = stitch(nodes, 6.0 * np.arange(len(psl)), joining)
    lows = list(zip(nodes.time.tolist(), nodes.row.tolist(), nodes.column.tolist(), strict=True))
    n = tracks.nodes
    rows = zip(tracks.track.tolist(), n.time.tolist(), n.row.tolist(), n.column.tolist(), strict=True)
    return lows, list(rows)


@pytest.mark.oracle
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", FIELDS)
def test_lows_and_tracks_are_those_that_the_tool_printed(name, settings):
    lows, tracks = found(*field(name), settings)
    assert lows == printed("nodes.csv", name, settings)
    assert tracks == printed("tracks.csv", name, settings)
    assert len(lows) > 50


def test_chunks_of_maps_and_another_map_change_nothing():
    psl, lat, lon = field("speedy_2p5")
    whole = detect(psl, lat, lon, TEMPEST_9.rule)
    parts = detect(psl, lat, lon, TEMPEST_9.rule, maps=3, map=lambda f, xs: [f(x) for x in xs])
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def test_maps_from_north_to_south_or_begun_elsewhere_hold_the_same_lows():
    psl, lat, lon = field("speedy_2p5")
    nodes = detect(psl, lat, lon, TEMPEST_6.rule)
    there = {(t, round(a, 3), round(o, 3)) for t, a, o in zip(nodes.time, nodes.lat, nodes.lon, strict=True)}
    turned = np.roll(psl[:, ::-1], 72, axis=2)
    other = detect(turned, lat[::-1], lon - 180, TEMPEST_6.rule)
    assert there == {
        (t, round(a, 3), round(o % 360, 3)) for t, a, o in zip(other.time, other.lat, other.lon, strict=True)
    }


@pytest.mark.oracle
@pytest.mark.skipif(
    not (shutil.which("DetectNodes") and shutil.which("StitchNodes")), reason="TempestExtremes is not on PATH"
)
@pytest.mark.parametrize("settings", ["contour6", "contour9"])
@pytest.mark.parametrize("name", FIELDS)
def test_lows_and_tracks_are_those_that_the_tool_prints_now(tmp_path, name, settings):
    psl, lat, lon = field(name)
    rule, joining = SETTINGS[settings]
    write_maps(tmp_path / "psl.nc", psl, lat, lon)
    detecting = ["DetectNodes", "--in_data", "psl.nc", "--out", "nodes", "--searchbymin", "PSL"]
    detecting += ["--closedcontourcmd", f"PSL,{rule.delta},{rule.radius},0", "--mergedist", str(rule.merge)]
    subprocess.run([*detecting, "--outputcmd", "PSL,min,0"], cwd=tmp_path, check=True, capture_output=True)
    stitching = ["StitchNodes", "--in", "nodes", "--out", "tracks", "--in_fmt", "lon,lat,slp"]
    stitching += ["--range", str(joining.reach), "--mintime", f"{joining.least_hours:g}h"]
    stitching += ["--maxgap", f"{joining.gap_hours:g}h", "--min_endpoint_dist", str(joining.ends)]
    subprocess.run(stitching, cwd=tmp_path, check=True, capture_output=True)
    lows, tracks = found(psl, lat, lon, settings)
    assert lows == read_nodes(tmp_path / "nodes")
    assert tracks == read_tracks(tmp_path / "tracks")


def write_maps(path, psl, lat, lon):
    with netcdf_file(str(path), "w", version=2) as file:
        for name, size in (("time", None), ("lat", len(lat)), ("lon", len(lon))):
            file.createDimension(name, size)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "hours since 2000-01-01 00:00:00", "standard"
        time[:] = 6.0 * np.arange(len(psl))
        for name, values in (("lat", lat), ("lon", lon)):
            file.createVariable(name, "f8", (name,))[:] = values
        file.createVariable("PSL", "f4", ("time", "lat", "lon"))[:] = psl


def read_nodes(path):
    out, t = [], -1
    for text in path.read_text().splitlines():
        if not text.startswith("\t"):
            t += 1
            continue
        i, j = text.split()[:2]
        out.append((t, int(j), int(i)))
    return out


def read_tracks(path):
    out, k = [], -1
    for text in path.read_text().splitlines():
        words = text.split()
        if words[0] == "start":
            k += 1
            continue
        when = datetime.datetime(*(int(w) for w in words[5:9])) - datetime.datetime(2000, 1, 1)
        out.append((k, round(when.total_seconds() / 21600), int(words[1]), int(words[0])))
    return out
