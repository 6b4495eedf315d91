"""Persist: a module (a simulator, a world) as plain data plus arrays, and back, without running foreign code.

`dump` splits a module into a structure that JSON can hold and named NumPy arrays that .npz can hold. `restore`
builds it again field by field, without calling any constructor. It looks classes up by name and accepts equinox
modules from gnomon or from packages that registered a plug-in, and cards from `gnomon.spec`; nothing else is
imported or called.
"""

import dataclasses
import importlib
import importlib.metadata
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np

from gnomon.spec.errors import BadData
from gnomon.spec.registry import KINDS

Structure = dict[str, Any]
Arrays = dict[str, np.ndarray]


def dump(module: eqx.Module) -> tuple[Structure, Arrays]:
    """A module as plain data and arrays. Anything but modules, arrays, cards and plain values is refused by name."""
    if not isinstance(module, eqx.Module):
        raise BadData(f"expected an equinox module to save, got {type(module).__name__}")
    arrays: Arrays = {}
    return _dump(module, type(module).__name__, arrays), arrays


def restore(structure: Structure, arrays: Arrays, *, also: frozenset[str] = frozenset()) -> Any:
    """The module that `dump` took apart, bit for bit, with the dtypes it had.

    Args:
        structure: as dumped.
        arrays: as dumped.
        also: further packages whose classes may be looked up, because their code was trusted and imported already.
    """
    if not isinstance(structure, dict) or structure.get("is") != "module":
        raise BadData(
            "a saved simulator starts with a module, this structure does not; save it again with `dump`"
        )
    return _restore(structure, arrays, "saved", (*_trusted(), *sorted(also)))


def _dump(value: Any, path: str, arrays: Arrays) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value if type(value) in (type(None), bool, int, str) else _refuse(value, path)
    if type(value) is float:
        return value if math.isfinite(value) else {"is": "float", "value": repr(value)}
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        return _dump_array(value, path, arrays)
    if isinstance(value, eqx.Module) and dataclasses.is_dataclass(value):
        fields = {
            f.name: _dump(getattr(value, f.name), f"{path}.{f.name}", arrays)
            for f in dataclasses.fields(value)
            if hasattr(value, f.name)
        }
        return {"is": "module", "class": _name_of(type(value), path), "fields": fields}
    if isinstance(value, msgspec.Struct):
        if not type(value).__module__.startswith("gnomon.spec."):
            _refuse(value, path)
        return {"is": "card", "class": _name_of(type(value), path), "value": msgspec.to_builtins(value)}
    if type(value) in (tuple, list):
        items = [_dump(v, f"{path}[{i}]", arrays) for i, v in enumerate(value)]
        return {"is": type(value).__name__, "items": items}
    if type(value) is dict and all(type(k) is str for k in value):
        return {"is": "dict", "items": {k: _dump(v, f"{path}[{k!r}]", arrays) for k, v in value.items()}}
    return _refuse(value, path)


def _dump_array(value: Any, path: str, arrays: Arrays) -> Structure:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        _refuse(value, path)
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        _refuse(value, path)
    key = f"a{len(arrays)}"
    arrays[key] = array
    kind = "jax" if isinstance(value, jax.Array) else "numpy"
    return {"is": "array", "key": key, "kind": kind, "dtype": array.dtype.str, "shape": list(array.shape)}


def _restore(node: Any, arrays: Arrays, path: str, packages: tuple[str, ...]) -> Any:
    if node is None or isinstance(node, bool | int | float | str):
        return node
    kind = node.get("is") if isinstance(node, dict) else None
    try:
        match kind:
            case "float":
                return float(node["value"])
            case "array":
                return _restore_array(node, arrays, path)
            case "tuple":
                return tuple(
                    _restore(v, arrays, f"{path}[{i}]", packages) for i, v in enumerate(node["items"])
                )
            case "list":
                return [_restore(v, arrays, f"{path}[{i}]", packages) for i, v in enumerate(node["items"])]
            case "dict":
                return {k: _restore(v, arrays, f"{path}[{k!r}]", packages) for k, v in node["items"].items()}
            case "card":
                return _restore_card(node, path)
            case "module":
                return _restore_module(node, arrays, path, packages)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadData(f"{path}: the saved structure is damaged ({error!r}); fit or save it again") from None
    raise BadData(
        f"{path}: expected a saved value, got {kind!r}; the structure is damaged or from a newer version"
    )


