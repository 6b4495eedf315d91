"""The parent's side of one worker process: start it, talk to it, end it."""

import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

from gnomon.engine.executors import frames
from gnomon.engine.executors.outcomes import TaskFailed
from gnomon.engine.executors.waiting import Task
from gnomon.engine.executors.worker import BOOT

START_SECONDS = 300.0  # a worker that has not come up by then will not


class Ready(NamedTuple):
    """A worker has started."""

    worker: "WorkerProcess"


class Answer(NamedTuple):
    """A worker has finished its task: ("value", value) or ("error", exception, traceback)."""

    worker: "WorkerProcess"
    answer: tuple[Any, ...]


class Gone(NamedTuple):
    """A worker process has ended, for whatever reason."""

    worker: "WorkerProcess"
    status: int


class WorkerProcess:
    """One worker. Only the executor's own thread changes its state; a reading thread reports what it says.

    Attributes:
        slot: its number, which decides its cores.
        ready: whether it has started.
        task: what it runs now.
        deadline: when it must be done, or up (monotonic seconds).
        warm: affinities it has served.
        done: tasks it has finished.
    """

    def __init__(
        self,
        slot: int,
        events: "queue.SimpleQueue[Any]",
        *,
        cores: Sequence[int],
        preload: Sequence[str],
        environment: Mapping[str, str],
    ):
        self.slot = slot
        self.ready = False
        self.task: Task | None = None
        self.deadline: float | None = time.monotonic() + START_SECONDS
        self.warm: set[str] = set()
        self.done = 0
        path = [os.path.abspath(entry) for entry in sys.path]
        told = json.dumps(
            {"path": path, "parent": os.getpid(), "cores": list(cores), "preload": list(preload)}
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", BOOT, told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # Ctrl-C reaches the parent alone, and what the task started ends with it
        )
        self.pid = self._process.pid
        threading.Thread(target=self._listen, args=(events,), name=f"worker-{slot}", daemon=True).start()

    @property
    def idle(self) -> bool:
        """Whether it could take a task now."""
        return self.ready and self.task is None

    def give(self, task: Task) -> bool:
        """Hand over a task; False where the process turns out to be gone."""
        try:
            frames.send_bytes(self._pipe(), task.payload)
        except OSError:
            self.ready = False
            return False
        self.task = task
        self.deadline = None if task.seconds is None else time.monotonic() + task.seconds
        if task.affinity is not None:
            self.warm.add(task.affinity)
        return True

    def release(self) -> Task | None:
        """Take the finished task off it."""
        task, self.task, self.deadline = self.task, None, None
        self.done += 1
        return task

    def kill(self) -> None:
        """End it now, together with what its task has started."""
        self.ready = False
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def say_stop(self) -> None:
        """Ask an idle worker to leave in its own time."""
        with contextlib.suppress(OSError):
            frames.send_bytes(self._pipe(), b"")

    def see_off(self, patience: float = 5.0) -> None:
        """Wait until it has left, and insist after some seconds."""
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def _pipe(self) -> BinaryIO:
        return cast(BinaryIO, self._process.stdin)

    def _listen(self, events: "queue.SimpleQueue[Any]") -> None:
        answers = cast(BinaryIO, self._process.stdout)
        if frames.receive(answers) is not None:
            events.put(Ready(self))
            while (data := frames.receive(answers)) is not None:
                try:
                    answer = pickle.loads(data)
                except Exception as error:
                    answer = ("error", TaskFailed(f"the task's answer cannot be read here: {error}"), "")
                events.put(Answer(self, answer))
        status = self._process.wait()
        with contextlib.suppress(OSError):
            answers.close()
            self._pipe().close()
        events.put(Gone(self, status))


def ending(status: int) -> str:
    """How a process ended, in words."""
    if status >= 0:
        return f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"{name} (for lack of memory, perhaps)" if name == "SIGKILL" else name
