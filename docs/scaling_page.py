"""Writes docs/scaling.md, its figure and the table behind it from the runs of benchmarks/scaling.py.

python benchmarks/scaling.py --store results/scaling
python -m docs.scaling_page --store results/scaling
"""

import argparse
import csv
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import scaling
from docs.scaling_laws import (
    MEASURES,
    MIXED,
    PLACES,
    SWEEPS,
    UNKNOWN,
    WIDE,
    Law,
    laws_of,
    of_sweep,
    version_of,
)
from gnomon.inference.scaling_law import EXPONENTS
from gnomon.report.figures import render

HERE = Path(__file__).parent
# Okabe and Ito's, told apart by all eyes, and shapes for print without colour
COLOURS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#0072b2", "#d55e00", "#cc79a7")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left")
TEXT = """# Scaling: error against data, size and compute

Written by `python -m docs.scaling_page` from the runs of `benchmarks/scaling.py`, which goes on where it was stopped.
{runs} runs are in, {seeds} seeds at most, {minutes:.0f} CPU minutes of fitting in all.{missing}

Made by: {made}.{unversioned}

Lorenz-63, observation error {error:g} standard deviations, trajectories of {steps} observations, the knob rho constant
in each and spread over {low:g} to {high:g}. Base point: {base} training trajectories ({validation} more validate), and
the size and number of updates in the table below; each sweep moves one of the three. Trained learners take their first
setting alone, since a search would be compute, too; the others search as they always do. Tests start from {starts}
states without observation error at rho = {rho_in:g} (inside of the range of training) and at rho = {rho_out:g}
(outside), on trajectories that no training saw. *One step*: root mean square error of one step, over that of standing
still.
*Valid time*: mean time until the normalised error passes 0.4, in Lyapunov times of the default knob (at
rho = {rho_out:g} too, whose own exponent is another), {horizon:g} at most.

![Error against data, size and compute](scaling/scaling.svg)

Medians over seeds; lines are fitted laws up to the largest size, which the fit did not see.

## Laws

error = floor + scale x size^-exponent, by variable projection on squared relative errors; 95 % intervals by resampled
runs; the largest size is held out, and *holds* says whether the mean of its runs fell into the interval that the
smaller ones gave. *Cannot tell*: it fell into it, but the exponent or an end of its interval stands at {least:g} or
{most:g}, the ends of what is searched (no power law shows, or none that the runs bound), or the ends of the predicted
interval are more than a factor of {wide:g} apart, which is hardly to be missed. A law of valid time is one of its
reciprocal. Size counts learned weights; compute counts updates x weights at one size. *Version*: of the learner, in
all runs of the law; {unknown} is not known. *Mixed*: runs of several versions, or of one and of unknown ones, make a
law of none of them. The laws of a learner and sweep are readings of the same runs, and all sweeps of a learner share
the base point: counts of laws are no counts of independent trials.

{laws}

{verdict}

## What misleads

* Fewer than five sizes and three seeds tell exponents apart only where they differ much: read the intervals.
* A floor from the observation error, or from the number of updates, which the sweeps of data and size hold, looks like
  saturation in data or size.
* With little data the knob is seen at few values too: outside of the range data and diversity are not told apart.
* Runs that left the attractor at once have no valid time; they are counted under *left out*, not in the law.

## What a run costs

Median CPU seconds of one fit (all threads), at the base point and at the largest of each sweep. The first seed of a
point compiles, the others do not: medians leave that out.

{costs}

## Would stopping early have served?

A patience of p ends a training after p snapshots without a better free run. The trainer has none: it runs to the end
of its schedule and keeps the best snapshot. Replayed on the snapshots of the trainings that the store holds, all
versions together, of {replayed} and of no other learner:
updates that a patience would have saved, how often a better snapshot came later (by the rank that the trainer keeps by:
divergence, valid time, error), and the valid time on validation, in Lyapunov times, that it was worth.

{patience}

Every run: [scaling.csv](results/scaling.csv).
"""


OLD = "before versions were kept"


