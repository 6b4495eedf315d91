"""Sections on stability, planted faults and the swap: from the rows that their commands write, or "not run"."""

import numpy as np
import pytest

from docs.hierarchical_checks import CHECKS, checked, in_short, missing, read
from gnomon.spec.study import Ref
from validation.broken_columns import Broken
from validation.broken_columns import row as columns_row
from validation.faults.plans import USUAL, Plan, fault
from validation.faults.printing import rows
from validation.faults.twins import PERFECT, Cell, Verdicts
from validation.stability import Life, keep, row
from validation.table import keep as put

ACTED = {"beyond": 0.0, "limited": 0.0, "dried": 0.0, "capped": 0.1}
PLAN = Plan(
    world=Ref(kind="none"), lanes=8, together=8, blocks=1, gap=0.0, each=2, trials={"climate": {}},
    faults=(fault("off", "damped", "climate/first", size=0.1),),
)  # fmt: skip


def test_what_was_not_run_is_said_with_its_command(tmp_path):
    said = checked(tmp_path)
    assert set(said) == set(CHECKS)
    assert all("Not run." in text and CHECKS[name].command in text for name, text in said.items())
    assert len(missing(tmp_path)) == len(CHECKS)


def test_failures_of_all_networks_make_one_hazard(tmp_path):
    lives = [Life(365.25, False, 250.0, 250.5, ACTED), Life(365.25, True, 250.0, 300.0, ACTED)]
    of_one = [row("speedy", "none", "default", i, 0, x) for i, x in enumerate(lives)]
    keep(tmp_path / "stability.csv", [*of_one, row("speedy", "none", "+4 K", 0, 0, lives[0])])
    standard, first, second, warm, _ = checked(tmp_path)["stability"].splitlines()[-5:]
    assert standard.startswith(
        "| vanilla | the standard sea | 2 pooled, 1 failed | 2 | 2 | 1 | 0.5 (0.013 to 2.8) |"
    )
    assert standard.endswith("| +0.50 to +0.50 |")  # of the survivor alone
    # one network has all the failures, and the other none: neither is the pooled one
    assert first == "| vanilla | the standard sea | number 0 | 1 | 1 | 0 | below 3 | +0.50 to +0.50 |"
    assert (
        second == "| vanilla | the standard sea | number 1 | 1 | 1 | 1 | 1 (0.025 to 5.6) | none survived |"
    )
    assert "| 0 | below 3 |" in warm  # -ln(.05) = 3.0 over the one year in which nothing was seen
    assert 1 - np.exp(-(-np.log(0.05) / 1.0) * 1.0) == pytest.approx(
        0.95
    )  # at that hazard one is seen so often
    assert "python -m validation.faults" in " ".join(missing(tmp_path))


def test_the_page_begins_with_failures_in_years_and_with_columns_that_broke(tmp_path):
    assert in_short(tmp_path, ["hybrid"]) == []
    stood, fell = Life(3650.0, False, 250.0, 250.5, ACTED), Life(95.0, True, 250.0, 300.0, ACTED)
    warm = Life(365.0, False, 250.0, 254.0, ACTED)
    lives = [
        ("default", 0, fell),
        ("default", 1, stood),
        ("+4 K", 0, fell),
        ("+4 K", 1, warm),
        ("+3 P", 0, fell),
    ]
    keep(tmp_path / "stability.csv", [row("speedy", "none", c, n, 0, x) for c, n, x in lives])
    columns = [
        columns_row("hybrid", "shift", e, Broken(10, 2, 1, 4, 1, 2e-3, 130.0), 1e-5) for e in ("a", "b")
    ]
    put(tmp_path / "broken_columns.csv", columns, ("simulator", "trial", "experiment"))
    failed, moist = in_short(tmp_path, ["hybrid", "another"])
    assert "vanilla, the standard sea: 1 of 2 networks (1 of 2 runs) within 10 years" in failed
    assert "vanilla, a sea 4 K warmer: 1 of 2 networks (1 of 2 runs) within 1 year." in failed
    assert "El Niño" not in failed
    assert "20 times moister" in moist
    assert moist.endswith("hybrid in 8 of 20 (2 of these were lost).")
    said = checked(tmp_path)["columns"]
    assert "| hybrid | shift | a | 10 | 2 | 1 | 4 | 1 | 2; 0.01 | 130 |" in said
    assert "validation.broken_columns STORE --csv" in said


def test_rows_of_runs_that_were_not_asked_stay(tmp_path):
    file, one = tmp_path / "stability.csv", Life(365.25, False, 250.0, 250.5, ACTED)
    made = row("speedy", "none", "default", 0, 0, one)
    old = {k: v for k, v in made.items() if k not in ("online", "version")}
    put(file, [old], ("variant",))  # as tables were once written
    keep(file, [row("speedy", "all", "default", 0, 0, one)])
    text = checked(tmp_path)["stability"]
    assert "| vanilla (version 4) | the standard sea |" in text  # another learner by now
    assert "| climate-invariant | the standard sea |" in text
    keep(file, [row("speedy", "none", "+4 K", 0, 0, one), row("speedy", "none", "default", 1, 0, one)])
    keep(file, [row("speedy", "none", "default", 0, 0, one, online=500)])
    again = row("speedy", "all", "default", 0, 0, one._replace(days=730.5))
    keep(file, [again])
    rows = [(r["variant"], r["online"], r["condition"], r["network"], r["days"]) for r in read(file)]
    assert sorted(rows) == [
        ("all", "0", "default", "0", "730.5"), ("none", "0", "+4 K", "0", "365.25"),
        ("none", "0", "default", "0", "365.25"), ("none", "0", "default", "1", "365.25"),
        ("none", "500", "default", "0", "365.25"),
    ]  # fmt: skip
    text = checked(tmp_path)["stability"]
    assert "`python -m validation.stability --variants none,all --keep" in text
    assert "`python -m validation.stability --variants none --online 500 --keep" in text
    assert "| vanilla, 500 updates online | the standard sea | 1 pooled, 0 failed |" in text


