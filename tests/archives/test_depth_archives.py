"""The command that scores depth maps on NYU's and KITTI's layouts, from its options to its table and its file."""

import csv
import re
import subprocess
import sys

import numpy as np
import pytest
import scipy.io

from gnomon.archives.pictures import write_field
from gnomon.cli.main import outcome
from gnomon.engine.depth_maps import DepthModel
from gnomon.inference.bootstrap import estimate
from gnomon.numerics.depth_metrics import crop_mask
from tests.architecture.tree import ROOT
from tests.archives.depth_files import nyu_arrays, write_kitti_depth, write_kitti_picture, write_labelled
from validation.depth_archives.__main__ import main
from validation.depth_archives.nulls import GRID, Nulls, seen_of
from validation.depth_archives.table import over_units

Image = pytest.importorskip("PIL.Image")

DRIVES = [f"2011_09_26_drive_000{n}_sync" for n in (1, 2, 3)]
SHAPE = (37, 124)
PARTS = ("abs_rel", "sq_rel", "rmse", "rmse_log", "log10", "silog")


def path_of(drive, number):
    return f"2011_09_26/{drive}/image_02/data/{number}.png"


@pytest.fixture
def kitti(tmp_path):
    """Two frames of each of three drives; depths are tenths of 10/256 m, so that 1.1 times them fits into a map."""
    rng = np.random.default_rng(1)
    truth = {}
    for drive in DRIVES:
        for number in ("0000000005", "0000000006"):
            counts = np.where(rng.random(SHAPE) < 0.5, 10 * rng.integers(52, 1790, SHAPE), 0)
            write_kitti_depth(tmp_path, drive, "image_02", number, counts)
            pixels = rng.integers(0, 256, (*SHAPE, 3), dtype=np.uint8)
            write_kitti_picture(tmp_path, drive, "image_02", f"{number}.png", pixels)
            truth[path_of(drive, number)] = counts / 256
    (tmp_path / "split.txt").write_text("".join(f"{name} None 721.5377\n" for name in truth))
    return tmp_path, truth


@pytest.fixture
def say(tmp_path, capsys):
    """Run it; the exit code, both outputs, and the rows of the file by picture and teller."""

    def saying(*tokens):
        table = tmp_path / "errors.csv"
        table.unlink(missing_ok=True)
        code = main([*map(str, tokens), "--csv", str(table)])
        got = capsys.readouterr()
        rows = list(csv.DictReader(table.read_text().splitlines())) if table.exists() else []
        return code, got.out, got.err, {(r["picture"], r["who"]): r for r in rows}

    return saying


@pytest.fixture
def on_kitti(kitti, say):
    return lambda *tokens: say("--kitti", kitti[0], "--split", kitti[0] / "split.txt", *tokens)


def write_maps(folder, maps, ending=".depth.png"):
    for name, metres in maps.items():
        path = folder / f"{name}{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_field(path, metres, unit=1 / 256, notes={})
    return folder


def of_model(rows, part):
    return np.array([float(r[part]) for (_, who), r in rows.items() if who == "model"])


def test_the_truth_itself_has_no_error(kitti, on_kitti, tmp_path):
    code, out, err, rows = on_kitti("--model", write_maps(tmp_path / "maps", kitti[1]))
    assert (code, err) == (0, "")
    for part in PARTS:
        assert (of_model(rows, part) == 0).all()
    for part in ("delta1", "delta2", "delta3"):
        assert (of_model(rows, part) == 1).all()
    assert "6 pictures, crop garg, judged to 80 m, scaling none" in out
    assert re.search(r"AbsRel +0\.0000  ", out)
    assert "an interval is missing: no variance" in out


