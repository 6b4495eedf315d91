"""Writes docs/attractors.md and its figure from the rows in docs/attractors: `make attractors`.

python benchmarks/attractor_statistics.py --folder docs/attractors   # hours; what is there is not run again
python -m docs.attractors_page
"""

import csv
import io
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks import attractor_statistics
from gnomon.learners.almost_linear_topology import rest_points
from gnomon.spec.registry import build

HERE = Path(__file__).parent
FOLDER = HERE / "attractors"
# Of the truth pairs: D_stsp at most this percentile, D_H this many times their mean; means are drawn so many times.
PERCENTILE, FACTOR, DRAWS = 95, 1.5, 10_000
OLD = "before versions were kept"
SIZE, SHOWN, GAP = 190, 2500, 16  # of a panel of the figure, in pixels; steps drawn
TEXT = """# Attractors: does a free run live where the truth lives?

Written by `make attractors`: `benchmarks/attractor_statistics.py` fits and runs (what is there and of the learner's
present version is not run again), `docs/attractors_page.py` writes this page from its rows in
`docs/attractors`.{missing}{unversioned}

Every learner sees {observations:,} observations, the published number ({trajectories}), and is then left alone
for {steps:,} steps, {runs} times (Lorenz-96: a fifth as many). *D_stsp* is the divergence of the histograms of
states, 30 bins an axis (Lorenz-96: of Gaussian mixtures of variance 1, since a histogram of twenty numbers is
empty); a run that leaves the truth's box is charged for it, and the form as published, which drops what has
left, stands beside. *D_H* is the Hellinger distance of the spectra. *Two truths* are {pairs} disjoint pairs of
true runs of the same length: the floor. *At the floor*: D_stsp at or below their {percentile}th percentile, which is no
proof of the same attractor, and D_H at most {factor} times their mean. Means over n = {runs} runs of one fit. A mean
of {runs} scatters less than a pair, so the {percentile}th percentile of means of {runs} pairs stands there too (pairs
drawn with replacement, {draws:,} times), and *of means* says whether the learner's mean is at or below that. A
learner's seed changes data and weights; {seeds}. The scatter of trainings is not the scatter of runs.

*Tuning.* `sindy`, `nvar` and `echo_state` have the search of their defaults. The settings of the networks were set by
hand (`ROWS` in the benchmark; below, what each was) and not by a search under a budget: trials that are not in this
repository, by the same distances, on the first data seed. How many were tried the files do not tell, so a network's
row is the best of several. In each row the best of its seeds and snapshots by validation data is kept.

{tables}

## Beside the published numbers

{published}

![Reconstructed attractors beside the truth](attractors/attractors.svg)

Figure: the last {shown:,} steps of the first run of each learner, first against last variable; the truth in grey.

## The symbolic code of the almost-linear network

{codes}

## What was trained

{trained}

Every run of every row: [attractors.csv](attractors/attractors.csv).
"""
PUBLISHED = """Second-hand, for generalised teacher forcing (arXiv 2306.04406): D_stsp 0.26 on Lorenz-63 (histogram)
and 1.68 on Lorenz-96 with 20 sites (mixture, whose variance and number of points decide the value: ours are 1 and
10,000). The published histogram drops what has left the box; compare it with the column "as published". Two truths do
not score 0: 0.26 says little without its floor.

The almost-linear network of two rectified units that its authors ship (arXiv 2410.14240, `lorenz_m20_p2`) is scored
by the same measures with `benchmarks/published_almost_linear.py`, which needs their files. It prints fixed points from
the mean, in standard deviations of each variable; there the truth rests at
{rests}.
(Further below, fixed points and rests are from zero, each variable over its declared scale.)

{shipped}"""


