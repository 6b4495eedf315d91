"""How a task can end without an answer of its own."""


class TaskTimeout(Exception):
    """The task took longer than its seconds; its worker was ended and replaced."""


class TaskMemory(Exception):
    """The task's worker grew beyond the memory it may take; it was ended and replaced."""


class WorkerDied(Exception):
    """The worker ended while it ran the task (a crash in native code, `os._exit`, a kill from outside)."""


class TaskFailed(Exception):
    """The task raised something that cannot travel between processes; the message holds its text."""
