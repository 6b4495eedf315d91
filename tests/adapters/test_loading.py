"""Finding a user's model: nothing is run unasked, what is wrong is one sentence, equal identities mean equal models."""

import sys

import numpy as np
import pytest

from gnomon.adapters.loading import find_model, load_model, model_of
from gnomon.spec.errors import BadModel, GnomonError

GOOD = """
GNOMON = {"batched": True, "artifacts": ["weights.npz"]}
open("ran", "w").close()
def step(state, forcing):
    return state
class Thing: pass
number = 3
"""


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text(GOOD)
    (tmp_path / "weights.npz").write_bytes(b"1")
    return tmp_path


def test_nothing_runs_without_trust(model):
    assert find_model("mine.py:step").declared.batched
    with pytest.raises(BadModel, match="add --trust"):
        load_model("mine.py:step", trust=False)
    assert not (model / "ran").exists()
    loaded = load_model("mine.py:step", trust=True)
    assert (model / "ran").exists()
    assert loaded.step(1, {}) == 1
    assert loaded.name == "mine"


def test_step_is_the_default(model):
    assert find_model("mine.py").identity == find_model("mine.py:step").identity


def test_identity_is_of_source_artifacts_and_declaration(model):
    first = find_model("mine.py:step").identity
    assert find_model("mine.py:step").identity == first
    assert find_model("mine.py:number").identity != first
    assert find_model("mine.py:step", {"dt": 0.1}).identity != first
    (model / "weights.npz").write_bytes(b"2")
    assert find_model("mine.py:step").identity != first
    (model / "weights.npz").write_bytes(b"1")
    assert find_model("mine.py:step").identity == first
    (model / "mine.py").write_text(GOOD + "# a word\n")
    assert find_model("mine.py:step").identity != first


def test_a_dotted_module_is_found_without_being_run(model):
    package = model / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('ran')")
    (package / "inner.py").write_text("def step(s, f): return s\n")
    sys.path.append(str(model))
    assert find_model("pack.inner:step").name == "pack.inner"
    with pytest.raises(BadModel, match="cannot be imported: RuntimeError: ran"):
        load_model("pack.inner:step", trust=True)


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("absent.py:step", "cannot be read: No such file"),
        ("absent:step", "no module 'absent'"),
        ("mine.py:stpe", "did you mean 'step'"),
        ("mine.py:Thing", "is a class"),
        ("mine.py:number", "of type int, which cannot be called"),
        (":step", "names no model"),
        ("mine.py:", "names no model"),
        ("mine.py:a b", "names no model"),
        ("sys:exit", "no module 'sys'"),
    ],
)
def test_what_cannot_be_found(model, target, sentence):
    with pytest.raises(BadModel, match=sentence) as error:
        load_model(target, trust=True)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def step(:", "line 1: not valid Python"),
        ("GNOMON = {'dt': 1 + x}", "line 1: GNOMON must be a plain dict of literals"),
        ("GNOMON = [1]", "GNOMON must be a dict, got list"),
        ("GNOMON = {'bached': True}", "no entry 'bached'; did you mean 'batched'"),
        ("GNOMON = {'dt': 'fast'}", "GNOMON: Expected `float"),
        ("GNOMON = {'dt': -1.0}", "dt must be a positive time"),
        ("GNOMON = {'context': 0}", "context counts past states"),
        ("GNOMON = {'framework': 'theano'}", "Invalid enum value 'theano'"),
        ("GNOMON = {'artifacts': ['gone.npz']}", "artifact 'gone.npz' cannot be read"),
        ("GNOMON = {'variables': {'x': {'scale': 0.0}}}", "finite scale other than 0"),
        ("GNOMON = {'trained_on': {'rho': [3, 1]}}", r"trained_on\['rho'\] must be \(low, high\)"),
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all' (line 1)"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("", "it defines no function"),
        ("\0", "mine.py:step: not valid Python"),
    ],
)
def test_what_is_wrong_in_the_file(model, source, sentence):
    (model / "mine.py").write_text(source)
    with pytest.raises(GnomonError) as error:
        load_model("mine.py:step", trust=True)
    assert sentence.replace("\\", "") in str(error.value)
    assert "\n" not in str(error.value)


def test_an_annotated_declaration_is_read(model):
    (model / "mine.py").write_text("GNOMON: dict = {'dt': 0.5}\ndef step(s, f): return s\n")
    assert find_model("mine.py").declared.dt == 0.5


WEIGHTS = np.arange(3.0)


def uses_a_global(state, forcing):
    return state * WEIGHTS


def test_a_function_is_known_by_what_it_refers_to(monkeypatch):
    first = model_of(uses_a_global)
    assert first.reusable
    assert model_of(uses_a_global).identity == first.identity
    monkeypatch.setitem(uses_a_global.__globals__, "WEIGHTS", np.arange(3.0) + 1)
    assert model_of(uses_a_global).identity != first.identity


def test_a_closure_is_known_by_its_values():
    def make(rate, inner):
        return lambda s, f: s * rate + inner(s)

    one = model_of(make(0.5, lambda s: s))
    assert one.reusable
    assert one.identity != model_of(make(0.6, lambda s: s)).identity
    assert one.identity != model_of(make(0.5, lambda s: s + 1)).identity


class Linear:
    def __init__(self, matrix):
        self.matrix = matrix

    def __call__(self, state, forcing):
        return self.matrix @ state


def test_an_object_is_known_by_its_state():
    one = model_of(Linear(np.eye(3)))
    assert one.reusable
    assert one.name == "Linear"
    assert one.identity == model_of(Linear(np.eye(3))).identity
    assert one.identity != model_of(Linear(2 * np.eye(3))).identity


def test_what_cannot_be_identified_is_never_reused():
    handle = open(__file__)
    try:
        one, two = (model_of(lambda s, f: s * handle.fileno()) for _ in range(2))
    finally:
        handle.close()
    assert not one.reusable
    assert one.identity != two.identity


def test_a_class_is_no_model():
    with pytest.raises(BadModel, match="is a class"):
        model_of(Linear)
    with pytest.raises(BadModel, match="cannot be called"):
        model_of(3)
