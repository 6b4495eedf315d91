"""What the page of the atmosphere says of its controls, from results made by hand."""

from types import SimpleNamespace

import pytest

from docs import atmosphere_page
from gnomon.testing.null_oracle import TABLES, chance_of_misses


def case(learner, trial, *intervals, seed=0):
    scores = [
        SimpleNamespace(
            measure="skill",
            fidelity=None if i is None else SimpleNamespace(value=0.0, low=i[0], high=i[1]),
        )
        for i in intervals
    ]
    told = {"learner": {"kind": learner}, "trial": {"kind": trial}, "seed": seed}
    return SimpleNamespace(case=told, scores=scores)


def test_misses_of_the_null_are_counted_by_trial():
    found = [
        case("null", "climate", (-1, -0.2), (-1, 1), None, (None, None)),
        case("null", "response", (0.1, 0.3), (-1, 1), (-2, 2)),
        case("perfect", "climate", (5, 6)),
    ]
    told = atmosphere_page.told_chance(found, 0.9)
    assert "5 independent cells miss 2 or more" in told
    assert f"{chance_of_misses(5, 2, 0.9):.2g}" in told
    assert "1 in climate, seed 0, 1 in response, seed 0" in told


def test_every_seed_has_its_own_row():
    found = [
        case("null", "climate", (-1, -0.2), (-1, 1)),
        case("perfect", "climate", (0.9, 1.1)),
        case("null", "climate", (-1, 1), seed=3),
    ]
    assert atmosphere_page.by_seed(found).splitlines() == [
        "| 0 | 1 of 1; missed in none | 1 of 2; missed in `skill` 1 |",
        "| 3 | 0 of 0; missed in none | 1 of 1; missed in none |",
    ]


def test_no_miss_is_said_too():
    told = atmosphere_page.told_chance([case("null", "climate", (-1, 1))], 0.9)
    assert "miss 0 or more with probability 1." in told
    assert "here: none" in told


def test_the_oracle_has_a_line_a_measure(monkeypatch):
    monkeypatch.setattr(atmosphere_page, "DRAWS", 25)
    table, worst = atmosphere_page.oracle(8)
    assert [line.split("`")[1] for line in table.splitlines()[2:]] == list(TABLES)
    assert worst == pytest.approx(0.9, abs=0.12)
