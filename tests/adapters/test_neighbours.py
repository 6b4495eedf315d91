"""What a model's file imports from its own folder is part of it, however it is imported."""

import sys

import pytest

from gnomon.adapters.loading import find_model, load_model
from gnomon.spec.errors import BadModel


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("near.py", "pack/__init__.py", "pack/inner.py", "pack/deep.py", "other.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("K = 1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import near", {"near"}),
        ("import math, numpy", set()),
        ("from near import K", {"near"}),
        ("def step(s, f):\n    import near\n    return s", {"near"}),
        ("import importlib\nm = importlib.import_module('near')", {"near"}),
        ("import pack.inner", {"pack", "pack.inner"}),
        ("from pack import inner", {"pack", "pack.inner"}),
    ],
)
def test_imports_are_found_without_being_run(source, names, folder):
    (folder / "mine.py").write_text(source)
    assert set(find_model(str(folder / "mine.py")).neighbours) == names


def test_neighbours_of_neighbours_count(folder):
    (folder / "mine.py").write_text("import near\ndef step(s, f): return s\n")
    (folder / "near.py").write_text("from pack import inner\n")
    (folder / "pack/inner.py").write_text("from . import deep\nfrom .. import other\nimport mine\n")
    source = find_model(str(folder / "mine.py"))
    assert {"near", "pack", "pack.inner", "pack.deep", "other"} <= set(source.neighbours)
    (folder / "pack/deep.py").write_text("K = 2\n")
    assert find_model(str(folder / "mine.py")).identity != source.identity


def test_a_changed_neighbour_is_imported_anew(folder):
    (folder / "mine.py").write_text("import near\ndef step(s, f): return near.K\n")
    target = str(folder / "mine.py")
    one = load_model(target, trust=True)
    (folder / "near.py").write_text("K = 2\n")
    two = load_model(target, trust=True)
    assert (one.step(0, {}), two.step(0, {})) == (1, 2)
    assert one.identity != two.identity


def test_two_folders_with_the_same_words(folder):
    answers = []
    for place in ("a", "b"):
        (folder / place).mkdir()
        (folder / place / "model.py").write_text("import twin\ndef step(s, f): return twin.WHO\n")
        (folder / place / "twin.py").write_text(f"WHO = {place!r}\n")
        answers.append(load_model(str(folder / place / "model.py"), trust=True).step(0, {}))
    assert answers == ["a", "b"]


def test_a_module_that_changed_after_its_import_is_refused(folder):
    sys.path.append(str(folder))
    (folder / "dotted_mine.py").write_text("import near\ndef step(s, f): return s\n")
    load_model("dotted_mine:step", trust=True)
    (folder / "near.py").write_text("K = 3\n")
    with pytest.raises(BadModel, match="imported before its files changed"):
        load_model("dotted_mine:step", trust=True)
