"""Causes in words, from stored results."""

import io

import pytest
from rich.console import Console

from gnomon.report.causes import causes, print_causes
from gnomon.spec.results import Curve, Details, Estimate, Result, Score

WORDS = "relaxing x 0 to 9 towards the truth removes 90 % (80 to 95) of the error elsewhere"


class Shelf:
    """Details by the id of their result."""

    def __init__(self, details):
        self.get_details = details.get


def result(name, learner, scores, trial="cause"):
    case = {
        "world": {"kind": "lorenz96", "args": {}}, "learner": {"kind": learner, "args": {}},
        "trial": {"kind": trial, "args": {}}, "seed": 0,
    }  # fmt: skip
    return Result(id=name, case=case, status="ok", scores=tuple(scores))


def score(measure, status="ok", reason=None):
    return Score(
        measure=measure, version=1, units="%", status=status, reason=reason, value=Estimate(value=None)
    )


@pytest.fixture
def found():
    curve = Curve(name="relaxed", title="t", kind="bars", x_label="x", y_label="y", note=WORDS)
    results = [
        result("a", "peer", [score("relaxed_share"), score("regime_share", "unsupported", "no record")]),
        result("b", "null", [score("relaxed_share")]),
        result("c", "peer", [score("valid_time")], trial="forecast"),
    ]
    return Shelf({"a": Details(curves={"relaxed_share": (curve,)})}), results


def test_sentences_are_the_figures_notes(found):
    table = causes(*found)
    assert table.rows == (
        ("peer", "lorenz96", "relaxed towards the truth", WORDS),
        ("peer", "lorenz96", "single steps, by regime", "not asked: no record"),
    )
    assert table.cells[0] == ("peer", "lorenz96", "cause")


def test_what_nobody_was_asked_is_said_once_and_in_plain_words(found):
    silent = score("resolution_share", "unsupported", "no experiment labelled 'free' was run")
    scores = {"peer": [score("relaxed_share"), silent], "linear": [silent]}
    results = [result(name, name, own) for name, own in scores.items()]
    table = causes(found[0], results)
    assert table.rows == (
        ("peer", "lorenz96", "relaxed towards the truth", "not asked: ok"),
        (
            "every learner",
            "lorenz96",
            "truth at the model's resolution",
            "not asked: the study runs nothing freely",
        ),
    )
    assert table.cells == (("peer", "lorenz96", "cause"),) * 2
    other = result("other", "other", [score("resolution_share", "unsupported", "no record")])
    assert len(causes(found[0], [*results, other]).rows) == 4, (
        "reasons differ, so that each learner has its own"
    )


def test_the_terminal_says_the_same(found):
    said = io.StringIO()
    print_causes(*found, Console(file=said, width=200))
    assert "peer on lorenz96" in said.getvalue()
    assert WORDS in said.getvalue()
    silent = io.StringIO()
    print_causes(found[0], found[1][2:], Console(file=silent))
    assert silent.getvalue() == "", "nobody asked"
