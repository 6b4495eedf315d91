"""Bringing an older store up to date, one schema at a time.

A step reads what the older schema wrote and writes what the next one reads. Each file is replaced atomically and the
new schema is declared last, so an interrupted migration is simply run again. To add schema n + 1: raise
`spec.results.SCHEMA`, add a step `n: _from_n` to `STEPS`, and a test that builds a store of schema n by hand.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from gnomon.spec.errors import StoreError
from gnomon.spec.results import SCHEMA, Result
from gnomon.store.files import Damaged, read_regular, write_atomic
from gnomon.store.names import is_id
from gnomon.store.quarantine import Quarantine
from gnomon.store.schema import write_schema
from gnomon.store.sealed import encode, seal


def migrate(root: Path, schema: int) -> None:
    """Carry a store from `schema` to today's."""
    while schema < SCHEMA:
        if schema not in STEPS:
            raise StoreError(f"the store {root} has schema {schema}, from which no migration is known")
        STEPS[schema](root)
        schema += 1
        write_schema(root, schema)


def _from_0(root: Path) -> None:
    """Schema 0: bare JSON in `results/<id>.json`, no checksum, no details, no `schema` field.

    Schema 1 seals each result and sorts it into `results/<id[:2]>/`.
    """
    quarantine = Quarantine(root)
    folder = root / "results"
    for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
        case = name.removesuffix(".json")
        if not (name.endswith(".json") and is_id(case)):
            continue
        path = folder / name
        try:
            plain = msgspec.json.decode(read_regular(path), type=dict[str, Any])
            result = msgspec.convert({**plain, "schema": 1, "details": None}, Result)
            if result.id != case:
                raise Damaged(f"names another case, {result.id[:8]}")
        except (Damaged, msgspec.DecodeError, msgspec.ValidationError) as error:
            quarantine.put(path, f"could not be migrated from schema 0: {error}")
            continue
        sealed = seal("result", encode(result, f"result {case[:8]}"))
        write_atomic(folder / case[:2] / name, lambda file, data=sealed: file.write(data))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


STEPS: dict[int, Callable[[Path], None]] = {0: _from_0}
