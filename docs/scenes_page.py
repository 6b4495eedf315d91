"""Writes docs/scenes.md and the tables behind it from the study `scenes`: `make scenes`.

python -m docs.scenes_page --store results
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from docs.results_page import scores
from docs.scenes_cost_section import LATENCY, cost_section, latency_section
from docs.scenes_response_section import response_section
from docs.scenes_trust_section import STUDY as TRUST
from docs.scenes_trust_section import trust_section
from gnomon.inference.bootstrap import estimate
from gnomon.inference.compare import holm
from gnomon.inference.nested import nested_estimate, nested_p_value
from gnomon.report.chart_templates import FONT, SCHEMA
from gnomon.report.figures import render
from gnomon.report.palette import ROLES, SURFACE
from gnomon.spec.results import Curve, Result
from gnomon.spec.study import read_study
from gnomon.store.files import write_atomic
from gnomon.store.results import Store

HERE = Path(__file__).parent
STUDY, SUBJECT, TWIN, NULL = "scenes", "sidert", "perfect", "null"
ABLATIONS, ALPHA = ("no attention", "no refinement"), 0.05
FIGURE = "scenes-turned.svg"
ERRORS = (
    "rmse", "rmse_log", "log10", "delta1", "delta2", "delta3", "sq_rel", "silog",
    "edge_f1", "edge_precision", "edge_recall", "edge_distance",
)  # fmt: skip
TEXT = """# Depth from one picture: which decoder, and what are its parts worth?

Written by `make scenes`, which runs the study `{study}` (what is in the store already is not run again). Versions:
{versions}. Hardware: {hardware}.

Every network is trained on the same {pictures} pictures of {scenes} scenes (48 x 64 pixels, knobs anywhere in their
training ranges), for the same number of updates ({updates}), with the same loss, augmentation, schedule and one rate;
the snapshot with the least AbsRel on {validation} other scenes is kept. Equal updates are not equal work: *more
updates* means 4000, which still take less than {updates} with the DPT-style decoder (`python -m
benchmarks.scene_training`). `sidert`, its decoders and its ablations share one Swin encoder (mini). Each of {seeds}
seeds has other scenes to learn from, other scenes that judge, and other random starts. `shipped_sidert` was trained
elsewhere, on more (`python -m validation.scenes --ship`), and is no fair rival.
The twin has the very depth: its error is 0, the floor. The null is the mean of the training maps with sky as 0 metres.

## How near are the depths?

AbsRel over {units} new scenes at the default knobs, mean over seeds [95 %]; fidelity 0 is the null, 1 the twin; the
other errors are means over scenes and seeds. An interval is the wider of two: by the scatter of the seeds' means, and
by the scatter of scenes within seeds (`inference/nested.py`), so that seeds which agree by luck cannot make it narrower
than scenes alone allow.
Edges are where ln depth steps by 1.25 (`numerics.depth_metrics.step_scores`); their distance is in pixels, at most 10;
an empty cell: no picture has an edge to judge.

| | AbsRel | fidelity of each seed | {errors} |
|---|---|---|{dashes}|
{table}

## Is it the decoder?

AbsRel of `{subject}` less that of each other, paired over scenes: below 0, `{subject}` is better. Of each seed [95 %
over its scenes], and of all [95 %, the wider of two as above]; p after Holm over all rows.

| `{subject}` less | {columns} | all | p |
|---|{seed_dashes}|---|---|
{paired}

{verdict}

## Beyond the training range

![AbsRel with each knob turned]({figure})

Figure: AbsRel of the same scenes with one knob turned, against its distance beyond the training range in ranges; the
defaults stand at -0.5. Mean over seeds.

Mean over all turned pictures, as the trial `shift` judges it:

| | AbsRel, mean over seeds | fidelity of each seed |
|---|---|---|
{shift}

{response}{trust}{latency}{cost}{missing}Every measure of every case: [{study}.csv](results/{study}.csv),
[{trust_study}.csv](results/{trust_study}.csv).

## What misleads

Scenes are boxes, balls and waves of colour: a ranking here is none on photographs, with weights from ImageNet, or at
other budgets. One rate for all networks is equal treatment and no search: a decoder that likes another rate is judged
below what it can.
"""


class Answers(NamedTuple):
    """One learner and trial: seed -> AbsRel of each scene, and its result."""

    values: dict[int, np.ndarray]
    results: dict[int, Result]

    def means(self) -> list[float]:
        """Of each seed."""
        return [float(v.mean()) for v in self.values.values()]


Found = dict[tuple[str, str], Answers]


def main() -> None:
    """Write the page from whatever of the study is finished."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, default=Path("results"))
    store = Store(parser.parse_args().store, create=False)
    results = [r for r in store.results(STUDY) if r.status == "ok"]
    found = answers(store, results)
    if (SUBJECT, "forecast") not in found:
        raise SystemExit(f"the store holds no {SUBJECT} of {STUDY}; `make scenes` runs it")
    folder = HERE / "results"
    for study in (STUDY, TRUST):
        (folder / f"{study}.csv").write_text(scores(store, study), encoding="utf-8")
    data = render(figure(turned(store, found)), "svg")
    write_atomic(folder / FIGURE, lambda file: file.write(data) and None)
    (HERE / "scenes.md").write_text(page(store, found, results), encoding="utf-8")
    print(f"wrote {HERE / 'scenes.md'}: {len(results)} cases")


