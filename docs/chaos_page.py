"""Writes docs/chaos.md and the tables behind it from the studies of learners of chaos: `make chaos`.

python -m docs.chaos_page --store results [--study chaos_laptop]
"""

import argparse
import csv
import io
from collections import defaultdict
from pathlib import Path

import numpy as np

from docs.chaos_ranking import (
    KNOWING,
    LARGE,
    Field,
    Flow,
    apart,
    contest,
    correlation,
    field_of,
    interval,
    leaders,
    mean_interval,
    scaling,
)
from docs.chaos_sections import koopman, phyxmamba, regularised, uncertainty
from gnomon.spec.results import Result
from gnomon.spec.study import read_study
from gnomon.store.results import Store

HERE = Path(__file__).parent
TEXT = """# Learners of chaos

Written by `python -m docs.chaos_page`, from whatever of its studies is finished in the store (`gnomon run NAME`
carries on). Versions: {versions}. Hardware: {hardware}, shared with other work: seconds are of wall time and only a
hint.

## Does model scale beat domain knowledge?

Gilpin (2023, doi 10.1103/PhysRevResearch.5.043252) ran 24 methods on 135 systems and found that large methods without
knowledge of the domain stay accurate longest, up to two dozen Lyapunov times; that there the exponent says little about
how long; and that where data are limited hybrids with physics keep an advantage. The study `chaos` asks the same of
every learner here on every system of the catalogue, with five seeds: {asked} cases. What two cores were given is
`{study}`.

**What was run:** {flows} flows ({names}), {seeds}. Every learner sees the same {trajectories} + {validation}
trajectories of {steps} observations ({data} of a component; about thirty to a period) at the default parameters and
without observation error, and forecasts from {units} starts, up to {horizon:g} Lyapunov times. So this is the small
corner of Gilpin's question: little data, small networks, one setting each for the networks. It can show where
knowledge suffices; it cannot show what scale would do with a thousand times the data.
{missing}

{verdict}

### The ranking

Valid time: the first at which the normalised error passes 0.4, in true Lyapunov times. *Of the twin*: as a share of
that of the truth itself, started with the rounding of single precision (the control `perfect`), which makes flows
comparable; mean over flows, 95 % by the scatter of flows. *Not told from*: learners for which Student's paired test
over the flows that both have ran, Holm-corrected over all {pairs} pairs, shows no difference at 5 %. That is no proof
of equality. *Too few*: learners with fewer than four flows in common. One fit a flow and seed: what another draw of
weights or data would change is in the scatter of flows, and not told apart.

{ranking}

{groups}

### Where

Share of the twin's valid time, for each flow; the last number is the twin itself, in true Lyapunov times.
*Polynomial*: whether the rate of change is a polynomial of low degree, which `sindy` and `nvar` can hold exactly (a
delay is none). *First*: the longest, and those not told from it on that flow, for these fits: sign flips over the
starts, which all learners share, Holm-corrected at 5 %.

{table}

{contests}

### Scale

*Numbers*: those that a fitted learner keeps (a table of analogues is its library). Rank correlation, within a flow,
between the logarithm of what a learner is and its share of the twin; mean over flows, 95 % by their scatter.

{scale}

### Does the exponent say how long a forecast holds?

Rank correlation over flows between the valid time in observations and the Lyapunov time in observations (how fast
errors grow, between two of them), 95 % by Fisher's transformation. 1: the exponent is all that matters.

{exponents}

### Units

Lyapunov times here are those of [the catalogue](flows.md), each exponent with its error. Published horizons are
mostly in units of one stored exponent a system, many of which are wrong ([where they differ](flows.md)); a ranking
within a system survives that, a mean over systems does not, and the factor is given below wherever a published number
stands beside ours.

### Budgets

Not the same number of settings for all: networks had one, where a regression's whole search takes about as long as one
network (the seconds are below). With a search of their own networks may gain.

{budgets}

Every mean of every seed: [{study}.csv](results/{study}.csv).

{sections}
"""


