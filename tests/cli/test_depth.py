"""`gnomon depth`: maps of what can be read, a sentence for what cannot, nothing half-written, nothing made twice."""

import os

import numpy as np
import pytest

from gnomon.archives.kitti import read_depth
from gnomon.cli.main import outcome
from gnomon.engine.depth_maps import DepthModel, network_size
from gnomon.report.depth_picture import COLOURS, shades, side_by_side, span_of, ticks

Image = pytest.importorskip("PIL.Image")


class StandIn:
    """Darkness is depth: 1 m for white, 10 m for black; every call is counted."""

    def __init__(self):
        self.seen = []

    def depth(self, images):
        self.seen.append(images.shape)
        return 10.0 ** (1 - images.mean(axis=-1))


@pytest.fixture
def network(monkeypatch):
    standing = StandIn()
    monkeypatch.setattr(
        "gnomon.engine.depth_model.load_model",
        lambda weights: DepthModel(str(weights), (64, 96), 32, standing.depth),
    )
    return standing


@pytest.fixture
def say(capsys, tmp_path, monkeypatch, network):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GNOMON_DEBUG", raising=False)

    def saying(*tokens):
        code = outcome(["depth", *tokens])
        got = capsys.readouterr()
        return code, got.out, got.err

    return saying


def grey(value, shape=(40, 60)):
    return Image.fromarray(np.full((*shape, 3), value, np.uint8))


def written(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_map_in_metres_and_a_picture_beside_it(say, tmp_path, network):
    grey(255).save("white.png")
    grey(0).save("black.jpg")
    code, out, err = say("white.png", "black.jpg", "--out", "maps", "--npy")
    assert (code, err) == (0, "")
    assert out == "2 depth maps written into maps\n"
    assert written(tmp_path / "maps") == sorted(
        f"{name}.{kind}"
        for name in ("white.png", "black.jpg")
        for kind in ("depth.npy", "depth.png", "side.png")
    )
    for name, metres in (("white.png", 1), ("black.jpg", 10)):
        assert read_depth(f"maps/{name}.depth.png") == pytest.approx(np.full((40, 60), metres), abs=1 / 512)
        exact = np.load(f"maps/{name}.depth.npy")
        assert exact.dtype == np.float32
        assert exact == pytest.approx(np.full((40, 60), metres), rel=1e-4)
    with Image.open("maps/white.png.side.png") as side:
        assert side.width > 2 * 60
        assert side.getpixel((20, 20)) == (255, 255, 255)
    assert network.seen == [(1, 64, 96, 3)] * 2


def test_what_is_there_is_not_made_again(say, tmp_path, network):
    os.mkdir("in")
    for n in range(3):
        grey(50 * n).save(f"in/{n}.png")
    assert say("in")[0] == 0
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "depth").iterdir()}
    code, out, _ = say("in")
    assert (code, out) == (0, "0 depth maps written into depth; 3 were there (--again makes them anew)\n")
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "depth").iterdir()} == stamps
    assert len(network.seen) == 3
    (tmp_path / "depth" / "0.png.depth.png").unlink()  # stopped before its end
    grey(9).save("in/1.png")  # another picture of the same name
    (tmp_path / "depth" / "2.png.depth.png").write_bytes(b"cut")
    assert "3 depth maps written" in say("in")[1]
    assert "3 depth maps written" in say("in", "--weights", "others.npz")[1]
    assert "3 depth maps written" in say("in", "--weights", "others.npz", "--size", "32x64")[1]
    assert network.seen[-1] == (1, 32, 64, 3)
    assert "3 were there" in say("in", "--weights", "others.npz", "--size", "32x64")[1]
    assert "3 depth maps written" in say("in", "--weights", "others.npz", "--size", "32x64", "--again")[1]


def test_an_array_of_another_map_is_not_vouched_for(say, tmp_path, network):
    grey(90).save("x.png")
    array = tmp_path / "depth/x.png.depth.npy"
    assert "1 depth map written" in say("x.png", "--npy", "--size", "64x64")[1]
    assert "1 was there" in say("x.png", "--size", "64x64")[1]
    assert array.exists()  # it is of this map
    assert "1 depth map written" in say("x.png", "--size", "32x32")[1]
    assert not array.exists()
    assert "1 depth map written" in say("x.png", "--size", "32x32", "--npy")[1]
    assert array.exists()
    assert network.seen == [(1, 64, 64, 3), (1, 32, 32, 3), (1, 32, 32, 3)]