def test_a_tenth_too_far_is_a_tenth_and_nothing_after_median_scaling(kitti, on_kitti, tmp_path):
    folder = write_maps(tmp_path / "maps", {k: 1.1 * v for k, v in kitti[1].items()}, ending="")
    for crop in ("garg", "eigen", "none"):
        _, out, _, rows = on_kitti("--model", folder, "--crop", crop)
        judged = {k: v[crop_mask(SHAPE, crop) & (v > 0)] for k, v in kitti[1].items()}
        assert of_model(rows, "abs_rel") == pytest.approx(0.1)
        assert of_model(rows, "sq_rel") == pytest.approx([0.01 * t.mean() for t in judged.values()])
        assert of_model(rows, "rmse_log") == pytest.approx(np.log(1.1))
        assert of_model(rows, "silog") == pytest.approx(0, abs=1e-9)
        assert (of_model(rows, "pixels") == [t.size for t in judged.values()]).all()
        assert re.search(r"AbsRel +0\.1000  ", out)
        _, out, _, rows = on_kitti("--model", folder, "--crop", crop, "--scaling", "median")
        for part in PARTS:
            assert of_model(rows, part) == pytest.approx(0, abs=1e-9)
        assert of_model(rows, "scale") == pytest.approx(1 / 1.1)
        assert "one depth becomes the picture's own median" in out


def test_maps_that_are_wrong_are_said_to_be(kitti, on_kitti, tmp_path):
    names, truth = list(kitti[1]), kitti[1]
    _, _, _, rows = on_kitti("--model", write_maps(tmp_path / "far", {k: 1.3 * v for k, v in truth.items()}))
    assert of_model(rows, "abs_rel") == pytest.approx(
        0.3, abs=0.03
    )  # what would be beyond 80 m is moved there
    assert (of_model(rows, "delta1") < 0.2).all()
    dense = {k: np.where(v > 0, v, 20.0) for k, v in truth.items()}
    turned = dict(zip(names, [dense[n] for n in names[1:] + names[:1]], strict=True))
    _, out, _, rows = on_kitti("--model", write_maps(tmp_path / "turned", turned))
    assert (of_model(rows, "abs_rel") > 0.5).all()  # the map of another picture
    assert "model less mean map" in out


def test_the_cap_leaves_out_what_is_far(kitti, on_kitti, tmp_path):
    spoiled = {k: np.where(v >= 30, 1.0, v) for k, v in kitti[1].items()}
    folder = write_maps(tmp_path / "maps", spoiled)
    assert (of_model(on_kitti("--model", folder, "--cap", "30")[3], "abs_rel") == 0).all()
    assert (of_model(on_kitti("--model", folder)[3], "abs_rel") > 0).all()


def test_one_depth_is_that_of_other_drives(kitti, on_kitti, tmp_path):
    folder = write_maps(tmp_path / "maps", kitti[1])
    inside = {k: v[crop_mask(SHAPE, "garg") & (v > 0)] for k, v in kitti[1].items()}
    for units in ("drives", "pictures"):
        _, out, _, rows = on_kitti("--model", folder, "--units", units)
        for name, t in inside.items():
            same = name.split("/")[1] if units == "drives" else name
            guess = np.median([np.median(x) for k, x in inside.items() if same not in k])
            expected = np.mean(np.abs(guess - t) / t)
            assert float(rows[name, "one depth"]["abs_rel"]) == pytest.approx(expected)
        assert f"over {3 if units == 'drives' else 6} {units}" in out
        assert ("too narrow" in out) == (units == "pictures")


def test_the_mean_map_knows_what_depends_on_place_alone_and_never_its_own_picture():
    rng = np.random.default_rng(0)
    planted = np.exp(rng.normal(2, 0.5, GRID))
    fine = planted.repeat(3, axis=0).repeat(2, axis=1)
    seen = [seen_of(unit, fine, rng.random(fine.shape) < 0.9) for unit in "abc"]
    nulls = Nulls(seen)
    assert nulls.mean_map("a", fine.shape) == pytest.approx(fine)
    assert nulls.mean_map("a", GRID) == pytest.approx(planted)  # pictures of another size
    hollow = [s._replace(cells=np.full(GRID, np.nan)) for s in seen[1:]]
    assert np.unique(Nulls([seen[0], *hollow]).mean_map("a", GRID)) == pytest.approx(nulls.one_depth("a"))
    spoiled = Nulls([seen_of("a", 5 * fine, fine > 0), *seen[1:]])
    assert spoiled.one_depth("a") == nulls.one_depth("a")
    assert (spoiled.mean_map("a", GRID) == nulls.mean_map("a", GRID)).all()
    assert (spoiled.mean_map("b", GRID) > nulls.mean_map("b", GRID)).all()
    assert not Nulls(seen[:1]).enough()


