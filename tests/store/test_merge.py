"""Two stores become one; nothing is replaced, nothing damaged is taken over, the other store is not touched."""

import numpy as np
import pytest

from gnomon.spec.errors import StoreError
from gnomon.spec.identity import identity
from gnomon.store.results import Store
from tests.store.plain import details, result

SHARED, THEIRS = identity("truth", 1), identity("truth", 2)


def snapshot(root):
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def stores(tmp_path):
    mine, other = Store(tmp_path / "mine"), Store(tmp_path / "other")
    mine.put_result(result(0), details())
    mine.put_result(result(1))
    mine.put_node("truth", SHARED, {"a": np.ones(3)}, {"recipe": {}})
    mine.put_study("q", [result(0).id], {})
    other.put_result(result(1))
    other.put_result(result(2), details())
    other.put_node("truth", SHARED, {"a": np.ones(3)}, {"recipe": {}})
    other.put_node("truth", THEIRS, {"a": np.zeros(3)}, {"recipe": {"seed": 2}})
    other.put_study("r", [result(2).id], {})
    return mine, other


def test_what_is_missing_is_taken_over(stores):
    mine, other = stores
    before = snapshot(other.root)
    merged = mine.merge(other.root)
    assert merged == (1, 1, 1, (), ())
    assert {r.case["seed"] for r in mine.results()} == {0, 1, 2}
    assert mine.get_details(result(2).id) == details()
    assert mine.get_result(result(2).id) == other.get_result(result(2).id)
    assert mine.get_node("truth", THEIRS).meta == other.get_node("truth", THEIRS).meta
    assert set(mine.studies()) == {"q", "r"}
    assert snapshot(other.root) == before
    assert mine.merge(other.root) == (0, 0, 0, (), ())
    assert mine.verify().damaged == ()


def test_of_two_contents_ours_is_kept_and_the_conflict_named(stores):
    mine, other = stores
    other.put_result(result(0, fidelity=0.1), details())
    other.put_node("truth", SHARED, {"a": np.full(3, 2.0)}, {"recipe": {}})
    other.put_study("q", [result(2).id], {})
    merged = mine.merge(other.root)
    assert len(merged.conflicts) == 3
    assert [c.split(":")[0] for c in merged.conflicts] == [
        f"node truth/{SHARED}", f"result {result(0).id}", "study 'q'",
    ]  # fmt: skip
    assert "measure attractor differs" in merged.conflicts[1]
    assert mine.get_result(result(0).id).scores == result(0).scores
    assert mine.get_node("truth", SHARED).arrays["a"][0] == 1.0


def test_seconds_are_no_conflict(stores):
    import msgspec

    mine, other = stores
    other.put_result(
        msgspec.structs.replace(result(1), cost={"seconds": 99.0}, provenance={"host": "elsewhere"})
    )
    assert mine.merge(other.root).conflicts == ()


def test_damaged_files_stay_where_they_are(stores):
    mine, other = stores
    path = other.root / "results" / result(2).id[:2] / f"{result(2).id}.json"
    path.write_bytes(path.read_bytes()[:-5])
    npz = other.root / "nodes" / "truth" / THEIRS[:2] / f"{THEIRS}.npz"
    npz.write_bytes(npz.read_bytes()[:-5])
    before = snapshot(other.root)
    merged = mine.merge(other.root)
    assert merged.results == merged.nodes == 0
    assert {str(p) for p, _ in merged.damaged} >= {
        str(path.relative_to(other.root)),
        str(npz.relative_to(other.root)),
    }
    assert snapshot(other.root) == before
    assert not mine.has_result(result(2).id)
    assert mine.verify().damaged == ()


def test_results_with_damaged_details_are_not_taken(stores):
    mine, other = stores
    [path] = (other.root / "details").glob(f"*/{result(2).id}.*.json")
    path.write_bytes(b"")
    assert mine.merge(other.root).results == 0
    path.unlink()
    assert mine.merge(other.root).results == 0


def test_a_store_is_not_merged_with_itself_or_with_nothing(stores, tmp_path):
    mine, _ = stores
    with pytest.raises(StoreError, match="with itself"):
        mine.merge(mine.root)
    with pytest.raises(StoreError, match="no result store"):
        mine.merge(tmp_path / "nothing")


@pytest.mark.parametrize("status", ["failed", "timeout", "memory"])
def test_a_case_that_came_to_its_end_wins_over_one_that_did_not(tmp_path, status):
    mine, other = Store(tmp_path / "mine"), Store(tmp_path / "other")
    mine.put_result(result(0, status=status))
    mine.put_result(result(1))
    mine.put_result(result(2, status=status))
    other.put_result(result(0), details())
    other.put_result(result(1, status=status))
    other.put_result(result(2, status="diverged"))
    assert mine.merge(other.root) == (2, 0, 0, (), ())
    assert [mine.get_result(result(n).id).status for n in range(3)] == ["ok", "ok", "diverged"]
    assert mine.get_details(result(0).id) == details()
    assert mine.merge(other.root) == (0, 0, 0, (), ())