def main() -> None:
    """Write the page from whatever is in the store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("results/scaling"))
    runs = [
        json.loads(p.read_text(encoding="utf-8")) for p in sorted(parser.parse_args().store.glob("*.json"))
    ]
    if not runs:
        raise SystemExit("the store holds no run; `python benchmarks/scaling.py` makes them")
    laws = laws_of(runs)
    (HERE / "scaling").mkdir(exist_ok=True)
    (HERE / "scaling" / "scaling.svg").write_bytes(render(figure(runs, laws), "svg"))
    write_csv(HERE / "results" / "scaling.csv", runs)
    text = TEXT.format(
        runs=len(runs),
        seeds=1 + max(r["seed"] for r in runs),
        minutes=sum(r["cpu_seconds"] for r in runs) / 60,
        missing=missing(runs),
        made=made(runs),
        unversioned=unversioned(runs, laws),
        error=scaling.ERROR,
        steps=scaling.STEPS,
        low=scaling.LOW,
        high=scaling.HIGH,
        base=scaling.BASE_DATA,
        validation=scaling.VALIDATION,
        starts=scaling.TESTS,
        rho_in=scaling.IN,
        rho_out=scaling.OUT,
        horizon=scaling.HORIZON,
        least=EXPONENTS[0],
        most=EXPONENTS[1],
        wide=WIDE,
        unknown=UNKNOWN,
        laws="\n\n".join(table(laws, sweep) for sweep in SWEEPS if any(x.sweep == sweep for x in laws)),
        verdict=verdict(laws),
        costs=costs(runs),
        replayed=", ".join(f"{name} ({len(own)})" for name, own in trainings_of(runs).items()) or "none yet",
        patience=patience(runs),
    )
    (HERE / "scaling.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'scaling.md'}: {len(runs)} runs, {len(laws)} laws")


def table(laws: list[Law], sweep: str) -> str:
    """One sweep's."""
    lines = [
        f"### Against {sweep}",
        "",
        "| learner | version | error of | at | exponent | floor | largest, held out | predicted | observed | holds "
        "| left out |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for x in (x for x in laws if x.sweep == sweep):
        law = x.law
        lines.append(
            f"| {x.learner} | {', '.join(x.versions)} | {MEASURES[x.measure]} | {PLACES[x.place]} "
            f"| {law.exponent:.2f} {_ends(law.exponent_interval)} "
            f"| {law.floor:.3g} | {law.held_out:.3g} | {law.predicted:.3g} {_ends(law.predicted_interval, '.3g')} "
            f"| {law.observed:.3g} | {x.outcome()} | {x.left_out or ''} |"
        )
    return "\n".join(lines)


def _ends(ends: tuple[float, float], digits: str = ".2f") -> str:
    return f"[{ends[0]:{digits}}, {ends[1]:{digits}}]"


def verdict(laws: list[Law]) -> str:
    """What all laws say together."""
    if not laws:
        return "Too few runs are in for any law."
    every, laws = len(laws), [x for x in laws if x.outcome() != MIXED]
    mixed = f" ({every - len(laws)} more are mixed)" if len(laws) < every else ""
    told = Counter(x.outcome() for x in laws)
    better = sum(x.law.observed < x.law.predicted_interval[0] for x in laws)
    pairs = defaultdict(dict)
    for x in laws:
        pairs[x.sweep, x.learner, x.measure][x.place] = x.law
    both = [p for p in pairs.values() if len(p) == 2]
    slower = sum(p["out"].exponent_interval[1] < p["in"].exponent_interval[0] for p in both)
    faster = sum(p["out"].exponent_interval[0] > p["in"].exponent_interval[1] for p in both)
    return (
        f"Of {len(laws)} laws{mixed} {told['yes']} held at the largest size that they had not seen, "
        f"{told['cannot tell']} cannot tell, {better} came out better and {told['no'] - better} worse than the smaller "
        f"runs said. Of {len(both)} pairs the exponent outside of the range of training is surely smaller in {slower} "
        f"and surely larger in {faster}; in the others "
        "the intervals overlap."
    )


def missing(runs: list[dict[str, Any]]) -> str:
    """What the benchmark's grid asks for and the store does not hold."""
    seeds = 1 + max(r["seed"] for r in runs)
    have = Counter(r["learner"] for r in runs)
    rows = []
    for learner in scaling.WAYS:
        want = seeds * len(list(scaling.points(learner)))
        if have[learner] < want:
            rows.append(f"{learner} ({want - have[learner]} of {want})")
    return f" Not run yet: {', '.join(rows)}." if rows else ""


def costs(runs: list[dict[str, Any]]) -> str:
    """CPU seconds."""
    lines = [
        "| learner | size | weights | updates | base point | most data | largest | most updates |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for learner, way in scaling.WAYS.items():
        points = {
            "base": (scaling.BASE_DATA, way.size, way.base),
            "data": (max(scaling.DATA), way.size, way.base),
            "size": (scaling.BASE_DATA, max(way.sizes, default=-1), way.base),
            "updates": (scaling.BASE_DATA, way.size, max(way.updates, default=-1)),
        }
        at = {
            k: [r for r in runs if (r["learner"], r["data"], r["size"], r["updates"]) == (learner, *p)]
            for k, p in points.items()
        }
        if at["base"]:
            told = [f"{np.median([r['cpu_seconds'] for r in v]):.1f}" if v else "" for v in at.values()]
            weights = f"{np.median([r['weights'] for r in at['base']]):.0f}"
            lines.append(
                f"| {learner} | {way.size or ''} | {weights} | {way.base or ''} | {' | '.join(told)} |"
            )
    return "\n".join(lines)


def patience(runs: list[dict[str, Any]]) -> str:
    """Replayed on what the judge said of every snapshot."""
    lines = [
        "| learner | patience | trainings | updates saved | missed a better one | valid time lost then |",
        "|---|---|---|---|---|---|",
    ]
    for learner, trainings in trainings_of(runs).items():
        for allowed in (1, 2, 3):
            saved, lost = [], []
            for snapshots in trainings:
                end = stopped(snapshots, allowed)
                saved.append(1 - snapshots[end][0] / snapshots[-1][0])
                early, late = (min(s, key=_rank) for s in (snapshots[: end + 1], snapshots))
                if _rank(late) < _rank(early):  # valid times may be equal even so
                    lost.append(late[1] - early[1])
            mean = f"{np.mean(lost):.2f}" if lost else ""
            lines.append(
                f"| {learner} | {allowed} | {len(trainings)} | {np.mean(saved):.0%} "
                f"| {len(lost) / len(trainings):.0%} | {mean} |"
            )
    return "\n".join(lines)


def trainings_of(runs: list[dict[str, Any]]) -> dict[str, list[list[list[float]]]]:
    """Learner -> snapshots of each training that made enough of them for a patience."""
    found: dict[str, list[list[list[float]]]] = defaultdict(list)
    for r in runs:
        found[r["learner"]].extend(t for t in r["snapshots"] if len(t) >= 4)
    return {k: v for k, v in found.items() if v}


def made(runs: list[dict[str, Any]]) -> str:
    """Versions and processors, with the number of runs of each."""
    keys = ("gnomon", "jax", "processor")
    told = Counter(
        f"{r['learner']} {r['learner_version']} ({', '.join(f'{k} {r[k]}' for k in keys)})"
        if "learner_version" in r
        else f"{r['learner']} ({OLD})"
        for r in runs
    )
    return "; ".join(f"{name}: {count} runs" for name, count in sorted(told.items()))


def unversioned(runs: list[dict[str, Any]], laws: list[Law]) -> str:
    """Runs of unknown versions, and laws that are fitted to several."""
    every = Counter(r["learner"] for r in runs)
    old = Counter(r["learner"] for r in runs if version_of(r) == UNKNOWN)
    mixed = dict.fromkeys(f"{x.learner} against {x.sweep}" for x in laws if len(x.versions) > 1)
    told = ", ".join(f"{name} ({count} of {every[name]})" for name, count in old.items())
    return (
        f" Runs without a version of their learner, which the benchmark will make again: {told}."
        if old
        else ""
    ) + (f" Over more than one version: the laws of {', of '.join(mixed)}." if mixed else "")


def stopped(snapshots: list[list[float]], allowed: int) -> int:
    """Index of the last snapshot made under a patience."""
    ranks = [_rank(s) for s in snapshots]
    for at in range(len(ranks)):
        seen = ranks[: at + 1]
        if at - seen.index(min(seen)) >= allowed:
            return at
    return len(ranks) - 1


def _rank(snapshot: list[float]) -> tuple[float, float, float]:
    """As `training.free_run.Verdict` ranks: divergence, valid time, error."""
    return (snapshot[3], -snapshot[1], snapshot[2])


def write_csv(path: Path, runs: list[dict[str, Any]]) -> None:
    """A row a run."""
    plain = ("learner", "data", "size", "updates", "seed", "observations", "weights", "compute")
    kinds = ("one_step", "valid_time", "nrmse", "diverged")
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        names = [f"{k}_{p}" for p in PLACES for k in kinds]
        out.writerow([*plain, "cpu_seconds", *names, "learner_version"])
        for r in runs:
            told = [f"{r[p][k]:.5g}" for p in PLACES for k in kinds]
            out.writerow([*(r[k] for k in plain), f"{r['cpu_seconds']:.2f}", *told, version_of(r)])


def figure(runs: list[dict[str, Any]], laws: list[Law]) -> dict[str, Any]:
    """A column a sweep, a row a measure and place."""
    columns = [column(runs, laws, sweep, axis) for sweep, axis in SWEEPS.items()]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "white",
        # a browser's letters are wider than those measured here
        "padding": {"left": 5, "right": 30, "top": 5, "bottom": 5},
        "hconcat": [c for c in columns if c],
        "config": {"view": {"stroke": None}, "axis": {"gridColor": "#e6e6e6", "domain": False}, "font": "sans-serif"},
    }  # fmt: skip


def column(runs: list[dict[str, Any]], laws: list[Law], sweep: str, axis: str) -> dict[str, Any] | None:
    """One-step error and valid time, in and out."""
    own = {name: of_sweep(runs, sweep, name) for name in scaling.WAYS}
    own = {k: v for k, v in own.items() if len({r[axis] for r in v}) > 1}
    if not own:
        return None
    titles = {"data": "observations", "size": "weights", "compute": "updates x weights"}
    x = {
        "field": "x",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False},
        "title": titles[sweep],
    }
    x["axis"] = {"format": "~s", "tickCount": 5}
    panels = []
    for measure, place in ((m, p) for m in MEASURES for p in PLACES):
        values, lines = [], []
        for name, found in own.items():
            for at in sorted({r[axis] for r in found}):
                seeds = [r[place][measure] for r in found if r[axis] == at]
                if np.nanmedian(seeds) > 0:
                    values.append({"x": at, "y": float(np.nanmedian(seeds)), "learner": name})
        for fitted in (f for f in laws if (f.sweep, f.measure, f.place) == (sweep, measure, place)):
            ends = [r[axis] for r in own[fitted.learner]]
            for at in np.geomspace(min(ends), max(ends), 25):
                error = fitted.law.floor + fitted.law.scale * at**-fitted.law.exponent
                y = 1 / error if measure == "valid_time" else error
                lines.append({"x": float(at), "y": float(y), "learner": fitted.learner})
        word = "one-step error" if measure == "one_step" else "valid time"
        y = {
            "field": "y",
            "type": "quantitative",
            "scale": {"type": "log"},
            "title": f"{word}, {PLACES[place]}",
        }
        legend = {"labelLimit": 0}
        who = {
            "field": "learner",
            "type": "nominal",
            "title": None,
            "sort": list(scaling.WAYS),
            "legend": legend,
        }
        colour = {**who, "scale": {"domain": list(scaling.WAYS), "range": list(COLOURS)}}
        shape = {**who, "scale": {"domain": list(scaling.WAYS), "range": list(SHAPES)}}
        encoding = {"x": x, "y": y, "color": colour}
        panels.append({
            "width": 230,
            "height": 130,
            "layer": [
                {"data": {"values": lines}, "mark": {"type": "line", "opacity": 0.6}, "encoding": encoding},
                {
                    "data": {"values": values},
                    "mark": {"type": "point", "filled": True, "opacity": 1},
                    "encoding": encoding | {"shape": shape},
                },
            ],
        })  # fmt: skip
    return {"vconcat": panels, "title": f"against {sweep}"}


if __name__ == "__main__":
    main()
