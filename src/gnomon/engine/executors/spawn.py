"""Tasks in long-lived worker processes of this machine, pinned, watched and replaced."""

import os
import pickle
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, final

from gnomon.engine.executors.environment import cores_of, usable_cores, worker_environment
from gnomon.engine.executors.memory import resident_gb
from gnomon.engine.executors.outcomes import TaskMemory, TaskTimeout, WorkerDied
from gnomon.engine.executors.process import Answer, Gone, Ready, WorkerProcess, ending
from gnomon.engine.executors.waiting import Task, Waiting

WATCH_SECONDS = 0.2  # between two looks at a worker's memory
MOST_FAILED_STARTS = 3
TOO_FAT = 0.5  # a warm worker that already holds this share of the next task's memory is replaced first


class _Close:
    """Finish what there is, then end."""


class _Cancel:
    """Forget the tasks that wait."""


class _Kill:
    """End at once."""


@final
class SpawnExecutor(Executor):
    """A `concurrent.futures.Executor` of spawned workers that outlive their tasks and share imports and compilations.

    Each worker is a fresh interpreter (never a fork), kept on its own cores, and started when it is first needed. A
    task that takes too long or too much memory loses its worker and ends as TaskTimeout or TaskMemory; one whose
    worker crashes ends as WorkerDied; in each case the worker is replaced and the other tasks go on. Workers end when
    this process ends, however it ends.

    Args:
        workers: how many run at once.
        threads_per_worker: cores and numerical threads of each.
        preload: modules that each worker imports when it starts.
        pinned: whether workers are kept on cores of their own.
        first_core: index of the first core of the first worker; by default it depends on this process, so that two
            small executors on one machine rarely sit on the same core.
    """

    def __init__(
        self,
        workers: int,
        *,
        threads_per_worker: int = 1,
        preload: Sequence[str] = (),
        pinned: bool = True,
        first_core: int | None = None,
    ):
        if workers < 1 or threads_per_worker < 1:
            raise ValueError(
                f"expected at least one worker and one thread, got {workers} and {threads_per_worker}"
            )
        self._size = workers
        self._threads = threads_per_worker
        self._preload = tuple(preload)
        self._cores = usable_cores() if pinned else []
        self._first = os.getpid() if first_core is None else first_core
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._waiting = Waiting()
        self._workers: list[WorkerProcess] = []
        self._failed_starts = 0
        self._lock = threading.Lock()
        self._closed = False
        self._closing = False
        self._thread: threading.Thread | None = None

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
        """Run `fn(*args, **kwargs)` in a worker; see `waiting.Task` for affinity and limits.

        The time runs from when a worker takes the task. Memory is that of the worker's process, looked at a few times
        a second. `fn` must be importable by its name; a function of `__main__` or a lambda is refused at once.
        """
        return self.submit_pickled(pickled_call(fn, args, kwargs), affinity, seconds, memory_gb)

    def submit_pickled(
        self, call: bytes, affinity: str | None, seconds: float | None, memory_gb: float | None
    ) -> "Future[Any]":
        """Run a call from `pickled_call`, which this process need not be able to import."""
        task = Task(call, Future(), affinity, seconds, memory_gb)
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor was shut down; open a new one")
            if self._thread is None:
                # Workers ask Linux to end with the thread that started them: it must be one that lives as long as
                # they do. It is a daemon, so that a program that forgets `shutdown` still ends.
                self._thread = threading.Thread(target=self._manage, name="executor", daemon=True)
                self._thread.start()
            self._events.put(task)
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more tasks; finish (or forget) those that wait, then let the workers go."""
        self._end(_Cancel() if cancel_futures else None, _Close(), wait)

    def kill_workers(self) -> None:
        """End all workers now; running tasks end as WorkerDied, waiting ones are cancelled."""
        self._end(None, _Kill(), True)

    def _end(self, first: object | None, last: object, wait: bool) -> None:
        with self._lock:
            self._closed = True
            if self._thread is None:
                return
            if first is not None:
                self._events.put(first)
            self._events.put(last)
        if wait and threading.current_thread() is not self._thread:
            self._thread.join()

    # Everything below runs in the executor's own thread.

    def _manage(self) -> None:
        why = "the executor was ended"
        try:
            while not (self._closing and not self._waiting and not any(w.task for w in self._workers)):
                for event in self._news():
                    if isinstance(event, _Kill):
                        return
                    self._take_in(event)
                self._enforce()
                self._hand_out()
        except BaseException as error:
            why = f"the executor failed: {error!r}"
            raise
        finally:
            self._closed = True
            self._let_go(why)

    def _news(self) -> list[object]:
        """What has happened. All of it, so that no task is stopped whose answer is already here."""
        events: list[object] = []
        try:
            events.append(self._events.get(timeout=self._patience()))
            while True:
                events.append(self._events.get_nowait())
        except queue.Empty:
            return events

    def _take_in(self, event: object) -> None:
        match event:
            case Task():
                self._waiting.add(event)
            case Ready(worker):
                worker.ready, worker.deadline = True, None
                self._failed_starts = 0
            case Answer(worker, answer):
                self._settle(worker, answer)
            case Gone(worker, status):
                self._bury(worker, status)
            case _Cancel():
                for task in self._waiting.drain():
                    _forget(task, "the executor was shut down")
            case _Close():
                self._closing = True

    def _settle(self, worker: WorkerProcess, answer: tuple[Any, ...]) -> None:
        task = worker.release()
        if task is None:
            return
        if answer[0] == "value":
            task.future.set_result(answer[1])
        else:
            error, text = answer[1], answer[2]
            if text:
                error.add_note(f"in a worker process:\n{text}")
            task.future.set_exception(error)

    def _bury(self, worker: WorkerProcess, status: int) -> None:
        """A worker is gone: ended by `_lose`, or of itself."""
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        if worker.task is not None:
            worker.task.future.set_exception(
                WorkerDied(f"the worker ended while it ran the task: {ending(status)}")
            )
        elif not worker.ready and worker.done == 0:
            self._failed_starts += 1
            if self._failed_starts >= MOST_FAILED_STARTS:
                self._failed_starts = 0
                self._fail_waiting(f"workers cannot start: {ending(status)}; what they wrote stands above")

    def _enforce(self) -> None:
        """End workers whose tasks have outgrown their limits."""
        now = time.monotonic()
        for worker in list(self._workers):
            task = worker.task
            if worker.deadline is not None and now > worker.deadline:
                seconds = task.seconds if task else None
                self._lose(
                    worker,
                    TaskTimeout(f"stopped after {seconds:g} s, the time it may take" if seconds else ""),
                )
            elif task is not None and task.memory_gb is not None:
                held = resident_gb(worker.pid)
                if held is not None and held > task.memory_gb:
                    said = f"stopped at {held:.2f} GB of memory, it may take {task.memory_gb:g} GB"
                    self._lose(worker, TaskMemory(said))

    def _lose(self, worker: WorkerProcess, error: Exception) -> None:
        worker.kill()
        task = worker.task
        if task is None:  # it never came up; counted when it is gone
            worker.deadline = None
            return
        self._workers.remove(worker)
        worker.release()
        task.future.set_exception(error)

    def _hand_out(self) -> None:
        while self._waiting:
            idle = [w for w in self._workers if w.idle]
            busy = [w for w in self._workers if w.task is not None]
            pair = self._waiting.take(idle, busy)
            if pair is None:
                break
            worker, task = pair
            if self._too_fat(worker, task):
                self._waiting.put_back(task)
                self._workers.remove(worker)
                worker.kill()
            elif not task.started and not task.future.set_running_or_notify_cancel():
                continue  # cancelled while it waited
            else:
                task.started = True
                if not worker.give(task):
                    self._waiting.put_back(task)
        starting = sum(not w.ready for w in self._workers)
        for _ in range(min(len(self._waiting) - starting, self._size - len(self._workers))):
            self._start()

    def _too_fat(self, worker: WorkerProcess, task: Task) -> bool:
        if task.memory_gb is None or worker.done == 0:
            return False
        held = resident_gb(worker.pid)
        return held is not None and held > TOO_FAT * task.memory_gb

    def _start(self) -> None:
        slot = min(set(range(self._size)) - {w.slot for w in self._workers})
        self._workers.append(
            WorkerProcess(
                slot,
                self._events,
                cores=cores_of(slot, self._threads, self._cores, self._first),
                preload=self._preload,
                environment=worker_environment(os.environ, self._threads),
            )
        )

    def _patience(self) -> float | None:
        """How long nothing needs to be looked at."""
        if any(w.task and w.task.memory_gb is not None for w in self._workers):
            return WATCH_SECONDS
        deadlines = [w.deadline for w in self._workers if w.deadline is not None]
        return max(min(deadlines) - time.monotonic(), 0.0) + 0.01 if deadlines else None

    def _fail_waiting(self, why: str) -> None:
        for task in self._waiting.drain():
            if task.started or task.future.set_running_or_notify_cancel():
                task.future.set_exception(WorkerDied(why))

    def _let_go(self, why: str) -> None:
        """End all workers, politely where they are idle, and leave no future without an answer."""
        for task in self._waiting.drain():
            _forget(task, why)
        for worker in list(self._workers):
            if worker.task is not None:
                self._lose(worker, WorkerDied(why))
            elif not worker.ready:
                worker.kill()
        idle = [worker for worker in self._workers if worker.idle]
        for worker in idle:
            worker.say_stop()
        for worker in idle:
            worker.see_off()
        self._workers.clear()
        while True:  # tasks that came after the end was decided
            try:
                late = self._events.get_nowait()
            except queue.Empty:
                return
            if isinstance(late, Task):
                _forget(late, why)


def _forget(task: Task, why: str) -> None:
    """Cancel a task, and tell those who wait for it (`Future.cancel` alone does not wake them)."""
    if task.future.cancel():
        task.future.set_running_or_notify_cancel()
    else:  # handed to a worker once that was gone before it began
        task.future.set_exception(WorkerDied(why))


def pickled_call(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """A call as bytes; TypeError where another process could not make it."""
    if getattr(fn, "__module__", None) == "__main__":
        raise TypeError(
            f"expected a function of an importable module, got {fn!r} of the main program; move it to a module"
        )
    try:
        return pickle.dumps((fn, args, kwargs), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise TypeError(
            f"expected a module's function and plain arguments, got what cannot be pickled: {error}"
        ) from error
