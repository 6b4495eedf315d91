"""The page of learners' results: a table that was not run is said to be missing, and a claim is what its rows say."""

import csv
import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

from docs import learner_cases, learners_claims, learners_tables
from docs import learners_results_page as page
from gnomon.spec.results import Estimate, Result, Score

ROOT = Path(__file__).parents[2]
GRADIENT = {"sigma": "", "level": "0.0", "sequence": "0", "dt": "0.02", "updates": "4000"}
REGION = {
    "world": "lorenz63", "rectified": "2", "seed": "0", "runs": "1", "steps": "1000", "fates": "lives",
    "d_stsp": "0.05", "d_stsp_floor": "0.1", "d_h": "0.05", "d_h_floor": "0.08", "possible": "4", "visited": "3",
    "visited_by_truth": "3", "transitions": "0.01", "transitions_floor": "0.02", "words": "0.1", "words_floor": "0.2",
    "seconds": "9", "made": "2-x",
}  # fmt: skip
SPEED = dict.fromkeys(
    ("of", "name", "seeds", "quality", "reached", "updates", "most_updates", "best", "wall", "cpu", "torch_wall",
     "torch_cpu", "cores", "jax", "torch"), "",
)  # fmt: skip


def put(place, rows):
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(k for r in rows for k in r)), restval="")
        writer.writeheader()
        writer.writerows(rows)


def gradients(factor):
    """Norms that grow by the factor a step without forcing, and not at all with it."""
    return [
        GRADIENT | {"forcing": name, "steps": str(n), "norm": str(base**n), "sigma": sigma}
        for name, base, sigma in (("no forcing", factor, ""), ("maximum", 1.0, "1.4"))
        for n in (10, 200, 2000)
    ]


def horizon(world, learner, means, rule="sMAPE 30"):
    return [
        {"world": world, "learner": learner, "rule": rule, "seed": str(seed), "mean": str(mean)}
        for seed, mean in enumerate(means)
    ]


def test_without_tables_the_page_says_so_and_names_every_command(tmp_path):
    text = page.text_of(tmp_path, tmp_path)
    for section in page.SECTIONS.values():
        assert f"Not run: `{section.command} --csv docs/results/{section.file}.csv`." in text
        assert f"* `{section.command}`: some {section.minutes} CPU minutes" in text
    assert {c.verdict for c in learners_claims.claims(tmp_path, tmp_path)} == {"not run"}
    assert "No free run is kept." in text
    assert re.search(r"\| `sindy` \| \d+ \|", text)


def test_every_command_of_the_page_is_in_the_makefile_and_takes_a_table():
    made = (ROOT / "Makefile").read_text()
    for section in page.SECTIONS.values():
        words = section.command.split()
        script = words[1] if words[1].startswith("benchmarks") else words[2].replace(".", "/")
        assert " ".join(words[1:]) in made
        place = ROOT / script
        source = next(p for p in (place, place.with_suffix(".py"), place / "__main__.py") if p.is_file())
        assert '"--csv"' in source.read_text()


def test_a_table_that_is_there_is_shown_with_its_figure(tmp_path):
    put(tmp_path / "learners-gradients.csv", gradients(1.05))
    page.main(tmp_path, tmp_path, tmp_path / "page.md")
    text = (tmp_path / "page.md").read_text()
    assert "| 200 | 1.73e+04 (1.73e+04) | 1 (1) |" in text
    assert "* `python benchmarks/gradient_norms.py`" not in text
    drawn = (tmp_path / page.FIGURE).read_text()
    assert drawn.count("stroke-dasharray") == 2
    assert "nan" not in drawn


def test_names_in_the_figure_do_not_stand_on_each_other():
    rows = [r | {"forcing": f"{r['forcing']} {i}"} for i in range(3) for r in gradients(1.01)]
    places = [
        float(y)
        for y in re.findall(r'y="([\d.]+)" fill="#\w+" font-weight', learners_tables.gradients_figure(rows))
    ]
    assert np.diff(sorted(places)).min() >= 13 - 1e-6


@pytest.mark.parametrize(("factor", "word"), [(1.05, "**yes**"), (1.0001, "not run")])
def test_a_bound_is_shown_only_beside_gradients_that_explode(factor, word):
    assert learners_claims.bounded(gradients(factor)).verdict == word


