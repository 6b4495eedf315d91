"""Messages over a pipe: eight bytes of length, then a pickle. Both ends are this package's own processes."""

import pickle
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")


def send(pipe: BinaryIO, message: Any) -> None:
    """Write one message."""
    send_bytes(pipe, pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))


def send_bytes(pipe: BinaryIO, data: bytes) -> None:
    """Write one message that is already pickled."""
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes | None:
    """The next message, still pickled; None when the other end is gone."""
    head = pipe.read(_LENGTH.size)
    if head is None or len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if data is not None and len(data) == length else None
