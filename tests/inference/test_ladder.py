"""The ladder as plain data."""

import msgspec
import pytest

from gnomon.inference.ladder import ladder
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Estimate
from tests.inference.results_for_tests import a_result, a_score

GOOD, BAD = (0.9, 0.8, 1.0), (0.2, 0.1, 0.3)


def test_rows_go_up_the_rungs_and_columns_follow_the_trials():
    table = ladder(
        [
            a_result("kuramoto_sivashinsky", "nvar", "shift", rung="field", fidelity=BAD),
            a_result("lorenz96", "nvar", "climate", rung="network", fidelity=GOOD),
            a_result("lorenz63", "nvar", "forecast", fidelity=GOOD),
            a_result("lorenz63", "perfect", "cost"),
        ]
    )
    assert [r.world for r in table.rows] == ["lorenz63", "lorenz96", "kuramoto_sivashinsky"]
    assert [r.rung for r in table.rows] == ["flow", "network", "field"]
    assert table.trials == ("forecast", "climate", "shift", "cost")
    assert table.learners == ("perfect", "nvar")
    assert table.cell("nvar", "lorenz63", "climate") is None
    assert [c.world for c in table.climb("nvar")] == ["lorenz63", "lorenz96", "kuramoto_sivashinsky"]


def test_a_cell_holds_its_headline_and_nothing_else():
    result = a_result(fidelity=GOOD)
    other = a_score(BAD, headline=False, measure="moments")
    result = msgspec.structs.replace(result, scores=(other, *result.scores))
    cell = ladder([result]).cells[0]
    assert cell.score.measure == "attractor"
    assert cell.fidelity == Estimate(value=0.9, low=0.8, high=1.0, n=40)
    assert (cell.median, cell.lowest, cell.highest) == (0.9, None, None)
    assert cell.seeds[0].result == result.id


def test_several_seeds_show_median_and_range():
    values = [0.2, 0.9, 0.7]
    table = ladder([a_result(seed=s, fidelity=(v, v - 0.1, v + 0.1)) for s, v in enumerate(values)])
    cell = table.cells[0]
    assert (cell.median, cell.lowest, cell.highest) == (0.7, 0.2, 0.9)
    assert cell.fidelity.value == 0.7
    assert [s.seed for s in cell.seeds] == [0, 1, 2]


def test_seeds_that_end_differently_are_told():
    table = ladder(
        [
            a_result(seed=0, fidelity=GOOD),
            a_result(seed=1, status="diverged", reason="left the attractor", when=3.0),
            a_result(seed=2, fidelity=(0.7, 0.6, 0.8)),
        ]
    )
    cell = table.cells[0]
    assert cell.status == "ok"
    assert cell.reason.startswith("1 diverged, 2 ok of 3 seeds")
    tie = ladder(
        [a_result(seed=0, fidelity=GOOD), a_result(seed=1, status="failed", reason="it raised")]
    ).cells[0]
    assert tie.status == "failed"
    assert tie.score is None
    assert "it raised" in tie.reason
    assert tie.median == 0.9


def test_a_case_without_scores_keeps_its_status_and_reason():
    cell = ladder([a_result(status="timeout", reason="30 s were allowed")]).cells[0]
    assert (cell.status, cell.reason, cell.score, cell.median) == ("timeout", "30 s were allowed", None, None)


def test_worlds_that_differ_in_arguments_are_different_rows():
    table = ladder(
        [
            a_result(world_args={"rho": 28.0, "sigma": 10.0}, fidelity=GOOD),
            a_result(world_args={"rho": 35.0, "sigma": 10.0}, fidelity=BAD),
        ]
    )
    assert [r.world for r in table.rows] == ["lorenz63 (rho=28.0)", "lorenz63 (rho=35.0)"]
    labelled = ladder([a_result(label="ours", fidelity=GOOD), a_result(fidelity=BAD)])
    assert set(labelled.learners) == {"ours", "linear"}


def test_results_of_different_plans_are_not_mixed_silently():
    with pytest.raises(BadSpec, match="one study"):
        ladder([a_result(fidelity=GOOD), a_result(fidelity=BAD, twist="-float32")])
    same = a_result(fidelity=GOOD)
    assert len(ladder([same, same]).cells[0].seeds) == 1


def test_the_rung_can_be_handed_over_and_may_be_unknown():
    result = msgspec.structs.replace(a_result(fidelity=GOOD), provenance={})
    assert ladder([result]).rows[0].rung == "unknown"
    assert ladder([result], rungs={"lorenz63": "flow"}).rows[0].rung == "flow"


def test_nothing_makes_an_empty_ladder():
    table = ladder([])
    assert (table.rows, table.trials, table.learners, table.cells) == ((), (), (), ())


def test_it_is_plain_data():
    table = ladder([a_result(fidelity=GOOD), a_result(trial="cost")])
    assert msgspec.json.decode(msgspec.json.encode(table), type=type(table)) == table
