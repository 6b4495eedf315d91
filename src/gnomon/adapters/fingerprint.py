"""What a function of a notebook is made of, as bytes: its code, its defaults, and every value it refers to.

A file has bytes; a function in memory has not. Equal fingerprints must mean equal results, so whatever cannot be
turned into bytes makes the fingerprint unique, and nothing is reused.
"""

import abc
import dis
import functools
import hashlib
import secrets
import sys
import sysconfig
import types
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

# Known by name and version, not walked through.
_LIBRARIES = ("numpy", "scipy", "jax", "jaxlib", "torch", "equinox")
_DEPTH = 60  # of values that hold values; deeper than this nothing is promised
_VALUES = 20_000  # looked at; a function that reaches more of the world than this is not worth the walk
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))
# A function that uses one of these can reach what no walk over its code finds: other names, or files.
_HIDDEN = frozenset(
    "globals locals vars eval exec compile __import__ import_module open load loadtxt genfromtxt fromfile memmap "
    "read_text read_bytes environ getenv".split()
)
# Of a class: what Python itself writes there, and what says nothing about behaviour.
_OWN = frozenset(
    "__dict__ __weakref__ __doc__ __module__ __annotations__ __annotate__ __annotate_func__ __annotations_cache__ "
    "__static_attributes__ __firstlineno__ _abc_impl __abstractmethods__ __slots__".split()
)
_COMPILED = (
    BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
)
_HEAP_TYPE = 1 << 9  # CPython's Py_TPFLAGS_HEAPTYPE: made by a class statement, not compiled in


def fingerprint(step: Any) -> tuple[str, bool]:
    """The name of a callable, and whether it covers all that decides what the callable does.

    Where it does not, the name is drawn at random, so that no result is ever found under it again.
    """
    walk = _Walk()
    complete = walk.feed(step, 0)
    if not complete:
        walk.digest.update(secrets.token_bytes(20))
    return walk.digest.hexdigest(), complete


class _Walk:
    """One walk over everything a value holds; every method returns False where something has no bytes."""

    def __init__(self) -> None:
        self.digest = hashlib.blake2b(digest_size=20)
        self.seen: dict[int, tuple[int, Any]] = {}  # holds the values, so that no id is given out twice

    def feed(self, value: Any, depth: int) -> bool:
        """Add a value's bytes."""
        self._put(f"{type(value).__module__}.{type(value).__qualname__}")
        if type(value) in _PLAIN:
            self._put(repr(value))
            return True
        if id(value) in self.seen:
            self._put(f"again {self.seen[id(value)][0]}")
            return True
        if depth > _DEPTH or len(self.seen) > _VALUES:
            return False
        self.seen[id(value)] = (len(self.seen), value)
        if _is_array(value):
            return self._array(value)
        if isinstance(value, ModuleType):
            return self._module(value, depth)
        known = _known_name(value)
        if known and not isinstance(value, type):
            self._put(known)
            return True
        return self._held(value, depth)

    def _held(self, value: Any, depth: int) -> bool:
        """A value by what it holds."""
        kind = type(value)
        if kind in (set, frozenset):
            return self._each(sorted(value, key=repr), depth)
        if kind in (list, tuple):
            return self._each(value, depth)
        if kind in (dict, types.MappingProxyType):
            return self._each([part for item in value.items() for part in item], depth)
        if kind in (slice, range):
            return self._each([value.start, value.stop, value.step], depth)
        if kind is property:
            return self._each([value.fget, value.fset, value.fdel], depth)
        if kind in (staticmethod, classmethod):
            return self.feed(value.__func__, depth + 1)
        if kind is functools.partial:
            return self._each([value.func, value.args, value.keywords, vars(value)], depth)
        if isinstance(value, BuiltinFunctionType):
            self._put(value.__qualname__)
            return value.__self__ is not None and self.feed(value.__self__, depth + 1)
        if kind is MethodType:
            return self._each([value.__func__, value.__self__], depth)
        if kind is FunctionType:
            return self._function(value, depth)
        if isinstance(value, type):
            return self._class(value, depth)
        return self._object(value, depth)

    def _put(self, text: str | bytes) -> None:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        self.digest.update(
            len(data).to_bytes(8, "little") + data
        )  # with its length: "ab", "c" is not "a", "bc"

    def _each(self, values: Any, depth: int) -> bool:
        self._put(str(len(values)))
        return all([self.feed(v, depth + 1) for v in values])

    def _array(self, value: Any) -> bool:
        try:
            array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        except Exception:  # an array of somebody else's that will not be read has no bytes
            return False
        if array.dtype.hasobject:
            return False
        self._put(f"{array.dtype.descr} {array.shape}")
        self._put(array.tobytes())
        return True

    def _module(self, module: ModuleType, depth: int) -> bool:
        """A library is its version; any other module is its file and whatever it holds by now."""
        known = _known_module(module)
        self._put(known or module.__name__)
        if known:
            return True
        file = getattr(module, "__file__", None)
        if not file or not file.endswith(".py") or {"site-packages", "dist-packages"} & set(Path(file).parts):
            return False
        try:
            self._put(Path(file).read_bytes())
        except OSError:
            return False
        held = {k: v for k, v in vars(module).items() if not k.startswith("__")}
        return self.feed(held, depth + 1)

    def _function(self, value: FunctionType, depth: int) -> bool:
        complete = self._code(value.__code__, depth)
        names, imports = _names(value.__code__), _imports(value.__code__)
        complete &= not (names & _HIDDEN) and all(name in sys.modules for name in imports)
        used = {n: value.__globals__[n] for n in sorted(names) if n in value.__globals__}
        for name in sorted(imports):
            used[f"import {name}"] = sys.modules.get(name)
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
            try:
                used[name] = cell.cell_contents
            except ValueError:  # not yet bound
                complete = False
        return complete & self._each([used, value.__defaults__, value.__kwdefaults__, vars(value)], depth)

    def _code(self, code: CodeType, depth: int) -> bool:
        """Bytecode holds only places in tables, so the tables count as well."""
        self._put(code.co_code)  # the source may be out of reach (python -c); the bytecode never is
        self._put(code.co_exceptiontable)
        tables = (
            code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags,
            code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount,
        )  # fmt: skip
        self._put(repr(tables))
        parts = [
            self._code(c, depth + 1) if isinstance(c, CodeType) else self.feed(c, depth + 1)
            for c in code.co_consts
        ]
        return all(parts)

    def _class(self, kind: type, depth: int) -> bool:
        """Every class it inherits from, with everything written into it."""
        known = _known_name(kind)
        self._put(known or kind.__qualname__)
        if known or kind is object:
            return True
        if not _is_pure(kind):
            return False
        own = {k: v for k, v in vars(kind).items() if k not in _OWN}
        own = {k: v for k, v in own.items() if not isinstance(v, types.MemberDescriptorType)}  # of __slots__
        meta = None if type(kind) in (type, abc.ABCMeta) else type(kind)
        return self._each([*kind.__bases__, own, meta], depth)

    def _object(self, value: Any, depth: int) -> bool:
        """An object is its classes and its state; one that is compiled keeps its state where nobody can look."""
        kind = type(value)
        if kind.__module__.split(".")[0] == "numpy" or not all(_is_pure(c) for c in kind.__mro__[:-1]):
            return False
        complete = self.feed(kind, depth + 1)
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.nn.Module):
            return complete & self._torch(value, depth)
        state = dict(getattr(value, "__dict__", {}))
        for part in kind.__mro__:
            for name, slot in vars(part).items():
                if isinstance(slot, types.MemberDescriptorType) and hasattr(value, name):
                    state[f"{part.__qualname__}.{name}"] = slot.__get__(value)
        return complete & self.feed(state, depth + 1)

    def _torch(self, module: Any, depth: int) -> bool:
        """Parameters, buffers and layers, and whatever else the module holds; hooks may do anything."""
        if any(held for name, held in vars(module).items() if name.endswith("_hooks")):
            return False
        if _known_name(type(module)) and not type(module).__module__.startswith("torch.nn."):
            return False  # compiled and traced modules keep their code out of sight
        machinery = set(vars(sys.modules["torch"].nn.Module())) - {"_parameters", "_buffers", "_modules"}
        held = {k: dict(v) if k in ("_parameters", "_buffers", "_modules") else v
                for k, v in vars(module).items() if k not in machinery}  # fmt: skip
        return self.feed(held, depth + 1)


