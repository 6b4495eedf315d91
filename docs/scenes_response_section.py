"""The part of docs/scenes.md that tells of the trial `response`: does depth follow what moves, and only that?"""

from collections.abc import Sequence

import numpy as np

from gnomon.inference.nested import nested_estimate
from gnomon.spec.results import Curve, Details
from gnomon.store.results import Store

STUDY, SLOPES = "scenes", "slope_by_knob"
TEXT = """## Does depth follow what moves, and only that?

The trial `response`: the same scenes with each knob at both ends of its training range, all else alike, noise included.
*Change*: mean |change of ln depth - the true change| over knobs that move things; the null, no response, misses the
true change whole. *Still*: the same over knobs that move nothing; 0 is right. Slope of the inferred change on the true
one: 0 is no response, 1 the whole. Means over seeds [95 %, as above]; slopes have no interval here.

| | change | fidelity of each seed | still | {slopes} |
|---|---|---|---|{dashes}|
{rows}

"""


def response_section(store: Store, names: Sequence[str]) -> str:
    """Nothing where the trial was not run."""
    found: dict[str, list[tuple[object, Details]]] = {}
    for result in sorted(store.results(STUDY), key=lambda r: r.case["seed"]):
        details = store.get_details(result.id)
        if result.status == "ok" and result.case["trial"]["kind"] == "response" and details:
            learner = result.case["learner"]
            found.setdefault(learner["label"] or learner["kind"], []).append((result, details))
    if not found:
        return ""
    knobs = list(slopes(next(iter(found.values()))[0][1]))
    rows = [_row(name, found[name], knobs) for name in names if name in found]
    return TEXT.format(
        slopes=" | ".join(f"slope, {k}" for k in knobs),
        dashes="|".join("---" for _ in knobs),
        rows="\n".join(rows),
    )


def slopes(details: Details) -> dict[str, float]:
    """Knob -> slope of the model, from the second figure of `depth_response`."""
    curve = next((c for c in details.curves.get("depth_response", ()) if c.name == SLOPES), None)
    return knobs_of(curve) if curve else {}


def knobs_of(curve: Curve) -> dict[str, float]:
    """What the note calls the bars, with the bars of the subject."""
    bars = next(line for line in curve.series if line.role == "subject")
    names = dict(part.split(": ", 1) for part in curve.note.partition(";")[0].split(", ") if ": " in part)
    values = {f"{x:g}": y for x, y in zip(bars.x, bars.y, strict=True) if x is not None and y is not None}
    return {name: float(values[n]) for n, name in names.items() if n in values}


def _row(name: str, runs: list[tuple[object, Details]], knobs: list[str]) -> str:
    each = [slopes(details) for _, details in runs]
    shown = [
        f"{np.mean([s[k] for s in each if k in s]):.2f}" if any(k in s for s in each) else "" for k in knobs
    ]
    cells = [_mean(runs, "depth_response"), _fidelities(runs), _mean(runs, "depth_invariance"), *shown]
    return f"| {name} | {' | '.join(cells)} |"


def _mean(runs: list[tuple[object, Details]], measure: str) -> str:
    values = [d.unit_values[measure]["value"] for _, d in runs if measure in d.unit_values]
    if not values:
        return ""
    e = nested_estimate([np.asarray(v, float) for v in values])
    if e.value is None or e.low is None or e.high is None:
        return "0.000" if e.value == 0 else "none"
    return f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]"


def _fidelities(runs: list[tuple[object, Details]]) -> str:
    shown = []
    for result, _ in runs:
        score = next((s for s in getattr(result, "scores", ()) if s.measure == "depth_response"), None)
        known = score is not None and score.fidelity is not None and score.fidelity.value is not None
        shown.append(f"{score.fidelity.value:.2f}" if known and score else "none")
    return ", ".join(shown)
