"""Questions to a store: SQL over a flat table of scores, by duckdb.

Tables a question may name:

* `cells`: one row for each measure of each stored case (`store.rows.COLUMNS`); a case without scores has one row;
* `studies`: `study`, `position` in ladder order, `id` of the case;
* `scores`: both joined. A case that answers two studies appears twice, once in each; one that is in no study has
  `study` NULL.

duckdb is asked with its own file access switched off, so a question can neither read nor write anything else, and no
extension is ever loaded or downloaded.
"""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gnomon.spec.errors import StoreError
from gnomon.spec.registry import suggest
from gnomon.store.files import cannot, sync_folder
from gnomon.store.index import FOLDER, forget, quoted, refresh
from gnomon.store.rows import COLUMNS

if TYPE_CHECKING:
    from gnomon.store.results import Store

_ORDER = "ORDER BY study NULLS LAST, position, id, headline DESC, measure"


def query(store: "Store", sql: str | None = None, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Rows of an SQL question, as dicts; the whole table `scores` where none is given. `?` stand for `parameters`."""
    with _tables(store) as connection:
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return _rows(connection, sql or f"SELECT * EXCLUDE (position) FROM scores {_ORDER}", parameters)


def table(store: "Store", columns: Sequence[str] = (), study: str | None = None) -> list[dict[str, Any]]:
    """Chosen columns of `scores`, in ladder order."""
    known = ("study", *COLUMNS)
    for name in columns:
        if name not in known:
            raise StoreError(f"the score table has no column {name!r}; {suggest(name, list(known))}")
    if study is not None:
        store.study(study)  # an unknown name is an error that suggests the nearest
    chosen = ", ".join(f'"{name}"' for name in columns or known)
    where = "" if study is None else "WHERE study = ?"
    return query(store, f"SELECT {chosen} FROM scores {where} {_ORDER}", () if study is None else (study,))


def export_parquet(store: "Store", path: Path, study: str | None = None) -> int:
    """Write `scores` (of one study) as a Parquet file; the number of rows."""
    if study is not None:
        store.study(study)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    where = "" if study is None else "WHERE study = ?"
    with _tables(store) as connection:
        try:
            connection.execute(
                f"CREATE TABLE chosen AS SELECT * EXCLUDE (position) FROM scores {where} {_ORDER}",
                [] if study is None else [study],
            )
            connection.execute(f"COPY chosen TO {quoted(part)} (FORMAT parquet)")
            os.replace(part, path)
            sync_folder(path.parent)
            return connection.execute("SELECT count(*) FROM chosen").fetchone()[0]
        except OSError as error:
            raise cannot("write", path, error) from error
        except _duckdb().Error as error:
            raise StoreError(
                f"cannot write {path}: {_first_line(error)}; check the folder and the free space"
            ) from None
        finally:
            with contextlib.suppress(OSError):
                os.unlink(part)


@contextlib.contextmanager
def _tables(store: "Store") -> Iterator[Any]:
    """A connection in whose memory the tables stand."""
    duckdb = _duckdb()
    studies = store.studies()
    with contextlib.closing(_connect()) as connection:
        try:
            if not store.movable:
                raise StoreError("nothing may be written here")
            _load_cells(store, connection, store.root / FOLDER)
        except (OSError, StoreError, duckdb.Error):
            # a read-only or full folder, or an index that was damaged: build it aside, for this question alone
            if store.movable:
                forget(store.root / FOLDER)
            with tempfile.TemporaryDirectory(prefix="gnomon-index-") as aside:
                _load_cells(store, connection, Path(aside))
        names = [name for name, s in studies.items() for _ in s.cases]
        members = {
            "study": np.array(names, dtype=object),
            "position": np.array([i for s in studies.values() for i in range(len(s.cases))], dtype=np.int64),
            "id": np.array([case for s in studies.values() for case in s.cases], dtype=object),
        }
        if names:
            connection.register("members", members)
            connection.execute(
                "CREATE TABLE studies AS SELECT study::VARCHAR AS study, position, id::VARCHAR AS id FROM members"
            )
            connection.unregister("members")
        else:
            connection.execute("CREATE TABLE studies (study VARCHAR, position BIGINT, id VARCHAR)")
        connection.execute(
            "CREATE VIEW scores AS SELECT study, cells.*, position FROM cells LEFT JOIN studies USING (id)"
        )
        yield connection


def _load_cells(store: "Store", connection: Any, folder: Path) -> None:
    """Read the index into memory, so that nobody's compaction pulls a file from under a question."""
    segments = refresh(store, connection, folder)
    types = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
    connection.execute(f"CREATE OR REPLACE TABLE cells ({types})")
    if segments:
        files = ", ".join(quoted(path) for path in segments)
        connection.execute(f"INSERT INTO cells BY NAME SELECT * FROM read_parquet([{files}])")


def _rows(connection: Any, sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
    try:
        answer = connection.execute(sql, list(parameters))
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    except _duckdb().Error as error:
        raise StoreError(
            f"the question was not understood: {_first_line(error)}; tables: scores, cells, studies"
        ) from None


def _connect() -> Any:
    off = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    return _duckdb().connect(":memory:", config=off)


def _duckdb() -> Any:
    import duckdb

    return duckdb


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