def main() -> None:
    """Write the page from whatever is finished."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("results"))
    parser.add_argument("--study", default="chaos_laptop")
    given = parser.parse_args()
    store = Store(given.store, create=False)
    found = [r for r in store.results(given.study) if r.case["trial"]["kind"] == "forecast"]
    if not any(r.scores for r in found):
        raise SystemExit(f"the store holds no result of {given.study}; `gnomon run {given.study}` makes them")
    field = field_of(store, found)
    (HERE / "results" / f"{given.study}.csv").write_text(_csv(field), encoding="utf-8")
    text = TEXT.format(
        study=given.study,
        **_facts(found),
        asked=_asked(),
        missing=_missing(given.study, found),
        pairs=len(apart(field)),
        **_answers(field),
        budgets="\n".join(_budgets(field, found)),
        sections="\n\n".join(part(store) for part in (koopman, phyxmamba, regularised, uncertainty)),
    )
    (HERE / "chaos.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'chaos.md'}: {len(found)} cases of {given.study}")


def _facts(found: list[Result]) -> dict[str, object]:
    made, case = found[0].provenance, found[0].case
    plan, trial = case["data"], case["trial"]["args"]
    flows = list(dict.fromkeys(r.case["world"]["kind"] for r in found if r.scores))
    count = {s: len({r.case["world"]["kind"] for r in found if r.case["seed"] == s}) for s in _seeds(found)}
    return {
        "versions": ", ".join(f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy")),
        "hardware": f"{made['processor']}, {made['cores']} cores",
        "flows": len(flows),
        "names": ", ".join(flows),
        "seeds": " and ".join(f"seed {s} on {n} of them" for s, n in count.items()),
        "data": f"{plan['trajectories'] * plan['steps']:,}",
        "units": trial["units"],
        "horizon": trial["horizon"],
        **{k: plan[k] for k in ("trajectories", "validation", "steps")},
    }


def _seeds(found: list[Result]) -> list[int]:
    return sorted({r.case["seed"] for r in found})


def _asked() -> str:
    study = read_study(HERE.parent / "studies" / "chaos.toml")
    count = len(study.worlds) * (len(study.learners) + 2) * len(study.trials) * len(study.seeds)
    return f"{count:,}"


def _missing(name: str, found: list[Result]) -> str:
    """What the study asks for and the store does not hold."""
    study = read_study(HERE.parent / "studies" / f"{name}.toml")
    done: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for r in found:
        done[r.case["learner"]["label"] or r.case["learner"]["kind"]].add(
            (r.case["world"]["kind"], r.case["seed"])
        )
    every = len(study.worlds) * len(study.seeds)
    rows = [
        f"{learner.shown} ({every - len(done[learner.shown])} of {every})"
        for learner in study.learners
        if len(done[learner.shown]) < every
    ]
    return f"\nIn the study and not run yet (flows times seeds): {', '.join(rows)}." if rows else ""


def _answers(field: Field) -> dict[str, str]:
    contests = {
        "all flows": contest(field, list(field.flows)),
        "polynomial": contest(field, [f for f, v in field.flows.items() if v.polynomial]),
        "not polynomial": contest(field, [f for f, v in field.flows.items() if not v.polynomial]),
    }
    return {
        "ranking": "\n".join(_ranking(field)),
        "groups": _groups(field),
        "table": "\n".join(_table(field)),
        "contests": "\n".join(_contests(contests)),
        "verdict": _verdict(contests["all flows"], contests["not polynomial"]),
        "scale": "\n".join(_scale(field)),
        "exponents": "\n".join(_exponents(field)),
    }


def _verdict(every: np.ndarray, other: np.ndarray) -> str:
    """The answer in a sentence, from the same numbers as the tables."""
    if len(every) < 2:
        return "**Answer:** none yet: too few flows have both kinds of learners."
    mean, low, high = mean_interval(every)
    won = int((every > 0).sum())
    which = "domain knowledge" if low > 0 else ("scale" if high < 0 else "neither, as far as this can tell")
    text = (
        f"**Answer, for this corner:** {which}. The best learner that knows of dynamics holds {mean:+.2f} [{low:+.2f}, "
        f"{high:+.2f}] of the twin's horizon more than the best network of no such knowledge, and is ahead on {won} of "
        f"{len(every)} flows."
    )
    if len(other) > 1:
        mean, low, high = mean_interval(other)
        told = "still ahead" if low > 0 else ("behind" if high < 0 else "not told apart")
        text += (
            f" Where the equations are no polynomials: {mean:+.2f} [{low:+.2f}, {high:+.2f}] over "
            f"{len(other)} flows ({told})."
        )
    return text


def _group(name: str) -> str:
    kind = name.split(",")[0]
    return next((g for g, names in (("knows", KNOWING), ("scale", LARGE)) if kind in names), "baseline")


def _ranking(field: Field) -> list[str]:
    told = apart(field)
    lines = [
        "| learner | kind | flows | of the twin | Lyapunov times, median | longest of all on | not told from |",
        "|---|---|---|---|---|---|---|",
    ]
    order = field.ranked()
    best = defaultdict(int)
    for flow in field.flows:
        there = {n: field.share(n, flow) for n in order if field.share(n, flow) is not None}
        if there:
            best[max(there, key=lambda n: there[n] or 0.0)] += 1
    for name in order:
        shares = np.asarray([s for f in field.flows if (s := field.share(name, f)) is not None])
        times = [field.flows[f].valid[name].mean() for f in field.flows if name in field.flows[f].valid]
        same = [b for a, b in told if a == name and told[a, b] is not None and told[a, b] >= 0.05]
        same += [a for a, b in told if b == name and told[a, b] is not None and told[a, b] >= 0.05]
        few = [b for pair in told if name in pair and told[pair] is None for b in pair if b != name]
        text = ", ".join(n for n in order if n in same) + (f"; *too few*: {len(few)}" if few else "")
        lines.append(
            f"| {name} | {_group(name)} | {len(shares)} | {interval(shares)} | {np.median(times):.2f} "
            f"| {best[name]} | {text} |"
        )
    null = np.asarray([s for f in field.flows if (s := field.share("null", f)) is not None])
    return [*lines, f"| *null* | control | {len(null)} | {interval(null)} | | | |"]


def _groups(field: Field) -> str:
    ranked = field.ranked()
    names = {g: [n for n in ranked if _group(n) == g] for g in ("knows", "scale", "baseline")}
    return (
        f"*knows*: built on what is known of dynamics ({', '.join(names['knows'])}; `hybrid` and `corrected_physics` "
        "see the equations with one parameter off, so their lead is that of the physics). *scale*: networks that would "
        f"learn anything ({', '.join(names['scale'])}). *baseline*: {', '.join(names['baseline'])}."
    )


def _table(field: Field) -> list[str]:
    order = field.ranked()
    lines = [
        f"| flow | polynomial | {' | '.join(order)} | *twin* | first |",
        "|---|---|" + "---|" * (len(order) + 2),
    ]
    for name, flow in field.flows.items():
        shares = [field.share(n, name) for n in order]
        cells = ["" if s is None else f"{s:.2f}" for s in shares]
        twin = flow.valid["perfect"].mean() if "perfect" in flow.valid else np.nan
        lines.append(
            f"| {name} | {'yes' if flow.polynomial else 'no'} | {' | '.join(cells)} | {twin:.1f} "
            f"| {', '.join(leaders(flow))} |"
        )
    return lines


def _contests(contests: dict[str, np.ndarray]) -> list[str]:
    lines = [
        "Best *knows* (without physics given) less best *scale*, in shares of the twin. Each group's champion is "
        "the learner with the best mean over the **other** flows, so that it is not chosen by the score it is held to; "
        "one that ran on fewer than half of them is none (so `sindy`, where the table has gaps, is not counted).",
        "",
        "| flows | number | difference | ahead on |",
        "|---|---|---|---|",
    ]
    for name, gaps in contests.items():
        if len(gaps):
            lines.append(f"| {name} | {len(gaps)} | {interval(gaps)} | {int((gaps > 0).sum())} |")
    return lines


def _scale(field: Field) -> list[str]:
    lines = ["| among | of what | flows | rank correlation |", "|---|---|---|---|"]
    for among, names in (("all that are fitted", None), ("scale", LARGE), ("knows", KNOWING)):
        for what in ("numbers", "seconds"):
            values = scaling(field, what, names)
            if len(values) > 3:
                lines.append(f"| {among} | {what} | {len(values)} | {interval(values)} |")
    return lines


def _exponents(field: Field) -> list[str]:
    lines = ["| learner | flows | rank correlation |", "|---|---|---|"]
    for name in ("perfect", *field.ranked()):
        there: list[Flow] = [f for f in field.flows.values() if name in f.valid]
        if len(there) < 5:
            continue
        times = [f.valid[name].mean() * f.observations for f in there]
        told = correlation(times, [f.observations for f in there])
        lines.append(f"| {'*twin*' if name == 'perfect' else name} | {len(there)} | {told} |")
    return lines if len(lines) > 2 else ["Too few flows yet: five are needed."]


def _budgets(field: Field, found: list[Result]) -> list[str]:
    lines = [
        "| learner | settings tried | numbers, median | seconds to fit, median | ended otherwise than ok |",
        "|---|---|---|---|---|",
    ]
    for name in field.ranked():
        own = [r for r in found if (r.case["learner"]["label"] or r.case["learner"]["kind"]) == name]
        tried = max((r.learned.get("tried", 0) for r in own), default=0)
        seconds = [f.seconds[name] for f in field.flows.values() if name in f.seconds]
        numbers = [f.numbers[name] for f in field.flows.values() if name in f.numbers]
        other = [f"{r.status} ({r.case['world']['kind']})" for r in own if r.status != "ok"]
        lines.append(
            f"| {name} | {tried} | {f'{np.median(numbers):,.0f}' if numbers else ''} "
            f"| {f'{np.median(seconds):.0f}' if seconds else ''} | {', '.join(other)} |"
        )
    return lines


def _csv(field: Field) -> str:
    rows = [("flow", "polynomial", "learner", "seed_index", "valid_time", "of_the_twin", "numbers")]
    for name, flow in field.flows.items():
        for learner, valid in sorted(flow.valid.items()):
            for i, value in enumerate(valid):
                twin = flow.valid["perfect"].mean() if "perfect" in flow.valid else np.nan
                numbers = str(flow.numbers.get(learner, ""))
                rows.append((
                    name, str(flow.polynomial), learner, str(i), f"{value:.5g}", f"{value / twin:.4g}", numbers,
                ))  # fmt: skip
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


if __name__ == "__main__":
    main()
