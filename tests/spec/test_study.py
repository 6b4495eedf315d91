"""A study file: an error names the file, the line and the key, and says how to mend it."""

import tomllib

import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.lines import line_of, lines_of
from gnomon.spec.shelf import shipped
from gnomon.spec.study import (
    BROUGHT,
    DataPlan,
    Limits,
    Ref,
    Rule,
    Study,
    TrialRef,
    check_arguments,
    read_study,
)

HEAD = 'name = "x"\nquestion = "q"\n'
WORLD = '[[worlds]]\nkind = "lorenz63"\n'
LEARNER = '[[learners]]\nkind = "linear"\n'
TRIAL = '[[trials]]\nkind = "forecast"\n'
WHOLE = HEAD + WORLD + LEARNER + TRIAL  # two lines each: 1, 3, 5, 7


def write(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_bytes(text.encode())
    return path


def test_lines_follow_tables_lists_and_inline_tables():
    text = (
        '# kind = "no"\n'
        "a.b = 1 # kind\n"
        's = """kind = 1\n[[t]]\n"""\n'
        "xs = [\n  1, # one\n  { kind = 'a,]}', deep = [[2],\n    [3]] },\n]\n"
        "[[t]]\nkind = 1\n[[t]]\nkind = 2\n[[t.m]]\nkind = 3\n[t.m.args]\nz = nan\n[[t.m]]\n'kind' = 4\r\n[last]\n"
    )
    tomllib.loads(text)
    found = lines_of(text)
    assert found["a", "b"] == 2
    assert found[("s",)] == 3
    assert found["xs", 0] == 7
    assert found["xs", 1, "kind"] == 8
    assert found["xs", 1, "deep", 1] == 9
    assert found["t", 1, "kind"] == 14
    assert found["t", 1, "m", 0, "args", "z"] == 18
    assert found["t", 1, "m", 1, "kind"] == 20
    assert found[("last",)] == 21
    assert line_of(text, ("t", 0, "absent")) == 11
    assert line_of(text, ("absent",)) is None


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (WHOLE + TRIAL.replace('"forecast"', "3"), 10, "Expected `str`, got `int` - at `$.trials[1].kind`"),
        (WHOLE + "[limits]\nsecnds = 3\n", 10, "did you mean 'seconds'?"),
        (WHOLE + "[data]\nsteps = 3\nseconds = 3\n", 11, "unknown field `seconds`"),
        (WHOLE + TRIAL + 'measures = [{ kind = "crps" }, { kind = "valid_tme" }]\n', 11, "did you mean 'valid_time'?"),
        (HEAD + WORLD + LEARNER.replace("linear", "linea") + TRIAL, 6, "did you mean 'linear'?"),
        (HEAD + WORLD + LEARNER.replace("linear", ":") + TRIAL, 6, "package.module:attribute"),
        (HEAD + WORLD.replace("[[worlds]]", "[worlds]") + LEARNER + TRIAL, 3, "[[worlds]]"),
        ("\ufeff" + WHOLE, 1, "byte-order mark"),
        (WHOLE + "args = { units = 8, horizon = nan }\n", 9, "horizon is nan"),
        (WHOLE + "[limits]\nmemory_gb = inf\n", 10, "memory_gb is inf"),
        (WHOLE + "[rule]\nthreshold = -inf\n", 10, "threshold is -inf"),
        (WHOLE + "[limits]\nseconds = -1\n", 10, "seconds must be finite and above 0, got -1"),
        (WHOLE + "[data]\nvalidation = 0\n", 10, "validation must be at least 1, got 0"),
        (WHOLE + '[rule]\nkind = "beats"\n', 9, "needs a subject"),
        (WHOLE + '[rule]\nkind = "beats"\nsubject = "liner"\n', 11, "did you mean 'linear'?"),
        (WHOLE + "[rule]\nalpha = 1.5\n", 10, "alpha must lie between 0 and 1"),
        ("seeds = [0,\n 1, 0]\n" + WHOLE, 2, "seed 0 is given twice"),
        ("seeds = [-1]\n" + WHOLE, 1, "got -1"),
        ("seeds = [99999999999999999999999]\n" + WHOLE, 1, "seeds must lie between"),
    ],
)  # fmt: skip
def test_a_bad_file_names_its_line(tmp_path, text, line, sentence):
    with pytest.raises(BadSpec) as caught:
        read_study(write(tmp_path, text))
    assert str(caught.value).startswith(f"s.toml, line {line}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (WHOLE + TRIAL + "args = { horizon = 3.0, units = 'eight' }\n", 11, "Expected `int`, got `str`"),
        (WHOLE + "[trials.args]\nhorizon = 2.0\nunits = 1\n", 11, "units must be at least 2, got 1"),
        (WHOLE + "args = { horizon = -2.0 }\n", 9, "horizon must be finite and above 0, got -2"),
        (HEAD + WORLD + LEARNER + "args = { rigde = 1 }\n" + TRIAL, 7, "no argument 'rigde'"),
        (WHOLE + LEARNER + 'label = "again"\n', 9, "learner 'again' is the same as one before it"),
        (WHOLE + WORLD + "args = { sigma = 10 }\n", 9, "world 'lorenz63' is the same"),
        (WHOLE + TRIAL + "args = { units = 40 }\n", 9, "trial 'forecast' is asked for twice"),
        (
            HEAD + WORLD + LEARNER.replace("linear", "mamba") + 'args = { kind = "variables" }\n' + TRIAL,
            7, "kind must be one of times, variates",
        ),
        (
            HEAD + WORLD + LEARNER.replace("linear", "hybrid_of")
            + "args = { of = 'mamba', of_args = '{\"kind\": \"variables\"}' }\n" + TRIAL,
            7, "kind must be one of times, variates",
        ),
        (HEAD + WORLD + LEARNER.replace("linear", "gnomon.learners.linear:Nope") + TRIAL, 5, "cannot be imported"),
    ],
)  # fmt: skip
def test_a_wrong_argument_names_its_line(tmp_path, text, line, sentence):
    path = write(tmp_path, text)
    with pytest.raises(BadSpec) as caught:
        check_arguments(path, read_study(path))
    assert str(caught.value).startswith(f"s.toml, line {line}: ")
    assert sentence in str(caught.value)


