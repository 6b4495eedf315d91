"""The store: results, details, nodes and studies in one folder, written atomically and verified when read."""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import msgspec
import numpy as np

from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import StoreError
from gnomon.spec.results import SCHEMA, Details, Result
from gnomon.store.files import Damaged, read_regular, walk_files, write_atomic
from gnomon.store.names import checked_id, checked_kind, checked_study, is_id
from gnomon.store.nodes import Node, node_paths, read_meta, read_node, write_node
from gnomon.store.quarantine import Quarantine
from gnomon.store.schema import open_folder
from gnomon.store.sealed import encode, seal, seal_of, unseal

if TYPE_CHECKING:
    from gnomon.store.collect import Collected
    from gnomon.store.merge import Merged
    from gnomon.store.verify import Verified

STOPPED = (
    "failed",
    "timeout",
    "memory",
)  # a case that did not come to its own end; `diverged` is one that did

_RESULT = msgspec.json.Decoder(Result)
_DETAILS = msgspec.json.Decoder(Details)


class StoredStudy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A study as it was run: its name, the ids of its cases in ladder order, and its plain data."""

    schema: int = SCHEMA
    name: str
    cases: tuple[str, ...]
    study: dict[str, Any]


_STUDY = msgspec.json.Decoder(StoredStudy)


@final
class Store:
    """A folder of results.

    A file is there whole or not at all: writers fill a temporary file, sync it and rename it; readers verify a
    checksum. What fails is moved to `quarantine/` and counts as absent, so that it is made again. Any number of
    processes may read and write at once without locks, because every name is a content address.

    Args:
        root: the folder.
        create: make it where it does not exist.
        movable: whether damaged files may be moved and older schemas migrated. False promises to write nothing
            unless a `put_…` is called; used for other people's stores.
    """

    def __init__(self, root: Path | str, *, create: bool = True, movable: bool = True):
        self.root = Path(root)
        open_folder(self.root, create=create, movable=movable)
        self.movable = movable
        self.quarantine = Quarantine(self.root, movable=movable)

    def __repr__(self) -> str:
        return f"Store({str(self.root)!r})"

    # nodes

    def has_node(self, kind: str, id: str) -> bool:
        """Whether a node was written. `get_node` may still find it damaged."""
        npz, meta = node_paths(self.root, checked_kind(kind), checked_id(id))
        return meta.is_file() and npz.is_file()

    def put_node(self, kind: str, id: str, arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> None:
        """Write a node. `meta` is plain data (`recipe`, `provenance`, …); `nodes` in it names what it was made from."""
        write_node(self.root, checked_kind(kind), checked_id(id), dict(arrays), dict(meta))

    def get_node(self, kind: str, id: str) -> Node | None:
        """The verified node, or None where there is none (a damaged one is moved aside first)."""
        npz, meta = node_paths(self.root, checked_kind(kind), checked_id(id))
        try:
            return read_node(self.root, kind, id)
        except FileNotFoundError:
            return None
        except Damaged as error:
            for path in (meta, npz):  # the meta first: without it there is no node
                if path.exists() or path.is_symlink():
                    self.quarantine.put(path, f"node {kind}/{id[:8]} {error}")
            return None

    def node_meta(self, kind: str, id: str) -> dict[str, Any] | None:
        """The verified meta of a node without reading its arrays."""
        _, path = node_paths(self.root, checked_kind(kind), checked_id(id))
        try:
            return read_meta(path, kind, id)
        except FileNotFoundError:
            return None
        except Damaged as error:
            self.quarantine.put(path, f"node {kind}/{id[:8]} {error}")
            return None

    def nodes(self) -> Iterator[tuple[str, str]]:
        """(kind, id) of every node, in a fixed order."""
        for path in walk_files(self.root / "nodes"):
            kind = path.parent.parent.name
            if path.suffix == ".json" and is_id(path.stem) and path.parent.name == path.stem[:2]:
                yield kind, path.stem

    # results

    def put_result(self, result: Result, details: Details | None = None) -> Result:
        """Write a result, its details first: the result is the commit marker.

        Returns the result as stored (`details` is the checksum of the details' content, or None).
        """
        name = checked_id(result.id)
        if details is None:
            return self._commit(msgspec.structs.replace(result, details=None))
        body = encode(details, f"details of {name[:8]}")
        data = seal("details", body)
        stored = msgspec.structs.replace(result, details=seal_of(data))
        encode(stored, f"result {name[:8]}")  # a result that cannot be written must not leave details behind
        # the name carries the checksum: of two writers of one case, each result finds its own details
        write_atomic(self._details(name, seal_of(data)), lambda file: file.write(data))
        return self._commit(stored)

    def _commit(self, result: Result) -> Result:
        data = seal("result", encode(result, f"result {result.id[:8]}"))
        write_atomic(self._path("results", result.id), lambda file: file.write(data))
        return result

    def has_result(self, id: str) -> bool:
        """Whether a result was written. `get_result` may still find it damaged."""
        return self._path("results", checked_id(id)).is_file()

    def get_result(self, id: str) -> Result | None:
        """The verified result, or None where the case is still to be run (a damaged one is moved aside first)."""
        path = self._path("results", checked_id(id))
        try:
            result = read_result(path, id)
            if result.details is not None and not self.details_path(id, result.details).is_file():
                raise Damaged("refers to details that are missing")
            return result
        except FileNotFoundError:
            return None
        except Damaged as error:
            self.quarantine.put(path, f"result {id[:8]} {error}")
            return None

    def get_details(self, id: str) -> Details | None:
        """The verified details of a result. Damaged ones take their result with them: the case is run again."""
        result = self.get_result(id)
        if result is None or result.details is None:
            return None
        path = self.details_path(id, result.details)
        try:
            return _read_details(path, result)
        except FileNotFoundError:  # the result was replaced, and `gc` was quick
            return None
        except Damaged as error:
            self.quarantine.put(self._path("results", id), f"result {id[:8]} lost its details")
            self.quarantine.put(path, f"details {id[:8]} {error}")
            return None

    def details_path(self, id: str, seal: str) -> Path:
        """Where the details of a result lie, given the checksum that the result states.

        Early stores named details by their case alone; they are still found there.
        """
        path, early = self._details(id, seal), self._path("details", id)
        return early if not path.is_file() and early.is_file() else path

    def ids(self) -> Iterator[str]:
        """The id of every stored result, sorted; not verified."""
        folder = self.root / "results"
        for shard in sorted(os.listdir(folder)) if folder.is_dir() else []:
            with contextlib.suppress(NotADirectoryError, FileNotFoundError):
                for name in sorted(os.listdir(folder / shard)):
                    if name.endswith(".json") and is_id(name[:-5]) and name[:2] == shard:
                        yield name[:-5]

    def results(self, study: str | None = None) -> Iterator[Result]:
        """Every verified result, or those of one study in its ladder order; cases not yet run are left out."""
        if study is None:
            names: Iterable[str] = self.ids()
        else:
            names = self.study(study).cases
        for name in names:
            result = self.get_result(name)
            if result is not None:
                yield result

    # studies

    def put_study(self, name: str, case_ids: Sequence[str], study_plain: Mapping[str, Any]) -> None:
        """Remember a study: which cases answer it. A study of the same name is replaced; results never are."""
        path = self.root / "studies" / f"{checked_study(name)}.json"
        stored = StoredStudy(name=name, cases=tuple(checked_id(i) for i in case_ids), study=dict(study_plain))
        data = seal("study", encode(stored, f"study {name!r}"))
        write_atomic(path, lambda file: file.write(data))

    def study(self, name: str) -> StoredStudy:
        """One study; an unknown name suggests the nearest."""
        known = self.studies()
        if name not in known:
            from gnomon.spec.registry import suggest

            hint = suggest(name, list(known)) if known else "it holds none; run a study first"
            raise StoreError(f"the store {self.root} has no study {name!r}; {hint}")
        return known[name]

    def studies(self) -> dict[str, StoredStudy]:
        """Every verified study by name."""
        folder = self.root / "studies"
        found = {}
        for file in sorted(os.listdir(folder)) if folder.is_dir() else []:
            if file.startswith(".") or not file.endswith(".json"):
                continue
            try:
                stored = _STUDY.decode(unseal("study", read_regular(folder / file)))
                if stored.name != file.removesuffix(".json"):
                    raise Damaged(f"names another study, {stored.name[:80]!r}")
                for case in stored.cases:
                    if not is_id(case):
                        raise Damaged("names a case that is no id")
                found[stored.name] = stored
            except FileNotFoundError:
                continue
            except (Damaged, msgspec.DecodeError) as error:
                self.quarantine.put(folder / file, f"study {file.removesuffix('.json')} {error}")
        return found

    # the whole

    def quarantined(self) -> list[tuple[Path, str]]:
        """(path within the store, reason) of every damaged file that was met."""
        return self.quarantine.listed()

    def query(self, sql: str | None = None, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows of an SQL question to the tables `scores`, `cells` and `studies`; see `store.query`."""
        from gnomon.store.query import query

        return query(self, sql, parameters)

    def table(self, *columns: str, study: str | None = None) -> list[dict[str, Any]]:
        """Rows of the flat score table; all columns where none is named."""
        from gnomon.store.query import table

        return table(self, columns, study)

    def merge(self, other: Path | str) -> "Merged":
        """Take over everything from another store that this one lacks; see `store.merge`."""
        from gnomon.store.merge import merge

        return merge(self, Path(other))

    def gc(self, *, dry_run: bool = False, grace: float = 3600.0) -> "Collected":
        """Remove what nothing refers to; see `store.collect`."""
        from gnomon.store.collect import collect

        return collect(self, dry_run=dry_run, grace=grace)

    def export_parquet(self, path: Path | str, *, study: str | None = None) -> int:
        """Write the flat score table as one Parquet file; the number of rows."""
        from gnomon.store.query import export_parquet

        return export_parquet(self, Path(path), study)

    def export_netcdf(self, kind: str, id: str, path: Path | str, *, card: WorldCard | None = None) -> None:
        """Write the runs of a node as CF NetCDF; the world's card brings the units. See `store.netcdf`."""
        from gnomon.store.netcdf import export_node

        export_node(self, kind, id, Path(path), card)

    def verify(self) -> "Verified":
        """Read every file and check it; what is damaged is moved to quarantine. See `store.verify`."""
        from gnomon.store.verify import verify

        return verify(self)

    def _details(self, name: str, seal: str) -> Path:
        return self.root / "details" / name[:2] / f"{name}.{checked_id(seal)}.json"

    def _path(self, room: str, name: str) -> Path:
        return self.root / room / name[:2] / f"{name}.json"


def read_result(path: Path, name: str) -> Result:
    """A verified result file. FileNotFoundError where there is none, Damaged where it is not what was written."""
    data = read_regular(path)
    try:
        result = _RESULT.decode(unseal("result", data))
    except msgspec.DecodeError as error:
        found = re.search(rb'"schema":(\d+)', data)
        if found and int(found.group(1)) > SCHEMA:  # sound, only newer than this package
            raise StoreError(
                f"{path} has schema {int(found.group(1))}, this gnomon knows up to {SCHEMA}; "
                "upgrade it: pip install -U gnomon"
            ) from None
        raise Damaged(f"is not a result of schema {SCHEMA}: {error}") from None
    if result.id != name:
        raise Damaged(f"names another case, {result.id[:40]!r}")
    if result.details is not None and not is_id(result.details):  # it becomes part of a path
        raise Damaged("names details that are no checksum")
    return result


def _read_details(path: Path, result: Result) -> Details:
    data = read_regular(path)
    body = unseal("details", data)
    if seal_of(data) != result.details:
        raise Damaged("is not the file that its result was written with")
    try:
        return _DETAILS.decode(body)
    except msgspec.DecodeError as error:
        raise Damaged(f"is not what this package writes: {error}") from None
