"""Dynamics that are known, and physics that is learned column by column from the truth's tendencies."""

import time as clock
from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import msgspec
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from gnomon.core.columns import AbstractColumnWorld, Columns
from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data, Fit
from gnomon.core.lesson import PRIVILEGE, AbstractTaughtLearner, Lesson, LessonPlan, TaughtWorld
from gnomon.core.world import AbstractWorld
from gnomon.learners.column_network import (
    INVARIANT,
    ColumnNetwork,
    ColumnScales,
    new_network,
    scales_of,
)
from gnomon.learners.learned_physics import LearnedColumns, LearnedPhysicsSimulator, no_counts
from gnomon.learners.shipped_hybrid import check_shipped, in_precision, shipped_physics
from gnomon.spec.errors import BadSpec
from gnomon.training.fitting import Trainable, fit_networks
from gnomon.training.sampling import learned_card
from gnomon.training.search import Setting, check_budget
from gnomon.training.trainer import Recipe, Stage

STARTS, WATCHED = 1, 20  # validation runs, and steps of each: a state of many numbers allows few
MOVED = ("u", "v", "temperature", "humidity")
SETTLED = 60.0  # days from the shipped air, of one month, to that of the day on which a run of another calendar begins


class Rows(NamedTuple):
    """Training rows and moments in the network's units.

    Attributes:
        x: [row, input].
        a: [row, linear].
        y: [row, output].
        before: [moment, ...] full states; None where no step is taken in training.
        after: [moment, ...] full states one step later.
        knobs: knob -> [moment].
    """

    x: Float[Array, "row input"]
    a: Float[Array, "row linear"]
    y: Float[Array, "row output"]
    before: Any
    after: Any
    knobs: dict[str, Array]


