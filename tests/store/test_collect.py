"""Garbage: what nothing refers to goes, what something refers to stays, and the young are spared."""

import errno
import os
import time

import numpy as np
import pytest

from gnomon.spec.errors import StoreError
from gnomon.spec.identity import identity
from gnomon.store.results import Store
from tests.store.plain import details, result

USED, PARENT, STUDIED, LOST = (identity("runs", n) for n in range(4))


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    store.put_node("data", PARENT, {"a": np.ones(3)}, {})
    store.put_node("runs", USED, {"a": np.ones(3)}, {"nodes": f"data/{PARENT}"})
    store.put_node("runs", STUDIED, {"a": np.ones(3)}, {})
    store.put_node("runs", LOST, {"a": np.ones(3)}, {})
    store.put_result(result(0, nodes=f"runs/{USED} nonsense runs/short"), details())
    store.put_study("q", [result(0).id], {"nodes": [f"runs/{STUDIED}"]})
    return store


def test_only_what_nothing_refers_to_is_removed(store):
    dry = store.gc(dry_run=True, grace=0)
    assert store.has_node("runs", LOST)
    done = store.gc(grace=0)
    assert done == dry
    assert {p.stem for p in done.paths} == {LOST}
    assert done.bytes > 0
    assert set(store.nodes()) == {("data", PARENT), ("runs", USED), ("runs", STUDIED)}
    assert store.get_details(result(0).id) == details()
    assert store.gc(grace=0).paths == ()


def test_what_is_young_is_spared(store):
    """A study that is running now has made nodes whose results are still to come."""
    assert store.gc().paths == ()
    old = time.time() - 7200
    for path in (store.root / "nodes" / "runs" / LOST[:2]).iterdir():
        os.utime(path, (old, old))
    assert {p.stem for p in store.gc().paths} == {LOST}


def test_leftovers_of_killed_writers_go(store):
    store.query()
    lone = store.root / "nodes" / "runs" / LOST[:2] / f"{LOST}.npz"
    lone.with_suffix(".json").unlink()
    (store.root / "results" / "ab").mkdir(exist_ok=True)
    left = [
        store.root / "results" / "ab" / f".{'ab' * 20}.json.12-cafe.tmp",
        store.root / "index" / "scores-0123.parquet",
        store.root / "details" / "ab" / f"{'ab' * 20}.json",
        lone,
    ]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"left")
    assert set(store.gc(grace=0).paths) == {p.relative_to(store.root) for p in left}
    assert store.query("SELECT count(*) AS n FROM cells") == [{"n": 2}]


def test_what_cannot_be_removed_is_an_error(store, monkeypatch):
    def refuse(path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with monkeypatch.context() as patch:
        patch.setattr("gnomon.store.collect.os.unlink", refuse)
        with pytest.raises(StoreError, match=r"cannot remove .* may not be removed by you"):
            store.gc(grace=0)
    assert store.has_node("runs", LOST)


def test_what_another_process_has_removed_is_no_concern(store, monkeypatch):
    def gone(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))

    monkeypatch.setattr("gnomon.store.collect.os.unlink", gone)
    assert store.gc(grace=0).paths == ()


def test_stale_checkpoints_go_and_fresh_ones_stay(store):
    """A training that was stopped may be taken up again; after a while nobody will."""
    places = [store.root / "training" / name / "training-a.npz" for name in ("old", "new")]
    for path in places:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"half done")
    old = time.time() - 7200
    os.utime(places[0], (old, old))
    store.gc()
    assert [p.exists() for p in places] == [False, True]
