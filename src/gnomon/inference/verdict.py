"""Verdicts in words: where a learner first fails and why, and the answer to a study's question."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from gnomon.inference.compare import Claim, Versus, beats
from gnomon.inference.ladder import Cell, Ladder, Row, SeedCell, ladder
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import Estimate, Score
from gnomon.spec.study import CONTROLS, Rule

__all__ = ["Answer", "Cell", "Failure", "Ladder", "Row", "answer", "first_failure", "ladder"]

_STOPPED = {
    "failed": "the case failed",
    "timeout": "the case ran out of time",
    "memory": "the case outgrew its memory",
}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Where a learner first fails.

    Attributes:
        rung: and `world`, `trial`: the cell; None where no failure was shown.
        text: one or two sentences for a person, naming measure, value, floor and null.
        untold: cells on which nothing could be said (no room, unsupported, no interval), as "world, trial".
        passed: cells judged before the failure, or all of them where there is none.
    """

    learner: str
    rung: str | None
    world: str | None
    trial: str | None
    text: str
    untold: tuple[str, ...] = ()
    passed: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the question of a study.

    Attributes:
        kind: of the rule that gave it.
        text: the answer in words, one paragraph a learner.
        failures: for "first_failure".
        claims: for "beats": one line a comparison.
    """

    kind: Literal["first_failure", "beats"]
    text: tuple[str, ...]
    failures: dict[str, Failure] = {}
    claims: tuple[Claim, ...] = ()


def first_failure(table: Ladder, threshold: float = 0.5) -> dict[str, Failure]:
    """For each learner the first cell, from the bottom up, in which it fails.

    A cell is failed where the upper bound of fidelity lies below the threshold, or where the subject diverged, failed
    or was stopped; with several seeds, where that holds for more than half of them. A cell without an interval says
    nothing, unless the subject is identical to its null: then fidelity is 0 whatever the sample.
    """
    return {learner: _failure_of(table, learner, threshold) for learner in table.learners}


def answer(rule: Rule, table: Ladder, comparisons: Sequence[Versus] = ()) -> Answer:
    """Apply a study's rule.

    Args:
        rule: fixed before the runs.
        table: the study's ladder.
        comparisons: for "beats": the paired comparisons of the rule's subject with each other learner, cell by cell.
    """
    if rule.kind == "first_failure":
        failures = first_failure(table, rule.threshold)
        text = tuple(f.text for name, f in failures.items() if name not in CONTROLS)
        return Answer(kind=rule.kind, text=text, failures=failures)
    if rule.subject is None:
        raise BadSpec("rule 'beats' needs a subject: name the learner that is compared with the others")
    if rule.subject not in table.learners:
        raise BadSpec(f"rule 'beats': no results of {rule.subject!r}; there are: {', '.join(table.learners)}")
    mine = [v for v in comparisons if v.subject == rule.subject]
    claims = beats(mine, alpha=rule.alpha)
    others = [name for name in table.learners if name != rule.subject and name not in CONTROLS]
    text = tuple(_tally(rule.subject, other, claims) for other in others)
    return Answer(kind=rule.kind, text=text, claims=claims)


def _failure_of(table: Ladder, learner: str, threshold: float) -> Failure:
    untold: list[str] = []
    passed = 0
    for cell in table.climb(learner):
        if all(s.score is None and s.status == "ok" for s in cell.seeds):
            continue  # a trial without fidelity, such as cost
        verdicts = [_verdict(seed, threshold) for seed in cell.seeds]
        if 2 * verdicts.count("failed") > len(verdicts):
            return Failure(
                learner=learner,
                rung=cell.rung,
                world=cell.world,
                trial=cell.trial,
                text=_why(cell, threshold, verdicts),
                untold=tuple(untold),
                passed=passed,
            )
        if "stands" in verdicts:
            passed += 1
        else:
            untold.append(f"{cell.world}, {cell.trial}")
    text = f"{learner}: no failure shown in {passed} judged cell{'s' * (passed != 1)}"
    if untold:
        text += f"; nothing can be said on {'; '.join(untold)}"
    return Failure(
        learner=learner,
        rung=None,
        world=None,
        trial=None,
        text=f"{text}.",
        untold=tuple(untold),
        passed=passed,
    )


def _verdict(seed: SeedCell, threshold: float) -> Literal["failed", "stands", "untold"]:
    if seed.status in ("diverged", *_STOPPED):
        return "failed"
    fidelity = seed.score.fidelity if seed.score else None
    if seed.status != "ok" or seed.score is None or fidelity is None or fidelity.value is None:
        return "untold"
    if fidelity.high is not None:
        return "failed" if fidelity.high < threshold else "stands"
    return "failed" if _is_null(seed.score) and threshold > 0 else "untold"


def _is_null(score: Score) -> bool:
    """Whether the subject gave the same numbers as its null (persistence judged against persistence)."""
    both = score.discrepancy is not None and score.null is not None
    return both and score.n > 1 and score.discrepancy == score.null and score.diverged == 0


def _why(cell: Cell, threshold: float, verdicts: Sequence[str]) -> str:
    failed = [s for s, v in zip(cell.seeds, verdicts, strict=True) if v == "failed"]
    seed = next((s for s in failed if s.score is not None and s.score is cell.score), failed[0])
    place = f"{cell.learner} first fails on {cell.world} (rung {cell.rung}), {cell.trial}"
    if len(verdicts) > 1:
        place += f", with {len(failed)} of {len(verdicts)} seeds"
    if seed.status in _STOPPED:
        return f"{place}: {_STOPPED[seed.status]}{f' ({seed.reason})' if seed.reason else ''}."
    if seed.status == "diverged":
        when = f" at time {seed.when:.3g}" if seed.when is not None else ""
        count = f", {seed.score.diverged} of {seed.score.n} units" if seed.score else ""
        tail = f" {_numbers(seed.score)}" if seed.score else ""
        return f"{place}: it diverges{when}{count}.{tail}"
    score = seed.score
    if score is None or score.fidelity is None:
        return f"{place}."
    shown = f"fidelity {_with_interval(score.fidelity)} lies below {threshold:g}"
    if score.fidelity.high is None:
        shown = "it is identical to its null"
    return f"{place}: {shown}. {_numbers(score)}"


def _numbers(score: Score) -> str:
    """Measure, value, floor and null in one sentence: the value where it stands beside its peers, else distances."""
    quoted = score.value.value is not None and score.null_value is not None and score.floor_value is not None
    mine, floor, null = (
        (score.value, score.floor_value, score.null_value)
        if quoted
        else (score.discrepancy, score.floor, score.null)
    )
    what = f"{score.measure}" if quoted else f"{score.measure} (distance from the truth)"
    units = f" {score.units}" if quoted and score.units not in ("", "1") else ""
    name = f" {score.null_name.replace('_', ' ')}" if score.null_name else ""
    return f"{what} is {_short(mine)}{units}, where the floor is {_short(floor)} and the null{name} {_short(null)}."


def _short(estimate: Estimate | None) -> str:
    return "unknown" if estimate is None or estimate.value is None else f"{estimate.value:.3g}"


def _with_interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def _tally(subject: str, other: str, claims: Sequence[Claim]) -> str:
    """One sentence for a pair: in which cells the subject beats the other, after correction over all cells."""
    cells: dict[tuple[str, str], list[str]] = {}
    for claim in claims:
        if claim.versus.other == other:
            cells.setdefault((claim.versus.world, claim.versus.trial), []).append(claim.outcome)
    if not cells:
        return f"{subject} was not compared with {other}."
    outcome = {cell: _over_seeds(outcomes) for cell, outcomes in cells.items()}
    won, lost, open_, dumb = (
        [f"{w}, {t}" for (w, t), o in outcome.items() if o == kind]
        for kind in ("beats", "loses", "undecided", "untested")
    )
    tested = len(cells) - len(dumb)
    if not tested:
        return f"{subject} and {other} could not be compared in any of {len(cells)} cells."
    listed = f" ({'; '.join(won)})" if won else ""
    text = f"{subject} beats {other} in {len(won)} of {tested} cells{listed}"
    text += f", is beaten in {len(lost)}" + (f" ({'; '.join(lost)})" if lost else "")
    text += f", and no difference is shown in {len(open_)}"
    return f"{text}; {len(dumb)} could not be tested." if dumb else f"{text}."


def _over_seeds(outcomes: Sequence[str]) -> str:
    """A cell is won with more than half of its tested seeds and without a loss."""
    tested = [o for o in outcomes if o != "untested"]
    if not tested:
        return "untested"
    for kind, opposite in (("beats", "loses"), ("loses", "beats")):
        if 2 * tested.count(kind) > len(tested) and opposite not in tested:
            return kind
    return "undecided"