def _is_array(value: Any) -> bool:
    if type(value) is np.ndarray or isinstance(value, np.generic):
        return True
    return type(value).__module__.split(".")[0] in ("torch", "jax", "jaxlib") and hasattr(value, "__array__")


def _known_name(value: Any) -> str:
    """Name and version of something that a known library or Python itself holds under that very name; else ""."""
    try:
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    except Exception:  # an object's own __getattr__ may raise anything
        return ""
    if not isinstance(name, str):
        return ""
    for place in (getattr(value, "__module__", None), "numpy", "scipy.special"):
        module = sys.modules.get(place) if isinstance(place, str) else None
        version = _known_module(module) if module is not None else ""
        if not version:
            continue
        found: Any = module
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is value:
            return f"{version} {name}"
    return ""


def _known_module(module: ModuleType) -> str:
    """Name and version of a module of a known library or of Python itself; else ""."""
    name = module.__name__
    root = name.split(".")[0]
    if sys.modules.get(name) is not module:
        return ""
    if root in _LIBRARIES:
        return f"{name} {getattr(sys.modules.get(root), '__version__', '')}"
    file = getattr(module, "__file__", None)
    own = file is None or str(file).startswith(
        (sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"))
    )
    if root in sys.stdlib_module_names and own and "site-packages" not in str(file):
        return f"{name} {sys.version}"
    return ""


def _is_pure(kind: type) -> bool:
    """Whether a class was written in Python, so that its objects have no state but attributes and slots."""
    if not kind.__flags__ & _HEAP_TYPE:
        return False
    slots = vars(kind).get("__slots__", ())
    for name, value in vars(kind).items():
        if isinstance(value, types.MemberDescriptorType) and "__slots__" not in vars(kind):
            return False
        if name in ("__dict__", "__weakref__") or name in slots:
            continue
        if isinstance(value, _COMPILED) and not _known_name(value):
            return False
    return True


def _codes(code: CodeType) -> list[CodeType]:
    inner = [c for const in code.co_consts if isinstance(const, CodeType) for c in _codes(const)]
    return [code, *inner]


def _names(code: CodeType) -> set[str]:
    return {name for c in _codes(code) for name in c.co_names}


def _imports(code: CodeType) -> set[str]:
    """Modules imported inside a function; a relative one has a name that no table knows."""
    return {str(i.argval) for c in _codes(code) for i in dis.get_instructions(c) if i.opname == "IMPORT_NAME"}
