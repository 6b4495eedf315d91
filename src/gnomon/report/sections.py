"""The parts of the page below the ladder, as plain rows of text: cost, learning, power, provenance."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from gnomon.inference.ladder import Ladder, key_of, names_of
from gnomon.inference.power import PowerCurve, detection_curves
from gnomon.report.words import number, plainly, quoted
from gnomon.spec.results import Curve, Result, Series
from gnomon.spec.study import CONTROLS

FATES = ("lives", "rests", "periodic", "exploded")


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of text. `cells` names, for each row, the cell (learner, world, trial) that the row opens."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[str, str, str], ...] = ()


class Named:
    """Results with the names that the ladder gives to their worlds, learners and trials."""

    def __init__(self, results: Sequence[Result]):
        self.results = results
        self._names = {p: names_of(r.case[p] for r in results) for p in ("world", "learner", "trial")}

    def __call__(self, result: Result, part: str) -> str:
        """The name of a result's "world", "learner" or "trial"."""
        return self._names[part][key_of(result.case[part])]


def cost(results: Sequence[Result], table: Ladder, judged: Sequence[str]) -> Table:
    """Every measure of the trials without fidelity: one row a learner and world."""
    named = Named(results)
    measures: dict[str, str] = {}
    rows: dict[tuple[str, str], dict[str, str]] = {}
    opens: dict[tuple[str, str], tuple[str, str, str]] = {}
    for result in _in_order(results, table, named):
        if (
            named(result, "trial") in judged or result.case["trial"]["kind"] == "cause"
        ):  # sentences: report.causes
            continue
        place = (named(result, "learner"), named(result, "world"))
        opens.setdefault(place, (*place, named(result, "trial")))
        row = rows.setdefault(place, {})
        for score in result.scores:
            measures.setdefault(score.measure, score.units)
            row.setdefault(score.measure, quoted(score.value) or score.status)
        if not result.scores:
            row["outcome"] = result.reason or result.status
    heads = [m.replace("_", " ") + (f" ({u})" if u not in ("", "1") else "") for m, u in measures.items()]
    extra = ["outcome"] if any("outcome" in r for r in rows.values()) else []
    body = tuple((*place, *(row.get(m, "") for m in [*measures, *extra])) for place, row in rows.items())
    return Table(("learner", "world", *heads, *extra), body, tuple(opens[p] for p in rows))


def learned(results: Sequence[Result], table: Ladder) -> Table:
    """What each learner saw and what its search chose: one row a learner and world (the first seed)."""
    named = Named(results)
    seen: dict[tuple[str, str], tuple[str, ...]] = {}
    for result in _in_order(results, table, named):
        place = (named(result, "learner"), named(result, "world"))
        if place in seen or not result.learned or result.case["learner"]["kind"] in CONTROLS:
            continue
        data = result.case.get("data", {})
        saw = f"({data.get('trajectories', '?')} + {data.get('validation', '?')}) × {data.get('steps', '?')}"
        log = result.learned
        # A brought model chose nothing here: what it declares stands in place of a choice.
        chose = plainly(log["chosen"]) if "chosen" in log else plainly(log)
        spent = [str(log["tried"]) if "tried" in log else "", plainly(log.get("seconds", ""))]
        verdict = log.get("validation")
        right = plainly(verdict.get("valid_time", "")) if isinstance(verdict, dict) else ""
        seen[place] = (*place, saw, chose, spent[0], right, spent[1])
    heads = (
        "saw: (training + validation) × steps",
        "chose",
        "settings tried",
        "valid time on validation (Lyapunov times)",
        "seconds to fit",
    )
    return Table(("learner", "world", *heads), tuple(seen.values()))


def fates(results: Sequence[Result], table: Ladder) -> Table:
    """What became of free runs: one row a learner and world, all seeds together, the truth's own beside it."""
    named = Named(results)
    counts: dict[tuple[str, str], dict[str, dict[str, int]]] = {}
    for result in _in_order(results, table, named):
        if not result.fates:
            continue
        own = counts.setdefault(
            (named(result, "learner"), named(result, "world")), {"subject": {}, "truth": {}}
        )
        for role, found in result.fates.items():
            for name, n in found.items():
                own[role][name] = own[role].get(name, 0) + n
    rows = []
    for place, own in counts.items():
        total = sum(own["subject"].values()) or 1
        cells = [
            f"{own['subject'].get(name, 0) / total:.0%}" if own["subject"].get(name) else "" for name in FATES
        ]
        truth = ", ".join(f"{n} {name}" for name, n in own["truth"].items())
        rows.append((*place, str(total), *cells, truth))
    return Table(("learner", "world", "free runs", *FATES, "truth"), tuple(rows))


