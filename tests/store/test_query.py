"""Questions over all results: right answers, an index that follows the files, and no way out of the table."""

import os
import subprocess
import sys

import msgspec
import pytest

from gnomon.spec.errors import StoreError
from gnomon.store import index
from gnomon.store.results import Store
from gnomon.store.rows import COLUMNS
from tests.store.plain import result


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    for seed in range(4):
        store.put_result(result(seed, label="mine" if seed else ""))
    store.put_result(result(4, status="failed"))
    store.put_study("q", [result(2).id, result(4).id, result(0).id], {})
    store.put_study("other", [result(2).id], {})
    return store


def segments(store):
    return sorted(p.name for p in (store.root / "index").glob("*.parquet"))


def test_the_table_of_a_study_stands_in_ladder_order(store):
    rows = store.table("seed", "measure", "status", "fidelity", study="q")
    assert [tuple(row.values()) for row in rows] == [
        (2, "attractor", "ok", 0.7),
        (2, "moments", "ok", 0.9),
        (4, None, "failed", None),
        (0, "attractor", "ok", 0.7),
        (0, "moments", "ok", 0.9),
    ]


def test_every_column_holds_what_the_result_says(store):
    [row] = store.query("SELECT * FROM cells WHERE seed = 0 AND headline")
    assert list(row) == list(COLUMNS)
    assert row == {
        "id": result(0).id, "world": "lorenz63", "world_kind": "lorenz63", "rung": "flow", "learner": "linear",
        "learner_kind": "linear", "trial": "climate", "seed": 0, "precision": "float64", "case_status": "ok",
        "case_reason": None, "diverged_at": None, "measure": "attractor", "version": 1, "units": "1", "headline": True,
        "status": "ok", "reason": None, "value": 1.0, "low": 0.9, "high": 1.1, "null_value": 2.0, "floor_value": 0.9,
        "discrepancy": 0.3, "null_name": "gaussian", "null_discrepancy": 1.0, "floor_discrepancy": 0.1, "fidelity": 0.7,
        "fidelity_low": pytest.approx(0.6), "fidelity_high": pytest.approx(0.8), "fidelity_reason": None,
        "smallest_effect": None, "n": 40, "diverged": 0, "cost": '{"seconds":1.5}',
    }  # fmt: skip
    [row] = store.query("SELECT learner, case_reason FROM cells WHERE seed = 4")
    assert row == {"learner": "linear", "case_reason": "it blew up"}
    assert store.query("SELECT DISTINCT learner FROM cells WHERE seed = 1") == [{"learner": "mine"}]


def test_a_case_of_two_studies_is_in_both_and_one_of_none_has_none(store):
    asked = "SELECT study, count(*) AS n FROM scores GROUP BY study ORDER BY study NULLS LAST"
    assert store.query(asked) == [{"study": "other", "n": 2}, {"study": "q", "n": 5}, {"study": None, "n": 4}]
    assert store.query("SELECT count(*) AS n FROM cells WHERE seed > ?", [1]) == [{"n": 5}]
    assert len(store.query()) == 11
    assert store.query("SELECT id FROM studies WHERE study = 'other'") == [{"id": result(2).id}]


def test_an_empty_store_has_an_empty_table(tmp_path):
    assert Store(tmp_path / "store").table() == []
    assert Store(tmp_path / "store").query("SELECT count(*) AS n FROM studies") == [{"n": 0}]


def test_new_results_are_read_and_old_ones_are_not_read_again(store, monkeypatch):
    store.query()
    first = segments(store)
    store.put_result(result(7))
    read = []
    real = Store.get_result
    monkeypatch.setattr(Store, "get_result", lambda self, name: read.append(name) or real(self, name))
    assert store.query("SELECT count(*) AS n FROM cells") == [{"n": 11}]
    assert read == [result(7).id]
    assert set(first) < set(segments(store))
    assert store.query("SELECT count(*) AS n FROM cells") == [{"n": 11}]
    assert len(read) == 1


def test_changed_and_vanished_results_are_followed(store):
    store.query()
    store.put_result(result(0, fidelity=0.123))
    os.unlink(store.root / "results" / result(1).id[:2] / f"{result(1).id}.json")
    asked = "SELECT seed, fidelity FROM cells WHERE measure = 'attractor' ORDER BY seed"
    assert [tuple(r.values()) for r in store.query(asked)] == [(0, 0.123), (2, 0.7), (3, 0.7)]
    assert len(segments(store)) == 1
    assert store.query("SELECT count(*) AS n FROM cells") == [{"n": 7}]


def test_many_small_additions_are_joined(store, monkeypatch):
    monkeypatch.setattr(index, "MOST_SEGMENTS", 3)
    for seed in range(10, 16):
        store.put_result(result(seed))
        store.query()
    assert len(segments(store)) <= 3
    assert store.query("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM cells") == [{"n": 21, "ids": 11}]


@pytest.mark.parametrize("what", ["manifest.json", "*.parquet"])
@pytest.mark.parametrize("how", ["torn", "gone", "foreign"])
def test_a_damaged_index_is_built_again(store, what, how):
    store.query()
    [path] = (store.root / "index").glob(what)
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:20] if how == "torn" else b"something else")
    assert store.query("SELECT count(*) AS n FROM cells") == [{"n": 9}]
    assert store.query("SELECT count(*) AS n FROM cells") == [{"n": 9}]


def test_a_damaged_result_leaves_the_table(store):
    store.query()
    path = store.root / "results" / result(0).id[:2] / f"{result(0).id}.json"
    path.write_bytes(path.read_bytes().replace(b'"value":0.7', b'"value":0.99'))
    assert store.query("SELECT count(*) AS n FROM cells WHERE seed = 0") == [{"n": 0}]
    assert len(store.quarantined()) == 1


@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM read_csv('/etc/passwd')", "COPY cells TO 'stolen.csv'", "INSTALL httpfs", "LOAD sqlite",
     "ATTACH 'x.db'", "SET enable_external_access = true"],
)  # fmt: skip
def test_a_question_cannot_leave_the_table(store, sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="not understood"):
        store.query(sql)
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_mistakes_are_one_line(store):
    with pytest.raises(StoreError) as caught:
        store.query("SELECT fidelty FROM scores")
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreError, match="did you mean 'fidelity'"):
        store.table("fidelty")
    with pytest.raises(StoreError, match="did you mean 'other'"):
        store.table(study="othr")


def test_parquet_holds_the_same_rows(store, tmp_path):
    import duckdb

    out = tmp_path / "it's here.parquet"
    assert store.export_parquet(out, study="q") == 5
    read = duckdb.connect().execute("SELECT seed, measure FROM read_parquet(?)", [str(out)]).fetchall()
    assert read == [tuple(r.values()) for r in store.table("seed", "measure", study="q")]
    assert store.export_parquet(out) == 11
    with pytest.raises(StoreError, match="cannot write"):
        store.export_parquet(tmp_path / "no such folder" / "x.parquet")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["it's here.parquet", "store"]


def test_strange_cases_have_rows_too(tmp_path):
    store = Store(tmp_path / "store")
    for seed, case in enumerate([{}, {"world": 3, "seed": "x"}, {"world": {"kind": "their.module:World"}}]):
        store.put_result(msgspec.structs.replace(result(seed), case=case))
    assert store.query("SELECT count(*) AS n, count(world) AS worlds FROM cells") == [{"n": 6, "worlds": 2}]


def test_the_store_loads_neither_jax_nor_duckdb_before_a_question():
    code = "import sys, gnomon.store.results; print({'jax', 'duckdb', 'scipy', 'xarray'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
