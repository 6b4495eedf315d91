"""The ladder in the terminal: a line for each learner and rung, marks beside colours, plain text without colour."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gnomon.inference.ladder import Ladder, ladder
from gnomon.inference.verdict import first_failure
from gnomon.report.palette import shade
from gnomon.report.view import MARKS, CellView, LearnerView, judged_trials, learners
from gnomon.spec.results import Result

ASCII_MARKS = {"●": "+", "◐": "?", "✕": "x", "–": "-"}
ROLE_TITLES = {"control": "control", "fault": "planted fault"}


def ladder_table(
    results: Iterable[Result],
    *,
    rungs: Mapping[str, str] | None = None,
    threshold: float = 0.5,
    ascii: bool = False,
) -> Table:
    """The ladder as a rich table: for each learner its worlds, the hardest on top, and one column a trial."""
    found = list(results)
    table = ladder(found, rungs)
    views = learners(table, first_failure(table, threshold), found, threshold)
    return _table(table, views, ascii)


def print_ladder(
    results: Iterable[Result],
    console: Console,
    *,
    rungs: Mapping[str, str] | None = None,
    threshold: float = 0.5,
    report: Path | None = None,
) -> None:
    """Print the ladder, the first failure of each learner in words, and where the full report lies.

    Args:
        results: of one study.
        console: a rich console; without colour or UTF-8 the same is said in plain text.
        rungs: world kind -> rung, for results that do not say it.
        threshold: of the study's rule.
        report: the HTML report, if one was written.
    """
    found = list(results)
    if not found:
        console.print("no results yet", style="dim")
        return
    ascii = not (console.encoding or "").lower().startswith("utf")
    table = ladder(found, rungs)
    views = learners(table, first_failure(table, threshold), found, threshold)
    console.print(_table(table, views, ascii))
    marks = {k: ASCII_MARKS[m] if ascii else m for k, m in MARKS.items()}
    console.print(
        Text(
            f"fidelity: 0 = ignorance, 1 = like the truth; {marks['holds']} above {threshold:g}, "
            f"{marks['open']} undecided, {marks['fails']} below, ! some diverged",
            style="dim",
        )
    )
    console.print()
    for view in views:
        if view.role == "subject":
            console.print(
                _plain(f"{marks['holds' if view.fails_at is None else 'fails']} {view.sentence}", ascii)
            )
    if report is not None:
        console.print()
        console.print(Text("full report: ") + Text(str(report), style="bold"), soft_wrap=True)


def _table(table: Ladder, views: list[LearnerView], ascii: bool) -> Table:
    grid = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", show_edge=False, pad_edge=False)
    grid.add_column("learner", max_width=17, overflow="fold")
    grid.add_column("rung", min_width=22, max_width=24, overflow="fold")
    for trial in judged_trials(table):
        grid.add_column(trial, justify="right", min_width=8, max_width=11, overflow="fold")
    for view in views:
        for i, row in enumerate(view.rows):
            name = _plain(view.name, ascii, style="bold") if i == 0 else Text()
            if i == 1 and view.role in ROLE_TITLES:
                name = Text(ROLE_TITLES[view.role], style="dim")
            stops = view.fails_at == row.number - 1
            where = Text(f"{row.number} ", style="bold" if stops else "dim") + _plain(row.world, ascii)
            grid.add_row(name, where, *(_cell(c, ascii) for c in row.cells), end_section=False)
        grid.add_row()
    return grid


def _cell(cell: CellView | None, ascii: bool) -> Text:
    if cell is None:
        return Text(".", style="dim")
    if cell.step is None:
        word = f"{cell.mark} {cell.shown}" if cell.verdict == "fails" else cell.shown
        return _plain(word, ascii, style="" if cell.verdict == "fails" else "dim")
    text = f"{cell.mark} {cell.shown}" + ("!" if cell.note else "")
    return _plain(text, ascii, style=f"#16191d on {shade(cell.step, 'light')}")


def _plain(text: str, ascii: bool, style: str = "") -> Text:
    """Text as it stands (never rich's markup, whatever a label holds), without control characters."""
    safe = "".join(c if c.isprintable() else " " for c in text)
    if ascii:
        for mark, letter in ASCII_MARKS.items():
            safe = safe.replace(mark, letter)
        safe = safe.replace("\N{MINUS SIGN}", "-").encode("ascii", "replace").decode()
    return Text(safe, style=style)