def main() -> None:
    """Write the page, the figure and the table."""
    rows = [
        json.loads(p.read_text()) | {"name": p.stem}
        for p in sorted(FOLDER.glob("*.json"))
        if not p.stem.startswith("floor-")
    ]
    if not rows:
        raise SystemExit(f"{FOLDER} holds no rows; benchmarks/attractor_statistics.py makes them")
    kept = {p.stem.removeprefix("floor-"): json.loads(p.read_text()) for p in FOLDER.glob("floor-*.json")}
    check_lengths(rows, {kind: floor["steps"] for kind, floor in kept.items()})
    floors = {kind: floor["pairs"] for kind, floor in kept.items()}
    worlds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        worlds[row["world"]].append(row)
    first = rows[0]
    text = TEXT.format(
        observations=first["observations"],
        trajectories="in trajectories of 5,000, and a fifth as many more for validation",
        steps=first["steps"],
        runs=len(first["runs"]),
        pairs=first["floor_pairs"],
        percentile=PERCENTILE,
        factor=FACTOR,
        draws=DRAWS,
        seeds=seeds_of(rows),
        missing=missing(rows),
        unversioned=unversioned(rows),
        tables="\n\n".join(
            table(name, group, floors[kind_of(name)]) for name, group in sorted(worlds.items())
        ),
        published=PUBLISHED.format(rests=rests(), shipped=shipped()),
        shown=SHOWN,
        codes="\n\n".join(code(row) for row in rows if row["code"]) or "No row with a code was run.",
        trained="\n".join(trained(row) for row in rows),
    )
    (FOLDER / "attractors.svg").write_text(figure(portrayed(rows)), encoding="utf-8")
    (FOLDER / "attractors.csv").write_text(as_csv(rows), encoding="utf-8")
    (HERE / "attractors.md").write_text(text, encoding="utf-8")
    print(f"wrote {HERE / 'attractors.md'}: {len(rows)} rows")


def shipped() -> str:
    """What the benchmark of the authors' network printed, if somebody who has their files kept it."""
    place = FOLDER / "published.txt"
    return f"```text\n{place.read_text().strip()}\n```" if place.exists() else "(not run)"


def seeds_of(rows: list[dict[str, Any]]) -> str:
    """Which data seeds were run."""
    seeds = sorted({row["seed"] for row in rows})
    return (
        f"only seed {seeds[0]} was run" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))} were run"
    )


def missing(rows: list[dict[str, Any]]) -> str:
    """Rows of the benchmark that are not there for any seed."""
    done = {row["name"].rpartition("-")[0] for row in rows}
    names = [f"`{name}`" for name in attractor_statistics.ROWS if name not in done]
    return f"\n\nRows of the benchmark that were not run yet: {', '.join(names)}." if names else ""


def unversioned(rows: list[dict[str, Any]]) -> str:
    """Rows of which the learner's version is not known."""
    names = [f"`{row['name']}`" for row in rows if "learner_version" not in row]
    return (
        f"\n\nRows without a version of their learner, made {OLD}, which the benchmark will run again: "
        f"{', '.join(names)}. Their fates were told before a run far beyond the attractor counted as exploded: where "
        "nothing left the box that changes nothing."
        if names
        else ""
    )


def check_lengths(rows: list[dict[str, Any]], floors: dict[str, int]) -> None:
    """A row stands beside a floor of the same length or not at all."""
    for row in rows:
        steps = floors.get(kind_of(row["world"]))
        if steps != row["steps"]:
            raise SystemExit(
                f"{row['name']} is of {row['steps']} steps, its floor of {steps or 'none'}; "
                "benchmarks/attractor_statistics.py makes both anew at one length (--steps)"
            )


def rests() -> str:
    """Where the truth of Lorenz rests, from its mean and in its standard deviations."""
    kind, args = attractor_statistics.WORLDS[attractor_statistics.EXACT]
    world = build("worlds", kind, args)
    with jax.enable_x64(True):
        truth = attractor_statistics.truths_of(world, 1, 100_000, seed=98)[0]
        scales = np.array([v.scale for v in world.card.variables])
        points = np.array(rest_points(world, truth * scales)) / scales
        points = (points - truth.mean(axis=0)) / truth.std(axis=0)
    return "; ".join("(" + ", ".join(f"{x:.2f}" for x in p) + ")" for p in points)


