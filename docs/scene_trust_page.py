"""Writes docs/depth-trust.md and its figure from docs/results/scene-trust*.csv.

python -m validation.scene_trust      # trains and judges, then calls this
python -m docs.scene_trust_page
"""

import csv
from pathlib import Path
from typing import Any

from gnomon.report.chart_templates import FONT, SCHEMA
from gnomon.report.figures import render
from gnomon.report.palette import ROLES, SURFACE
from gnomon.store.files import write_atomic

HERE = Path(__file__).parent
RESULTS, PAGE = HERE / "results", HERE / "depth-trust.md"
NUMBERS, CURVES, FIGURE = "scene-trust.csv", "scene-trust-curves.csv", "scene-trust.svg"
SCALINGS = ("before", "temperature", "isotonic", "levels")
ONE, ALL = "network 1", "ensemble"
TEXT = """# Does a depth network know when it is wrong?

Written by `python -m validation.scene_trust`, which trains the networks, scales their spreads and judges them. SideRT
(mini) with a second output tells of every pixel a Laplace distribution of ln depth (the learner `sidert_spread`):
{training}. *Ensemble* is the mixture of the {networks} networks, as a Laplace distribution of its mean and variance.

Scalings are fitted on {fitted} scenes of the kind of training that trained nothing and judge nothing: *temperature* is
one factor on all spreads, *isotonic* a rising function of the spread, *levels* a rising function of the told level
([how](depth.md#whether-it-knows-when-it-is-wrong)). They are judged on {judged} other scenes as in training (each with
knobs of its own from the whole range), and on as many with one knob beyond its range. The factor that temperature
finds: {factors}.

`size` stretches the lengths of things (not their textures, nor lamps and haze), `field_of_view` widens the lens; the
others change what is seen of the same depths. `clutter` has nothing beyond its range. All kinds of scenes are the same
{judged} scenes with one knob turned, so differences between them are taken scene by scene.

Intervals are 95 %, over scenes, of these networks; networks from other random starts stand in the table at the end.

## Are the spreads as large as the errors?

Coverage error: mean distance between the told level and the share of pixels below it. Nothing less than perfect reaches
0: by chance alone these scenes and levels would show a little, and the interval begins at 0 where chance can be all.

| scenes | told by | AbsRel | mean told spread | {scalings} |
|---|---|---|---|{dashes}|
{coverage}

Negative log likelihood of a pixel, in nats; less is better. It sees sharpness too.

| scenes | told by | before | temperature | isotonic |
|---|---|---|---|---|
{likelihood}

## Are the largest spreads where the largest errors are?

AUSE: area between the error that is left when the least certain pixels are taken away and what is left when the worst
are, over the mean error; no scaling of spreads changes it but for ties. *Drawn*: the AUSE of errors that are drawn from
the told spreads, each pixel by itself. It is no bound: true errors of one picture go together, which leaves less for
the best order to gain. *AURG*: what the spread gains over taking pixels away at random; below 0 it would be worse than
chance. AUSE and AURG add up to what the best order gains.

| scenes | told by | AUSE | drawn | AURG |
|---|---|---|---|---|
{ranking}

![Reliability and sparsification](results/{figure})

Figure: left, share of pixels below the told level (the diagonal is calibrated); right, mean error of the pixels that
are left, over that of all. Of the {all}, on scenes as in training and on those where the spreads fail most.

## What this shows

{story}

## Other random starts

Coverage error before and after temperature scaling, and AUSE, of every network by itself.

| scenes | {starts} |
|---|{start_dashes}|
{others}

Every number with its interval: [{numbers}](results/{numbers}); curves: [{curves}](results/{curves}).
"""
Row = dict[str, str]


