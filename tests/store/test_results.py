"""What is put comes back, bit by bit; what was damaged is seen, moved aside and counts as not there."""

import json
import math
import os

import msgspec
import numpy as np
import pytest

from gnomon.spec.errors import StoreError
from gnomon.spec.identity import identity
from gnomon.spec.results import Details, Estimate
from gnomon.store.results import Store
from tests.store.plain import details, result, score

NODE = identity("truth", "a node")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def result_file(store, name):
    return store.root / "results" / name[:2] / f"{name}.json"


def test_a_result_and_its_details_come_back(store):
    stored = store.put_result(result(), details())
    assert store.has_result(stored.id)
    assert store.get_result(stored.id) == stored
    assert msgspec.structs.replace(stored, details=None) == result()
    assert store.get_details(stored.id) == details()
    assert list(store.results()) == [stored]
    assert store.get_result(identity("case", "never run")) is None


def test_a_result_file_is_json_for_any_reader(store):
    stored = store.put_result(result(), None)
    plain = json.loads(result_file(store, stored.id).read_text())
    assert plain["result"]["id"] == stored.id
    assert plain["result"]["details"] is None


def test_a_node_comes_back_with_its_types(store):
    arrays = {
        "obs.x": np.arange(6.0, dtype=np.float32).reshape(2, 3) * np.nan,
        "diverged": np.array([[1], [-1]]),
        "names": np.array(["a", "bc"]),
        "empty": np.zeros((0, 3)),
        "file": np.array(1 + 2j),
    }
    store.put_node("truth", NODE, arrays, {"recipe": {"seed": 1}})
    node = store.get_node("truth", NODE)
    assert set(node.arrays) == set(arrays)
    for name, array in arrays.items():
        assert node.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(node.arrays[name], array)
    assert node.meta["recipe"] == {"seed": 1}
    assert (node.meta["kind"], node.meta["id"]) == ("truth", NODE)
    assert store.has_node("truth", NODE)
    assert not store.has_node("runs", NODE)
    assert store.get_node("runs", NODE) is None
    assert list(store.nodes()) == [("truth", NODE)]


def test_equal_arrays_make_equal_files(store):
    store.put_node("truth", NODE, {"a": np.ones(3), "b": np.zeros(2)}, {})
    first = store.node_meta("truth", NODE)
    store.put_node("truth", NODE, {"b": np.zeros(2), "a": np.ones(3)}, {})
    assert store.node_meta("truth", NODE) == first


def test_a_study_keeps_its_order_and_leaves_out_what_has_not_run(store):
    made = [store.put_result(result(seed)) for seed in (3, 1, 2)]
    missing = identity("case", "later")
    store.put_study("q", [made[0].id, missing, made[1].id], {"question": "why?"})
    assert list(store.results("q")) == [made[0], made[1]]
    assert store.studies()["q"].study == {"question": "why?"}
    with pytest.raises(StoreError, match="did you mean 'q'"):
        list(store.results("qq"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data.replace(b'"seconds":1.5', b'"seconds":2.5'),
        lambda data: data.replace(b'"status":"ok"', b'"status":"okay"', 1),
        lambda data: data + b" ",
        lambda data: b"\0" * len(data),
        lambda data: b"not json at all",
        lambda data: b'{"checksum":"' + b"0" * 40 + b'","study":{}}\n',
    ],
    ids=["torn", "empty", "number changed", "word changed", "longer", "zeroed", "text", "another kind"],
)
def test_a_damaged_result_is_reported_and_can_be_made_again(store, damage):
    stored = store.put_result(result())
    path = result_file(store, stored.id)
    path.write_bytes(damage(path.read_bytes()))
    assert store.get_result(stored.id) is None
    assert not store.has_result(stored.id)
    [(where, reason)] = store.quarantined()
    assert where == path.relative_to(store.root)
    assert stored.id[:8] in reason
    store.put_result(result())
    assert store.get_result(stored.id) == stored


def test_a_result_under_another_name_is_damaged(store):
    stored = store.put_result(result())
    other = identity("case", "other")
    result_file(store, other).parent.mkdir(exist_ok=True)
    os.rename(result_file(store, stored.id), result_file(store, other))
    assert store.get_result(other) is None
    assert "names another case" in store.quarantined()[0][1]


