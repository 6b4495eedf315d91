"""Writes docs/atmosphere-results.md and the data and figures behind it: `make atmosphere-results`.

python docs/atmosphere_page.py --store results
"""

import argparse
from collections import Counter
from pathlib import Path

from docs.results_page import coverage, drawn, scores
from gnomon.inference.ladder import ladder
from gnomon.report.charts import chart
from gnomon.report.figures import render
from gnomon.report.ladder_figure import ladder_chart
from gnomon.report.sections import smallest_effects
from gnomon.report.view import learners
from gnomon.spec.registry import build
from gnomon.spec.results import Result
from gnomon.store.results import Store
from gnomon.testing.null_oracle import TABLES, chance_of_misses, held

HERE = Path(__file__).parent
STUDY, CONTROLS = "atmosphere", "atmosphere_controls"
DRAWS = 300  # simulated studies a line of the oracle
SHOWN = (("climate", "mean_state"), ("response", "response_gain"), ("shift", "warming_profile"))
TEXT = """# The atmosphere: results of the small study

This page, its figures and the table behind them are written by `make atmosphere-results`, which runs the study
`{study}`, and its controls over two more seeds (`{controls}`; what is in the store already is not run again).
Versions: {versions}. Hardware: {hardware}.

It is plumbing, not science: {units} independent units of some weeks, one seed of the learners. It shows that every
question is asked and that the controls score what they must. It supports no claim on nonlinearity, upper levels or the
climate of cyclones.

## What this world cannot tell

{limits}

## The ladder

{question}

![Fidelity of each subject in every trial, with 95 % intervals](results/{study}-ladder.svg)

```text
{ladder}
```

`peer` is the same physics with other parameters. It shares equations, terrain and code with the truth
and is not an independent model.

Every measure of every case, with value, interval, null, floor and units: [{study}.csv](results/{study}.csv).

## Do the controls score what they must?

Seeds {all_seeds}: the first of `{study}`, the others of `{controls}`. Over all cells that have room and an
interval, at a nominal 95 %: the interval of the perfect model covers 1 in {perfect}.
The interval of the null covers 0 in {null}.
{room} cells of the perfect model say `no_room` (null and floor are not apart at this size) and
{unsupported} `unsupported`. All of them: [{study}.csv](results/{study}.csv) and
[{controls}.csv](results/{controls}.csv).

| seed | perfect: covers 1 | null: covers 0 |
|---|---|---|
{seeds}

How many misses are to be expected? In simulated studies of {least} independent units, whose null is the null
(`gnomon.testing.null_oracle`), the interval of the null covers 0 in

{oracle}

{chance}

## The smallest effect each trial could have seen

Loss of fidelity, at the size of this study.

{effects}

## Three figures

{figures}
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("results"))
    store = Store(parser.parse_args().store, create=False)
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    found = list(store.results(STUDY))
    judging = found + list(store.results(CONTROLS))
    study = store.study(STUDY).study
    for name in (STUDY, CONTROLS):
        (folder / f"{name}.csv").write_text(scores(store, name), encoding="utf-8")
    table = ladder(found)
    spec = ladder_chart(table, 0.5, learners(table, {}, found, 0.5))
    (folder / f"{STUDY}-ladder.svg").write_bytes(render(spec, "svg"))
    made = found[0].provenance
    judged = [s for r in judging if r.case["learner"]["kind"] == "perfect" for s in r.scores]
    effects = smallest_effects(table, [t for t in table.trials if t != "cost"])
    units = sorted({r.case["trial"]["args"]["units"] for r in found})
    lines, worst = oracle(units[0])
    text = TEXT.format(
        study=STUDY,
        controls=CONTROLS,
        versions=", ".join(f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy")),
        hardware=f"{made['processor']}, {made['cores']} cores",
        units=" to ".join(str(n) for n in units),
        limits="\n".join(f"* {line}" for line in made["limits"].splitlines()),
        question=study["question"],
        ladder=drawn(found, 0.5),
        perfect=coverage(judging, "perfect", 1.0),
        null=coverage(judging, "null", 0.0),
        seeds=by_seed(judging),
        all_seeds=", ".join(str(s) for s in sorted({r.case["seed"] for r in judging})),
        room=sum(s.status == "no_room" for s in judged),
        unsupported=sum(s.status == "unsupported" for s in judged),
        least=units[0],
        oracle=lines,
        chance="\n\n".join(
            (
                f"All seeds: {told_chance(judging, worst)}",
                f"`{CONTROLS}` alone, which was run because of what the first seed showed: "
                + told_chance([r for r in judging if r not in found], worst),
            )
        ),
        effects="\n".join(
            ["| " + " | ".join(effects.head) + " |", "|" + "---|" * len(effects.head)]
            + ["| " + " | ".join(row) + " |" for row in effects.rows]
        ),
        figures="\n\n".join(pictures(store, found, folder)),
    )
    (HERE / "atmosphere-results.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'atmosphere-results.md'}")


def oracle(units: int) -> tuple[str, float]:
    """The table of simulated coverage, and its lowest number."""
    lines = [
        "| measure | studies with room | covered | spread of fidelity | its standard error |",
        "|" + "---|" * 5,
    ]
    covered = []
    for name, table in TABLES.items():
        got = held(build("measures", name), table, units=units, control="null control", draws=DRAWS)
        covered.append(got.covered)
        lines.append(
            f"| `{name}` | {got.room} of {DRAWS} | {got.covered:.3f} | {got.spread:.3f} | {got.stderr:.3f} |"
        )
    return "\n".join(lines), min(covered)


def by_seed(results: list[Result]) -> str:
    """A row for each seed: both controls."""
    seeds = sorted({r.case["seed"] for r in results})
    lines = []
    for seed in seeds:
        own = [r for r in results if r.case["seed"] == seed]
        lines.append(f"| {seed} | {coverage(own, 'perfect', 1.0)} | {coverage(own, 'null', 0.0)} |")
    return "\n".join(lines)


def told_chance(found: list[Result], covered: float) -> str:
    """How likely so many misses of the null are, and which of them look at the same runs."""
    cells, missed = 0, Counter()
    for result in found:
        if result.case["learner"]["kind"] != "null":
            continue
        for f in (s.fidelity for s in result.scores):
            if f is not None and f.low is not None and f.high is not None:
                cells += 1
                missed[result.case["trial"]["kind"], result.case["seed"]] += not f.low <= 0 <= f.high
    count = sum(missed.values())
    chance = chance_of_misses(cells, count, covered)
    where = ", ".join(f"{n} in {trial}, seed {seed}" for (trial, seed), n in missed.items() if n) or "none"
    return (
        f"at the lowest of these, {cells} independent cells miss {count} or more with probability {chance:.2g}. "
        f"Cells of one trial and seed look at the same runs of the null, so they miss together (here: {where})."
    )


def pictures(store: Store, found: list[Result], folder: Path) -> list[str]:
    """The first map or section of three measures of the peer, as PNG."""
    lines = []
    for trial, measure in SHOWN:
        for result in found:
            if (result.case["learner"]["kind"], result.case["trial"]["kind"]) != ("peer", trial):
                continue
            details = store.get_details(result.id)
            curves = details.curves.get(measure, ()) if details else ()
            curve = next((c for c in curves if c.kind in ("map", "section")), None)
            if curve is None:
                continue
            name = f"{STUDY}-{measure}.png"
            (folder / name).write_bytes(render(chart(curve), "png"))
            lines.append(f"![peer, {measure}: {curve.title}](results/{name})")
    return lines


if __name__ == "__main__":
    main()
