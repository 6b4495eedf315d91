"""Writes docs/edge-of-chaos.md and the data and figure behind it: is a sequence recalled best near the edge of chaos?

    python docs/edge_of_chaos_page.py                 # runs the networks, about ten minutes of one core, and writes
    all python docs/edge_of_chaos_page.py --keep          # writes page and figure again from the data that are
    there

The table of spectral edges on the page is that of `python benchmarks/hebbian_edges.py --write docs/edge-of-chaos`.
"""

import argparse
import csv
import json
import textwrap
import time
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.numerics.hebbian_dynamics import Network, leading_exponents, overlaps, recall
from gnomon.numerics.hebbian_edges import onset, spectral_edges
from gnomon.numerics.hebbian_sample import eigenvalues, random_patterns
from gnomon.report.figures import render

HERE = Path(__file__).parent
FOLDER = HERE / "edge-of-chaos"
N, LOAD, WINDOWS = 400, 0.5, (1, 2, 3, 5)
RATIOS = (0.7, 0.9, 1.1, 1.4, 1.8, 2.3, 3.0, 4.0, 5.5, 7.5, 10.0, 14.0, 20.0)  # gains over theory's g_c
DRAWS, CUES, SUCCESSORS = 16, 2, 10
SETTLE, DURATION, RECALL_TIME, H = 150.0, 250.0, 50.0, 0.1
RESOLUTION = 2 / DURATION  # what an exponent of zero may show in a finite time
CLEARLY = 2 * RESOLUTION  # an exponent that counts as chaos in one trajectory
BOOTSTRAPS = 2000
COLUMNS = (
    "window", "g_c", "gain", "exponent", "exponent_error", "moving_percent", "chaotic_percent",
    "chaotic", "peak", "peak_error",
    "order", "order_error", "score", "score_error", "null_score", "null_error",
)  # fmt: skip


RAW = ("window", "network", "cue", "gain", "exponent", "speed", "peak", "order", "score", "null")


def weights(window: int) -> tuple[float, ...]:
    """Delays 1 to d, all at weight one; nothing ties a pattern to itself."""
    return (0.0,) + (1.0,) * window


def main() -> None:
    """Run or read, then write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="use the data that are there")
    parser.add_argument("--draws", type=int, default=DRAWS, help="networks for each window")
    options = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    if not options.keep:
        start = time.perf_counter()
        found = {d: measured(d, options.draws) for d in WINDOWS}
        rows = [row for d in WINDOWS for row in table(d, found[d])]
        verdicts = [verdict(d, found[d]) for d in WINDOWS]
        write_csv(FOLDER / "gains.csv", rows, COLUMNS)
        write_csv(FOLDER / "networks.csv", [row for d in WINDOWS for row in raw(d, found[d])], RAW)
        (FOLDER / "verdicts.json").write_text(json.dumps(verdicts, indent=1) + "\n", encoding="utf-8")
        print(f"measured in {time.perf_counter() - start:.0f} s")
    rows = read_csv(FOLDER / "gains.csv")
    verdicts = json.loads((FOLDER / "verdicts.json").read_text(encoding="utf-8"))
    (FOLDER / "edge-of-chaos.svg").write_bytes(render(figure(rows, verdicts), "svg"))
    edges = read_csv(FOLDER / "hebbian-edges.csv") if (FOLDER / "hebbian-edges.csv").exists() else []
    (HERE / "edge-of-chaos.md").write_text(page(rows, verdicts, edges), encoding="utf-8")
    print(f"wrote {HERE / 'edge-of-chaos.md'}")


def measured(window: int, draws: int) -> dict[str, np.ndarray]:
    """Everything of one window, each [draw, cue, gain]; every draw is a network of its own."""
    gains = onset(weights(window), LOAD) * np.asarray(RATIOS)
    found: dict[str, list[np.ndarray]] = {
        k: [] for k in ("exponent", "speed", "peak", "order", "score", "null")
    }
    for draw in range(draws):
        rng = np.random.default_rng([window, draw])
        xi = random_patterns(rng, round(LOAD * N), N)
        network = Network(xi, weights(window))
        firsts = [cue * len(xi) // CUES for cue in range(CUES)]
        every = np.tile(gains, CUES)
        starts = np.repeat(xi[firsts].T, len(gains), axis=1)
        exponent, speed = leading_exponents(
            network, starts, every, settle=SETTLE, duration=DURATION, rng=rng, h=H
        )
        recalled = []
        for first in firsts:
            shown = np.concatenate(
                [np.roll(xi, -first, 0)[: SUCCESSORS + 1], random_patterns(rng, SUCCESSORS + 1, N)]
            )
            cue = np.repeat(xi[first][:, None], len(gains), axis=1)
            seen, _ = overlaps(network, cue, gains, shown=shown, duration=RECALL_TIME, h=H)
            recalled.append((recall(seen[:, : SUCCESSORS + 1]), recall(seen[:, SUCCESSORS + 1 :])))
        found["exponent"].append(exponent.reshape(CUES, -1))
        found["speed"].append(speed.reshape(CUES, -1))
        for name in ("peak", "order", "score"):
            found[name].append(np.stack([getattr(own, name) for own, _ in recalled]))
        found["null"].append(np.stack([chance.score for _, chance in recalled]))
    return {k: np.asarray(v) for k, v in found.items()} | {"gain": gains}


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over draws and cues [gain], and its standard error over draws (cues share one)."""
    each = values.mean(1)
    return each.mean(0), each.std(0, ddof=1) / np.sqrt(len(each))


