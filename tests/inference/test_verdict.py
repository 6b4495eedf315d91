"""Verdicts in words."""

import pytest

from gnomon.inference.compare import Comparison, Versus
from gnomon.inference.verdict import answer, first_failure, ladder
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Estimate
from gnomon.spec.study import Rule
from tests.inference.results_for_tests import a_result, a_score, an_estimate

GOOD, BAD, UNSURE = (0.9, 0.8, 1.0), (0.2, 0.1, 0.3), (0.3, 0.0, 0.6)


def test_the_first_failure_is_the_lowest_cell_and_names_its_numbers():
    table = ladder(
        [
            a_result("lorenz96", trial="climate", rung="network", fidelity=BAD),
            a_result("lorenz63", trial="shift", fidelity=BAD),
            a_result("lorenz63", trial="climate", fidelity=UNSURE),
            a_result("lorenz63", trial="forecast", fidelity=GOOD),
        ]
    )
    got = first_failure(table, 0.5)["linear"]
    assert (got.rung, got.world, got.trial, got.passed) == ("flow", "lorenz63", "shift", 2)
    assert got.text == (
        "linear first fails on lorenz63 (rung flow), shift: fidelity 0.20 (0.10 to 0.30) lies below 0.5. "
        "attractor is 8.2 nat, where the floor is 1 and the null gaussian 10."
    )


def test_what_cannot_be_said_is_not_a_failure():
    table = ladder(
        [
            a_result(trial="forecast", score=a_score(status="no_room")),
            a_result(trial="climate", status="unsupported", reason="no such experiment"),
            a_result(trial="response", score=a_score((0.1, None, None))),
            a_result(trial="cost"),
            a_result(trial="shift", fidelity=GOOD),
        ]
    )
    got = first_failure(table)["linear"]
    assert got.world is None
    assert got.passed == 1
    assert got.untold == ("lorenz63, forecast", "lorenz63, climate", "lorenz63, response")
    assert got.text.startswith(
        "linear: no failure shown in 1 judged cell; nothing can be said on lorenz63, forecast"
    )


@pytest.mark.parametrize(
    ("status", "words"),
    [("failed", "the case failed (it raised)"), ("timeout", "out of time"), ("memory", "memory")],
)
def test_a_case_that_stopped_is_a_failure(status, words):
    got = first_failure(ladder([a_result(status=status, reason="it raised")]))["linear"]
    assert words in got.text


def test_a_divergence_names_its_time_and_its_count():
    score = a_score((-1.1, -1.2, -1.0), status="diverged", diverged=30)
    got = first_failure(ladder([a_result(score=score, when=12.5)]))["linear"]
    assert "it diverges at time 12.5, 30 of 40 units" in got.text
    assert "gaussian 10" in got.text
    bare = first_failure(ladder([a_result(status="diverged", when=12.5)]))["linear"]
    assert bare.text.endswith("it diverges at time 12.5.")


def test_a_subject_that_is_its_own_null_fails_without_an_interval():
    same = an_estimate(10.0, 9.0, 11.0)
    got = first_failure(ladder([a_result(score=a_score((0.0, None, None), discrepancy=same, null=same))]))[
        "linear"
    ]
    assert "identical to its null" in got.text


def test_most_seeds_must_fail():
    def of(*kinds):
        return first_failure(ladder([a_result(seed=i, fidelity=f) for i, f in enumerate(kinds)]))["linear"]

    assert of(BAD, GOOD, GOOD).world is None
    assert of(BAD, GOOD).world is None
    got = of(BAD, BAD, GOOD)
    assert got.world == "lorenz63"
    assert "with 2 of 3 seeds" in got.text


def test_the_answer_passes_over_controls():
    table = ladder(
        [a_result(learner=k, fidelity=f) for k, f in (("perfect", GOOD), ("null", BAD), ("linear", BAD))]
    )
    got = answer(Rule(), table)
    assert len(got.text) == 1
    assert got.text[0].startswith("linear first fails")
    assert set(got.failures) == {"perfect", "null", "linear"}


def versus(p, low, high, *, trial="climate", world="lorenz63", seed=0):
    value = None if p is None else (low + high) / 2
    gap = Estimate(value=value, low=low, high=high, n=40, reason="no room here" if p is None else None)
    return Versus(
        subject="nvar", other="linear", world=world, trial=trial, seed=seed,
        comparison=Comparison(difference=gap, p_value=p),
    )  # fmt: skip


def test_beats_is_answered_cell_by_cell():
    table = ladder([a_result(learner=k, fidelity=GOOD) for k in ("perfect", "nvar", "linear", "echo_state")])
    rule = Rule(kind="beats", subject="nvar")
    got = answer(
        rule,
        table,
        [
            versus(0.001, 0.1, 0.3),
            versus(0.5, -0.1, 0.1, trial="shift"),
            versus(0.001, -0.3, -0.1, trial="response"),
            versus(None, None, None, trial="trust"),
        ],
    )
    assert got.text == (
        "nvar beats linear in 1 of 3 cells (lorenz63, climate), is beaten in 1 (lorenz63, response), "
        "and no difference is shown in 1; 1 could not be tested.",
        "nvar was not compared with echo_state.",
    )
    assert [c.outcome for c in got.claims] == ["beats", "undecided", "loses", "untested"]


def test_seeds_must_agree_for_a_win():
    table = ladder([a_result(learner=k, fidelity=GOOD) for k in ("nvar", "linear")])
    rule = Rule(kind="beats", subject="nvar")
    win, loss, open_ = (0.0001, 0.1, 0.3), (0.0001, -0.3, -0.1), (0.9, -0.1, 0.1)

    def of(*cases):
        return answer(rule, table, [versus(*c, seed=i) for i, c in enumerate(cases)]).text[0]

    assert "beats linear in 1 of 1" in of(win, win, open_)
    assert "beats linear in 0 of 1" in of(win, open_)
    assert "beats linear in 0 of 1" in of(win, win, loss)


def test_beats_needs_a_subject_that_was_run():
    table = ladder([a_result(fidelity=GOOD)])
    with pytest.raises(BadSpec, match="needs a subject"):
        answer(Rule(kind="beats"), table)
    with pytest.raises(BadSpec, match="no results of 'nvar'"):
        answer(Rule(kind="beats", subject="nvar"), table)