def smallest_effects(table: Ladder, judged: Sequence[str]) -> Table:
    """The smallest loss of fidelity that each cell could have detected: worlds by trials."""
    rows = []
    for row in reversed(table.rows):
        texts = []
        for trial in judged:
            cells = [c for c in table.cells if (c.world, c.trial) == (row.world, trial)]
            scores = [s.score for c in cells for s in c.seeds if s.score is not None]
            effects = sorted(s.smallest_effect for s in scores if s.smallest_effect is not None)
            units = max((s.n for s in scores), default=0)
            texts.append(f"{number(effects[len(effects) // 2], 2)} (n = {units})" if effects else "no room")
        rows.append((f"{row.world} ({row.rung})", *texts))
    return Table(("world", *judged), tuple(rows))


def detections(results: Sequence[Result]) -> tuple[list[PowerCurve], list[Curve]]:
    """Detection curves of planted faults in headline measures, and a figure for each fault and world."""
    curves = [c for c in detection_curves(results) if c.headline]
    figures = []
    for fault, world in dict.fromkeys((c.fault, c.world) for c in curves):
        series = tuple(
            Series(
                label=c.trial,
                role="subject",
                x=tuple(p.size for p in c.points),
                y=tuple(p.rate for p in c.points),
            )
            for c in curves
            if (c.fault, c.world) == (fault, world)
        )
        figures.append(
            Curve(
                name=f"power_{fault}_{world}",
                title=f"{fault.replace('_', ' ')} on {world}",
                kind="line",
                x_label="size of the planted fault",
                y_label="share of seeds that detect it (1)",
                series=series,
                note="size 0 is the perfect model; with few seeds the intervals are wide, see the table",
            )
        )
    return curves, figures


UNSHOWN = (
    "command",
    "rung",
    "nodes",
    "made",
    "world_summary",
    "limits",
)  # shown elsewhere, or of use to the store alone


def provenance(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Names and values of everything that made the results; a value that varies is listed once for each form."""
    values: dict[str, dict[str, None]] = {}
    for result in results:
        for key, value in result.provenance.items():
            values.setdefault(key, {})[str(value)] = None
        values.setdefault("precision", {})[str(result.case.get("precision", "unknown"))] = None
        values.setdefault("data seeds", {})[str(result.case.get("seed", 0))] = None
    rows = [(key, _listed(list(found))) for key, found in values.items() if key not in UNSHOWN]
    said = {pair for r in results for pair in r.case.get("versions", {}).items()}
    versions = sorted(
        f"{k.partition(':')[2] or k} {v}" for k, v in said if not k.endswith((" card", " refused"))
    )
    return [*rows, ("component versions", ", ".join(versions) or "unknown")]


def worlds(results: Sequence[Result], table: Ladder) -> dict[str, dict[str, Any]]:
    """What each world is and what it cannot tell, in ladder order; worlds that state no limits are left out.

    The engine copies both from the world's card: `provenance["world_summary"]`, and `provenance["limits"]` with one
    sentence a line. A case may add to them what its own run of the truth showed; every sentence is told once.
    """
    named = Named(results)
    found: dict[str, dict[str, Any]] = {}
    for result in results:
        limits = [line for line in result.provenance.get("limits", "").splitlines() if line.strip()]
        if limits:
            empty = {"summary": result.provenance.get("world_summary", ""), "limits": []}
            told = found.setdefault(named(result, "world"), empty)["limits"]
            told += [line for line in limits if line not in told]
    return {row.world: found[row.world] for row in table.rows if row.world in found}


def command(results: Iterable[Result], study: str) -> str:
    """The command that makes the results again."""
    return next(
        (r.provenance["command"] for r in results if r.provenance.get("command")), f"gnomon run {study}"
    )


def _listed(found: list[str]) -> str:
    return "; ".join(found[:6]) + (f"; and {len(found) - 6} more" if len(found) > 6 else "")


def _in_order(results: Sequence[Result], table: Ladder, named: Named) -> list[Result]:
    worlds = [row.world for row in table.rows]
    return sorted(
        results,
        key=lambda r: (
            table.learners.index(named(r, "learner")),
            worlds.index(named(r, "world")),
            int(r.case.get("seed", 0)),
        ),
    )
