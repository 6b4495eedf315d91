"""The contracts of pyproject.toml on who may import whom."""

import contextlib
import importlib
import io
import tomllib
from pathlib import Path

from tests.architecture.tree import ROOT, SOURCE


def test_imports_keep_the_contracts(monkeypatch):
    monkeypatch.chdir(ROOT)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        broken = importlib.import_module("importlinter.cli").lint_imports(no_cache=True)
    assert broken == 0, said.getvalue()


def test_every_room_has_its_layer():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(c for c in config["contracts"] if c["type"] == "layers")
    placed = {room.strip() for layer in layers["layers"] for room in layer.split("|")}
    rooms = {p.name for p in Path(SOURCE).iterdir() if (p / "__init__.py").exists()}
    assert placed == rooms