def test_a_sound_file_is_read(tmp_path):
    path = write(tmp_path, WHOLE.replace("\n", "\r\n"))
    study = read_study(path)
    check_arguments(path, study)
    assert len(list(study.cases())) == 3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": (1, 1)}, "given twice"),
        ({"limits": Limits(seconds=float("nan"))}, "seconds must be finite"),
        ({"data": DataPlan(steps=1)}, "steps must be at least 2"),
        ({"rule": Rule(kind="beats", subject="nobody")}, "none of the study's learners"),
        ({"learners": (Ref(kind="linear"), Ref(kind="linear", label="b"))}, "is the same"),
        ({"learners": (Ref(kind="linaer"),)}, "did you mean 'linear'"),
        ({"trials": (TrialRef(kind="trust", args={"members": 1}),)}, "members must be at least 2"),
    ],
)
def test_a_study_made_in_python_is_held_to_the_same(changes, sentence):
    sound = {
        "name": "x",
        "question": "q",
        "worlds": (Ref(kind="lorenz63"),),
        "learners": (Ref(kind="linear"),),
        "trials": (TrialRef(kind="forecast"),),
    }
    with pytest.raises(BadSpec, match=sentence):
        list(Study(**(sound | changes)).cases())


def test_every_shipped_study_asks_for_what_its_learners_take():
    """Also where no test runs it: `chaos` once named a token that its learner does not know."""
    for path in shipped().values():
        study = read_study(path)
        if not any(ref.kind in BROUGHT for ref in study.learners):  # those name files that are not here
            check_arguments(path, study)