def test_a_variant_without_a_run_is_said_with_its_command(tmp_path):
    one = Life(365.25, False, 250.0, 250.5, ACTED)
    keep(tmp_path / "stability.csv", [row("speedy", "none", "default", 0, 0, one)])
    assert any("validation.stability --variants all --keep" in line for line in missing(tmp_path))
    keep(tmp_path / "stability.csv", [row("held_suarez", "all", "contrast 80 K", 0, 0, one)])
    assert any("--variants all" in line for line in missing(tmp_path)), "another world is not on this page"
    assert "contrast" not in checked(tmp_path)["stability"]


def verdicts(flagged):
    cells = (Cell("climate", "first", True), Cell("climate", "second", False))
    asked = {who: np.ones_like(marks) for who, marks in flagged.items()}
    none = {who: np.zeros_like(marks) for who, marks in flagged.items()}
    return Verdicts(cells, flagged, none, none, asked, np.ones((4, 2), bool), np.array([0, 0, 1, 1]))


def test_power_is_of_the_faults_own_measure_and_an_alarm_of_any(tmp_path):
    perfect = np.zeros((4, 2), bool)
    perfect[0, 1] = True
    off = np.array([[1, 0], [1, 1], [1, 0], [0, 0]], bool)
    file = tmp_path / "faults.csv"
    put(file, rows("lows", PLAN, verdicts({PERFECT: perfect, "off": off})))
    text = checked(tmp_path)["faults"]
    assert "| lows | off | `climate/first` | 2 | 75 (" in text
    assert "| lows | **nothing** | any of them, together | 2 | 25 (" in text


def test_a_world_that_is_asked_again_replaces_its_own_rows_alone(tmp_path):
    file, none = tmp_path / "faults.csv", np.zeros((4, 2), bool)
    for name in ("lows", "synthetic", "lows"):
        put(file, rows(name, PLAN, verdicts({PERFECT: none, "off": none})))
    worlds = [line.split(",")[0] for line in file.read_text().splitlines()[1:]]
    assert worlds == ["synthetic"] * 6 + ["lows"] * 6


def test_answers_of_the_swap_stand_beside_what_was_planted(tmp_path):
    (tmp_path / "swap.csv").write_text(
        "model,r truth,r model,answer,right\nheating,0.931,0.902,the heating removes 90 %,1\nboth,0.931,0.7,unclear,0\n"
    )
    text = checked(tmp_path)["swap"]
    assert "r of the (truth, truth) cell" in text
    assert "| heating | 0.931 | 0.902 | the heating removes 90 % | yes |" in text
    assert "| both | 0.931 | 0.7 | unclear | no |" in text


def fault_row(world, flagged, *, pools=10, asked=200, planted="", low=0.0, high=0.02):
    return {
        "world": world, "units": 10, "twins": 200, "pools": pools, "planted": planted,
        "measure": "climate/own" if planted else "any", "own": int(bool(planted)), "asked": asked,
        "flagged": flagged, "low": low, "high": high,
    }  # fmt: skip


def test_pools_that_agree_bound_a_share_and_deals_of_a_pool_do_not(tmp_path):
    """(1 - p)^10 = 0.025 at p = 0.308; deals of a pool are no pools, though the table was written as if they were."""
    rows_ = [
        fault_row("lows", 0.0), fault_row("lows", 1.0, planted="wide", low=0.98, high=1.0),
        fault_row("synthetic", 0.025, high=0.057), fault_row("alone", 0.0, pools=1),
        fault_row("synthetic", 0.0, planted="rare", asked=11, high=0.26),
    ]  # fmt: skip
    put(tmp_path / "faults.csv", rows_)
    text = checked(tmp_path)["faults"]
    assert "| lows | **nothing** | any of them, together | 10 | 0 (0 to 31); all 10 pools agree |" in text
    assert "| 100 (69 to 100); all 10 pools agree |" in text
    assert "| 2 (0 to 6); over deals from 10 pools |" in text
    assert "| 0 (0 to 2); over deals from one pool |" in text
    assert "| 0 (0 to 98); at least 1 of 10 pools asked, all agree | 11 of 200 |" in text


def test_the_command_beside_planted_faults_is_that_of_the_rows(tmp_path):
    put(
        tmp_path / "faults.csv",
        [fault_row("lows", 0.0), fault_row("synthetic", 0.0), fault_row("long", 0.0, pools=5)],
    )
    text = checked(tmp_path)["faults"]
    assert "`python -m validation.faults --world lows synthetic --pools 10 --draws 200 --csv" in text
    assert "`python -m validation.faults --world long --pools 5 --draws 200 --csv" in text
    lacking = " ".join(name for name in USUAL if name != "lows" and name != "synthetic")
    assert any(f"--world {lacking} --csv" in line for line in missing(tmp_path))
