"""Attendance: who watches a long computation that is not told so by an argument, and where it may keep its place.

A learner's `fit` takes data and returns a simulator; it knows neither store nor clock. Whoever calls it may attend: the
trainer then reports its progress, stops when the limits are reached, and goes on where a killed run had got to.
"""

import contextlib
import contextvars
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gnomon.core.watch import Watch


class Attendance(NamedTuple):
    """Who attends.

    Attributes:
        watch: progress out, limits in.
        folder: where half-done work may be kept; None keeps nothing.
    """

    watch: Watch
    folder: Path | None


_NOBODY = Attendance(Watch(), None)
_attending: contextvars.ContextVar[Attendance] = contextvars.ContextVar("attending", default=_NOBODY)


@contextlib.contextmanager
def attended(watch: Watch, folder: Path | None = None) -> Iterator[None]:
    """Attend to all that runs inside."""
    token = _attending.set(Attendance(watch, folder))
    try:
        yield
    finally:
        _attending.reset(token)


def attendance() -> Attendance:
    """Who attends now; nobody, unless told."""
    return _attending.get()
