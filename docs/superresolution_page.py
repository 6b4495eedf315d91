"""Writes docs/superresolution.md and its figure from docs/results/superresolution*.csv.

python -m validation.superresolution --world navier_stokes   # runs, then calls this
python -m docs.superresolution_page
"""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnomon.inference.crossed import crossed_estimate
from gnomon.report.chart_templates import FONT, SCHEMA
from gnomon.report.figures import render
from gnomon.report.palette import ROLES, SURFACE
from gnomon.spec.results import Estimate
from gnomon.store.files import write_atomic

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results", HERE / "superresolution.md"
FIGURE = "superresolution.svg"
NULL, CUBIC, BOUND, FIRST = "zero-filling", "bicubic", "analogues", "sidert"
WORLDS = {
    "navier_stokes": """Vorticity of the world `navier_stokes` as it is (Kolmogorov forcing, waves up to 21 along each
axis). A unit of the intervals is a test trajectory.""",
    "held_suarez": """Temperature and vorticity at 500 hPa of the world `held_suarez` (the dry core), cut to the fine
truncation. States start from the shipped T21 pool, interpolated, and run for a spin-up of days, so the shortest waves
come from the model's own dynamics; the slow part of its climate is still that of T21. Wind enters as vorticity: the
truncation of a vector is that of its potentials. A unit of the intervals is a few days in a row of one test trajectory;
units of one trajectory are not quite independent.""",
}
TEXT = """# Super-resolution: a fine field from a coarse one

Written by `python -m validation.superresolution --world navier_stokes` and `--world held_suarez`, which make the
fields, fit the networks, score them, and write the tables beside this page; its options (`--truncation`, `--points`,
`--updates`, `--batch`, `--seeds`, `--networks`) were those that the tables below tell.

A coarse field is the fine one without the waves that the coarse grid cannot hold, sampled there: what is known is known
exactly. *Zero-filling* (spectral interpolation) gives back all that is known and nothing else: it is the null, and
recovers 0 of the missing variance by construction. Along an axis on which a flow is the same everywhere different
waves are uncorrelated, so a linear map gains nothing along it. *Bicubic* is the cubic through four points an axis,
across the ends and the poles; other cubics (sharper kernels, splines) come nearer, but none of those tried on the
plane beats zero-filling, so that to beat bicubic says little.
The networks are given the zero-filled field and add to it; the known waves of what they add are cut.
`sidert` is a small Swin encoder with SideRT's decoder (cross-scale attention, multi-scale refinement),
`plain` the same encoder with plain upsampling (where it was run), `unet` the field emulators' U-Net. Their pictures
wrap around the ends and go across the poles.

*Budget.* The same training fields, number of updates, fields in a minibatch, schedule and one learning rate, not
tuned for any; weights and CPU seconds (one core, compilation included) stand below, since equal updates are not equal
work. The snapshot with the least error on validation fields is kept. A seed changes weights, minibatches and turns,
not the fields. The budget is a laptop's, minutes: of longer training, which may change the order, this says nothing.

*Scores.* Relative L2: error over the departure from the training mean of each row (latitude). Share recovered: 1 minus
the error's mean square over that of the missing part. Means over test units and seeds, [95 %] over both (crossed,
`inference/crossed.py`: with two seeds that differ it is wide, and still covers less often than it says); differences
are paired by unit and seed.

*Floor.* Zero error is not attainable: many fine fields have one coarse field, and what is left is the conditional
variance. It is not known. On the plane nearest analogues bound it from above: `analogues` is the share that a
method that knows everything recovers at least (half the squared difference to the nearest neighbour among the training
fields, by the coarse points around each place). They are no method, and the bound is loose where neighbours are far:
a share below 0 there says nothing. On the sphere the library is too small and there is no bound.

{worlds}

![Error by wave]({figure})

Figure: mean square of the error over that of the truth, by wave (length of the wave vector, total wavenumber). One:
nothing recovered. Seeds are averaged.

## What was trained

Validation error: root mean square over that of the missing part, so 1 for zero-filling.

| world | network | training fields | weights | updates x fields | rate | CPU seconds of each seed | validation error |
|---|---|---|---|---|---|---|---|
{training}

Every unit and seed: [superresolution.csv](results/superresolution.csv); errors by wave:
[superresolution-waves.csv](results/superresolution-waves.csv); trainings:
[superresolution-training.csv](results/superresolution-training.csv).
"""
Row = dict[str, str]


