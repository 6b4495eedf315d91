"""The index: the flat table in Parquet, kept in step with the result files, so that no question reads them all.

It is a cache and nothing else: each result file is known by its time and size; new files make a new segment, changed
or vanished ones a rewrite; a damaged or foreign index is thrown away and built again.
"""

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gnomon.spec.errors import StoreError
from gnomon.store.files import Damaged, make_folder, read_regular, sync_folder, write_atomic
from gnomon.store.names import is_id
from gnomon.store.rows import COLUMNS, rows_of
from gnomon.store.sealed import encode, seal, unseal

if TYPE_CHECKING:
    from gnomon.store.results import Store

FOLDER = "index"
MOST_SEGMENTS = 16
LAYOUT = 1  # raised whenever COLUMNS or `rows_of` change: older indexes are then built again

Stamp = tuple[int, int]


class Manifest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which result files are in which segments.

    Attributes:
        segments: file name -> number of rows.
        files: id -> (modification time in ns, size in bytes) of the result file when it was read.
    """

    layout: int = LAYOUT
    segments: dict[str, int] = {}
    files: dict[str, Stamp] = {}


def quoted(path: Path) -> str:
    """A path as an SQL string."""
    return "'" + str(path).replace("'", "''") + "'"


def refresh(store: "Store", connection: Any, folder: Path) -> list[Path]:
    """Bring the index in `folder` in step with the results; its segments.

    Two processes that refresh at once both succeed; the one that writes the manifest last wins and the other's
    files are read again next time.
    """
    manifest = _load(folder)
    present = scan(store.root / "results")
    stale = [name for name, stamp in manifest.files.items() if present.get(name) != stamp]
    for name in stale:
        del manifest.files[name]
    new = [name for name in present if name not in manifest.files]
    if new or stale:
        make_folder(folder)
        rewrite = bool(stale) or len(manifest.segments) >= MOST_SEGMENTS
        old = dict(manifest.segments)
        kept = list(old) if rewrite else []
        _add_segment(store, connection, folder, manifest, new, present, kept)
        _save(folder, manifest)
        for name in kept:
            with contextlib.suppress(OSError):
                os.unlink(folder / name)
    return [folder / name for name in manifest.segments]


def scan(folder: Path) -> dict[str, Stamp]:
    """Time and size of every result file."""
    found: dict[str, Stamp] = {}
    for shard in sorted(os.listdir(folder)) if folder.is_dir() else []:
        with (
            contextlib.suppress(NotADirectoryError, FileNotFoundError),
            os.scandir(folder / shard) as entries,
        ):
            for entry in entries:
                name = entry.name[:-5]
                if entry.name.endswith(".json") and is_id(name) and name[:2] == shard:
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        found[name] = (status.st_mtime_ns, status.st_size)
    return found


def forget(folder: Path) -> None:
    """Throw the index away; it is built again when it is needed."""
    for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
        with contextlib.suppress(OSError):
            os.unlink(folder / name)


def orphans(folder: Path) -> list[Path]:
    """Segments that the manifest does not name."""
    named = _load(folder).segments
    names = sorted(os.listdir(folder)) if folder.is_dir() else []
    return [folder / name for name in names if name.endswith(".parquet") and name not in named]


def _add_segment(
    store: "Store", connection: Any, folder: Path, manifest: Manifest, new: list[str], present: dict[str, Stamp],
    rewritten: list[str],
) -> None:  # fmt: skip
    """Write the rows of `new` results, together with what still holds of `rewritten` segments, as one segment."""
    scratch = folder / f".rows-{secrets.token_hex(6)}.tmp"
    kept = sorted(manifest.files)
    types = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    try:
        with open(scratch, "xb") as lines:
            encoder = msgspec.json.Encoder()
            for name in new:
                result = store.get_result(name)
                if result is not None:
                    lines.write(encoder.encode_lines(rows_of(result)))
                    manifest.files[name] = present[name]
        rows = (
            f"SELECT * FROM read_json({quoted(scratch)}, format = 'newline_delimited', columns = {{{types}}})"
        )
        if rewritten and kept:
            connection.execute(
                "CREATE OR REPLACE TEMP TABLE kept_ids AS SELECT unnest(?::VARCHAR[]) AS id", [kept]
            )
            old = ", ".join(quoted(folder / name) for name in rewritten)
            rows += f" UNION ALL BY NAME SELECT * FROM read_parquet([{old}]) WHERE id IN (SELECT id FROM kept_ids)"
        segment = f"scores-{secrets.token_hex(8)}.parquet"
        part = folder / f".{segment}.tmp"
        connection.execute(f"COPY ({rows}) TO {quoted(part)} (FORMAT parquet)")
        count = connection.execute(f"SELECT count(*) FROM read_parquet({quoted(part)})").fetchone()[0]
        os.replace(part, folder / segment)
        sync_folder(folder)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(scratch)
    if rewritten:
        manifest.segments = {}
    manifest.segments[segment] = count


def _load(folder: Path) -> Manifest:
    try:
        data = read_regular(folder / "manifest.json")
        found = msgspec.json.decode(unseal("manifest", data), type=Manifest)
    except (FileNotFoundError, Damaged, msgspec.DecodeError, StoreError):
        return Manifest()
    whole = all(name.startswith("scores-") and (folder / name).is_file() for name in found.segments)
    return found if found.layout == LAYOUT and whole else Manifest()


def _save(folder: Path, manifest: Manifest) -> None:
    data = seal("manifest", encode(manifest, "the index"))
    write_atomic(folder / "manifest.json", lambda file: file.write(data))
