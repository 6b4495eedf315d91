"""Nodes: arrays made once and shared, each an .npz (never a pickle) and a sealed JSON that vouches for it."""

import hashlib
import time
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np

from gnomon.spec.errors import StoreError
from gnomon.spec.results import SCHEMA
from gnomon.store.files import ARRAYS_LIMIT, Damaged, open_regular, read_regular, write_atomic
from gnomon.store.sealed import encode, seal, unseal

OWN = ("schema", "kind", "id", "checksum", "bytes")  # keys of the meta that the store writes itself


class Node(NamedTuple):
    """Arrays and what is known of them.

    Attributes:
        arrays: name -> array, as they were put.
        meta: as it was put, plus `kind`, `id`, and `checksum` and `bytes` of the .npz file.
    """

    arrays: dict[str, np.ndarray]
    meta: dict[str, Any]


def node_paths(root: Path, kind: str, name: str) -> tuple[Path, Path]:
    """The .npz and the .json of a node."""
    folder = root / "nodes" / kind / name[:2]
    return folder / f"{name}.npz", folder / f"{name}.json"


def write_node(root: Path, kind: str, name: str, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write arrays, then the meta that vouches for them. Until the meta is there, the node is not."""
    what = f"node {kind}/{name[:8]}"
    data = {key: _storable(key, value, what) for key, value in arrays.items()}
    for key in OWN:
        if key in meta and meta[key] != {"kind": kind, "id": name}.get(key):
            raise StoreError(f"cannot store {what}: its meta may not set {key!r}, the store writes it")
    body = {**meta, "schema": SCHEMA, "kind": kind, "id": name, "checksum": "", "bytes": 0}
    encode(body, what)  # a meta that cannot be written must not leave arrays behind
    npz, path = node_paths(root, kind, name)

    def write(file: BinaryIO) -> None:
        _save(file, data)
        body.update(bytes=file.tell(), checksum=file_checksum(file))

    write_atomic(npz, write)
    sealed = seal("node", encode(body, what))
    write_atomic(path, lambda file: file.write(sealed))


def read_node(root: Path, kind: str, name: str) -> Node:
    """A verified node. FileNotFoundError where there is none, Damaged (with the file's path second) where it is torn.

    Arrays are replaced before their meta; a reader that falls between two writers looks a second time.
    """
    npz, path = node_paths(root, kind, name)
    first = read_regular(path)
    try:
        return _read(npz, first, kind, name)
    except Damaged:
        time.sleep(0.05)
        second = read_regular(path)
        if second == first:
            raise
        return _read(npz, second, kind, name)


def read_meta(path: Path, kind: str, name: str) -> dict[str, Any]:
    """The verified meta of a node, without its arrays."""
    return _meta(read_regular(path), kind, name)


def file_checksum(file: BinaryIO) -> str:
    """The name of an open file's bytes, read in pieces."""
    file.seek(0)
    digest = hashlib.blake2b(digest_size=20)
    while piece := file.read(2**20):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def _meta(data: bytes, kind: str, name: str) -> dict[str, Any]:
    try:
        meta = msgspec.json.decode(unseal("node", data), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Damaged(f"its meta is not what this package writes: {error}") from None
    if meta.get("kind") != kind or meta.get("id") != name or not isinstance(meta.get("checksum"), str):
        raise Damaged(f"its meta names {meta.get('kind')}/{str(meta.get('id'))[:8]}, not its own place")
    return meta


def _read(npz: Path, sealed: bytes, kind: str, name: str) -> Node:
    meta = _meta(sealed, kind, name)
    try:
        with open_regular(npz, ARRAYS_LIMIT) as file:
            if file_checksum(file) != meta["checksum"]:
                raise Damaged("its arrays were changed or torn: the checksum does not match")
            return Node(_load(file), meta)
    except FileNotFoundError:
        raise Damaged("its arrays are missing") from None


def _load(file: BinaryIO) -> dict[str, np.ndarray]:
    """Arrays of an open .npz.

    A stranger's checksum may be right and the file still hostile: nothing is unpickled, and what would unpack to
    more than the limit is refused.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            if sum(info.file_size for info in archive.infolist()) > ARRAYS_LIMIT:
                raise Damaged("its arrays would unpack to more than the limit")
        file.seek(0)
        with np.load(file, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, OSError, NotImplementedError) as error:
        raise Damaged(f"its arrays cannot be read: {error}") from None


def _storable(key: str, value: Any, what: str) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise StoreError(
            f"cannot store {what}: array {key!r} holds Python objects; use numbers, booleans or text"
        )
    return array


def _save(file: BinaryIO, arrays: dict[str, np.ndarray]) -> None:
    """An .npz whose bytes depend on nothing but the arrays (no clock, no order): equal nodes are equal files."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for key in sorted(arrays):
            with archive.open(zipfile.ZipInfo(f"{key}.npy"), "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, arrays[key], allow_pickle=False)  # pyright: ignore[reportArgumentType]
    file.flush()
    file.seek(0, 2)