class Tables(NamedTuple):
    """The rows of the three files."""

    units: list[Row]
    waves: list[Row]
    training: list[Row]


def main(folder: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the page and the figure."""
    told = read(folder)
    worlds = [w for w in WORLDS if any(row["world"] == w for row in told.units)]
    text = TEXT.format(
        worlds="\n\n".join("\n".join(_section(told, world)) for world in worlds),
        figure=f"results/{FIGURE}",
        training="\n".join(_training(told.training)),
    )
    data = render(figure(told.waves), "svg")
    write_atomic(folder / FIGURE, lambda file: file.write(data) and None)
    write_atomic(page, lambda file: file.write(text.encode()) and None)
    print(f"wrote {page}: {', '.join(worlds)}")


def read(folder: Path) -> Tables:
    """The three files."""
    found = []
    for name in ("", "-waves", "-training"):
        path = folder / f"superresolution{name}.csv"
        if not path.exists():
            raise SystemExit(f"{path} is not there; `python -m validation.superresolution` writes it")
        with path.open(newline="") as file:
            found.append(list(csv.DictReader(file)))
    return Tables(*found)


def _section(told: Tables, world: str) -> list[str]:
    grids = next(row["grids"] for row in told.units if row["world"] == world)
    return [f"## {world}: {grids}", "", WORLDS[world], "", *tables(told, world)]


def tables(told: Tables, world: str) -> list[str]:
    """One world: every channel's scores, then paired differences."""
    lines = []
    mine = [row for row in told.units if row["world"] == world]
    for channel in dict.fromkeys(row["channel"] for row in mine):
        values = {
            (method, score): matrix(mine, channel, method, score)
            for method in dict.fromkeys(row["method"] for row in mine if row["channel"] == channel)
            for score in ("relative", "recovered")
        }
        lines += [*_scores(channel, values), *_differences(values), *conclusion(values)]
    return lines


def matrix(rows: list[Row], channel: str, method: str, score: str) -> np.ndarray | None:
    """[unit, seed]; None where the method has no such score."""
    found = {
        (int(row["unit"]), int(row["seed"])): float(row[score])
        for row in rows
        if (row["channel"], row["method"]) == (channel, method) and row[score] != ""
    }
    if not found:
        return None
    units, seeds = (sorted({k[i] for k in found}) for i in (0, 1))
    return np.array([[found[unit, seed] for seed in seeds] for unit in units])


def _scores(channel: str, values: dict[tuple[str, str], np.ndarray | None]) -> list[str]:
    units = max(len(x) for x in values.values() if x is not None)
    lines = [
        f"### {channel} ({units} units)", "",
        "| | seeds | relative L2 | share of the missing variance recovered |", "|---|---|---|---|",
    ]  # fmt: skip
    for method in dict.fromkeys(m for m, _ in values):
        recovered, relative = values[method, "recovered"], values[method, "relative"]
        if recovered is None:
            continue
        said = "at least " if method == BOUND else ""
        seeds = recovered.shape[1] if method not in (NULL, CUBIC, BOUND) else ""
        first = "" if relative is None else shown(crossed_estimate(relative))
        lines.append(f"| {method} | {seeds} | {first} | {said}{shown(crossed_estimate(recovered))} |")
    return [*lines, ""]


def _differences(values: dict[tuple[str, str], np.ndarray | None]) -> list[str]:
    methods = [m for m in dict.fromkeys(m for m, _ in values) if m != BOUND]
    networks = [m for m in methods if m not in (NULL, CUBIC)]
    pairs = [(FIRST, m) for m in (*networks, CUBIC) if FIRST in networks and m != FIRST]
    pairs += [(m, CUBIC) for m in networks if m != FIRST]
    lines = ["| difference, paired | share recovered | relative L2 |", "|---|---|---|"]
    for one, other in pairs:
        parts = []
        for score in ("recovered", "relative"):
            a, b = values[one, score], values[other, score]
            assert a is not None
            assert b is not None
            parts.append(shown(crossed_estimate(a - b)))
        lines.append(f"| {one} - {other} | {parts[0]} | {parts[1]} |")
    return [*lines, ""]


def conclusion(values: dict[tuple[str, str], np.ndarray | None]) -> list[str]:
    """What the intervals of the shares say of SideRT's decoder beside all others, in a sentence."""
    mine = values.get((FIRST, "recovered"))
    if mine is None:
        return []
    outcomes: dict[str, list[str]] = {
        "more than": [],
        "less than": [],
        "no more and no less, as far as told, than": [],
    }
    more, less, open_ = outcomes.values()
    for method in dict.fromkeys(m for m, _ in values if m not in (FIRST, BOUND)):
        other = values[method, "recovered"]
        gap = crossed_estimate(mine - other) if other is not None else None
        if gap is not None and gap.low is not None and gap.high is not None:
            (more if gap.low > 0 else less if gap.high < 0 else open_).append(method)
    said = "; ".join(f"{words} {', '.join(names)}" for words, names in outcomes.items() if names)
    return [f"By these intervals, each alone, `{FIRST}` recovers {said}.", ""] if said else []


def shown(found: Estimate) -> str:
    """A number with its interval."""
    if found.value is None:
        return found.reason or "no value"
    if found.low is None or found.high is None:
        return _plain(found.value)
    return f"{_plain(found.value)} [{_plain(found.low)}, {_plain(found.high)}]"


def _plain(value: float) -> str:
    return f"{round(value, 4) + 0.0:.4f}"  # no minus before a zero


def _training(rows: list[Row]) -> list[str]:
    lines = []
    for world, method in dict.fromkeys((row["world"], row["method"]) for row in rows):
        own = [row for row in rows if (row["world"], row["method"]) == (world, method)]
        seconds, errors = (", ".join(row[k] for row in own) for k in ("cpu_seconds", "validation"))
        first = own[0]
        lines.append(
            f"| {world} | {method} | {first['fields']} | {int(first['weights']):,} | "
            f"{first['updates']} x {first['batch']} | {first['rate']} | {seconds} | {errors} |"
        )
    return lines


def figure(rows: list[Row]) -> dict[str, Any]:
    """Error over truth by wave, a panel a world and channel."""
    shares: dict[tuple[str, str, int], list[float]] = {}
    for row in rows:
        panel = f"{row['world']}: {row['channel']}"
        shares.setdefault((panel, row["method"], int(row["wave"])), []).append(float(row["error_share"]))
    values = [
        {"panel": panel, "method": method, "wave": wave, "share": max(float(np.mean(x)), 1e-6)}
        for (panel, method, wave), x in shares.items()
    ]
    paper, roles = SURFACE["light"], ROLES["light"]
    names = list(dict.fromkeys(v["method"] for v in values))
    colours = {NULL: roles["truth"][1], CUBIC: roles["null"][0]}
    networks = [n for n in names if n not in colours]
    colours |= dict(
        zip(networks, (roles["subject"][4], roles["subject"][2], roles["subject"][0]), strict=False)
    )
    return {
        "$schema": SCHEMA,
        "background": paper["paper"],
        "padding": {"left": 16, "top": 12, "right": 12, "bottom": 10},
        "data": {"values": values},
        "facet": {"field": "panel", "type": "nominal", "title": None, "sort": None},
        "columns": 3,
        "resolve": {"scale": {"x": "independent"}},
        "spec": {
            "width": 240,
            "height": 200,
            "mark": {"type": "line", "strokeWidth": 2, "clip": True},
            "encoding": {
                "x": {"field": "wave", "type": "quantitative", "title": "wave"},
                "y": {
                    "field": "share", "type": "quantitative", "title": "error over truth, mean squares",
                    "scale": {"type": "log", "domain": [1e-4, 3.0]},
                },
                "color": {
                    "field": "method", "type": "nominal", "title": None, "sort": names,
                    "scale": {"domain": names, "range": [colours.get(n, paper["ink"]) for n in names]},
                },
            },
        },
        "config": {"font": FONT, "view": {"stroke": paper["line"]}, "axis": {"gridColor": paper["line"]}},
    }  # fmt: skip


if __name__ == "__main__":
    main()
