"""What comes out: estimates, scores, curves and the result of a case. Unknown is a word, never NaN."""

from collections.abc import Iterator
from itertools import pairwise
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
    """One line, cloud or set of bars of a figure; low and high make a band, names are written beside points."""

    label: str
    role: Role
    x: tuple[float | None, ...]
    y: tuple[float | None, ...]
    low: tuple[float | None, ...] | None = None
    high: tuple[float | None, ...] | None = None
    names: tuple[str, ...] | None = None


Image = tuple[tuple[float | None, ...], ...]
Kind = Literal[
    "line", "points", "bars", "raster", "map", "section", "portrait", "composite", "tracks", "taylor"
]
GRIDDED = ("map", "section", "portrait", "composite")  # kinds of rasters on stated cells
DIFFERENCE = "difference"  # the raster that gets a colour scale of its own


class Curve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The data behind one figure, small enough to travel in a report; `spec.figures` makes those of the sphere.

    Attributes:
        kind: "line", "points" (a cloud), "bars", or "raster" (x by y image, see `raster`); on the sphere "map"
            (longitude by latitude, with coastlines), "section" (latitude by pressure), "portrait" (a table of
            numbers in colour), "composite" (around a centre), "tracks" (paths over coastlines), "taylor" (x is the
            ratio of standard deviations, y the correlation).
        log: which axes are logarithmic: "", "x", "y" or "xy".
        rasters: one image a role, rows of values; x runs along a row. All share one colour scale, except
            the one named "difference".
        units: of the rasters' values.
        x_edges: borders of the columns, one more than there are; `y_edges` of the rows. The kinds of the sphere have
            them instead of an extent; on a disc x is the azimuth in degrees clockwise from the top, y the radius.
        row_labels: of a portrait, from the top; `column_labels` from the left.
        marked: raster -> one text of "0" and "1" a row: where the value is significant (drawn as stipples).
        levels: borders of the colours; empty where the report chooses them.
        diverging: whether the colours part at `centre`; None where the values decide.
        hue: "warmth" (blue to red) or "water" (brown to green) of diverging colours.
        captions: raster -> words beside its heading, as in "rms 1.2 K".
        projection: of a composite: "plain" (x, y) or "disc".
    """

    name: str
    title: str
    kind: Kind
    x_label: str
    y_label: str
    log: Literal["", "x", "y", "xy"] = ""
    series: tuple[Series, ...] = ()
    rasters: dict[str, Image] = {}
    extent: tuple[float, float, float, float] | None = None
    note: str = ""
    units: str = ""
    x_edges: tuple[float, ...] | None = None
    y_edges: tuple[float, ...] | None = None
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    marked: dict[str, tuple[str, ...]] = {}
    levels: tuple[float, ...] = ()
    diverging: bool | None = None
    centre: float = 0.0
    hue: Literal["warmth", "water"] = "warmth"
    captions: dict[str, str] = {}
    projection: Literal["plain", "disc"] = "plain"

    def __post_init__(self) -> None:
        """Refuse what no template could draw; older kinds are taken as they come."""
        for problem in (*_scale_problems(self), *(_grid_problems(self) if self.kind in GRIDDED else ())):
            raise ValueError(f"figure {self.name!r}: {problem}")


def _scale_problems(curve: Curve) -> Iterator[str]:
    if any(a >= b for a, b in pairwise(curve.levels)):
        yield "levels must rise"
    for what, known in (("marked", curve.marked), ("captions", curve.captions)):
        if unknown := set(known) - set(curve.rasters):
            yield f"{what} names {sorted(unknown)}, which are no rasters of it"
    if any(s.names is not None and len(s.names) != len(s.x) for s in curve.series):
        yield "a series needs one name a point"


def _grid_problems(curve: Curve) -> Iterator[str]:
    """A rectangle of cells, the same for all rasters, with borders or labels for each row and column."""
    table = curve.kind == "portrait"
    if table:
        tall, wide = len(curve.row_labels), len(curve.column_labels)
        if len(set(curve.row_labels)) < tall or len(set(curve.column_labels)) < wide:
            yield "labels of rows and of columns must differ"
    else:
        if curve.x_edges is None or curve.y_edges is None:
            yield f"a {curve.kind} needs x_edges and y_edges"
            return
        tall, wide = len(curve.y_edges) - 1, len(curve.x_edges) - 1
    for which, edges in (("x", curve.x_edges), ("y", curve.y_edges)):
        if not table and any(not a < b for a, b in pairwise(edges or ())):
            yield f"{which}_edges must rise"
        if which in curve.log and edges and edges[0] <= 0:
            yield f"{which}_edges must be positive on a logarithmic axis"
    for name, image in (*curve.rasters.items(), *curve.marked.items()):
        if len(image) != tall or any(len(row) != wide for row in image):
            yield f"{name!r} must have {tall} rows of {wide}"
    if any(set(row) - {"0", "1"} for rows in curve.marked.values() for row in rows):
        yield "marked holds texts of 0 and 1"


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
        unit_values: measure name -> {"subject" | "null" | "floor": discrepancy of each unit, "value": the subject's own
            number of each unit}; a diverged unit is None.
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
        fates: "subject" and "truth" -> how many free runs lived, came to rest, closed into a cycle or exploded.
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
    fates: dict[str, dict[str, int]] = {}
    cost: dict[str, float] = {}
    provenance: dict[str, str] = {}
    details: str | None = None
