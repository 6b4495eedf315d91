"""Files that a model's file imports from its own folder, found by reading and not by running."""

import ast
import importlib.machinery
from collections.abc import Iterator
from pathlib import Path

_SUFFIXES = (".py", *importlib.machinery.EXTENSION_SUFFIXES)
_IMPORTERS = ("import_module", "__import__")


def neighbours(path: Path, root: Path, *, only: str = "") -> dict[str, Path]:
    """Dotted name -> file, of every module under `root` that a file imports, directly or through another.

    What would be imported from elsewhere but has a namesake here is listed too: an identity may cover too much.

    Args:
        path: of the model's file.
        root: folder in which absolute imports are looked up.
        only: the one top-level name to follow, for a package among other people's packages.
    """
    found: dict[str, Path] = {}
    waiting = [path]
    own = path.resolve()
    while waiting:
        for folder, name in _imported(waiting.pop()):
            start = folder or root
            if folder is None and only and name.split(".")[0] != only:
                continue
            for module, place in _files(start, name):
                full = _dotted(module, start, root)
                if full not in found and place.resolve() != own:
                    found[full] = place
                    waiting.append(place)
    return found


def _dotted(module: str, start: Path, root: Path) -> str:
    """The name from `root` on, of a module that was named from `start` on."""
    try:
        parts = start.resolve().relative_to(root.resolve()).parts
    except ValueError:
        return f"{start}:{module}"
    return ".".join([*parts, module])


def _imported(path: Path) -> Iterator[tuple[Path | None, str]]:
    """(folder of a relative import or None, dotted name) of everything that a file may import."""
    if path.suffix != ".py":
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # importing it will fail, and say so
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((None, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = path.parents[node.level - 1] if 0 < node.level <= len(path.parents) else None
            stem = [node.module] if node.module else []
            if stem:
                yield folder, stem[0]
            elif folder is not None:
                yield folder, "__init__"
            yield from ((folder, ".".join([*stem, alias.name])) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in _IMPORTERS and isinstance(node.args[0].value, str):
                name = node.args[0].value
                yield (path.parent if name.startswith(".") else None), name.lstrip(".")


def _files(folder: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Every file that is run when a dotted name is imported from a folder: its packages and itself."""
    parts = name.split(".")
    for i in range(1, len(parts) + 1):
        place = folder.joinpath(*parts[:i])
        for file in (place / "__init__.py", *(place.with_name(place.name + s) for s in _SUFFIXES)):
            if place.name and file.is_file():
                yield ".".join(parts[:i]), file