def kind_of(world: str) -> str:
    """The world's registered name in a heading."""
    return world.split(",")[0].split(" ")[0]


def verdicts(row: dict[str, Any], pairs: list[dict[str, float]]) -> dict[str, float]:
    """Means over the runs that lived, and what they are held against."""
    lived = [r for r in row["runs"] if r]
    means = {k: float(np.mean([r[k] for r in lived])) if lived else np.inf for k in pairs[0]}
    ceiling = float(np.percentile([p["ours"] for p in pairs], PERCENTILE))
    of_means = float(np.percentile(means_of(pairs, len(row["runs"])), PERCENTILE))
    spectral = FACTOR * float(np.mean([p["spectral"] for p in pairs]))
    whole = len(lived) == len(row["runs"])
    return means | {
        "states_met": whole and means["ours"] <= ceiling,
        "means_met": whole and means["ours"] <= of_means,
        "spectrum_met": whole and means["spectral"] <= spectral,
        "below": sum(r["ours"] <= ceiling for r in lived),
    }


def means_of(pairs: list[dict[str, float]], count: int, key: str = "ours") -> np.ndarray:
    """[draw] means of as many pairs as a learner has runs."""
    values = np.array([p[key] for p in pairs])
    return np.random.default_rng(0).choice(values, (DRAWS, count)).mean(axis=1)


