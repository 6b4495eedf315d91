"""Find a user's model: a function in a file or a package (imported only when trusted), or one in a notebook."""

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from gnomon.adapters.declaration import Declaration, read_declaration
from gnomon.adapters.fingerprint import fingerprint
from gnomon.spec.errors import BadModel
from gnomon.spec.identity import checksum, identity
from gnomon.spec.registry import suggest


class UserModel(NamedTuple):
    """A model brought by a person.

    Attributes:
        name: for tables and errors.
        step: `step(state, forcing) -> state`.
        declared: names, units and the rest.
        identity: of its source bytes, its artifacts' bytes and its declaration; equal identities give equal results.
        reusable: whether the identity covers all that the model is made of; where not, nothing is reused.
    """

    name: str
    step: Callable[..., Any]
    declared: Declaration
    identity: str
    reusable: bool = True


def load_model(target: str, *, trust: bool, overrides: dict[str, Any] | None = None) -> UserModel:
    """A model from "mymodel.py:step" or "package.module:attribute".

    Args:
        target: where it is; the attribute is `step` if left out.
        trust: whether the code may be run; without it nothing is imported.
        overrides: entries that take the place of those in the module's GNOMON.
    """
    place, attribute = _split(target)
    if not trust:
        raise BadModel(f"{target} is a program and would be run with your rights; add --trust if you trust it")
    if place.endswith(".py"):
        path = Path(place)
        if not path.is_file():
            raise BadModel(f"no model file {place!r}; give a path as in mymodel.py:step")
        module = _import_file(path)
    else:
        module = _import_module(place)
        path = Path(getattr(module, "__file__", None) or "")
    step = _attribute(module, attribute, target)
    raw = {**_dict_of(module, target), **(overrides or {})}
    declared = read_declaration(raw, target)
    source = path.read_bytes() if path.is_file() else b""
    files = artifact_sums(declared, path.parent, target)
    name = identity("user-model", [checksum(source), attribute, files, declared])
    return UserModel(Path(place).stem if place.endswith(".py") else place, step, declared, name)


def model_of(step: Callable[..., Any], *, declared: dict[str, Any] | Declaration | None, name: str = "") -> UserModel:
    """A model from a function or a callable object, as in a notebook."""
    shown = name or getattr(step, "__name__", type(step).__name__)
    if not callable(step) or isinstance(step, type):
        raise BadModel(f"{shown} is {_what(step)}; expected a function step(state, forcing) -> state")
    found = declared if declared is not None else getattr(sys.modules.get(step.__module__ or ""), "GNOMON", {})
    full = read_declaration(found, shown)
    files = artifact_sums(full, Path.cwd(), shown)
    mark, complete = fingerprint(step)
    return UserModel(shown, step, full, identity("user-model", [mark, files, full]), complete)


def artifact_sums(declared: Declaration, folder: Path, where: str) -> dict[str, str]:
    """Checksum of every declared artifact."""
    sums = {}
    for artifact in declared.artifacts:
        try:
            sums[artifact] = checksum((folder / artifact).read_bytes())
        except OSError as error:
            raise BadModel(f"{where}: artifact {artifact!r} cannot be read: {error.strerror or error}") from None
    return sums


def _split(target: str) -> tuple[str, str]:
    place, colon, attribute = target.rpartition(":")
    if not colon:
        place, attribute = target, "step"
    if not place or not attribute:
        raise BadModel(f"{target!r} names no model; expected mymodel.py:step or package.module:attribute")
    return place, attribute


def _import_file(path: Path) -> ModuleType:
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # its neighbours can be imported, and shadow nothing
    spec = importlib.util.spec_from_file_location(f"_gnomon_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadModel(f"{path} cannot be read as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise BadModel(f"{path} cannot be imported: {describe_error(error)}") from error
    return module


def _import_module(place: str) -> ModuleType:
    try:
        return importlib.import_module(place)
    except (Exception, SystemExit) as error:
        raise BadModel(f"{place} cannot be imported: {describe_error(error)}") from error


def _attribute(module: ModuleType, attribute: str, target: str) -> Callable[..., Any]:
    step = getattr(module, attribute, None)
    if step is None:
        public = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
        raise BadModel(f"{target}: the file has no {attribute!r}; {suggest(attribute, public)}")
    if not callable(step) or isinstance(step, type):
        raise BadModel(f"{target} is {_what(step)}; expected a function step(state, forcing) -> state")
    return step


def _dict_of(module: ModuleType, target: str) -> dict[str, Any]:
    raw = getattr(module, "GNOMON", {})
    if not isinstance(raw, dict):
        raise BadModel(f"{target}: GNOMON must be a dict, got {type(raw).__name__}")
    return raw


def _what(value: Any) -> str:
    if isinstance(value, type):
        return "a class (give an instance that can be called)"
    return f"of type {type(value).__name__}, which cannot be called"


def describe_error(error: BaseException) -> str:
    """An exception of somebody else's code in one line, with the line of that code where it is known."""
    text = " ".join(str(error).split())[:300]
    trace, line = error.__traceback__, None
    while trace is not None:
        line = trace.tb_lineno
        trace = trace.tb_next
    where = f" (line {line})" if line is not None else ""
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"
