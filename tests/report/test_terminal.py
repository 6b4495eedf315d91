import io
from pathlib import Path

import pytest
from rich.console import Console

from gnomon.report.terminal import ladder_table, print_ladder
from gnomon.spec.results import Result


class Ascii(io.StringIO):
    encoding = "ascii"


def printed(results: list[Result], file: io.StringIO | None = None, **options) -> str:
    file = file or io.StringIO()
    print_ladder(results, Console(file=file, width=100, **options), report=Path("out/report.html"))
    return file.getvalue()


def test_it_fits_a_hundred_columns_and_ends_with_the_report(results):
    lines = printed(results).splitlines()
    assert max(map(len, lines)) <= 100
    assert "out/report.html" in lines[-1]


def test_without_colour_every_verdict_is_still_there(results):
    text = printed(results, no_color=True)
    assert "\x1b" not in text
    for word in (
        "● 0.",
        "✕ ",
        "◐ ",
        "no room",
        "unsupported",
        "!",
        "kuramoto_sivashinsky",
        "first fails on",
        "control",
    ):
        assert word in text


def test_a_terminal_without_utf8_gets_ascii(results):
    text = printed(results, Ascii())
    assert text.isascii()
    assert "+ 0." in text


def test_labels_are_never_markup_or_control_characters(results):
    label = "[red]x[/red]\x1b[31m"
    renamed = [_relabelled(r, label) if r.case["learner"]["kind"] == "linear" else r for r in results]
    text = printed(renamed, no_color=True)
    assert "[red]x" in text.replace("\n", "")
    assert "\x1b" not in text


def test_no_results_is_said():
    assert "no results" in printed([])


def test_a_rung_may_be_given(results):
    bare = [_without_rung(r) for r in results]
    table = ladder_table(
        bare, rungs={"lorenz63": "flow", "lorenz96": "network", "kuramoto_sivashinsky": "field"}
    )
    assert [str(c.header) for c in table.columns][:2] == ["learner", "rung"]
    assert str(next(iter(table.columns[1].cells))) == "3 kuramoto_sivashinsky"


def _relabelled(result: Result, label: str) -> Result:
    case = result.case | {"learner": result.case["learner"] | {"label": label}}
    return Result(**{f: getattr(result, f) for f in result.__struct_fields__} | {"case": case})


def _without_rung(result: Result) -> Result:
    return Result(**{f: getattr(result, f) for f in result.__struct_fields__} | {"provenance": {}})


@pytest.mark.parametrize("width", [60, 100, 200])
def test_any_width_prints(results, width):
    file = io.StringIO()
    print_ladder(results, Console(file=file, width=width))
    assert max(map(len, file.getvalue().splitlines())) <= width
