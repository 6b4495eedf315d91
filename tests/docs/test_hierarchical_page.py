"""The page of the hierarchical test: it says what is in the store, and names what is not."""

import hashlib

import msgspec
import numpy as np
import pytest

from docs.hierarchical_figures import together
from docs.hierarchical_findings import FINDINGS, published
from docs.hierarchical_kept import Kept, kept
from docs.hierarchical_models import acting, costs, paired, training
from docs.hierarchical_page import page, write
from docs.hierarchical_sections import claimed, days, failures, kendall, measures, robustness, standing, told
from gnomon.spec.figures import section_curve
from gnomon.spec.results import Curve, Details, Estimate, Series
from gnomon.store.results import Store
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
    means, used = standing(results)
    assert list(means) == ["peer", "column_hybrid", "linear_inverse"]
    assert used == ["forecast", "climate", "response", "shift"]
    # A trial in which one of them has no answer decides nothing.
    extra = [
        r for r in results if not (r.case["learner"]["kind"] == "peer" and r.case["trial"]["kind"] == "shift")
    ]
    assert standing(extra)[1] == ["forecast", "climate", "response"]
    assert standing([]) == ({}, [])


def test_how_much_worse_than_ignorance_orders_nothing():
    results = study(
        {"peer": dict.fromkeys(HEADLINES, MIDDLING) | {"shift": (-40.0, -50.0, -30.0)}, "column_hybrid": BAD}
    )
    assert list(standing(results)[0]) == ["peer", "column_hybrid"]


def test_agreement_of_two_orders():
    abc = {"a": 3.0, "b": 2.0, "c": 1.0}
    assert kendall(abc, abc) == 1
    assert kendall(abc, {"a": 1.0, "b": 2.0, "c": 3.0}) == -1
    assert kendall(abc, {"a": 3.0, "b": 1.0, "c": 2.0}) == pytest.approx(1 / 3)
    assert kendall(abc, {"a": 1.0, "b": 1.0, "c": 1.0}) == 0
    assert kendall({"a": 1.0, "b": 2.0}, {"b": 1.0, "c": 2.0}) is None


def test_robustness_says_what_was_not_run(found):
    text = robustness(found, "hierarchical")
    assert "| as published above | peer 0.98, column_hybrid " in text
    assert "| shift alone | peer 0.98, column_hybrid 0.20 | shift | +1.00 (1 pair) |" in text
    for what in ("another seed", "T31", "the second physics as truth", "another measure in each trial"):
        assert f"| {what} | not run |" in text


def test_a_smaller_study_of_the_same_physics_is_no_second_physics(found):
    found = found | {
        "hierarchical_smoke": study({"peer": BAD, "column_hybrid": GOOD}, world_args={"spinup": 8.0})
    }
    text = robustness(found, "hierarchical")
    assert "| the second physics as truth | not run |" in text
    found = found | {
        "hierarchical_full": study({"peer": BAD, "column_hybrid": GOOD}, world_args={"spinup": 8.0})
    }
    assert "| the second physics as truth | not run |" in robustness(found, "hierarchical")


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
    every = "forecast, climate, response, shift"
    assert f"| seed 1 | column_hybrid 0.98, peer 0.20 | {every} | -1.00 (1 pair) |" in text
    assert f"| T31 | peer 0.98, column_hybrid 0.20 | {every} | +1.00 (1 pair) |" in text
    assert (
        f"| the second physics as truth | column_hybrid 0.98, peer 0.20 | {every} | -1.00 (1 pair) |" in text
    )
    assert (
        "| another measure in each trial | column_hybrid 0.98, peer 0.20 | climate | -1.00 (1 pair) |" in text
    )


def test_another_seed_may_come_from_a_study_of_its_own(found):
    again = study({"peer": BAD, "column_hybrid": GOOD}, seed=1)
    elsewhere = study({"peer": GOOD, "column_hybrid": BAD}, seed=2, world_args=SPEEDY | {"truncation": 31})
    text = robustness(
        dict(found) | {"hierarchical_seed": again, "hierarchical_t31": elsewhere}, "hierarchical"
    )
    assert "| seed 1 | column_hybrid 0.98, peer 0.20 |" in text
    assert "seed 2" not in text  # another world is another variation
    assert "| T31 | peer 0.98" in text
    small = robustness(dict(found) | {"hierarchical_smoke": again}, "hierarchical")
    assert "| another seed | not run |" in small


