"""Progress of a running study: what is done, what runs, how long it will take."""

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from gnomon.engine.plan import Plan, Task

QUIET_EVERY = 15.0  # seconds between lines where the output is not a terminal


class Progress:
    """Counts tasks by the work that the plan expects of them, so that the time left is not fooled by many light ones.

    Shows a bar where there is one, a line now and then on a console without, and nothing with neither.
    """

    def __init__(self, plan: Plan, bars: Bars | None, console: Console | None):
        self._left = dict(plan.weights)
        self._total = sum(self._left.values()) or 1.0
        self._count, self._all = 0, len(plan.tasks)
        self._bars, self._console = bars, console
        self._began = self._spoke = time.monotonic()
        self._bar = bars.add_task("starting", total=len(plan.tasks), left="") if bars else None

    def ended(self, task: Task, status: str) -> None:
        """A task has ended."""
        self._left.pop(task.id, None)
        self._count += 1
        if self._console is None:
            return
        case = task.case
        what = {
            "data": "training data",
            "truth": f"truth of {case.trial.kind}",
            "fit": f"fit {case.learner.shown}",
        }
        text = f"{case.world.shown}: {what.get(task.kind, f'{case.learner.shown}, {case.trial.kind}')}"
        if status not in ("ok", "diverged"):
            self._console.print(f"[yellow]{status}[/]: {text}", highlight=False)
        if self._bars is not None and self._bar is not None:
            self._bars.update(self._bar, advance=1, description=text[:44], left=self._time_left())
        elif self._spoke + QUIET_EVERY < time.monotonic():
            self._spoke = time.monotonic()
            self._console.print(f"{self._count}/{self._all} {text}; {self._time_left()}", highlight=False)

    def tick(self) -> None:
        """Time has passed."""
        if self._bars is not None and self._bar is not None:
            self._bars.update(self._bar, left=self._time_left())

    def _time_left(self) -> str:
        done = 1 - sum(self._left.values()) / self._total
        if done < 0.02:
            return ""
        seconds = (time.monotonic() - self._began) * (1 - done) / done
        return time_left(seconds)


def time_left(seconds: float) -> str:
    """In words; minutes where seconds would only seem exact."""
    return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"


@contextlib.contextmanager
def open_progress(plan: Plan, *, enabled: bool) -> Iterator[Progress]:
    """A bar on a terminal, a line now and then elsewhere, nothing when not enabled."""
    console = Console(stderr=True)
    if not enabled:
        yield Progress(plan, None, None)
    elif not sys.stderr.isatty():
        yield Progress(plan, None, console)
    else:
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
        )  # fmt: skip
        with Bars(*columns, console=console) as bars:
            yield Progress(plan, bars, console)
