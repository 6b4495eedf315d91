"""Zarr groups on disk or behind an address, looked over before they are opened.

A Zarr store is a folder of strangers' bytes: its metadata choose the code that decodes them. Only decoders that turn
bytes into numbers are let through; pickles and Python objects are refused.
"""

import json
import math
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from gnomon.archives import addresses, packages, tree
from gnomon.archives.addresses import is_address
from gnomon.archives.packages import one_line
from gnomon.spec.errors import BadData, GnomonError

CODECS = frozenset({
    "bytes", "endian", "transpose", "blosc", "zstd", "gzip", "zlib", "bz2", "lzma", "lz4", "crc32c", "crc32", "adler32",
    "fletcher32", "shuffle", "delta", "fixedscaleoffset", "quantize", "bitround", "astype", "packbits",
    "sharding_indexed", "vlen-utf8", "vlen-bytes", "scale_offset", "cast_value",
})  # fmt: skip
"""Decoders that yield numbers or text and nothing else."""
BIGGEST_CHUNK = 1 << 31  # bytes of one chunk, decoded
MOST_POINTS = 1 << 50

METADATA = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")


def open_group(place: str) -> Any:
    """A Zarr group as an `xarray.Dataset` of which no chunk is read.

    Raises:
        BadData: for metadata that name a pickle, Python objects, an unknown decoder or absurd sizes, and for a store
            that cannot be reached.
    """
    return _opened(place, _stamp(place))


@lru_cache(maxsize=16)
def _opened(place: str, stamp: tuple[int, ...]) -> Any:
    documents = _documents(place)
    if not documents:
        raise BadData(
            f"{place} holds no Zarr metadata (zarr.json, .zgroup or .zmetadata); give the folder of a Zarr group"
        )
    for name, text in documents.items():
        try:
            _check(place, name, text)
        except GnomonError:
            raise
        except (
            Exception
        ) as error:  # a list where a word belongs, a number where a list does, nesting without end
            raise BadData(
                f"{place}/{name} is no Zarr document ({one_line(error)}): the store is damaged; copy it again"
            ) from None
    packages.zarr()
    try:
        return packages.xarray().open_dataset(
            _mapping(place),
            engine="zarr",
            chunks=None,
            cache=False,
            decode_times=False,
            decode_timedelta=False,
        )
    except GnomonError:
        raise
    except Exception as error:  # metadata from strangers may make the readers raise anything
        raise BadData(f"{place} cannot be opened as a Zarr group: {one_line(error)}") from None


def _stamp(place: str) -> tuple[int, ...]:
    """Changes when a group on disk is written again, so that one process never sees two states of it as one."""
    if is_address(place):
        return ()
    return tuple(
        (Path(place) / name).stat().st_mtime_ns
        for name in ("zarr.json", ".zmetadata", ".zgroup")
        if (Path(place) / name).exists()
    )


def metadata_bytes(place: str) -> bytes:
    """Every metadata document of a group, in the order of their names."""
    return b"\0".join(f"{name}\0{text}".encode() for name, text in sorted(_documents(place).items()))


def _documents(place: str) -> dict[str, str]:
    """Metadata documents by their path: the consolidated one where there is one."""
    if not is_address(place):
        return _documents_on_disk(Path(place))
    found = {}
    for name in (".zmetadata", "zarr.json"):
        content = addresses.read(place, name)
        if content is not None:
            found[name] = content.decode(errors="replace")
    if ".zmetadata" not in found and '"consolidated_metadata"' not in found.get("zarr.json", ""):
        for one in addresses.below(place, METADATA):
            folder, _, name = one.rpartition("/")
            shown = one.rpartition(place.partition("://")[2].strip("/"))[2].strip("/")
            found[shown or name] = (addresses.read(folder, name) or b"").decode(errors="replace")
    return found


def _documents_on_disk(root: Path) -> dict[str, str]:
    home, found = root.resolve(), {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(folder) / name
            if path.is_symlink():
                tree.inside(path, home)
            if name in METADATA:
                found[path.relative_to(root).as_posix()] = _text(path)
    return found


def _mapping(place: str) -> Any:
    if not is_address(place):
        return str(place)
    system, root = addresses.system_of(place)
    store = packages.zarr().storage.FsspecStore
    if getattr(system, "async_impl", False):
        return store.from_url(place, storage_options=addresses.options(place), read_only=True)
    return store(packages.synchronous(system), path=root, read_only=True)


def _check(place: str, name: str, text: str) -> None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BadData(f"{place}/{name} is not JSON: the store is damaged; copy it again") from None
    if not isinstance(document, dict):
        raise BadData(f"{place}/{name} is not a Zarr document; copy the store again")
    for inner in (document.get("metadata"), (document.get("consolidated_metadata") or {}).get("metadata")):
        for part, described in inner.items() if isinstance(inner, dict) else ():
            if ".." in part.split("/") or part.startswith("/"):
                raise BadData(f"{place}/{name} names {part!r}, outside its store; copy the store again")
            if isinstance(described, dict):
                _check_array(f"{place}/{part}", described)
    _check_array(f"{place}/{name}", document)


def _check_array(where: str, described: Mapping[str, Any]) -> None:
    if "shape" not in described:
        return
    codecs = _codecs(described)
    for codec in codecs:
        if codec.removeprefix("numcodecs.") not in CODECS:
            raise BadData(
                f"{where} is stored with the decoder {codec!r}, which may run code or is not known; save plain numbers "
                f"(xarray.Dataset.to_zarr does)"
            )
    dtype = described.get("dtype", described.get("data_type"))
    if not isinstance(dtype, str | dict | list):
        raise BadData(f"{where} states no data type; the store is damaged")
    if dtype == "|O" and not {"vlen-utf8", "vlen-bytes"} & set(codecs):
        raise BadData(f"{where} holds Python objects, which are never loaded; save plain numbers")
    _check_shape(where, described)


def _check_shape(where: str, described: Mapping[str, Any]) -> None:
    shape = described["shape"]
    regular = (described.get("chunk_grid") or {}).get("configuration", {})
    chunks = described.get("chunks") or regular.get("chunk_shape") or shape
    sizes = [*shape, *chunks] if isinstance(shape, list) and isinstance(chunks, list) else [-1]
    if any(not isinstance(n, int) or n < 0 for n in sizes) or len(shape) != len(chunks):
        raise BadData(f"{where} claims the shape {shape} in chunks {chunks}; the store is damaged")
    if math.prod(shape) > MOST_POINTS or math.prod(chunks) * 8 > BIGGEST_CHUNK * 2:
        raise BadData(
            f"{where} claims the shape {shape} in chunks {chunks}: more than can be read; rechunk it or copy it again"
        )


def _codecs(described: Mapping[str, Any]) -> list[str]:
    """Names of all decoders, those inside shards too."""
    found: list[str] = []
    version2 = [described.get("compressor"), *(described.get("filters") or [])]
    for codec in [*version2, *(described.get("codecs") or [])]:
        if not isinstance(codec, dict):
            found += [] if codec is None else [str(codec)]
            continue
        found += [str(codec[key]) for key in ("id", "name") if key in codec] or ["?"]
        inner = codec.get("configuration")
        if isinstance(inner, dict):
            found += _codecs({"codecs": [*(inner.get("codecs") or []), *(inner.get("index_codecs") or [])]})
    return found


def _text(path: Path) -> str:
    if path.stat().st_size > 1 << 28:
        raise BadData(f"{path} is too large for metadata; copy the store again")
    return path.read_text(encoding="utf-8", errors="replace")