@pytest.mark.parametrize("how", ["damaged", "missing", "of another run"])
def test_a_result_without_its_details_is_made_again(store, how):
    stored = store.put_result(result(), details())
    path = store.details_path(stored.id, stored.details)
    if how == "damaged":
        path.write_bytes(path.read_bytes()[:-10])
    elif how == "missing":
        path.unlink()
    else:
        alien = Store(store.root.parent / "alien")
        other = alien.put_result(result(), Details())
        path.write_bytes(alien.details_path(other.id, other.details).read_bytes())
    assert store.get_details(stored.id) is None
    assert store.get_result(stored.id) is None
    assert store.quarantined()


@pytest.mark.parametrize("which", ["npz", "json"])
def test_a_damaged_node_is_moved_aside_whole(store, which):
    store.put_node("truth", NODE, {"a": np.arange(100.0)}, {"recipe": {}})
    path = store.root / "nodes" / "truth" / NODE[:2] / f"{NODE}.{which}"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert store.get_node("truth", NODE) is None
    assert not store.has_node("truth", NODE)
    assert len(store.quarantined()) == 2
    assert store.quarantine.empty() > 0
    assert store.quarantined() == []


def test_a_pickle_is_never_loaded(store, tmp_path):
    """A hostile node whose checksums are right."""
    flag = tmp_path / "executed"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(flag),)

    store.put_node("truth", NODE, {"a": np.arange(3)}, {})
    path = store.root / "nodes" / "truth" / NODE[:2] / f"{NODE}.npz"
    np.savez(path, a=np.array([Evil()], dtype=object), allow_pickle=True)
    from gnomon.spec.identity import checksum
    from gnomon.store.sealed import encode, seal

    meta = {"kind": "truth", "id": NODE, "schema": 1, "checksum": checksum(path.read_bytes()), "bytes": 1}
    path.with_suffix(".json").write_bytes(seal("node", encode(meta, "a test")))
    assert store.get_node("truth", NODE) is None
    assert "cannot be read" in store.quarantined()[0][1]
    assert not flag.exists()


def test_links_and_pipes_are_not_followed(store, tmp_path):
    stored = store.put_result(result())
    path = result_file(store, stored.id)
    os.rename(path, tmp_path / "elsewhere.json")
    os.symlink(tmp_path / "elsewhere.json", path)
    assert store.get_result(stored.id) is None
    os.mkfifo(path)
    assert store.get_result(stored.id) is None
    assert [reason.split(" ", 2)[2] for _, reason in store.quarantined()].count("is not a plain file") == 1


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "A" * 40, "a" * 39, "a" * 41, "a" * 39 + "\n", None]
)
def test_names_that_are_no_ids_are_refused(store, name):
    for ask in (store.has_result, store.get_result, store.get_details, lambda n: store.get_node("truth", n)):
        with pytest.raises(StoreError, match="40 digits"):
            ask(name)


@pytest.mark.parametrize("kind", ["", "..", "a/b", "Truth", "a" * 40])
def test_kinds_are_words(store, kind):
    with pytest.raises(StoreError, match="one lower-case word"):
        store.has_node(kind, NODE)


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a" * 90])
def test_studies_have_plain_names(store, name):
    with pytest.raises(StoreError, match="study name"):
        store.put_study(name, [], {})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_refused_and_nothing_is_left(store, number):
    bad = msgspec.structs.replace(score("attractor", 0.5), fidelity=Estimate(value=number))
    with pytest.raises(StoreError, match=r"scores\[0\].fidelity.value is (nan|inf|-inf)"):
        store.put_result(msgspec.structs.replace(result(), scores=(bad,)), details())
    with pytest.raises(StoreError, match="unit_values"):
        store.put_result(result(), Details(unit_values={"m": {"subject": (0.0, number)}}))
    with pytest.raises(StoreError, match="recipe"):
        store.put_node("truth", NODE, {"a": np.ones(1)}, {"recipe": [1.0, number]})
    assert [p.name for p in store.root.rglob("*") if p.is_file()] == ["schema.json"]


