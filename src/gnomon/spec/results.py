"""What comes out: estimates, scores, curves and the result of a case. Unknown is a word, never NaN."""

from typing import Any, Literal

import msgspec

SCHEMA = 1  # of the files in a store; store/migrations.py knows every older one

Status = Literal["ok", "diverged", "failed", "timeout", "memory", "unsupported", "no_room"]
Role = Literal["subject", "truth", "floor", "null"]


class Estimate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number with its interval, or the reason why there is none.

    Attributes:
        level: of the interval, as in 0.95.
        n: independent units behind it.
        reason: why value or interval is missing; None when both are there.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    stderr: float | None = None
    level: float = 0.95
    n: int = 0
    reason: str | None = None


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line, cloud or set of bars of a figure; low and high make a band."""

    label: str
    role: Role
    x: tuple[float | None, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] | None = None
    high: tuple[float | None, ...] | None = None


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The data behind one figure, small enough to travel in a report.

    Attributes:
        kind: "line", "points" (a cloud), "bars", or "raster" (x by y image, see `raster`).
        log: which axes are logarithmic: "", "x", "y" or "xy".
        rasters: for kind "raster": one image a role, rows of values; x runs along a row.
    """

    name: str
    title: str
    kind: Literal["line", "points", "bars", "raster"]
    x_label: str
    y_label: str
    log: Literal["", "x", "y", "xy"] = ""
    series: tuple[Series, ...] = ()
    rasters: dict[str, tuple[tuple[float | None, ...], ...]] = {}
    extent: tuple[float, float, float, float] | None = None
    note: str = ""


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One measure in one case.

    Attributes:
        value: the subject's own number in the measure's units; `null_value` and `floor_value` beside it.
        discrepancy: distance from the truth (0 = identical); `null` and `floor` computed the same way.
        fidelity: (null - d) / (null - floor), or None where it means nothing (status says why).
        diverged: units that left the attractor; each counts as twice the null.
    """

    measure: str
    version: int
    units: str
    status: Status
    reason: str | None = None
    headline: bool = False
    null_name: str = ""
    value: Estimate
    null_value: Estimate | None = None
    floor_value: Estimate | None = None
    discrepancy: Estimate | None = None
    null: Estimate | None = None
    floor: Estimate | None = None
    fidelity: Estimate | None = None
    smallest_effect: float | None = None
    n: int = 0
    diverged: int = 0


class Details(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The bulk of a result, kept in a file of its own: figures, and per-unit values for paired tests.

    Attributes:
        curves: measure name -> its figures.
        unit_values: measure name -> {"subject" | "null" | "floor": discrepancy of each unit};
            a diverged unit is None.
    """

    schema: int = SCHEMA
    curves: dict[str, tuple[Curve, ...]] = {}
    unit_values: dict[str, dict[str, tuple[float | None, ...]]] = {}


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happened to a case. A diverged, failed or stopped case is a result like any other.

    Attributes:
        case: the case as plain data (see `spec.study.Case`), so that a result explains itself.
        when: for a diverged case, the model time of the first divergence.
        learned: what the fit chose (hyper-parameters, validation score, budget spent), as plain data.
        cost: seconds, memory; the only part that differs between two identical runs.
        details: checksum of the details file; None where there is none.
    """

    schema: int = SCHEMA
    id: str
    case: dict[str, Any]
    status: Status
    reason: str | None = None
    when: float | None = None
    scores: tuple[Score, ...] = ()
    learned: dict[str, Any] = {}
    cost: dict[str, float] = {}
    provenance: dict[str, str] = {}
    details: str | None = None
