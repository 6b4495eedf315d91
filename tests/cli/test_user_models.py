"""A user's own model, from the command line and from a notebook, through the real engine."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import gnomon
from gnomon.cli.main import outcome
from gnomon.engine import usermodel
from gnomon.spec.errors import BadModel
from gnomon.spec.study import Limits
from gnomon.store.results import Store

EXAMPLE = Path(__file__).parents[2] / "examples" / "numpy_model.py"
SMALL = ["--world", "lorenz63", "--trials", "forecast", "--units", "8"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for the module: models and files share the truth that the first of them has made."""
    place = tmp_path_factory.mktemp("models")
    shutil.copy(EXAMPLE, place / "mymodel.py")
    return place


@pytest.fixture
def say(capsys, folder, monkeypatch):
    monkeypatch.chdir(folder)

    def saying(*tokens):
        code = outcome(list(tokens))
        got = capsys.readouterr()
        return code, got.out, got.err

    return saying


def full_name(study):
    (name,) = (n for n in Store("results").studies() if n.rpartition("-")[0] == study)
    return name


def learner_results(study):
    return [
        r
        for r in Store("results").results(full_name(study))
        if r.case["learner"]["kind"] in ("user", "files")
    ]


def test_a_model_climbs_and_is_not_run_twice(say):
    code, out, err = say("test", "mymodel.py:step", *SMALL, "--trust", "--quiet")
    assert code == 0
    assert "3 of 3 cases run" in err
    assert "mymodel" in out
    assert "full report" in out
    assert Path(f"results/{full_name('test-mymodel-lorenz63')}.html").is_file()
    (result,) = learner_results("test-mymodel-lorenz63")
    assert result.status == "ok"
    assert result.learned["declared"]["trained_on"] == {"rho": [26.0, 30.0]}
    score = next(s for s in result.scores if s.headline)
    assert score.value.value > 1.0  # Lyapunov times; persistence manages a tenth
    code, _, err = say("test", "mymodel.py:step", *SMALL, "--trust", "--quiet")
    assert (code, "0 of 3 cases run" in err) == (0, True)


def test_untrusted_code_is_not_run(say, folder):
    (folder / "evil.py").write_text("open('ran', 'w').close()\ndef step(s, f): return s\n")
    code, _, err = say("test", "evil.py:step", *SMALL)
    assert code == 2
    assert "add --trust" in err
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return s[:2]", "returned shape (2,); expected (3,)"),
        ("return s + 1j", "returned complex numbers"),
        ("return None", "returned None"),
        ("return f['heat']", "KeyError: 'heat'"),
    ],
)
def test_a_broken_contract_costs_nothing(body, sentence, say, folder):
    (folder / "broken.py").write_text(f"def step(s, f):\n    {body}\n")
    code, _, err = say("test", "broken.py:step", *SMALL, "--trust")
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1
    assert not any(n.startswith("test-broken-lorenz63") for n in Store("results").studies())


def test_other_units_need_a_scale(say):
    wrong = json.dumps({"x": {"units": "metre"}, "y": {}, "z": {}})
    code, _, err = say("test", "mymodel.py:step", *SMALL, "--trust", "--variables", wrong)
    assert code == 2
    assert "'x' is in 'metre' but lorenz63 has 'x' in '1'; declare scale" in err


def test_a_model_that_raises_is_a_result(say, folder):
    (folder / "fragile.py").write_text(
        "calls = [0]\ndef step(s, f):\n    calls[0] += 1\n"
        "    if calls[0] == 33: raise RuntimeError('out of range')\n    return s\n"
    )
    code, _, err = say("test", "fragile.py:step", *SMALL, "--trust", "--quiet")
    assert code == 1
    assert "forecast: failed: fragile raised RuntimeError: out of range (line 4) for unit" in err
    (result,) = learner_results("test-fragile-lorenz63")
    assert result.status == "failed"
    assert "at time 0.1" in str(result.reason)


def test_a_model_that_blows_up_is_a_result(say, folder):
    (folder / "burst.py").write_text("def step(s, f):\n    return s * 3\n")
    code, _, _ = say("test", "burst.py:step", *SMALL, "--trust", "--quiet")
    assert code == 0
    (result,) = learner_results("test-burst-lorenz63")
    assert result.status == "diverged"
    assert result.when is not None


def test_files_of_runs(say):
    code, out, err = say("starts", *SMALL, "--out", "starts.npz")
    assert (code, out.splitlines(), err) == (0, ["forecast/forecast", "starts.npz"], "")
    given = np.load("starts.npz")
    place = "forecast/forecast"
    size = json.loads(str(given["meta"]))["experiments"][place]
    still = {
        f"{place}/{v}": np.repeat(given[f"{place}/history/{v}"][:, :, -1:], size["steps"], axis=2)
        for v in "xyz"
    }
    np.savez("still.npz", identity=given["identity"], **still)
    code, _, _ = say("test", "still.npz", *SMALL, "--quiet")
    assert code == 0
    (result,) = learner_results("test-still-lorenz63")
    assert result.status == "ok"
    still[f"{place}/x"][0, 0, 3] = np.nan
    np.savez("holes.npz", identity=given["identity"], **still)
    code, _, err = say("test", "holes.npz", *SMALL, "--quiet")
    assert code == 1
    assert "is not finite at unit 0, member 0, lead 3" in err
    code, _, err = say(
        "test", "still.npz", "--world", "lorenz63", "--trials", "forecast", "--units", "4", "--quiet"
    )
    assert code == 1
    assert "was not run from these starts" in err