def main(folder: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the page and the figure."""
    rows, lines = (_read(folder / name) for name in (NUMBERS, CURVES))
    table = {(r["scenes"], r["who"], r["scaling"], r["what"]): r for r in rows}
    scenes = list(dict.fromkeys(r["scenes"] for r in rows))
    single = [w for w in dict.fromkeys(r["who"] for r in rows) if w != ALL]
    told = (ONE, ALL)
    first = table[scenes[0], ONE, "before", "coverage_error"]
    text = TEXT.format(
        training=_training(rows),
        networks=len(single),
        fitted=table[scenes[0], ONE, "", "factor"]["n"],
        judged=first["n"],
        factors="; ".join(f"{w} {_short(table[scenes[0], w, '', 'factor']['value'])}" for w in (*single, ALL)),
        scalings=" | ".join(SCALINGS),
        dashes="|".join("---" for _ in SCALINGS),
        coverage="\n".join(
            f"| {s} | {w} | {_cell(table[s, w, '', 'abs_rel'])} | {_cell(table[s, w, 'before', 'spread'])} | "
            + " | ".join(_cell(table[s, w, k, "coverage_error"]) for k in SCALINGS) + " |"
            for s in scenes for w in told
        ),
        likelihood="\n".join(
            f"| {s} | {w} | "
            + " | ".join(_cell(table[s, w, k, "negative_log_likelihood"]) for k in SCALINGS[:3]) + " |"
            for s in scenes for w in told
        ),
        ranking="\n".join(
            f"| {s} | {w} | "
            + " | ".join(_cell(table[s, w, "before", k]) for k in ("ause", "floor", "aurg")) + " |"
            for s in scenes for w in told
        ),
        figure=FIGURE, all=ALL, numbers=NUMBERS, curves=CURVES,
        story=_story(table, scenes),
        starts=" | ".join(single), start_dashes="|".join("---" for _ in single),
        others="\n".join(f"| {s} | " + " | ".join(_start(table, s, w) for w in single) + " |" for s in scenes),
    )  # fmt: skip
    data = render(figure(lines, [scenes[0], _worst(table, scenes)]), "svg")
    write_atomic(folder / FIGURE, lambda file: file.write(data) and None)
    write_atomic(page, lambda file: file.write(text.encode()) and None)
    print(f"wrote {page}")


def _read(path: Path) -> list[Row]:
    if not path.exists():
        raise SystemExit(f"{path} is not there; `python -m validation.scene_trust` writes it")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _training(rows: list[Row]) -> str:
    return next(r["scaling"] for r in rows if r["what"] == "training")


def _short(value: str) -> str:
    return f"{float(value):.3f}" if value else "none"


def _cell(row: Row) -> str:
    if not row["low"]:
        return _short(row["value"])
    return f"{_short(row['value'])} [{_short(row['low'])}, {_short(row['high'])}]"


def _start(table: dict[Any, Row], scenes: str, who: str) -> str:
    parts = ((k, "coverage_error") for k in ("before", "temperature"))
    shown = [_short(table[scenes, who, k, what]["value"]) for k, what in parts]
    return f"{shown[0]} / {shown[1]}; {_short(table[scenes, who, 'before', 'ause']['value'])}"


def _worst(table: dict[Any, Row], scenes: list[str]) -> str:
    """Where the ensemble's spreads are worst after temperature scaling."""
    return max(scenes[1:], key=lambda s: _float(table[s, ALL, "temperature", "coverage_error"]["value"]))


def _story(table: dict[Any, Row], scenes: list[str]) -> str:
    """What the numbers say, in sentences that are made of them."""
    lines = []
    for who in (ONE, ALL):
        before, after = (table[scenes[0], who, k, "coverage_error"] for k in ("before", "temperature"))
        less = table[scenes[0], who, "temperature", "less_before"]
        shown = _sign(less, "scaling lowers it", "scaling raises it")
        lines.append(
            f"* {who}, scenes as in training: coverage error {_cell(before)} as told, {_cell(after)} after "
            f"temperature; difference, scene by scene, the factor given, {_cell(less)}: {shown}."
        )
        apart = {s: table[s, who, "temperature", "less_inside"] for s in scenes[1:]}
        more = [f"{s}: {_cell(row)}" for s, row in apart.items() if _float(row["low"]) > 0]
        rest = [f"{s}: {_cell(row)}" for s, row in apart.items() if not _float(row["low"]) > 0]
        lines.append(
            f"* {who}, beyond training with the same factor, coverage error less that of the same scenes as in "
            f"training (95 % for all {len(apart)} together): larger for {'; '.join(more) or 'none'}. "
            f"Not shown to be larger for {'; '.join(rest) or 'none'}."
        )
        better = [s for s in scenes if _float(table[s, who, "before", "aurg"]["low"]) > 0]
        lines.append(
            f"* {who}: its spreads rank errors better than chance in {len(better)} of {len(scenes)} kinds of scenes."
        )
    return "\n".join(lines)


def _float(value: str) -> float:
    return float(value) if value else float("nan")


def _sign(row: Row, below: str, above: str) -> str:
    """What a difference shows."""
    if _float(row["high"]) < 0:
        return below
    return above if _float(row["low"]) > 0 else "it shows neither gain nor loss"


def figure(rows: list[Row], kinds: list[str]) -> dict[str, Any]:
    """Reliability and sparsification of the ensemble, a row of panels for each of the kinds of scenes."""
    paper, roles = SURFACE["light"], ROLES["light"]
    names = ["before", "temperature", "isotonic", "by spread", "by error"]
    colours = [
        roles["subject"][0],
        roles["subject"][2],
        roles["subject"][4],
        roles["subject"][0],
        roles["truth"][1],
    ]
    dashes = [[1, 0], [6, 3], [2, 2], [1, 0], [6, 3]]
    panels = []
    for kind in kinds:
        for curve, x, y in (
            ("reliability", "told level", "share of pixels below"),
            ("sparsification", "share of pixels taken away", "mean error of the rest, over that of all"),
        ):
            values = [
                {"x": float(r["x"]), "y": float(r["y"]), "of": r["scaling"]}
                for r in rows
                if (r["scenes"], r["who"], r["curve"]) == (kind, ALL, curve)
            ]
            here = [n for n in names if any(v["of"] == n for v in values)]
            at = [names.index(n) for n in here]
            layers: list[dict[str, Any]] = [
                {
                    "data": {"values": values},
                    "mark": {"type": "line", "strokeWidth": 2},
                    "encoding": {
                        "x": {"field": "x", "type": "quantitative", "title": x, "scale": {"domain": [0, 1]}},
                        "y": {"field": "y", "type": "quantitative", "title": y},
                        "color": {
                            "field": "of", "type": "nominal", "title": None, "sort": here,
                            "scale": {"domain": here, "range": [colours[n] for n in at]},
                        },
                        "strokeDash": {
                            "field": "of", "type": "nominal", "title": None, "sort": here,
                            "scale": {"domain": here, "range": [dashes[n] for n in at]},
                        },
                    },
                }
            ]  # fmt: skip
            if curve == "reliability":
                ends = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]
                place = {
                    "x": {"field": "x", "type": "quantitative"},
                    "y": {"field": "y", "type": "quantitative"},
                }
                layers.append(
                    {
                        "data": {"values": ends}, "encoding": place,
                        "mark": {"type": "line", "color": paper["line"], "strokeWidth": 1.5},
                    }
                )  # fmt: skip
            panels.append({"title": kind, "width": 260, "height": 220, "layer": layers})
    return {
        "$schema": SCHEMA,
        "background": paper["paper"],
        "padding": {"left": 16, "top": 12, "right": 12, "bottom": 10},
        "concat": panels,
        "columns": 2,
        "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
        "config": {"font": FONT, "view": {"stroke": paper["line"]}, "axis": {"gridColor": paper["line"]}},
    }


if __name__ == "__main__":
    main()
