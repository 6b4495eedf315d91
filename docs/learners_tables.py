"""Tables of docs/learners-results.md: rows of files to lines of the page, each with what it shows in words."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from docs.chaos_ranking import KNOWING, LARGE, interval
from docs.fields_tables import Row, number, shown, table
from docs.learners_claims import FROM, QUICK, TO, growths, speed_ratios
from gnomon.numerics.fates import FATES
from gnomon.spec.registry import build
from validation.pretrained.compare import BESIDE, CORPORA

COLOURS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito's, told apart by all eyes
DASHES = ("", "7 3", "2 3", "10 3 2 3", "4 2")
WIDE, TALL, EDGE = 640, 340, 56  # of the figure, in pixels; its border
BASELINES = ("analogue", "linear")  # that have settings to choose
PAPERS = (
    "gtf",
    "alrnn",
    "phyxmamba",
    "regularised_nde",
    "koopman",
    "hybrids",
    "chaos_rest",
)  # studies that ask a paper's question, and what is asked nowhere else
SCORES = {
    "valid_time": "NRMSE 0.4", "valid_time_smape": "sMAPE 30", "attractor": "D_stsp (floor)",
    "attractor_mixture": "D_stsp, mixture (floor)", "spectrum_hellinger": "D_H (floor)",
}  # fmt: skip


def gradients(rows: list[Row]) -> list[str]:
    """Median and largest norm by length, then the growth."""
    norms: dict[tuple[str, int], list[float]] = defaultdict(list)
    levels = {r["forcing"]: (r["sigma"], r["level"]) for r in rows}
    for r in rows:
        norms[r["forcing"], int(r["steps"])].append(float(r["norm"]))
    heads = [
        name if not sigma else f"{name}: a = {number(level):.3f}" for name, (sigma, level) in levels.items()
    ]
    body = [
        [f"{n:,}", *(f"{np.median(norms[k, n]):.3g} ({max(norms[k, n]):.3g})" for k in levels)]
        for n in sorted({n for _, n in norms})
    ]
    said = ", ".join(f"{name} {x:.3g} ({rate:+.3f})" for name, (x, rate) in growths(rows).items())
    count = len({r["sequence"] for r in rows})
    return [
        f"Norm of the gradient, median (largest) of {count} sequences:",
        "",
        *table(("steps", *heads), body),
        "",
        f"From {FROM} to {TO:,} steps the median grows so many times (rate, in units of time): {said}. Without",
        "forcing it is the network's own free run that decides the rate, not the flow, whose exponent is 0.906.",
        "`shallow_plrnn` trains at 0.2, 0.1 or the arithmetic estimate, and cuts gradients off at a",
        "norm of 10: compare these strengths with the ones above.",
        "",
        "![Norm of the gradient against the length of the sequence](results/learners-gradients.svg)",
        "",
        "Figure: medians; bars from the smallest to the largest sequence. Both axes are logarithmic.",
    ]


def gradients_figure(rows: list[Row]) -> str:
    """The same as lines, each with its name at the end, in colours and dashes that tell them apart."""
    norms: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for r in rows:
        norms[r["forcing"]][int(r["steps"])].append(float(r["norm"]))
    every = [v for own in norms.values() for found in own.values() for v in found]
    steps = sorted({n for own in norms.values() for n in own})
    low, high = np.floor(np.log10(min(every))), np.ceil(np.log10(max(every)))
    wide, tall = WIDE - 2 * EDGE - 70, TALL - 2 * EDGE

    def across(n: float) -> float:
        return EDGE + wide * float(np.log(n / steps[0]) / np.log(steps[-1] / steps[0]))

    def up(v: float) -> float:
        return EDGE / 2 + tall * float((high - np.log10(v)) / (high - low))

    floor = up(10.0**low)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {TALL - EDGE / 2:.0f}" font-family="sans-serif" '
        'font-size="11">',
        "<title>Norm of the gradient against the length of the sequence</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{EDGE}" y="{EDGE / 2 - 12:.0f}" fill="#333">norm of the gradient</text>',
    ]
    every_other = max(1, int((high - low) // 6))
    for power in range(int(low), int(high) + 1, every_other):
        y = up(10.0**power)
        parts.append(f'<path d="M{EDGE},{y:.1f} H{EDGE + wide}" stroke="#dddddd"/>')
        parts.append(
            f'<text x="{EDGE - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#333">10<tspan dy="-4" font-size="8">'
            f"{power}</tspan></text>"
        )
    for n in steps:
        parts.append(
            f'<text x="{across(n):.1f}" y="{floor + 16:.1f}" text-anchor="middle" fill="#333">{n}</text>'
        )
    parts.append(
        f'<text x="{EDGE + wide / 2:.0f}" y="{floor + 34:.1f}" text-anchor="middle" fill="#333">'
        "steps of the sequence</text>"
    )
    # names stand at the ends of their lines, pushed apart where lines end close together
    order = sorted(norms, key=lambda k: up(float(np.median(norms[k][steps[-1]]))))
    places: dict[str, float] = {}
    for k in order:
        wanted = up(float(np.median(norms[k][steps[-1]]))) + 4
        places[k] = max([wanted, *(p + 13 for p in places.values())])
    for i, (name, own) in enumerate(norms.items()):
        colour, dashes = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
        line = " ".join(f"{across(n):.1f},{up(float(np.median(own[n]))):.1f}" for n in steps)
        parts.append(
            f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        parts += [
            f'<path d="M{across(n):.1f},{up(min(own[n])):.1f} V{up(max(own[n])):.1f}" stroke="{colour}" opacity=".5"/>'
            for n in steps
        ]
        parts.append(
            f'<text x="{EDGE + wide + 8}" y="{places[name]:.1f}" fill="{colour}" font-weight="bold">{name}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def regions(rows: list[Row]) -> list[str]:
    """A row for each network, then how many rectified units it took."""
    lines = table(
        (
            "world", "P", "seed", "D_stsp (floor)", "D_H (floor)", "regions visited", "by the truth", "of",
            "transitions apart (floor)", "words apart (floor)", "free runs", "CPU s",
        ),
        (
            [
                r["world"], r["rectified"], r["seed"], _beside(r, "d_stsp"), _beside(r, "d_h"), r["visited"],
                r["visited_by_truth"], r["possible"], _beside(r, "transitions"), _beside(r, "words"), r["fates"],
                r["seconds"],
            ]
            for r in rows
        ),
    )  # fmt: skip
    said = []
    for world in dict.fromkeys(r["world"] for r in rows):
        own = [r for r in rows if r["world"] == world]
        counts = sorted({int(r["rectified"]) for r in own})
        lives = {p: [r for r in own if int(r["rectified"]) == p] for p in counts}
        enough = [
            p
            for p, found in lives.items()
            if all(r["d_stsp"] and number(r["d_stsp"]) <= number(r["d_stsp_floor"]) for r in found)
        ]
        told = (
            f"P = {enough[0]} is the fewest at the floor on every seed"
            if enough
            else "none is at the floor on every seed"
        )
        said.append(f"{world}: of P = {', '.join(map(str, counts))}, {told}.")
    return [*lines, "", *said]


def _beside(row: Row, key: str) -> str:
    value = shown(row[key])
    return f"{value} ({shown(row[f'{key}_floor'])})" if value else ""


def labour(rows: list[Row]) -> list[str]:
    """By task, without what docs/chaos.md says at length."""
    return table(
        ("task", "penalty", "strength", "evaluations", "time", "error", "equal error"),
        (
            [r[k] for k in ("task", "penalty", "strength", "evaluations", "time", "error", "equal")]
            for r in rows
        ),
    )


def speed(rows: list[Row]) -> list[str]:
    """An update, then the way to a quality, then the ratio."""
    one = rows[0]
    lines = [f"On {one['cores']} cores, jax {one['jax']}, torch {one['torch'] or 'not installed'}.", ""]
    lines += table(
        ("milliseconds an update and seed", "wall", "CPU", "torch takes, wall", "CPU"),
        (
            [r["name"], *(shown(r[k]) for k in ("wall", "cpu", "torch_wall", "torch_cpu"))]
            for r in rows
            if r["of"] == "an update"
        ),
    )
    lines += ["", *table(
        ("until valid forecasts of", "who", "seeds that reached it", "updates, median", "best", "wall s", "CPU s"),
        (
            [
                f"{number(r['quality']):g} Lyapunov times", r["name"],
                f"{r['reached']} of {r['seeds']}" if r["reached"] else "", shown(r["updates"], ".0f"),
                shown(r["best"], ".2f"), shown(r["wall"]), shown(r["cpu"]),
            ]
            for r in rows
            if r["of"] == "quality"
        ),
    )]  # fmt: skip
    ratios = speed_ratios(rows)
    told = ", ".join(f"{x:.1f} ({n} at once, quality {q:g})" for (q, n), x in ratios.items())
    aim = f"at least {QUICK:g} is the aim"
    return [
        *lines,
        "",
        f"CPU seconds of PyTorch over ours a seed, to the same quality: {told or 'no pair'}; {aim}.",
    ]


def integrator(rows: list[Row]) -> list[str]:
    """Valid time by the truth's number of substeps."""
    forecasters = list(dict.fromkeys(r["forecaster"] for r in rows))
    body = []
    for substeps in dict.fromkeys(r["substeps"] for r in rows):
        cells = [
            interval(
                [float(r["valid_time"]) for r in rows if (r["substeps"], r["forecaster"]) == (substeps, name)]
            )
            for name in forecasters
        ]
        body.append([substeps, *cells])
    return table(("substeps of the truth", *forecasters), body)