def test_one_hostile_name_stops_nothing_else(say, tmp_path):
    os.makedirs("in/a.png.depth.png")
    os.makedirs("maps/c.png.depth.png/full")
    for name in ("a.png", "a.png.depth.png/x.png", "b.png", "c.png", "z.png"):
        grey(7).save(f"in/{name}")
    os.symlink("loop.png", "in/loop.png")
    os.symlink("round.png", "round.png")
    long = "n" * 300 + ".png"
    code, out, err = say("in", "round.png", long, "--out", "maps")
    assert code == 1
    assert out == "3 depth maps written into maps; 5 failed\n"
    lines = dict(line.split(": ", 1) for line in err.splitlines())
    assert "in the way" in lines["in/a.png.depth.png/x.png"]
    assert "in the way" in lines["in/c.png"]
    for name in ("in/loop.png", "round.png", long):
        assert lines[name].startswith("cannot be read"), name
    for name in ("a.png", "b.png", "z.png"):
        assert (tmp_path / f"maps/{name}.depth.png").is_file()


def test_the_rest_goes_on(say, tmp_path, monkeypatch):
    monkeypatch.setattr("gnomon.archives.pictures.LARGEST_PIXELS", 5000)
    os.makedirs("in/deep")
    grey(7).save("in/deep/good.png")
    noise = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save("whole.png")
    Image.fromarray(noise).save("whole.jpg", quality=95)
    for kind in ("png", "jpg"):
        (tmp_path / f"in/cut.{kind}").write_bytes((tmp_path / f"whole.{kind}").read_bytes()[:2500])
    grey(7, (80, 90)).save("in/giant.png")
    (tmp_path / "in/empty.png").touch()
    (tmp_path / "in/text.jpg").write_text("not a picture")
    (tmp_path / "in/float.tif").write_bytes(b"")
    Image.fromarray(np.ones((9, 9), np.float32)).save("in/float.tif")
    (tmp_path / "in/film.mp4").write_bytes(b"\0" * 99)
    (tmp_path / "in/notes.txt").write_text("not called like a picture")
    os.mkfifo("in/pipe.png")
    grey(7, (2, 2)).save(f"in/{'n' * 230}.png")
    os.mkdir("in/.hidden")
    grey(7).save("in/.hidden/x.png")
    os.symlink(tmp_path / "whole.png", "in/out.png")
    os.symlink("deep/good.png", "in/inside.png")
    os.symlink(tmp_path, "in/loop")
    code, out, err = say("in", "absent.png", "--out", "maps")
    assert code == 1
    assert out.startswith("2 depth maps written into maps; 12 failed; 1 file passed over")
    lines = dict(line.split(": ", 1) for line in err.splitlines())
    for place, words in {
        "in/cut.png": "not a whole picture", "in/cut.jpg": "truncated",
        "in/giant.png": "90 x 80 pixels, more than 5000",
        "in/empty.png": "the file is empty", "in/text.jpg": "not a whole picture", "in/float.tif": "mode F",
        "in/film.mp4": "install ffmpeg", "in/pipe.png": "not a plain file", "in/out.png": "leads out of in",
        "in/loop": "not followed", "absent.png": "no such file", f"in/{'n' * 230}.png": "longer than 200 bytes",
    }.items():  # fmt: skip
        assert words in lines[place], place
    assert written(tmp_path / "maps") == sorted(
        f"{name}.{kind}" for name in ("deep/good.png", "inside.png") for kind in ("depth.png", "side.png")
    )


def test_videos_of_pictures_go_frame_by_frame(say, tmp_path, network):
    steps = [grey(v, (20, 30)) for v in (0, 128, 255)]
    for name in ("a.gif", "b.png", "c.tif"):
        steps[0].save(name, save_all=True, append_images=steps[1:], duration=50)
    code, out, err = say("a.gif", "b.png", "c.tif")
    assert (code, err) == (0, "")
    assert out == "9 depth maps written into depth\n"
    for name in ("a.gif", "b.png", "c.tif"):
        means = [read_depth(f"depth/{name}.{n:06d}.depth.png").mean() for n in range(3)]
        assert means == pytest.approx([10, 10 ** (1 - 128 / 255), 1], rel=0.03)
    (tmp_path / "cut.tif").write_bytes((tmp_path / "c.tif").read_bytes()[:-1200])
    code, out, err = say("cut.tif")
    assert code == 1
    assert "1 failed" in out
    assert not (tmp_path / "depth" / "cut.tif.000002.depth.png").exists()


