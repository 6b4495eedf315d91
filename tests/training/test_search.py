"""The search spends what it states and keeps the best."""

import jax
import pytest

from gnomon.spec.errors import BadData, BadSpec
from gnomon.training.free_run import Verdict
from gnomon.training.search import draw_settings, search

KEY = jax.random.key(0)
STRUCTURES = [{"delays": d} for d in (2, 1, 3, 4)]


def test_default_comes_first_and_budget_holds():
    drawn = draw_settings(STRUCTURES, {"ridge": (1e-6, 1e-3)}, 5, key=KEY)
    assert drawn[:2] == [{"delays": 2, "ridge": 1e-6}, {"delays": 2, "ridge": 1e-3}]
    assert len(drawn) == 5
    assert drawn == draw_settings(STRUCTURES, {"ridge": (1e-6, 1e-3)}, 5, key=KEY)


def test_another_key_draws_another_order():
    orders = {
        tuple(s["delays"] for s in draw_settings(STRUCTURES, {}, 4, key=jax.random.key(i))) for i in range(8)
    }
    assert len(orders) > 1
    assert all(order[0] == 2 for order in orders)


def test_budget_of_nothing_is_refused():
    with pytest.raises(BadSpec, match="budget"):
        draw_settings(STRUCTURES, {}, 0, key=KEY)


def test_divergence_loses_then_time_then_error():
    verdicts = {
        "long but diverging": Verdict(9.0, 0.1, 0.1),
        "short": Verdict(2.0, 0.1, 0.0),
        "long": Verdict(4.0, 0.5, 0.0),
        "as long, closer": Verdict(4.0, 0.3, 0.0),
    }
    chosen = search(
        [{"name": n} for n in verdicts], lambda s: s["name"], verdicts.__getitem__, space={}, budget=4
    )
    assert chosen.log["chosen"] == {"name": "as long, closer"}
    assert chosen.log["tried"] == 4


def test_nothing_to_search_is_an_error():
    with pytest.raises(BadData):
        search([], lambda s: s, lambda s: Verdict(0, 0, 0), space={}, budget=1)