def pretrained(rows: list[Row]) -> list[str]:
    """Medians over held-out systems, bootstrapped over systems."""
    lines = []
    for noise in dict.fromkeys(r["noise"] for r in rows):
        own = [r for r in rows if r["noise"] == noise]
        systems = list(dict.fromkeys(r["system"] for r in own))
        picks = np.random.default_rng(0).integers(0, len(systems), (2000, len(systems)))
        body = []
        for method in dict.fromkeys(r["method"] for r in own):
            steps = np.array([float(r["valid_steps"]) for r in own if r["method"] == method])
            times = [float(r["valid_lyapunov"]) for r in own if r["method"] == method]
            low, high = np.percentile(np.median(steps[picks], axis=1), [2.5, 97.5])
            body.append(
                [method, f"{np.median(steps):.1f} [{low:.1f}, {high:.1f}]", f"{np.median(times):.2f}"]
            )
        lines += [
            f"{len(systems)} held-out systems, error of {float(noise):.0%}:",
            "",
            *table(("method", "valid steps, median", "Lyapunov times, median"), body),
            "",
            *_corpora(own, picks),
        ]
    return lines[:-1]


def _corpora(rows: list[Row], picks: np.ndarray) -> list[str]:
    """Does it matter what a forecaster was trained on? The difference system by system, where both were trained."""
    steps = {
        kind: [float(r["valid_steps"]) for r in rows if r["method"] == BESIDE + kind] for kind in CORPORA
    }
    if not all(steps.values()):
        return ["Networks trained again on either kind of systems: not run.", ""]
    more = np.subtract(steps["invented"], steps["catalogue"])
    low, high = np.percentile(np.median(more[picks], axis=1), [2.5, 97.5])
    return [
        f"Trained on invented flows less trained on the catalogue's, median over systems: {np.median(more):+.1f} steps "
        f"[{low:+.1f}, {high:+.1f}], longer on {int((more > 0).sum())} of {len(more)}.",
        "",
    ]