def test_intervals_keep_the_pictures_of_a_drive_together():
    rng = np.random.default_rng(0)
    drives = rng.normal(size=12)
    values = (drives[:, None] + np.zeros(5)).ravel()  # five times the same is no more than once
    together = over_units(values, [str(n // 5) for n in range(60)])
    assert together.n == 12
    oracle = estimate(drives, seed=0)
    for part in ("value", "low", "high", "stderr"):
        assert getattr(together, part) == pytest.approx(getattr(oracle, part))
    alone = over_units(values, [str(n) for n in range(60)])
    assert alone == estimate(values, seed=0)
    assert alone.high - alone.low < 0.6 * (together.high - together.low)
    uneven = over_units([1.0, 1.0, 4.0, 1.5], ["a", "a", "a", "b"])
    assert uneven.value == pytest.approx(7.5 / 4)  # a mean over pictures, not over drives


def test_what_is_missing_is_counted_and_left_out_when_asked(kitti, on_kitti, tmp_path):
    folder = write_maps(tmp_path / "maps", kitti[1])
    (folder / f"{path_of(DRIVES[0], '0000000005')}.depth.png").unlink()
    frame = tmp_path / "val" / DRIVES[1] / "proj_depth" / "groundtruth" / "image_02" / "0000000006.png"
    frame.unlink()
    write_kitti_depth(tmp_path, DRIVES[2], "image_02", "0000000005", np.zeros(SHAPE))
    code, out, err, rows = on_kitti("--model", folder)
    assert (code, out, rows) == (2, "", {})
    assert "3 of 6 pictures of the split cannot be scored" in err
    assert "no depth map: 1" in err
    assert "no depth in the archive: 1" in err
    assert "no judged pixel: 1" in err
    assert err.count("\n") == 1
    code, out, err, rows = on_kitti("--model", folder, "--skip-missing")
    assert (code, err) == (0, "")
    assert len(of_model(rows, "abs_rel")) == 3
    assert "left out: 3 of 6" in out
    for path in folder.rglob("*.png"):
        path.unlink()
    code, _, err, _ = on_kitti("--model", folder, "--skip-missing")
    assert code == 2
    assert "nothing is left to score" in err


def test_mistakes_cost_one_line(kitti, say, on_kitti, tmp_path):
    root, truth = kitti
    folder = write_maps(tmp_path / "maps", truth)
    first = path_of(DRIVES[0], "0000000005")

    def spoilt(name, metres):
        return write_maps(tmp_path / name, {**truth, first: metres})

    twice = tmp_path / "twice.txt"
    twice.write_text(f"{first}\n{first}\n")
    empty = tmp_path / "empty.txt"
    empty.write_text("\n")
    eight = write_maps(tmp_path / "eight", truth)
    Image.fromarray(np.ones(SHAPE, np.uint8)).save(eight / f"{first}.depth.png")
    for tokens, words in (
        (["--model", tmp_path / "none"], "no such folder of depth maps"),
        (["--model", spoilt("small", truth[first][1:])], "36 x 124 pixels"),
        (["--model", spoilt("hole", 0 * truth[first])], "which is unknown"),
        (["--model", eight], "mode L"),
        (["--model", folder, "--crop", "nyu"], "does not go with --kitti"),
        (["--model", folder, "--cap", "0"], "--cap must be metres"),
        (["--model", folder, "--cap", "nan"], "--cap must be metres"),
        (["--model", folder, "--most", "0"], "--most must be 1 or more"),
        (["--model", folder, "--raw"], "--raw does not go with --kitti"),
        (["--model", folder, "--annotated", tmp_path / "none"], "none: no such folder"),
        (["--model", folder, "--split", empty], "lists no frame"),
        (["--model", folder, "--split", tmp_path / "none.txt"], "none.txt"),
        (["--model", folder, "--split", twice], "twice"),
    ):
        code, out, err, rows = on_kitti(*tokens)
        assert (code, out, rows) == (2, "", {}), tokens
        assert words in err
        assert err.count("\n") == 1
    for tokens, words in (
        (["--kitti", root], "needs --split"),
        (
            ["--kitti", root / "val", "--annotated", root, "--split", root / "split.txt", "--export", folder],
            "none of the 6 pictures of the split is there",
        ),
        (["--kitti", tmp_path / "none", "--split", root / "split.txt"], "none: no such folder"),
        (["--nyu", tmp_path / "none.mat"], "needs --splits"),
        (["--nyu", tmp_path / "none.mat", "--splits", empty, "--units", "drives"], "says nothing of drives"),
        (["--nyu", tmp_path / "none.mat", "--splits", empty, "--crop", "garg"], "does not go with --nyu"),
    ):
        code, _, err, _ = say(*tokens)
        assert code == 2, tokens
        assert words in err
        assert err.count("\n") == 1


def test_some_are_taken_evenly_and_one_drive_has_no_null(kitti, on_kitti, tmp_path):
    folder = write_maps(tmp_path / "maps", kitti[1])
    _, out, _, rows = on_kitti("--model", folder, "--most", "3")
    assert [name.split("/")[1] for name, who in rows if who == "model"] == DRIVES
    _, out, _, rows = on_kitti("--model", folder, "--most", "1")
    assert {who for _, who in rows} == {"model"}
    assert "no null" in out
    assert "one unit: its error is unknown" in out


def test_progress_says_how_much_is_left(kitti, on_kitti, tmp_path, monkeypatch):
    monkeypatch.setattr("validation.depth_archives.progress.SHOWN_AFTER", 0.0)
    _, _, err, _ = on_kitti("--model", write_maps(tmp_path / "maps", kitti[1]))
    for what in ("reading depth", "scoring"):
        assert re.search(rf"{what}: 1 of 6 pictures\n{what}: 2 of 6 pictures, about \d+ s left\n", err)


@pytest.fixture
def network(monkeypatch):
    """Darkness is depth: 1 m for white, 10 m for black."""

    def depth(images):
        return 10.0 ** (1 - images.mean(axis=-1))

    stand_in = DepthModel("stand-in", (64, 96), 32, depth)
    monkeypatch.setattr("gnomon.engine.depth_model.load_model", lambda weights: stand_in)


def test_the_network_is_scored_as_its_maps_are(kitti, on_kitti, tmp_path, network):
    code, out, err, rows = on_kitti()
    assert (code, err) == (0, "")
    assert "trained on rendered rooms and streets and on no photograph" in out
    (tmp_path / f"{path_of(DRIVES[0], '0000000005')}").rename(tmp_path / "elsewhere.png")
    code, out, _, _ = on_kitti("--export", tmp_path / "pictures")
    assert (code, "5 of 6 pictures written" in out) == (0, True)
    (tmp_path / "elsewhere.png").rename(tmp_path / f"{path_of(DRIVES[0], '0000000005')}")
    on_kitti("--export", tmp_path / "pictures")
    assert outcome(["depth", str(tmp_path / "pictures"), "--out", str(tmp_path / "m"), "--quiet"]) == 0
    _, _, _, again = on_kitti("--model", tmp_path / "m")
    # a map is rounded to 1/256 m, which at 1 m and more is at most one part in 500
    assert of_model(again, "rmse_log") == pytest.approx(of_model(rows, "rmse_log"), abs=2e-3)
    assert (of_model(again, "rmse_log") > 0.1).all()


def test_pictures_and_depth_of_other_sizes_do_not_meet(kitti, on_kitti, network):
    pixels = np.zeros((36, 124, 3), np.uint8)
    write_kitti_picture(kitti[0], DRIVES[0], "image_02", "0000000005.png", pixels)
    code, _, err, _ = on_kitti()
    assert code == 2
    assert "a picture of 36 x 124 pixels, its depth is 37 x 124 pixels" in err


@pytest.fixture(scope="module")
def nyu(tmp_path_factory):
    """Three pictures of which two are judged; the split names a fourth that is not in the file."""
    pytest.importorskip("h5py")
    folder, held = tmp_path_factory.mktemp("nyu"), nyu_arrays(3)
    held["depths"] = (10 * np.rint(held["depths"] * 23) / 256).astype(np.float32)  # 0.6 m to 8.9 m
    scipy.io.savemat(folder / "splits.mat", {"trainNdxs": [[1.0]], "testNdxs": [[2.0], [3.0]]})
    scipy.io.savemat(folder / "absent.mat", {"trainNdxs": [[1.0]], "testNdxs": [[2.0], [3.0], [1449.0]]})
    return write_labelled(folder / "labelled.mat", held), held["depths"].astype(float)


def test_nyu_from_the_file_to_the_table(nyu, say, tmp_path):
    path, truth = nyu
    asked = ("--nyu", path, "--splits", path.parent / "splits.mat", "--model")
    right = {f"{n + 1:04d}.png": truth[..., n].copy() for n in (1, 2)}
    for metres in right.values():
        metres[:45], metres[471:], metres[:, :41], metres[:, 601:] = 9, 9, 9, 9  # the rim is not judged
    folder = write_maps(tmp_path / "right", right)
    code, out, err, rows = say(*asked, folder)
    assert (code, err) == (0, "")
    assert "2 pictures, crop nyu, judged to 10 m" in out
    for part in PARTS:
        assert (of_model(rows, part) == 0).all()
    assert (of_model(rows, "pixels") == 426 * 560).all()
    assert (of_model(say(*asked, folder, "--crop", "none")[3], "abs_rel") > 0.05).all()
    far = write_maps(tmp_path / "far", {k: 1.1 * v for k, v in right.items()}, ending="")
    assert of_model(say(*asked, far)[3], "abs_rel") == pytest.approx(0.1)
    assert of_model(say(*asked, far, "--scaling", "median")[3], "rmse") == pytest.approx(0, abs=1e-9)
    sensed = of_model(say(*asked, folder, "--raw")[3], "pixels")
    assert (sensed < 0.85 * 426 * 560).all()


def test_nyu_says_what_its_split_lacks(nyu, say, tmp_path):
    path, truth = nyu
    folder = write_maps(tmp_path / "maps", {f"{n + 1:04d}.png": truth[..., n] for n in (1, 2, 0)})
    asked = ("--nyu", path, "--model", folder, "--splits")
    write_maps(folder, {"1449.png": truth[..., 0]})
    code, _, err, _ = say(*asked, path.parent / "absent.mat")
    assert code == 2
    assert "1 of 3 pictures of the split cannot be scored (no depth in the archive: 1, as 1449)" in err
    code, _, _, rows = say(*asked, path.parent / "absent.mat", "--skip-missing")
    assert (code, {name for name, _ in rows}) == (0, {"0002", "0003"})
    scipy.io.savemat(tmp_path / "empty.mat", {"trainNdxs": [[1.0]], "testNdxs": np.zeros((1, 0))})
    for wrong, words in (("empty.mat", "a list of at most"), ("none.mat", "no such file")):
        code, _, err, _ = say(*asked, tmp_path / wrong)
        assert (code, err.count("\n")) == (2, 1)
        assert words in err


def test_exported_pictures_come_back_as_maps(nyu, say, tmp_path, network):
    path, _ = nyu
    asked = ("--nyu", path, "--splits", path.parent / "splits.mat")
    code, out, _, rows = say(*asked, "--export", tmp_path / "pictures")
    assert (code, rows) == (0, {})
    assert "2 of 2 pictures written" in out
    assert sorted(p.name for p in (tmp_path / "pictures").iterdir()) == ["0002.png", "0003.png"]
    assert outcome(["depth", str(tmp_path / "pictures"), "--out", str(tmp_path / "maps"), "--quiet"]) == 0
    ours, theirs = (of_model(say(*asked, *m)[3], "abs_rel") for m in ((), ("--model", tmp_path / "maps")))
    assert theirs == pytest.approx(ours, abs=2e-3)


@pytest.mark.slow
def test_the_shipped_network_as_a_stranger_runs_it(kitti, on_kitti, tmp_path):
    root, _ = kitti
    run = subprocess.run(
        [sys.executable, "-m", "validation.depth_archives", "--kitti", root, "--split", root / "split.txt"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert (
        outcome(["depth", str(tmp_path / "2011_09_26"), "--out", str(tmp_path / "m/2011_09_26"), "--quiet"])
        == 0
    )
    _, out, _, _ = on_kitti("--model", tmp_path / "m")

    def abs_rel(text):
        return float(re.search(r"AbsRel +([0-9.]+)", text)[1])

    assert abs_rel(out) == pytest.approx(abs_rel(run.stdout), rel=5e-3)
