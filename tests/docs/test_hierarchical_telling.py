"""How the page of the hierarchical test tells its numbers: what they are of, and what a reader must not read there."""

import msgspec
import numpy as np
import pytest

import validation.faults.__main__ as faults
from docs.hierarchical_figures import disclaimed
from docs.hierarchical_models import cautions, lessons, training
from docs.hierarchical_page import aged, page
from docs.hierarchical_sections import measures, robustness
from gnomon.inference.attribution import MOST, Candidate, attribute
from gnomon.spec.registry import load
from tests.docs.test_hierarchical_page import BAD, GOOD, HEADLINES, MIDDLING, SPEEDY, case, known, study
from tests.inference.results_for_tests import a_score
from validation.stability import Life, keep, row

PLAN = {"runs": 6, "moments": 40, "columns": 1600, "states": False}
LOG = {"saw": "tendencies of the truth's physics and full states of the truth", "lesson": PLAN, "budget": 1}


def trained(learner, log=None, args=None, fidelity=GOOD, trial="forecast", **fields):
    """A case with a log of training."""
    result = case(learner, trial, fidelity, learner_args=args, **fields)
    result.case["data"] = {"trajectories": 12, "validation": 4, "steps": 120}
    return msgspec.structs.replace(result, learned=log or {"budget": 3, "seconds": 5.0})


def test_a_hybrid_saw_what_its_lesson_shows():
    """The log's own sentence speaks of every lesson that there can be."""
    said = training([trained("column_hybrid", LOG, {"updates": 80000, "batch": 256})])
    assert "1600 columns at each of 40 moments of 6 runs" in said
    assert "no full states" in said
    assert "80000 updates of 256 columns, 1 setting |" in said
    said = training([trained("column_hybrid", LOG | {"lesson": PLAN | {"states": True}}, {"online": 500})])
    assert "and full states of the truth" in said
    assert "500 updates online" in said


def test_an_emulators_budget_stands_in_the_table_of_models():
    said = training([trained("fourier_operator", None, {"updates": 2400, "batch": 1024})])
    assert (
        "noisy observations of 12 training trajectories of 120 states | 2400 updates of 1024 places" in said
    )
    assert "3 settings |" in said


def test_offline_training_is_said_as_logs_say_it(tmp_path):
    further = LOG | {"lesson": PLAN | {"states": True}}
    offline = trained("column_hybrid", LOG, {"online": 0})
    online = trained("column_hybrid", further, {"online": 500}, label="taught further")
    assert lessons([offline]).endswith("(free runs choose a snapshot): column_hybrid.")
    both = lessons([offline, online])
    assert "offline only" in both.split("Trained online too")[0]
    assert "taught further (500 updates)" in both.split("Trained online too")[1]
    assert lessons([trained("fourier_operator")]) == ""
    first = page(known({"hierarchical": [offline]}), "hierarchical", tmp_path).split("## Method")[0]
    assert "Trained offline only" in first


def test_the_page_begins_with_runs_that_failed_in_years(tmp_path):
    """No failure in the trials is no stability."""
    found = {"hierarchical": study({"peer": GOOD, "column_hybrid": MIDDLING})}
    acted = {"beyond": 0.0, "limited": 0.0, "dried": 0.0, "capped": 0.1}
    before = page(known(found), "hierarchical", tmp_path)
    lives = [Life(3650.0, False, 250.0, 250.0, acted), Life(95.0, True, 250.0, 250.0, acted)]
    keep(tmp_path / "stability.csv", [row("speedy", "none", "default", i, 0, x) for i, x in enumerate(lives)])
    after = page(known(found), "hierarchical", tmp_path)
    for text, there in ((before, False), (after, True)):
        first = text.split("## Method")[0]
        assert "no failure shown in 4 judged cells" in first
        assert ("1 of 2 networks (1 of 2 runs) within 10 years" in first) == there
    section = after.split("## Is it stable?")[1].split("## Does Gnomon")[0]
    assert "95 of 100 cases" in section
    assert "forced response" in section
    assert "not those of the study" in section
    assert "python -m validation.broken_columns STORE --csv" in section


def test_stored_means_budgets_and_diverged_runs_are_held_against_the_table():
    lost = msgspec.structs.replace(a_score((0.44, -15.89, 0.87), measure="shift_error"), diverged=2, n=10)
    wide = msgspec.structs.replace(case("column_hybrid", "shift", BAD), scores=(lost,))
    noisy = case("peer", "shift", (0.44, -15.89, 0.87))
    said = cautions(
        [wide, noisy, trained("pattern_scaling"), trained("fourier_operator", None, {"updates": 2400})]
    )
    assert "* pattern_scaling: the mean of training is stored" in said
    assert "* fourier_operator: trained with the budget" in said
    assert said.count("-15.89 to 0.87") == 1, "a wide interval without a diverged run has another reason"
    assert "column_hybrid in shift, 0.44 (-15.89 to 0.87); 2 of 10 diverged" in said
    assert cautions([noisy]) == ""