def studies(rows: list[Row]) -> list[str]:
    """Forecasts and free runs of the studies that ask a paper's question: means, floors of two truths, fates."""
    grouped: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for r in rows:
        if r["study"] in PAPERS:
            grouped[r["study"], r["world"], r["learner"]].append(r)
    if not grouped:
        return [f"No case of {', '.join(f'`{p}`' for p in PAPERS)} is kept."]
    body = []
    for place, found in grouped.items():
        cells = []
        for measure in SCORES:
            values = [float(r[measure]) for r in found if r[measure]]
            floors = [float(r[f"{measure}_floor"]) for r in found if r[f"{measure}_floor"]]
            floor = f" ({np.mean(floors):.2g})" if values and floors else ""
            cells.append(interval(values) + floor)
        body.append([*place, str(len({r["seed"] for r in found})), *cells, _rates(found)])
    return table(("study", "world", "learner", "seeds", *SCORES.values(), "free runs"), body)


def fates(cases: list[Row] | None, runs: list[Row] | None) -> list[str]:
    """Shares of free runs by fate: of the page of attractors, then of the studies."""
    body = []
    grouped: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for r in runs or ():
        grouped["attractors", r["world"], r["learner"]].append(r)
    for (where, world, name), found in grouped.items():
        counts = {f: sum(r["fate"] == f for r in found) for f in FATES}
        body.append([where, world, name, str(len(found)), *_shares(counts, len(found)), ""])
    told: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for r in cases or ():
        if any(r[f] for f in FATES):
            told[r["study"], r["world"], r["learner"]].append(r)
    for place, found in told.items():
        counts = {f: int(sum(number(r[f] or "0") for r in found)) for f in FATES}
        truth = {f: int(sum(number(r[f"truth_{f}"] or "0") for r in found)) for f in FATES}
        beside = ", ".join(f"{n} {f}" for f, n in truth.items() if n)
        body.append([*place, str(sum(counts.values())), *_shares(counts, sum(counts.values())), beside])
    if not body:
        return ["No free run is kept."]
    return table(("from", "world", "learner", "free runs", *FATES, "truth"), body)


