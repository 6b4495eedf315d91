"""Sections on checks that no study runs: is the hybrid stable, and is what is planted found, and only that?

Each reads a table in docs/hierarchical/ that one command writes; where it is missing the section says so.
"""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gnomon.measures.sphere.stability import YEAR, hazard_interval

Row = dict[str, str]
SAID = {
    "none": "vanilla", "all": "climate-invariant", "default": "the standard sea",
    "+4 K": "4 K warmer", "+3 P": "three times El Niño", "-3 P": "three times La Niña",
}  # fmt: skip


class Check(NamedTuple):
    """A command and what the page makes of its table.

    Attributes:
        file: in docs/hierarchical/.
        command: that writes it.
        lines: of the page.
    """

    file: str
    command: str
    lines: Callable[[Sequence[Row]], list[str]]


def stability(rows: Sequence[Row]) -> list[str]:
    """Failures, exposure and hazard of each variant under each condition."""
    out = [
        "| hybrid | sea | runs | networks | simulated years | failures | hazard a year (95 %) | drift of ta500, K |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for variant, condition in dict.fromkeys((r["variant"], r["condition"]) for r in rows):
        runs = [r for r in rows if (r["variant"], r["condition"]) == (variant, condition)]
        years = sum(float(r["days"]) for r in runs) / YEAR
        if not years:
            continue
        failed = sum(r["failed"] == "True" for r in runs)
        low, high = hazard_interval(failed, years)
        hazard = f"{failed / years:.2g} ({low:.2g} to {high:.2g})" if failed else f"below {high:.2g}"
        moved = [float(r["now"]) - float(r["begun"]) for r in runs if r["failed"] != "True"]
        drift = f"{min(moved):+.2f} to {max(moved):+.2f}" if moved else "none survived"
        networks = len({r["network"] for r in runs})
        out.append(
            f"| {SAID[variant]} | {SAID[condition]} | {len(runs)} | {networks} | {years:.3g} | {failed} | {hazard} "
            f"| {drift} |"
        )
    return out


def faults(rows: Sequence[Row]) -> list[str]:
    """How often each fault's own measure flags it, and any measure a perfect twin."""
    out = [
        "| planted in | fault | its measure | units of each role | flagged, % (95 %) | asked in |",
        "|---|---|---|---|---|---|",
    ]
    own = [r for r in rows if r["own"] == "1"]
    twins = [r for r in rows if not r["planted"] and r["measure"] == "any"]
    for r in own:
        out.append(
            f"| {r['world']} | {r['planted']} | `{r['measure']}` | {r['units']} | {_rate(r)} | {r['asked']} of "
            f"{r['twins']} |"
        )
    for r in twins:
        out.append(
            f"| {r['world']} | **nothing** | any of them, together | {r['units']} | {_rate(r)} | {r['twins']} of "
            f"{r['twins']} |"
        )
    return [*out, "", "The whole confusion matrix: [faults.csv](hierarchical/faults.csv)."]


def swap(rows: Sequence[Row]) -> list[str]:
    """What the swap of heating and basic state named."""
    out = ["| planted in the dry core | answer | as planted |", "|---|---|---|"]
    return [
        *out,
        *(f"| {r['model']} | {r['answer']} | {'yes' if r['right'] == '1' else 'no'} |" for r in rows),
    ]


CHECKS = {
    "stability": Check(
        "stability.csv",
        "python -m validation.stability --keep FOLDER --csv docs/hierarchical/stability.csv", stability,
    ),
    "faults": Check("faults.csv", "python -m validation.faults --pools 10 --csv docs/hierarchical/faults.csv", faults),
    "swap": Check("swap.csv", "python -m validation.swap --csv docs/hierarchical/swap.csv", swap),
}  # fmt: skip


def checked(folder: Path) -> dict[str, str]:
    """Every section, by its name."""
    out = {}
    for name, check in CHECKS.items():
        rows = read(folder / check.file)
        out[name] = f"`{check.command}`\n\n" + ("\n".join(check.lines(rows)) if rows else "Not run.")
    return out


def missing(folder: Path) -> list[str]:
    """Commands whose table is not there."""
    return [f"* `{c.command}`" for c in CHECKS.values() if not read(folder / c.file)]


def read(path: Path) -> list[Row]:
    """Rows of a table; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _rate(row: Row) -> str:
    if not row["flagged"]:
        return "not asked"
    share, low, high = (100 * float(row[k]) for k in ("flagged", "low", "high"))
    return f"{share:.0f} ({low:.0f} to {high:.0f})"
