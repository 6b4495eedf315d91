"""The page of the hierarchical test: it says what is in the store, and names what is not."""

import pytest

from docs.hierarchical_page import page
from docs.hierarchical_sections import FINDINGS, days, kendall, order, published, robustness, told
from tests.inference.results_for_tests import a_result, a_score

GOOD, MIDDLING, BAD = (0.98, 0.9, 1.05), (0.7, 0.6, 0.8), (0.2, 0.1, 0.3)
HEADLINES = {
    "forecast": "skill",
    "climate": "mean_state",
    "response": "response_error",
    "shift": "shift_error",
}
SPEEDY = {"truncation": 21, "cloud_albedo": 0.43}


def case(learner, trial, fidelity, *, world_args=None, measure="", **fields):
    score = a_score(fidelity, measure=measure or HEADLINES[trial], headline=not measure)
    args = {"world_args": world_args or SPEEDY, "rung": "sphere"} | fields
    return a_result("speedy", learner, trial, score=score, **args)


def study(values, **fields):
    """Results of every trial: learner -> fidelity in all, or trial -> fidelity."""
    return [
        case(learner, trial, f if isinstance(f, tuple) else f[trial], **fields)
        for learner, f in values.items()
        for trial in HEADLINES
    ]


@pytest.fixture
def found():
    hybrid = dict.fromkeys(HEADLINES, MIDDLING) | {"shift": BAD}
    return {
        "hierarchical": study(
            {"perfect": GOOD, "null": (0.0, -0.1, 0.1), "peer": GOOD, "column_hybrid": hybrid}
        )
    }


def test_an_order_is_by_mean_fidelity_over_common_trials():
    results = study({"peer": GOOD, "column_hybrid": MIDDLING, "linear_inverse": BAD})
    assert order(results) == ["peer", "column_hybrid", "linear_inverse"]
    # A trial in which one of them has no answer decides nothing.
    extra = [
        r for r in results if not (r.case["learner"]["kind"] == "peer" and r.case["trial"]["kind"] == "shift")
    ]
    assert order(extra) == ["peer", "column_hybrid", "linear_inverse"]
    assert order([]) == []


def test_agreement_of_two_orders():
    assert kendall("abc", "abc") == 1
    assert kendall("abc", "cba") == -1
    assert kendall("abc", "acb") == pytest.approx(1 / 3)
    assert kendall("ab", "bc") is None


def test_robustness_says_what_was_not_run(found):
    text = robustness(found, "hierarchical")
    assert "| as published above | peer, column_hybrid |" in text
    for what in ("another seed", "T31", "the second physics as truth", "another measure in each trial"):
        assert f"| {what} | not run |" in text


def test_robustness_over_seeds_resolution_truth_and_measures(found):
    turned = {"peer": BAD, "column_hybrid": GOOD}
    found = dict(found)
    found["hierarchical"] = [
        *found["hierarchical"], *study(turned, seed=1),
        *(case(k, "climate", f, measure="zonal_state", twist="b") for k, f in turned.items()),
        *study(turned, world_args=SPEEDY | {"cloud_albedo": 0.39}),
    ]  # fmt: skip
    found["hierarchical_t31"] = study(
        {"peer": GOOD, "column_hybrid": BAD}, world_args=SPEEDY | {"truncation": 31}
    )
    found["hierarchical"], other = found["hierarchical"][:-8], found["hierarchical"][-8:]
    found["hierarchical_full"] = other
    text = robustness(found, "hierarchical")
    assert "| seed 1 | column_hybrid, peer | -1.00 |" in text
    assert "| T31 | peer, column_hybrid | +1.00 |" in text
    assert "| the second physics as truth | column_hybrid, peer | -1.00 |" in text
    assert "| another measure in each trial | column_hybrid, peer | -1.00 |" in text


def test_findings_stand_beside_ours_without_claims_that_intervals_do_not_carry():
    results = [
        case("column_hybrid", "response", (0.3, 0.1, 0.5), measure="response_phase"),
        case("column_hybrid", "response", GOOD, measure="response_odd", twist="b"),
        case("column_hybrid", "shift", (0.4, -1.0, 1.8), measure="warming_profile"),
    ]
    lines = published({"hierarchical": results}, "column_hybrid").splitlines()[2:]
    said = {f.asks[0][1]: line for f, line in zip(FINDINGS, lines, strict=True)}
    assert "weak here too: 0.30 (0.10 to 0.50)" in said["response_phase"]
    assert "not told from the truth: 0.98" in said["response_odd"]
    assert "undecided: 0.40" in said["warming_profile"]
    assert "not run" in said["cyclone_tracks"]
    assert "not run" in said["response_even"]


def test_the_page_says_who_fails_first_and_what_was_not_run(found):
    text = page(found, "hierarchical")
    assert "column_hybrid" in text
    assert "0.20 (0.10 to 0.30)" in text
    assert "| `hierarchical_full` | not run |" in text
    assert "Interventions (the trial `cause`) were not run" in text
    assert "It is plumbing" not in text.split("## Method")[0]  # that is the smoke study's
    assert "none on the even response" in text
    assert "2602.11313" in text
    first = text.split("## What fails first")[1].split("## Why")[0]
    assert "shift" in first
    assert "peer: no failure shown" in first


def test_a_page_of_the_smoke_study_claims_nothing(found):
    text = page({"hierarchical_smoke": found["hierarchical"]}, "hierarchical_smoke")
    assert "no claim follows" in text


def test_a_score_without_fidelity_says_its_word():
    assert told(None) == "not run"
    assert told(a_score(None, status="no_room")) == "no room"
    assert told(a_score((0.5, None, None))) == "0.50, no interval"


def test_days_are_those_of_the_design():
    args = {"units": 5, "horizon": 0.427}
    one = case("peer", "forecast", GOOD)
    one.case["trial"]["args"] = args
    one.case["world"]["args"] = {}
    assert days([one]) == {"forecast": pytest.approx(25.0)}
