"""Tasks in this very process, one after the other."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, final


@final
class SerialExecutor(Executor):
    """The interface of the other executors without any process: `submit` returns when the task is done.

    For debugging, for small studies, and where processes may not be started. Limits are not enforced: nothing can end
    a task in its own process without ending the program, so `seconds` and `memory_gb` are accepted and left to the
    checks that tasks make themselves.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._closed = False

    def submit(
        self,
        fn: Callable[..., Any],
        /,
        *args: Any,
        affinity: str | None = None,
        seconds: float | None = None,
        memory_gb: float | None = None,
        **kwargs: Any,
    ) -> "Future[Any]":
        """Run `fn(*args, **kwargs)` now; the future that comes back is done. Ctrl-C is not caught."""
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor was shut down; open a new one")
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more tasks."""
        with self._lock:
            self._closed = True

    def kill_workers(self) -> None:
        """There are none; no more tasks."""
        self.shutdown()