def test_one_estimate_that_bounds_is_part_of_all():
    loose = [r | {"forcing": "arithmetic"} for r in gradients(1.05) if r["forcing"] == "no forcing"]
    assert learners_claims.bounded([*gradients(1.05), *loose]).verdict == "in part"


def test_growth_is_that_of_the_median():
    ratio, rate = learners_claims.growths(gradients(1.01))["no forcing"]
    assert ratio == pytest.approx(1.01**1800)
    assert rate == pytest.approx(np.log(1.01) / 0.02)


def test_the_lower_end_counts():
    rows = horizon("lorenz63, error 0", "sindy", (25.0, 25.1, 24.9)) + horizon(
        "lorenz63, error 0", "nvar", (20.0, 2.0, 14.0)
    )
    cells = learners_claims.horizons(rows)
    first = learners_claims.long_forecasts(cells)[0]
    assert first.seen == "sMAPE 30: `sindy` 25.00 [24.75, 25.25]; NRMSE 0.4: none"
    assert first.verdict == "in part"
    one = learners_claims.horizons(horizon("lorenz63, error 0", "sindy", (25.0,)))
    assert learners_claims.long_forecasts(one)[0].verdict == "no"


def test_shares_are_of_the_twin_of_the_same_seed():
    rows = horizon("w", "a", (1.0, 2.0)) + horizon("w", "perfect", (2.0, 2.0, 5.0))
    assert learners_claims.shares_of(learners_claims.horizons(rows), "w", "a", "sMAPE 30") == [0.5, 1.0]


@pytest.mark.parametrize(
    ("rerun", "verdict"), [((3.0, 3.1, 3.2), "**yes**"), ((3.0, 3.1), "in part"), ((), "in part")]
)
def test_the_rerun_counts_with_all_its_seeds(rerun, verdict):
    rows = horizon("rossler, error 0", "nvar", (9.0, 9.2, 9.4)) + horizon(
        "rossler, error 0", "phyxmamba", rerun
    )
    assert learners_claims.rivals(learners_claims.horizons(rows))[0].verdict == verdict


def test_one_seed_at_the_floor_is_part_of_three():
    pairs = [
        {"ours": x, "published": x, "spectral": 0.05, "escaped": 0.0} for x in np.linspace(0.04, 0.06, 20)
    ]
    run = {"ours": 0.05, "published": 0.05, "spectral": 0.05, "escaped": 0.0}
    row = {"world": "lorenz63, error 5 %", "learner": "sindy", "steps": 9, "runs": [run]}
    floors = {"lorenz63": {"steps": 9, "pairs": pairs}}
    assert learners_claims.statistics([row], floors)[0].verdict == "in part"
    assert learners_claims.statistics([row] * 3, floors)[0].verdict == "**yes**"
    assert learners_claims.statistics([row] * 3, floors)[1].verdict == "not run"
    other = {"lorenz63": {"steps": 8, "pairs": pairs}}
    assert (
        learners_claims.statistics([row], other)[0].verdict == "not run"
    )  # a floor of another length is none


def test_regions_are_enough_only_on_every_seed():
    rows = [REGION, REGION | {"seed": "1", "d_stsp": "0.3"}, REGION | {"rectified": "3"}]
    assert "P = 3 is the fewest at the floor on every seed" in learners_tables.regions(rows)[-1]
    lost = REGION | {"d_stsp": "", "fates": "exploded", "words": ""}
    assert "none is at the floor on every seed" in learners_tables.regions([lost])[-1]
    told = learners_claims.few_regions([*rows, lost])[0]
    assert told.seen == "of 3 seeds 2 live, 1 at the floor, 2 with the truth's words"
    assert told.verdict == "no"


