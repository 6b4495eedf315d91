"""The source tree as the tests of this folder see it."""

import ast
import importlib
import pkgutil
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import gnomon

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "gnomon"
LEFT_BY_TOOLS = {".git", ".venv", ".ci-venv", "site", "results", "build", "dist", "__pycache__"}


@cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of the package, imported."""
    names = [
        m.name for m in pkgutil.walk_packages(gnomon.__path__, "gnomon.") if not m.name.endswith("__main__")
    ]
    return tuple(importlib.import_module(name) for name in names)


def python_files(*folders: str) -> list[Path]:
    """Python files below folders of the repository, sorted."""
    return sorted(
        p for folder in folders for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts
    )


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def repository_files() -> list[Path]:
    """What a commit would hold: tracked files and new ones that are not ignored."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        return sorted(p for name in listed.split("\0") if name and (p := ROOT / name).is_file())
    return sorted(p for p in ROOT.rglob("*") if p.is_file() and not LEFT_BY_TOOLS & set(p.parts))


def text_of(path: Path) -> str | None:
    """The text of a file, or None for a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def imported(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """(top-level package, whether at module level) of every absolute import, by name or by string."""
    in_functions = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            in_functions.update(id(n) for n in ast.walk(node))
    for node in ast.walk(tree):
        inside = id(node) in in_functions
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], not inside
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], not inside
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("import_module", "importorskip"):
                yield str(node.args[0].value).partition(".")[0], not inside
