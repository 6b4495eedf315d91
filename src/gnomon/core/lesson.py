"""A lesson: what a world shows of itself, beyond observations, to a learner of its physics; a declared privilege.

The lesson is given by runs of its own: starts, knob values and columns come from a stream of random numbers that no
experiment uses, knobs stay inside their declared training ranges, and the last of the runs is for validation only.
Nothing of a test enters.
"""

import abc
import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from gnomon.core.attendance import attendance
from gnomon.core.columns import AbstractColumnWorld, Change, Columns
from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner
from gnomon.core.world import AbstractWorld, Obs, Time
from gnomon.spec.cards import WorldCard
from gnomon.spec.errors import BadData

PRIVILEGE = "tendencies of the truth's physics and full states of the truth"
LESSON = 2
"""Raised whenever the same plan gives another lesson: part of the identity of whatever is learned from one."""


class LessonPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a lesson is drawn, as plain data: part of the identity of whatever is learned from it.

    Attributes:
        runs: of the truth, each at steady knob values of its own; the last one validates.
        moments: shown of every run.
        steps: of the world between two moments.
        settle: steps before the first moment, after `init`.
        settle_days: at least so many days before it, for air that was not spun up on the day where it begins.
        columns: shown at every moment, drawn with the area that they stand for.
        args: of the world that gives the lesson, where they differ from the world asked about (another calendar).
        still: whether knobs keep their defaults; the calendar's own anomalies vary then.
        withheld: (first, last) days of the calendar, none of which is shown or run through.
        states: whether full states are shown beside columns; they are most of a lesson's bytes.
    """

    runs: int = 4
    moments: int = 60
    steps: int = 4
    settle: int = 40
    settle_days: float = 0.0
    columns: int = 256
    args: dict[str, Any] = {}
    still: bool = False
    withheld: tuple[tuple[float, float], ...] = ()
    states: bool = True

    def settling(self, dt: float) -> int:
        """Steps before the first moment in a world of that step."""
        return max(self.settle, math.ceil(self.settle_days / dt))


class Lesson(NamedTuple):
    """What was shown.

    Attributes:
        columns: [row, ...] what the physics was told.
        change: [row, ...] what it answered.
        run: [row] which run a row is from.
        before: [moment, ...] full states; None where the plan asks for none.
        after: [moment, ...] one step later.
        knobs: knob -> [moment].
        moment_run: [moment] which run a moment is from.
        begins: [run] day of the calendar on which each begins.
    """

    columns: Columns
    change: Change
    run: np.ndarray
    before: Any
    after: Any
    knobs: dict[str, np.ndarray]
    moment_run: np.ndarray
    begins: np.ndarray

    @property
    def last(self) -> int:
        """The run that validates."""
        return int(self.run.max())


class TaughtWorld(AbstractWorld):
    """Dynamics to build on, and a lesson of the truth's physics: the `prior` of a learner with that privilege.

    Attributes:
        card: of the world.
        world: whose dynamics, boundary and observations are used; its own physics is not asked.
        lesson: of the truth.
        ground: the same dynamics over the boundary that the lesson's states stood over, where its plan has a calendar
            of its own; None where that is the world's.
    """

    card: WorldCard = eqx.field(static=True)
    world: AbstractColumnWorld
    lesson: Lesson
    ground: AbstractColumnWorld | None = None

    def init(self, *, key: PRNGKeyArray) -> Any:
        """The world's."""
        return self.world.init(key=key)

    def step(self, state: Any, forcing: Forcing, *, time: Time, key: PRNGKeyArray) -> Any:
        """The world's, with its own physics."""
        return self.world.step(state, forcing, time=time, key=key)

    def observe(self, state: Any) -> Obs:
        """The world's."""
        return self.world.observe(state)

    def lift(self, obs: Obs, background: Any) -> Any:
        """The world's."""
        return self.world.lift(obs, background)


class AbstractTaughtLearner(AbstractLearner):
    """A learner that takes lessons: its `prior` is a `TaughtWorld`, made by the plan that it hands out.

    Attributes:
        privilege: what it sees that no observation shows, in words.
    """

    privilege: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def plan(self) -> LessonPlan:
        """The lesson that it asks for; decided by its fields alone, so that they are its identity."""


def taught(truth: AbstractWorld, prior: AbstractWorld, plan: LessonPlan, *, key: PRNGKeyArray) -> TaughtWorld:
    """The prior with a lesson of the truth, where both have the same boundary."""
    prior = columns_of_world(prior)
    return TaughtWorld(prior.card, prior, lesson_of(columns_of_world(truth), plan, key=key))


def columns_of_world(world: AbstractWorld) -> AbstractColumnWorld:
    """The world, if it is made of dynamics and columns of physics; a clear refusal if not."""
    if isinstance(world, AbstractColumnWorld):
        return world
    raise BadData(
        f"world {world.card.name!r} is not made of dynamics and columns of physics: there is no lesson to give; "
        "choose a world of the rung sphere"
    )