@pytest.mark.parametrize(
    ("ends", "equal", "verdict"),
    [("0.6 [0.5, 0.7]", "yes", "**yes**"), ("0.6 [0.5, 0.9]", "yes", "no"), ("0.6 [0.5, 0.7]", "no", "no")],
)
def test_labour_is_saved_only_at_equal_error(ends, equal, verdict):
    row = {"task": "spiral", "penalty": "global error", "evaluations": ends, "equal": equal}
    assert learners_claims.labour([row | {"time": ends}]).verdict == verdict
    # predictions must be faster too, and every task must be helped
    assert learners_claims.labour([row | {"time": "0.9 [0.8, 1.0]"}]).verdict == "no"
    other = row | {"task": "another", "evaluations": "1.0 [0.9, 1.1]", "time": "1.0 [0.9, 1.1]"}
    assert learners_claims.labour([row | {"time": ends}, other]).verdict in ("no", "in part")


def test_speed_is_compared_at_the_same_quality_with_all_seeds_there():
    own = SPEED | {
        "of": "quality",
        "name": "ours, 8 at once",
        "seeds": "8",
        "quality": "1.0",
        "reached": "8",
        "cpu": "40",
    }
    peer = SPEED | {
        "of": "quality",
        "name": "torch, as many updates",
        "seeds": "1",
        "quality": "1.0",
        "cpu": "30",
    }
    assert learners_claims.speed_ratios([own, peer]) == {(1.0, 8): 6.0}
    assert learners_claims.speed_ratios([own | {"reached": "7"}, peer]) == {}
    assert learners_claims.quick([own, peer]).verdict == "**yes**"
    assert learners_claims.quick([own]).verdict == "not run"
    said = learners_tables.speed([own, peer])
    assert "6.0 (8 at once, quality 1)" in said[-1]


def test_fates_are_shares_of_all_runs():
    runs = [{"world": "w", "learner": "a", "fate": f} for f in ("lives", "lives", "lives", "rests")]
    assert learners_tables.fates(None, runs)[-1] == "| attractors | w | a | 4 | 75% | 25% |  |  |  |"


def result(name="sindy", **told):
    case = {
        "world": {"kind": "lorenz63", "label": "", "args": {}}, "trial": {"kind": "climate"}, "seed": 0,
        "learner": {"kind": name, "label": ""}, "versions": {f"learners:{name}": 4},
    }  # fmt: skip
    score = Score(
        measure="attractor", version=1, units="", status="ok", value=Estimate(value=0.5), n=5,
        floor_value=Estimate(value=0.1),
    )  # fmt: skip
    learned = {"tried": 3, "budget": 6, "seconds": 2.0}
    return Result(
        id="x", case=case, status="ok", scores=(score,), learned=learned,
        fates={"subject": {"lives": 4, "exploded": 1}, "truth": {"lives": 5}}, **told,
    )  # fmt: skip


def test_cases_are_kept_study_by_study(tmp_path):
    place = tmp_path / "cases.csv"
    assert learner_cases.keep(place, [learner_cases.row("gtf", result())]) == 1
    assert learner_cases.keep(place, [learner_cases.row("alrnn", result("nvar"))]) == 2
    assert (
        learner_cases.keep(
            place, [learner_cases.row("gtf", result("nvar")), learner_cases.row("gtf", result())]
        )
        == 3
    )
    rows = learners_claims.read(place)
    assert rows is not None
    assert [r["study"] for r in rows] == ["alrnn", "gtf", "gtf"]
    assert (
        "| gtf | lorenz63 | sindy | 1 |  |  | 0.50 (0.1) |  |  | 4 lives, 1 exploded |"
        in learners_tables.studies(rows)
    )
    assert "| gtf | lorenz63 | sindy | 5 | 80% |  |  | 20% | 5 lives |" in learners_tables.fates(rows, None)
    assert any(
        line.startswith("| `sindy` | 6 |") and line.endswith("| 3 | 2 | 1 |")
        for line in learners_tables.budgets(rows)
    )
    assert learners_claims.named_fates(rows, None).verdict == "in part"


