"""A worker: a process that imports once and then runs one task after the other until its parent is gone.

It is started as a fresh interpreter, never forked (JAX has threads), and never imports the parent's `__main__`.
Tasks arrive on what was standard input and answers leave on what was standard output; tasks that print do so on
standard error, and tasks that read find nothing.
"""

import ctypes
import faulthandler
import importlib
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
from typing import Any, BinaryIO

from gnomon.engine.executors import frames
from gnomon.engine.executors.environment import pin
from gnomon.engine.executors.outcomes import TaskFailed

BOOT = (
    "import json, sys; told = json.loads(sys.argv[1]); sys.path[:] = told['path']; "
    "from gnomon.engine.executors.worker import main; main(told)"
)


def main(told: dict[str, Any]) -> None:
    """Serve until the parent says stop or is gone."""
    tasks, answers = _take_over_pipes()
    _die_with(told["parent"])
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C is the parent's affair; it ends its workers in order
    faulthandler.enable()
    pin(told["cores"])
    waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks, waiting), name="listen", daemon=True).start()
    for module in told["preload"]:
        importlib.import_module(module)
    frames.send(answers, ("ready", os.getpid()))
    while (message := waiting.get()) is not None:
        frames.send_bytes(answers, _answer(message))


def _answer(message: bytes) -> bytes:
    """Run one task; what it returned or raised, pickled."""
    try:
        function, args, kwargs = pickle.loads(message)
        value = function(*args, **kwargs)
    except BaseException as error:  # SystemExit and KeyboardInterrupt of a task end the task, not the worker
        return _pickled_error(error)
    try:
        return pickle.dumps(("value", value), protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        name = type(value).__name__
        return _pickled_error(
            TaskFailed(f"the task returned a {name} that cannot travel between processes: {error}")
        )


def _pickled_error(error: BaseException) -> bytes:
    text = "".join(traceback.format_exception(error))
    if not isinstance(error, Exception):
        error = TaskFailed(f"the task raised {type(error).__name__}: {error}")
    try:
        data = pickle.dumps(("error", error, text), protocol=pickle.HIGHEST_PROTOCOL)
        pickle.loads(data)  # some exceptions can be written but not read back
        return data
    except Exception:
        stands_for = TaskFailed(f"{type(error).__name__}: {error}")
        return pickle.dumps(("error", stands_for, text), protocol=pickle.HIGHEST_PROTOCOL)


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the two pipes to ourselves and give tasks harmless ones."""
    tasks = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return tasks, answers


def _listen(tasks: BinaryIO, waiting: "queue.SimpleQueue[bytes | None]") -> None:
    """Pass tasks on. The pipe ends with the parent, however it ended; then nobody waits for an answer."""
    while (message := frames.receive(tasks)) is not None:
        if not message:
            waiting.put(None)
            return
        waiting.put(message)
    os._exit(1)


def _die_with(parent: int) -> None:
    """Ask Linux to end this process with its parent, for tasks that never let the listening thread run."""
    if sys.platform != "linux":
        return
    deathsig = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(deathsig, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