def test_a_video_without_its_end_and_one_of_too_many_pixels_are_said(say, tmp_path, monkeypatch):
    steps = [grey(v, (20, 30)) for v in (0, 128, 255)]
    steps[0].save("whole.gif", save_all=True, append_images=steps[1:], duration=50)
    content = (tmp_path / "whole.gif").read_bytes()
    (tmp_path / "more.gif").write_bytes(content + b"\0what came behind")
    (tmp_path / "cut.gif").write_bytes(content[:-1])
    between = [n for n in range(len(content)) if content.startswith(b"\0\x21\xf9", n)]  # before a later frame
    (tmp_path / "two.gif").write_bytes(content[: between[-1] + 1])
    assert say("whole.gif", "more.gif")[0] == 0
    for name, count in (("cut.gif", 3), ("two.gif", 2)):
        code, out, err = say(name)
        assert (code, out) == (1, f"{count} depth maps written into depth; 1 failed\n")
        assert err == f"{name}: not a whole picture (the end of the GIF is missing; frames may be too)\n"
    monkeypatch.setattr("gnomon.archives.pictures.MOST_PIXELS", 1200)
    code, out, err = say("whole.gif", "--again")
    assert (code, out) == (1, "2 depth maps written into depth; 1 failed\n")
    assert "whole.gif, frame 2: more than 1200 pixels" in err


