"""Content addresses: the same meaning gives the same name."""

import hashlib
from typing import Any

import msgspec

from gnomon.spec.errors import BadSpec

_encoder = msgspec.json.Encoder(order="deterministic")


def canonical(value: Any) -> bytes:
    """Deterministic JSON of plain data. NaN has no place in an identity and is refused."""
    plain = msgspec.to_builtins(value, str_keys=True)
    _refuse_nan(plain, "$")
    return _encoder.encode(plain)


def identity(kind: str, value: Any) -> str:
    """A 20-byte name (hex) for plain data of one kind."""
    return hashlib.blake2b(kind.encode() + b"\0" + canonical(value), digest_size=20).hexdigest()


def checksum(data: bytes) -> str:
    """The name of a file's bytes."""
    return hashlib.blake2b(data, digest_size=20).hexdigest()


def seed_of(*parts: str | int) -> int:
    """A 63-bit seed from words, so that a new random draw never moves the others."""
    text = "\0".join(str(p) for p in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def _refuse_nan(value: Any, path: str) -> None:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise BadSpec(f"{path} is {value}; expected a finite number")
    if isinstance(value, dict):
        for k, v in value.items():
            _refuse_nan(v, f"{path}.{k}")
    elif isinstance(value, list | tuple):
        for i, v in enumerate(value):
            _refuse_nan(v, f"{path}[{i}]")
