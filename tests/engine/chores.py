"""Small tasks for the tests of executors; workers import them from here."""

import os
import sys
import time
from pathlib import Path


def square(x: int) -> int:
    """A value."""
    return x * x


def add(a: int, *, b: int) -> int:
    """A value from a keyword."""
    return a + b


def nap(seconds: float, value: str = "") -> str:
    """Takes its time."""
    time.sleep(seconds)
    return value


def whoami(seconds: float = 0.0) -> int:
    """The process that runs it."""
    time.sleep(seconds)
    return os.getpid()


def surroundings() -> dict[str, object]:
    """What a task sees of its process."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return {
        "environment": dict(os.environ), "cores": cores, "main": sys.modules["__main__"].__file__
        if hasattr(sys.modules["__main__"], "__file__") else None, "read": sys.stdin.read(),
        "modules": [name for name in ("jax", "numpy", "colorsys") if name in sys.modules],
    }  # fmt: skip


def spin(seconds: float) -> None:
    """Computes without pause and never sleeps."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def fail(text: str) -> None:
    """Raises."""
    raise LookupError(text)


class TwoWords(Exception):
    """Can be pickled but not read back."""

    def __init__(self, one: str, two: str):
        super().__init__(f"{one} {two}")


def fail_strangely() -> None:
    """Raises what cannot travel."""
    raise TwoWords("lost", "words")


def leave(status: int) -> None:
    """Asks to exit, as a script would."""
    sys.exit(status)


def die(status: int) -> None:
    """Ends its process at once."""
    os._exit(status)


def crash() -> None:
    """Ends its process by a signal, as a fault in native code does."""
    os.kill(os.getpid(), 11)


def hold(megabytes: int, seconds: float) -> int:
    """Holds memory for a while."""
    held = bytearray(b"x") * (megabytes * 10**6)
    time.sleep(seconds)
    return len(held)


def keep(megabytes: int, _kept: list[bytearray] = []) -> int:  # noqa: B006 - a leak is the point
    """Holds memory for ever, as a cache does."""
    _kept.append(bytearray(b"x") * (megabytes * 10**6))
    return os.getpid()


def unsendable() -> object:
    """Returns what cannot travel."""
    return lambda: None


def large(megabytes: int) -> bytes:
    """A large answer."""
    return b"y" * (megabytes * 10**6)


def mark(path: str) -> None:
    """Leaves a trace on disk."""
    Path(path).write_text(str(os.getpid()))
