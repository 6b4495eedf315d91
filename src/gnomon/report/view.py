"""The ladder as the page and the terminal show it: one card a learner, one mark, number and word a cell."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Literal

from gnomon.inference.ladder import Cell, Ladder, SeedCell, key_of, names_of
from gnomon.inference.power import FAULTS
from gnomon.inference.verdict import Failure
from gnomon.report.palette import step_of
from gnomon.report.words import OUTCOMES, fidelity, fidelity_quoted
from gnomon.spec.registry import BUILT_IN
from gnomon.spec.results import Result
from gnomon.spec.study import CONTROLS

Verdict = Literal["holds", "open", "fails", "untold"]
MARKS: dict[Verdict, str] = {"holds": "●", "open": "◐", "fails": "✕", "untold": "–"}
MEANING: dict[Verdict, str] = {
    "holds": "holds: the whole interval lies above {threshold}",
    "open": "undecided: the interval reaches across {threshold}",
    "fails": "fails: the whole interval lies below {threshold}, or the model diverged, failed or was stopped",
    "untold": "nothing can be said: no room between null and floor, or no such experiment",
}
_STOPPED = ("diverged", "failed", "timeout", "memory")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellView:
    """One cell. `step` is its shade, None where it has no fidelity; the strip runs from -0.25 to 1.25 in per cent."""

    learner: str
    world: str
    rung: str
    trial: str
    verdict: Verdict
    shown: str
    note: str
    tip: str
    step: int | None
    dot: float | None
    left: float | None
    right: float | None
    results: tuple[str, ...]

    @property
    def mark(self) -> str:
        """The shape that says the same as the colour."""
        return MARKS[self.verdict]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowView:
    """One world of a learner's ladder."""

    number: int
    rung: str
    world: str
    cells: tuple[CellView | None, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnerView:
    """One learner: its rows from the hardest world down to the easiest, and its first failure in words."""

    name: str
    role: Literal["subject", "control", "fault"]
    summary: str
    rows: tuple[RowView, ...]
    sentence: str
    short: str
    fails_at: int | None
    fails_in: str | None


def learners(
    table: Ladder, failures: Mapping[str, Failure], results: Iterable[Result], threshold: float
) -> list[LearnerView]:
    """Every learner: subjects first, the highest climbers on top; then controls and planted faults."""
    kinds = _kinds(results)
    rungs = [row.world for row in table.rows]
    views = []
    for name in table.learners:
        failure = failures.get(name)
        rows = tuple(
            RowView(
                number=i + 1,
                rung=row.rung,
                world=row.world,
                cells=tuple(_cell(table.cell(name, row.world, t), threshold) for t in judged_trials(table)),
            )
            for i, row in enumerate(table.rows)
        )
        kind = kinds.get(name, "")
        fails_at = rungs.index(failure.world) if failure and failure.world in rungs else None
        views.append(
            LearnerView(
                name=name,
                rows=rows[::-1],
                fails_in=failure.trial if failure else None,
                sentence=failure.text if failure else "",
                fails_at=fails_at,
                role="control" if kind in CONTROLS else "fault" if kind in FAULTS else "subject",
                summary=BUILT_IN["learners"][kind].summary if kind in BUILT_IN["learners"] else "",
                short=f"first fails on {failure.world}, {failure.trial}"
                if failure and failure.world
                else "no failure shown",
            )
        )
    order = {"subject": 0, "control": 1, "fault": 2}
    return sorted(
        views, key=lambda v: (order[v.role], -(v.fails_at if v.fails_at is not None else 99), -_holding(v))
    )


def judged_trials(table: Ladder) -> tuple[str, ...]:
    """Trials with a headline fidelity; cost and its like are shown in tables of their own."""
    scored = {c.trial for c in table.cells if any(s.score is not None for s in c.seeds)}
    return tuple(t for t in table.trials if t in scored)


def verdict_of(cell: Cell, threshold: float) -> Verdict:
    """The cell's verdict: failed where more than half of its seeds fail, as in `inference.verdict`."""
    each = [_seed_verdict(seed, threshold) for seed in cell.seeds]
    if 2 * each.count("fails") > len(each):
        return "fails"
    told = [v for v in each if v != "untold"]
    if not told:
        return "untold"
    return "holds" if set(told) == {"holds"} else "open"


def _seed_verdict(seed: SeedCell, threshold: float) -> Verdict:
    if seed.status in _STOPPED:
        return "fails"
    score = seed.score
    estimate = score.fidelity if score else None
    if seed.status != "ok" or score is None or estimate is None or estimate.value is None:
        return "untold"
    if estimate.low is None or estimate.high is None:
        is_null = score.discrepancy is not None and score.discrepancy == score.null and score.n > 1
        return "fails" if is_null and threshold > 0 else "open"
    if estimate.high < threshold:
        return "fails"
    return "holds" if estimate.low >= threshold else "open"


def _cell(cell: Cell | None, threshold: float) -> CellView | None:
    if cell is None:
        return None
    verdict = verdict_of(cell, threshold)
    estimate = cell.fidelity
    value = cell.median if cell.median is not None else (estimate.value if estimate else None)
    score = cell.score
    lost = score.diverged if score else 0
    if value is None:
        shown, note = OUTCOMES[cell.status], ""
    else:
        shown = fidelity(value)
        whole = cell.status == "diverged" or (score is not None and lost == score.n)
        note = "diverged" if whole else f"{lost} diverged" if lost else ""
    low, high = (estimate.low, estimate.high) if estimate else (None, None)
    return CellView(
        learner=cell.learner,
        world=cell.world,
        rung=cell.rung,
        trial=cell.trial,
        verdict=verdict,
        shown=shown,
        note=note,
        tip=_tip(cell, verdict),
        step=None if value is None else step_of(value),
        dot=_along(estimate.value if estimate and estimate.value is not None else value),
        left=_along(low),
        right=_along(high),
        results=tuple(s.result for s in cell.seeds),
    )


def _tip(cell: Cell, verdict: Verdict) -> str:
    parts = []
    if cell.fidelity is not None and cell.fidelity.value is not None:
        parts.append(f"fidelity {fidelity_quoted(cell.fidelity)}")
        if cell.fidelity.low is not None:
            parts[-1] += f", {cell.fidelity.level:.0%} interval over {cell.fidelity.n} units"
    if cell.lowest is not None and cell.highest is not None and cell.median is not None:
        parts.append(
            f"median of {len(cell.seeds)} seeds {fidelity(cell.median)}, "
            f"from {fidelity(cell.lowest)} to {fidelity(cell.highest)}"
        )
    if cell.status != "ok":
        parts.append(OUTCOMES[cell.status])
    if cell.score and cell.score.diverged:
        parts.append(f"{cell.score.diverged} of {cell.score.n} units diverged")
    elif cell.reason:
        parts.append(cell.reason)
    parts.append(
        {"holds": "holds", "open": "undecided", "fails": "fails", "untold": "nothing can be said"}[verdict]
    )
    return "; ".join(parts)


def _along(value: float | None) -> float | None:
    return None if value is None else round(min(max((value + 0.25) / 1.5 * 100, 0.0), 100.0), 1)


def _holding(view: LearnerView) -> int:
    return sum(c.verdict == "holds" for row in view.rows for c in row.cells if c is not None)


def _kinds(results: Iterable[Result]) -> dict[str, str]:
    refs = [r.case["learner"] for r in results]
    shown = names_of(refs)
    return {shown[key_of(ref)]: ref["kind"] for ref in refs}
