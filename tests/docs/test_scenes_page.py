"""The page of scenes: differences are paired by scene within a seed, and a verdict needs seeds and scenes."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest

from docs.scenes_page import (
    HERE,
    Answers,
    compared,
    differences,
    errors_in,
    figure,
    missing,
    paired,
    ranked,
    verdict,
)
from gnomon.report.figures import render
from gnomon.spec.study import read_study

SEEDS = [0, 1, 2]


def answers(*means, each=(0.0, 0.1, 0.2, 0.3)):
    """A seed a mean; scenes differ much more than learners do."""
    return Answers(
        {s: np.asarray(each) + m for s, m in enumerate(means)}, {s: SimpleNamespace() for s in SEEDS}
    )


@pytest.fixture
def found():
    return {
        ("sidert", "forecast"): answers(0.30, 0.31, 0.29),
        ("worse", "forecast"): answers(0.35, 0.361, 0.339),
        ("better", "forecast"): answers(0.20, 0.211, 0.189),
        ("alike", "forecast"): answers(0.33, 0.29, 0.30),
        ("perfect", "forecast"): answers(0.0, 0.0, 0.0),
        ("null", "forecast"): answers(0.9, 0.9, 0.9),
    }


def test_scenes_are_paired(found):
    np.testing.assert_allclose(differences(found, "worse", SEEDS)[0], -0.05)
    row = paired(found, "worse", SEEDS, 0.0123)
    assert row.startswith("| worse | -0.050")
    assert row.endswith("| -0.050 [-0.052, -0.048] | 0.012 |")


def test_a_seed_that_was_not_run_is_said(found):
    del found["worse", "forecast"].values[1]
    assert paired(found, "worse", SEEDS, None).split(" | ")[2] == "not run"


def test_the_verdict_is_after_holm(found):
    p_values = compared(found, ranked(found), SEEDS)
    assert "perfect" not in p_values
    said = verdict(found, p_values, SEEDS)
    assert "better than worse." in said
    assert "worse than better." in said
    assert "Not told apart from `sidert`: alike." in said


def test_seeds_that_agree_by_luck_tell_nothing_apart(found):
    noise = np.random.default_rng(0).normal(0, 0.2, (3, 40))
    noise -= noise.mean(axis=1, keepdims=True)
    for seed in SEEDS:  # each seed's mean difference is -0.01, and scenes say nothing so sure
        found["sidert", "forecast"].values[seed] = np.full(40, 0.3)
        found["worse", "forecast"].values[seed] = 0.31 + noise[seed]
    only = {key: value for key, value in found.items() if key[0] in ("sidert", "worse", "perfect")}
    assert "Not told apart from `sidert`: worse." in verdict(only, compared(only, ranked(only), SEEDS), SEEDS)


def test_what_is_not_finished_is_said_and_stops_nothing(found):
    found["late", "forecast"] = Answers(
        {3: np.full(4, 0.3)}, {3: SimpleNamespace()}
    )  # a seed that no other has
    found["no depth", "forecast"] = Answers({}, {0: SimpleNamespace()})
    names = ranked(found)
    assert "no depth" not in names
    p_values = compared(found, names, SEEDS)
    assert p_values["late"] is None
    assert paired(found, "late", SEEDS, None).endswith("| not run | not run | not run | not run |  |")
    assert "late" not in verdict(found, p_values, SEEDS)


def test_ranked_by_error_without_the_null(found):
    assert ranked(found) == ["perfect", "better", "sidert", "alike", "worse"]


def test_errors_are_read_from_the_figures_words():
    note = "model: abs_rel 0.488, rmse 6.31, delta1 0.296; null: abs_rel 0.574, rmse 7"
    assert errors_in(note) == {"abs_rel": 0.488, "rmse": 6.31, "delta1": 0.296}
    assert errors_in("") == {}


def test_what_was_not_run_is_said(found):
    asked = read_study(HERE.parent / "studies" / "scenes.toml").seeds
    for key in list(found):
        found[key].results.update({s: SimpleNamespace(scores=()) for s in asked})
    said = missing(found).partition(": ")[2].strip(".\n").split(", ")
    assert "depth_unet (forecast)" in said
    assert "sidert (shift)" in said
    assert "sidert (forecast)" not in said


def test_the_figure_is_drawn():
    points = [
        {"knob": k, "learner": n, "distance": x, "AbsRel": 0.2 + x / 10}
        for k in ("light", "size") for n in ("a", "b") for x in (-0.5, 0.5)
    ]  # fmt: skip
    assert render(figure(points), "svg").startswith(b"<svg")


def test_the_page_that_is_kept_says_what_its_table_says():
    with (HERE / "results" / "scenes.csv").open(newline="", encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if (r["trial"], r["measure"]) == ("forecast", "depth")]
    found = {}
    for row in sorted(rows, key=lambda r: int(r["seed"])):
        found.setdefault(row["learner"], []).append((float(row["value"]), float(row["fidelity"])))
    page = (HERE / "scenes.md").read_text(encoding="utf-8")
    table = page.partition("## How near are the depths?")[2].partition("##")[0]
    shown = {
        cells[0]: cells for line in table.splitlines() if (cells := line.strip("| ").split(" | "))[0] in found
    }
    assert {"sidert", "plain decoder", "DPT-style decoder", "depth_unet"} <= set(shown)
    for name, cells in shown.items():
        values, fidelities = zip(*found[name], strict=True)
        assert float(cells[1].split()[0]) == pytest.approx(np.mean(values), abs=6e-4), name
        assert [float(x) for x in cells[2].split(", ")] == pytest.approx(list(fidelities), abs=6e-3), name