def findings(results, study="hierarchical"):
    lines = published({study: results}, "column_hybrid").splitlines()[2:]
    return {f.asks[0][1]: line for f, line in zip(FINDINGS, lines, strict=True)}


def test_findings_stand_beside_ours_without_claims_that_intervals_or_sizes_do_not_carry():
    results = [
        case("column_hybrid", "response", (0.3, 0.1, 0.5), measure="response_phase"),
        case("column_hybrid", "response", GOOD, measure="response_odd", twist="b"),
        case("column_hybrid", "response", BAD, measure="response_even", twist="c"),
        case("column_hybrid", "shift", (0.4, -1.0, 1.8), measure="warming_indices"),
    ]
    said = findings(results)
    assert "| weak here too | 0.30 (0.10 to 0.50)" in said["response_phase"]
    assert "| undecided | 0.98 (0.90 to 1.05)" in said["response_odd"]
    assert "| undecided | 0.40" in said["warming_indices"]
    assert "not run: a claim needs T31 or the full size" in said["cyclone_tracks"]
    assert "not run: a claim needs the full size" in said["response_even"]


def test_a_weakness_of_the_other_sign_is_no_agreement():
    low = msgspec.structs.replace
    for own, word in (
        ((2.0, 1.9, 2.1), "the other way"),
        ((0.2, 0.1, 0.3), "in the same way"),
        ((1.0, 0.5, 1.5), "not told"),
    ):
        result = case("column_hybrid", "response", BAD, measure="response_even")
        score = low(
            result.scores[0],
            value=Estimate(value=own[0], low=own[1], high=own[2]),
            floor_value=Estimate(value=1.0),
        )
        said = findings([low(result, scores=(score,))], "hierarchical_full")
        assert word in said["response_even"]


def test_the_page_says_who_fails_first_and_what_was_not_run(found, tmp_path):
    text = page(known(found), "hierarchical", tmp_path)
    assert "column_hybrid" in text
    assert "0.20 (0.10 to 0.30)" in text
    assert "| `hierarchical_full` | not run |" in text
    assert "Interventions (the trial `cause`) were not run" in text
    assert "It is plumbing" not in text.split("## Method")[0]  # that is the smoke study's
    assert "none on the even response" in text
    assert "2602.11313" in text
    first = text.split("## What fails first")[1].split("## Who is better")[0]
    assert "shift" in first
    assert "peer: no failure shown" in first
    assert "* fourier_operator, of the study's list" in text


def known(found):
    return {name: Kept(tuple(results)) for name, results in found.items()}


def test_smaller_studies_stand_beside_as_tables(found, tmp_path):
    beside = found | {"hierarchical_withheld": study({"column_hybrid": BAD})}
    text = page(known(beside), "hierarchical", tmp_path)
    assert "## Beside it: `hierarchical_withheld`" in text
    assert "## Beside it" not in page(known(found), "hierarchical", tmp_path)


def test_an_ablation_tells_what_sets_its_parts_apart_from_the_first(found, tmp_path):
    said = ("no win of hybrid, which lost 3 units and the other 0, shift",)
    beside = known(found) | {"hierarchical_ablation": Kept(tuple(study({"column_hybrid": BAD})), paired=said)}
    assert f"* {said[0]}" in page(beside, "hierarchical", tmp_path)


def test_a_page_of_the_smoke_study_claims_nothing(found, tmp_path):
    text = page(known({"hierarchical_smoke": found["hierarchical"]}), "hierarchical_smoke", tmp_path)
    assert "no claim follows" in text
    assert "Farthest below" not in text
    assert not claimed("hierarchical_smoke", "skill")
    assert claimed("hierarchical", "skill")
    assert not claimed("hierarchical", "response_even")
    assert not claimed("hierarchical", "warming_profile")  # upper levels, as its own file says


def test_what_no_size_supports_is_no_weakness(found):
    even = a_score(BAD, measure="response_even", headline=False)
    results = [
        msgspec.structs.replace(r, scores=(*r.scores, even)) if r.case["trial"]["kind"] == "response" else r
        for r in found["hierarchical"]
    ]
    assert "response_even" not in failures(results, "hierarchical")
    assert "response_even" not in measures(results, "hierarchical")
    assert "| response, `response_even` | 0.20 (0.10 to 0.30)" in measures(results, "hierarchical_full")
    assert "response_even" in failures(results, "hierarchical_full")


