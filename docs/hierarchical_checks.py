"""Sections on checks that no study runs: is the hybrid stable, and is what is planted found, and only that?

Each reads a table in docs/hierarchical/ that one command writes; where it is missing the section says so. The command
that is printed beside a table is the one that writes the rows that it has.
"""

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from gnomon.learners.column_hybrid import ColumnHybrid
from gnomon.measures.sphere.stability import YEAR, hazard_interval
from validation.broken_columns import MANY
from validation.faults.plans import USUAL
from validation.faults.shares import of_pools

Row = dict[str, str]
SAID = {
    "none": "vanilla", "all": "climate-invariant", "default": "the standard sea",
    "+4 K": "4 K warmer", "+3 P": "three times El Niño", "-3 P": "three times La Niña",
}  # fmt: skip
WORLD = "speedy"  # the one that the page is about
WARM = ("default", "+4 K")  # the conditions that the page's first lines tell of
SEA = {"default": "the standard sea", "+4 K": "a sea 4 K warmer"}


class Check(NamedTuple):
    """A command and what the page makes of its table.

    Attributes:
        file: in docs/hierarchical/.
        command: that writes it whole.
        lines: of the page.
        commands: that write the rows that are there; none where that is always the command.
        lacking: commands for what the rows lack.
    """

    file: str
    command: str
    lines: Callable[[Sequence[Row]], list[str]]
    commands: Callable[[Sequence[Row]], list[str]] | None = None
    lacking: Callable[[Sequence[Row]], list[str]] | None = None


