"""Old stores are brought up to date, newer ones and foreign folders are refused."""

import json

import msgspec
import pytest

from gnomon.spec.errors import StoreError
from gnomon.spec.results import SCHEMA
from gnomon.store import migrations
from gnomon.store.results import Store
from tests.store.plain import result


def old_store(root):
    """A store of schema 0: bare results side by side, one of them torn."""
    folder = root / "results"
    folder.mkdir(parents=True)
    for seed in range(3):
        plain = msgspec.to_builtins(result(seed))
        del plain["schema"], plain["details"]
        (folder / f"{plain['id']}.json").write_text(json.dumps(plain))
    torn = folder / f"{result(2).id}.json"
    torn.write_text(torn.read_text()[:100])
    return root


def test_schema_0_is_migrated(tmp_path):
    store = Store(old_store(tmp_path / "old"))
    assert json.loads((store.root / "schema.json").read_text())["schema"] == SCHEMA
    assert store.get_result(result(0).id) == result(0)
    assert store.get_result(result(1).id) == result(1)
    [(path, reason)] = store.quarantined()
    assert path.name == f"{result(2).id}.json"
    assert "schema 0" in reason
    assert [p for p in (store.root / "results").iterdir() if p.is_file()] == []


def test_an_interrupted_migration_is_taken_up(tmp_path, monkeypatch):
    root = old_store(tmp_path / "old")
    real, count = migrations.write_atomic, []

    def dies(path, write):
        count.append(path)
        if len(count) == 2:
            raise KeyboardInterrupt
        real(path, write)

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "write_atomic", dies)
        with pytest.raises(KeyboardInterrupt):
            Store(root)
    assert not (root / "schema.json").exists()
    assert {r.id for r in Store(root).results()} == {result(0).id, result(1).id}


def test_an_old_store_that_may_not_be_changed_says_so(tmp_path):
    with pytest.raises(StoreError, match="open it once for writing"):
        Store(old_store(tmp_path / "old"), movable=False)


def test_a_newer_store_asks_for_an_upgrade(tmp_path):
    store = Store(tmp_path / "store")
    (store.root / "schema.json").write_text(json.dumps({"schema": SCHEMA + 1}))
    with pytest.raises(StoreError, match=f"schema {SCHEMA + 1}.*upgrade"):
        Store(store.root)


def test_a_newer_result_is_not_taken_for_damage(tmp_path):
    from gnomon.store.sealed import encode, seal

    store = Store(tmp_path / "store")
    plain = {**msgspec.to_builtins(result()), "schema": SCHEMA + 1, "invented": True}
    store.put_result(result())
    path = store.root / "results" / result().id[:2] / f"{result().id}.json"
    path.write_bytes(seal("result", encode(plain, "a test")))
    with pytest.raises(StoreError, match="upgrade"):
        store.get_result(result().id)
    assert path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "one"}', '{"schema": -1}', "{}"])
def test_a_damaged_schema_says_how_to_mend_it(tmp_path, text):
    store = Store(tmp_path / "store")
    (store.root / "schema.json").write_text(text)
    with pytest.raises(StoreError, match=r"expected \{\"schema\": 1\}"):
        Store(store.root)


def test_foreign_folders_and_files_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="neither empty nor a result store"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="is a file"):
        Store(tmp_path / "thesis.tex")
    with pytest.raises(StoreError, match="no result store"):
        Store(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_creation_that_was_killed_is_taken_up(tmp_path):
    (tmp_path / ".schema.json.1-aa.tmp").write_text("{")
    assert list(Store(tmp_path).ids()) == []
