"""What learners of dynamics were to reach, and what was seen, from the kept tables: rows of docs/learners-results.md.

Nothing is computed that a table does not hold; a claim whose table is missing is not run. The lower end of a 95 %
interval over seeds (t) counts, so a claim with one seed cannot be met.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from docs.attractors_page import kind_of, verdicts
from docs.chaos_ranking import mean_interval
from docs.fields_tables import Row, number
from docs.published_horizons import published

LONG, SHARE, HARD = 8.0, 0.8, 5.0  # Lyapunov times; of the twin; on Lorenz-96
RULES = ("sMAPE 30", "NRMSE 0.4")  # the first is that of the publication
RIVAL, SEEDS = "phyxmamba", 3
PUBLISHED_STATES = {"lorenz63": 0.26, "lorenz96": 1.68}  # arXiv 2306.04406, second-hand
FORCED = "shallow_plrnn, by the attractor"  # of the study `gtf`
EVALUATIONS = (0.556, 0.733)  # arXiv 2303.02262
FASTER = 1 / 1.3  # of the time, the slower end of what is published
QUICK = 5.0  # times as fast as the same method in PyTorch
FROM, TO, LEVEL = 200, 2000, 2.0  # steps between which a bounded gradient grows at most so many times
EXPLODES = 1e3  # times, over the same steps: without that nothing was there to be bounded
CONTROLS = ("perfect", "null")
BOTH = "physics and "  # labels of hybrids in the study of that name
Cells = dict[tuple[str, str, str], dict[int, float]]  # (world, learner, rule) -> seed -> mean over starts


class Claim(NamedTuple):
    """One line of the table."""

    what: str
    wanted: str
    seen: str
    verdict: str


def read(path: Path) -> list[Row] | None:
    """The rows of a table; None where it was not run."""
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file)) or None


def claims(results: Path, attractors: Path) -> list[Claim]:
    """Every claim, in the order in which they were made."""
    cells = horizons(read(results / "horizons.csv"))
    rows, floors = attractor_rows(attractors)
    return [
        *long_forecasts(cells),
        *rivals(cells),
        *statistics(rows, floors),
        bounded(read(results / "learners-gradients.csv")),
        published_states(rows, read(results / "learners-cases.csv")),
        *few_regions(read(results / "learners-regions.csv")),
        labour(read(results / "regularised_nde.csv")),
        quick(read(results / "learners-speed.csv")),
        together(read(results / "learners-cases.csv")),
        named_fates(read(results / "learners-cases.csv"), read(attractors / "attractors.csv")),
    ]


def horizons(rows: list[Row] | None) -> Cells:
    """Valid times by world, learner and rule."""
    cells: Cells = defaultdict(dict)
    for r in rows or ():
        cells[r["world"], r["learner"], r["rule"]][int(r["seed"])] = float(r["mean"])
    return dict(cells)


def told(name: str, values: Sequence[float]) -> str:
    """A learner and its mean with its interval; a mean alone of one seed."""
    mean, low, high = mean_interval(values)
    return f"`{name}` {mean:.2f}" + (f" [{low:.2f}, {high:.2f}]" if len(values) > 1 else "")


def low_of(values: Sequence[float]) -> float:
    """The lower end; minus infinity of one seed."""
    return mean_interval(values)[1]


def names_on(cells: Cells, world: str, rule: str) -> list[str]:
    """Learners on a world, the longest first."""
    found = [n for w, n, r in cells if (w, r) == (world, rule) and n not in CONTROLS]
    return sorted(found, key=lambda n: -np.mean(list(cells[world, n, rule].values())))


def long_forecasts(cells: Cells) -> list[Claim]:
    """Lorenz-63: the length without error, and the share of the twin's with error."""
    clean = "lorenz63, error 0"
    parts, met = [], []
    for rule in RULES:
        reached = [
            n for n in names_on(cells, clean, rule) if low_of(values_of(cells, clean, n, rule)) >= LONG
        ]
        met.append(bool(reached))
        listed = ", ".join(told(n, values_of(cells, clean, n, rule)) for n in reached) or "none"
        parts.append(f"{rule}: {listed}")
    known = bool(names_on(cells, clean, RULES[0]))
    first = Claim(
        "Lorenz-63 without observation error",
        f"lower end at least {LONG:g} Lyapunov times ({published('lorenz63', RIVAL):.2f} published, {RULES[0]})",
        "; ".join(parts),
        _word(known, met),
    )
    noisy = []
    for error in ("0.01", "0.05"):
        world = f"lorenz63, error {error}"
        parts, met = [], []
        for rule in RULES:
            shares = {n: shares_of(cells, world, n, rule) for n in names_on(cells, world, rule)}
            reached = [n for n, s in shares.items() if s and low_of(s) >= SHARE]
            met.append(bool(reached))
            parts.append(f"{rule}: {', '.join(told(n, shares[n]) for n in reached) or 'none'}")
        noisy.append(
            Claim(
                f"Lorenz-63 with {float(error):.0%} observation error",
                f"lower end at least {SHARE:g} of the twin's",
                "; ".join(parts),
                _word(bool(names_on(cells, world, RULES[0])), met),
            )
        )
    return [first, *noisy]


