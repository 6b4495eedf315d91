"""From what a system declares and what is known of it to a card: shared by flows, delay equations and maps."""

import ast
import functools
import hashlib
import math
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from gnomon.spec.cards import Knob, Variable, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.worlds.flow.record import Record, record_of


class Declared(Protocol):
    """What every kind of system declares of its parameters."""

    @property
    def parameters(self) -> dict[str, float]:
        """Names and standard values."""
        ...

    @property
    def knob(self) -> str:
        """The parameter that is turned unless the user names another."""
        ...

    @property
    def knob_means(self) -> str:
        """In words."""
        ...


MOST = 100_000  # inner steps in one dt
OTHER = "Parameters differ from the standard ones: Lyapunov time, scales and ranges are those of the standard system."
SHELF = "gnomon.worlds.flow.catalogue."


def name_of(cls: type) -> str:
    """The name of a system: its file's in the catalogue, anywhere else its class's."""
    if cls.__module__.startswith(SHELF):
        return cls.__module__.removeprefix(SHELF)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()


def known_of(cls: type) -> Record | None:
    """What has been computed of a system of the catalogue; nothing of somebody's own, whatever it is called."""
    return record_of(name_of(cls)) if cls.__module__.startswith(SHELF) else None


def merged(system: str, standard: Mapping[str, float], given: Mapping[str, float]) -> dict[str, float]:
    """The standard parameters with those that are given in their place."""
    for name, value in given.items():
        if name not in standard:
            raise BadSpec(f"{system} has no parameter {name!r}; it has: {', '.join(standard)}")
        if not math.isfinite(value):
            raise BadSpec(f"{system}: parameter {name} must be a finite number, got {value}")
    return {**standard, **{k: float(v) for k, v in given.items()}}


def knob_of(
    system: str,
    about: Declared,
    given: Mapping[str, float],
    known: Record,
    knob: str,
    low: float | None,
    high: float | None,
) -> Knob:
    """The knob: the system's own with its known range, or a parameter with the range that is given."""
    name = knob or about.knob
    if name not in given:
        raise BadSpec(f"{system} has no parameter {name!r}; it has: {', '.join(given)}")
    if (low is None) != (high is None) or (name != about.knob and low is None):
        raise BadSpec(f"a range of one's own needs both ends: give low and high for the knob {name!r}")
    half = (known.high - known.low) / 2  # the record's ends are rounded, the default lies in the middle
    ends, shift = (
        (about.parameters[name] - half, about.parameters[name] + half),
        given[name] - about.parameters[name],
    )
    if low is not None and high is not None:
        ends, shift = (low, high), 0.0
    if not (
        math.isfinite(ends[0])
        and math.isfinite(ends[1])
        and ends[0] + shift <= given[name] <= ends[1] + shift
    ):
        raise BadSpec(
            f"{system}: the knob {name} stands at {given[name]:g}, outside its range {ends[0]:g} to {ends[1]:g}"
        )
    if not ends[0] < ends[1]:
        raise BadSpec(f"{system}: low {ends[0]:g} must lie below high {ends[1]:g}")
    means = about.knob_means if name == about.knob else f"the parameter {name}"
    return Knob(
        name=name, default=given[name], low=ends[0] + shift, high=ends[1] + shift, units="1", meaning=means
    )


def sampling_of(system: str, known: Record, dt: float, substeps: int) -> tuple[float, int]:
    """The time between observations and the inner steps in it, from what is given and what is known."""
    if not (math.isfinite(dt) and dt >= 0 and substeps >= 0):
        raise BadSpec(
            f"{system}: dt and substeps must be positive, or 0 for the usual ones; got {dt} and {substeps}"
        )
    step = dt or known.dt
    count = substeps or max(1, math.ceil(known.substeps * step / known.dt - 1e-9))
    if count > MOST:
        raise BadSpec(
            f"{system}: dt = {step:g} needs {count} inner steps, more than {MOST}; observe more often"
        )
    return step, count


def data_of(cls: type, known: Record) -> str:
    """What decides a system's orbits beside its arguments: the code of its equations and how they are stepped."""
    equations = [
        getattr(cls, name) for name in ("rhs", "rule") if hasattr(cls, name)
    ]  # may be those of another file
    paths = [getattr(sys.modules.get(thing.__module__), "__file__", None) for thing in (cls, *equations)]
    texts = [_code_of(path) for path in dict.fromkeys(paths) if path and Path(path).is_file()]
    text = b"".join(texts) or cls.__qualname__.encode()
    return hashlib.sha256(text + f" {known.dt!r} {known.substeps} {known.spinup!r}".encode()).hexdigest()[:16]


@functools.cache
def _code_of(path: str) -> bytes:
    """A file's syntax without its docstrings, so that a reference can be mended without making results stale."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body.pop(0)
    return ast.dump(tree).encode()


def variables_of(
    seen: tuple[str, ...], angles: Mapping[str, float], spread: Mapping[str, float], error: float
) -> tuple[Variable, ...]:
    """One variable a component that is seen; two for an angle, its cosine and sine."""
    out = []
    for name in seen:
        if name in angles:
            parts = [(f"{part}_{name}", 0.7) for part in ("cos", "sin")]
        else:
            parts = [(name, spread[name])]
        out += [Variable(name=n, units="1", scale=scale, obs_error=error * scale) for n, scale in parts]
    return tuple(out)


def card_of(
    cls: type,
    known: Record,
    knob: Knob,
    variables: tuple[Variable, ...],
    *,
    dt: float,
    exponents: int,
    notes: tuple[str, ...],
    standard: bool,
    time_units: str = "1",
) -> WorldCard:
    """The card of one instance.

    Args:
        cls: the system; its docstring holds the summary and the references.
        known: what has been computed of it.
        knob: that is turned.
        variables: that are seen.
        dt: time between two observations.
        exponents: how many are worth computing.
        notes: what this system cannot tell, and where it differs from its source.
        standard: whether the parameters are those for which the facts hold.
        time_units: "1" where time is a pure number.
    """
    text = " ".join((cls.__doc__ or "").split())
    return WorldCard(
        name=name_of(cls),
        rung="flow",
        summary=text.partition(". ")[0].rstrip(".")[:100],
        dt=dt,
        time_units=time_units,
        variables=variables,
        knobs=(knob,),
        timescale=known.timescale,
        spinup=known.spinup,
        exponents=exponents,
        references=tuple(r.rstrip(".,;") for r in re.findall(r"10\.\d{4,9}/\S+", text)),
        imperfect={"parameters": dict(known.imperfect)} if standard else {},
        limits=notes if standard else (*notes, OTHER),
        data=data_of(cls, known),
        facts=known.facts if standard else (),
    )
