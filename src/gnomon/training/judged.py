"""As what simulators are judged while a learner fits: as they are, unless a wrapper runs them as a part of its own.

A learner chooses its settings and snapshots by free runs of its own simulators. Where it is fitted inside another
learner that will run them otherwise (a physics takes the step, and they forecast its error), the choice must be by
those runs. The learner inside knows nothing of it; who wraps it says so here, as `core.attendance` does for progress.
"""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import NamedTuple

from gnomon.core.learner import Data
from gnomon.core.simulator import AbstractSimulator


class Judged(NamedTuple):
    """As what simulators are judged.

    Attributes:
        data: whose validation trajectories are run along.
        run: a fitted simulator -> what is run.
        earlier: observations that these data have before the first one of the data that are fitted.
    """

    data: Data
    run: Callable[[AbstractSimulator], AbstractSimulator]
    earlier: int


_wrapped: contextvars.ContextVar[tuple[Data, Callable[[AbstractSimulator], AbstractSimulator]] | None] = (
    contextvars.ContextVar("judged", default=None)
)


@contextlib.contextmanager
def judged_as(data: Data, run: Callable[[AbstractSimulator], AbstractSimulator]) -> Iterator[None]:
    """All simulators that are judged inside are run so, along these data."""
    token = _wrapped.set((data, run))
    try:
        yield
    finally:
        _wrapped.reset(token)


def judged(data: Data) -> Judged:
    """As what simulators fitted to these data are judged now: themselves, along these data, unless told."""
    told = _wrapped.get()
    if told is None:
        return Judged(data, lambda simulator: simulator, 0)
    own, run = told
    return Judged(
        own._replace(train=data.train, validation=data.validation), run, len(own.time) - len(data.time)
    )