def test_objects_are_no_arrays_and_no_meta(store):
    with pytest.raises(StoreError, match="Python objects"):
        store.put_node("truth", NODE, {"a": np.array([object()])}, {})
    with pytest.raises(StoreError, match="plain data"):
        store.put_node("truth", NODE, {"a": np.ones(1)}, {"recipe": object()})
    with pytest.raises(StoreError, match="may not set 'checksum'"):
        store.put_node("truth", NODE, {"a": np.ones(1)}, {"checksum": "0"})
    store.put_node("truth", NODE, {"a": np.ones(1)}, {"recipe": {"seed": np.int64(3), "x": np.float32(0.5)}})
    assert store.node_meta("truth", NODE)["recipe"] == {"seed": 3, "x": 0.5}


def test_verify_counts_what_is_sound_and_names_what_is_not(store):
    for seed in range(3):
        store.put_result(result(seed), details())
    store.put_node("truth", NODE, {"a": np.ones(3)}, {})
    store.put_study("q", [result(0).id], {})
    assert store.verify() == (3, 1, 1, (), {})
    path = result_file(store, result(1).id)
    path.write_bytes(path.read_bytes()[:-1])
    found = store.verify()
    assert (found.results, found.nodes, len(found.damaged)) == (2, 1, 1)


def test_a_store_that_may_not_be_changed_reports_and_leaves_alone(store):
    stored = store.put_result(result())
    path = result_file(store, stored.id)
    path.write_bytes(b"{}")
    other = Store(store.root, movable=False)
    assert other.get_result(stored.id) is None
    assert len(other.quarantined()) == 1
    assert path.read_bytes() == b"{}"
    assert other.query("SELECT count(*) AS n FROM scores") == [{"n": 0}]
    assert not (store.root / "index").exists()


def test_two_writers_of_one_case_leave_a_result_with_its_own_details(store):
    """The second writer's result is committed last, whichever details were written last."""
    first = store.put_result(result(fidelity=0.1), details())
    second = store.put_result(result(fidelity=0.2), Details())
    assert first.details != second.details
    store._commit(first)  # as if the first writer had been slower between details and result
    assert store.get_details(first.id) == details()
    store._commit(second)
    assert store.get_details(first.id) == Details()
    assert store.verify().damaged == ()
    [lone] = store.gc(grace=0).paths
    assert first.details in lone.name
    assert store.get_details(second.id) == Details()


def test_details_named_by_their_case_alone_are_still_found(store):
    stored = store.put_result(result(), details())
    path = store.details_path(stored.id, stored.details)
    early = path.with_name(f"{stored.id}.json")
    os.rename(path, early)
    assert store.get_details(stored.id) == details()
    assert store.gc(grace=0).paths == ()
    early.write_bytes(early.read_bytes()[:-10])
    assert store.get_details(stored.id) is None


def test_verify_names_its_own_finds_and_what_results_have_lost(store):
    store.put_node("truth", NODE, {"a": np.ones(3)}, {})
    needing = store.put_result(result(1, nodes=f"truth/{NODE}"))
    store.put_result(result(2, nodes=f"truth/{identity('truth', 'never made')}", status="failed"))
    old = store.put_result(result(3))
    result_file(store, old.id).write_bytes(b"old damage")
    store.get_result(old.id)
    node = store.root / "nodes" / "truth" / NODE[:2] / f"{NODE}.npz"
    node.write_bytes(b"new damage")
    found = store.verify()
    assert {f.path.name for f in found.damaged} == {f"{NODE}.npz", f"{NODE}.json"}
    assert all(f.moved for f in found.damaged)
    assert found.missing == {("truth", NODE): (needing.id,)}
    assert found.lost == ()
    assert store.get_result(needing.id) == needing
    assert store.verify().damaged == ()
    assert store.verify().missing == found.missing


def test_a_store_that_may_not_be_changed_moves_nothing(store):
    stored = store.put_result(result())
    result_file(store, stored.id).write_bytes(b"{}")
    other = Store(store.root, movable=False)
    for _ in range(2):
        [found] = other.verify().damaged
        assert not found.moved
    assert other.verify().lost == (stored.id,)
    assert not (store.root / "quarantine").exists()
