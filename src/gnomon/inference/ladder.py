"""The ladder as plain data: worlds in order of rung as rows, trials as columns, one cell for each learner."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gnomon.spec.cards import RUNGS
from gnomon.spec.errors import BadSpec
from gnomon.spec.identity import canonical
from gnomon.spec.registry import BUILT_IN
from gnomon.spec.results import Estimate, Result, Score, Status
from gnomon.spec.study import CONTROLS

UNKNOWN_RUNG = "unknown"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One world of the ladder."""

    rung: str
    world: str


class SeedCell(msgspec.Struct, frozen=True, kw_only=True):
    """One case behind a cell.

    Attributes:
        score: the trial's headline score; None where the case has none (cost, a case that failed).
        status: of the headline score, else of the result.
        when: model time of the first divergence, where the result has one.
    """

    result: str
    seed: int
    status: Status
    reason: str | None = None
    score: Score | None = None
    when: float | None = None


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A learner on a world in a trial.

    Attributes:
        score: the headline score of the seed shown: the one whose fidelity is the median (the lower of two middles).
        status: the commonest among the seeds, the worse one in a tie.
        fidelity: the estimate of that seed, its interval over units.
        median: of fidelity over seeds; equal to the only value where there is one seed. None where no seed has one.
        lowest: and `highest`: range of fidelity over seeds; None with fewer than two values.
        seeds: every case behind the cell, by seed.
    """

    learner: str
    rung: str
    world: str
    trial: str
    status: Status
    reason: str | None = None
    score: Score | None = None
    fidelity: Estimate | None = None
    median: float | None = None
    lowest: float | None = None
    highest: float | None = None
    seeds: tuple[SeedCell, ...] = ()


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, columns and cells; a combination that was not run has no cell."""

    rows: tuple[Row, ...]
    trials: tuple[str, ...]
    learners: tuple[str, ...]
    cells: tuple[Cell, ...]

    def cell(self, learner: str, world: str, trial: str) -> Cell | None:
        """The cell of that learner, world and trial, or None where nothing was run."""
        for cell in self.cells:
            if (cell.learner, cell.world, cell.trial) == (learner, world, trial):
                return cell
        return None

    def climb(self, learner: str) -> tuple[Cell, ...]:
        """A learner's cells from the bottom up: row by row, in each the trials in order."""
        cells = (self.cell(learner, row.world, trial) for row in self.rows for trial in self.trials)
        return tuple(c for c in cells if c is not None)


# The worse comes first: a tie between seeds is told as the worse of the two.
_WORST_FIRST: tuple[Status, ...] = ("failed", "diverged", "memory", "timeout", "unsupported", "no_room", "ok")


def ladder(results: Iterable[Result], rungs: Mapping[str, str] | None = None) -> Ladder:
    """The ladder of some results (of one study; results of different data plans are not mixed).

    Args:
        results: in any order; the same case twice counts once.
        rungs: world kind -> rung, for results whose provenance does not name the rung.
    """
    cases = list({r.id: r for r in results}.values())
    shown = {part: names_of(c.case[part] for c in cases) for part in ("world", "learner", "trial")}
    where: dict[tuple[str, str, str], list[Result]] = {}
    rows: dict[str, Row] = {}
    for result in cases:
        world, learner, trial = (shown[p][key_of(result.case[p])] for p in ("world", "learner", "trial"))
        where.setdefault((learner, world, trial), []).append(result)
        rows.setdefault(world, Row(rung=_rung(result, rungs), world=world))
    in_order = sorted(rows.values(), key=lambda row: _place(row.rung, RUNGS))
    trials = sorted(dict.fromkeys(t for _, _, t in where), key=lambda t: _place(t, tuple(BUILT_IN["trials"])))
    learners = sorted(dict.fromkeys(k for k, _, _ in where), key=lambda k: _place(k, CONTROLS))
    cells = tuple(
        _cell(learner, row, trial, where[learner, row.world, trial])
        for learner in learners
        for row in in_order
        for trial in trials
        if (learner, row.world, trial) in where
    )
    return Ladder(rows=tuple(in_order), trials=tuple(trials), learners=tuple(learners), cells=cells)


