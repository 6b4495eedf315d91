"""What a process remembers is bounded by number and by bytes, and what several values share is counted once."""

import numpy as np

from gnomon.engine.recall import Recall, owners

NONE = frozenset()


def test_the_least_recently_used_is_forgotten_first():
    recall = Recall(2, 10**9)
    recall.put("a", 1, frozenset({"node"}))
    recall.put("b", 2, NONE)
    assert recall.get("a") == (1, frozenset({"node"}))
    recall.put("c", 3, NONE)
    assert ("a" in recall, "b" in recall, "c" in recall) == (True, False, True)


def test_bytes_are_bounded_and_shared_arrays_count_once():
    shared, recall = np.zeros(100), Recall(50, 2500)
    recall.put("a", (shared, {"own": np.zeros(100)}), NONE)
    recall.put("b", [shared[:3], shared.reshape(10, 10)], NONE)  # views hold all of their owner
    assert recall.bytes == 1600
    recall.put("c", np.zeros(150), NONE)
    assert "a" not in recall
    assert recall.bytes == 800 + 1200  # b still holds what it shared with a
    recall.put("d", np.zeros(1000), NONE)
    assert len(recall) == 1, "the newest stays, however large"
    assert recall.bytes == 8000


def test_it_forgets_until_it_fits_and_never_counts_below_zero():
    recall = Recall(120, 10_000)
    for n in range(40):
        recall.put(n, {"x": np.zeros(300), "n": n, "none": None}, NONE)
        assert 0 < recall.bytes <= 10_000
    assert len(recall) == 4


def test_arrays_are_found_in_nested_tuples_and_mappings():
    x, y = np.zeros(3), np.ones(4)
    found = list(owners((x, {"a": [y[1:], "no array", None, 3.0]})))
    assert found[0] is x
    assert found[1] is y