def _shares(counts: dict[str, int], total: int) -> list[str]:
    return [f"{n / total:.0%}" if n else "" for n in counts.values()]


def _rates(found: Sequence[Row]) -> str:
    counts = {f: int(sum(number(r[f] or "0") for r in found)) for f in FATES}
    return ", ".join(f"{n} {f}" for f, n in counts.items() if n)


def budgets(cases: list[Row] | None) -> list[str]:
    """What each learner may try by default, and what it tried and cost in the kept studies."""
    spent: dict[str, list[Row]] = defaultdict(list)
    for r in cases or ():
        spent[r["kind"]].append(r)
    body = []
    for name in dict.fromkeys((*KNOWING, *LARGE, *BASELINES)):
        made: Any = build("learners", name)
        tried = sorted({int(number(r["tried"])) for r in spent[name] if r["tried"]})
        seconds = [number(r["seconds"]) for r in spent[name] if r["seconds"]]
        body.append([
            f"`{name}`", str(getattr(made, "budget", "")), str(getattr(made, "seeds", "")), _updates(made),
            " to ".join(map(str, dict.fromkeys((tried[0], tried[-1])))) if tried else "",
            f"{np.median(seconds):.0f}" if seconds else "", str(len(spent[name]) or ""),
        ])  # fmt: skip
    heads = (
        "learner",
        "settings, at most",
        "fits of each",
        "updates of each",
        "tried in studies",
        "s to fit",
        "cases",
    )
    counts = sorted({int(row[1]) for row in body if row[1]})
    return [
        *table(heads, body),
        "",
        f"Budgets are stated and not equal: from {counts[0]} to {counts[-1]} settings by default.",
    ]


def _updates(made: Any) -> str:
    return f"{made.updates:,}" if hasattr(made, "updates") else ""
