"""A watch on a running task: progress out, limits in."""

import time
from collections.abc import Callable

from gnomon.core.memory import resident_mb


class OutOfTime(Exception):
    """The task's time is spent."""


class OutOfMemory(Exception):
    """The task has outgrown its memory."""


class Watch:
    """Checked between chunks of work, so that limits hold even where a process cannot be killed (a cluster).

    Attributes:
        seconds: from now; None for no limit.
        memory_gb: what the process may hold; None for no limit.
        held_mb: what a borrowed process held before, which is not the task's to answer for.
    """

    def __init__(
        self,
        *,
        seconds: float | None = None,
        memory_gb: float | None = None,
        held_mb: float = 0.0,
        report: Callable[[str, float], None] | None = None,
    ):
        self._seconds = seconds
        self._start = time.monotonic()
        self._memory_gb = memory_gb
        self._held_mb = held_mb
        self._report = report

    def check(self, what: str = "", fraction: float = 0.0) -> None:
        """Report progress; raise when a limit is crossed."""
        if self._seconds is not None and time.monotonic() - self._start > self._seconds:
            raise OutOfTime(f"stopped after its limit of {self._seconds:g} s while at {what or 'work'}")
        if self._memory_gb is not None and resident_mb() - self._held_mb > 1024 * self._memory_gb:
            raise OutOfMemory(
                f"stopped: the process outgrew its limit of {self._memory_gb:g} GB"
                f"{' beyond what it held before' if self._held_mb else ''} at {what or 'work'}"
            )
        if self._report is not None:
            self._report(what, fraction)
