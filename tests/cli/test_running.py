"""`gnomon run`: its exit code, its closing line, and a plan that leaves nothing behind."""

import re

import msgspec
import pytest

from gnomon.cli.main import outcome
from gnomon.engine.plan import TYPICAL, make_plan
from gnomon.spec.study import read_study
from gnomon.store.results import Store
from tests.store.plain import result

STUDY = """
name = "small"
question = "does it end?"
[data]
trajectories = 4
validation = 2
steps = 60
[[worlds]]
kind = "lorenz63"
[[learners]]
kind = "gnomon.testing.misbehaving:Misbehaving"
args = { how = "HOW" }
[[trials]]
kind = "forecast"
args = { units = 6, horizon = 2.0 }
"""


@pytest.fixture
def say(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def saying(*tokens):
        code = outcome(list(tokens))
        got = capsys.readouterr()
        return code, got.out, got.err

    return saying


@pytest.mark.parametrize(("how", "code", "status"), [("grow", 0, "diverged"), ("raise", 1, "failed")])
def test_a_run_that_did_not_end_well_leaves_with_1(say, tmp_path, how, code, status):
    (tmp_path / "s.toml").write_text(STUDY.replace("HOW", how))
    run = ("run", "s.toml", "--quiet", "--no-report")
    got, _, err = say(*run)
    assert got == code
    assert re.search(rf"^3 of 3 cases run .*1 {status}", err)
    got, _, err = say(*run)
    assert got == code
    assert re.match("0 of 3 cases run ", err)
    assert ("the study holds 1 failed: --retry runs them again" in err) == (code == 1)


def test_a_plan_makes_no_store_and_shows_small_disks(say, tmp_path):
    (tmp_path / "s.toml").write_text(STUDY.replace("HOW", "still"))
    code, out, _ = say("run", "s.toml", "--plan")
    assert code == 0
    assert re.search(r"disk +about \d\.\d MB", out)
    assert [p.name for p in tmp_path.iterdir()] == ["s.toml"]


def test_a_plan_goes_by_what_stored_cases_cost(tmp_path):
    (tmp_path / "s.toml").write_text(STUDY.replace("HOW", "still"))
    study = read_study(tmp_path / "s.toml")
    store = Store(tmp_path / "store")
    plain = make_plan(study, store)
    assert plain.seconds == sum(TYPICAL[t.kind] for t in plain.tasks)
    cases = {"world": {"kind": "lorenz63"}, "trial": {"kind": "forecast"}}
    for seed, (learner, seconds) in enumerate([("perfect", 7.0), ("perfect", 9.0), ("linear", 1.0)]):
        case = {**cases, "learner": {"kind": learner}}
        store.put_result(msgspec.structs.replace(result(seed), case=case, cost={"seconds": seconds}))
    told = make_plan(study, store)
    # perfect: its own median 8; null and the learner: the median 7 of the trial
    assert told.seconds == plain.seconds - 3 * TYPICAL["case"] + 8 + 7 + 7