def test_units_that_diverged_are_told():
    score = msgspec.structs.replace(a_score(MIDDLING), diverged=2, n=20)
    assert told(score) == "0.70 (0.60 to 0.80); 2 of 20 diverged"


def test_the_page_is_written_again_from_what_it_kept(found, tmp_path):
    store = Store(tmp_path / "store")
    put_study(store, "hierarchical", found["hierarchical"])
    first = write(store, tmp_path / "docs").read_text(encoding="utf-8")
    assert (tmp_path / "docs/hierarchical/hierarchical.json").exists()
    assert write(None, tmp_path / "docs").read_text(encoding="utf-8") == first
    # A store in which less is finished takes nothing away.
    less = Store(tmp_path / "less")
    put_study(less, "hierarchical", found["hierarchical"][:4])
    assert len(kept(less, tmp_path / "docs/hierarchical", ("hierarchical",))["hierarchical"].results) == len(
        found["hierarchical"]
    )


def test_of_a_study_of_which_controls_alone_are_finished_nothing_is_told(found, tmp_path):
    store = Store(tmp_path / "store")
    put_study(store, "hierarchical", found["hierarchical"])
    put_study(store, "hierarchical_twin", [case("perfect", "forecast", GOOD, seed=7)])
    folder = tmp_path / "docs/hierarchical"
    assert set(kept(store, folder, ("hierarchical", "hierarchical_twin"))) == {"hierarchical"}
    assert not list(folder.glob("hierarchical_twin*"))


def lines(own):
    """Figures of one case: error against lead, a section with its difference, and how often clippers act."""
    line = {"x": (1.0, 2.0), "y": (own, 2 * own)}
    flat = {"x_label": "x", "y_label": "y"}
    error = Curve(
        name="rmse_zg500", title="Forecast error", kind="line", **flat,
        series=(Series(label="model", role="subject", **line), Series(label="null", role="null", **line)),
    )  # fmt: skip
    section = section_curve(
        "section_ta", "Zonal mean of ta", [-45.0, 45.0], [850.0, 500.0], units="K",
        fields={"truth": [[1.0, 2.0]] * 2, "difference": [[own, -own]] * 2},
    )  # fmt: skip
    bars = (Series(label="model", role="subject", x=(0.0, 1.0), y=(own / 10, None)),)
    acted = Curve(
        name="acted",
        title="",
        kind="bars",
        **flat,
        series=bars,
        note="0: rain_cut; 1: held; as the model says",
    )
    return {"skill": (error,), "zonal_state": (section,), "budgets": (acted,)}


def test_figures_clippers_and_differences_come_from_the_store_and_are_kept(tmp_path):
    """Two simulators, every figure of both in one; the worse is beaten with its name; nothing is drawn twice."""
    store, rng = Store(tmp_path / "store"), np.random.default_rng(0)
    floor, null = rng.normal(1.0, 0.05, 20), rng.normal(10.0, 0.3, 20)
    results = []
    for learner, own in (("peer", 2.0), ("column_hybrid", 6.0)):
        for trial, measure in (("forecast", "skill"), ("climate", "mean_state")):
            result = case(learner, trial, GOOD)
            name = hashlib.sha1(result.id.encode()).hexdigest()
            for role in ("subject", "floor"):
                node = hashlib.sha1(f"{name} {role}".encode()).hexdigest()
                meta = {"recipe": {"role": role}, "content": {"cost": {"total_seconds": 90.0}}}
                store.put_node("runs", node, {"x": np.zeros(1)}, meta)
                result.provenance["nodes"] = f"{result.provenance.get('nodes', '')} runs/{node}"
            result = msgspec.structs.replace(result, id=name)
            numbers = {"subject": rng.normal(own, 0.2, 20), "null": null, "floor": floor}
            values = {measure: {k: tuple(map(float, v)) for k, v in numbers.items()}}
            results.append(store.put_result(result, Details(curves=lines(own), unit_values=values)))
    store.put_study("hierarchical", [r.id for r in results], {"name": "hierarchical"})
    text = write(store, tmp_path / "docs").read_text(encoding="utf-8")
    folder = tmp_path / "docs/hierarchical"
    drawn = (folder / "hierarchical-forecast-rmse_zg500.svg").read_text(encoding="utf-8")
    assert all(name in drawn for name in ("peer", "column_hybrid", "null"))
    assert drawn.count(">null<") == 1
    assert (folder / "hierarchical-climate-section_ta.png").read_bytes()[:4] == b"\x89PNG"
    assert "hierarchical/hierarchical-forecast-rmse_zg500.svg" in text
    assert "[hierarchical.html](hierarchical/hierarchical.html)" in text
    assert 0 < (folder / "hierarchical.html").stat().st_size < 1_000_000
    assert "| column_hybrid | 0.6 |" in text
    assert "| column_hybrid | 90 | 90 |" in text  # its own runs, and not those of the floor
    assert "Together 6 minutes" in text
    assert "* peer beats column_hybrid, forecast: difference of fidelity +0.4" in text
    assert "column_hybrid is worse than peer (forecast), worse than peer (climate)." in text
    assert "| `hierarchical` | 4 of 32 cases |" in text
    assert "* perfect, `forecast`" in text
    assert write(None, tmp_path / "docs").read_text(encoding="utf-8") == text


