"""Rows of a validation table, and how they are printed."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table


class Row(NamedTuple):
    """One checked quantity.

    Attributes:
        quantity: what was computed.
        value: the number.
        error: one standard error, None for a number without sampling error.
        expected: the published or exact value in words; "" where there is none.
        source: of `expected`.
        rule: in words, what `passed` tested.
        passed: whether the rule holds.
    """

    quantity: str
    value: float
    error: float | None
    expected: str
    source: str
    rule: str
    passed: bool


def within(
    quantity: str, value: float, error: float | None, target: float, tolerance: float, source: str
) -> Row:
    """A row that passes where |value - target| <= tolerance."""
    return Row(
        quantity,
        value,
        error,
        f"{target:.6g}",
        source,
        f"within {tolerance:.2g}",
        abs(value - target) <= tolerance,
    )


def above(quantity: str, value: float, error: float | None, bound: float, source: str = "") -> Row:
    """A row that passes where value > bound."""
    return Row(quantity, value, error, f"> {bound:.3g}", source, "above", value > bound)


def below(quantity: str, value: float, error: float | None, bound: float, source: str = "") -> Row:
    """A row that passes where |value| < bound."""
    return Row(quantity, value, error, f"< {bound:.3g}", source, "magnitude below", abs(value) < bound)


def reported(quantity: str, value: float, error: float | None = None) -> Row:
    """A row that is shown and not judged."""
    return Row(quantity, value, error, "", "", "reported", True)


def keep(
    path: Path,
    rows: Sequence[dict[str, Any]],
    by: Sequence[str] = ("world",),
    older: Mapping[str, str] | None = None,
) -> None:
    """Put rows into a file, in place of those that it has of the same; what was not asked this time stays.

    Args:
        path: of the table; made where there is none.
        rows: at least one.
        by: columns that say what a row is of.
        older: column -> what rows say that were written before there was that column.
    """
    asked = {tuple(str(row[name]) for name in by) for row in rows}
    before: list[dict[str, Any]] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            held = [dict(older or {}) | row for row in csv.DictReader(file)]
        before = [row for row in held if tuple(row[name] for name in by) not in asked]
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = dict.fromkeys((*rows[0], *(name for row in before for name in row)))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows([*before, *rows])


def show(title: str, rows: list[Row], seconds: float) -> None:
    """Print one table."""
    table = Table(title=f"{title}   ({seconds:.0f} s)", title_justify="left")
    for column in ("quantity", "value", "error", "expected", "rule", "source", "verdict"):
        table.add_column(column, justify="right" if column in ("value", "error") else "left", overflow="fold")
    for row in rows:
        table.add_row(
            row.quantity, f"{row.value:.6g}", "-" if row.error is None else f"{row.error:.2g}", row.expected,
            row.rule, row.source, _verdict(row),
        )  # fmt: skip
    Console(width=150).print(table)


def _verdict(row: Row) -> str:
    if row.rule == "reported":
        return "-"
    return "[green]ok[/]" if row.passed else "[bold red]FAILS[/]"
