"""NYU's layout in small: reversed axes, numbers that count from 1, files that are not what they say."""

import numpy as np
import pytest
import scipy.io

from gnomon.archives.nyu import PICTURES, nyu_errors, open_labelled, read_split
from gnomon.numerics.depth_metrics import judged_pixels
from gnomon.spec.errors import BadData, MissingExtra
from tests.archives.depth_files import nyu_arrays, write_labelled

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    held = nyu_arrays()
    return write_labelled(tmp_path_factory.mktemp("nyu") / "labelled.mat", held), held


def test_pictures_and_depths_stand_upright(labelled):
    path, held = labelled
    with open_labelled(path) as file:
        assert file.count == 2
        for n in range(2):
            assert np.array_equal(np.rint(file.image(n) * 255), held["images"][..., n])
            assert np.array_equal(file.depth(n), held["depths"][..., n])
            assert np.array_equal(file.depth(n, raw=True), held["rawDepths"][..., n])
        for n in (-1, 2):
            with pytest.raises(BadData, match="holds 0 to 1"):
                file.image(n)


def test_depths_may_be_of_either_precision_and_packed(tmp_path, labelled):
    _, held = labelled
    doubled = {k: v[..., 1:].astype(float) if v.dtype.kind == "f" else v[..., 1:] for k, v in held.items()}
    path = write_labelled(tmp_path / "x.mat", doubled, compression="gzip", compression_opts=1, chunks=True)
    with open_labelled(path) as file:
        assert np.array_equal(file.depth(0), held["depths"][..., 1])


def test_only_the_usual_rectangle_and_ten_metres_are_judged(labelled):
    path, _ = labelled
    with open_labelled(path) as file:
        truth, raw = file.depth(0), file.depth(0, raw=True)
    guess = np.full_like(truth, 3.0)
    errors = nyu_errors(guess, truth)
    inner = truth[45:471, 41:601]
    assert errors.pixels == inner.size
    assert errors.abs_rel == pytest.approx((np.abs(3 - inner) / inner).mean())
    spoiled = guess.copy()
    spoiled[:45], spoiled[471:], spoiled[:, :41], spoiled[:, 601:] = 9, 9, 9, 9
    assert nyu_errors(spoiled, truth) == errors
    spoiled[45, 41] = 9
    assert nyu_errors(spoiled, truth) != errors
    assert nyu_errors(guess, raw).pixels == (raw[45:471, 41:601] > 0).sum() < inner.size
    far = truth.copy()
    far[100, 100] = 10.5
    assert nyu_errors(guess, far).pixels == inner.size - 1
    assert judged_pixels(far, cap=(1e-3, 10.0), crop="nyu").sum() == inner.size - 1


def test_the_split_counts_from_one(tmp_path):
    path = tmp_path / "splits.mat"
    train, test = np.arange(1, 796)[:, None], np.arange(796, 1450)[:, None]
    scipy.io.savemat(
        path, {"trainNdxs": train.astype(float), "testNdxs": test.astype(np.uint16), "other": "word"}
    )
    split = read_split(path)
    assert (len(split.train), len(split.test)) == (795, 654)
    assert (split.train[0], split.test[-1]) == (0, PICTURES - 1)


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ({"trainNdxs": [[1.0]]}, "testNdxs"),
        ({"trainNdxs": [[1.0]], "testNdxs": [[0.0]]}, "must lie in 1 to 1449"),
        ({"trainNdxs": [[1.0]], "testNdxs": [[1450.0]]}, "must lie in 1 to 1449"),
        ({"trainNdxs": [[1.0]], "testNdxs": [[1.5]]}, "not whole"),
        ({"trainNdxs": [[1.0]], "testNdxs": [[np.nan]]}, "not whole"),
        ({"trainNdxs": [[1.0]], "testNdxs": [[1.0]]}, "twice"),
        ({"trainNdxs": [[1.0]], "testNdxs": [[2.0, 2.0]]}, "twice"),
        ({"trainNdxs": [[1.0]], "testNdxs": np.ones((2, 2))}, "a list of at most"),
        ({"trainNdxs": [[1.0]], "testNdxs": np.zeros((1, 0))}, "a list of at most"),
        ({"trainNdxs": [[1.0]], "testNdxs": "words"}, "a list of at most"),
        ({"trainNdxs": [[1.0]], "testNdxs": {"a": 1}}, "a list of at most"),
        ({"trainNdxs": [[1.0]], "testNdxs": np.ones((1, 2000))}, "a list of at most"),
    ],
)
def test_splits_of_another_kind_are_refused(held, words, tmp_path):
    scipy.io.savemat(tmp_path / "splits.mat", held)
    with pytest.raises(BadData, match=words):
        read_split(tmp_path / "splits.mat")


