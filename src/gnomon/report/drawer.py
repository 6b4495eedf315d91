"""What opens behind a cell: every measure as a row of text, and the numbers of its figures."""

from collections.abc import Sequence
from typing import Any

from gnomon.report.payload import Pool
from gnomon.report.words import OUTCOMES, fidelity_quoted, number, quoted
from gnomon.spec.registry import BUILT_IN
from gnomon.spec.results import Details, Result, Score
from gnomon.store.results import Store

HEAD = ("measure", "value", "null", "floor", "fidelity", "units", "smallest effect")


def seed_drawer(result: Result, details: Details | None, pool: Pool) -> dict[str, Any]:
    """One seed of a cell."""
    figures = details.curves if details else {}
    ordered = sorted(result.scores, key=lambda s: not s.headline)
    names = [s.measure for s in ordered] + [m for m in figures if m not in {s.measure for s in ordered}]
    return {
        "id": result.id, "seed": result.case.get("seed", 0), "outcome": _outcome(result),
        "rows": [score_row(s) for s in ordered],
        "figures": [pool.add(curve) for name in names for curve in figures.get(name, ())],
    }


def drawers(
    store: Store, results: dict[str, Result], cells: Sequence[tuple[dict[str, str], Sequence[str]]], pool: Pool
) -> list[dict[str, Any]]:
    """One drawer a cell; `cells` pairs what the cell is called with the ids of its results."""
    return [
        {**called, "seeds": [seed_drawer(results[i], store.get_details(i), pool) for i in ids]}
        for called, ids in cells
    ]


def score_row(score: Score) -> list[Any]:
    """Cells of the table of measures; a cell with a second line is a pair. The last says what else is to be known."""
    summary = BUILT_IN["measures"][score.measure].summary if score.measure in BUILT_IN["measures"] else ""
    name = score.measure.replace("_", " ")
    null_name = score.null_name.replace("_", " ")
    remark = OUTCOMES[score.status] if score.status != "ok" else ""
    if score.reason:
        remark = f"{remark}: {score.reason}" if remark else score.reason
    if score.diverged and "diverged" not in remark:
        remark = "; ".join(filter(None, [remark, f"{score.diverged} of {score.n} units diverged"]))
    fid = fidelity_quoted(score.fidelity) or (OUTCOMES[score.status] if score.status != "ok" else "not asked")
    return [
        [name + (" ★" if score.headline else ""), summary],
        [quoted(score.value, score.units), _distance(score.discrepancy)],
        [quoted(score.null_value, score.units), "; ".join(filter(None, [null_name, _distance(score.null)]))],
        [quoted(score.floor_value, score.units), _distance(score.floor)],
        [fid, ""],
        [str(score.n), f"{score.diverged} diverged" if score.diverged else ""],
        [number(score.smallest_effect, 2) if score.smallest_effect is not None else "", ""],
        remark,
    ]


def _distance(estimate: Any) -> str:
    return f"distance {quoted(estimate)}" if estimate is not None and estimate.value is not None else ""


def _outcome(result: Result) -> str:
    if result.status == "ok":
        return ""
    when = f" at time {number(result.when)}" if result.when is not None else ""
    return f"{OUTCOMES[result.status]}{when}" + (f": {result.reason}" if result.reason else "")