def answers(store: Store, results: list[Result]) -> Found:
    """Of all that have unit values of depth; costs have none."""
    found: Found = {}
    for result in sorted(results, key=lambda r: r.case["seed"]):
        details = store.get_details(result.id)
        values = details.unit_values.get("depth") if details else None
        own = found.setdefault((_name(result), result.case["trial"]["kind"]), Answers({}, {}))
        own.results[result.case["seed"]] = result
        if values is not None:
            own.values[result.case["seed"]] = np.asarray(values["value"], float)
    return found


def page(store: Store, found: Found, results: list[Result]) -> str:
    """The whole text."""
    made, plan = results[0].provenance, results[0].case["data"]
    names = ranked(found)
    seeds = sorted(found[SUBJECT, "forecast"].values)
    p_values = compared(found, names, seeds)
    return TEXT.format(
        study=STUDY, trust_study=TRUST, subject=SUBJECT, figure=f"results/{FIGURE}",
        versions=", ".join(f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy")),
        hardware=f"{made['processor']}, {made['cores']} cores",
        pictures=plan["trajectories"] * plan["steps"], scenes=plan["trajectories"], validation=plan["validation"],
        updates=found[SUBJECT, "forecast"].results[seeds[0]].case["learner"]["args"]["updates"],
        units=found[SUBJECT, "forecast"].results[seeds[0]].case["trial"]["args"]["units"],
        seeds=len(seeds),
        errors=" | ".join(ERRORS), dashes="|".join("---" for _ in ERRORS),
        table="\n".join(_row(store, name, found[name, "forecast"]) for name in names),
        columns=" | ".join(f"seed {s}" for s in seeds), seed_dashes="|".join("---" for _ in seeds),
        paired="\n".join(paired(found, name, seeds, p) for name, p in p_values.items()),
        verdict=verdict(found, p_values, seeds),
        shift="\n".join(
            f"| {name} | {told(found[name, 'shift'].values.values())} | {_fidelities(found[name, 'shift'])} |"
            for name in names if (name, "shift") in found and found[name, "shift"].values
        ),
        response=response_section(store, names), trust=trust_section(store),
        latency=latency_section(HERE / "results" / LATENCY), cost=cost_section(_costs(found, names)),
        missing=missing(found),
    )  # fmt: skip


def ranked(found: Found) -> list[str]:
    """By their AbsRel, the twin first."""
    names = [n for (n, trial), own in found.items() if trial == "forecast" and n != NULL and own.values]
    return sorted(names, key=lambda n: np.mean(found[n, "forecast"].means()))


def told(values: Iterable[np.ndarray], digits: int = 3) -> str:
    """Mean over seeds of each seed's units, with its 95 % interval."""
    e = nested_estimate(list(values))
    if e.value is None:
        return "not finite"
    reach = f" [{e.low:.{digits}f}, {e.high:.{digits}f}]" if e.low is not None and e.high is not None else ""
    return f"{e.value:.{digits}f}{reach}"


def differences(found: Found, name: str, seeds: list[int]) -> dict[int, np.ndarray]:
    """Seed -> the subject's AbsRel less the other's, of each scene."""
    one, other = found[SUBJECT, "forecast"].values, found[name, "forecast"].values
    return {s: one[s] - other[s] for s in seeds if s in other}


def paired(found: Found, name: str, seeds: list[int], p: float | None) -> str:
    """A row of differences; `p` after Holm."""
    apart = differences(found, name, seeds)
    cells = []
    for seed in seeds:
        if seed not in apart:
            cells.append("not run")
            continue
        e = estimate(apart[seed], seed=0)
        reach = f" [{e.low:.3f}, {e.high:.3f}]" if e.low is not None and e.high is not None else ""
        cells.append(f"{apart[seed].mean():.3f}{reach}")
    whole = told(apart.values()) if apart else "not run"
    shown = "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
    return f"| {name} | {' | '.join(cells)} | {whole} | {shown} |"


def compared(found: Found, names: list[str], seeds: list[int]) -> dict[str, float | None]:
    """Name -> p of no difference from the subject, after Holm over all of them."""
    others = [name for name in names if name not in (SUBJECT, TWIN)]
    apart = [list(differences(found, name, seeds).values()) for name in others]
    alone = [nested_p_value(d) if d else None for d in apart]
    return dict(zip(others, holm(alone), strict=True))


def verdict(found: Found, p_values: Mapping[str, float | None], seeds: list[int]) -> str:
    """Where they are told apart at 5 % over the whole table, and where they are not."""
    better, worse, open_ = [], [], []
    for name, p in p_values.items():
        if not differences(found, name, seeds):
            continue
        middle = np.mean([d.mean() for d in differences(found, name, seeds).values()])
        (open_ if p is None or p >= ALPHA else better if middle < 0 else worse).append(name)
    lines = []
    for words, which in (
        (f"`{SUBJECT}` is better than", better), (f"`{SUBJECT}` is worse than", worse),
        (f"Not told apart from `{SUBJECT}`:", open_),
    ):  # fmt: skip
        if which:
            lines.append(f"* {words} {'; '.join(which)}.")
    unknown = [name for name in ABLATIONS if name in open_]
    if unknown:
        lines.append(f"* So what a part is worth is not shown by: {'; '.join(unknown)}.")
    return "\n".join(lines)


def turned(store: Store, found: Found) -> list[dict[str, object]]:
    """Points of the figure: mean over seeds."""
    points: dict[tuple[str, str, float], list[float]] = {}
    for (name, trial), own in found.items():
        if trial != "shift" or name == TWIN:
            continue
        for result in own.results.values():
            details = store.get_details(result.id)
            curve = _curve(details.curves["depth"], "turned") if details else None
            for line in curve.series if curve else ():
                for x, y in zip(line.x, line.y, strict=True):
                    if x is not None and y is not None:
                        points.setdefault((line.label, name, float(x)), []).append(float(y))
    return [
        {"knob": k, "learner": n, "distance": x, "AbsRel": float(np.mean(y))}
        for (k, n, x), y in points.items()
        if n != NULL
    ]


def figure(points: list[dict[str, object]]) -> dict[str, object]:
    """AbsRel against distance, a panel a knob."""
    paper, roles = SURFACE["light"], ROLES["light"]
    names = list(dict.fromkeys(str(p["learner"]) for p in points))
    pool = [*roles["subject"], *roles["null"], *roles["truth"]]
    dashes = [[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]]
    return {
        "$schema": SCHEMA,
        "background": paper["paper"],
        "padding": {"left": 16, "top": 12, "right": 12, "bottom": 10},
        "data": {"values": points},
        "facet": {"field": "knob", "type": "nominal", "title": None, "sort": None},
        "columns": 3,
        "spec": {
            "width": 200,
            "height": 170,
            "mark": {"type": "line", "strokeWidth": 2, "point": {"size": 18}},
            "encoding": {
                "x": {"field": "distance", "type": "quantitative", "title": "beyond the training range (ranges)"},
                "y": {
                    "field": "AbsRel", "type": "quantitative", "title": "AbsRel",
                    "scale": {"type": "log", "nice": False},
                },
                "color": {
                    "field": "learner", "type": "nominal", "title": None, "sort": names,
                    "scale": {"domain": names, "range": [pool[n % len(pool)] for n in range(len(names))]},
                },
                "strokeDash": {
                    "field": "learner", "type": "nominal", "title": None, "sort": names,
                    "scale": {"domain": names, "range": [dashes[n % len(dashes)] for n in range(len(names))]},
                },
            },
        },
        "config": {"font": FONT, "view": {"stroke": paper["line"]}, "axis": {"gridColor": paper["line"]}},
    }  # fmt: skip


def _row(store: Store, name: str, own: Answers) -> str:
    words: dict[str, list[float]] = {key: [] for key in ERRORS}
    for result in own.results.values():
        details = store.get_details(result.id)
        curve = _curve(details.curves["depth"], "bands") if details else None
        for key, value in errors_in(curve.note if curve else "").items():
            if key in words:
                words[key].append(value)
    means = " | ".join(f"{np.mean(v):.3g}" if v else "" for v in words.values())
    return f"| {name} | {told(own.values.values())} | {_fidelities(own)} | {means} |"


def errors_in(note: str) -> dict[str, float]:
    """What the figure of the measure says of the model in words."""
    mine = note.removeprefix("model: ").partition(";")[0]
    pairs = (part.rsplit(" ", 1) for part in mine.split(", ") if " " in part)
    return {key: float(value) for key, value in pairs}


def _curve(curves: tuple[Curve, ...], name: str) -> Curve | None:
    return next((c for c in curves if c.name == name), None)


def _fidelities(own: Answers) -> str:
    shown = []
    for result in own.results.values():
        score = next((s for s in result.scores if s.measure == "depth"), None)
        known = score is not None and score.fidelity is not None and score.fidelity.value is not None
        shown.append(f"{score.fidelity.value:.2f}" if known and score and score.fidelity else "none")
    return ", ".join(shown)


def _costs(found: Found, names: list[str]) -> dict[str, list[Result]]:
    return {n: list(found[n, "cost"].results.values()) for n in names if (n, "cost") in found and n != TWIN}


def missing(found: Found) -> str:
    """What the study asks for and the store does not hold."""
    study = read_study(HERE.parent / "studies" / f"{STUDY}.toml")
    absent = [
        f"{ref.label or ref.kind} ({trial.kind})"
        for ref in study.learners
        for trial in study.trials
        if set(found.get((ref.label or ref.kind, trial.kind), Answers({}, {})).results) != set(study.seeds)
    ]
    return f"In the study and not, or not wholly, run yet: {', '.join(absent)}.\n\n" if absent else ""


def _name(result: Result) -> str:
    learner = result.case["learner"]
    return learner["label"] or learner["kind"]


if __name__ == "__main__":
    main()