def values_of(cells: Cells, world: str, name: str, rule: str) -> list[float]:
    """Of all seeds."""
    return list(cells[world, name, rule].values())


def shares_of(cells: Cells, world: str, name: str, rule: str) -> list[float]:
    """Of the twin, over the seeds that both have."""
    own, twin = cells[world, name, rule], cells.get((world, "perfect", rule), {})
    return [v / twin[s] for s, v in own.items() if twin.get(s)]


def rivals(cells: Cells) -> list[Claim]:
    """Roessler and Lorenz-96: against our rerun by pairs of seeds, and against the published number."""
    found = []
    for kind, label in (("rossler", "Roessler"), ("lorenz96_five", "Lorenz-96, five sites")):
        world, rule = f"{kind}, error 0", RULES[0]
        least, rival = (
            max(published(kind, RIVAL), HARD if "96" in kind else 0.0),
            cells.get((world, RIVAL, rule), {}),
        )
        names = names_on(cells, world, rule)
        ahead = [n for n in names if low_of(values_of(cells, world, n, rule)) >= least]
        gaps = {
            n: [v - rival[s] for s, v in cells[world, n, rule].items() if s in rival]
            for n in names
            if n != RIVAL
        }
        beaten = [n for n, g in gaps.items() if g and low_of(g) > 0]
        own = f"rerun of {RIVAL} beaten by " + (", ".join(told(n, gaps[n]) for n in beaten) or "none")
        own = (
            f"{own} ({len(rival)} of {SEEDS} seeds of the rerun, which itself has {told(RIVAL, list(rival.values()))})"
            if rival
            else f"{RIVAL} was not rerun here"
        )
        found.append(
            Claim(
                f"{label} without observation error",
                f"the rerun published method beaten in pairs, and lower end at least {least:.2f} ({rule})",
                f"{', '.join(told(n, values_of(cells, world, n, rule)) for n in ahead) or 'none'}; {own}",
                _word(bool(names), [bool(ahead), bool(beaten) and len(rival) >= SEEDS]),
            )
        )
    return found


def attractor_rows(folder: Path) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """Rows and floors behind docs/attractors.md."""
    rows, floors = [], {}
    for place in sorted(folder.glob("*.json")):
        held = json.loads(place.read_text(encoding="utf-8"))
        if place.stem.startswith("floor-"):
            floors[place.stem.removeprefix("floor-")] = held
        else:
            rows.append(held)
    return rows, floors


def statistics(rows: Sequence[dict[str, Any]], floors: dict[str, dict[str, Any]]) -> list[Claim]:
    """Lorenz-63: who is at the floor of pairs of truths, in states and in spectra, on how many seeds."""
    found = []
    for world in ("lorenz63, error 5 %", "lorenz63, seen exactly"):
        own: dict[str, list[bool]] = defaultdict(list)
        for r in rows:
            floor = floors.get(kind_of(r["world"]))
            if r["world"] == world and floor and floor["steps"] == r["steps"]:
                v = verdicts(r, floor["pairs"])
                own[r["learner"]].append(bool(v["states_met"] and v["spectrum_met"]))
        listed = ", ".join(f"`{n}` {sum(m)} of {len(m)} seeds" for n, m in own.items())
        best = max((sum(m) for m in own.values() if all(m)), default=0)
        found.append(
            Claim(
                f"long-run statistics, {world}",
                "D_stsp at most the 95th percentile of 20 pairs of truths, D_H at most 1.5 times their mean, "
                f"{SEEDS} seeds",
                listed or "no row",
                _word(bool(own), [best > 0, best >= SEEDS]),
            )
        )
    return found


def growths(rows: Iterable[Row]) -> dict[str, tuple[float, float]]:
    """Forcing -> how many times its median gradient grows from `FROM` to `TO` steps, and its rate per time unit."""
    norms: dict[tuple[str, int], list[float]] = defaultdict(list)
    span = 1.0
    for r in rows:
        norms[r["forcing"], int(r["steps"])].append(float(r["norm"]))
        span = (TO - FROM) * float(r["dt"])
    out = {}
    for name in dict.fromkeys(n for n, _ in norms):
        ratio = float(np.median(norms[name, TO]) / np.median(norms[name, FROM]))
        out[name] = (ratio, float(np.log(ratio) / span))
    return out