def headline(result: Result) -> Score | None:
    """The score declared as the trial's headline, or None."""
    return next((s for s in result.scores if s.headline), None)


def _cell(learner: str, row: Row, trial: str, results: list[Result]) -> Cell:
    place = f"{learner} on {row.world}, {trial}"
    seeds = tuple(sorted((_seed_cell(r) for r in results), key=lambda s: s.seed))
    if len({s.seed for s in seeds}) < len(seeds):
        raise BadSpec(
            f"{place}: several results for the same seed, made with different data, precision or versions; "
            "give the results of one study"
        )
    valued = sorted((s for s in seeds if _fidelity(s) is not None), key=lambda s: _fidelity(s) or 0.0)
    values = [v for v in map(_fidelity, valued) if v is not None]
    counts = Counter(s.status for s in seeds)
    status: Status = max(_WORST_FIRST, key=lambda s: counts[s])  # the first of several that tie is the worst
    of_status = [s for s in valued if s.status == status] or [s for s in seeds if s.status == status]
    told = of_status[(len(of_status) - 1) // 2]
    reason = told.reason
    if len(seeds) > 1 and len(counts) > 1:
        tally = ", ".join(f"{counts[s]} {s}" for s in _WORST_FIRST if s in counts)
        reason = f"{tally} of {len(seeds)} seeds" + (f"; {reason}" if reason else "")
    several = len(values) > 1
    return Cell(
        learner=learner,
        rung=row.rung,
        world=row.world,
        trial=trial,
        status=status,
        reason=reason,
        score=told.score,
        fidelity=told.score.fidelity if told.score else None,
        median=statistics.median(values) if values else None,
        lowest=values[0] if several else None,
        highest=values[-1] if several else None,
        seeds=seeds,
    )


def _seed_cell(result: Result) -> SeedCell:
    score = headline(result)
    return SeedCell(
        result=result.id,
        seed=int(result.case.get("seed", 0)),
        status=score.status if score else result.status,
        reason=(score.reason or result.reason) if score else result.reason,
        score=score,
        when=result.when,
    )


def _fidelity(seed: SeedCell) -> float | None:
    return seed.score.fidelity.value if seed.score and seed.score.fidelity else None


def _rung(result: Result, rungs: Mapping[str, str] | None) -> str:
    return (rungs or {}).get(result.case["world"]["kind"]) or result.provenance.get("rung", UNKNOWN_RUNG)


def _place(name: str, order: tuple[str, ...]) -> int:
    """Known names in their order, then the others in the order they came in (sorting is stable)."""
    return order.index(name) if name in order else len(order)


def key_of(ref: Mapping[str, Any]) -> bytes:
    """What makes two references of cases (worlds, learners or trials) the same row or column."""
    return canonical({"kind": ref["kind"], "args": ref.get("args", {}), "label": ref.get("label", "")})


def names_of(refs: Iterable[Mapping[str, Any]]) -> dict[bytes, str]:
    """A name for each different world, learner or trial; where a name serves two, the arguments that differ join it."""
    different = {key_of(ref): ref for ref in refs}
    names = {key: ref.get("label") or ref["kind"] for key, ref in different.items()}
    clashes = {name for name, count in Counter(names.values()).items() if count > 1}
    for name in clashes:
        keys = [k for k, n in names.items() if n == name]
        every = [different[k].get("args", {}) for k in keys]
        varied = sorted({a for args in every for a in args if any(e.get(a) != args[a] for e in every)})
        for key, args in zip(keys, every, strict=True):
            names[key] = (
                f"{name} ({', '.join(f'{a}={args.get(a)}' for a in varied) or different[key]['kind']})"
            )
    return names