def lesson_of(world: AbstractColumnWorld, plan: LessonPlan, *, key: PRNGKeyArray) -> Lesson:
    """Run the world and write down what its physics was told and answered."""
    if plan.runs < 2 or min(plan.moments, plan.steps, plan.columns) < 1:
        raise BadData(
            "a lesson needs two runs (the last one validates), a moment, a step and a column at least"
        )
    start_key, knob_key, column_key, date_key = jax.random.split(key, 4)
    values = _knob_values(world, plan, knob_key)
    begins = first_days(plan, world.days, world.card.dt, key=date_key)
    places = _drawn_places(world, plan, column_key)
    watch, rows, moments = attendance().watch, [], []
    settling = jnp.asarray(plan.settling(world.card.dt))
    for run in range(plan.runs):
        forcing = _steady({k: v[run] for k, v in values.items()})
        state = world.on_day(_begun(world, jax.random.fold_in(start_key, run)), float(begins[run]))
        state = _walk(world, state, forcing, settling)
        for moment in range(plan.moments):
            shown = _shown(world, state, forcing, places[run, moment])
            following = _walk(world, state, forcing, jnp.asarray(1))
            rows.append(jax.tree.map(np.asarray, shown))
            moments.append(jax.tree.map(np.asarray, (state, following)) if plan.states else (None, None))
            state = _walk(world, following, forcing, jnp.asarray(plan.steps - 1))
            watch.check("lesson", (run * plan.moments + moment + 1) / (plan.runs * plan.moments))
    columns, change = jax.tree.map(lambda *parts: np.concatenate(parts), *rows)
    before, after = jax.tree.map(lambda *parts: np.stack(parts), *moments)
    of_moment = np.repeat(np.arange(plan.runs), plan.moments)
    return Lesson(
        columns=columns,
        change=change,
        run=np.repeat(of_moment, plan.columns),
        before=before,
        after=after,
        knobs={k: v[of_moment] for k, v in values.items()},
        moment_run=of_moment,
        begins=begins,
    )


def first_days(plan: LessonPlan, days: float, dt: float, *, key: PRNGKeyArray) -> np.ndarray:
    """[run] days on which runs begin: no run touches what is withheld or the calendar's end.

    One begins in each of as many equal slices of the days that this leaves, in an order of chance.
    """
    if not days:
        return np.zeros(plan.runs)
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
    length = dt * (plan.settling(dt) + plan.moments * plan.steps)
    free = np.arange(0.0, days - length)
    for first, last in plan.withheld:
        free = free[(free + length < first) | (free > last)]
    if len(free) < plan.runs:
        raise BadData(
            f"no run of {length:g} days fits into a calendar of {days:g} days beside what is withheld"
        )
    return rng.permutation([rng.choice(part) for part in np.array_split(free, plan.runs)])


def _knob_values(world: AbstractColumnWorld, plan: LessonPlan, key: PRNGKeyArray) -> dict[str, np.ndarray]:
    """[run] steady values, or the defaults.

    Runs to learn from span the declared range with both its ends, in an order of its own for every knob (a single
    one is in the middle); the last run, which validates, is at a value inside.
    """
    fitted = plan.runs - 1
    if plan.still:
        return {k.name: np.full(plan.runs, k.default) for k in world.card.knobs}
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
    out = {}
    for k in world.card.knobs:
        spanned = np.linspace(k.low, k.high, fitted) if fitted > 1 else np.array([(k.low + k.high) / 2])
        inside = k.low + (k.high - k.low) * rng.uniform(0.2, 0.8)
        out[k.name] = np.append(rng.permutation(spanned), inside)
    return out


def _drawn_places(world: AbstractColumnWorld, plan: LessonPlan, key: PRNGKeyArray) -> np.ndarray:
    """[run, moment, column, 2] row and column of the grid; a row as often as the area it stands for."""
    grid = world.card.grid
    if grid is None:
        raise BadData(f"world {world.card.name!r} has no grid to draw columns from")
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
    size = (plan.runs, plan.moments, plan.columns)
    weights = np.asarray(grid.weights)
    rows = rng.choice(len(weights), size, p=weights / weights.sum())
    return np.stack([rows, rng.integers(0, len(grid.lon), size)], axis=-1)


def _steady(values: dict[str, float]) -> Forcing:
    return Forcing(
        times={k: jnp.zeros(1) for k in values}, values={k: jnp.full(1, float(v)) for k, v in values.items()}
    )


@eqx.filter_jit
def _begun(world: AbstractColumnWorld, key: PRNGKeyArray) -> Any:
    return world.init(key=key)


@eqx.filter_jit
def _walk(world: AbstractColumnWorld, state: Any, forcing: Forcing, steps: Array) -> Any:
    key = jax.random.key(0)  # neither atmosphere draws anything
    return jax.lax.fori_loop(0, steps, lambda _, s: world.step(s, forcing, time=0.0, key=key), state)


@eqx.filter_jit
def _shown(world: AbstractColumnWorld, state: Any, forcing: Forcing, places: Array) -> tuple[Columns, Change]:
    """Columns and answers at some places."""
    both = world.columns(state, forcing, time=0.0), world.change(state, forcing, time=0.0)
    return jax.tree.map(lambda x: x[places[:, 0], places[:, 1]], both)
