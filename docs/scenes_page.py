"""Writes docs/scenes.md and the tables behind it from the study `scenes`: `make scenes`.

python -m docs.scenes_page --store results
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from docs.results_page import scores
from gnomon.inference.bootstrap import estimate
from gnomon.report.chart_templates import FONT, SCHEMA
from gnomon.report.figures import render
from gnomon.report.palette import ROLES, SURFACE
from gnomon.spec.results import Curve, Result
from gnomon.spec.study import read_study
from gnomon.store.files import write_atomic
from gnomon.store.results import Store

HERE = Path(__file__).parent
STUDY, SUBJECT, TWIN, NULL = "scenes", "sidert", "perfect", "null"
FIGURE, ERRORS = (
    "scenes-turned.svg",
    ("rmse", "rmse_log", "log10", "delta1", "delta2", "delta3", "sq_rel", "silog"),
)
TEXT = """# Depth from one picture: which decoder, and what are its parts worth?

Written by `make scenes`, which runs the study `{study}` (what is in the store already is not run again). Versions:
{versions}. Hardware: {hardware}.

Every network is trained on the same {pictures} pictures of {scenes} scenes (48 x 64 pixels, knobs anywhere in their
training ranges), for the same number of updates ({updates}), with the same loss, augmentation, schedule and one rate;
the snapshot with the least AbsRel on {validation} other scenes is kept. `sidert`, its decoders and its ablations share
one Swin encoder (mini). Each of {seeds} seeds has other scenes to learn from, other scenes that judge, and other random
starts. `shipped_sidert` was trained elsewhere, on more (`python -m validation.scenes --ship`), and is no fair rival.
The twin has the very depth: its error is 0, the floor. The null is the mean of the training maps with sky as 0 metres.

## How near are the depths?

AbsRel over {units} new scenes at the default knobs, mean over seeds [95 % by the scatter of the seeds, t with {freedom}
degrees of freedom]; fidelity 0 is the null, 1 the twin; the other errors are means over scenes and seeds.

| | AbsRel | fidelity of each seed | {errors} |
|---|---|---|{dashes}|
{table}

## Is it the decoder?

AbsRel of `{subject}` less that of each other, paired over scenes: below 0, `{subject}` is better. Of each seed [95 %
over its scenes], and of all [95 % by the scatter of the seeds: with {seeds} of them it is wide].

| `{subject}` less | {columns} | all |
|---|{seed_dashes}|---|
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

{cost}{missing}Every measure of every case: [{study}.csv](results/{study}.csv).

## What misleads

Scenes are boxes, balls and waves of colour: a ranking here is none on photographs, with weights from ImageNet, or at
other budgets. One rate for all networks is equal treatment and no search: a decoder that likes another rate is judged
below what it can.
"""


COST = """## What it costs

On this machine, one process, one picture at a time; compare the rows with each other and with nothing else.

| | steps a second, median over seeds | seconds to train, median |
|---|---|---|
{rows}

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
    (folder / f"{STUDY}.csv").write_text(scores(store, STUDY), encoding="utf-8")
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
    return TEXT.format(
        study=STUDY, subject=SUBJECT, figure=f"results/{FIGURE}",
        versions=", ".join(f"{k} {made[k]}" for k in ("gnomon", "python", "jax", "numpy", "scipy")),
        hardware=f"{made['processor']}, {made['cores']} cores",
        pictures=plan["trajectories"] * plan["steps"], scenes=plan["trajectories"], validation=plan["validation"],
        updates=found[SUBJECT, "forecast"].results[seeds[0]].case["learner"]["args"]["updates"],
        units=results[0].case["trial"]["args"].get("units", "?"),
        seeds=len(seeds), freedom=len(seeds) - 1,
        errors=" | ".join(ERRORS), dashes="|".join("---" for _ in ERRORS),
        table="\n".join(_row(store, name, found[name, "forecast"]) for name in names),
        columns=" | ".join(f"seed {s}" for s in seeds), seed_dashes="|".join("---" for _ in seeds),
        paired="\n".join(paired(found, name, seeds) for name in names if name not in (SUBJECT, TWIN)),
        verdict=verdict(found, names, seeds),
        shift="\n".join(
            f"| {name} | {told(found[name, 'shift'].means())} | {_fidelities(found[name, 'shift'])} |"
            for name in names if (name, "shift") in found
        ),
        cost=cost(found, names), missing=missing(found),
    )  # fmt: skip


