"""What a person declares of their own model: names, units, steps, and what it was trained on."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadModel
from gnomon.spec.registry import suggest

LONGEST_CONTEXT = 64  # past observations that are recorded before every start


class VariableMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One variable of the model in the words of the world: world value = scale * model value + offset.

    Attributes:
        name: of the world's variable; the model's own word if left out.
        units: of the model's values; the world's if left out. Other units need a `scale`.
        scale: world units per model unit; 1 if left out.
        offset: in world units.
    """

    name: str = ""
    units: str | None = None
    scale: float | None = None
    offset: float = 0.0


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The module-level dict `GNOMON` of a model's file; every entry has a sensible default.

    Attributes:
        variables: the model's word -> the world's, in the order in which they lie in the flat state; all of the world's
            variables in the order of its card if left out.
        knobs: the model's word -> the world's knob; the world's own words if left out.
        batched: whether `step` takes states [batch, size] and forcings [batch] (else [size] and floats).
        dt: time of one call of `step`, in the world's time units; the world's own if left out.
        context: how many past states `step` sees: with k > 1 it gets [k, size], oldest first, and returns the next one.
        stochastic: whether `step` takes a random generator as a third argument (NumPy's; a key for JAX).
        trained_on: knob ranges the training data spanned.
        period: of the training data, first and last time, in the time units of the data (archives).
        artifacts: files that decide what the model does (weights, tables), relative to its own; part of its identity.
        framework: whose arrays `step` speaks.
        dtype: of those arrays; single precision for PyTorch and double for the others if left out.
    """

    variables: dict[str, VariableMap] = {}
    knobs: dict[str, str] = {}
    batched: bool = False
    dt: float | None = None
    context: int = 1
    stochastic: bool = False
    trained_on: dict[str, tuple[float, float]] = {}
    period: tuple[float, float] | None = None
    artifacts: tuple[str, ...] = ()
    framework: Literal["numpy", "torch", "jax"] = "numpy"
    dtype: Literal["float32", "float64"] | None = None

    @property
    def precision(self) -> str:
        """The dtype of the arrays the model speaks."""
        return self.dtype or ("float32" if self.framework == "torch" else "float64")


def read_declaration(raw: Any, where: str) -> Declaration:
    """A declaration from plain data; an error names the entry and the nearest right one."""
    if isinstance(raw, Declaration):
        return _checked(raw, where)
    if not isinstance(raw, Mapping):
        raise BadModel(f"{where}: GNOMON must be a dict, got {type(raw).__name__}")
    for key in raw:
        if key not in Declaration.__struct_fields__:
            raise BadModel(
                f"{where}: GNOMON has no entry {key!r}; {suggest(str(key), Declaration.__struct_fields__)}"
            )
    try:
        return _checked(msgspec.convert(dict(raw), Declaration), where)
    except msgspec.ValidationError as error:
        raise BadModel(f"{where}: GNOMON: {error}") from None


def _checked(declared: Declaration, where: str) -> Declaration:
    if declared.dt is not None and not (math.isfinite(declared.dt) and declared.dt > 0):
        raise BadModel(f"{where}: dt must be a positive time, got {declared.dt}")
    if declared.context < 1:
        raise BadModel(f"{where}: context counts past states and must be at least 1, got {declared.context}")
    if declared.context > LONGEST_CONTEXT:
        raise BadModel(
            f"{where}: context {declared.context} asks for more past states than the {LONGEST_CONTEXT} that are kept; "
            "declare a shorter one"
        )
    for word, v in declared.variables.items():
        scale = 1.0 if v.scale is None else v.scale
        if not (math.isfinite(scale) and scale != 0 and math.isfinite(v.offset)):
            raise BadModel(
                f"{where}: variable {word!r} needs a finite scale other than 0 and a finite offset"
            )
    for knob, (low, high) in declared.trained_on.items():
        if not low <= high:
            raise BadModel(f"{where}: trained_on[{knob!r}] must be (low, high), got ({low:g}, {high:g})")
    return declared


def check_against(declared: Declaration, card: WorldCard, where: str) -> None:
    """Whether the declaration fits the world: every variable once, known knobs, the same units or a scale."""
    names = [v.name or word for word, v in declared.variables.items()]
    known = {v.name: v for v in card.variables}
    for word, name in zip(declared.variables, names, strict=True):
        if name not in known:
            raise BadModel(
                f"{where}: variable {word!r} is mapped to {name!r}, which {card.name} does not have; "
                f"{suggest(name, known)}"
            )
        mapped = declared.variables[word]
        if mapped.units is not None and mapped.units != known[name].units and mapped.scale is None:
            raise BadModel(
                f"{where}: variable {word!r} is in {mapped.units!r} but {card.name} has {name!r} in "
                f"{known[name].units!r}; declare scale (world units per model unit) and, where needed, offset"
            )
    if names and sorted(names) != sorted(known):
        missing = [n for n in known if n not in names]
        twice = sorted({n for n in names if names.count(n) > 1})
        fault = f"has no {', '.join(missing)}" if missing else f"maps {', '.join(twice)} twice"
        raise BadModel(
            f"{where}: the declaration {fault}; a model of {card.name} needs {', '.join(known)}, each once"
        )
    knobs = [k.name for k in card.knobs]
    for knob in (*declared.knobs.values(), *declared.trained_on):
        if knob not in knobs:
            raise BadModel(f"{where}: {card.name} has no knob {knob!r}; {suggest(knob, knobs)}")
    if declared.context > 1 and declared.dt is not None and abs(declared.dt - card.dt) > 1e-9 * card.dt:
        raise BadModel(
            f"{where}: with context {declared.context} dt must be that of {card.name}, {card.dt:g} {card.time_units}, "
            f"because past states are observed that far apart; got {declared.dt:g}"
        )
