"""KITTI's layout in small: splits in both spellings, depth in 256ths of a metre, files that are not what they say."""

import numpy as np
import pytest

from gnomon.archives.kitti import depth_file, image_file, read_depth, read_image, read_split
from gnomon.numerics.depth_metrics import depth_errors
from gnomon.spec.errors import BadData
from tests.archives.depth_files import write_kitti_depth, write_kitti_picture

Image = pytest.importorskip("PIL.Image")

DRIVE = "2011_09_26_drive_0002_sync"
SPLIT = f"""2011_09_26/{DRIVE} 0000000069 l
2011_09_26/{DRIVE}/image_03/data/0000000070.png {DRIVE}/proj_depth/groundtruth/image_03/0000000070.png 721.5377

2011_09_26/{DRIVE} 71 l
"""


@pytest.fixture
def kitti(tmp_path):
    """Raw data with two pictures, annotated depth of one, and a split of three."""
    rng = np.random.default_rng(0)
    for camera, name in (("image_02", "0000000069.png"), ("image_03", "0000000070.jpg")):
        pixels = rng.integers(0, 256, (37, 124, 3), dtype=np.uint8)
        write_kitti_picture(tmp_path / "raw", DRIVE, camera, name, pixels)
    metres = np.where(rng.random((37, 124)) < 0.3, rng.uniform(2, 79, (37, 124)), 0)
    write_kitti_depth(tmp_path / "depth", DRIVE, "image_02", "0000000069", metres * 256)
    (tmp_path / "split.txt").write_text(SPLIT)
    return tmp_path, (metres * 256).astype(np.uint16) / 256


def test_frames_lead_to_pictures_and_depth(kitti):
    root, metres = kitti
    frames = read_split(root / "split.txt")
    assert [f.number for f in frames] == ["0000000069", "0000000070", "0000000071"]
    assert [f.camera for f in frames] == ["image_02", "image_03", "image_02"]
    assert {f.drive for f in frames} == {DRIVE}
    assert depth_file(root / "depth", frames[1]) is None
    depth = read_depth(depth_file(root / "depth", frames[0]))
    assert (depth == metres).all()
    assert image_file(root / "raw", frames[1]).suffix == ".jpg"
    image = read_image(image_file(root / "raw", frames[0]))
    assert image.shape == (37, 124, 3)
    assert 0.9 < image.max() <= 1
    with pytest.raises(BadData, match="no such picture"):
        image_file(root / "raw", frames[2])
    judged = depth_errors(np.full_like(depth, 20.0), depth, crop="garg")
    assert 0 < judged.pixels < (depth > 0).sum()


@pytest.mark.parametrize(
    "line",
    [
        "../../etc/passwd 0000000001 l",
        "/2011_09_26/drive/image_02/data/1.png",
        "2011_09_26/drive/../image_02/data/1.png",
        "2011_09_26/drive 12 x",
        "one word",
        "a" * 5000,
    ],
)
def test_lines_of_another_kind_are_refused(line, tmp_path):
    (tmp_path / "split.txt").write_text(f"2011_09_26/{DRIVE} 0000000069 l\n{line}\n")
    with pytest.raises(BadData, match="line 2"):
        read_split(tmp_path / "split.txt")


def test_files_that_are_not_what_they_say(tmp_path):
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    for name in ("empty.txt", "bytes.txt", "none.txt"):
        with pytest.raises(BadData):
            read_split(tmp_path / name)
    eight = tmp_path / "eight.png"
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(eight)
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 65535, (40, 50), dtype=np.uint16)).save(whole)
    cut, text = tmp_path / "cut.png", tmp_path / "text.png"
    cut.write_bytes(whole.read_bytes()[:600])
    text.write_text("not a picture")
    for path in (eight, cut, text, tmp_path / "none.png"):
        with pytest.raises(BadData, match=path.name):
            read_depth(path)
    with pytest.raises(BadData, match="mode"):
        read_image(whole)


def test_giant_pictures_are_refused_before_they_are_unpacked(tmp_path, monkeypatch):
    Image.fromarray(np.zeros((40, 50), np.uint16)).save(tmp_path / "x.png")
    monkeypatch.setattr("gnomon.archives.kitti.LARGEST_PIXELS", 1999)
    with pytest.raises(BadData, match="more than 1999"):
        read_depth(tmp_path / "x.png")
