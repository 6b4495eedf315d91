"""Find a user's model: its bytes and what it declares, without running any of it; then, if trusted, the function."""

import ast
import importlib
import importlib.machinery
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


class Source(NamedTuple):
    """A model as it lies on disk; nothing of it has been run.

    Attributes:
        target: as the person wrote it.
        place: the file, or the dotted name of a module.
        attribute: of the function in it.
        path: of the file.
        declared: its GNOMON, with overrides.
        identity: of its source bytes, its artifacts' bytes and its declaration; equal identities give equal results.
    """

    target: str
    place: str
    attribute: str
    path: Path
    declared: Declaration
    identity: str

    @property
    def name(self) -> str:
        """For tables and errors."""
        return self.path.stem if self.place.endswith(".py") else self.place


class LoadedModel(NamedTuple):
    """A model that can be run.

    Attributes:
        reusable: whether the identity covers all that the model is made of; where not, nothing is reused.
    """

    name: str
    step: Callable[..., Any]
    declared: Declaration
    identity: str
    reusable: bool = True


def find_model(target: str, overrides: dict[str, Any] | None = None) -> Source:
    """What lies behind "mymodel.py:step" or "package.module:attribute" (`step` if the attribute is left out).

    Only read, never run: so plans can be made and results looked up for models nobody has trusted yet. That is why
    GNOMON must be a plain literal.
    """
    place, attribute = _split(target)
    path = Path(place) if place.endswith(".py") else _module_path(place)
    try:
        source = path.read_bytes()
    except OSError as error:
        raise BadModel(f"model file {path} cannot be read: {error.strerror or error}") from None
    raw = {**_literal(source, target), **(overrides or {})}
    declared = read_declaration(raw, target)
    files = artifact_sums(declared, path.parent, target)
    mark = identity("user-model", [checksum(source), attribute, files, declared])
    return Source(target, place, attribute, path, declared, mark)


def load_model(target: str, *, trust: bool, overrides: dict[str, Any] | None = None) -> LoadedModel:
    """The function behind a target, imported; without trust nothing is."""
    source = find_model(target, overrides)
    if not trust:
        raise BadModel(
            f"{target} is a program and would be run with your rights; add --trust if you trust it"
        )
    module = _import_file(source.path) if source.place.endswith(".py") else _import_module(source.place)
    return LoadedModel(
        source.name, _attribute(module, source.attribute, target), source.declared, source.identity
    )


def model_of(
    step: Callable[..., Any], *, declared: dict[str, Any] | Declaration | None = None, name: str = ""
) -> LoadedModel:
    """A model from a function or a callable object; its declaration is given, or its module's GNOMON."""
    shown = name or _shown(step)
    if not callable(step) or isinstance(step, type):
        raise BadModel(f"{shown} is {_what(step)}; expected a function step(state, forcing) -> state")
    found = declared
    if found is None:
        found = getattr(sys.modules.get(getattr(step, "__module__", "") or ""), "GNOMON", {})
    full = read_declaration(found, shown)
    files = artifact_sums(full, Path.cwd(), shown)
    mark, complete = fingerprint(step)
    return LoadedModel(shown, step, full, identity("user-model", [mark, files, full]), complete)


def artifact_sums(declared: Declaration, folder: Path, where: str) -> dict[str, str]:
    """Checksum of every declared artifact."""
    sums = {}
    for artifact in declared.artifacts:
        try:
            sums[artifact] = checksum((folder / artifact).read_bytes())
        except OSError as error:
            raise BadModel(
                f"{where}: artifact {artifact!r} cannot be read: {error.strerror or error}"
            ) from None
    return sums


def describe_error(error: BaseException) -> str:
    """An exception of somebody else's code in one line, with the line of that code where it is known."""
    text = " ".join(str(error).split())[:300]
    trace, line = error.__traceback__, None
    while trace is not None:
        line = trace.tb_lineno
        trace = trace.tb_next
    where = f" (line {line})" if line is not None else ""
    return f"{type(error).__name__}: {text}{where}" if text else f"{type(error).__name__}{where}"


def _shown(step: Any) -> str:
    """A name for tables: the function's own, or that of its file where the function's says nothing."""
    name = getattr(step, "__name__", type(step).__name__)
    code = getattr(step, "__code__", None)
    file = Path(code.co_filename) if code is not None else Path()
    return file.stem if name in ("step", "<lambda>") and file.suffix == ".py" and file.is_file() else name


def _split(target: str) -> tuple[str, str]:
    place, colon, attribute = target.rpartition(":")
    if not colon:
        place, attribute = target, "step"
    if not place or not attribute.isidentifier():
        raise BadModel(f"{target!r} names no model; expected mymodel.py:step or package.module:attribute")
    return place, attribute


def _module_path(place: str) -> Path:
    """The file of a module, found without importing its packages (which would run them)."""
    search: list[str] | None = None
    parts = place.split(".")
    spec = None
    for i in range(len(parts)):
        spec = importlib.machinery.PathFinder.find_spec(".".join(parts[: i + 1]), search)
        if spec is None:
            raise BadModel(
                f"no module {place!r} and no file of that name; expected mymodel.py:step or package.module:attribute"
            )
        search = list(spec.submodule_search_locations or [])
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise BadModel(
            f"module {place!r} has no Python source, so it cannot be identified; give its .py file"
        )
    return Path(spec.origin)


def _literal(source: bytes, target: str) -> dict[str, Any]:
    """The module-level dict GNOMON, read and not run."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise BadModel(f"{target}{line}: not valid Python: {reason}") from None
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not any(isinstance(t, ast.Name) and t.id == "GNOMON" for t in targets):
            continue
        try:
            value = ast.literal_eval(node.value)  # type: ignore[attr-defined]
        except (ValueError, TypeError, SyntaxError):
            raise BadModel(
                f"{target}, line {node.lineno}: GNOMON must be a plain dict of literals, because it is read without "
                "running the file"
            ) from None
        if not isinstance(value, dict):
            raise BadModel(f"{target}: GNOMON must be a dict, got {type(value).__name__}")
        return value
    return {}


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
        hint = suggest(attribute, public) if public else "it defines no function"
        raise BadModel(f"{target}: the file has no {attribute!r}; {hint}")
    if not callable(step) or isinstance(step, type):
        raise BadModel(f"{target} is {_what(step)}; expected a function step(state, forcing) -> state")
    return step


def _what(value: Any) -> str:
    if isinstance(value, type):
        return "a class (give an instance that can be called)"
    return f"of type {type(value).__name__}, which cannot be called"
