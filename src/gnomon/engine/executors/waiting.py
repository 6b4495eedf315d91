"""Tasks that wait, and which worker takes which: warm workers first, then new work, then stealing."""

import itertools
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar


@dataclass(eq=False)
class Task:
    """One call, pickled, and what it may take.

    Attributes:
        affinity: tasks of one word share compilations and like to share a worker.
        seconds: wall time it may take; None for any.
        memory_gb: resident memory its worker may hold, in GB (10^9 bytes); None for any.
        started: whether it was handed to a worker before.
    """

    payload: bytes
    future: "Future[Any]"
    affinity: str | None = None
    seconds: float | None = None
    memory_gb: float | None = None
    started: bool = False
    order: int = field(default=0, init=False)


class HasWarm(Protocol):
    """What the choice needs to know of a worker: the affinities it has served."""

    warm: set[str]


Worker = TypeVar("Worker", bound=HasWarm)


class Waiting:
    """Tasks in order of arrival, sorted by affinity."""

    def __init__(self):
        self._queues: dict[str | None, deque[Task]] = {}
        self._count = itertools.count(1)

    def __bool__(self) -> bool:
        return bool(self._queues)

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._queues.values())

    def add(self, task: Task) -> None:
        """A new task, behind all others."""
        task.order = next(self._count)
        self._queues.setdefault(task.affinity, deque()).append(task)

    def put_back(self, task: Task) -> None:
        """A task whose worker was gone before it began, to where it was."""
        self._queues.setdefault(task.affinity, deque()).appendleft(task)

    def take(self, idle: Sequence[Worker], busy: Sequence[Worker]) -> tuple[Worker, Task] | None:
        """The next pair of an idle worker and a task.

        First the oldest task for which an idle worker is warm; then the oldest that no busy worker is warm for; last,
        stealing, one of the affinity with most tasks: to compile again is dear, an idle core is dearer.
        """
        if not idle or not self._queues:
            return None
        served = {word for worker in idle for word in worker.warm}
        at_home = [key for key in self._queues if key in served]
        if at_home:
            key = min(at_home, key=self._age)
            worker = next(w for w in idle if key in w.warm)
            return worker, self._pop(key)
        elsewhere = {word for worker in busy for word in worker.warm}
        free = [key for key in self._queues if key is None or key not in elsewhere]
        key = (
            min(free, key=self._age)
            if free
            else max(self._queues, key=lambda k: (len(self._queues[k]), -self._age(k)))
        )
        coldest = min(idle, key=lambda w: len(w.warm))
        return coldest, self._pop(key)

    def drain(self) -> list[Task]:
        """Take all tasks out, oldest first."""
        tasks = sorted((t for queue in self._queues.values() for t in queue), key=lambda t: t.order)
        self._queues.clear()
        return tasks

    def _age(self, key: str | None) -> int:
        return self._queues[key][0].order

    def _pop(self, key: str | None) -> Task:
        task = self._queues[key].popleft()
        if not self._queues[key]:
            del self._queues[key]
        return task
