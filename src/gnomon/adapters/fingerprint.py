"""What a function of a notebook is made of, as bytes: its source, its defaults, and every value it refers to.

A file has bytes; a function in memory has not. Equal fingerprints must mean equal results, so whatever cannot be
turned into bytes makes the fingerprint unique, and nothing is reused.
"""

import hashlib
import inspect
import secrets
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_LIBRARIES = ("numpy", "scipy", "jax", "torch", "math")  # known by name and version, not walked through
_DEPTH = 8  # of functions that call functions; deeper than this nothing is promised


def fingerprint(step: Any) -> tuple[str, bool]:
    """The name of a callable, and whether it covers all that decides what the callable does."""
    digest = hashlib.blake2b(digest_size=20)
    complete = _feed(digest, step, set(), 0)
    if not complete:
        digest.update(secrets.token_bytes(20))
    return digest.hexdigest(), complete


def _feed(digest: Any, value: Any, seen: set[int], depth: int) -> bool:
    """Add a value's bytes; False where something has none."""
    if depth > _DEPTH:
        return False
    if id(value) in seen:
        return True
    digest.update(type(value).__name__.encode() + b"\0")
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | type(...)):
        digest.update(repr(value).encode())
        return True
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__"):
        return _feed_array(digest, value)
    seen.add(id(value))
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return all([_feed(digest, v, seen, depth + 1) for v in value])
    if isinstance(value, dict):
        return all([_feed(digest, part, seen, depth + 1) for item in value.items() for part in item])
    if isinstance(value, ModuleType):
        digest.update(f"{value.__name__} {getattr(value, '__version__', '')}".encode())
        return True
    if isinstance(value, BuiltinFunctionType | type) or type(value).__module__.startswith("numpy"):
        digest.update(
            f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', repr(value))}".encode()
        )
        return not isinstance(value, type) or _feed_source(digest, value)
    if isinstance(value, MethodType):
        return _feed(digest, value.__func__, seen, depth + 1) & _feed(digest, value.__self__, seen, depth + 1)
    if isinstance(value, FunctionType):
        return _feed_function(digest, value, seen, depth)
    return _feed_object(digest, value, seen, depth)


def _feed_array(digest: Any, value: Any) -> bool:
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except Exception:  # an array of somebody else's that will not be read has no bytes
        return False
    if array.dtype.hasobject:
        return False
    digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    return True


def _feed_source(digest: Any, value: Any) -> bool:
    try:
        digest.update(inspect.getsource(value).encode())
    except (OSError, TypeError):
        return False
    return True


def _feed_function(digest: Any, value: FunctionType, seen: set[int], depth: int) -> bool:
    if (value.__module__ or "").split(".")[0] in _LIBRARIES:
        digest.update(f"{value.__module__}.{value.__qualname__}".encode())
        return True
    code = value.__code__
    digest.update(code.co_code)  # the source may be out of reach (python -c); the bytecode never is
    complete = _feed(digest, _constants(code), seen, depth + 1)
    names = sorted(_names(code))
    used = {n: value.__globals__[n] for n in names if n in value.__globals__}
    cells = dict(zip(code.co_freevars, value.__closure__ or (), strict=True))
    for name, cell in cells.items():
        try:
            used[name] = cell.cell_contents
        except ValueError:  # not yet bound
            return False
    complete &= _feed(digest, used, seen, depth + 1)
    return complete & _feed(digest, [value.__defaults__, value.__kwdefaults__], seen, depth + 1)


def _names(code: Any) -> set[str]:
    inner = [_names(c) for c in code.co_consts if hasattr(c, "co_consts")]
    return set(code.co_names).union(*inner)


def _constants(code: Any) -> list[Any]:
    return [[*_constants(c), c.co_code] if hasattr(c, "co_consts") else c for c in code.co_consts]


def _feed_object(digest: Any, value: Any, seen: set[int], depth: int) -> bool:
    """An object is its class's source and its state: a module's parameters, or its attributes."""
    if hasattr(value, "state_dict") and hasattr(value, "modules"):
        return _feed_torch(digest, value, seen, depth)
    complete = _feed_source(digest, type(value))
    attributes = getattr(value, "__dict__", None)
    return complete & (attributes is not None and _feed(digest, attributes, seen, depth + 1))


def _feed_torch(digest: Any, module: Any, seen: set[int], depth: int) -> bool:
    """Parameters, the layers as they print themselves, and whatever else the layers hold and are written in."""
    digest.update(repr(module).encode())
    complete = _feed(digest, dict(module.state_dict()), seen, depth + 1)
    for part in module.modules():
        kind = type(part)
        if kind.__module__.split(".")[0] not in _LIBRARIES:
            complete &= _feed_source(digest, kind)
        held = {k: v for k, v in vars(part).items() if not k.startswith("_") and k != "training"}
        complete &= _feed(digest, held, seen, depth + 1)
    return complete