def bounded(rows: list[Row] | None) -> Claim:
    """Which estimates of the Jacobian's norm give a strength that bounds the gradient."""
    wanted = f"median at {TO} steps at most {LEVEL:g} times that at {FROM}, while without forcing it explodes"
    if rows is None:
        return Claim("generalised teacher forcing: gradients", wanted, "", "not run")
    found = growths(rows)
    free = found.pop("no forcing")
    held = [n for n, (ratio, _) in found.items() if ratio <= LEVEL]
    return Claim(
        "generalised teacher forcing: gradients",
        wanted,
        f"bounded by {_times(found, held) or 'none'}; not by {_times(found, set(found) - set(held)) or 'none'}; "
        f"without forcing {free[0]:.2g} times, exp({free[1]:.2f} time)",
        _word(free[0] > EXPLODES, [bool(held), len(held) == len(found)]),
    )


def _times(found: dict[str, tuple[float, float]], names: Iterable[str]) -> str:
    kept = set(names)
    return ", ".join(f"{n} ({ratio:.3g} times)" for n, (ratio, _) in found.items() if n in kept)


def published_states(rows: Sequence[dict[str, Any]], cases: list[Row] | None = None) -> Claim:
    """D_stsp of the network under generalised forcing, in the published form; and of the study that trains it too."""
    parts, met = [], []
    for kind, least in PUBLISHED_STATES.items():
        # a histogram of twenty numbers is empty, so that of the ring the mixtures are compared
        form, name = ("attractor_mixture", "mixture") if kind == "lorenz96" else ("attractor", "histogram")
        own = [r for r in rows if r["learner"] == "shallow_plrnn" and kind_of(r["world"]) == kind]
        means = [np.mean([x["published"] for x in r["runs"]]) for r in own if all(r["runs"])]
        beside = [
            r
            for r in cases or ()
            if (r["study"], r["learner"], kind_of(r["world"])) == ("gtf", FORCED, kind) and r[form]
        ]
        said = "".join(f", in `gtf` {float(r[form]):.3f}{_cycles(r)}" for r in beside)
        values = ", ".join(f"{m:.3f}" for m in means) or "not run"
        parts.append(f"{kind}, {name}: {values}{said} (published {least:g})")
        worst = max([*means, *(float(r[form]) for r in beside)], default=np.inf)
        met.append(bool(means) and worst <= least and not any(_cycles(r) for r in beside))
    return Claim(
        "generalised teacher forcing: D_stsp as published",
        "at most the published numbers (second-hand)",
        "; ".join(parts),
        _word(any(r["learner"] == "shallow_plrnn" for r in rows), met),
    )


def _cycles(case: Row) -> str:
    """How many free runs of a case closed into a cycle, where any did."""
    count = int(float(case["periodic"] or 0))
    return f" ({count} of {int(float(case['units']))} runs end in a cycle)" if count else ""


def few_regions(rows: list[Row] | None) -> list[Claim]:
    """Lorenz with two rectified units, Roessler with one."""
    found = []
    for world, count in (("lorenz63", "2"), ("rossler", "1")):
        what, wanted = (
            f"almost-linear network, {world}, P = {count}",
            "attractor reconstructed (D_stsp at the floor), code kept",
        )
        own = [r for r in rows or () if (r["world"], r["rectified"]) == (world, count)]
        if not own:
            found.append(Claim(what, wanted, "", "not run"))
            continue
        states = [bool(r["d_stsp"]) and number(r["d_stsp"]) <= number(r["d_stsp_floor"]) for r in own]
        words = [bool(r["words"]) and number(r["words"]) <= number(r["words_floor"]) for r in own]
        lives = sum(set(r["fates"].split()) == {"lives"} for r in own)
        seen = f"of {len(own)} seeds {lives} live, {sum(states)} at the floor, {sum(words)} with the truth's words"
        found.append(Claim(what, wanted, seen, _word(True, [all(states), all(words)])))
    return found


