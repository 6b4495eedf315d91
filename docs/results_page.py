"""Writes docs/results.md and the data and figures behind it from finished studies: `make results`.

python docs/results_page.py --store results
"""

import argparse
import csv
import io
from collections import Counter
from pathlib import Path

from rich.console import Console

from gnomon.inference.ladder import ladder
from gnomon.report.charts import chart
from gnomon.report.figures import render
from gnomon.report.ladder_figure import ladder_chart
from gnomon.report.sections import detections
from gnomon.report.terminal import print_ladder
from gnomon.report.view import learners
from gnomon.spec.results import Result
from gnomon.store.results import Store

HERE = Path(__file__).parent
COLUMNS = (
    "world", "rung", "learner", "trial", "seed", "measure", "headline", "status", "n", "diverged",
    "value", "low", "high", "units", "null_value", "floor_value", "fidelity", "fidelity_low", "fidelity_high",
    "smallest_effect",
)  # fmt: skip
TEXT = """# Results

This page, its figures and the tables behind them are written by `make results`, which runs the studies `quickstart` and
`power` (what is in the store already is not run again). Versions: {versions}. Hardware: {hardware}.

## The quickstart's ladder

{question}

![Fidelity of each learner in every trial on every world, with 95 % intervals](results/quickstart-ladder.svg)

```text
{ladder}
```

Every measure of every case, with value, interval, null, floor and units: [quickstart.csv](results/quickstart.csv).

## Do the controls score what they must?

Over all cells of these studies ({studies}) that have room and an interval, at a nominal 95 %: the interval of the
perfect model covers 1 in {perfect}.
The interval of the null covers 0 in {null}.
Cells share truths and starts, so these are not independent draws.

## What the trials can see

Faults of known size, planted in the true worlds; the share of seeds in which the headline's interval excluded 1. Size 0
is the perfect model: what is found there is a false alarm. Three seeds cannot show 80 % (3 of 3 is 0.44 to 1). A fault
is looked for in every trial, also where it cannot show (an ensemble that is too narrow has the right climate; a wrong
forcing of the control and of the forced runs alike leaves the response almost unchanged).

{figures}

{power}

{power_table}
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("results"))
    store = Store(parser.parse_args().store, create=False)
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    studies = [name for name in ("quickstart", "power") if name in store.studies()]
    found = {"power": []} | {name: list(store.results(name)) for name in studies}
    for name in studies:
        (folder / f"{name}.csv").write_text(scores(store, name), encoding="utf-8")
    threshold = float(store.study("quickstart").study["rule"]["threshold"])
    table = ladder(found["quickstart"])
    spec = ladder_chart(table, threshold, learners(table, {}, found["quickstart"], threshold))
    (folder / "quickstart-ladder.svg").write_bytes(render(spec, "svg"))
    curves, figures = detections(found["power"])
    pictures = []
    for figure in figures:
        (folder / f"{figure.name}.svg").write_bytes(render(chart(figure), "svg"))
        pictures.append(f"![{figure.title}](results/{figure.name}.svg)")
    made = found["quickstart"][0].provenance
    # The controls of both studies share truths and starts where world, trial and seed agree: counted once.
    every = list({place(r): r for r in [*found["power"], *found["quickstart"]]}.values())
    text = TEXT.format(
        versions=", ".join(f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy")),
        hardware=f"{made['processor']}, {made['cores']} cores",
        question=store.study("quickstart").study["question"],
        ladder=drawn(found["quickstart"], threshold),
        perfect=coverage(every, "perfect", 1.0),
        null=coverage(every, "null", 0.0),
        figures="\n\n".join(pictures),
        power=detected(curves) if curves else "The study `power` has not been run here.",
        power_table="All cells: [power.csv](results/power.csv)." if curves else "",
        studies=" and ".join(f"`{name}`" for name in studies),
    )
    (HERE / "results.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'results.md'}")


def place(result: Result) -> tuple[str, ...]:
    """What a cell of a control is, whatever the training data of its study."""
    case = result.case
    learner = f"{case['learner']['kind']} {case['learner']['args']}"
    return case["world"]["kind"], learner, case["trial"]["kind"], str(case["seed"])


def scores(store: Store, study: str) -> str:
    """The score table of a study as CSV, in a fixed order; the cost trial is left out (it differs from run to run)."""
    rows = [r for r in store.table(*COLUMNS, study=study) if r["trial"] != "cost"]
    rows.sort(key=lambda r: tuple(str(r[k]) for k in ("world", "learner", "trial", "measure", "seed")))
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
    return out.getvalue()


def drawn(results: list[Result], threshold: float) -> str:
    """The ladder as the terminal shows it."""
    console = Console(file=io.StringIO(), width=90, color_system=None, force_terminal=False)
    print_ladder(results, console, threshold=threshold)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines()).strip()  # type: ignore[attr-defined]


def coverage(results: list[Result], control: str, known: float) -> str:
    """In how many cells the interval of a control covers the fidelity it is known to have."""
    covered, cells, exact, missed = 0, 0, 0, Counter()
    for result in results:
        if result.case["learner"]["kind"] != control:
            continue
        for score in result.scores:
            f = score.fidelity
            if f is None or f.value is None:
                continue
            if f.low is None or f.high is None:
                exact += f.value == known
                continue
            cells += 1
            inside = f.low <= known <= f.high
            covered += inside
            if not inside:
                missed[score.measure] += 1
    more = f" (and {exact} cells hit it exactly, with no noise to make an interval from)" if exact else ""
    where = ", ".join(f"`{name}` {count}" for name, count in missed.most_common())
    return f"{covered} of {cells}{more}; missed in {where or 'none'}"


def detected(curves: list) -> str:
    """For each fault, world and trial: in how many seeds each size was detected, with the Wilson interval."""
    lines = [
        "| fault | world | trial | size: seeds that found it (95 % interval of the share) |",
        "|---|---|---|---|",
    ]
    for c in curves:
        told = "; ".join(
            f"{p.size:g}: {p.detected} of {p.runs} ({p.low:.2f} to {p.high:.2f})" for p in c.points
        )
        lines.append(f"| {c.fault} | {c.world} | {c.trial} | {told} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