class TendencyLoss(eqx.Module):
    """Offline: mean squared error of the standardised answer, over all outputs that vary."""

    reaches: Array
    varies: Array

    def __call__(
        self, model: Any, memory: Any, data: Rows, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` are indices."""
        error = model(data.x[rows], data.a[rows], self.reaches) - data.y[rows]
        return jnp.sum(jnp.mean(error**2, axis=0) * self.varies) / jnp.sum(self.varies), memory


class PathLoss(eqx.Module):
    """Online: the error after a step of the whole model, over the size of the truth's own change in that step."""

    core: AbstractColumnWorld
    scales: ColumnScales
    thickness: Array
    weights: Float[Array, " lat"]
    spread: dict[str, Array]
    inner: float = eqx.field(static=True)

    def __call__(
        self, model: Any, memory: Any, data: Rows, rows: Array, progress: Array, key: PRNGKeyArray
    ) -> tuple[Array, Any]:
        """`rows` are moments."""
        physics = LearnedColumns(self.scales, model, self.thickness, self.inner)

        def one(at: Array) -> Array:
            begun, after = (jax.tree.map(lambda x: x[at], t) for t in (data.before, data.after))
            forcing = steady({k: v[at] for k, v in data.knobs.items()})
            moved, _ = self.core.step_with(physics, begun, no_counts(), forcing, time=0.0)
            came, wanted = (self.core.columns(s, forcing, time=0.0) for s in (moved, after))
            errors = [self._error(getattr(came, k) - getattr(wanted, k), self.spread[k]) for k in MOVED]
            return jnp.mean(jnp.stack(errors))

        return jnp.mean(jax.vmap(one)(rows)), memory

    def _error(self, gap: Array, spread: Array) -> Array:
        varies = spread > 0
        z = jnp.where(varies, gap / jnp.where(varies, spread, 1.0), 0.0)
        return jnp.mean(jnp.sum(jnp.mean(z**2, axis=1) * self.weights[:, None], axis=0))


class ColumnHybrid(AbstractTaughtLearner):
    r"""A world's dynamical core with a network in place of its physics, the same network for every column.

    .. math::
        \partial_t x = D(x) + f_\theta(\text{column of } x, \text{ground}, \text{sun})

    First offline: the network is fitted to the truth's tendencies and fluxes in columns that a lesson shows
    (`core/lesson.py`). Then, where `online` is not zero, through steps of the whole model with gradients through the
    dynamics, as NeuralGCM is trained (Kochkov and others 2024, doi:10.1038/s41586-024-07744-y). `invariant` replaces
    inputs and outputs by such as stay in range when the climate warms (Beucler and others 2024,
    doi:10.1126/sciadv.adj7250): relative humidity, plume buoyancy, fluxes over the deficit that drives them, outputs
    over saturation.

    Different from the papers: eight or ten levels and a network of about forty thousand weights; the dynamics is the
    truth's own, so that all of the error is the physics'. Beucler's transforms feed one network; here
    temperature and humidity as they are enter the heating, the radiation at the top and the air temperature linearly
    besides, because longwave radiation needs them.

    What acts on the learned physics, in every inner step, and is counted in the state: inputs and answers are held
    within the range of training and a quarter of it; rain is cut at zero; the column's water budget is closed; no
    level loses more water than it holds. A run shows four of the counts as series (`acted_inputs_held`,
    `acted_answers_held`, `acted_rain_cut`, `acted_levels_capped`, in days); how far the water budget was open, what
    was made and the rain beside it are told by `python -m validation.hybrid` and `python -m validation.stability`
    alone. The water fixer moves water and changes rain without the heat that belongs to it: the energy of what it
    moves stays open. The core's own filters act as in the truth: diffusion of vorticity, divergence, temperature and
    humidity, and the mean of ln(surface pressure) kept.

    What misleads: it has seen tendencies and full states that no observation shows (a privilege: the log says so), and
    it shares the truth's dynamics. SPEEDY's closures are themselves written in relative humidity, so that a part of
    what the transforms cure lies in this truth. With `calendar="amip"` the snapshot is still chosen on validation
    runs of the world asked about, which see `enso` over its range unless the study keeps it at its default, and the
    withheld days are those of the standard pattern (`1997/98`), whichever the world has. Online the loss holds winds,
    temperature and humidity only: the heads of `rtmt` and `tas` get no gradient, those of rain and evaporation only
    through the water fixer.

    Attributes:
        budget: settings tried.
        invariant: transforms, joined by "+": humidity, buoyancy, fluxes, outputs; "all"; or "none".
        weights: "shipped" starts from the network and the scales of `shipped_hybrid`, whose width and depth hold.
        width: units in a layer.
        depth: hidden layers.
        updates: of the weights, offline.
        batch: columns in a minibatch.
        online: updates through steps of the whole model, over the boundary of the lesson.
        online_rate: the learning rate of those at its highest, on a schedule of their own.
        paths: moments in a minibatch of those.
        snapshots: how often the model is run freely to be judged, in each part.
        runs: of the truth in the lesson, each at knob values of its own; the last one is not fitted.
        moments: of every run that are shown.
        spacing: steps between two of them.
        settle: steps before the first.
        columns: shown at every moment.
        calendar: of the lesson where it is not the world's own; knobs then keep their defaults, and every run
            settles for 60 days at least.
        withheld_from: first day of that calendar that is not shown (1 May 1997 in years of 365 days from 1979).
        withheld_to: the last one (30 June 1998); the winter between is one unit of `speedy`'s standard `enso`.
    """

    version: ClassVar[int] = 7
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = True
    privilege: ClassVar[str] = PRIVILEGE
    budget: int = 1
    invariant: str = "none"
    weights: str = ""
    width: int = 128
    depth: int = 3
    updates: int = 80_000
    batch: int = 256
    online: int = 0
    online_rate: float = 1e-4
    paths: int = 2
    snapshots: int = 2
    runs: int = 6
    moments: int = 40
    spacing: int = 4
    settle: int = 20
    columns: int = 1600
    calendar: str = ""
    withheld_from: float = 6690.0
    withheld_to: float = 7116.0

    def plan(self) -> LessonPlan:
        """The lesson that this learner asks for."""
        other = bool(self.calendar)
        return LessonPlan(
            runs=self.runs, moments=self.moments, steps=self.spacing, settle=self.settle,
            settle_days=SETTLED if other else 0.0, columns=self.columns,
            args={"calendar": self.calendar} if other else {}, still=other,
            withheld=((self.withheld_from, self.withheld_to),) if other else (), states=self.online > 0,
        )  # fmt: skip

    def fit(self, data: Data, *, prior: AbstractWorld | None = None, key: PRNGKeyArray) -> Fit:
        """Train on the lesson, judge in free run on the validation trajectories, keep the best snapshot."""
        self.check()
        if not isinstance(prior, TaughtWorld):
            raise BadSpec(
                "column_hybrid: expected a prior that brings a lesson (core.lesson.taught), got none; it learns from "
                "tendencies of the truth, which observations do not hold"
            )
        began = clock.perf_counter()
        core, shown, plan = prior.world, prior.lesson, self.plan()
        if core.days > 0:
            raise BadSpec(
                f"column_hybrid: the calendar of this {core.card.name} runs ({core.days:g} days), and the hybrid would "
                "start every run on its first day; only perpetual months (and worlds without a calendar) are "
                "supported so far"
            )
        begun = self._begun(core)
        scales, rows, unseen = prepared(core, shown, self._transforms(), begun and begun.scales)
        thickness = jnp.asarray(core.thickness, jnp.float32)
        varies = (scales.outputs.spread > 0).astype(jnp.float32)
        card = learned_card("column_hybrid", data, context=1)

        def make(key: PRNGKeyArray) -> ColumnNetwork:
            if begun is not None:
                return begun.network
            sizes = (rows.x.shape[1], rows.a.shape[1], rows.y.shape[1])
            return new_network(*sizes, width=self.width, depth=self.depth, key=key)

        def simulator(network: ColumnNetwork) -> LearnedPhysicsSimulator:
            learned = LearnedColumns(scales, network, thickness, core.inner)
            return LearnedPhysicsSimulator(card, core, in_precision(learned, jnp.zeros(()).dtype))

        def trainable(setting: Setting) -> Trainable:
            offline = TendencyLoss(scales.reaches, varies)
            stages = [Stage(offline, _draws(len(rows.x), self.batch), self.updates, self.snapshots)]
            if self.online:
                # the lesson's states go on over the boundary that they stood over, which may be of another calendar
                path = _path_loss(prior.ground or core, scales, thickness, rows)
                moments = len(jax.tree.leaves(rows.before)[0])
                draw = _draws(moments, self.paths)
                stages.append(Stage(path, draw, self.online, self.snapshots, self.online_rate))
            recipe = Recipe(rate=setting["rate"], schedule="cosine", warm_up=0.02)
            return Trainable(make, stages, rows, recipe, simulator)

        fit = fit_networks(
            data, trainable, {"rate": (2e-3, 5e-4)}, name="column_hybrid", budget=self.budget, context=1,
            starts=STARTS, steps=WATCHED, key=key,
        )  # fmt: skip
        chosen: Any = fit.simulator
        log = fit.log | {
            "saw": PRIVILEGE,
            "invariant": list(scales.invariant),
            "lesson": msgspec.to_builtins(plan),
            "begins": shown.begins.tolist(),
            "knobs seen": {k: [float(v.min()), float(v.max())] for k, v in shown.knobs.items()},
            "explained": explained(chosen.physics, *unseen),
            "weights": sum(x.size for x in jax.tree.leaves(chosen.physics.network)),
            "seconds": clock.perf_counter() - began,
        }
        return Fit(chosen, log)

    def check(self) -> None:
        """Refuse settings that no fit could use."""
        if self.weights not in ("", "shipped"):
            raise BadSpec(f"column_hybrid: weights is {self.weights!r}; expected '' or 'shipped'")
        if self.weights and self.calendar:
            raise BadSpec(
                "column_hybrid: the shipped weights have seen the pattern that `calendar` withholds; leave one out"
            )
        self._transforms()
        if self.weights:
            check_shipped(self.invariant)
        elif min(self.width, self.depth) < 1:
            raise BadSpec("column_hybrid: width and depth must be at least 1")
        if min(self.batch, self.snapshots) < 1 or self.updates < self.snapshots:
            raise BadSpec(
                "column_hybrid: batch and snapshots must be at least 1, updates not fewer than snapshots"
            )
        if self.online and (self.paths < 1 or self.online < self.snapshots or not self.online_rate > 0):
            raise BadSpec(
                "column_hybrid: online must be 0 or not fewer than snapshots, paths then at least 1, and online_rate "
                "above 0"
            )
        if self.runs < 2 or min(self.moments, self.spacing, self.columns) < 1:
            raise BadSpec(
                "column_hybrid: a lesson needs at least 2 runs (the last one validates), moments, spacing and columns 1"
            )
        check_budget("column_hybrid", self.budget)

    def _begun(self, core: AbstractColumnWorld) -> LearnedColumns | None:
        """The physics that training starts from, where that is not an untrained network."""
        return shipped_physics(self.invariant, core)[0] if self.weights else None

    def _transforms(self) -> tuple[str, ...]:
        if self.invariant in ("none", "all"):
            return INVARIANT if self.invariant == "all" else ()
        asked = tuple(self.invariant.split("+"))
        wrong = [name for name in asked if name not in INVARIANT]
        if wrong:
            raise BadSpec(
                f"column_hybrid: invariant is {self.invariant!r}; expected 'none', 'all' or some of "
                f"{', '.join(INVARIANT)} joined by '+'"
            )
        return asked


def prepared(
    core: AbstractColumnWorld, lesson: Lesson, transforms: tuple[str, ...], known: ColumnScales | None = None
) -> tuple[ColumnScales, Rows, tuple[Columns, Any]]:
    """Scales (or known ones) and training rows from all runs but the last; columns and answers of the last, raw."""

    def single(x: Any) -> Any:
        return jnp.asarray(x, jnp.float32)

    kept, late = lesson.run != lesson.last, lesson.run == lesson.last
    columns, change = jax.tree.map(lambda x: single(x[kept]), (lesson.columns, lesson.change))
    unseen = jax.tree.map(lambda x: single(x[late]), (lesson.columns, lesson.change))
    scales = scales_of(columns, change, core.sigma, transforms) if known is None else known
    x, a = scales.encode(columns)
    early = lesson.moment_run != lesson.last
    # the dynamics computes in the precision of the case, whatever the network's is
    before, after = jax.tree.map(lambda v: jnp.asarray(v[early], float), (lesson.before, lesson.after))
    knobs = {k: jnp.asarray(v[early], float) for k, v in lesson.knobs.items()}
    return scales, Rows(x, a, scales.target(columns, change), before, after, knobs), unseen


def explained(physics: LearnedColumns, columns: Columns, change: Any) -> dict[str, float]:
    """Share of the variance of unseen tendencies and fluxes that is explained, all levels of one together."""
    answer, _ = eqx.filter_jit(physics)(columns, no_counts())
    pairs = {k: (getattr(answer, k), getattr(change, k)) for k in MOVED}
    pairs |= {k: (answer.fluxes[k], v) for k, v in change.fluxes.items()}
    out = {}
    for name, (got, wanted) in pairs.items():
        got, wanted = (np.asarray(x, np.float64) for x in (got, wanted))
        varies = float(((wanted - wanted.mean(0)) ** 2).sum())
        if varies > 0:
            out[name] = 1.0 - float(((got - wanted) ** 2).sum()) / varies
    return out


def steady(values: dict[str, Array]) -> Forcing:
    """Knobs that do not move."""
    return Forcing(times={k: jnp.zeros(1) for k in values}, values={k: v[None] for k, v in values.items()})


def _draws(rows: int, batch: int) -> Any:
    return lambda rng, shape: jnp.asarray(rng.integers(0, rows, (*shape, batch)), jnp.int32)


def _path_loss(core: AbstractColumnWorld, scales: ColumnScales, thickness: Array, rows: Rows) -> PathLoss:
    """The loss, and the truth's own change in one step, level by level."""
    grid = core.card.grid
    assert grid is not None

    def seen(states: Any) -> Columns:
        return jax.lax.map(
            lambda both: core.columns(both[0], steady(both[1]), time=0.0), (states, rows.knobs)
        )

    first, then = jax.jit(lambda b, a: (seen(b), seen(a)))(rows.before, rows.after)
    spread = {
        k: jnp.sqrt(jnp.mean((getattr(then, k) - getattr(first, k)) ** 2, axis=(0, 1, 2))) for k in MOVED
    }
    return PathLoss(core, scales, thickness, jnp.asarray(grid.weights, jnp.float32), spread, core.inner)
