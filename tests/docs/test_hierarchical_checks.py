"""Sections on stability, planted faults and the swap: from the rows that their commands write, or "not run"."""

import numpy as np

from docs.hierarchical_checks import CHECKS, checked, missing
from gnomon.spec.study import Ref
from validation.faults.plans import Plan, fault
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
    standard, warm = checked(tmp_path)["stability"].splitlines()[-2:]
    assert standard.startswith("| vanilla | the standard sea | 2 | 2 | 2 | 1 | 0.5 (0.013 to 2.8) |")
    assert standard.endswith("| +0.50 to +0.50 |")  # of the survivor alone
    assert "| 0 | below 3 |" in warm  # -ln(.05) = 3.0 over the one year in which nothing was seen
    assert "python -m validation.faults" in " ".join(missing(tmp_path))


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
    put(file, "lows", rows("lows", PLAN, verdicts({PERFECT: perfect, "off": off})))
    text = checked(tmp_path)["faults"]
    assert "| lows | off | `climate/first` | 2 | 75 (" in text
    assert "| lows | **nothing** | any of them, together | 2 | 25 (" in text


def test_a_world_that_is_asked_again_replaces_its_own_rows_alone(tmp_path):
    file, none = tmp_path / "faults.csv", np.zeros((4, 2), bool)
    for name in ("lows", "synthetic", "lows"):
        put(file, name, rows(name, PLAN, verdicts({PERFECT: none, "off": none})))
    worlds = [line.split(",")[0] for line in file.read_text().splitlines()[1:]]
    assert worlds == ["synthetic"] * 6 + ["lows"] * 6


def test_answers_of_the_swap_stand_beside_what_was_planted(tmp_path):
    (tmp_path / "swap.csv").write_text(
        "model,answer,right\nheating,the heating removes 90 %,1\nboth,unclear,0\n"
    )
    text = checked(tmp_path)["swap"]
    assert "| heating | the heating removes 90 % | yes |" in text
    assert "| both | unclear | no |" in text
