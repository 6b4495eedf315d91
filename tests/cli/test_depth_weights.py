"""Weights for `gnomon depth`: those of the file and no others, whole or not at all, one sentence for a hostile one."""

import copy
import functools
import json
import zipfile

import numpy as np
import pytest

from gnomon.archives.kitti import read_depth
from gnomon.cli.main import outcome
from gnomon.spec.errors import BadData, StoreError

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def weights(tmp_path):
    """A file of weights of a very small network that was never trained."""
    from gnomon.learners.sidert.depth_model import NetworkDepth, Reach
    from gnomon.learners.sidert.network import new_network
    from gnomon.learners.sidert.shipped import save_model
    from gnomon.learners.sidert.swin import SwinPlan

    plan = SwinPlan(width=4, depths=(1, 1), heads=(1, 1), window=4)
    save_model(
        NetworkDepth(new_network(plan, "plain", seed=0, width=4), Reach(0.5, 20.0, 32, 64)),
        {},
        tmp_path / "w.npz",
    )
    return tmp_path / "w.npz"


def test_weights_are_those_of_the_file(weights, monkeypatch):
    from gnomon.engine.depth_model import load_model

    monkeypatch.setattr("gnomon.engine.depth_model.depths", lambda network, images: images[..., 0] + 1)
    model = load_model(weights)
    assert (model.size, model.stride) == ((32, 64), 8)
    assert model.depth(np.zeros((1, 32, 64, 3))) == pytest.approx(np.ones((1, 32, 64)))
    assert model.identity == load_model(weights).identity != ""
    cut = weights.with_name("cut.npz")
    cut.write_bytes(weights.read_bytes()[:300])
    for path in (cut, weights.with_name("none.npz")):
        with pytest.raises(BadData, match=path.name):
            load_model(path)
    monkeypatch.setattr("gnomon.engine.depth_model.LARGEST", 100)
    with pytest.raises(BadData, match="when unpacked"):
        load_model(weights)


def test_hostile_weights_are_one_sentence(weights, tmp_path):
    from gnomon.engine.depth_model import load_model

    with np.load(weights) as file:
        parts = {name: file[name] for name in file.files}
    plain = json.loads(str(parts["plain"]))

    def refused(match, **changed):
        np.savez(tmp_path / "bad.npz", **(parts | changed))
        with pytest.raises(BadData, match=match) as told:
            load_model(tmp_path / "bad.npz")
        assert "bad.npz: " in str(told.value)
        assert len(str(told.value).splitlines()) == 1

    def edited(change):
        other = copy.deepcopy(plain)
        change(other["structure"]["fields"])
        return np.asarray(json.dumps(other))

    def reach(name, value):
        return edited(lambda fields: fields["reach"]["fields"].update({name: value}))

    for value in (-48, 0, "x", 1.5, True, None, 10**9):
        refused("trained on pictures", plain=reach("rows", value))
    for value in (-1.0, "x", 1e9, {"is": "float", "value": "nan"}):
        refused("reaches from", plain=reach("nearest", value))
    refused("its network is", plain=edited(lambda fields: fields.update(network=fields["reach"])))
    refused("its reach is", plain=edited(lambda fields: fields.update(reach=3)))
    network = ("network", "fields", "encoder", "fields", "plan", "fields")
    for name, value in (
        ("window", 10**7),
        ("patch", 10**9),
        ("depths", 5),
        ("channels", None),
    ):
        refused(
            "cannot be used",
            plain=edited(
                lambda f, n=name, v=value: functools.reduce(dict.__getitem__, network, f).update({n: v})
            ),
        )
    refused("cannot be used", plain=edited(lambda fields: fields["network"]["fields"].update(decoder=None)))
    large = np.asarray(str(parts["plain"]).replace('"side": 4', '"side": 300'))
    assert str(large) != str(parts["plain"])
    refused("windows of its encoder differ", plain=large)
    refused("not a file of weights", plain=np.asarray("[" * 100_000))
    refused("not a file of weights", plain=np.asarray('{"structure": 3'))
    refused("starts with a module", plain=np.asarray('{"structure": 3, "told": {}}'))
    header = b"{'descr': '<f2', 'fortran_order': False, 'shape': (100000000000000,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as file:
        file.writestr("plain.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(BadData, match="not a file of weights"):
        load_model(tmp_path / "bad.npz")


def test_weights_are_saved_whole_or_not_at_all(weights, monkeypatch):
    from gnomon.learners.sidert.shipped import load_shipped, save_model

    before, model = weights.read_bytes(), load_shipped(weights)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gnomon.store.files.os.replace", full)
    with pytest.raises(StoreError, match="the disk is full"):
        save_model(model, {"updates": 4}, weights)
    assert weights.read_bytes() == before
    assert [path.name for path in weights.parent.iterdir()] == ["w.npz"]


@pytest.mark.slow
def test_from_weights_to_maps(weights, tmp_path, monkeypatch, capsys):
    from gnomon.engine.depth_model import load_model

    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (32, 64, 3), dtype=np.uint8)
    Image.fromarray(image).save("x.png")
    assert outcome(["depth", "x.png", "--weights", str(weights), "--npy"]) == 0
    expected = load_model(weights).depth(image[None].astype(np.float32) / 255)[0]
    assert np.load("depth/x.png.depth.npy") == pytest.approx(expected, rel=1e-5)
    assert read_depth("depth/x.png.depth.png") == pytest.approx(expected, abs=1 / 256)
    assert "1 was there" not in capsys.readouterr().out
    assert outcome(["depth", "x.png", "--weights", str(weights), "--npy"]) == 0
    assert "1 was there" in capsys.readouterr().out
