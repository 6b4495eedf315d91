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
from gnomon.adapters.neighbours import neighbours
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
        neighbours: dotted name -> file, of what it imports from its own folder or package.
        identity: of the bytes of its source, its neighbours and its artifacts, and of its declaration; equal
            identities give equal results.
    """

    target: str
    place: str
    attribute: str
    path: Path
    declared: Declaration
    neighbours: dict[str, Path]
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
    except (OSError, ValueError) as error:  # a path with a NUL byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise BadModel(f"model file {path} cannot be read: {reason}") from None
    raw = {**_literal(source, target), **(overrides or {})}
    declared = read_declaration(raw, target)
    files = artifact_sums(declared, path.parent, target)
    near = _neighbours(place, path)
    sums = _neighbour_sums(near)
    mark = identity("user-model", [checksum(source), attribute, files, declared, *([sums] if sums else [])])
    return Source(target, place, attribute, path, declared, near, mark)


def load_model(target: str, *, trust: bool, overrides: dict[str, Any] | None = None) -> LoadedModel:
    """The function behind a target, imported; without trust nothing is."""
    source = find_model(target, overrides)
    if not trust:
        raise BadModel(
            f"{target} is a program and would be run with your rights; add --trust if you trust it"
        )
    module = _import_file(source) if source.place.endswith(".py") else _import_module(source)
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
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        number = getattr(error, "lineno", None)  # a NUL byte is a fault of no line
        line = "" if number is None else f", line {number}"
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


def _neighbours(place: str, path: Path) -> dict[str, Path]:
    """What the file imports from its own folder; of an installed package, from that package alone."""
    if place.endswith(".py"):
        return neighbours(path, path.parent)
    parts = place.split(".")
    root = path.parents[len(parts) if path.name == "__init__.py" else len(parts) - 1]
    installed = root.name in ("site-packages", "dist-packages")
    found = neighbours(path, root, only=parts[0] if installed else "")
    for i in range(1, len(parts)):  # importing a module runs the packages around it
        init = root.joinpath(*parts[:i], "__init__.py")
        if init.is_file():
            found |= {".".join(parts[:i]): init, **neighbours(init, root, only=parts[0] if installed else "")}
    return found


def _neighbour_sums(near: dict[str, Path]) -> dict[str, str]:
    try:
        return {name: checksum(file.read_bytes()) for name, file in sorted(near.items())}
    except OSError as error:
        raise BadModel(f"a file that the model imports cannot be read: {error}") from None


_folders: list[str] = []  # of models imported before; each model looks into its own alone
_imported: dict[str, str] = {}  # dotted module -> identity of what was imported under that name


def _import_file(source: Source) -> ModuleType:
    path = source.path
    folder = str(path.resolve().parent)
    _forget(source)
    if folder not in sys.path:
        sys.path.append(folder)  # its neighbours can be imported, and shadow nothing
        _folders.append(folder)
    spec = importlib.util.spec_from_file_location(f"_gnomon_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise BadModel(f"{path} cannot be read as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    importlib.invalidate_caches()
    # Bytecode on disk is told from its source by whole seconds and size: an edit right after a run would be missed.
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[spec.name]
        raise BadModel(f"{path} cannot be imported: {describe_error(error)}") from error
    finally:
        sys.dont_write_bytecode = kept
    return module


def _forget(source: Source) -> None:
    """Neighbours that an earlier model, or an earlier state of this one, left in this process."""
    own = source.path.resolve().parent
    folders = [*_folders, str(own)]
    for name in source.neighbours:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and any(Path(file).resolve().is_relative_to(f) for f in folders):
            del sys.modules[name]
    for folder in [f for f in _folders if f != str(own)]:
        _folders.remove(folder)
        if folder in sys.path:
            sys.path.remove(folder)


def _import_module(source: Source) -> ModuleType:
    place = source.place
    files = identity("module", [checksum(source.path.read_bytes()), _neighbour_sums(source.neighbours)])
    if place in sys.modules and _imported.get(place, files) != files:
        raise BadModel(
            f"{place} was imported before its files changed, and Python keeps the old one; restart the session"
        )
    try:
        module = importlib.import_module(place)
    except (Exception, SystemExit) as error:
        raise BadModel(f"{place} cannot be imported: {describe_error(error)}") from error
    _imported[place] = files
    return module


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
