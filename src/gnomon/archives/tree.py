"""Which files a folder holds and what their names say; nothing is opened here.

The names are the Data Reference Syntax of CMIP, which AIMIP keeps:
`{variable}_{table}_{model}_{experiment}_{member}[_{grid}][_{start}-{end}].nc`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from gnomon.archives.names import FREQUENCIES
from gnomon.spec.errors import BadData

MOST_FILES = 200_000
NETCDF = (".nc", ".nc4", ".cdf", ".nc3")
FACETS = ("model", "experiment", "member", "frequency", "variable", "grid", "version")

_MEMBER = re.compile(r"r\d+(i\d+)?(p\d+)?(f\d+)?|m\d+")
_RANGE = re.compile(r"(\d{4,14})-(\d{4,14})(-clim)?")
_VERSION = re.compile(r"v\d+")


class Named(NamedTuple):
    """What a file's name says; empty where it says nothing."""

    variable: str = ""
    frequency: str = ""
    model: str = ""
    experiment: str = ""
    member: str = ""
    grid: str = ""
    version: str = ""
    start: str = ""
    end: str = ""


def shown(place: str, root: str) -> str:
    """A path or address without its root; the file's name where it is the root."""
    return place.removeprefix(root).strip("/") or PurePosixPath(place).name


def parse(place: str | Path) -> Named | None:
    """The facets in a file name, with the version from its folders; None where it does not follow the convention."""
    path = PurePosixPath(place)
    parts = path.stem.split("_")
    if len(parts) < 5 or not _MEMBER.fullmatch(parts[4]) or parts[1] not in FREQUENCIES:
        return None
    grid = span = ""
    for rest in parts[5:]:
        if _RANGE.fullmatch(rest):
            span = rest
        elif re.fullmatch(r"g[nrm]\w*", rest):
            grid = rest
        else:
            return None
    found = _RANGE.fullmatch(span)
    versions = [p for p in path.parts[:-1] if _VERSION.fullmatch(p)]
    return Named(
        variable=parts[0], frequency=FREQUENCIES[parts[1]], model=parts[2], experiment=parts[3], member=parts[4],
        grid=grid, version=versions[-1] if versions else "", start=found[1] if found else "",
        end=found[2] if found else "",
    )  # fmt: skip


def files_below(root: Path) -> list[Path]:
    """Every NetCDF file of a folder, sorted; links that lead out of it are refused.

    Raises:
        BadData: for a link out of the tree, or more files than any archive of one model holds.
    """
    if root.is_file():
        return [root]
    home = root.resolve()
    found = []
    for path in _walk(root):
        if path.suffix.lower() not in NETCDF or not path.is_file():
            continue
        inside(path, home)
        found.append(path)
        if len(found) > MOST_FILES:
            raise BadData(f"{root} holds more than {MOST_FILES} NetCDF files; give the folder of one model")
    return sorted(found)


def inside(path: Path, home: Path) -> None:
    """Refuse a path that, links followed, lies outside a folder."""
    if not path.resolve().is_relative_to(home):
        raise BadData(
            f"{path} leads to {path.resolve()}, outside {home}; copy the file into the tree instead of linking it"
        )


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group."""
    return path.is_dir() and any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zmetadata"))


def zarr_groups(root: Path) -> list[Path]:
    """The Zarr groups of a folder (the folder itself, or those below it)."""
    if is_zarr(root):
        return [root]
    return sorted(p for p in _folders(root, depth=4) if is_zarr(p))


def newest(named: Mapping[str, Named]) -> dict[str, Named]:
    """Without the files that a newer version of the same data set replaces."""
    best: dict[tuple[str, ...], str] = {}
    for n in named.values():
        key = _dataset(n)
        best[key] = max(best.get(key, ""), n.version, key=lambda v: (len(v), v))
    return {path: n for path, n in named.items() if n.version == best[_dataset(n)]}


def chosen(named: Named, only: Mapping[str, str | tuple[str, ...]] | None) -> bool:
    """Whether a file is among those asked for; what its name does not say rules nothing out."""
    for facet, wanted in (only or {}).items():
        if facet not in FACETS:
            raise BadData(f"only = {{{facet!r}: ...}}: expected one of {', '.join(FACETS)}")
        value = getattr(named, facet)
        if value and value not in ((wanted,) if isinstance(wanted, str) else tuple(wanted)):
            return False
    return True


def _dataset(n: Named) -> tuple[str, ...]:
    return n.model, n.experiment, n.member, n.frequency, n.variable, n.grid


def _walk(root: Path) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if not path.name.startswith("."):
                yield from _walk(path)
        elif path.is_dir():
            inside(
                path, root.resolve()
            )  # a linked folder of the tree itself would be read twice: not followed
        elif not path.name.startswith("."):
            yield path


def _folders(root: Path, depth: int) -> Iterator[Path]:
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield path
            if depth > 1 and not is_zarr(path):
                yield from _folders(path, depth - 1)
