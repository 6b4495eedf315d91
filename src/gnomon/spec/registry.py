"""Names of things, without importing the things.

One table a kind: `name -> (target, summary)`. A target "package.module:attribute" is imported only when the
thing is built, so listing worlds starts no backend. Other people's packages add names through entry points
`gnomon.worlds`, `gnomon.learners`, `gnomon.trials`, `gnomon.measures`.
"""

import dataclasses
import difflib
import functools
import importlib
import importlib.metadata
import inspect
from collections.abc import Mapping
from typing import Any, cast, get_type_hints

import msgspec

from gnomon.spec.built_in import BUILT_IN
from gnomon.spec.catalogue import systems
from gnomon.spec.entry import Entry
from gnomon.spec.errors import BadSpec, GnomonError, UnknownName

KINDS = ("worlds", "learners", "trials", "measures")

# What tells a thing of each kind, without importing the classes: one of these groups of methods.
_NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "worlds": (("step", "observe"), ("baseline",)),
    "learners": (("fit",), ("alter_runs",), ("runner",)),
    "trials": (("design",),),
    "measures": (("summarise",),),
}


def shipped(kind: str) -> dict[str, Entry]:
    """Every name of a kind that comes with the package, the systems of the catalogue among the worlds."""
    return BUILT_IN[kind] | systems() if kind == "worlds" else BUILT_IN[kind]


@functools.cache
def _plug_ins(kind: str) -> tuple[tuple[str, Entry], ...]:
    """What installed packages add; a collision is an error. Scanned once: it reads every package's metadata."""
    found = []
    for point in importlib.metadata.entry_points(group=f"gnomon.{kind}"):
        where = point.dist.name if point.dist else "an installed package"
        if point.name in shipped(kind):
            raise BadSpec(
                f"{where} registers {kind[:-1]} {point.name!r}, a name that is already taken; rename it"
            )
        found.append((point.name, Entry(point.value, f"from {where}")))
    return tuple(found)


def entries(kind: str) -> dict[str, Entry]:
    """Every known name of a kind, built in or from an installed plug-in. A collision is an error."""
    if kind not in BUILT_IN:
        raise UnknownName(f"no registry of {kind!r}; there are: {', '.join(KINDS)}")
    return shipped(kind) | dict(_plug_ins(kind))


def suggest(name: str, known: "Mapping[str, Any] | list[str] | tuple[str, ...]") -> str:
    """The end of an error message: the nearest name, or all of them."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.55)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def load(kind: str, name: str) -> Any:
    """The factory behind a name; `package.module:attribute` is accepted as it stands."""
    if ":" in name:
        return _of_kind(kind, name, _import(name))
    table = entries(kind)
    if name not in table:
        raise UnknownName(f"no {kind[:-1]} named {name!r}; {suggest(name, table)}")
    return _of_kind(kind, name, _import(table[name].target))


def typed_arguments(kind: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments checked against the factory's signature, typed (28 becomes 28.0) and with defaults filled in.

    So `{}`, `{"rho": 28}` and `{"rho": 28.0}` are one identity, and a misspelt key names itself. Arguments that a
    factory lists as `later` came when there were results already: at their default they are left out, so that the
    identity of those is what it was.
    """
    factory = load(kind, name)
    try:
        struct = _signature_struct(factory)
    except (TypeError, ValueError, NameError, AttributeError) as error:
        raise BadSpec(
            f"{kind[:-1]} {name!r} has no arguments that can be read from its signature: {_one_line(error)}"
        ) from error
    later: tuple[str, ...] = getattr(factory, "later", ())
    for key in args:
        if key not in struct.__struct_fields__:
            raise BadSpec(
                f"{kind[:-1]} {name!r} has no argument {key!r}; {suggest(key, struct.__struct_fields__)}"
            )
    try:
        full = msgspec.structs.asdict(msgspec.convert(dict(args), struct, strict=False))
    except msgspec.ValidationError as error:
        raise BadSpec(f"{kind[:-1]} {name!r}: {error}") from None
    if not later:
        return full
    plain = msgspec.structs.asdict(struct(**{k: full[k] for k in struct.__struct_fields__ if k not in later}))
    return {k: v for k, v in full.items() if k not in later or v != plain[k]}


def build(kind: str, name: str, args: Mapping[str, Any] | None = None) -> Any:
    """Make the named thing."""
    factory = load(kind, name)
    given = typed_arguments(kind, name, args or {})
    try:
        made = factory(**given)
    except (TypeError, ValueError) as error:
        raise BadSpec(f"{kind[:-1]} {name!r} cannot be built: {_one_line(error)}") from error
    return _of_kind(kind, name, made, made=True)


def _of_kind(kind: str, name: str, thing: Any, *, made: bool = False) -> Any:
    """The thing, if it can be what it is named as; a function that makes one is looked at when it has."""
    needs = _NEEDS[kind]
    fits = any(all(callable(getattr(thing, n, None)) for n in names) for names in needs)
    maker = not made and callable(thing) and not isinstance(thing, type)
    if not ((fits and (made or isinstance(thing, type))) or maker):
        wanted = " or ".join(" and ".join(names) for names in needs)
        what = thing if isinstance(thing, type) else type(thing)
        raise BadSpec(f"{name!r} is no {kind[:-1]}: {what.__qualname__} lacks {wanted}")
    return thing


def _import(target: str) -> Any:
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except GnomonError:
        raise
    except (Exception, SystemExit) as error:  # other people's modules may raise anything
        reason = _one_line(error)
        if not isinstance(error, ImportError | AttributeError):
            reason = f"{type(error).__name__}: {reason}"
        raise UnknownName(f"{target!r} cannot be imported: {reason}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


@functools.cache
def _signature_struct(factory: Any) -> type[msgspec.Struct]:
    """A msgspec Struct with one field for each argument a person may set."""
    init = factory.__init__ if isinstance(factory, type) else factory
    hints = get_type_hints(init)
    made: dict[str, Any] = {}
    if isinstance(factory, type) and dataclasses.is_dataclass(factory):
        made = {f.name: f.default_factory for f in dataclasses.fields(factory)}
    fields: list[Any] = []
    for p in inspect.signature(cast(Any, factory)).parameters.values():
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        hint = hints.get(p.name, Any)
        maker = made.get(p.name, dataclasses.MISSING)
        if maker is not dataclasses.MISSING:  # the signature shows a private marker in its place
            fields.append((p.name, hint, msgspec.field(default_factory=maker)))
        elif p.default is p.empty:
            fields.append((p.name, hint))
        else:
            fields.append((p.name, hint, p.default))
    fields.sort(key=lambda f: len(f))
    return msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
