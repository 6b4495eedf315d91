"""What a world is made of is part of every identity, version or not."""

import msgspec
import pytest

from gnomon.engine.bench import Bench
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Ref, TrialRef, make_case
from gnomon.store.results import Store
from gnomon.worlds.sphere import pool


def case_of(world):
    return make_case(
        Ref(kind=world),
        Ref(kind="perfect"),
        TrialRef(kind="forecast"),
        data=DataPlan(),
        seed=0,
        precision="float64",
    )


def address(tmp_path, change):
    case, bench = case_of("lorenz63"), Bench(Store(tmp_path))
    world = bench.world(case.world)
    object.__setattr__(world, "card", msgspec.structs.replace(world.card, **change))
    return bench._world_recipe(case)["world card"]


@pytest.mark.parametrize(
    "change",
    [{"spinup": 31.0}, {"data": "other files"}, {"errors": "lagged"}, {"lanes": 2}, {"timescale": 1.0}],
)
def test_a_changed_card_is_another_node(tmp_path, change):
    assert address(tmp_path, change) != address(tmp_path, {})


@pytest.mark.parametrize(
    "change", [{"summary": "other words"}, {"limits": ("none",)}, {"facts": ()}, {"step_seconds": 9.0}]
)
def test_words_are_no_numbers(tmp_path, change):
    assert address(tmp_path, change) == address(tmp_path, {})


def test_another_pool_is_another_world(monkeypatch, tmp_path):
    before = build("worlds", "speedy").card
    other = tmp_path / "pool.npz"
    other.write_bytes(b"other states")
    monkeypatch.setattr(pool, "pool_file", lambda *parts: other)
    after = build("worlds", "speedy").card
    assert before.data != after.data
    assert before.decisive() != after.decisive()
    assert any(k.endswith(" card") for k in case_of("lorenz63").versions)