def ranked(found: Found) -> list[str]:
    """By their AbsRel, the twin first."""
    names = [n for n, trial in found if trial == "forecast" and n != NULL]
    return sorted(names, key=lambda n: np.mean(found[n, "forecast"].means()))


def told(values: list[float], digits: int = 3) -> str:
    """Mean and 95 % interval by the scatter of independent seeds."""
    mean = float(np.mean(values))
    if len(values) < 2 or np.ptp(values) == 0:
        return f"{mean:.{digits}f}"
    reach = float(stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
    return f"{mean:.{digits}f} [{mean - reach:.{digits}f}, {mean + reach:.{digits}f}]"


def differences(found: Found, name: str, seeds: list[int]) -> dict[int, np.ndarray]:
    """Seed -> the subject's AbsRel less the other's, of each scene."""
    one, other = found[SUBJECT, "forecast"].values, found[name, "forecast"].values
    return {s: one[s] - other[s] for s in seeds if s in other}


def paired(found: Found, name: str, seeds: list[int]) -> str:
    """A row of differences."""
    apart = differences(found, name, seeds)
    cells = []
    for seed in seeds:
        if seed not in apart:
            cells.append("not run")
            continue
        e = estimate(apart[seed], seed=0)
        reach = f" [{e.low:.3f}, {e.high:.3f}]" if e.low is not None and e.high is not None else ""
        cells.append(f"{apart[seed].mean():.3f}{reach}")
    return f"| {name} | {' | '.join(cells)} | {told([float(d.mean()) for d in apart.values()])} |"


def verdict(found: Found, names: list[str], seeds: list[int]) -> str:
    """Where the scatter of seeds tells them apart, and where it does not."""
    better, worse, open_ = [], [], []
    for name in names:
        means = [float(d.mean()) for d in differences(found, name, seeds).values()]
        if name in (SUBJECT, TWIN) or len(means) < 2:
            continue
        reach = float(stats.t.ppf(0.975, len(means) - 1) * np.std(means, ddof=1) / np.sqrt(len(means)))
        middle = float(np.mean(means))
        (better if middle + reach < 0 else worse if middle - reach > 0 else open_).append(name)
    lines = []
    for words, which in (
        (f"`{SUBJECT}` is better than", better), (f"`{SUBJECT}` is worse than", worse),
        (f"Not told apart from `{SUBJECT}` by these seeds:", open_),
    ):  # fmt: skip
        if which:
            lines.append(f"* {words} {', '.join(which)}.")
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
    return f"| {name} | {told(own.means())} | {_fidelities(own)} | {means} |"


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


def cost(found: Found, names: list[str]) -> str:
    """A section, once the subject's costs are there to compare with."""
    if (SUBJECT, "cost") not in found:
        return ""
    rows = [_cost(name, found[name, "cost"]) for name in names if (name, "cost") in found and name != TWIN]
    return COST.format(rows="\n".join(rows))


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


def _cost(name: str, own: Answers) -> str:
    shown = []
    for measure, form in (("speed", ".0f"), ("training_cost", ".0f")):
        values = [
            s.value.value
            for r in own.results.values()
            for s in r.scores
            if s.measure == measure and s.value is not None and s.value.value is not None
        ]
        shown.append(f"{np.median(values):{form}}" if values else "none")
    return f"| {name} | {' | '.join(shown)} |"


def _name(result: Result) -> str:
    learner = result.case["learner"]
    return learner["label"] or learner["kind"]


if __name__ == "__main__":
    main()