def is_chaotic(found: dict[str, np.ndarray]) -> np.ndarray:
    """[gain] whether the leading exponent is above zero by three standard errors and by what the time resolves."""
    value, error = mean_and_error(found["exponent"])
    return (value > 3 * error) & (value > RESOLUTION)


def table(window: int, found: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """One row a gain."""
    stats = {k: mean_and_error(v) for k, v in found.items() if k != "gain"}
    chaotic, moving = is_chaotic(found), 100 * (found["speed"] > 1e-3).mean((0, 1))
    parting = 100 * (found["exponent"] > CLEARLY).mean((0, 1))
    rows = []
    for i, gain in enumerate(found["gain"]):
        row: dict[str, Any] = {"window": window, "g_c": found["gain"][0] / RATIOS[0], "gain": gain}
        row |= {"moving_percent": moving[i], "chaotic_percent": parting[i], "chaotic": int(chaotic[i])}
        for name in ("exponent", "peak", "order", "score"):
            row |= {name: stats[name][0][i], f"{name}_error": stats[name][1][i]}
        rows.append(row | {"null_score": stats["null"][0][i], "null_error": stats["null"][1][i]})
    return rows


def raw(window: int, found: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """One row a trajectory."""
    return [
        {"window": window, "network": draw, "cue": cue, "gain": gain}
        | {k: found[k][draw, cue, i] for k in RAW[4:]}
        for draw, cue in np.ndindex(found["score"].shape[:2])
        for i, gain in enumerate(found["gain"])
    ]


def verdict(window: int, found: dict[str, np.ndarray]) -> dict[str, Any]:
    """Where rest ends, where chaos begins, where recall is best, with intervals from resampled draws."""
    excess = (found["score"] - found["null"]).mean(1)
    draws, gains = len(excess), found["gain"]
    rng = np.random.default_rng(window)
    onsets, bests, shares = [], [], []
    for _ in range(BOOTSTRAPS):
        pick = rng.integers(draws, size=draws)
        again = is_chaotic({"exponent": found["exponent"][pick]})
        curve = excess[pick].mean(0)
        bests.append(gains[curve.argmax()])
        onsets.append(gains[again.argmax()] if again.any() else np.nan)
        shares.append(curve[again.argmax()] / curve.max() if again.any() else np.nan)
    chaotic, curve = is_chaotic(found), excess.mean(0)
    where = int(chaotic.argmax()) if chaotic.any() else None
    ends = lambda x: [float(v) for v in np.nanquantile(x, [0.025, 0.975])]  # noqa: E731
    theory = float(gains[0] / RATIOS[0])
    return {
        "window": window, "g_c": theory, "draws": draws,
        "chaos_from": None if where is None else float(gains[where]), "chaos_from_95": ends(onsets),
        "not_chaotic_at": None if not where else float(gains[where - 1]),
        "best_at": float(gains[curve.argmax()]), "best_at_95": ends(bests),
        "best_score": float(curve.max()), "score_at_chaos": None if where is None else float(curve[where]),
        "share_of_best_at_chaos": None if where is None else float(curve[where] / curve.max()),
        "share_of_best_at_chaos_95": ends(shares),
        "score_at_g_c": float(np.interp(theory, gains, curve)),
        "chaotic_percent_at_best": 100 * float((found["exponent"][..., curve.argmax()] > CLEARLY).mean()),
    }  # fmt: skip


def write_csv(path: Path, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Six digits are more than the errors allow."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {k: f"{v:.6g}" if isinstance(v, float | np.floating) else v for k, v in r.items()} for r in rows
        )


def read_csv(path: Path) -> list[dict[str, Any]]:
    """Numbers as numbers."""

    def value(text: str) -> Any:
        try:
            return float(text)
        except ValueError:
            return text

    with open(path, newline="", encoding="utf-8") as file:
        return [{k: value(v) for k, v in row.items()} for row in csv.DictReader(file)]


def figure(rows: list[dict[str, Any]], verdicts: list[dict[str, Any]]) -> dict[str, Any]:
    """A column for each window: the spectrum with its edges, the exponent, recall."""
    columns = [column([r for r in rows if r["window"] == v["window"]], v) for v in verdicts]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "white",
        "hconcat": columns,
        "config": {"view": {"stroke": None}, "axis": {"gridColor": "#e6e6e6", "domain": False}, "font": "sans-serif"},
    }  # fmt: skip


def column(rows: list[dict[str, Any]], found: dict[str, Any]) -> dict[str, Any]:
    """The three panels of one window."""
    window = int(found["window"])
    gain = {
        "field": "gain",
        "type": "quantitative",
        "scale": {"type": "log", "nice": False},
        "title": "gain g",
    }
    rules = {
        "data": {
            "values": [
                {"gain": found["g_c"], "what": "g_c (theory)"},
                *([{"gain": found["chaos_from"], "what": "chaos from"}] if found["chaos_from"] else []),
            ]
        },
        "mark": {"type": "rule", "strokeWidth": 1.5},
        "encoding": {
            "x": gain,
            "strokeDash": {"field": "what", "title": None},
            "color": {"value": "#666666"},
        },
    }
    exponent = banded(
        [
            {
                "gain": r["gain"],
                "y": r["exponent"],
                "e": r["exponent_error"],
                "what": "leading exponent",
            }
            for r in rows
        ],
        gain,
        "leading exponent",
        3,
    )
    zero = {
        "data": {"values": [{"y": 0}]},
        "mark": {"type": "rule", "color": "#999999"},
        "encoding": {"y": {"field": "y", "type": "quantitative"}},
    }
    lines = [
        {"gain": r["gain"], "y": r[key], "e": r[error], "what": what}
        for r in rows
        for key, error, what in (
            ("score", "score_error", "recall score"),
            ("null_score", "null_error", "of patterns never stored"),
            ("peak", "peak_error", "mean peak"),
        )
    ]
    size = {"width": 220, "height": 150}
    return {
        "vconcat": [
            spectrum(window),
            {**size, "layer": [rules, zero, *exponent]},
            {**size, "layer": [rules, *banded(lines, gain, "overlap", 1.96)]},
        ],
        "resolve": {"scale": {"color": "independent", "x": "independent"}},
    }


def banded(
    values: list[dict[str, Any]], x: dict[str, Any], title: str, errors: float
) -> list[dict[str, Any]]:
    """Lines with a band of so many standard errors."""
    rows = [v | {"low": v["y"] - errors * v["e"], "high": v["y"] + errors * v["e"]} for v in values]
    colour = {"field": "what", "type": "nominal", "title": None, "legend": {"orient": "bottom", "columns": 1}}
    y = {"type": "quantitative", "title": f"{title} (band: {errors:g} errors)"}
    return [
        {
            "data": {"values": rows},
            "mark": {"type": "area", "opacity": 0.2},
            "encoding": {"x": x, "y": {"field": "low", **y}, "y2": {"field": "high"}, "color": colour},
        },
        {
            "data": {"values": rows},
            "mark": {"type": "line", "point": True},
            "encoding": {"x": x, "y": {"field": "y", **y}, "color": colour},
        },
    ]


def spectrum(window: int) -> dict[str, Any]:
    """Eigenvalues of one matrix of N = 500 and the edges that theory gives."""
    edges = spectral_edges(weights(window), LOAD)
    values = eigenvalues(
        weights(window), random_patterns(np.random.default_rng(window), round(LOAD * 500), 500)
    )
    curves = [edges.outer, *(v.edge for v in edges.voids)]
    curves += [v.edge.conj() for v in edges.voids if v.centre.imag > 1e-6]
    lines = [
        {"x": round(float(z.real), 4), "y": round(float(z.imag), 4), "curve": k, "i": i}
        for k, curve in enumerate(curves)
        for i, z in enumerate([*curve[:: max(1, len(curve) // 240)], curve[0]])
    ]
    reach = 1.08 * edges.max_abs
    x, y = (
        {"field": f, "type": "quantitative", "scale": {"domain": [-reach, reach]}, "title": t}
        for f, t in (("x", "Re z"), ("y", "Im z"))
    )
    return {
        "title": f"window d = {window}", "width": 220, "height": 220,
        "layer": [
            {
                "data": {"values": [{"x": round(float(z.real), 4), "y": round(float(z.imag), 4)} for z in values]},
                "mark": {"type": "circle", "size": 8, "color": "#4c78a8", "opacity": 0.6}, "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": lines}, "mark": {"type": "line", "color": "#d62728", "strokeWidth": 1.2},
                "encoding": {"x": x, "y": y, "detail": {"field": "curve"}, "order": {"field": "i"}},
            },
        ],
    }  # fmt: skip


TEXT = """# Is a sequence recalled best near the edge of chaos?

{answer}

## What was run

The network `deep_hebbian` (`gnomon.worlds.network.deep_hebbian`): dx/dt = -x + g J tanh x with
J = (1/N) sum_mu sum_r c_r xi^(mu+r) (xi^mu)^T. N = {n}, load {load:g} ({patterns} random patterns on a cycle), c_r
= 1 for the delays r = 1 … d and c_0 = 0; the window d is {windows}. {draws} networks for each window, drawn anew,
{cues} cues each, at {gains} gains. A run starts at a pattern, x = xi.

* *Rest loses stability* at g_c = 1 / max Re z, from theory for N without end (`gnomon.numerics.hebbian_edges`). That
  is a statement on x = 0 and not on chaos.
* *Chaos*: the largest Lyapunov exponent, over {duration:g} time units after {settle:g}, is above zero by three
  standard errors over networks and above {resolution:g}, which is what a cycle's exponent of zero may show in that
  time. It is tested apart from g_c.
* *Recall*: overlaps m(t) = (1/N) sum xi tanh x with the {successors} successors of the cue, for {recall:g} time
  units. The score is the mean over successors of the highest overlap, counted as 0 where it does not come after its
  predecessor's; the same of patterns that were never stored is taken off. Best means the highest such score on the
  grid of gains.

Intervals are 95 %, from networks drawn again with replacement, and no finer than the grid of gains.

## What came out

![For each window: eigenvalues and theory's edges; the leading exponent; recall](edge-of-chaos/edge-of-chaos.svg)

{table}

All gains: [gains.csv](edge-of-chaos/gains.csv); all trajectories: [networks.csv](edge-of-chaos/networks.csv);
the table above: [verdicts.json](edge-of-chaos/verdicts.json).
`python docs/edge_of_chaos_page.py` makes them again.

## What misleads

* A score needs overlaps, and overlaps need activity: below g_c the network falls silent, and recall is small
  whatever it knows. That recall rises from g_c on says little about chaos.
* The grid of gains is coarse (steps of a quarter to two fifths), and the score is flat about its top.
* N = {n} has large differences from draw to draw: at one gain some networks are chaotic, others cycle or rest
  (`moving_percent` still move, `chaotic_percent` have an exponent above {clearly:g}). The mean exponent is over all of
  them, at rest too, so that it is above zero later than that of the first network.
* Another score, cue, load or set of weights can have another best gain. One load was looked at.

{edges}
"""

EDGES = """## Do the edges lie where theory says?

The spectrum ends on the curve z(w) = w + load E[c w/(w - c)] over load E[|c|^2/|w - c|^2] = 1, outside and round
every void (derivation in `gnomon.numerics.hebbian_theory`). Against sampled matrices, {sizes} neurons, at least
{draws} of each size:

{table}

*At N* is the median over matrices of the largest size with the 10 % and 90 % quantiles. *Expected at N* adds to the
edge of theory what the universal error-function profile of a non-Hermitian edge makes of extremes at that size,
without a free parameter. *Off* is how far the edge that follows, means less that shift, taken linearly in 1/N to N
without end, lies from theory, with its standard error.

{summary}

All of it: [hebbian-edges.csv](edge-of-chaos/hebbian-edges.csv), by
`python benchmarks/hebbian_edges.py --write docs/edge-of-chaos`.
"""


def page(rows: list[dict[str, Any]], verdicts: list[dict[str, Any]], edges: list[dict[str, Any]]) -> str:
    """The page."""
    return TEXT.format(
        answer=answer(rows, verdicts), n=N, load=LOAD, patterns=round(LOAD * N),
        windows=", ".join(map(str, WINDOWS[:-1])) + f" or {WINDOWS[-1]}", draws=int(verdicts[0]["draws"]), cues=CUES,
        gains=len(RATIOS), duration=DURATION, settle=SETTLE, resolution=RESOLUTION, clearly=CLEARLY,
        successors=SUCCESSORS, recall=RECALL_TIME, table=shown(verdicts), edges=spectra(edges) if edges else "",
    ).rstrip() + "\n"  # fmt: skip


def answer(rows: list[dict[str, Any]], verdicts: list[dict[str, Any]]) -> str:
    """The first sentences, from the intervals."""
    parts, near = [], 0
    for v in verdicts:
        words = f"* Window {v['window']}: recall is best at g = {v['best_at']:.2f} ({_range(v['best_at_95'], '.2f')}), "
        words += (
            f"{v['best_at'] / v['g_c']:.1f} times g_c, where {v['chaotic_percent_at_best']:.0f} % of the "
        )
        words += "trajectories are chaotic. "
        some = [r["gain"] for r in rows if r["window"] == v["window"] and r["chaotic_percent"] > 5]
        if some:
            words += f"A first twentieth of them are at {min(some):.2f}. "
        if v["chaos_from"] is None:
            parts.append(words + "The mean exponent is not above zero by three errors at any gain looked at.")
            continue
        low, high = (x / v["chaos_from"] for x in v["best_at_95"])
        near += low <= 1 <= high
        parts.append(
            words
            + f"On average they are from {v['chaos_from']:.2f} ({_range(v['chaos_from_95'], '.2f')}); there recall has "
            f"{_range([100 * x for x in v['share_of_best_at_chaos_95']], '.0f')} % of its best."
        )
    ratios = [v["best_at"] / v["g_c"] for v in verdicts]
    head = f"In {near} of {len(verdicts)} windows the best gain cannot be told from the gain at which "
    head += "the networks are chaotic on "
    head += (
        "average; in the others recall is best well below it, where only some networks are chaotic, or none. "
    )
    head += (
        f"The best gain is {min(ratios):.1f} to {max(ratios):.1f} times g_c, at which rest loses stability."
    )
    return "\n".join([*textwrap.wrap(head, 116), "", *parts])


def shown(verdicts: list[dict[str, Any]]) -> str:
    """The verdicts as a table."""
    lines = [
        "| window | g_c (theory) | chaos from | recall best at | best score | at g_c | at the onset of chaos / best |",
        "|---|---|---|---|---|---|---|",
    ]
    for v in verdicts:
        chaos = (
            "-" if v["chaos_from"] is None else f"{v['chaos_from']:.2f} ({_range(v['chaos_from_95'], '.2f')})"
        )
        share = (
            "-"
            if v["chaos_from"] is None
            else f"{v['share_of_best_at_chaos']:.2f} ({_range(v['share_of_best_at_chaos_95'], '.2f')})"
        )
        best = f"{v['best_at']:.2f} ({_range(v['best_at_95'], '.2f')})"
        lines.append(
            f"| {v['window']} | {v['g_c']:.3f} | {chaos} | {best} | {v['best_score']:.3f} "
            f"| {v['score_at_g_c']:.3f} | {share} |"
        )
    return "\n".join(lines)


def _range(ends: list[float], digits: str) -> str:
    return f"{ends[0]:{digits}} … {ends[1]:{digits}}"


def spectra(edges: list[dict[str, Any]]) -> str:
    """The part on the spectra, from the table of the benchmark."""
    lines = [
        "| weights | load | quantity | theory | at N | expected at N | off (%) |",
        "|---|---|---|---|---|---|---|",
    ]
    for r in edges:
        name = r["quantity"].replace("|", "\\|").replace("-0.00i", "+0.00i")  # a bar would end the cell
        lines.append(
            f"| {r['weights']} | {r['load']:g} | {name} | {r['theory']:.4f} | {r['median']:.4f} "
            f"({r['quantile_10']:.4f} … {r['quantile_90']:.4f}) | {r['expected']:.4f} "
            f"| {r['deviation_percent']:+.2f} ± {r['error_percent']:.2f} |"
        )
    groups = []
    for title, chosen in (
        ("Outer edges", [r for r in edges if not r["quantity"].startswith("void")]),
        ("Voids", [r for r in edges if r["quantity"].startswith("void")]),
    ):
        off = np.asarray([abs(r["deviation_percent"]) for r in chosen])
        errors = np.asarray([abs(r["errors_off"]) for r in chosen])
        groups.append(
            f"{title}: {len(chosen)} quantities, median deviation {np.median(off):.2f} %, largest {off.max():.2f} %, "
            f"{(errors <= 2).sum()} within two standard errors, {(errors <= 3).sum()} within three."
        )
    missed = [
        f"{r['quantity']} of {r['weights']} at load {r['load']:g}" for r in edges if abs(r["errors_off"]) > 3
    ]
    if missed:
        groups.append("Theory and matrices disagree by more than three on " + "; ".join(missed) + ".")
    return EDGES.format(
        sizes=str(edges[0]["sizes"]).replace(" ", ", "), draws=int(edges[0]["draws"]),
        table="\n".join(lines), summary="\n".join(textwrap.wrap(" ".join(groups), 116)),
    )  # fmt: skip


if __name__ == "__main__":
    main()
