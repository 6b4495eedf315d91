"""Writes docs/learners-results.md from kept tables; a table whose file is not there is said not to have been run.

make learners        # every command below, hours; then the page
make learners-page   # the page alone, from the files that exist
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from docs import learners_tables as tables
from docs.fields_tables import Row, table
from docs.learner_cases import STUDIES
from docs.learners_claims import RIVAL, claims, read
from docs.published_horizons import PUBLISHED, STEPS, true_units
from gnomon.spec.shelf import find_study
from gnomon.spec.study import CONTROLS, read_study
from gnomon.store.files import write_atomic

HERE = Path(__file__).parent
RESULTS, ATTRACTORS, PAGE = HERE / "results", HERE / "attractors", HERE / "learners-results.md"
FIGURE = "learners-gradients.svg"
TEXT = """# Learners, results

Written by `make learners-page` from kept tables; each is made by the command beside it, and all of them by
`make learners` (hours). A table that is missing was not run, and nothing on this page stands for it. Costs are CPU
minutes of one core.

What each learner is: [the shelf](learners.md). Beside this page stand [horizons](horizons.md) (forecasts beside the
twin), [learners of chaos](chaos.md) (does scale beat knowledge?), [attractors](attractors.md) (long runs beside pairs
of truths) and [scaling](scaling.md).

## What was to be shown, and what was seen

Intervals are 95 % over seeds; their lower end counts. Of several learners the best counts, and no interval is
corrected for that choice; where the rerun of a published method is far below its paper, a lead over it says little.
*In part*: for one of the rules, noises or seeds that were asked.
`sindy` shares the truth's integrator (below), so where it leads look at the next.

{claims}

Answered elsewhere: that no learner sees what it must not, and that shuffled data score the null (but for those that
are given the physics, and `pretrained`, which knows other systems), are tests (`tests/learners/test_no_leak.py`);
rankings with paired intervals are in [learners of chaos](chaos.md).

## Papers, asked again

{papers}

## Bounded gradients

Generalised teacher forcing (arXiv 2306.04406) mixes a share a of the data into the state at every step, which scales
every Jacobian by 1 - a: with a = 1 - 1 / sigma, where sigma is the norm of the Jacobian, gradients stay bounded over
any length. What counts as that norm is estimated in one of several ways, and not all of them bound it.

{gradients}

## How few linear regions

P rectified units make at most 2^P linear regions. Published (arXiv 2410.14240): P = 2 will do for Lorenz, P = 1 for
Roessler. What one network's code looks like, region by region, is in [attractors](attractors.md).

{regions}

## Studies of single papers

Valid times in Lyapunov times and distances of free runs, means over seeds [95 %]; in brackets what two truths score in
as long a run (of forecasts: the twin, where the study keeps one). Published numbers beside some of them:
[learners of chaos](chaos.md).

{studies}

## Penalties on the solver's labour

Ratios to the unpenalised network, 95 % over seeds; how strengths are chosen, and what the penalties do to forecasts:
[learners of chaos](chaos.md).

{labour}

## Speed of training

The same network, loss, optimiser and minibatches as a loop in PyTorch; ours compiled, several seeds side by side.

{speed}

## What sharing the truth's integrator is worth

`sindy` integrates by the scheme that made the truth. Valid times on Lorenz-63 without error, of truths of other
numbers of substeps; `foreign` is the right equations in the usual scheme.

{integrator}

## One model for many systems

Zero-shot on systems that were held out, beside what can be made of the same 64 observations. *Pretrained* are the
shipped weights. Does it matter what is learned from? *Trained again*, where they are in the tables: two networks with
the same updates on 58 systems each, those of the catalogue, and random quadratic flows that are bounded and chaotic and
that nobody has named.

{pretrained}

## Fates

What became of free runs: lived, came to rest, closed into a cycle, exploded (`gnomon.numerics.fates`).

{fates}

## Budgets of tuning

Defaults, and what was tried where a study is kept ({cases}). In a study file a learner may be given another
budget; networks mostly were given one.

{budgets}

## What was not run

{missing}

{unfinished}

## What is not built

* Pre-training on measured records: none are shipped. Equations that people have named stand above beside equations that
  nobody has.
