"""A result as rows of one flat table: a row a score, so that a question about many cases is one line of SQL."""

from typing import Any

import msgspec

from gnomon.spec.cards import RUNGS
from gnomon.spec.registry import shipped
from gnomon.spec.results import Estimate, Result, Score

COLUMNS: dict[str, str] = {
    "id": "VARCHAR",
    "world": "VARCHAR",
    "world_kind": "VARCHAR",
    "rung": "VARCHAR",
    "learner": "VARCHAR",
    "learner_kind": "VARCHAR",
    "trial": "VARCHAR",
    "seed": "BIGINT",
    "precision": "VARCHAR",
    "case_status": "VARCHAR",
    "case_reason": "VARCHAR",
    "diverged_at": "DOUBLE",
    "measure": "VARCHAR",
    "version": "BIGINT",
    "units": "VARCHAR",
    "headline": "BOOLEAN",
    "status": "VARCHAR",
    "reason": "VARCHAR",
    "value": "DOUBLE",
    "low": "DOUBLE",
    "high": "DOUBLE",
    "null_value": "DOUBLE",
    "floor_value": "DOUBLE",
    "discrepancy": "DOUBLE",
    "null_name": "VARCHAR",
    "null_discrepancy": "DOUBLE",
    "floor_discrepancy": "DOUBLE",
    "fidelity": "DOUBLE",
    "fidelity_low": "DOUBLE",
    "fidelity_high": "DOUBLE",
    "fidelity_reason": "VARCHAR",
    "smallest_effect": "DOUBLE",
    "n": "BIGINT",
    "diverged": "BIGINT",
    "cost": "VARCHAR",
}
"""Name -> duckdb type. `null` and `floor` are called `null_discrepancy` and `floor_discrepancy`, because `SELECT null`
is valid SQL and means something else."""


def rows_of(result: Result) -> list[dict[str, Any]]:
    """One row a score; a case without scores (failed, timed out) has one row without a measure."""
    case = _case_columns(result)
    if not result.scores:
        return [{**case, "status": result.status, "reason": result.reason}]
    return [{**case, **_score_columns(score)} for score in result.scores]


def _case_columns(result: Result) -> dict[str, Any]:
    case = result.case
    world, learner, trial = (_part(case, name) for name in ("world", "learner", "trial"))
    return {
        "id": result.id,
        "world": _shown(world),
        "world_kind": _text(world.get("kind")),
        "rung": result.provenance.get("rung") or _rung(world.get("kind")),
        "learner": _shown(learner),
        "learner_kind": _text(learner.get("kind")),
        "trial": _text(trial.get("kind")),
        "seed": case["seed"] if isinstance(case.get("seed"), int) else None,
        "precision": _text(case.get("precision")),
        "case_status": result.status,
        "case_reason": result.reason,
        "diverged_at": result.when,
        "cost": msgspec.json.encode(result.cost, order="sorted").decode(),
    }


def _score_columns(score: Score) -> dict[str, Any]:
    fidelity = score.fidelity
    return {
        "measure": score.measure,
        "version": score.version,
        "units": score.units,
        "headline": score.headline,
        "status": score.status,
        "reason": score.reason,
        "value": score.value.value,
        "low": score.value.low,
        "high": score.value.high,
        "null_value": _value(score.null_value),
        "floor_value": _value(score.floor_value),
        "discrepancy": _value(score.discrepancy),
        "null_name": score.null_name,
        "null_discrepancy": _value(score.null),
        "floor_discrepancy": _value(score.floor),
        "fidelity": _value(fidelity),
        "fidelity_low": fidelity.low if fidelity else None,
        "fidelity_high": fidelity.high if fidelity else None,
        "fidelity_reason": fidelity.reason if fidelity else None,
        "smallest_effect": score.smallest_effect,
        "n": score.n,
        "diverged": score.diverged,
    }


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _part(case: dict[str, Any], name: str) -> dict[str, Any]:
    part = case.get(name)
    return part if isinstance(part, dict) else {}


def _shown(ref: dict[str, Any]) -> str | None:
    return _text(ref.get("label")) or _text(ref.get("kind"))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _rung(world: Any) -> str | None:
    """The rung of a built-in world is the folder it lives in."""
    entry = shipped("worlds").get(world) if isinstance(world, str) else None
    folder = entry.target.split(".")[2] if entry and entry.target.count(".") > 2 else None
    return folder if folder in RUNGS else None
