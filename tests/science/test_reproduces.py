"""The quickstart run twice gives identical values, cost aside: scores, unit values, figures, what was learned."""

import msgspec
import pytest

from gnomon.engine.run import run_study
from gnomon.spec.shelf import find_study
from gnomon.spec.study import read_study
from gnomon.store.results import Store


def values(store: Store) -> dict[str, object]:
    """All that must not differ, by case."""
    found = {}
    for result in store.results():
        if result.case["trial"]["kind"] == "cost":
            continue
        details = store.get_details(result.id)
        learned = {k: v for k, v in result.learned.items() if k != "seconds"}
        found[result.id] = msgspec.to_builtins(
            (result.status, result.reason, result.when, result.scores, learned, details)
        )
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_quickstart_gives_the_same_values_twice(tmp_path):
    study = read_study(find_study("quickstart"))
    once, twice = Store(tmp_path / "once"), Store(tmp_path / "twice")
    for store in (once, twice):
        run_study(study, store, workers=2, progress=False)
    first, second = values(once), values(twice)
    assert first.keys() == second.keys()
    assert len(first) == 3 * 6 * 5
    different = [name for name in first if first[name] != second[name]]
    print(f"\n{len(first)} cases, {len(different)} with another value")
    assert not different
