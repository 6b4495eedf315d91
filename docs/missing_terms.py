"""Keeps what the study `missing_term` answers, model by model, and shows it on docs/fields.md.

    gnomon run missing_term --store results
    python -m docs.missing_terms --store results --csv docs/results/fields-missing-term.csv

A page must not need the store that made it. The answers are the sentences that the report and the terminal print.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from gnomon.report.causes import causes
from gnomon.store.results import Store

STUDY = "missing_term"
COLUMNS = ("world", "model", "answer")
PERFECT = "perfect"
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
    rows = [
        dict(zip(COLUMNS, (world, model, answer), strict=True))
        for model, world, _, answer in causes(store, found).rows
    ]
    told.csv.parent.mkdir(parents=True, exist_ok=True)
    with told.csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {told.csv}: {len(rows)} answers")


def lines(rows: Sequence[Row]) -> list[str]:
    """The table of the page; then how many models were given terms, and whether the perfect one was."""
    wrong = [r for r in rows if r["model"] != PERFECT]
    perfect = [r for r in rows if r["model"] == PERFECT]
    named = sum(not r["answer"].startswith(NONE) for r in wrong)
    blamed = sum(not r["answer"].startswith(NONE) for r in perfect)
    return [
        "| world | model | answer |",
        "|---|---|---|",
        *(f"| {r['world']} | {r['model']} | {r['answer']} |" for r in rows),
        "",
        f"Of {len(wrong)} wrong models {named} are told what they lack; of {len(perfect)} perfect ones {blamed}.",
    ]


if __name__ == "__main__":
    main()