* Training that stops early: the best snapshot by free run is kept, and the rest is trained and thrown away.
* Half precision by a learner's argument: the trainer has it (`Recipe.precision`), and on these CPUs it is slower.
* Equal budgets in seconds: a study has a limit of time for each case, and no learner spends all of it. With four
  settings for all that search the ranking is asked [again](chaos.md#equal-budgets).
* Hybrids with memory in the tendency or trained through the solver: `hybrid_of` puts any learner after the step of the
  physics, `corrected_physics` puts a network without memory after the step, in the tendency, or through the steps.
* The published sizes of PhyxMamba, SpaceTime and Mamba: settings here are a laptop's.
"""


class Section(NamedTuple):
    """A table of the page.

    Attributes:
        file: of the results, without its ending.
        command: that makes it, without `--csv`.
        minutes: of CPU, roughly.
        lines: of the page, from the rows.
        measured: whether the minutes were; else they are a guess.
    """

    file: str
    command: str
    minutes: int
    lines: Callable[[list[Row]], list[str]]
    measured: bool = False


SECTIONS = {
    "gradients": Section(
        "learners-gradients", "python benchmarks/gradient_norms.py", 2, tables.gradients, True
    ),
    "regions": Section("learners-regions", "python benchmarks/almost_linear_regions.py", 30, tables.regions),
    "labour": Section("regularised_nde", "python benchmarks/regularised_nde.py", 45, tables.labour),
    "speed": Section("learners-speed", "python benchmarks/training_speed.py", 15, tables.speed),
    "integrator": Section(
        "learners-integrator", "python benchmarks/integrator_lead.py --truths 5,200", 10, tables.integrator
    ),
    "pretrained": Section(
        "learners-pretrained",
        "python -m validation.pretrained --kept --beside catalogue invented",
        5,
        tables.pretrained,
    ),
    "studies": Section("learners-cases", "python -m docs.learner_cases", 1, tables.studies),
}


def main(results: Path = RESULTS, attractors: Path = ATTRACTORS, page: Path = PAGE) -> None:
    """Write the page, and the figure where there is what it shows."""
    text = text_of(results, attractors)
    write_atomic(page, lambda file: file.write(text.encode()) and None)
    rows = read(results / f"{SECTIONS['gradients'].file}.csv")
    if rows is not None:
        (results / FIGURE).write_text(tables.gradients_figure(rows), encoding="utf-8")
    there = sum(read(results / f"{s.file}.csv") is not None for s in SECTIONS.values())
    print(f"wrote {page}: {there} of {len(SECTIONS)} tables")


def text_of(results: Path, attractors: Path) -> str:
    """The whole page."""
    cases = read(results / f"{SECTIONS['studies'].file}.csv")
    missing = [s for s in SECTIONS.values() if read(results / f"{s.file}.csv") is None]
    return TEXT.format(
        **{name: section_text(results, section) for name, section in SECTIONS.items()},
        claims="\n".join(table(("what", "to reach", "seen", "reached"), claims(results, attractors))),
        papers="\n".join(papers(attractors)),
        fates="\n".join(tables.fates(cases, read(attractors / "attractors.csv"))),
        budgets="\n".join(tables.budgets(cases)),
        cases=f"`{SECTIONS['studies'].command} --csv docs/results/{SECTIONS['studies'].file}.csv`"
        + (": none is" if cases is None else f": {len(cases)} cases"),
        missing="\n".join(
            f"* `{s.command}`: some {s.minutes} CPU minutes"
            + ("" if s.measured else ", a guess before it was run")
            for s in missing
        )
        or "A row or more of every table was made.",
        unfinished="\n".join(unfinished(cases)),
    )


def unfinished(cases: list[Row] | None) -> list[str]:
    """Studies of which cases are missing, with how many there are of those asked."""
    lines = []
    for name in STUDIES:
        study = read_study(find_study(name))
        learners = [ref for ref in study.learners if ref.kind not in CONTROLS]
        asked = len(study.worlds) * len(learners) * len(study.trials) * len(study.seeds)
        there = sum(row["study"] == name for row in cases or ())
        if there < asked:
            lines.append(f"* of the study `{name}` {there} of {asked} cases are there: `gnomon run {name}`")
    return lines or ["Every study is whole."]


def section_text(folder: Path, section: Section) -> str:
    """The command, then its table or that there is none."""
    rows = read(folder / f"{section.file}.csv")
    made = f"`{section.command} --csv docs/results/{section.file}.csv`"
    if rows is None:
        return f"Not run: {made}."
    link = f"All rows: [{section.file}.csv](results/{section.file}.csv)."
    return "\n".join([f"{made}:", "", *section.lines(rows), "", link])


def papers(attractors: Path) -> list[str]:
    """Each paper's question, what it says, in which unit it is wrong, and where ours stands."""
    units = {world: true_units(world) for world in PUBLISHED}
    stated = ", ".join(f"{methods[RIVAL]:.2f} on {world}" for world, (_, methods) in PUBLISHED.items())
    true = ", ".join(f"{methods[RIVAL] * units[world]:.2f}" for world, (_, methods) in PUBLISHED.items())
    rows = [
        (
            "Gilpin 2023, doi 10.1103/PhysRevResearch.5.043252",
            "does model scale beat knowledge?",
            "up to two dozen Lyapunov times",
            "of one stored exponent a system, many of them wrong ([flows](flows.md))",
            "[learners of chaos](chaos.md)",
        ),
        (
            "Liu et al. 2025 (PhyxMamba), arXiv 2505.23863",
            "do attractor losses forecast longer?",
            f"{stated} (sMAPE 30)",
            f"{true} true Lyapunov times; forecasts end after {STEPS} steps",
            "[horizons](horizons.md)",
        ),
        (
            "Hess et al. 2023 (teacher forcing), arXiv 2306.04406",
            "are attractors kept?",
            "D_stsp 0.26 on Lorenz-63, 1.68 on Lorenz-96 (second-hand)",
            f"mass outside the box is dropped; {floor_told(attractors)}",
            "[attractors](attractors.md), gradients below",
        ),
        (
            "Brenner et al. 2024 (AL-RNN), arXiv 2410.14240",
            "how few regions will do?",
            "Lorenz with P = 2, Roessler with P = 1",
            shipped_told(attractors),
            "[attractors](attractors.md), regions below",
        ),
        (
            "Pal et al. 2021 and 2023, arXiv 2105.03918, 2303.02262",
            "is the solver's labour saved at equal error?",
            "evaluations 0.556 to 0.733, predictions 1.3 to 2 times faster",
            "of images and clinical records, not of known flows",
            "[learners of chaos](chaos.md), below",
        ),
        (
            "Pathak et al. 2018 (hybrids), doi 10.1063/1.5028373",
            "are a wrong physics and a learner more than either?",
            "longer than each alone",
            "a reservoir; the physics wrong by 5 % or more",
            "`hybrids`, below",
        ),
        (
            "Brunton et al. 2017 (HAVOK), doi 10.1038/s41467-017-00030-8",
            "is chaos linear with a forcing?",
            "Lorenz' x followed for long",
            "the forcing is taken from the data: no forecast",
            "[learners of chaos](chaos.md)",
        ),
        (
            "Colbrook and Townsend 2024 (ResDMD), doi 10.1002/cpa.22125",
            "which eigenvalues are the system's?",
            "residuals tell",
            "",
            "[learners of chaos](chaos.md)",
        ),
    ]
    return table(("paper", "question", "published", "to know of the number", "ours"), rows)


def floor_told(attractors: Path) -> str:
    """What two truths score by the same measure."""
    place = attractors / "floor-lorenz63.json"
    if not place.exists():
        return "two truths do not score 0 either"
    held = json.loads(place.read_text(encoding="utf-8"))
    mean = float(np.mean([p["published"] for p in held["pairs"]]))
    return f"two truths of {held['steps']:,} steps score {mean:.3f}, not 0"


def shipped_told(attractors: Path) -> str:
    """What the authors' own network scores by our measures, where somebody with their files kept it."""
    place = attractors / "published.txt"
    told = re.search(r"mean D_stsp ([\d.]+)", place.read_text(encoding="utf-8")) if place.exists() else None
    return f"their shipped Lorenz network scores D_stsp {told[1]} by our measure" if told else ""


if __name__ == "__main__":
    main()