def labour(rows: list[Row] | None) -> Claim:
    """Penalties at equal error: how much of the labour is left."""
    what, wanted = (
        "penalties on the solver's labour",
        f"{EVALUATIONS[0]:g} to {EVALUATIONS[1]:g} of the evaluations at equal error, predictions at most {FASTER:.2f} "
        "of the time, by one of the penalties on every task",
    )
    if rows is None:
        return Claim(what, wanted, "", "not run")
    fair = [r for r in rows if r["equal"] == "yes"]
    parts = {"evaluations": EVALUATIONS[1], "time": FASTER}
    high = {part: [float(r[part].split(",")[-1].strip(" ]")) for r in fair] for part in parts}
    saved = [
        f"{r['penalty']} on {r['task']}"
        for k, r in enumerate(fair)
        if all(high[part][k] <= most for part, most in parts.items())
    ]
    middle = [float(r["evaluations"].split("[")[0]) for r in fair]
    span = (
        f"{min(middle):.2f} to {max(middle):.2f} in {len(fair)} of {len(rows)} at equal error"
        if fair
        else "none"
    )
    tasks = {r["task"] for r in rows}
    met = [any(s.endswith(f" on {task}") for s in saved) for task in sorted(tasks)]
    return Claim(what, wanted, f"{span}; reached by {', '.join(saved) or 'none'}", _word(True, met))


def quick(rows: list[Row] | None) -> Claim:
    """Seconds to a quality, beside PyTorch."""
    what, wanted = (
        "training is quick",
        f"at least {QUICK:g} times as fast as PyTorch to a stated quality, CPU seconds a seed",
    )
    ratios = speed_ratios(rows or ())
    if not ratios:
        return Claim(what, wanted, "" if rows is None else "PyTorch was not there to be measured", "not run")
    seen = ", ".join(f"quality {q:g}, {n} seeds at once: {x:.1f}" for (q, n), x in ratios.items())
    best = {q: max(x for (p, _), x in ratios.items() if p == q) for q, _ in ratios}
    return Claim(what, wanted, seen, _word(True, [x >= QUICK for x in best.values()]))


def speed_ratios(rows: Iterable[Row]) -> dict[tuple[float, int], float]:
    """(quality, seeds at once) -> CPU seconds of PyTorch over ours a seed, for the updates that our median seed needs.

    Only where all of our seeds reached the quality.
    """
    rows = list(rows)
    peers = {number(r["quality"]): number(r["cpu"]) for r in rows if r["name"] == "torch, as many updates"}
    out = {}
    for r in rows:
        quality, seeds = number(r["quality"]), int(r["seeds"])
        if (
            r["of"] == "quality"
            and r["name"].startswith("ours")
            and r["reached"] == r["seeds"]
            and quality in peers
        ):
            out[quality, seeds] = peers[quality] * seeds / number(r["cpu"])
    return out


def named_fates(cases: list[Row] | None, runs: list[Row] | None) -> Claim:
    """Whether fates of free runs are there."""
    fates = {r["fate"] for r in runs or ()}
    counted = sum(bool(r["lives"] or r["rests"] or r["periodic"] or r["exploded"]) for r in cases or ())
    return Claim(
        "failures are data",
        "exploding, coming to rest and closing into a cycle are named, with rates",
        f"{len(runs or ())} free runs behind the page of attractors ({', '.join(sorted(fates)) or 'none'}), "
        f"{counted} cases of studies",
        _word(bool(fates or counted), [bool(fates), bool(counted)]),
    )


def together(cases: list[Row] | None) -> Claim:
    """A wrong physics and a learner: is both more than either, by pairs of seeds, on every flow?"""
    valid: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for r in cases or ():
        if r["study"] == "hybrids" and r["valid_time"]:
            valid[r["world"], r["learner"]][int(r["seed"])] = float(r["valid_time"])
    seen, met, above = [], [], []
    for (world, name), both in valid.items():
        physics = valid.get((world, "peer"), {})
        if not name.startswith(BOTH) or not physics:
            continue
        rivals = {"the physics": physics, "itself alone": valid.get((world, name.removeprefix(BOTH)), {})}
        gains = {
            who: [v - rival[s] for s, v in both.items() if s in rival]
            for who, rival in rivals.items()
            if rival
        }
        more = ", ".join(f"{told('', g).removeprefix('`` ')} over {who}" for who, g in gains.items())
        sure = len(both) == len(physics) and all(low_of(g) > 0 for g in gains.values())
        seen.append(f"`{name}` on {world}: {more}{'' if sure else ' (not surely more)'}")
        above.append(low_of(gains["the physics"]) > 0)
        met += [sure] * (
            len(gains) == len(rivals)
        )  # else there is nothing that it could be held against alone
    counts = (
        f"surely more than the physics {sum(above)} of {len(above)}, than both {sum(met)} of {len(met)}; "
    )
    wanted = "longer than each alone, in Lyapunov times, by pairs of seeds, for every learner and flow asked"
    return Claim(
        "a wrong physics and a learner",
        wanted,
        (counts if seen else "") + "; ".join(seen),
        _word(bool(met), met),
    )


def _word(known: bool, met: Sequence[bool]) -> str:
    if not known:
        return "not run"
    return "**yes**" if all(met) else "in part" if any(met) else "no"
