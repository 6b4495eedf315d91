"""Where studies are found: a path to a TOML file, or the name of one that is shipped with the package."""

from pathlib import Path

from gnomon.spec.errors import UnknownName
from gnomon.spec.registry import suggest


def shelves() -> tuple[Path, ...]:
    """Folders of shipped studies: inside the installed package, or at the root of a source tree."""
    package = Path(__file__).resolve().parent.parent
    return tuple(p for p in (package / "studies", package.parent.parent / "studies") if p.is_dir())


def shipped() -> dict[str, Path]:
    """Name -> file of every shipped study."""
    found: dict[str, Path] = {}
    for shelf in shelves():
        for path in sorted(shelf.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def find_study(name: str) -> Path:
    """The file of a study, given its path or its shipped name."""
    path = Path(name)
    if path.is_file():
        return path
    if path.suffix == ".toml" or len(path.parts) > 1:
        raise UnknownName(
            f"no study file {name!r}; give the path of a TOML file or a name from: gnomon list studies"
        )
    table = shipped()
    if name not in table:
        raise UnknownName(f"no study named {name!r}; {suggest(name, table)}")
    return table[name]
