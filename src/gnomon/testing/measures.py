"""`check_measure`: does a measure keep its side of the contract? For every measure here, and for other people's."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np

from gnomon.core.measure import AbstractMeasure, CannotMeasure, UnitTable
from gnomon.core.runs import Evidence, Unsupported
from gnomon.spec.errors import BadSpec
from gnomon.spec.results import GRIDDED, Curve
from gnomon.testing.synthetic_evidence import synthetic_evidence

NULLS = ("", "persistence_or_climatology", "gaussian", "frozen", "no_response", "climatological_ensemble")
FAULT = 0.6
CLEAR = 3.0  # standard errors that make a difference
LINE, CLOUD, SIDE = 80, 400, 64


class _Probe(NamedTuple):
    """A measure with the evidence and tables that most checks need."""

    measure: AbstractMeasure
    make: Callable[..., Evidence]
    evidence: dict[str, Evidence]
    tables: dict[str, UnitTable]


def check_measure(measure: AbstractMeasure, *, make: Callable[..., Evidence] = synthetic_evidence) -> None:
    """Raise `BadSpec` with the first promise that a measure does not keep; return silently where it keeps all.

    Promises: version, units, null, reference and docstring are there; tables have a unit axis and are the same twice;
    one number a unit, never NaN, the same whatever the order of the units; a perfect model is no worse than the floor,
    a planted fault is clearly worse, the null is clearly worse than the floor; a diverged unit is +inf and spares the
    others; figures are small plain data; missing runs are a `CannotMeasure` with a reason.

    Args:
        measure: an instance.
        make: evidence for a role, called as `synthetic_evidence` is; bring your own where the measure asks for
            experiments that no built-in trial runs.
    """
    _check_words(measure)
    roles = {"truth": {}, "floor": {}, "subject": {}, "faulty": {"fault": FAULT}}
    evidence = {k: make("subject" if k == "faulty" else k, **v) for k, v in roles.items()}
    if measure.null:
        evidence["null"] = make("null", null=measure.null)
    tables = {}
    for role, found in evidence.items():
        try:
            tables[role] = measure.summarise(found)
        except CannotMeasure as reason:
            if role in ("truth", "subject", "faulty"):
                raise _broken(measure, f"cannot summarise the {role}: {reason}") from reason
    probe = _Probe(measure, make, evidence, tables)
    for check in (
        _check_tables,
        _check_numbers,
        _check_order,
        _check_sense,
        _check_diverged,
        _check_few,
        _check_missing,
    ):
        check(probe)
    _check_curves(probe, {k: v for k, v in tables.items() if k != "faulty"})
    _check_curves(probe, {k: tables[k] for k in ("truth", "subject")})


def _check_words(measure: AbstractMeasure) -> None:
    what = type(measure).__name__
    if not isinstance(measure, AbstractMeasure):
        raise BadSpec(f"{what}: expected an instance of AbstractMeasure")
    if not (isinstance(measure.version, int) and measure.version >= 1):
        raise _broken(measure, f"version is {measure.version!r}; expected a whole number from 1")
    if not (measure.units and measure.reference):
        raise _broken(measure, 'units or reference is empty; "1" is a unit, and "none: why" a reference')
    if measure.null not in NULLS:
        raise _broken(measure, f"null is {measure.null!r}; known: {', '.join(filter(None, NULLS))}, or empty")
    text = type(measure).__doc__ or ""
    if "mislead" not in text:
        raise _broken(measure, "the docstring does not say what misleads about it")


def _check_tables(probe: _Probe) -> None:
    for role, table in probe.tables.items():
        sizes = {k: np.shape(v)[:1] for k, v in table.items()}
        if len(set(sizes.values())) != 1 or () in sizes.values():
            raise _broken(
                probe.measure, f"the table of the {role} has leading axes {sizes}; expected one, `unit`"
            )
        again = probe.measure.summarise(probe.evidence[role])
        if any(not np.array_equal(table[k], again[k], equal_nan=_floats(table[k])) for k in table):
            raise _broken(probe.measure, "summarise gives another table the second time")


def _check_numbers(probe: _Probe) -> None:
    for role in probe.tables:
        d = _distances(probe, role)
        if d is None:
            continue
        units = len(next(iter(probe.tables[role].values())))
        if d.shape != (units,) or not np.isfinite(d).all():
            raise _broken(
                probe.measure, f"discrepancy of the {role}: expected {units} finite numbers, got {d}"
            )
        value = probe.measure.value(probe.tables["truth"], probe.tables[role])
        if np.shape(value) != (units,):
            raise _broken(
                probe.measure,
                f"value has shape {np.shape(value)}; expected one number for each of {units} units",
            )


def _check_order(probe: _Probe) -> None:
    truth, subject = probe.tables["truth"], probe.tables["faulty"]
    order = np.random.default_rng(7).permutation(len(next(iter(subject.values()))))
    mixed = [{k: np.asarray(v)[order] for k, v in table.items()} for table in (truth, subject)]
    straight = probe.measure.discrepancy(truth, subject)[order]
    if not np.allclose(straight, probe.measure.discrepancy(*mixed), rtol=1e-6, atol=1e-9):
        raise _broken(probe.measure, "the discrepancy depends on the order of the units")


def _check_sense(probe: _Probe) -> None:
    perfect, faulty = _distances(probe, "subject"), _distances(probe, "faulty")
    floor, null, self = (_distances(probe, r) for r in ("floor", "null", "truth"))
    assert perfect is not None
    assert faulty is not None
    if not _clearly(faulty, perfect):
        raise _broken(
            probe.measure, f"a fault of {FAULT} is not seen: {_told(faulty)} against {_told(perfect)} without"
        )
    if floor is None:
        return
    if _clearly(perfect, floor) or _clearly(floor, perfect):
        raise _broken(probe.measure, f"a perfect model has {_told(perfect)}, the floor {_told(floor)}")
    if self is not None and _clearly(self, floor):
        raise _broken(
            probe.measure, f"the truth against itself has {_told(self)}, worse than the floor {_told(floor)}"
        )
    if null is not None and not _clearly(null, floor):
        raise _broken(
            probe.measure, f"the null has {_told(null)}, not clearly worse than the floor {_told(floor)}"
        )


def _check_diverged(probe: _Probe) -> None:
    half = tuple(range(len(probe.measure.discrepancy(probe.tables["truth"], probe.tables["subject"])) // 2))
    for lost in ((2,), half):
        d = probe.measure.discrepancy(probe.tables["truth"], _table(probe, diverged=lost))
        wrong = (
            np.isnan(d).any() or not np.isposinf(d[list(lost)]).all() or np.isinf(np.delete(d, lost)).any()
        )
        if wrong:
            raise _broken(
                probe.measure, f"units {lost} diverged; expected +inf there and only there, got {d}"
            )
    units = len(probe.tables["subject"]["alive"]) if "alive" in probe.tables["subject"] else len(d)
    everyone = _table(probe, diverged=tuple(range(units)))
    d = probe.measure.discrepancy(probe.tables["truth"], everyone)
    if not np.isposinf(d).all():
        raise _broken(probe.measure, f"every unit diverged; expected +inf everywhere, got {d}")
    _check_curves(probe, {"truth": probe.tables["truth"], "subject": everyone})
    _check_curves(probe, {"truth": probe.tables["truth"], "subject": _table(probe, diverged=(2,))})


def _check_few(probe: _Probe) -> None:
    for units in (1, 2):
        tables = [probe.measure.summarise(probe.make(role, units=units)) for role in ("truth", "subject")]
        try:
            d = probe.measure.discrepancy(tables[0], tables[1])
            probe.measure.value(tables[0], tables[1])
        except CannotMeasure as reason:
            if not str(reason):
                raise _broken(probe.measure, "CannotMeasure without a reason") from reason
            continue
        if np.shape(d) != (units,) or np.isnan(d).any():
            raise _broken(probe.measure, f"{units} units: expected {units} numbers, got {d}")


def _check_missing(probe: _Probe) -> None:
    evidence = probe.evidence["subject"]
    for runs in ({label: Unsupported(label, "no such run") for label in evidence.runs}, {}):
        try:
            probe.measure.summarise(evidence._replace(runs=runs))
        except CannotMeasure as reason:
            if not str(reason):
                raise _broken(probe.measure, "CannotMeasure without a reason") from reason
        else:
            raise _broken(probe.measure, "summarise without any runs: expected CannotMeasure with the reason")


def _check_curves(probe: _Probe, tables: Mapping[str, UnitTable]) -> None:
    curves = probe.measure.curves(tables, {k: probe.evidence[k] for k in tables})
    names = [c.name for c in curves]
    if len(set(names)) != len(names):
        raise _broken(probe.measure, f"two figures have one name: {names}")
    for curve in curves:
        _check_curve(probe.measure, curve)


def _check_curve(measure: AbstractMeasure, curve: Curve) -> None:
    plain = msgspec.to_builtins(curve)
    if msgspec.json.decode(msgspec.json.encode(curve), type=Curve) != curve or not _finite(plain):
        raise _broken(
            measure, f"figure {curve.name!r} holds a number that is not finite; use None for what is missing"
        )
    if not curve.title:
        raise _broken(measure, f"figure {curve.name!r}: the title is empty")
    if curve.kind in (*GRIDDED, "tracks", "taylor"):  # bounded and checked where they are made (spec.figures)
        return
    most = CLOUD if curve.kind == "points" else LINE
    for s in curve.series:
        lengths = {len(v) for v in (s.x, s.y, s.low, s.high) if v is not None}
        if len(lengths) != 1 or max(lengths) > most:
            raise _broken(
                measure, f"figure {curve.name!r}: series of lengths {lengths}; expected one, at most {most}"
            )
    for role, rows in curve.rasters.items():
        if len(rows) > SIDE or any(len(row) > SIDE for row in rows):
            raise _broken(
                measure, f"figure {curve.name!r}: the image of the {role} is larger than {SIDE} by {SIDE}"
            )
    if curve.series and not curve.y_label:
        raise _broken(measure, f"figure {curve.name!r}: the label of y is empty")


def _table(probe: _Probe, **options: Any) -> UnitTable:
    return probe.measure.summarise(probe.make("subject", **options))


def _distances(probe: _Probe, role: str) -> np.ndarray | None:
    """Discrepancy of a role; None where it has none and the role may lack one."""
    if role not in probe.tables:
        return None
    try:
        return np.asarray(probe.measure.discrepancy(probe.tables["truth"], probe.tables[role]))
    except CannotMeasure as reason:
        if role in ("subject", "faulty"):
            raise _broken(probe.measure, f"cannot judge the {role}: {reason}") from reason
        return None


def _clearly(more: np.ndarray, less: np.ndarray) -> bool:
    """Whether the mean of one exceeds the other's by three standard errors."""
    error = math.sqrt(more.var(ddof=1) / len(more) + less.var(ddof=1) / len(less))
    return bool(more.mean() - less.mean() > CLEAR * error + 1e-12)


def _told(d: np.ndarray) -> str:
    return f"{d.mean():.4g} ± {d.std(ddof=1) / math.sqrt(len(d)):.2g}"


def _floats(x: np.ndarray) -> bool:
    return np.issubdtype(np.asarray(x).dtype, np.inexact)


def _finite(node: Any) -> bool:
    if isinstance(node, float):
        return math.isfinite(node)
    if isinstance(node, dict):
        return all(_finite(v) for v in node.values())
    return all(_finite(v) for v in node) if isinstance(node, list | tuple) else True


def _broken(measure: AbstractMeasure, what: str) -> BadSpec:
    return BadSpec(f"measure {type(measure).__name__}: {what}")
