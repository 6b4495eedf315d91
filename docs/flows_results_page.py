"""Writes docs/flows-results.md and the table behind it from the study `flows`: `make flows-results`.

python -m docs.flows_results_page --store results
"""

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np

from docs.results_page import coverage, scores
from gnomon.spec.results import Result, Score
from gnomon.store.results import Store

HERE = Path(__file__).parent
STUDY = "flows"
TEXT = """# The ladder on every flow

Written by `make flows-results`, which runs the study `{study}` (what is in the store already is not run again).
Versions: {versions}. Hardware: {hardware}. {systems} systems of the catalogue, one seed, 24 units a cell: a single
cell supports no claim, the counts do. {unfinished}

## On how many systems does a learner still hold?

Headline of each trial. *Holds*: the whole interval of fidelity lies above 0.5; *fails*: it lies below; the rest
cannot be told at this size, or have no room between null and floor. Median: of fidelity over systems with room, and
the range that holds the middle half of them. Fidelity 0 is the null, 1 the floor.

{table}

## Do the controls score what they must?

Over all cells with room and an interval, at a nominal 95 %: the interval of the perfect model covers 1 in {perfect}.
The interval of the null covers 0 in {null}.

## Outcomes

{outcomes}

Every measure of every case, a table for each trial: {tables}.
"""


def main() -> None:
    """Write the page from whatever of the study is finished."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("results"))
    store = Store(parser.parse_args().store, create=False)
    found = [r for r in store.results(STUDY) if r.case["trial"]["kind"] != "cost"]
    asked = {w["kind"] for w in store.study(STUDY).study["worlds"]}
    tables = _tables(scores(store, STUDY))
    made = found[0].provenance
    worlds = {r.case["world"]["kind"] for r in found}
    missing = sorted(asked - worlds)
    text = TEXT.format(
        study=STUDY,
        tables=tables,
        versions=", ".join(f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy")),
        hardware=f"{made['processor']}, {made['cores']} cores",
        systems=len(worlds),
        unfinished=f"Not run yet: {', '.join(missing)}." if missing else "",
        table="\n".join(held(found)),
        perfect=coverage(found, "perfect", 1.0),
        null=coverage(found, "null", 0.0),
        outcomes="\n".join(outcomes(found)),
    )
    (HERE / "flows-results.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'flows-results.md'}: {len(worlds)} systems, {len(found)} cases")


def _tables(text: str) -> str:
    """Write one table for each trial, since together they are too large a file; links to them."""
    head, *rows = text.splitlines(keepends=True)
    place = head.split(",").index("trial")
    by_trial: dict[str, list[str]] = defaultdict(list)
    for row in rows:  # no field before the trial holds a comma
        by_trial[row.split(",")[place]].append(row)
    for trial, own in by_trial.items():
        (HERE / "results" / f"{STUDY}-{trial}.csv").write_text("".join([head, *own]), encoding="utf-8")
    return ", ".join(f"[{trial}](results/{STUDY}-{trial}.csv)" for trial in sorted(by_trial))


def held(found: list[Result]) -> list[str]:
    """One row a learner and trial."""
    cells: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for result in found:
        case = result.case
        headline = next((s for s in result.scores if s.headline), None)
        if headline is not None:
            cells[case["learner"]["kind"], case["trial"]["kind"]].append(headline)
    trials = list(dict.fromkeys(r.case["trial"]["kind"] for r in found))
    lines = [
        "| learner | trial | systems | holds | fails | no room or undecided | median fidelity |",
        "|---|---|---|---|---|---|---|",
    ]
    for learner in dict.fromkeys(r.case["learner"]["kind"] for r in found):
        for trial in trials:
            own = cells.get((learner, trial), [])
            sure = [
                s.fidelity
                for s in own
                if s.fidelity and s.fidelity.low is not None and s.fidelity.high is not None
            ]
            holds, fails = sum(f.low > 0.5 for f in sure), sum(f.high < 0.5 for f in sure)
            values = [s.fidelity.value for s in own if s.fidelity and s.fidelity.value is not None]
            middle = (
                "{1:.2f} ({0:.2f} to {2:.2f})".format(*np.percentile(values, [25, 50, 75])) if values else ""
            )
            rest = len(own) - holds - fails
            lines.append(f"| {learner} | {trial} | {len(own)} | {holds} | {fails} | {rest} | {middle} |")
    return lines


def outcomes(found: list[Result]) -> list[str]:
    """How cases ended that did not end well, by learner."""
    counts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in found:
        if result.status != "ok":
            case = result.case
            counts[case["learner"]["kind"], result.status].append(
                f"{case['world']['kind']} ({case['trial']['kind']})"
            )
    lines = ["| learner | outcome | cases | where |", "|---|---|---|---|"]
    for (learner, status), where in sorted(counts.items()):
        shown = ", ".join(where[:8]) + (" …" if len(where) > 8 else "")
        lines.append(f"| {learner} | {status} | {len(where)} | {shown} |")
    return lines if counts else ["Every case ended `ok`."]


if __name__ == "__main__":
    main()
