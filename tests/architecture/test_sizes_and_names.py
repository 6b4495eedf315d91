"""Soft limits on size, and names that say nothing are not used. An exception needs a reason here."""

import ast

import pytest

from tests.architecture.tree import ROOT, parsed, python_files

MOST_LINES, MOST_LINES_A_FUNCTION = 400, 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base"}

LONG_FILES: dict[str, str] = {}  # path: why it stays in one file
LONG_FUNCTIONS: dict[str, str] = {}  # path:function: why it stays in one piece

FOLDERS = ("src", "tests", "examples", "benchmarks", "validation")


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, without its docstring."""
    first = function.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_files_are_short():
    long = {
        str(p.relative_to(ROOT)): n
        for p in python_files("src", "tests")
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert {p: n for p, n in long.items() if p not in LONG_FILES} == {}
    assert set(LONG_FILES) <= set(long), "an exception that is no longer needed"


def test_functions_are_short():
    long = {
        f"{p.relative_to(ROOT)}:{node.name}": lines_of(node)
        for p in python_files("src")
        for node in ast.walk(parsed(p))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > MOST_LINES_A_FUNCTION
    }
    assert {p: n for p, n in long.items() if p not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(long), "an exception that is no longer needed"


def test_no_module_has_an_empty_name():
    assert [p for p in python_files(*FOLDERS) if p.stem in EMPTY_NAMES or p.parent.name in EMPTY_NAMES] == []


@pytest.mark.parametrize("path", python_files(*FOLDERS), ids=lambda p: str(p.relative_to(ROOT)))
def test_annotations_stay_objects(path):
    futures = {
        alias.name
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    }
    assert "annotations" not in futures, "stringified annotations break AbstractVar"
