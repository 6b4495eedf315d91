"""Writes docs/hierarchical.md, its figures and the tables behind it: `make hierarchical`.

python -m docs.hierarchical_page [--store results] [--study hierarchical]

Everything on the page is read from what is in the store, and of studies that it does not hold from what the page kept
of them (`docs/hierarchical/*.json`); what was not run is said to be so.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from docs import hierarchical_checks as checks
from docs.hierarchical_figures import disclaimed
from docs.hierarchical_findings import published
from docs.hierarchical_kept import Kept, kept
from docs.hierarchical_models import acting, cautions, costs, lessons, training
from docs.hierarchical_sections import (
    ABLATION,
    NOT_RUN,
    TRIALS,
    days,
    failures,
    measures,
    middle,
    named,
    robustness,
    scored,
    simulators,
    table,
    told,
)
from docs.results_page import coverage
from gnomon.inference.attribution import MOST
from gnomon.inference.ladder import ladder
from gnomon.inference.swap import LIKE
from gnomon.inference.verdict import first_failure
from gnomon.report.figures import render
from gnomon.report.ladder_figure import ladder_chart
from gnomon.report.view import learners
from gnomon.spec.registry import entries, load
from gnomon.spec.results import Result
from gnomon.spec.shelf import find_study
from gnomon.spec.study import CONTROLS, read_study
from gnomon.store.results import Store

HERE = Path(__file__).parent
STUDIES = (
    "hierarchical", "hierarchical_cause", "hierarchical_ablation", "hierarchical_withheld", "hierarchical_twin",
    "hierarchical_seed", "hierarchical_t31", "hierarchical_full", "hierarchical_smoke",
)  # fmt: skip
BESIDE = (
    ABLATION,
    "hierarchical_withheld",
    "hierarchical_twin",
    "hierarchical_seed",
    "hierarchical_t31",
)  # shown as tables of their own
SUPPORTS = {
    "hierarchical_smoke": "It is plumbing: no claim follows from it.",
    "hierarchical": "It supports claims on tropical rain, the odd (linear) response, the mean climate and tropospheric "
    "warming, and none on the even response, upper levels or the climate of cyclones.",
    "hierarchical_t31": "It supports claims on cyclones in forecasts, and none on their climate.",
    "hierarchical_full": "It supports claims on every trial.",
    "hierarchical_cause": "It supports claims on where errors of five days come from.",
    "hierarchical_ablation": "It supports claims on differences between these trainings, of one network each, and none "
    "on the size of a number.",
    "hierarchical_withheld": "It supports claims on the odd (linear) response of a hybrid that never saw the pattern.",
    "hierarchical_seed": "It supports a claim on the order of the simulators, and none on the size of a number.",
    "hierarchical_twin": "It supports a claim on the order of the simulators, and none on the size of a number.",
}
TEXT = """# The hierarchical test

*Can a hybrid model, trained on the present, be trusted with weather, with climate, with El Niño and with a warmer
sea, and where does it fail first?*

Written by `python -m docs.hierarchical_page` from results of studies; nothing is put in by hand. Study:
`{study}`. Versions: {versions}. Hardware: {hardware}.{aged}

{supports}

## In short

{short}

## Method

