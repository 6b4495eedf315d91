"""Sealed JSON: one line of plain data with the checksum of its own bytes, so that damage shows."""

import math
import re
from typing import Any

import msgspec
import numpy as np

from gnomon.spec.errors import StoreError
from gnomon.spec.identity import checksum
from gnomon.store.files import Damaged

_HEAD = re.compile(rb'^\{"checksum":"([0-9a-f]{40})","([a-z]+)":')
_TAIL = b"}\n"


def seal(kind: str, body: bytes) -> bytes:
    """The bytes of a file: `{"checksum": of the body, kind: body}`, valid JSON for any reader."""
    return b'{"checksum":"' + checksum(body).encode() + b'","' + kind.encode() + b'":' + body + _TAIL


def seal_of(data: bytes) -> str:
    """The checksum that a sealed file states."""
    head = _HEAD.match(data)
    if head is None:
        raise Damaged("does not begin as a sealed file does")
    return head.group(1).decode()


def unseal(kind: str, data: bytes) -> bytes:
    """The body of a sealed file, byte for byte as it was written; Damaged where it is not."""
    head = _HEAD.match(data)
    if head is None:
        raise Damaged("is empty" if not data else "does not begin as a sealed file does")
    if head.group(2).decode() != kind:
        raise Damaged(f"holds a {head.group(2).decode()}, expected a {kind}")
    if not data.endswith(_TAIL):
        raise Damaged("is torn: its end is missing")
    body = data[head.end() : -len(_TAIL)]
    if checksum(body) != head.group(1).decode():
        raise Damaged("was changed: its checksum does not match its content")
    return body


def encode(value: Any, what: str) -> bytes:
    """JSON of plain data. NaN and infinity are refused, because JSON would turn them into null unseen."""
    found = not_finite(value, "$")
    if found:
        raise StoreError(
            f"cannot store {what}: {found}; JSON has no such number, use None and a reason where a number is unknown"
        )
    try:
        return msgspec.json.encode(value, enc_hook=_plain)
    except (TypeError, NotImplementedError, OverflowError) as error:
        raise StoreError(f"cannot store {what}: {error}; expected plain data") from error


def not_finite(value: Any, path: str) -> str | None:
    """Where the first NaN or infinity sits, in words, or None."""
    if isinstance(value, float | np.floating):
        return None if math.isfinite(value) else f"{path} is {float(value)}"
    if isinstance(value, msgspec.Struct):
        return _first((f"{path}.{name}", getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, dict):
        return _first((f"{path}.{k}", v) for k, v in value.items())
    if isinstance(value, list | tuple):
        if _all_finite(value):
            return None
        return _first((f"{path}[{i}]", v) for i, v in enumerate(value))
    return None


def _first(pairs: Any) -> str | None:
    for path, value in pairs:
        if value is not None and not isinstance(value, str | int):
            found = not_finite(value, path)
            if found:
                return found
    return None


def _all_finite(values: list[Any] | tuple[Any, ...]) -> bool:
    """Whether this is a flat row of finite numbers; quick, as curves hold many thousands of them."""
    try:
        return math.isfinite(sum(values))
    except (TypeError, OverflowError):
        return False


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"a {type(value).__name__} is not plain data")