@pytest.fixture
def sweep(monkeypatch):
    """The benchmark, which finds its neighbours as a script does."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    spec = importlib.util.spec_from_file_location("sweep", ROOT / "benchmarks" / "almost_linear_regions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sweep_of_regions_keeps_what_it_has(tmp_path, monkeypatch, sweep):
    made = []

    def row(world, rectified, seed, told):
        made.append((world, rectified, seed))
        word = sweep.made_by(world, rectified, told.runs, told.steps)
        return REGION | {"world": world, "rectified": str(rectified), "seed": str(seed), "made": word}

    monkeypatch.setattr(sweep, "row", row)
    place = tmp_path / "regions.csv"

    def run(*more):
        monkeypatch.setattr(
            "sys.argv", ["x", "--worlds", "rossler", "--rectified", "1", "--csv", str(place), *more]
        )
        sweep.main()

    run("--seeds", "2")
    run("--seeds", "3")
    assert made == [("rossler", 1, 0), ("rossler", 1, 1), ("rossler", 1, 2)]
    run("--seeds", "1", "--steps", "50")  # another length is another run
    assert made[3:] == [("rossler", 1, 0)]
    assert len(learners_claims.read(place) or ()) == 3
    assert set(REGION) == set(sweep.COLUMNS)
    assert sweep.settings_of("lorenz63", 3)["rectified"] == 3


def test_a_floor_of_another_length_is_made_and_not_kept(tmp_path, monkeypatch, sweep):
    kept = [{"ours": 1.0}] * sweep.PAIRS
    (tmp_path / "floor-lorenz63.json").write_text(json.dumps({"steps": 10, "pairs": kept}))
    monkeypatch.setattr(sweep, "FLOORS", tmp_path)
    monkeypatch.setattr(sweep, "pairs_of", lambda kind, args, steps: [{"ours": float(steps)}])
    assert sweep.floor_at("lorenz63", {}, 10) == kept
    assert sweep.floor_at("lorenz63", {"n": 1}, 20) == [{"ours": 20.0}]
    assert json.loads((tmp_path / "floor-lorenz63.json").read_text())["steps"] == 10


def test_a_hybrid_must_beat_both_of_its_parts_on_every_seed_s_difference():
    def rows(both, alone, physics):
        return [
            {
                "study": "hybrids",
                "world": "w",
                "learner": name,
                "seed": str(seed),
                "valid_time": str(v + 0.01 * seed),
            }
            for name, v in (("physics and lstm", both), ("lstm", alone), ("peer", physics))
            for seed in range(3)
        ]

    assert learners_claims.together(rows(3.0, 2.0, 1.0)).verdict == "**yes**"
    assert learners_claims.together(rows(3.0, 3.5, 1.0)).verdict == "no"
    assert learners_claims.together(rows(3.0, 2.0, 3.0)).verdict == "no"
    assert learners_claims.together(None).verdict == "not run"


def test_studies_say_how_many_of_their_cases_are_there():
    told = page.unfinished([{"study": "gtf"}] * 3)
    assert "* of the study `gtf` 3 of 10 cases are there: `gnomon run gtf`" in told
    assert len(page.unfinished(None)) == len(learner_cases.STUDIES)
    whole = [
        {"study": line.split("`")[1]} for line in page.unfinished(None) for _ in range(int(line.split()[7]))
    ]
    assert page.unfinished(whole) == ["Every study is whole."]


def test_one_network_that_ends_in_a_cycle_is_enough_for_no_whole_yes():
    run = {"ours": 0.1, "published": 0.1}
    rows = [
        {"world": world, "learner": "shallow_plrnn", "runs": [run]}
        for world in ("lorenz63, error 5 %", "lorenz96 of 20 sites, error 5 %")
    ]
    case = {"study": "gtf", "world": rows[0]["world"], "learner": learners_claims.FORCED, "units": "5"}
    good = case | {"attractor": "0.2", "periodic": ""}
    bad, far = case | {"attractor": "0.2", "periodic": "5"}, case | {"attractor": "2.06", "periodic": ""}
    ring = case | {"world": rows[1]["world"], "attractor": "9.0", "attractor_mixture": "0.2", "periodic": ""}
    assert learners_claims.published_states(rows, [good]).verdict == "**yes**"
    told = learners_claims.published_states(rows, [bad])
    assert told.verdict == "in part", "a cycle is no attractor, however near"
    assert "in `gtf` 0.200 (5 of 5 runs end in a cycle)" in told.seen
    assert learners_claims.published_states(rows, [far]).verdict == "in part"
    assert learners_claims.published_states(rows, [ring]).verdict == "**yes**", (
        "mixtures stand beside mixtures"
    )
