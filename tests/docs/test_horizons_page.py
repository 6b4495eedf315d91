"""The page of horizons: intervals by the scatter of seeds, seeds paired and counted, censored means marked."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from docs import horizons_page
from docs.horizons_page import (
    STUDY,
    UNKNOWN,
    Cell,
    _csv,
    _missing,
    _paired,
    _part,
    _table,
    _told,
    _truths,
    _version,
)
from gnomon.spec.results import Result
from gnomon.spec.study import read_study

STUDY_FILE = Path(__file__).parents[2] / "studies" / f"{STUDY}.toml"


def cell(horizon=40.0, **means):
    valid = {int(k[1:]): np.asarray(v, float) for k, v in means.items()}
    lost = {k: np.zeros(len(v), bool) for k, v in valid.items()}
    return Cell(valid, lost, dict.fromkeys(valid, "3"), horizon)


def test_the_interval_is_that_of_independent_seeds():
    told = _told([1.0, 2.0, 3.0])
    reach = 4.3027 * 1.0 / np.sqrt(3)
    assert told == f"2.00 [{2 - reach:.2f}, {2 + reach:.2f}]"
    assert _told([1.5]) == "1.50"


def test_seeds_are_paired_by_number():
    cells = {
        ("w", "a", "valid_time"): cell(s0=[5, 5], s2=[9, 9]),
        ("w", "phyxmamba", "valid_time"): cell(s0=[1, 1], s1=[100, 100]),
    }
    assert _paired(cells)[-1] == "| w | a | 1 | 4.00 |"


@pytest.mark.parametrize(("last", "marked"), [(40.0, True), (39.0, False)])
def test_a_censored_mean_is_a_lower_bound(last, marked):
    assert _part(cell(s0=[10, 20, last]), None).startswith("≥") == marked


def test_shares_of_the_twin_are_taken_within_seeds():
    assert " | 0.50 | " in _part(cell(s0=[5, 5]), cell(s0=[10, 10]))


def test_every_row_says_how_many_seeds_it_has_and_of_which_version():
    cells = {
        ("w", "perfect", "valid_time"): cell(s0=[9, 9], s1=[9, 9]),
        ("w", "a", "valid_time"): cell(s0=[1, 1], s1=[2, 2], s2=[3, 3]),
        ("w", "a", "valid_time_smape"): cell(s0=[1, 1], s1=[2, 2]),
    }
    cells["w", "a", "valid_time"].versions[2] = "4"
    lines = _table(cells, "w").splitlines()
    assert lines[4].startswith("| *twin* | 3 | 2 | 9.00")
    assert lines[5].startswith("| a | 3, 4 | 3, 2 | 2.00")
    assert "(of 2) |" in lines[5], "the twin has two of the three seeds"
    assert len({line.count("|") for line in lines[2:]}) == 1


def test_the_interval_is_of_the_seeds_of_its_own_row():
    """Student with one degree of freedom where two seeds were run, whatever the others have."""
    reach = 12.7062 * 0.5
    assert _told([1.0, 2.0]) == f"1.50 [{1.5 - reach:.2f}, {1.5 + reach:.2f}]"


def test_a_seed_that_is_missing_is_named():
    study = read_study(STUDY_FILE)
    worlds = [f"{w.kind}, error {w.args['error']:g}" for w in study.worlds]
    done = {(x.kind, w, s) for x in study.learners for w in worlds for s in study.seeds}
    assert _missing(study, done) == ""
    one = done - {("phyxmamba", "rossler, error 0", 2)}
    assert (
        _missing(study, one)
        == "\nIn the study and not run yet: phyxmamba (rossler, error 0: 1 of 3 seeds).\n"
    )
    assert "lstm (all)" in _missing(study, {x for x in done if x[0] != "lstm"})


def test_the_kept_page_says_what_the_kept_table_holds():
    """Of each learner and world, the seeds that the table has; and what is not run yet."""
    text = (Path(horizons_page.__file__).parent / "horizons.md").read_text(encoding="utf-8")
    with (Path(horizons_page.__file__).parent / "results" / f"{STUDY}.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        done = {(r["learner"], r["world"], int(r["seed"])) for r in csv.DictReader(file)}
    study = read_study(STUDY_FILE)
    assert _missing(study, done).strip() in text
    for world in {w for _, w, _ in done}:
        section = text.partition(f"### {world}\n")[2].partition("\n#")[0]
        for name in {x for x, w, _ in done if w == world} - {"null"}:
            seeds = sum((x, w) == (name, world) for x, w, _ in done)
            shown = re.escape("*twin*" if name == "perfect" else name)
            assert re.search(rf"^\| {shown} \| [^|]+ \| {seeds} \|", section, re.MULTILINE), (world, name)


def result(kind="rossler", **case):
    plain = {
        "world": {"kind": kind, "args": {"error": 0.0}},
        "learner": {"kind": "sindy", "label": None},
        "seed": 0,
    }
    return Result(id="0", status="ok", case=plain | {"precision": "float64", "versions": {}} | case)


def test_versions_are_those_of_the_case():
    assert _version(result(versions={"learners:sindy": 7, "worlds:rossler": 2})) == "7"
    assert _version(result()) == UNKNOWN


def test_truths_are_told_with_their_scheme_and_spacing():
    lines = _truths([result(versions={"worlds:rossler": 2}), result("lorenz63")])
    assert lines[2].startswith("| lorenz63, error 0 | ? | 0.025 | 44.")
    assert lines[2].endswith("| rk4 | 5 | float64 |")
    assert lines[3].startswith("| rossler, error 0 | 2 |")
    assert "| rk4 |" in lines[3]


def test_the_table_of_seeds_keeps_versions():
    assert _csv({("w", "a", "valid_time"): cell(s0=[1, 2])}).splitlines()[1].endswith(",3")