def table(world: str, rows: list[dict[str, Any]], pairs: list[dict[str, float]]) -> str:
    """One world: the floor, then every learner, the best first."""
    keys = ("ours", "published", "spectral", "escaped")
    lines = [
        f"## {world}",
        "",
        "| | seed | D_stsp | as published | at the floor | of means | D_H | at the floor | left the box | fates |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for what, of in (("mean", np.mean), (f"{PERCENTILE} %", lambda x: np.percentile(x, PERCENTILE))):
        ours, published, spectral, escaped = (float(of([p[k] for p in pairs])) for k in keys)
        lines.append(
            f"| *two truths, {what}* | | {ours:.3f} | {published:.3f} | | | {spectral:.4f} | | {escaped:.2%} | |"
        )
    for count in sorted({len(row["runs"]) for row in rows}):
        told = [float(np.percentile(means_of(pairs, count, k), PERCENTILE)) for k in keys]
        lines.append(
            f"| *two truths, {PERCENTILE} % of means of {count}* | | {told[0]:.3f} | {told[1]:.3f} | | "
            f"| {told[2]:.4f} | | {told[3]:.2%} | |"
        )
    for row in sorted(rows, key=lambda r: verdicts(r, pairs)["ours"]):
        v = verdicts(row, pairs)
        fates = ", ".join(f"{row['fates'].count(f)} {f}" for f in dict.fromkeys(row["fates"]))
        lines.append(
            f"| {row['learner']} | {row['seed']} | {v['ours']:.3f} | {v['published']:.3f} | "
            f"{'**yes**' if v['states_met'] else 'no'} ({v['below']} of {len(row['runs'])} runs) | "
            f"{'**yes**' if v['means_met'] else 'no'} | {v['spectral']:.4f} | "
            f"{'**yes**' if v['spectrum_met'] else 'no'} | {v['escaped']:.2%} | {fates} |"
        )
    return "\n".join(lines)


def code(row: dict[str, Any]) -> str:
    """Regions, graph, lobes, words and fixed points of one network."""
    c = row["code"]
    free, truth = c["free"], c["truth"]
    apart = (
        ("shares of regions", "shares_apart"),
        ("transitions between regions", "transitions_apart"),
        ("words of six turns, seen from outside", "words_apart"),
    )
    lines = [
        f"### {row['world']}, seed {row['seed']}",
        "",
        f"{free['regions']} of {free['possible']} regions are visited by the free run ({_shares(free)}), "
        f"{truth['regions']} by the truth that drives the same network ({_shares(truth)}).",
        "",
        "| total variation of | network against truth | truth against truth |",
        "|---|---|---|",
        *(f"| {what} | {c[key]:.3f} | {c[key + '_floor']:.3f} |" for what, key in apart),
        "",
        f"The region tells {c['sides_told']:.0%} of the entropy of the side (first variable above or below its mean).",
        "",
        "| fixed point of region | real | at (standard deviations) | largest eigenvalue, modulus |",
        "|---|---|---|---|",
    ]
    for p in c["fixed_points"]:
        at = ", ".join(f"{x:.2f}" for x in p["at"])
        lines.append(f"| {p['symbol']} | {'yes' if p['real'] else 'virtual'} | {at} | {p['largest']:.5f} |")
    rests = "; ".join("(" + ", ".join(f"{x:.2f}" for x in p) + ")" for p in c["rest_points"])
    return "\n".join([*lines, "", f"The truth rests at {rests}."])


def _shares(summary: dict[str, Any]) -> str:
    return ", ".join(f"{s}: {x:.3f}" for s, x in zip(summary["symbols"], summary["shares"], strict=True))


def trained(row: dict[str, Any]) -> str:
    """Settings of one row and what it cost."""
    settings = ", ".join(f"{k} {v}" for k, v in row["settings"].items()) or "defaults"
    chosen = ", ".join(f"{k} {v}" for k, v in dict(row["chosen"]).items())
    return (
        f"* {row['learner']}, {row['world']}, seed {row['seed']}: {settings}; chosen {chosen}; "
        f"{row['cpu_seconds']:.0f} CPU seconds; {made(row)}."
    )


def made(row: dict[str, Any]) -> str:
    """By which version, with what."""
    if "learner_version" not in row:
        return OLD
    return f"version {row['learner_version']}, " + ", ".join(
        f"{k} {row[k]}" for k in ("gnomon", "jax", "processor")
    )


def portrayed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first seed of every learner and world: all of them make a figure of more than a megabyte."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda r: r["seed"]):
        if kind_of(row["world"]) != "lorenz96":
            first.setdefault((row["world"], row["learner"]), row)
    return list(first.values())


def figure(rows: list[dict[str, Any]]) -> str:
    """Panels of the first against the last variable, the truth in grey behind."""
    across = min(4, len(rows)) or 1
    cell = SIZE + GAP
    down = -(-len(rows) // across)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across * cell} {down * (cell + 30)}" '
        f'font-family="sans-serif" font-size="10">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for i, row in enumerate(rows):
        x, y = GAP / 2 + (i % across) * cell, 30 + (i // across) * (cell + 30)
        truth, run = (np.array(row[k])[-SHOWN:] for k in ("truth", "shown"))
        both = np.concatenate([truth, run])
        low, span = both.min(axis=0), np.maximum(np.ptp(both, axis=0), 1e-9)
        parts.append(f'<text x="{x}" y="{y - 18}" fill="#222">{row["learner"]}, seed {row["seed"]}</text>')
        parts.append(f'<text x="{x}" y="{y - 6}" fill="#777">{row["world"]}</text>')
        for series, colour in ((truth, "#c8c8c8"), (run, "#0072b2")):
            at = (series - low) / span * [SIZE, -SIZE] + [x, y + SIZE]
            path = "M" + " ".join(f"{a:.1f},{b:.1f}" for a, b in at)
            parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width=".5"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def as_csv(rows: list[dict[str, Any]]) -> str:
    """A line a run."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("world", "learner", "seed", "run", "d_stsp", "d_stsp_published_form", "d_h", "escaped", "fate")
    )
    for row in rows:
        for n, (run, fate) in enumerate(zip(row["runs"], row["fates"], strict=True)):
            values = (
                [f"{run[k]:.6g}" for k in ("ours", "published", "spectral", "escaped")] if run else [""] * 4
            )
            writer.writerow((row["world"], row["learner"], row["seed"], n, *values, fate))
    return out.getvalue()


if __name__ == "__main__":
    main()
