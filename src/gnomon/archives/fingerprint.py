"""Content addresses of trees of files that are too big to be read for it."""

import hashlib
import os
from pathlib import Path
from typing import Any

from gnomon.archives import addresses, stores, tree

PIECE = 1 << 14  # 16 kB
PIECES = 16  # evenly spaced in every file; a file that fits in them is read whole
MOST_READ = 4096  # files of which bytes are read; of more, evenly chosen ones (names and sizes count of all)


def fingerprint(places: list[str], root: str, *, full: bool = False) -> str:
    """A 20-byte name (hex) of files: their names below the root, their sizes, and samples of their bytes.

    It does not depend on where the tree lies or when it was copied. Of a file larger than 256 kB sixteen evenly spaced
    pieces are read, the first and the last among them.

    What misleads: an edit in place that keeps a file's size and misses every piece is not seen (compressed files hardly
    ever keep their size). `full` reads every byte.

    Behind an address nothing but metadata are read: of a Zarr store its shapes, chunks and attributes, of NetCDF files
    what the server states of their size and version.
    """
    digest = hashlib.blake2b(digest_size=20)
    files: list[tuple[str, Path]] = []
    for place in places:
        if addresses.is_address(place) and place.endswith(tree.NETCDF):
            digest.update(f"{place.removeprefix(root)}\0{addresses.state(place)}\0".encode())
        elif addresses.is_address(place):
            digest.update(stores.metadata_bytes(place))
        else:
            files += _files(Path(place), Path(root))
    files.sort()
    step = 1 if full else max(1, -(-len(files) // MOST_READ))
    for i, (name, path) in enumerate(files):
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        if i % step == 0:
            _sample(path, digest, full)
    return digest.hexdigest()


def _files(place: Path, root: Path) -> list[tuple[str, Path]]:
    found = [place] if place.is_file() else [Path(f) / n for f, _, names in os.walk(place) for n in names]
    return [(p.relative_to(root).as_posix() if p != root else p.name, p) for p in found]


def _sample(path: Path, digest: Any, full: bool) -> None:
    size = path.stat().st_size
    with open(path, "rb") as stream:
        if full or size <= PIECE * PIECES:
            while block := stream.read(1 << 20):
                digest.update(block)
            return
        for k in range(PIECES):
            stream.seek((size - PIECE) * k // (PIECES - 1))
            digest.update(stream.read(PIECE))
