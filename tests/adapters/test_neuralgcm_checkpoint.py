"""Checkpoints are found, fetched once, checked, and read; what is wrong with one is a sentence."""

import hashlib
import pickle
import tracemalloc

import numpy as np
import pytest

from gnomon.adapters.neuralgcm import checkpoint
from gnomon.adapters.neuralgcm.checkpoint import (
    TOY_FILE,
    build_model,
    cache_folder,
    check_config,
    find_checkpoint,
    packaged,
    read_checkpoint,
)
from gnomon.adapters.neuralgcm.subject import NeuralGCM
from gnomon.spec.errors import BadData, BadModel, MissingExtra

pytestmark = pytest.mark.filterwarnings("ignore")

CONTENT = {
    "model_config_str": "a.b = 1",
    "aux_ds_dict": {"coords": {}},
    "params": {"net": {"w": np.ones(3, "f4")}},
}


def write(path, **changes):
    path.write_bytes(pickle.dumps(CONTENT | changes, 4))
    return path


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GNOMON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "neuralgcm"


def test_the_packaged_toy_is_read_without_running_anything():
    content = read_checkpoint(find_checkpoint("toy"))
    count = sum(w.size for net in content["params"].values() for w in net.values())
    assert count == 191_174
    assert all(w.dtype == np.float32 for net in content["params"].values() for w in net.values())


def test_the_words_of_our_own_can_go_when_jax_reads_old_arrays_again():
    """A reminder, not a requirement: it fails when plain pickle can read the packaged checkpoint again."""
    try:
        pickle.loads(packaged(TOY_FILE).read_bytes())
        why = ""
    except TypeError as error:
        why = str(error)
    assert "named_shape" in why, (
        "JAX and neuralgcm read the packaged checkpoint again: the word jax._src.array._reconstruct_array in "
        "adapters/safe_pickle.py is no longer needed to mend it (the allow-list itself stays), and neither is this test"
    )


@pytest.mark.oracle
def test_arrays_are_the_ones_that_jax_would_make(monkeypatch):
    """Held against the only other way to read the file: JAX's own function, mended as the research note does."""
    import jax._src.array as private

    def mended(make, args, array_state, aval_state):
        array = make(*args)
        array.__setstate__(array_state)
        return array

    monkeypatch.setattr(private, "_reconstruct_array", mended)
    wanted = pickle.loads(packaged(TOY_FILE).read_bytes())
    got = read_checkpoint(find_checkpoint("toy"))
    assert got["model_config_str"] == wanted["model_config_str"]
    assert got["aux_ds_dict"] == wanted["aux_ds_dict"]
    for net, weights in wanted["params"].items():
        for name, w in weights.items():
            np.testing.assert_array_equal(got["params"][net][name], np.asarray(w))


def test_a_model_is_built_from_the_toy():
    model = build_model(find_checkpoint("toy"))
    assert model.timestep == np.timedelta64(1, "h")
    assert model.data_coords.horizontal.nodal_shape == (128, 64)
    assert len(model.data_coords.vertical.centers) == 37


def test_a_checkpoint_by_path(tmp_path):
    path = write(tmp_path / "mine.pkl")
    found = find_checkpoint(str(path))
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert not found.is_toy
    np.testing.assert_array_equal(read_checkpoint(found)["params"]["net"]["w"], np.ones(3))
    find_checkpoint(str(path), sha256=found.sha256.upper())
    with pytest.raises(BadData, match="tampered"):
        find_checkpoint(str(path), sha256="00" * 32)


def test_a_checkpoint_that_changes_while_it_is_used_is_told(tmp_path):
    found = find_checkpoint(str(write(tmp_path / "mine.pkl")))
    write(tmp_path / "mine.pkl", params={"net": {"w": np.zeros(3, "f4")}})
    with pytest.raises(BadData, match="changed while"):
        read_checkpoint(found)


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_an_address_is_fetched_once_and_remembered(scheme, tmp_path, cache, capsys):
    fsspec = pytest.importorskip("fsspec")
    address = f"file://{tmp_path}/far.pkl" if scheme == "file" else "memory://far/far.pkl"

    def put(**changes):
        with fsspec.open(address, "wb") as out:
            out.write(pickle.dumps(CONTENT | changes, 4))

    put()
    found = find_checkpoint(address)
    told = capsys.readouterr().err
    assert found.sha256 in told
    assert "on trust" in told
    assert found.path.parent == cache
    put(model_config_str="c.d = 2")  # replaced at its source: the copy that is known is used
    again = find_checkpoint(address)
    assert again == found
    assert capsys.readouterr().err == ""
    assert read_checkpoint(again)["model_config_str"] == "a.b = 1"
    found.path.unlink()  # fetched anew it is another file under the same name
    with pytest.raises(BadData, match="replaced at its source"):
        find_checkpoint(address)
    assert sorted(p.suffix for p in cache.iterdir()) == [".sha256"]


