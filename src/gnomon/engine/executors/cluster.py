"""Tasks on a dask cluster, through the same `submit`, with the same limits and the same ends."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from typing import Any, final

from gnomon.engine.executors.outcomes import WorkerDied
from gnomon.engine.executors.spawn import SpawnExecutor, pickled_call
from gnomon.spec.errors import GnomonError, MissingExtra

CONNECT_SECONDS = 30
IDLE_SECONDS = 600.0  # after which processes of a client that left are ended


@final
class ClusterExecutor(Executor):
    """A `concurrent.futures.Executor` over `dask.distributed`: a scheduler by address, or a cluster made here.

    A dask worker only carries: it hands each task to a `SpawnExecutor` of its own, one process a thread. So a task that
    crashes, hangs or grows ends alone and by name, the dask worker lives on, and dask never runs a task a second time
    because it failed. Tasks of one affinity go to one dask worker while it has room.

    Every dask worker must have the same gnomon installed and must see the store's folder at the same path (a shared
    file system): tasks exchange names of results, not the results.

    Args:
        address: of a dask scheduler, as in `tcp://host:8786`; None for a cluster of processes on this machine.
        workers: of a cluster on this machine; as many as there are cores by default.
        threads_per_worker: tasks that each of them runs at once.

    A script that makes a cluster here needs the usual `if __name__ == "__main__":`, because dask's own processes
    import it.
    """

    def __init__(
        self, address: str | None = None, *, workers: int | None = None, threads_per_worker: int = 1
    ):
        distributed = _distributed()
        self._session = uuid.uuid4().hex
        self._cluster: Any = None
        if address is None:
            self._cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=threads_per_worker,
                processes=True,
                dashboard_address="127.0.0.1:0",  # any free port: a fixed one is taken by the next cluster
                memory_limit=0,  # tasks are watched in their own processes
            )
        try:
            self._client = distributed.Client(self._cluster or address, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise GnomonError(
                f"no dask scheduler answers at {address!r}: {error}; start one with `dask scheduler`, check the address"
            ) from error
        self._homes: dict[str, str] = {}
        self._lock = threading.Lock()
        self._open: set[Future[Any]] = set()
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
        """Run `fn(*args, **kwargs)` on the cluster; see `SpawnExecutor.submit` for affinity and limits."""
        call = pickled_call(fn, args, kwargs)
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor was shut down; open a new one")
            place = {"workers": [self._home(affinity)], "allow_other_workers": True} if affinity else {}
        inner = self._client.get_executor(retries=0, **place).submit(
            _carry, self._session, self._cluster is not None, call, affinity, seconds, memory_gb
        )
        outer: Future[Any] = Future()
        with self._lock:
            self._open.add(outer)
        inner.add_done_callback(lambda done: self._pass_on(done, outer))
        outer.add_done_callback(lambda asked: inner.cancel() if asked.cancelled() else None)
        return outer

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more tasks; finish (or forget) those there are, then let go of the workers. Always waits."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            left = list(self._open)
        for future in left:
            if cancel_futures:
                future.cancel()
        for future in left:
            if not future.cancelled():
                future.exception()
        self._leave()

    def kill_workers(self) -> None:
        """End the processes that run our tasks now; the cluster itself is left standing where it is not ours."""
        with self._lock:
            self._closed = True
            left = list(self._open)
        for future in left:
            future.cancel()
        self._leave()

    def _leave(self) -> None:
        with contextlib.suppress(OSError):  # a scheduler that is gone has let go already
            self._client.run(_let_go, self._session)
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _home(self, affinity: str) -> str:
        """The dask worker of an affinity: the one that has fewest, and for good unless it leaves."""
        workers = sorted(self._client.scheduler_info(n_workers=-1)["workers"])
        if self._homes.get(affinity) not in workers and workers:
            homes = list(self._homes.values())
            self._homes[affinity] = min(workers, key=homes.count)
        return self._homes[affinity]

    def _pass_on(self, inner: "Future[Any]", outer: "Future[Any]") -> None:
        with self._lock:
            self._open.discard(outer)
        if not outer.set_running_or_notify_cancel():
            return  # cancelled; those who wait for it now know
        try:
            error = inner.exception()
        except CancelledError as cancelled:
            error = cancelled
        if error is None:
            value, raised = inner.result()
            outer.set_result(value) if raised is None else outer.set_exception(raised)
        elif isinstance(error, CancelledError) or type(error).__name__ in (
            "KilledWorker",
            "FutureCancelledError",
        ):
            outer.set_exception(WorkerDied(f"the dask worker ended while it carried the task: {error}"))
        else:
            outer.set_exception(error)


class _Host:
    """The processes of one dask worker that serve one client.

    Attributes:
        running: tasks they have now.
        used: when the last one ended (monotonic seconds).
    """

    def __init__(self, executor: SpawnExecutor):
        self.executor = executor
        self.running = 0
        self.used = time.monotonic()


_hosts: dict[str, _Host] = {}
_left: set[str] = set()  # clients that said goodbye: a task of theirs that arrives late must not start
_hosts_lock = threading.Lock()


def _carry(
    session: str,
    pinned: bool,
    call: bytes,
    affinity: str | None,
    seconds: float | None,
    memory_gb: float | None,
) -> tuple[Any, Exception | None]:
    """In a dask worker: run a call in a process of this worker and wait for it.

    What it raises comes back as a value: to dask a task that failed has done its work.
    """
    host = _host(session, pinned)
    if host is None:
        return None, WorkerDied("the executor was ended")
    try:
        return host.executor.submit_pickled(call, affinity, seconds, memory_gb).result(), None
    except Exception as error:
        return None, error
    finally:
        with _hosts_lock:
            host.running -= 1
            host.used = time.monotonic()


def _host(session: str, pinned: bool) -> _Host | None:
    """The processes for a client, with one more task running. Those of clients that left without a word are ended."""
    from distributed import get_worker

    with _hosts_lock:
        if session in _left:
            return None
        if session not in _hosts:
            for other, old in list(_hosts.items()):
                if not old.running and time.monotonic() - old.used > IDLE_SECONDS:
                    _hosts.pop(other).executor.kill_workers()
            worker = get_worker()
            threads = worker.state.nthreads
            # workers of a cluster made here are numbered from 0; others may share a machine in ways unknown to us
            number = worker.name if isinstance(worker.name, int) else None
            _hosts[session] = _Host(
                SpawnExecutor(
                    threads, pinned=pinned and number is not None, first_core=(number or 0) * threads
                )
            )
        _hosts[session].running += 1
        return _hosts[session]


def _let_go(session: str) -> None:
    """In a dask worker: end the processes that served a client."""
    with _hosts_lock:
        _left.add(session)
        host = _hosts.pop(session, None)
    if host is not None:
        host.executor.kill_workers()


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise MissingExtra("cluster", "dask.distributed") from None
    return distributed
