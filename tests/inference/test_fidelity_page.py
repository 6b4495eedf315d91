"""The page for readers: its code runs and prints what the page says it prints."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "fidelity.md"


def run_page(text: str) -> list[tuple[str, str]]:
    """(printed, promised) of every code block, run one after another in one namespace."""
    names: dict[str, Any] = {}
    pairs = []
    for code, promised in re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), names)
        pairs.append((printed.getvalue(), promised))
    return pairs


def test_the_examples_print_what_the_page_says():
    pairs = run_page(PAGE.read_text(encoding="utf-8"))
    assert len(pairs) == 3
    for printed, promised in pairs:
        assert printed == promised
