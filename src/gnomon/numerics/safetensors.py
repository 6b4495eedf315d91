"""Reads .safetensors files, which are hostile until checked: a JSON header of names and places, then bytes."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gnomon.spec.errors import BadData

LARGEST_HEADER = 100_000_000  # bytes, the bound of the format
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "|b1",
}  # fmt: skip


def read_safetensors(
    path: str | os.PathLike[str], *, skip: Callable[[str], bool] = lambda name: False
) -> dict[str, np.ndarray]:
    """Name -> array, without those that `skip` names. The brain's 16-bit floats come as float32.

    Everything is checked before any array is made: the length of the header, its JSON, dtypes, shapes, that every
    array's bytes are as many as its shape says, and that the arrays cover the file without a gap or an overlap.

    Raises:
        BadData: the file does not keep the format.
    """
    path = Path(path)
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little") if size >= 8 else size
        if size < 8 or length > min(LARGEST_HEADER, size - 8):
            raise BadData(f"{path}: not a safetensors file, or cut short: {size} bytes, a header of {length}")
        header = _header(path, file.read(length))
        start, body = 8 + length, size - 8 - length
        _check_cover(path, header, body)
        arrays = {}
        for name, (dtype, shape, begin, _) in header.items():
            if not skip(name):
                file.seek(start + begin)
                flat = np.frombuffer(
                    file.read(math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize), _DTYPES[dtype]
                )
                try:
                    arrays[name] = (_widened(flat) if dtype == "BF16" else flat).reshape(shape)
                except ValueError as error:
                    raise BadData(f"{path}: {name!r} has a shape that no array can have ({error})") from error
    return arrays


MOST_AXES, LARGEST_COUNT = 32, 1 << 48
_Entry = tuple[str, tuple[int, ...], int, int]


def _header(path: Path, raw: bytes) -> dict[str, _Entry]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise BadData(f"{path}: the header names a thing twice")
        return dict(pairs)

    try:
        plain = json.loads(raw.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:  # no text, no JSON, or numbers of thousands of digits
        raise BadData(f"{path}: the header is not JSON ({error})") from error
    if not isinstance(plain, dict):
        raise BadData(f"{path}: the header is not a JSON object")
    plain.pop("__metadata__", None)
    return {name: _entry(path, name, entry) for name, entry in plain.items()}


def _entry(path: Path, name: str, entry: object) -> _Entry:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise BadData(f"{path}: {name!r} must have dtype, shape and data_offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise BadData(f"{path}: {name!r} has the dtype {dtype!r}; known are {', '.join(_DTYPES)}")
    if not (_are_counts(shape) and _are_counts(offsets) and len(offsets) == 2):
        raise BadData(f"{path}: {name!r} has a shape or offsets that are not whole numbers from 0")
    begin, end = offsets
    if end - begin != math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize:
        raise BadData(
            f"{path}: {name!r} holds {end - begin} bytes, {dtype} of shape {tuple(shape)} needs another number"
        )
    return dtype, tuple(shape), begin, end


def _are_counts(value: object) -> bool:
    """Few and small enough that their product costs nothing; a hostile header may hold anything."""
    if not isinstance(value, list) or len(value) > MOST_AXES:
        return False
    return all(type(n) is int and 0 <= n < LARGEST_COUNT for n in value)


def _check_cover(path: Path, header: dict[str, _Entry], body: int) -> None:
    place = 0
    for name, (_, _, begin, end) in sorted(header.items(), key=lambda item: item[1][2:]):
        if begin != place:
            raise BadData(f"{path}: {name!r} starts at byte {begin}, the array before it ends at {place}")
        place = end
    if place != body:
        raise BadData(f"{path}: the arrays end at byte {place} of {body}: cut short, or more than arrays")


def _widened(bits: np.ndarray) -> np.ndarray:
    """Brain floats are the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