def test_a_copy_that_rots_in_the_cache_is_told(tmp_path, cache):
    pytest.importorskip("fsspec")
    write(tmp_path / "far.pkl")
    found = find_checkpoint(f"file://{tmp_path}/far.pkl")
    found.path.write_bytes(found.path.read_bytes() + b"x")
    with pytest.raises(BadData, match="no longer has the SHA-256"):
        find_checkpoint(f"file://{tmp_path}/far.pkl")


def test_a_public_name_goes_where_its_makers_publish(tmp_path, cache, monkeypatch):
    pytest.importorskip("fsspec")
    (tmp_path / "models" / "v1").mkdir(parents=True)
    write(tmp_path / "models" / "v1" / "deterministic_2_8_deg.pkl")
    assert checkpoint.PUBLIC == "gs://gresearch/neuralgcm/models"
    monkeypatch.setattr(checkpoint, "PUBLIC", f"file://{tmp_path}/models")
    found = find_checkpoint("v1/deterministic_2_8_deg")
    assert read_checkpoint(found)["model_config_str"] == "a.b = 1"


def test_what_cannot_be_fetched_leaves_nothing_behind(tmp_path, cache, monkeypatch):
    pytest.importorskip("fsspec")
    with pytest.raises(BadModel, match="without a network"):
        find_checkpoint(f"file://{tmp_path}/nowhere.pkl")
    (tmp_path / "empty.pkl").write_bytes(b"")
    with pytest.raises(BadData, match="is empty"):
        find_checkpoint(f"file://{tmp_path}/empty.pkl")
    assert list(cache.iterdir()) == []
    with pytest.raises((BadModel, MissingExtra)):
        find_checkpoint("nosuchprotocol://x/y.pkl")
    with pytest.raises(BadModel, match="expected 'toy'"):
        find_checkpoint("no-such-file")


def test_the_cache_follows_its_variables(monkeypatch, tmp_path):
    monkeypatch.delenv("GNOMON_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "gnomon" / "neuralgcm"


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "  import os.path",
        "from os import system",
        "include 'other.gin'",
        "\timport x",
        "a = 1\rimport os",
    ],
)
def test_a_configuration_that_imports_is_refused(line):
    with pytest.raises(BadData, match="imports code"):
        check_config(f"a.b = 1\n{line}\n", "x.pkl")


def test_a_configuration_that_opens_files_is_refused():
    with pytest.raises(BadData, match="opens a file"):
        check_config("x/NodalLandSeaIceEmbedding.static_vars_ds_path = '/etc/passwd'", "x.pkl")
    check_config(
        "x.static_vars_ds_path = None\nimportant.value = 1\nfrom_here.x = 2\nx = 'import os'", "x.pkl"
    )


@pytest.mark.parametrize(
    "text",
    [
        "A.data_path \\\n = '/etc/passwd'",
        "A.data_path = \\\n  '/etc/passwd'",
        "A.data_path = None\nA.\\\ndata_path = '/etc/passwd'",
        "A:\n  data_path \\\n  = '/etc/passwd'",
        "A:\n  # a comment\n  clip = 1\n\n  data_path = '/etc/passwd'",
        "A.path_to_data = '/etc/passwd'",
        "A.paths = ('/etc/passwd',)",
        "A.DataPath = '/etc/passwd'",
        "A.static_file = 'x'",
        "A.out_dir = 'x'",
        "A.data_url = 'https://x'",
        "A.filename = 'x'",
        "A.data_path = %MACRO",
        "A.data_path = '' '/etc/passwd'",
        "A.data_path = ('/etc/passwd')",
        "A.data_path = '' '' # None",
        "a/b/A.data_path='/etc/passwd'",
    ],
)
def test_no_way_of_writing_it_opens_a_file(text):
    with pytest.raises(BadData, match="opens a file"):
        check_config(f"a.b = 1\n{text}\n", "x.pkl")


