"""How far a loop over pictures is, and about how long it will take."""

import sys
import time

from gnomon.engine.progress import QUIET_EVERY, time_left

SHOWN_AFTER = 2.0  # seconds


class Progress:
    """One line that is written over on a terminal, a line now and then elsewhere; nothing for what is quick."""

    def __init__(self, what: str, count: int):
        self._what, self._count, self._done = what, count, 0
        self._first = 0.0
        self._due = time.monotonic() + SHOWN_AFTER
        self._shown = False

    def step(self) -> None:
        """One picture is done."""
        self._done += 1
        now = time.monotonic()
        if self._done == 1:
            self._first = now
        if self._done == self._count:
            self._clear()
        elif now >= self._due:
            self._due = now + SHOWN_AFTER if self._done == 1 else now + QUIET_EVERY
            self._show(f"{self._what}: {self._done} of {self._count} pictures{self._left(now)}")

    def _left(self, now: float) -> str:
        """The first picture says nothing of the others: a network is compiled for it."""
        if self._done == 1:
            return ""
        seconds = (now - self._first) / (self._done - 1) * (self._count - self._done)
        return f", {time_left(seconds)}"

    def _show(self, line: str) -> None:
        if sys.stderr.isatty():
            self._due, self._shown = min(self._due, time.monotonic() + 0.2), True
            print(f"\r{line:78s}", end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._shown:
            print(f"\r{'':78s}\r", end="", file=sys.stderr, flush=True)