def test_splits_that_are_no_such_files(tmp_path, labelled):
    good = tmp_path / "good.mat"
    scipy.io.savemat(good, {"trainNdxs": [[1.0]], "testNdxs": [[2.0]]})
    (tmp_path / "cut.mat").write_bytes(good.read_bytes()[:150])
    (tmp_path / "text.mat").write_text("1 2 3")
    (tmp_path / "giant.mat").write_bytes(b"\0" * 70_000)
    for name in ("cut.mat", "text.mat", "giant.mat", "none.mat"):
        with pytest.raises(BadData, match=name):
            read_split(tmp_path / name)


def test_files_that_are_not_the_labelled_one(tmp_path, labelled):
    path, held = labelled
    one = {k: v[..., :1] for k, v in held.items()}
    wrong = {
        "none": ({}, "holds no images"),
        "depth": ({"images": one["images"]}, "holds no depths"),
        "kind": (one | {"depths": one["depths"].astype(np.uint16)}, "it is .* of uint16"),
        "upright": (one | {"depths": one["depths"].transpose(1, 0, 2)}, "must be"),
        "flat": (one | {"images": np.zeros((4, 4), np.uint8)}, "must be"),
        "counts": (one | {"depths": held["depths"]}, "as many depths as images"),
    }
    for name, (arrays_, words) in wrong.items():
        file = write_labelled(tmp_path / f"{name}.mat", arrays_)
        with pytest.raises(BadData, match=words) as raised, open_labelled(file):
            pass
        assert str(raised.value).startswith(str(file))
    (tmp_path / "text.mat").write_text("not HDF5")
    (tmp_path / "cut.mat").write_bytes(path.read_bytes()[:100_000])
    for name in ("text.mat", "cut.mat", "absent.mat"):
        with pytest.raises(BadData, match=name), open_labelled(tmp_path / name):
            pass


def test_depths_that_are_none_are_refused(tmp_path, labelled):
    _, held = labelled
    for value in (np.nan, np.inf, -1):
        spoiled = {k: v[..., :1].copy() for k, v in held.items()}
        spoiled["depths"][5, 5] = value
        del spoiled["rawDepths"]
        with open_labelled(write_labelled(tmp_path / "x.mat", spoiled)) as file:
            with pytest.raises(BadData, match="not all depths"):
                file.depth(0)
            with pytest.raises(BadData, match="holds no rawDepths"):
                file.depth(0, raw=True)


def test_links_and_values_elsewhere_are_never_followed(tmp_path, labelled):
    path, held = labelled
    with h5py.File(tmp_path / "link.mat", "w") as file:
        file["images"] = h5py.ExternalLink(str(path), "images")
        file["depths"] = h5py.SoftLink("/images")
    raw = tmp_path / "raw"
    raw.write_bytes(held["depths"][..., :1].T.tobytes())
    with h5py.File(tmp_path / "outside.mat", "w") as file:
        file["images"] = held["images"][..., :1].T
        file.create_dataset("depths", (1, 640, 480), "f4", external=[(str(raw), 0, raw.stat().st_size)])
    layout = h5py.VirtualLayout((1, 640, 480), "f4")
    layout[0] = h5py.VirtualSource(str(path), "depths", (2, 640, 480))[0]
    with h5py.File(tmp_path / "virtual.mat", "w") as file:
        file["images"] = held["images"][..., :1].T
        file.create_virtual_dataset("depths", layout)
    for name, words in (("link", "is a link"), ("outside", "other files"), ("virtual", "other files")):
        with pytest.raises(BadData, match=words), open_labelled(tmp_path / f"{name}.mat"):
            pass


def test_claims_without_values_are_refused(tmp_path):
    with h5py.File(tmp_path / "hollow.mat", "w") as file:
        file.create_dataset("images", (9000, 3, 640, 480), "u1", chunks=(1, 3, 640, 480))
        file.create_dataset("depths", (9000, 640, 480), "f4", chunks=(1, 640, 480))
    with pytest.raises(BadData, match="never written"), open_labelled(tmp_path / "hollow.mat"):
        pass
    with h5py.File(tmp_path / "blocks.mat", "w") as file:
        for name, shape, kind in (("images", (9000, 3, 640, 480), "u1"), ("depths", (9000, 640, 480), "f4")):
            made = file.create_dataset(name, shape, kind, chunks=(3000, *shape[1:]), compression="gzip")
            made.id.write_direct_chunk((0,) * len(shape), b"few bytes")
    with pytest.raises(BadData, match="when unpacked"), open_labelled(tmp_path / "blocks.mat"):
        pass


def test_the_missing_reader_is_named(monkeypatch, labelled):
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(MissingExtra, match=r"gnomon\[climate\]"), open_labelled(labelled[0]):
        pass