def test_pictures_are_seen_the_right_way_up_and_in_all_their_greys(say, tmp_path):
    tall = grey(0, (30, 60))
    marks = tall.getexif()
    marks[274] = 6  # the camera was turned
    tall.save("turned.jpg", exif=marks)
    Image.fromarray(np.full((20, 30), 65535, np.uint16)).save("sixteen.png")
    slope = np.linspace(0, 65535, 20 * 30).reshape(20, 30).astype(np.uint16)
    Image.fromarray(slope).save("slope.png", exif=marks)
    Image.fromarray(np.full((20, 30), 255, np.uint8)).save("eight.png")
    grey(255).save("telephone.jpg", format="MPO", save_all=True, append_images=[grey(0)])
    assert say("turned.jpg", "sixteen.png", "slope.png", "eight.png", "telephone.jpg")[0] == 0
    told = read_depth("depth/slope.png.depth.png")
    assert told.shape == (30, 20)
    assert told[0, -1] > 9.5 > 1.2 > told[-1, 0]  # what came first, the darkest, is at the upper right now
    assert read_depth("depth/telephone.jpg.depth.png") == pytest.approx(1.0)  # the first of its pictures
    assert read_depth("depth/turned.jpg.depth.png").shape == (60, 30)
    assert read_depth("depth/sixteen.png.depth.png") == pytest.approx(1.0)
    assert read_depth("depth/eight.png.depth.png") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ([], "say of which PICTURES"),
        (["absent.png"], "absent.png: no such file"),
        (["hollow"], "hollow: the folder holds no picture"),
        (["film.mp4"], "install ffmpeg"),
        (["x.png", "--size", "big"], "--size: expected rows and columns"),
        (["x.png", "--size", "8x8"], "32 to 4096"),
        (["x.png", "--metres", "5:1"], "--metres: expected near:far"),
        (["x.png", "--metres", "nan:1"], "--metres"),
        (["x.png", "--out", "x.png"], "x.png"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(tokens, sentence, say, tmp_path):
    os.mkdir("hollow")
    (tmp_path / "film.mp4").touch()
    grey(1).save("x.png")
    before = written(tmp_path)
    code, out, err = say(*tokens)
    assert (code, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert written(tmp_path) == before
    assert not (tmp_path / "depth").exists()


def test_results_are_no_pictures_and_no_two_sources_share_one(say, tmp_path):
    os.makedirs("a")
    os.makedirs("b")
    for place in ("a", "b"):
        grey(1).save(f"{place}/x.png")
    code, out, err = say("a", "b", "a/x.png")
    assert code == 1
    assert "b/x.png: its results would overwrite those of a/x.png" in err
    assert out.startswith("1 depth map written")
    os.chdir("a")
    for _ in range(2):
        assert say(".", "--out", ".")[0] == say(".")[0] == 0
    assert written(tmp_path / "a") == [
        "depth/x.png.depth.png", "depth/x.png.side.png", "x.png", "x.png.depth.png", "x.png.side.png",
    ]  # fmt: skip


def test_a_network_that_tells_no_depth_is_not_believed(say, tmp_path, network, monkeypatch):
    grey(1).save("x.png")
    for wrong in (lambda i: i.mean(-1) * np.nan, lambda i: -i.mean(-1) - 1, lambda i: i):
        monkeypatch.setattr(network, "depth", wrong)
        monkeypatch.setattr(
            "gnomon.engine.depth_model.load_model",
            lambda w, wrong=wrong: DepthModel("w", (64, 96), 32, wrong),
        )
        code, out, err = say("x.png")
        assert (code, err.startswith("x.png: the network gave")) == (1, True)
        assert "1 failed" in out
    assert written(tmp_path / "depth") == []


def test_a_full_disk_ends_the_run_and_leaves_no_part(say, tmp_path, monkeypatch):
    grey(1).save("x.png")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gnomon.store.files.os.replace", full)
    code, _, err = say("x.png")
    assert code == 2
    assert "the disk is full" in err
    assert written(tmp_path / "depth") == []


def test_progress_is_told_and_can_be_silenced(say, monkeypatch):
    os.mkdir("in")
    for n in range(3):
        grey(n).save(f"in/{n}.png")
    monkeypatch.setattr("gnomon.cli.depth.SHOWN_AFTER", -1)
    assert say("in")[2] == "1 of 3 files, maps: 1\n"  # the next line is due a while later
    assert say("in", "--quiet", "--again")[2] == ""
    monkeypatch.setattr("gnomon.cli.depth.QUIET_EVERY", -1)
    assert say("in", "--again")[2].splitlines()[-1] == "3 of 3 files, maps: 3"


def test_the_network_sees_whole_strides_of_the_pictures_shape():
    assert network_size((480, 640), (128, 160), 32) == (128, 160)
    assert network_size((640, 480), (128, 160), 32) == (160, 128)
    assert network_size((1, 50_000_000), (128, 160), 32) == (32, 4096)
    assert network_size((352, 1216), (128, 160), 32) == (64, 256)
    assert network_size((480, 640), (48, 64), 16) == (
        48,
        64,
    )  # of the shipped one; in strides of 32 it is 64 x 64


def test_colours_keep_the_order_of_depth_for_any_eye():
    linear = (np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in COLOURS]) / 255) ** 2.2
    assert (np.diff(linear @ [0.2126, 0.7152, 0.0722]) < 0).all()  # luminance falls from near to far
    ramp = shades(np.geomspace(0.5, 20, 50)[None], 0.5, 20).astype(float)
    assert (np.diff(ramp.sum(axis=-1)) <= 0).all()
    assert (shades(np.array([[0.1, 99.0]]), 0.5, 20) == ramp[:, [0, -1]]).all()


def test_ticks_are_round_metres_inside_the_span():
    assert ticks(0.9, 21) == [1, 2, 5, 10, 20]
    assert ticks(3, 4.9) == pytest.approx([3, 3.5, 4, 4.5])
    for near in (0.013, 0.7, 2.0, 3.1, 77):
        for ratio in (1.05, 1.5, 3, 40):
            found = ticks(near, near * ratio)
            assert len(found) >= 2
            assert near * 0.999 <= min(found)
            assert max(found) <= near * ratio * 1.001


def test_thin_and_flat_maps_are_drawn():
    assert span_of(np.full((3, 3), 2.0)) == pytest.approx((2 / 1.05**0.5, 2 * 1.05**0.5))
    for shape in ((1, 1), (1, 900), (900, 1), (2, 3000)):
        image = np.zeros((*shape, 3), np.uint8)
        assert side_by_side(image, np.full(shape, 3.0)).startswith(b"\x89PNG")
