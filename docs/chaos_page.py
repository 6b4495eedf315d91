"""Writes docs/chaos.md and the tables behind it from the studies of learners of chaos: `make chaos`.

python -m docs.chaos_page --store results [--study chaos_laptop]
"""

import argparse
import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from docs.chaos_budgets import equal_budgets
from docs.chaos_ranking import (
    GIVEN_PHYSICS,
    Bout,
    Field,
    Flow,
    apart,
    contest,
    correlation,
    field_of,
    group_of,
    in_common,
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
`{study}`; learners that it leaves out are asked on one flow by `chaos_rest` ([their scores](learners-results.md)).

**What was run:** {flows} flows ({names}), {seeds}. Every learner sees the same {trajectories} + {validation}
trajectories of {steps} observations ({data} of a component; about thirty to a period) at the default parameters and
without observation error, and forecasts from {units} starts, up to {horizon:g} Lyapunov times. So this is the small
corner of Gilpin's question: little data, small networks, one setting each for the networks. It can show where
knowledge suffices; it cannot show what scale would do with a thousand times the data.
{missing}{begun}

{verdict}

{exact}

### The ranking

Valid time: the first at which the normalised error passes 0.4, in true Lyapunov times. *Of the twin*: as a share of
that of the truth itself, started with the rounding of single precision (the control `perfect`), which makes flows
comparable; mean over flows, 95 % by the scatter of flows. Only learners that ran on all {flows} flows are ranked.
*Less than the first*: the mean gap to the first line, flow by flow, with Student's interval over the flows, not
corrected for how many there are.
*Not told from*: learners for which Student's paired test over the flows, Holm-corrected over the {tested} pairs that
were tested (of {pairs}), shows no difference at 5 %. That is no proof of equality. What another draw of weights or
data would change is in the scatter of flows, and not told apart.

{ranking}

{unranked}

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
between what a learner is and its share of the twin; mean over flows, 95 % by their scatter. Of the learners that ran
on all flows, baselines left out; fewer than four make no row, and of four or five a rank correlation says little.

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
network (the seconds are below). What networks gain by a search of their own is asked [below](#equal-budgets).

{budgets}

Every mean of every seed: [{study}.csv](results/{study}.csv).

{equal}

{sections}
"""


EXACT = """*`sindy` integrates what it finds with the scheme by which the truth is made*, so that where it finds the
equations it has the truth's own discrete map, errors of integration included. Of the others only those that
are given the physics have that. Part of its shares may be that: `python benchmarks/integrator_lead.py`
prints what it is worth on Lorenz-63."""


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
    field, begun = in_common(field_of(store, found))
    told = apart(field)
    (HERE / "results" / f"{given.study}.csv").write_text(_csv(field), encoding="utf-8")
    text = TEXT.format(
        study=given.study,
        **_facts(found, field),
        asked=_asked(),
        missing=_missing(given.study, found),
        begun=f"\nBegun, and left out below for the few learners there: {', '.join(begun)}." if begun else "",
        pairs=len(told),
        tested=sum(p is not None for p in told.values()),
        **_answers(field, _absent(given.study, field)),
        budgets="\n".join(_budgets(field, found)),
        equal=equal_budgets(store, field),
        sections="\n\n".join(part(store) for part in (koopman, phyxmamba, regularised, uncertainty)),
    )
    (HERE / "chaos.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'chaos.md'}: {len(found)} cases of {given.study}")


def _facts(found: list[Result], field: Field) -> dict[str, object]:
    made, case = found[0].provenance, found[0].case
    plan, trial = case["data"], case["trial"]["args"]
    seeds = sorted({s for v in field.flows.values() for own in v.valid.values() for s in own})
    count = {s: sum(any(s in own for own in v.valid.values()) for v in field.flows.values()) for s in seeds}
    return {
        "versions": ", ".join(f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy")),
        "hardware": f"{made['processor']}, {made['cores']} cores",
        "flows": len(field.flows),
        "names": ", ".join(field.flows),
        "seeds": " and ".join(f"seed {s} on {n} of them" for s, n in count.items()),
        "data": f"{plan['trajectories'] * plan['steps']:,}",
        "units": trial["units"],
        "horizon": trial["horizon"],
        **{k: plan[k] for k in ("trajectories", "validation", "steps")},
    }


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


def _absent(name: str, field: Field) -> dict[str, int]:
    """Learners that the contest is of and the field lacks on some flow -> on how many flows they ran."""
    study = read_study(HERE.parent / "studies" / f"{name}.toml")
    asked = dict.fromkeys([*(n.shown for n in study.learners), *field.others()])
    return {
        n: len(field.shares(n))
        for n in asked
        if group_of(n) != "baseline"
        and n.split(",")[0] not in GIVEN_PHYSICS
        and len(field.shares(n)) < len(field.flows)
    }


def _answers(field: Field, absent: dict[str, int]) -> dict[str, str]:
    contests = {
        "all flows": contest(field, list(field.flows)),
        "polynomial": contest(field, [f for f, v in field.flows.items() if v.polynomial]),
        "not polynomial": contest(field, [f for f, v in field.flows.items() if not v.polynomial]),
    }
    return {
        "ranking": "\n".join(_ranking(field)),
        "unranked": "\n".join(_unranked(field)),
        "groups": _groups(field),
        "exact": EXACT if any("sindy" in v.valid for v in field.flows.values()) else "",
        "table": "\n".join(_table(field)),
        "contests": "\n".join(_contests(contests)),
        "verdict": _verdict(contests["all flows"], contests["not polynomial"], absent, len(field.flows)),
        "scale": "\n".join(_scale(field)),
        "exponents": "\n".join(_exponents(field)),
    }


def _verdict(every: list[Bout], other: list[Bout], absent: dict[str, int], flows: int) -> str:
    """The answer in a sentence, from the same numbers as the tables; none while members of a group are missing."""
    gone = {g: [f"{n} ({k})" for n, k in absent.items() if group_of(n) == g] for g in ("knows", "scale")}
    gone = {g: names for g, names in gone.items() if names}
    text = ""
    if gone:
        words = {"knows": "of what knows of dynamics", "scale": "of the networks without such knowledge"}
        listed = "; ".join(f"{words[g]} {', '.join(names)}" for g, names in gone.items())
        text = (
            f"**Answer: none yet.** Which is best cannot be told from this store, because members of the groups did "
            f"not run on all of its {flows} flows (in brackets: on how many) and are not in the comparison: {listed}."
        )
    if len(every) < 2:
        few = "Too few flows have complete learners of both kinds."
        return f"{text} {few}" if text else f"**Answer:** none yet. {few}"
    told = _told([b.gap for b in every], ("what knows is ahead", "what does not is ahead", "not told apart"))
    known = f"{_champions(b.knows for b in every)} against {_champions(b.scale for b in every)}"
    if text:
        text += f" What is complete is a smaller comparison and only that: {known}"
    else:
        _, low, high = mean_interval([b.gap for b in every])
        which = (
            "domain knowledge" if low > 0 else ("scale" if high < 0 else "neither, as far as this can tell")
        )
        text = f"**Answer, for this corner:** {which}; of the best of both kinds, {known}"
    won = sum(b.gap > 0 for b in every)
    text += f": {told}, the first ahead on {won} of {len(every)} flows."
    if len(other) > 1:
        told = _told([b.gap for b in other], ("still ahead", "behind", "not told apart"))
        text += f" Where the equations are no polynomials: {told}, over {len(other)} flows."
    return text


def _told(gaps: list[float], words: tuple[str, str, str]) -> str:
    mean, low, high = mean_interval(gaps)
    which = words[0] if low > 0 else (words[1] if high < 0 else words[2])
    return f"{mean:+.2f} [{low:+.2f}, {high:+.2f}] of the twin's horizon ({which})"


def _champions(names: Iterable[str]) -> str:
    """Each with the number of flows for which it stands."""
    return " or ".join(f"`{n}` (on {k})" for n, k in Counter(names).most_common())


def _ranking(field: Field) -> list[str]:
    told = apart(field)
    lines = [
        "| learner | kind | of the twin | less than the first, paired | Lyapunov times, median | longest of these on | "
        "not told from |",
        "|---|---|---|---|---|---|---|",
    ]
    order = field.ranked()
    best = Counter(max(order, key=lambda n: field.share(n, f) or 0.0) for f in field.flows) if order else {}
    for name in order:
        times = [v.mean(name) for v in field.flows.values()]
        same = {
            b if a == name else a for (a, b), p in told.items() if name in (a, b) and (p is None or p >= 0.05)
        }
        text = ", ".join(
            n + ("" if told[_pair(told, n, name)] is not None else " (untested)") for n in order if n in same
        )
        lines.append(
            f"| {name} | {group_of(name)} | {interval(field.shares(name))} | {behind(field, order[0], name)} "
            f"| {np.median(times):.2f} "
            f"| {best[name]} | {text} |"
        )
    null = np.asarray(field.shares("null"))
    return [*lines, f"| *null* | control | {interval(null)} | | | | |"]


def behind(field: Field, first: str, name: str) -> str:
    """By how much a learner is behind the first, flow by flow: the mean gap with Student's interval over the flows."""
    both = [(field.share(first, f), field.share(name, f)) for f in field.flows]
    return "" if name == first else interval([a - b for a, b in both if a is not None and b is not None])


def _pair(told: dict[tuple[str, str], float | None], a: str, b: str) -> tuple[str, str]:
    return (a, b) if (a, b) in told else (b, a)


def _unranked(field: Field) -> list[str]:
    """Learners that some flow lacks, beside the ranked ones on the flows they have."""
    others, ranked = field.others(), field.ranked()
    if not others:
        return []
    lines = [
        "Not ranked, since they ran on some flows only; beside them the ranked ones, on the same flows:",
        "",
        f"| learner | kind | flows | of the twin there | {' | '.join(ranked)} |",
        "|---|---|---|---|" + "---|" * len(ranked),
    ]
    for name in others:
        there = [f for f in field.flows if field.share(name, f) is not None]
        beside = [np.mean([field.share(n, f) or 0.0 for f in there]) for n in ranked]
        lines.append(
            f"| {name} | {group_of(name)} | {', '.join(there)} | {np.mean(field.shares(name)):.2f} "
            f"| {' | '.join(f'{x:.2f}' for x in beside)} |"
        )
    return lines


def _groups(field: Field) -> str:
    ran = [*field.ranked(), *field.others()]
    names = {g: [n for n in ran if group_of(n) == g] for g in ("knows", "scale", "baseline")}
    given = " and ".join([", ".join(f"`{n}`" for n in GIVEN_PHYSICS[:-1]), f"`{GIVEN_PHYSICS[-1]}`"])
    return (
        f"*knows*: built on what is known of dynamics ({', '.join(names['knows'])}; {given} "
        "see the equations with one parameter off, so their lead is that of the physics). *scale*: networks that would "
        f"learn anything ({', '.join(names['scale'])}). *baseline*: {', '.join(names['baseline'])}."
    )


def _table(field: Field) -> list[str]:
    order = [*field.ranked(), *field.others()]
    lines = [
        f"| flow | polynomial | {' | '.join(order)} | *twin* | first |",
        "|---|---|" + "---|" * (len(order) + 2),
    ]
    for name, flow in field.flows.items():
        shares = [field.share(n, name) for n in order]
        cells = ["" if s is None else f"{s:.2f}" for s in shares]
        twin = flow.mean("perfect") if "perfect" in flow.valid else np.nan
        lines.append(
            f"| {name} | {'yes' if flow.polynomial else 'no'} | {' | '.join(cells)} | {twin:.1f} "
            f"| {', '.join(leaders(flow))} |"
        )
    return lines


def _contests(contests: dict[str, list[Bout]]) -> list[str]:
    lines = [
        "Best *knows* (without physics given) less best *scale*, in shares of the twin, among learners that ran on all "
        "flows. Each group's champion is the learner with the best mean over the **other** flows, so that it is not "
        "chosen by the score it is held to.",
        "",
        "| flows | number | champions that know | champions that do not | difference | ahead on |",
        "|---|---|---|---|---|---|",
    ]
    for name, bouts in contests.items():
        if bouts:
            gaps = [b.gap for b in bouts]
            lines.append(
                f"| {name} | {len(gaps)} | {_champions(b.knows for b in bouts)} | {_champions(b.scale for b in bouts)} "
                f"| {interval(gaps)} | {sum(g > 0 for g in gaps)} |"
            )
    return lines


def _scale(field: Field) -> list[str]:
    lines = ["| among | learners | of what | flows | rank correlation |", "|---|---|---|---|---|"]
    for among, group in (("all but baselines", None), ("scale", "scale"), ("knows", "knows")):
        for what in ("numbers", "seconds"):
            names, values = scaling(field, what, group)
            if len(values) > 3:
                lines.append(
                    f"| {among} | {len(names)} ({', '.join(names)}) | {what} | {len(values)} | {interval(values)} |"
                )
    return lines if len(lines) > 2 else ["Too few learners or flows yet: four of each are needed."]


def _exponents(field: Field) -> list[str]:
    lines = ["| learner | flows | rank correlation |", "|---|---|---|"]
    for name in ("perfect", *field.ranked(), *field.others()):
        there: list[Flow] = [f for f in field.flows.values() if name in f.valid]
        if len(there) < 5:
            continue
        times = [f.mean(name) * f.observations for f in there]
        told = correlation(times, [f.observations for f in there])
        lines.append(f"| {'*twin*' if name == 'perfect' else name} | {len(there)} | {told} |")
    return lines if len(lines) > 2 else ["Too few flows yet: five are needed."]


def _budgets(field: Field, found: list[Result]) -> list[str]:
    lines = [
        "| learner | settings tried | numbers, median | seconds to fit, median | ended otherwise than ok |",
        "|---|---|---|---|---|",
    ]
    for name in (*field.ranked(), *field.others()):
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
    rows = [("flow", "polynomial", "learner", "seed", "valid_time", "of_the_twin", "numbers")]
    for name, flow in field.flows.items():
        for learner, valid in sorted(flow.valid.items()):
            for seed, value in valid.items():
                twin = flow.valid.get("perfect", {}).get(seed, np.nan)
                numbers = str(flow.numbers.get(learner, ""))
                rows.append((
                    name, str(flow.polynomial), learner, str(seed), f"{value:.5g}", f"{value / twin:.4g}", numbers,
                ))  # fmt: skip
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


if __name__ == "__main__":
    main()