def _restore_array(node: Structure, arrays: Arrays, path: str) -> Any:
    if node["key"] not in arrays:
        raise BadData(f"{path}: array {node['key']!r} is missing from the saved file; fit or save it again")
    array = np.asarray(arrays[node["key"]])
    if array.dtype.str != node["dtype"] or list(array.shape) != list(node["shape"]):
        raise BadData(
            f"{path}: expected an array of {node['dtype']} {tuple(node['shape'])}, "
            f"got {array.dtype.str} {array.shape}; the saved file is damaged"
        )
    if node["kind"] == "numpy":
        return array[()] if array.ndim == 0 else array.copy()
    value = jnp.asarray(array)
    if value.dtype != array.dtype:
        raise BadData(
            f"{path}: saved in {array.dtype}, which JAX turns into {value.dtype} here; "
            "restore it inside `with jax.enable_x64(True):`"
        )
    return value


def _restore_card(node: Structure, path: str) -> Any:
    found = _find(node["class"], path, ("gnomon.spec",))
    if not (isinstance(found, type) and issubclass(found, msgspec.Struct)):
        raise BadData(f"{path}: {node['class']!r} is not a card of gnomon.spec")
    try:
        return msgspec.convert(node["value"], found)
    except msgspec.ValidationError as error:
        raise BadData(f"{path}: saved card does not fit {node['class']!r}: {error}") from None


def _restore_module(node: Structure, arrays: Arrays, path: str, packages: tuple[str, ...]) -> Any:
    found = _find(node["class"], path, packages)
    if not (isinstance(found, type) and issubclass(found, eqx.Module)):
        raise BadData(f"{path}: {node['class']!r} is not an equinox module")
    known = {f.name for f in dataclasses.fields(found)}
    if set(node["fields"]) != known:
        odd = ", ".join(sorted(known.symmetric_difference(node["fields"])))
        raise BadData(f"{path}: fields of {node['class']!r} differ from the saved ones ({odd}); fit it again")
    module = object.__new__(found)
    for name, value in node["fields"].items():
        object.__setattr__(module, name, _restore(value, arrays, f"{path}.{name}", packages))
    return module


def _name_of(cls: type, path: str) -> str:
    if "<locals>" in cls.__qualname__:
        raise BadData(
            f"{path}: class {cls.__qualname__!r} is made inside a function; define it in a module to save it"
        )
    return f"{cls.__module__}:{cls.__qualname__}"


def _trusted() -> tuple[str, ...]:
    """Packages whose modules may be restored: gnomon, and those that registered an entry point."""
    points = [p for kind in KINDS for p in importlib.metadata.entry_points(group=f"gnomon.{kind}")]
    return ("gnomon", *sorted({p.value.partition(":")[0].partition(".")[0] for p in points}))


def _find(name: Any, path: str, packages: tuple[str, ...]) -> Any:
    module, _, qualname = str(name).partition(":")
    if not qualname or not any(module == p or module.startswith(p + ".") for p in packages):
        raise BadData(f"{path}: class {name!r} is not from {' or '.join(packages)}, so it is not loaded")
    try:
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        raise BadData(f"{path}: class {name!r} does not exist in this version; fit it again") from None
    return found


def _refuse(value: Any, path: str) -> Any:
    raise BadData(
        f"{path}: a {type(value).__name__} cannot be saved; "
        "fields of a simulator are arrays, modules, cards and plain values (names instead of functions)"
    )