def stability(rows: Sequence[Row]) -> list[str]:
    """Failures, exposure and hazard of each variant under each condition, pooled and network by network."""
    out = [
        "| hybrid | sea | networks | runs | simulated years | failures | hazard a year (95 %) "
        "| ta500 of survivors, last five days less first, K |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (variant, online, condition), runs in _groups(rows).items():
        networks = _networks(runs)
        failed = sum(_failed(own) > 0 for own in networks.values())
        said = [(f"{len(networks)} pooled, {failed} failed", runs)]
        said += [(f"number {i}", own) for i, own in networks.items()]
        name = _named(variant, online, runs)
        for who, own in said:
            if (years := _years(own)) > 0:
                out.append(
                    f"| {name} | {SAID.get(condition, condition)} | {who} | {len(own)} | {years:.3g} | {_failed(own)} "
                    f"| {_hazard(_failed(own), years)} | {_moved(own)} |"
                )
    return out


def stability_commands(rows: Sequence[Row]) -> list[str]:
    """One for every number of updates online, with the variants that the rows are of."""
    variants: dict[str, dict[str, None]] = {}
    for variant, online, _ in _groups(rows):
        variants.setdefault(online, {})[variant] = None
    return [_stability_command(tuple(v), online) for online, v in variants.items()]


def stability_lacking(rows: Sequence[Row]) -> list[str]:
    """The command for variants that have no row."""
    there = {variant for variant, _, _ in _groups(rows)}
    lacking = tuple(v for v in ("none", "all") if v not in there)
    return [_stability_command(lacking)] if lacking else []


def columns(rows: Sequence[Row]) -> list[str]:
    """In how many runs of the trials the air aloft was far moister than the truth's ever was; how many were lost."""
    out = [
        "| simulator | trial | experiment | runs | lost | of these before the first kept day | moist | lost and moist "
        "| moistest at 50 hPa, g/kg; the truth's | farthest from the truth's mean at 850 hPa, K |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        peak, true = (1e3 * float(r[k]) for k in ("peak", "truth peak"))
        out.append(
            f"| {r['simulator']} | {r['trial']} | {r['experiment']} | {r['runs']} | {r['lost']} | {r['unseen']} "
            f"| {r['moist']} | {r['both']} | {peak:.2g}; {true:.2g} | {float(r['far']):.0f} |"
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


def faults_commands(rows: Sequence[Row]) -> list[str]:
    """One for every number of pools and twins, with the worlds that were dealt so."""
    worlds: dict[tuple[str, str], dict[str, None]] = {}
    for r in rows:
        worlds.setdefault((r["pools"], r["twins"]), {})[r["world"]] = None
    return [
        f"python -m validation.faults --world {' '.join(names)} --pools {pools} --draws {twins} "
        "--csv docs/hierarchical/faults.csv"
        for (pools, twins), names in worlds.items()
    ]


def faults_lacking(rows: Sequence[Row]) -> list[str]:
    """The command for worlds that it would ask by itself and that have no row."""
    lacking = [name for name in USUAL if name not in {r["world"] for r in rows}]
    asked = f"python -m validation.faults --world {' '.join(lacking)} --csv docs/hierarchical/faults.csv"
    return [asked] if lacking else []


def swap(rows: Sequence[Row]) -> list[str]:
    """What the swap of heating and basic state named, and how well the instrument makes both waves."""
    out = [
        "| planted in the dry core | r of the (truth, truth) cell with the truth's own wave | r of the (model, model) "
        "cell with the model's | answer | as planted |",
        "|---|---|---|---|---|",
    ]
    for r in rows:
        planted = "yes" if r["right"] == "1" else "no"
        out.append(f"| {r['model']} | {r['r truth']} | {r['r model']} | {r['answer']} | {planted} |")
    return out


CHECKS = {
    "stability": Check(
        "stability.csv", "python -m validation.stability --keep FOLDER --csv docs/hierarchical/stability.csv",
        stability, stability_commands, stability_lacking,
    ),
    "columns": Check(
        "broken_columns.csv",
        "python -m validation.broken_columns STORE --csv docs/hierarchical/broken_columns.csv", columns,
    ),
    "faults": Check(
        "faults.csv", "python -m validation.faults --pools 10 --csv docs/hierarchical/faults.csv",
        faults, faults_commands, faults_lacking,
    ),
    "swap": Check("swap.csv", "python -m validation.swap --csv docs/hierarchical/swap.csv", swap),
}  # fmt: skip


def checked(folder: Path) -> dict[str, str]:
    """Every section, by its name."""
    out = {}
    for name, check in CHECKS.items():
        rows = read(folder / check.file)
        commands = check.commands(rows) if rows and check.commands else [check.command]
        out[name] = "\n\n".join(f"`{c}`" for c in commands)
        out[name] += "\n\n" + ("\n".join(check.lines(rows)) if rows else "Not run.")
    return out


def missing(folder: Path) -> list[str]:
    """Commands whose table is not there, or lacks something."""
    out: list[str] = []
    for check in CHECKS.values():
        rows = read(folder / check.file)
        lacking = check.lacking(rows) if rows and check.lacking else []
        out += lacking if rows else [check.command]
    return [f"* `{command}`" for command in out]


def in_short(folder: Path, hybrids: Sequence[str]) -> list[str]:
    """Sentences of the checks that the page begins with: failures in years of free runs, and broken columns.

    Args:
        folder: of tables.
        hybrids: names of simulators with learned columns.
    """
    return [*_failures(read(folder / "stability.csv")), *_moist(read(folder / "broken_columns.csv"), hybrids)]


def _failures(rows: Sequence[Row]) -> list[str]:
    """One sentence on what became of networks that ran for years, over the standard sea and over a warmer one."""
    parts = []
    for (variant, online, condition), runs in _groups(rows).items():
        if condition not in WARM:
            continue
        networks = _networks(runs)
        failed = sum(_failed(own) > 0 for own in networks.values())
        years = max(float(r["days"]) for r in runs) / 365  # its year, as `validation.stability` counts runs
        name = _named(variant, online, runs)
        parts.append(
            f"{name}, {SEA[condition]}: {failed} of {len(networks)} networks ({_failed(runs)} of {len(runs)} runs) "
            f"within {years:.2g} year{'s' * (years > 1)}"
        )
    said = (
        "Failures of networks that were run freely for years, apart from the trials ([below](#is-it-stable))"
    )
    return [f"{said}: {'; '.join(parts)}."] if parts else []


def _moist(rows: Sequence[Row], hybrids: Sequence[str]) -> list[str]:
    """One sentence on air aloft that no run of the truth ever held."""
    parts = []
    for name in hybrids:
        own = [r for r in rows if r["simulator"] == name]
        moist, runs, lost = (sum(int(r[k]) for r in own) for k in ("moist", "runs", "both"))
        if own:
            parts.append(f"{name} in {moist} of {runs} ({lost} of these were lost)")
    return [
        f"In the trials' own runs air at 50 hPa was somewhere more than {MANY:g} times moister than ever in the "
        f"truth's runs of the same experiment: {'; '.join(parts)}."
    ] * bool(parts)


def read(path: Path) -> list[Row]:
    """Rows of a table; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _groups(rows: Sequence[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """(variant, updates online, condition) -> runs of the page's world; tables were once written without `online`."""
    out: dict[tuple[str, str, str], list[Row]] = {}
    for r in rows:
        if r["world"] == WORLD:
            out.setdefault((r["variant"], r.get("online", "0"), r["condition"]), []).append(r)
    return out


def _named(variant: str, online: str, runs: Sequence[Row]) -> str:
    """What the hybrid is called, with the version of the learner where that has another by now."""
    name = f"{SAID.get(variant, variant)}{f', {online} updates online' if online != '0' else ''}"
    old = sorted({r.get("version", "4") for r in runs} - {str(ColumnHybrid.version)})
    return f"{name} (version {' and '.join(old)})" if old else name


def _networks(runs: Sequence[Row]) -> dict[str, list[Row]]:
    out: dict[str, list[Row]] = {}
    for r in runs:
        out.setdefault(r["network"], []).append(r)
    return dict(sorted(out.items(), key=lambda pair: int(pair[0])))


def _failed(runs: Sequence[Row]) -> int:
    return sum(r["failed"] == "True" for r in runs)


def _years(runs: Sequence[Row]) -> float:
    return sum(float(r["days"]) for r in runs) / YEAR


def _hazard(failed: int, years: float) -> str:
    low, high = hazard_interval(failed, years)
    return f"{failed / years:.2g} ({low:.2g} to {high:.2g})" if failed else f"below {high:.2g}"


def _moved(runs: Sequence[Row]) -> str:
    moved = [float(r["now"]) - float(r["begun"]) for r in runs if r["failed"] != "True"]
    return f"{min(moved):+.2f} to {max(moved):+.2f}" if moved else "none survived"


def _stability_command(variants: Sequence[str], online: str = "0") -> str:
    more = f"--variants {','.join(variants)} " + (f"--online {online} " if online != "0" else "")
    return f"python -m validation.stability {more}--keep FOLDER --csv docs/hierarchical/stability.csv"


def _rate(row: Row) -> str:
    """A share with its interval, and what the interval is over.

    Tables written before `validation.faults.shares` knew of pools that agree have Wilson's interval over deals there.
    A share of 0 or 1 is that of every pool, so that the bound by pools can be told from the row. In how many pools a
    measure was asked that was not asked of all twins is not in the row: in as many at least as hold so many twins.
    """
    if not row["flagged"]:
        return "not asked"
    share, low, high = (float(row[k]) for k in ("flagged", "low", "high"))
    pools, asked, twins = (int(row[k]) for k in ("pools", "asked", "twins"))
    said = "over deals from one pool" if pools == 1 else f"over deals from {pools} pools"
    if pools > 1 and share in (0.0, 1.0):
        sure = math.ceil(asked * pools / twins)
        bounds = of_pools(share, sure)
        low, high = min(low, bounds[0]), max(high, bounds[1])
        said = (
            f"all {pools} pools agree"
            if sure == pools
            else f"at least {sure} of {pools} pools asked, all agree"
        )
    return f"{100 * share:.0f} ({100 * low:.0f} to {100 * high:.0f}); {said}"
