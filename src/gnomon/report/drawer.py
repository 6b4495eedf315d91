"""What opens behind a cell: every measure as a row of text, and the numbers of its figures."""

from collections.abc import Sequence
from typing import Any

from gnomon.report.payload import Pool
from gnomon.report.words import OUTCOMES, fidelity, number
from gnomon.spec.registry import BUILT_IN
from gnomon.spec.results import Details, Estimate, Result, Score
from gnomon.store.results import Store

HEAD = ("measure", "value", "null", "floor", "fidelity", "n units", "smallest effect")


def seed_drawer(result: Result, details: Details | None, pool: Pool) -> dict[str, Any]:
    """One seed of a cell."""
    figures = details.curves if details else {}
    ordered = sorted(result.scores, key=lambda s: not s.headline)
    names = [s.measure for s in ordered] + [m for m in figures if m not in {s.measure for s in ordered}]
    return {
        "id": result.id,
        "seed": result.case.get("seed", 0),
        "outcome": _outcome(result),
        "rows": [score_row(s) for s in ordered],
        "figures": [
            pool.add(curve) for name in names for curve in figures.get(name, ()) if pool.takes(curve)
        ],
    }


def drawers(
    store: Store,
    results: dict[str, Result],
    cells: Sequence[tuple[dict[str, str], Sequence[str]]],
    pool: Pool,
) -> list[dict[str, Any]]:
    """One drawer a cell; `cells` pairs what the cell is called with the ids of its results."""
    return [
        {**called, "seeds": [seed_drawer(results[i], store.get_details(i), pool) for i in ids]}
        for called, ids in cells
    ]


def score_row(score: Score) -> list[Any]:
    """Cells of the table of measures, each a list of lines; the last entry says what else is to be known."""
    summary = BUILT_IN["measures"][score.measure].summary if score.measure in BUILT_IN["measures"] else ""
    remark = OUTCOMES[score.status] if score.status != "ok" else ""
    if score.reason:
        remark = f"{remark}: {score.reason}" if remark else score.reason
    if score.diverged and "diverged" not in remark:
        remark = "; ".join(filter(None, [remark, f"{score.diverged} of {score.n} units diverged"]))
    return [
        [score.measure.replace("_", " ") + (" ★" if score.headline else ""), summary],
        _lines(score.value, score.units, score.discrepancy),
        [*_lines(score.null_value, score.units, score.null), score.null_name.replace("_", " ")],
        _lines(score.floor_value, score.units, score.floor),
        _fidelity(score.fidelity) or [OUTCOMES[score.status] if score.status != "ok" else "no fidelity"],
        [str(score.n), f"{score.diverged} diverged" if score.diverged else ""],
        [number(score.smallest_effect, 2) if score.smallest_effect is not None else ""],
        remark,
    ]


def _lines(value: Estimate | None, units: str, distance: Estimate | None) -> list[str]:
    """A number, its interval below it, and the distance from the truth where that is another number."""
    lines = _pair(value, units)
    if (
        distance is not None
        and distance.value is not None
        and (value is None or distance.value != value.value)
    ):
        head, *rest = _pair(distance, "")
        lines = [*(lines or [""]), f"distance {head}", *rest]
    return lines or [""]


def _fidelity(estimate: Estimate | None) -> list[str]:
    if estimate is None or estimate.value is None:
        return []
    if estimate.low is None or estimate.high is None:
        return [fidelity(estimate.value)]
    return [fidelity(estimate.value), f"{fidelity(estimate.low)} to {fidelity(estimate.high)}"]


def _pair(estimate: Estimate | None, units: str) -> list[str]:
    if estimate is None:
        return []
    if estimate.value is None:
        return [estimate.reason or "unknown"]
    unit = "" if units in ("", "1") else f" {units}"
    bare = estimate.low is None or estimate.high is None
    return [
        f"{number(estimate.value)}{unit}",
        *([] if bare else [f"{number(estimate.low)} to {number(estimate.high)}"]),
    ]


def _outcome(result: Result) -> str:
    if result.status == "ok":
        return ""
    when = f" at time {number(result.when)}" if result.when is not None else ""
    return f"{OUTCOMES[result.status]}{when}" + (f": {result.reason}" if result.reason else "")
