"""Keeps what the study `missing_term` answers, model by model, and shows it on docs/fields.md.

    gnomon run missing_term --store results
    python -m docs.missing_terms --store results --csv docs/results/fields-missing-term.csv

A page must not need the store that made it. The answers are the sentences that the report and the terminal print.
"""

import argparse
import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gnomon.report.causes import causes
from gnomon.spec.registry import build
from gnomon.store.results import Store

STUDY = "missing_term"
COLUMNS = ("world", "model", "planted", "answer")
PERFECT, TWIN = "perfect", "peer"
NONE = "not attributable"
Row = dict[str, str]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", type=Path, default=Path("results"))
    parser.add_argument("--csv", type=Path, required=True)
    told = parser.parse_args()
    store = Store(told.store, create=False)
    found = list(store.results(STUDY))
    if not found:
        raise SystemExit(f"the store holds no result of {STUDY}; `gnomon run {STUDY}` makes them")
    mistakes = {
        named: planted(r.case)
        for r in found
        for named in [(_name(r.case, "world"), _name(r.case, "learner"))]
    }
    rows = [
        dict(zip(COLUMNS, (world, model, mistakes.get((world, model), ""), answer), strict=True))
        for model, world, _, answer in causes(store, found).rows
    ]
    told.csv.parent.mkdir(parents=True, exist_ok=True)
    with told.csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {told.csv}: {len(rows)} answers")


def planted(case: dict[str, Any]) -> str:
    """What is wrong with a model, in the words of the world's card or of the learner's arguments."""
    learner = case["learner"]
    if learner["kind"] != TWIN:
        return _words(learner["args"])
    world = build("worlds", case["world"]["kind"], case["world"]["args"])
    return _words({k: v for k, v in world.card.imperfect.items() if case["world"]["args"].get(k) != v})


def lines(rows: Sequence[Row]) -> list[str]:
    """The table of the page; then how many models were given terms, and whether the perfect one was."""
    wrong = [r for r in rows if r["model"] != PERFECT]
    perfect = [r for r in rows if r["model"] == PERFECT]
    named = sum(not r["answer"].startswith(NONE) for r in wrong)
    blamed = sum(not r["answer"].startswith(NONE) for r in perfect)
    return [
        "| world | model | planted | answer |",
        "|---|---|---|---|",
        *(f"| {r['world']} | {r['model']} | {r['planted']} | {r['answer']} |" for r in rows),
        "",
        f"Of {len(wrong)} wrong models {named} are given terms; of {len(perfect)} perfect ones {blamed}.",
    ]


def _name(case: dict[str, Any], part: str) -> str:
    return case[part]["label"] or case[part]["kind"]


def _words(args: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {', '.join(f'{k} {v:g}' for k, v in value.items())}"
        if isinstance(value, Mapping)
        else f"{name} {value:g}"
        for name, value in args.items()
    )


if __name__ == "__main__":
    main()