@pytest.mark.parametrize("text", ["import \\\n os", "a.b = 1; import os", "a.b = 1\n\\\nimport os"])
def test_no_way_of_writing_it_imports(text):
    with pytest.raises(BadData, match="imports code"):
        check_config(f"{text}\n", "x.pkl")


def test_parameters_that_name_no_file_are_let_through():
    check_config(
        "A.data_path = \\\n    None\nA.x_file = ''\nA:\n  out_dir = None  # none\n  url = \"\"\n"
        "A.text = 'data_path = 1'\nA.profile = 3\nA.direction = 'up'\nA.include = 1\n# data_path = 'x'\n",
        "x.pkl",
    )


@pytest.mark.parametrize("text", ["a = (1", 'a = """x', "if:\n    a = 1\n  b = 2\n"])
def test_a_configuration_that_is_damaged_is_told(text):
    with pytest.raises(BadData, match="configuration is damaged"):
        check_config(text, "x.pkl")


def test_a_configuration_of_absurd_length_is_told():
    with pytest.raises(BadData, match="more than 1048576 characters"):
        check_config("a" * (1 << 21), "x.pkl")


def test_a_long_key_that_many_dicts_share_is_not_copied_for_each(tmp_path):
    key = "k" * (1 << 18)
    found = find_checkpoint(str(write(tmp_path / "x.pkl", params={str(i): {key: 1.0} for i in range(200)})))
    tracemalloc.start()
    try:
        read_checkpoint(found)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(key)


@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_a_checkpoint_too_large_for_the_machine_is_told(error, tmp_path, monkeypatch):
    def check(*_):
        raise error

    found = find_checkpoint(str(write(tmp_path / "x.pkl")))
    monkeypatch.setattr(checkpoint, "check_config", check)
    with pytest.raises(BadData, match="asks for more memory"):
        read_checkpoint(found)


def test_a_toy_whose_configuration_was_tampered_with_is_refused(tmp_path):
    content = read_checkpoint(find_checkpoint("toy"))
    path = write(
        tmp_path / "bad.pkl",
        **(content | {"model_config_str": "import this\n" + content["model_config_str"]}),
    )
    with pytest.raises(BadData, match="line 1 of its gin configuration"):
        build_model(find_checkpoint(str(path)))


@pytest.mark.parametrize("config", ["A.b = = 1", "A.b = " + "(" * 20_000 + ")" * 20_000])
def test_a_configuration_that_gin_cannot_read_is_told(config, tmp_path):
    content = read_checkpoint(find_checkpoint("toy")) | {"model_config_str": config}
    with pytest.raises(BadModel, match="cannot build a model"):
        build_model(find_checkpoint(str(write(tmp_path / "bad.pkl", **content))))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"params": {"net": {"w": "text"}}}, "is a str, not an array"),
        ({"params": {"net": {"w": np.array([1.0, np.nan])}}}, "not finite"),
        ({"model_config_str": 3}, "no text"),
    ],
)
def test_what_is_no_checkpoint_is_told(tmp_path, changes, match):
    with pytest.raises(BadData, match=match):
        read_checkpoint(find_checkpoint(str(write(tmp_path / "x.pkl", **changes))))
    (tmp_path / "y.pkl").write_bytes(pickle.dumps([1, 2], 4))
    with pytest.raises(BadData, match="no checkpoint of NeuralGCM"):
        read_checkpoint(find_checkpoint(str(tmp_path / "y.pkl")))


def test_identity_is_its_bytes_and_how_it_is_run(tmp_path):
    toy = NeuralGCM()
    copy = tmp_path / "copy.pkl"
    copy.write_bytes(packaged(TOY_FILE).read_bytes())
    assert toy.identity() == NeuralGCM().identity() == NeuralGCM(checkpoint=str(copy)).identity()
    others = [
        NeuralGCM(warmed="ocean"),
        NeuralGCM(date="1979-01-01"),
        NeuralGCM(perpetual=True),
        NeuralGCM(sea="world"),
    ]
    write(tmp_path / "other.pkl")
    others.append(NeuralGCM(checkpoint=str(tmp_path / "other.pkl")))
    assert len({s.identity() for s in [toy, *others]}) == 1 + len(others)
    with pytest.raises(BadData, match="tampered"):
        NeuralGCM(sha256="00" * 32).identity()
