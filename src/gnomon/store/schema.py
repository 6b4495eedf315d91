"""Which layout a folder has: made, recognised, brought up to date, or refused in one line."""

import os
from pathlib import Path

import msgspec

from gnomon.spec.errors import StoreError
from gnomon.spec.results import SCHEMA
from gnomon.store.files import Damaged, cannot, read_regular, write_atomic

FILE = "schema.json"


def open_folder(root: Path, *, create: bool, movable: bool) -> None:
    """Make sure that `root` is a store of today's schema, or say what to do."""
    if root.exists() and not root.is_dir():
        raise StoreError(f"expected a folder for the store, but {root} is a file; choose another --store")
    try:
        names = [name for name in os.listdir(root) if not name.startswith(".")] if root.is_dir() else []
    except OSError as error:
        raise cannot("read", root, error) from error
    if not names:
        if not create:
            raise StoreError(f"there is no result store at {root}; `gnomon run` makes one, or check the path")
        write_schema(root, SCHEMA)
        return
    schema = read_schema(root)
    if schema > SCHEMA:
        raise StoreError(
            f"the store {root} has schema {schema}, this gnomon knows up to {SCHEMA}; upgrade it: pip install -U gnomon"
        )
    if schema < SCHEMA:
        if not movable:
            raise StoreError(
                f"the store {root} has the older schema {schema}; open it once for writing to migrate it"
            )
        from gnomon.store.migrations import migrate

        migrate(root, schema)


def read_schema(root: Path) -> int:
    """The schema of a store. A store from before schemas were written down counts as schema 0."""
    try:
        data = read_regular(root / FILE, limit=2**16)
    except FileNotFoundError:
        if looks_like_schema_0(root):
            return 0
        raise StoreError(
            f"the folder {root} is neither empty nor a result store ({FILE} is missing); choose another --store"
        ) from None
    except Damaged as error:
        raise StoreError(f"{root / FILE} {error}; restore it from a copy") from None
    try:
        found = msgspec.json.decode(data, type=dict[str, int | str]).get("schema")
    except msgspec.DecodeError:
        found = None
    if not isinstance(found, int) or found < 0:
        raise StoreError(
            f'{root / FILE} is damaged: expected {{"schema": {SCHEMA}}}; write that line into it again'
        )
    return found


def write_schema(root: Path, schema: int) -> None:
    """Declare the schema; the last step of a migration, so that an interrupted one starts again."""
    line = msgspec.json.encode({"schema": schema, "package": "gnomon"}) + b"\n"
    write_atomic(root / FILE, lambda file: file.write(line))


def looks_like_schema_0(root: Path) -> bool:
    """Schema 0 kept bare results side by side: `results/<id>.json`."""
    folder = root / "results"
    return folder.is_dir() and any(len(name) == 45 and name.endswith(".json") for name in os.listdir(folder))