def test_a_figure_says_whom_it_leaves_out():
    shown = {name: lines(1.0)["skill"][0] for name in ("a", "b", "c", "d", "e", "f", "lost")}
    gone = tuple(msgspec.structs.replace(s, y=(None, None)) for s in shown["lost"].series)
    shown["lost"] = msgspec.structs.replace(shown["lost"], series=gone)
    curve, said = together(shown, absent=["never drawn"])
    assert [s.label for s in curve.series] == ["null", "a", "b", "c", "d", "e"]
    assert said == [
        "Without never drawn, lost: no run was left to draw", "Not drawn, for there are no more colours: f",
    ]  # fmt: skip
    sections = {name: lines(1.0)["zonal_state"][0] for name in ("a", "b")}
    curve, said = together(sections, absent=["c"])
    assert list(curve.rasters) == ["a", "b"]
    assert said == ["Without c: no run was left to draw"]


def test_ten_units_suffice_where_a_trial_is_a_family(tmp_path):
    """Six simulators in four trials: sixty pairs. The least p-value of ten sign flips, times sixty, tells nothing."""
    store, rng = Store(tmp_path), np.random.default_rng(0)
    floor, null = rng.normal(1.0, 0.05, 10), rng.normal(10.0, 0.3, 10)
    results = []
    for i, learner in enumerate(("a", "b", "c", "d", "e", "f")):
        for trial, measure in HEADLINES.items():
            result = case(learner, trial, GOOD)
            result = msgspec.structs.replace(result, id=hashlib.sha1(result.id.encode()).hexdigest())
            numbers = {"subject": rng.normal(2.0 + i, 0.1, 10), "null": null, "floor": floor}
            values = {measure: {k: tuple(map(float, v)) for k, v in numbers.items()}}
            results.append(store.put_result(result, Details(unit_values=values)))
    said = paired(store, results)
    assert len(said) == 60
    assert all(" beats " in line for line in said)
    parts = paired(store, results, base=True)
    assert len(parts) == 5 * 4
    assert all(line.startswith("a beats ") for line in parts)


def put_study(store, name, results):
    results = [msgspec.structs.replace(r, id=hashlib.sha1(r.id.encode()).hexdigest()) for r in results]
    for result in results:
        store.put_result(result)
    store.put_study(name, [r.id for r in results], {"name": name})


def test_clippers_training_and_costs_are_tables():
    assert "| hybrid | 0.01 | |" in acting({"hybrid": {"rain_cut": 0.01}, "other": {"held": 0.2}}).replace(
        "  |", " |"
    )
    assert acting({}) == "No simulator declares a clipper or a fixer."
    result = case("column_hybrid", "forecast", GOOD)
    learned = {
        "saw": "tendencies",
        "knobs seen": {"enso": [-2, 2]},
        "explained": {"u": 0.5},
        "weights": 7,
        "seconds": 3.0,
    }
    result = msgspec.structs.replace(result, learned=learned)
    assert "| column_hybrid | tendencies; `enso` -2 to 2 | not said | 7 | u 0.50 | 3 s |" in training(
        [result]
    )
    told = costs([result], {"column_hybrid": {"forecast": 120.0}})
    assert "| column_hybrid | 120 |" in told
    assert "Together 2 minutes" in told


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