The design is that of Chen, Leung et al. (2026, *AGU Advances*, doi 10.1029/2025AV002075,
[arXiv 2602.11313](https://arxiv.org/abs/2602.11313)): weather, interannual variability, and a warming that training
never held. Here the truth is a moist atmosphere that can be run again (`speedy`), so every number stands between a null
and a floor: [fidelity](fidelity.md) is 0 for ignorance and 1 for a second run of the truth itself, with a 95 % interval
over independent runs. Training saw the declared ranges of the knobs: El Niño within twice the pattern, the sea within
one kelvin. So the response that is asked for lies at the edge of what training saw, and is no extrapolation; the warmer
sea is.

| trial | question | simulated days a simulator |
|---|---|---|
{cost}

To do it again, also after an interruption: `gnomon run {study} --workers 2`, then this page's command.

| study | finished |
|---|---|
{stored}

## The models

{training}

The hybrids share the truth's dynamics, levels and lower boundary, and learn its column physics from its own tendencies
([design](design/hybrid.md)): easier than what NeuralGCM learned. `peer` is the same physics with other parameters, not
an independent model.

What acts on the learned physics, as a share of cells and time in the free runs of `climate`:

{acting}

## Simulators and trials

Fidelity of each trial's headline{seeds}. `perfect` is the truth run again from noisy observations and must hold 1;
`null` must hold 0.
{figure}
{table}

{cautions}

{measures}

Every measure of every case, with value, interval, null, floor and units: {csv}.
The full report, with the figures behind every cell, one file to download and open without a network: {reports}.
A long one comes without maps, which `gnomon report {study} --store STORE` draws too, out of the results. What a report
compares is corrected over all trials together, so that it tells fewer models apart than this page.

Over all cells with room and an interval the interval of the perfect model covers 1 in {perfect}, that of the null 0 in
{null}.

{figures}

## What fails first, and where

A cell is failed where the whole interval lies below 0.5. No cause is meant by *where*. Judged are the runs of the
trials; years of free runs are judged under [Is it stable?](#is-it-stable)

{failures}

## Who is better than whom

Differences of fidelity unit by unit, Holm over the pairs of a trial: five per cent are for each trial, not for all of
them together, where ten units could tell nothing. Units are starts of one truth and one training of
each model: what is said holds for these trained models, and not for their kinds.

{paired}

## Why

{causes}

## Is the order robust?

Simulators by their mean fidelity over the trials in which all of them have one, counted as 0 below 0 and as 1 above 1.
Agreement: +1 the same order, -1 turned round, and of how many pairs. Each variation is held against the order as
published over the same trials and the same simulators; a trial alone against the order over all trials. No interval
stands beside it.

{robustness}

{others}## Is it stable?

Networks of several trainings, run freely; a run fails where its air is 20 scales from its zonal mean, or not a number.
Runs of one network are not independent of each other, and one network may have all the failures: the pooled row
describes no network, and stands beside each of them. Where nothing failed, the number is the hazard above which at
least one failure would have been seen in 95 of 100 cases. These networks are not those of the study: they have the same
settings and are taught from another draw of the same lesson, with the knobs over their declared ranges, but one short
trajectory at the default knobs chooses among their snapshots. The last column says how far the global mean of ta500
went while a run stood: over another sea that is mostly the forced response. No run of the truth stands beside it, so
that it is no error.

{stability}

Do columns break in the trials themselves? *Moist* are runs in which the air at 50 hPa was somewhere more than
{many:g} times moister than it ever was in the truth's own runs of the same experiment.

{columns}

## Does Gnomon find what is there, and only that?

Faults of known size planted in perfect twins, with every measure asked together at a family-wise 5 %. That rule
(`gnomon.inference.told_apart`) is the check's own: a report, and every table of fidelity above, prints an interval for
each cell without a correction across cells, so that of a perfect model's cells about one in twenty would miss.
`synthetic` is noise with the statistics of an atmosphere and known responses, `lows` are moving cyclones on T31: pools
that share nothing with each other. `lorenz96` is a small chaotic world of which the dynamics (its forcing) or the
output is wrong. Twins are dealt again and again from each pool, and deals of one pool share units:
an interval *over deals* is the wider of Wilson's over twins and, of several pools, Student's over pools. Where all
pools agree nothing tells how alike their deals are, and the interval is what so many pools can bound. The heating or
the basic state of a wave is planted in the dry core.

{faults}

{swap}

A cause is named only where the (truth, truth) cell, heating and basic state of the truth, reproduces the truth's own
wave at r of at least {like:g}, and the (model, model) cell the model's
([all gates](design/cause.md#heating-or-basic-state)). Of the truth again "not attributable" is as planted only there.

## What this world cannot tell

{limits}

## Beside the published findings on NeuralGCM

From the abstract of the paper above. NeuralGCM was trained on a reanalysis and held against observations and
physics-based models; `{hybrid}` was trained on the truth of this page and is held against that truth. So agreement
says that the same question finds the same weakness in another hybrid, and no more. *Like the truth*: the whole interval
of fidelity above 0.9; *weak*: below it. Each row has an interval of its own; seven of them are not one claim.

{published}

## What it cost

{costs}, without the truth, its second run and the nulls, which are made once.

## What was not run

{missing}
"""


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--store", type=Path, help="of results; the kept ones alone where not given")
    parser.add_argument(
        "--study", default="", help=f"the one the page is about; the first known of {STUDIES}"
    )
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    store = Store(options.store, create=False) if options.store else None
    path = write(store, options.out, options.study)
    print(f"wrote {path}")


def write(store: Store | None, out: Path, study: str = "") -> Path:
    """The page, its figures and its tables, into a folder."""
    folder = out / "hierarchical"
    found = kept(store, folder, STUDIES)
    study = study or next(iter(found), "")
    if study not in found:
        raise SystemExit(f"no finished case of {study or STUDIES[0]!r}: gnomon run {STUDIES[0]}")
    rows = ladder(found[study].results)
    spec = ladder_chart(rows, 0.5, learners(rows, {}, list(found[study].results), 0.5))
    (folder / f"{study}.svg").write_bytes(render(spec, "svg"))
    path = out / "hierarchical.md"
    path.write_text(page(found, study, folder), encoding="utf-8")
    return path


def page(known: Mapping[str, Kept], study: str, folder: Path) -> str:
    """The text, from what is kept of every study and of every check in the folder."""
    found = {n: list(k.results) for n, k in known.items()}
    own = found[study]
    made = own[0].provenance
    seeds = sorted({r.case.get("seed", 0) for r in own})
    hybrid = _hybrid(own)
    spent = days(own)
    asked = {t: q for t, q in _QUESTIONS.items() if t in spent}
    return TEXT.format(
        study=study,
        versions=", ".join(
            f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy") if k in made
        ),
        hardware=f"{made.get('processor', 'unknown')}, {made.get('cores', '?')} cores",
        aged=aged(own),
        supports=SUPPORTS[study],
        short=" ".join(
            (
                in_short(known[study], hybrid),
                *filter(None, (lessons(own),)),
                *checks.in_short(folder, _taught(own)),
            )
        ),
        cost="\n".join(f"| `{t}` | {q} | {spent[t]:.0f} |" for t, q in asked.items()) or f"| {NOT_RUN} | | |",
        stored="\n".join(
            f"| `{n}` | {f'{len(found[n])} of {_asked(n)} cases' if n in found else NOT_RUN} |"
            for n in STUDIES
        ),
        training=training(own),
        acting=acting(known[study].acted),
        seeds=f", the median over {len(seeds)} seeds" if len(seeds) > 1 else ", of one seed",
        figure=f"\n![Fidelity of each simulator in every trial, with 95 % intervals](hierarchical/{study}.svg)\n",
        table=table(own),
        cautions=cautions(own),
        measures=measures(own, study),
        csv=", ".join(f"[{n}.csv](hierarchical/{n}.csv)" for n in found),
        reports=", ".join(
            f"[{n}.html](hierarchical/{n}.html)" for n in found if (folder / f"{n}.html").exists()
        )
        or "not made",
        perfect=coverage(own, "perfect", 1.0),
        null=coverage(own, "null", 0.0),
        figures="\n\n".join(disclaimed(known[study].figures, study))
        or "No figures of single measures were drawn.",
        failures=failures(own, study) or "No simulator was run.",
        paired="\n".join(f"* {line}" for line in known[study].paired) or "Nothing could be compared.",
        causes=_causes([row for n, k in known.items() if n != "hierarchical_smoke" for row in k.causes]),
        robustness=robustness(found, study),
        others="".join(_other(n, known[n]) for n in BESIDE if n in found and n != study),
        limits="\n".join(f"* {line}" for line in made.get("limits", "").splitlines())
        or "The world names none.",
        hybrid=hybrid or "the hybrid",
        published=published(found, hybrid) if hybrid else f"The hybrid was {NOT_RUN}.",
        costs=costs(own, known[study].spent),
        missing=_missing(found, study, folder),
        many=checks.MANY,
        like=LIKE,
        **checks.checked(folder),
    )


def aged(found: Sequence[Result]) -> str:
    """Learners that have changed since, with both versions: their numbers here are those of the older."""
    then = {k: int(v) for r in found for k, v in r.case.get("versions", {}).items() if k[:9] == "learners:"}
    now = {k: load("learners", k[9:]).version for k in then if k[9:] in entries("learners")}
    old = [f"`{k[9:]}` ({then[k]} here, {v} now)" for k, v in sorted(now.items()) if v != then[k]]
    told = f"\n\n**Changed since these runs:** {', '.join(old)}; CHANGELOG says how. Not run again yet."
    return told if old else ""


def in_short(kept: Kept, hybrid: str) -> str:
    """The answer in a few sentences: every simulator's first failure, and what could be told apart."""
    own = kept.results
    if not hybrid:
        return "No hybrid was run."
    parts = [f"{t} {told(middle(scored(own, hybrid, t)))}" for t in TRIALS if scored(own, hybrid, t)]
    first = first_failure(ladder(own), 0.5)[hybrid].text
    told_apart = [m for line in kept.paired if (m := CLAIM.match(line.split(": difference")[0]))]
    mine = []
    for m in told_apart:
        one, verb, other, trial = m.groups()
        if hybrid in (one, other):
            better = (verb == "beats") == (one == hybrid)
            mine.append(f"{'better' if better else 'worse'} than {other if one == hybrid else one} ({trial})")
    return (
        f"Fidelity of {hybrid}: {', '.join(parts)}. {first} {len(told_apart)} of {len(kept.paired)} differences "
        f"between simulators are told from zero. {hybrid} is {', '.join(mine) or 'told from none of the others'}."
    )


CLAIM = re.compile(
    rf"^(.+) (beats|is beaten by) (.+), ({'|'.join(TRIALS)})$"
)  # of `gnomon.inference.compare`
NAMED = (
    f"A part is named as the cause only where the lower end of its share's interval lies above {100 * MOST:.0f} % of "
    f"the error, or, for a regime, above its share of place and time and {100 * MOST:.0f} % of the rest, and where it "
    "leads its rivals ([the rule](design/cause.md#when-a-cause-is-named)). *Not attributable … the nearest to "
    "it* names no cause: no part surely holds that much, and the number says what the part that came closest accounts "
    "for; a regime may hold most of the error because it holds much of the atmosphere."
)
_QUESTIONS = {
    "forecast": "how long is it right?",
    "climate": "left alone, does it live on the right attractor?",
    "response": "does it follow El Niño and La Niña?",
    "shift": "what does it do over a sea warmer than any it saw?",
}


def _other(name: str, kept: Kept) -> str:
    """The table of a study that stands beside; of an ablation also what sets its parts apart from the whole."""
    question = read_study(find_study(name)).question
    parts = [f"## Beside it: `{name}`", f"*{question}* {SUPPORTS[name]}", table(kept.results)]
    if name == ABLATION:
        parts.append("\n".join(f"* {line}" for line in kept.paired))
    return "\n\n".join(filter(None, parts)) + "\n\n"


def _asked(study: str) -> int:
    """How many cases its file asks for."""
    return len(tuple(read_study(find_study(study)).cases()))


def _hybrid(found: Sequence[Result]) -> str:
    """The first hybrid with learned columns among the simulators."""
    return next(iter(_taught(found)), "")


def _taught(found: Sequence[Result]) -> list[str]:
    """All hybrids with learned columns."""
    kinds = {name: r.case["learner"]["kind"] for r, name in named(found)}
    return [n for n in simulators(found) if "hybrid" in kinds[n]]


def _causes(said: Sequence[tuple[str, ...]]) -> str:
    """What interventions said, where some were run."""
    lines = [f"* {who} on {world}, {asked}: {answer}" for who, world, asked, answer in said]
    if lines:
        return f"{NAMED}\n\n" + "\n".join(lines)
    return f"Interventions (the trial `cause`) were {NOT_RUN}, so no cause is named here."


def _missing(found: Mapping[str, Sequence[Result]], study: str, folder: Path) -> str:
    """Studies, trials, simulators and checks that are not there, and cases that ended without an answer."""
    own = list(found[study])
    lines = [f"* the study `{n}`: {SUPPORTS[n]}" for n in STUDIES if n not in found]
    there = {r.case["learner"].get("label") or r.case["learner"]["kind"] for r in own}
    asked = (ref.label or ref.kind for ref in read_study(find_study(study)).learners)
    lines += [f"* {name}, of the study's list" for name in asked if name not in there]
    for name in (*CONTROLS, *simulators(own)):
        for trial in (t for t in TRIALS if any(r.case["trial"]["kind"] == t for r in own)):
            if not scored(own, name, trial):
                lines.append(f"* {name}, `{trial}`")
    for r, who in named(own):
        if r.status in ("failed", "timeout", "memory"):
            lines.append(f"* {who}, `{r.case['trial']['kind']}` ended as `{r.status}`: {r.reason}")
    if not any(r.case["trial"]["kind"] == "cause" for results in found.values() for r in results):
        lines.append("* interventions (`cause`)")
    lines += checks.missing(folder)
    return "\n".join(lines) or "Nothing that this page speaks of is missing."


if __name__ == "__main__":
    main()