def test_the_share_that_is_asked_of_a_cause_is_the_measures_own(tmp_path):
    found = {"hierarchical": study({"peer": GOOD, "column_hybrid": MIDDLING})}
    kept = known(found)
    rows = (
        (
            "hybrid",
            "speedy",
            "single steps",
            "not attributable: ... the nearest to it, the tropics, for 57 %",
        ),
    )
    kept["hierarchical"] = msgspec.structs.replace(kept["hierarchical"], causes=rows)
    why = page(kept, "hierarchical", tmp_path).split("## Why")[1].split("## Is the order")[0]
    assert f"lies above {100 * MOST:.0f} % of the error" in why
    assert "names no cause" in why
    assert (
        "names no cause"
        not in page(known(found), "hierarchical", tmp_path).split("## Why")[1].split("## Is")[0]
    )


@pytest.mark.parametrize(("share", "named"), [(0.57, None), (0.75, 0)])
def test_a_regime_must_hold_half_of_what_its_size_leaves(share, named):
    """Of a regime with two fifths of the atmosphere 57 % of the error is no cause, and 75 % is: above .4 + .5 x .6."""
    rng = np.random.default_rng(0)
    whole = 1 + 0.05 * rng.random(40)
    candidate = Candidate(
        "the tropics", share * whole * (1 + 0.01 * rng.normal(size=40)), whole, "place", 0.4
    )
    assert attribute([candidate], seed=0).named == named


def test_upper_levels_are_neither_printed_nor_claimed_at_the_laptop_size():
    upper = a_score(BAD, measure="warming_profile", headline=False)
    results = [
        msgspec.structs.replace(r, scores=(*r.scores, upper)) if r.case["trial"]["kind"] == "shift" else r
        for r in study({"peer": GOOD, "column_hybrid": BAD})
    ]
    assert "warming_profile" not in measures(results, "hierarchical")
    assert "warming_profile" in measures(results, "hierarchical_full")
    lines = [
        "![a](hierarchical/h-shift-tropical_profile.svg)\n\n*Figure 5. a.*",
        "![b](hierarchical/h-climate-x.svg)",
    ]
    assert disclaimed(lines, "hierarchical")[0].endswith("supports none on `warming_profile`.*")
    assert disclaimed(lines, "hierarchical")[1] == lines[1]
    assert disclaimed(lines, "hierarchical_full") == lines


def test_an_order_over_fewer_trials_is_held_against_the_same_trials():
    """Over the trials of the other seed both have the same order; over all four the base has another."""
    none, half, less = (0.0, -0.1, 0.1), (0.5, 0.4, 0.6), (0.4, 0.3, 0.5)
    base = study(
        {
            "peer": dict.fromkeys(HEADLINES, half) | {"response": none},
            "column_hybrid": dict.fromkeys(HEADLINES, less) | {"response": GOOD},
            "linear_inverse": BAD,
        }
    )
    again = [
        r
        for r in study({"peer": GOOD, "column_hybrid": MIDDLING, "linear_inverse": BAD}, seed=1)
        if r.case["trial"]["kind"] != "response"
    ]
    fine = [
        r
        for r in study({"peer": GOOD, "column_hybrid": MIDDLING}, world_args=SPEEDY | {"truncation": 31})
        if r.case["trial"]["kind"] in ("forecast", "climate")
    ]
    text = robustness(
        {"hierarchical": base, "hierarchical_seed": again, "hierarchical_t31": fine}, "hierarchical"
    )
    assert "| as published above | column_hybrid" in text
    seed = next(line for line in text.splitlines() if line.startswith("| seed 1 |"))
    assert seed.endswith("| forecast, climate, shift | +1.00 (3 pairs) |")
    t31 = next(line for line in text.splitlines() if line.startswith("| T31 |"))
    assert t31.endswith("| forecast, climate | +1.00 (1 pair) |")
    alone = next(line for line in text.splitlines() if line.startswith("| shift alone |"))
    assert alone.endswith("(3 pairs) |")
    assert "+1.00" not in alone, "the trial is what varies: the base is that over all of them"


def test_the_rule_of_planted_faults_is_said_to_be_its_own(tmp_path):
    found = {"hierarchical": study({"peer": GOOD, "column_hybrid": MIDDLING})}
    section = page(known(found), "hierarchical", tmp_path).split("## Does Gnomon")[1].split("## What this")[0]
    for text in (section, faults.__doc__ or ""):
        said = " ".join(text.split())
        assert "told_apart" in said
        assert "without a correction across cells" in said
    assert "verdicts of a report" not in " ".join((faults.__doc__ or "").split())


def test_learners_that_have_changed_since_are_named():
    def of(version):
        result = case("column_hybrid", "forecast", GOOD)
        return [
            msgspec.structs.replace(
                result, case=result.case | {"versions": {"learners:column_hybrid": version}}
            )
        ]

    now = load("learners", "column_hybrid").version
    assert f"`column_hybrid` (1 here, {now} now)" in aged(of(1))
    assert aged(of(now)) == ""