def test_an_exit_is_a_result_and_may_be_tried_again(say, folder):
    (folder / "leaves.py").write_text(
        "import sys\ncalls = [0]\ndef step(s, f):\n    calls[0] += 1\n"
        "    if calls[0] == 33: sys.exit(0)\n    return s\n"
    )
    test = ("test", "leaves.py:step", *SMALL, "--trust", "--quiet")
    for extra, ran in (((), 1), ((), 0), (("--retry",), 1)):
        code, _, err = say(*test, *extra)
        assert code == 1
        assert f"{ran} of 3 cases run" in err
        assert "forecast: failed: leaves raised SystemExit: 0 (line 5) for unit" in err


def test_a_case_that_ran_out_of_time_is_no_success(say, folder, monkeypatch):
    (folder / "slow.py").write_text("def step(s, f):\n    return s\n")
    inner = usermodel.run_user_model
    short = partial(inner, limits=Limits(seconds=1e-9))
    monkeypatch.setattr(usermodel, "run_user_model", short)
    code, _, err = say("test", "slow.py:step", *SMALL, "--trust", "--quiet")
    assert code == 1
    assert "forecast: timeout" in err


def test_namesakes_and_other_trials_keep_their_studies(say, folder):
    before = set(Store("results").studies())
    for place, factor in (("a", 1.0), ("b", 0.5)):
        (folder / place).mkdir()
        (folder / place / "model.py").write_text(f"def step(s, f):\n    return s * {factor}\n")
        assert say("test", f"{place}/model.py", *SMALL, "--trust", "--quiet")[0] == 0
    fewer = ["--world", "lorenz63", "--trials", "forecast", "--units", "4"]
    assert say("test", "a/model.py", *fewer, "--trust", "--quiet")[0] == 0
    assert len(set(Store("results").studies()) - before) == 3


def test_a_changed_neighbour_is_a_new_model(say, folder):
    (folder / "user_with_aid.py").write_text("import aid\ndef step(s, f):\n    return s * aid.FACTOR\n")
    found = []
    for factor in ("1.0", "0.5"):
        (folder / "aid.py").write_text(f"FACTOR = {factor}\n")
        code, _, err = say("test", "user_with_aid.py", *SMALL, "--trust", "--quiet")
        assert (code, "1 of 3 cases run" in err) == (0, True)
        found = [r for n in Store("results").studies() if "user_with_aid" in n
                 for r in Store("results").results(n) if r.case["learner"]["kind"] == "user"]  # fmt: skip
    one, two = ({s.measure: s.value.value for s in r.scores} for r in found)
    assert one != two


def test_files_without_runs(say):
    assert say("starts", *SMALL, "--out", "given.npz")[0] == 0
    given = np.load("given.npz")
    np.savez("none.npz", identity=given["identity"])
    code, _, err = say("test", "none.npz", *SMALL, "--quiet")
    assert (code, "none.npz holds no runs" in err) == (2, True)
    other = {"climate/free/x": np.zeros((2, 1, 3))}
    np.savez("other.npz", identity=given["identity"], **other)
    code, _, err = say("test", "other.npz", *SMALL, "--quiet")
    assert (code, "holds runs of climate/free but none of forecast" in err) == (2, True)


def test_a_notebook(folder, monkeypatch):
    monkeypatch.chdir(folder)

    def freeze(state, forcing):
        return state

    options = {"world": "lorenz63", "trials": ("forecast",), "units": 8, "progress": False}
    view = gnomon.test(freeze, **options)
    assert "freeze on lorenz63, forecast: fidelity" in repr(view)
    assert "<table" in view._repr_html_()
    study = gnomon.ladder("test-freeze-lorenz63")
    assert "freeze" in repr(study)
    assert "<pre" in study._repr_html_()
    assert gnomon.write_report("test-freeze-lorenz63", folder).is_file()
    with pytest.raises(BadModel, match=r"returned shape \(1,\)"):
        gnomon.test(lambda s, f: s[:1], **options)


def test_a_notebook_warns_of_leakage(folder, monkeypatch):
    monkeypatch.chdir(folder)
    declare = {"trained_on": {"rho": (20.0, 40.0)}}

    def freeze(state, forcing):
        return state

    with pytest.warns(UserWarning, match="is not out of range for this model"):
        gnomon.test(freeze, "lorenz63", trials=("shift",), units=3, declare=declare, progress=False)


def test_the_store_can_be_looked_after(say):
    assert say("verify")[0] == 0
    name = full_name("test-mymodel-lorenz63")
    code, out, _ = say("ladder", name)
    assert code == 0
    assert "mymodel" in out
    code, out, err = say("ladder")
    assert code == 2
    assert "say which" in err
    code, out, _ = say("gc", "--dry-run")
    assert "would be removed" in out
    code, out, _ = say("export", name, "--out", "out")
    assert code == 0
    assert Path(f"out/{name}.parquet").is_file()
    code, out, _ = say("merge", "results", "--store", "copy")
    assert code == 0
    assert "taken over" in out
    code, out, _ = say("report", name, "--out", "one.html", "--figures", "figures", "--format", "svg")
    assert code == 0
    assert Path("one.html").is_file()
    assert list(Path("figures").glob("*.svg"))
    code, _, err = say("compare", "mymodel", "nobody", "--study", name)
    assert code == 2
    assert "has no learner 'nobody'" in err


def test_damage_is_found_by_verify(say):
    victim = next(p for p in Path("copy/results").rglob("*.json"))
    victim.write_bytes(victim.read_bytes()[:-9])
    code, _, err = say("verify", "--store", "copy")
    assert code == 1
    assert "damaged" in err
    assert "moved to quarantine/" in err
    assert "gnomon test of the same model makes 1 of its results again" in err
