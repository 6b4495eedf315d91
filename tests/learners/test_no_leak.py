"""No leak, no luck: what a learner must not see changes nothing, and without dynamics in its data it scores the null.

Four proofs, each beside a planted leak that it must find:

* trajectories that are neither training nor validation change nothing, though they are in the same arrays;
* with the judge of free runs blinded, validation values change nothing: they enter by the choice alone;
* knobs after a lead change no forecast up to it;
* training trajectories shuffled in time forecast no better than the better of persistence and climatology.
"""

import sys
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.learner import AbstractLearner, Data, Fit
from gnomon.learners.baselines import Persistence
from gnomon.learners.linear import Linear
from gnomon.numerics.packing import packing_of
from gnomon.spec.registry import build
from gnomon.training.calibration import declared_errors, member_runs
from gnomon.training.free_run import Verdict, validation_starts
from tests.learners.test_learners import NAMES, SMALL
from tests.learners.training_data import make_data

TRAIN, VALIDATION, OTHERS, STEPS = 4, 2, 6, 90
# One of every mechanism: regression, a library of states, descent of a gradient. The rest by `make test-slow`.
QUICK = ("linear", "analogue", "residual")
EVERY = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
# Fitted to validation residuals, as they say: their inner learner is held to the rule.
CALIBRATING = ("calibrated", "conformal")
# What they know does not come from the trajectories alone: physics is handed over, or was learned before.
KNOWING = ("hybrid", "hybrid_echo_state", "hybrid_of", "pretrained")
# With their smallest settings these learn too little for a leak to show: the control asks more of them.
LEARNING = {
    "lstm": {"budget": 1, "hidden": 16, "updates": 400, "batch": 8, "snapshots": 2, "length": 20, "warm": 6},
    "shallow_plrnn": {"budget": 1, "hidden": 24, "updates": 2000, "batch": 8, "snapshots": 4, "length": 20},
    "almost_linear_rnn": {"budget": 1, "units": 16, "updates": 2000, "batch": 8, "snapshots": 4, "length": 20},
}  # fmt: skip
# The nulls themselves, and models of a climate's anomalies, forecast this flow no better than the nulls do.
NO_BETTER = ("persistence", "climatology", "linear_inverse", "pattern_scaling")

_made: dict[str, tuple] = {}


def world_and_data() -> tuple:
    """Lorenz-63, with trajectories that are neither training nor validation."""
    if not _made:
        world = build("worlds", "lorenz63")
        prior = build("worlds", "lorenz63", world.card.imperfect)
        data = make_data(world, train=TRAIN, validation=VALIDATION + OTHERS, steps=STEPS)
        data = data._replace(validation=np.arange(TRAIN, TRAIN + VALIDATION))
        _made["lorenz63"] = world, prior, data
    return _made["lorenz63"]


def small(name: str) -> AbstractLearner:
    return build("learners", name, SMALL.get(name))


def fitted(learner: AbstractLearner, data: Data) -> Fit:
    prior = world_and_data()[1] if learner.needs_prior else None
    return learner.fit(data, prior=prior, key=jax.random.key(0))


def same(a, b) -> bool:
    return jax.tree.structure(a) == jax.tree.structure(b) and all(
        np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


def spoiled(data: Data, rows: np.ndarray, *, by: float) -> Data:
    """Observations of some trajectories moved, mirrored and made larger."""
    obs = {k: v.copy() for k, v in data.obs.items()}
    for v in obs.values():
        v[rows] = by - 1.5 * v[rows][:, ::-1]
    return data._replace(obs=obs)


def others_change_nothing(learner: AbstractLearner) -> bool:
    _, _, data = world_and_data()
    rest = np.setdiff1d(np.arange(len(next(iter(data.obs.values())))), [*data.train, *data.validation])
    assert len(rest) == OTHERS
    knobs = {k: v.copy() for k, v in data.forcing.items()}
    for v in knobs.values():
        v[rest] = 0.5 * v[rest] + 3.0
    other = spoiled(data, rest, by=7.0)._replace(forcing=knobs)
    return same(fitted(learner, data).simulator, fitted(learner, other).simulator)


def blinded(monkeypatch) -> None:
    """Every free run is judged the same, wherever the judge was imported to."""

    def judge(simulator, starts, data, *, key):
        return Verdict(0.0, 1.0, 0.0)

    for name, module in list(sys.modules.items()):
        if name.startswith("gnomon.") and hasattr(module, "free_run_verdict"):
            monkeypatch.setattr(module, "free_run_verdict", judge)


def validation_changes_nothing(learner: AbstractLearner, part=lambda simulator: simulator) -> bool:
    _, _, data = world_and_data()
    other = spoiled(data, data.validation, by=-4.0)
    return same(part(fitted(learner, data).simulator), part(fitted(learner, other).simulator))


def later_knobs_change_nothing(simulator, *, lead: int = 5, steps: int = 10) -> bool:
    _, _, data = world_and_data()
    context = simulator.card.context
    history = {k: jnp.asarray(v[data.validation[0], :context]) for k, v in data.obs.items()}
    times = {k: jnp.asarray(data.time) for k in data.forcing}
    values = {k: np.array(v[data.validation[0]]) for k, v in data.forcing.items()}
    now = data.time[context - 1]
    key = jax.random.PRNGKey(2)  # a state may hold its key, and must then be an array

    @eqx.filter_jit
    def run(simulator, forcing):
        state = simulator.assimilate(history, forcing, time=now, key=key)

        def step(state, n):
            state = simulator.advance(
                state, forcing, time=now + n * data.card.dt, key=jax.random.fold_in(key, n)
            )
            return state, simulator.observe(state)

        return jax.lax.scan(step, state, jnp.arange(steps))[1]

    later = {k: v.copy() for k, v in values.items()}
    for v in later.values():
        v[context + lead :] *= 1.5  # from the moment of the observation at lead + 1 on
    runs = [
        run(simulator, Forcing(times=times, values={k: jnp.asarray(v) for k, v in x.items()}))
        for x in (values, later)
    ]
    return all(np.array_equal(runs[0][k][:lead], runs[1][k][:lead]) for k in runs[0])


def shuffled(data: Data) -> Data:
    """Training trajectories in a random order of time, the same for all variables and knobs."""
    rng = np.random.default_rng(9)
    obs = {k: v.copy() for k, v in data.obs.items()}
    knobs = {k: v.copy() for k, v in data.forcing.items()}
    for row in data.train:
        order = rng.permutation(len(data.time))
        for v in (*obs.values(), *knobs.values()):
            v[row] = v[row, order]
    return data._replace(obs=obs, forcing=knobs)


def errors_of(simulator, data: Data, rows: np.ndarray) -> np.ndarray:
    """[start, lead] normalised errors of forecasts from held-out trajectories."""
    starts = validation_starts(
        data._replace(validation=rows), simulator.card.context, reserve=64, starts=4 * len(rows),
        lyapunov_times=0.2, steps=0,
    )  # fmt: skip
    packing = packing_of(data.card)
    runs = np.asarray(
        member_runs(simulator, starts, packing, declared_errors(data, times=0.0), 1, jax.random.key(4))
    )[:, 0]
    scale = np.concatenate([np.full(int(np.prod(v.shape, dtype=int)), v.scale) for v in data.card.variables])
    far = np.nan_to_num((runs - np.asarray(packing.pack(starts.truth))) / scale, nan=10.0)
    return np.sqrt(np.mean(np.clip(far, -10.0, 10.0) ** 2, axis=-1))


def beats_the_null(learner: AbstractLearner, data: Data) -> bool:
    """Whether the fit forecasts better than persistence and climatology, lead by lead, beyond its 95 % interval."""
    _, _, true = world_and_data()
    rows = np.arange(TRAIN + VALIDATION, TRAIN + VALIDATION + OTHERS)
    nulls = [
        errors_of(fitted(build("learners", n), true).simulator, true, rows)
        for n in ("persistence", "climatology")
    ]
    best = min(nulls, key=lambda e: e.mean())
    gain = best - errors_of(fitted(learner, data).simulator, true, rows)
    # starts on one trajectory depend on each other: a trajectory is one case
    each = gain.mean(1).reshape(OTHERS, -1).mean(1)
    return bool(each.mean() > 2.57 * each.std(ddof=1) / np.sqrt(OTHERS))  # Student's t, 5 degrees


@pytest.mark.parametrize("name", EVERY)
def test_other_trajectories_change_nothing(name):
    assert others_change_nothing(small(name))


@pytest.mark.parametrize("name", EVERY)
def test_validation_enters_by_the_choice_alone(name, monkeypatch):
    learner = small(name)
    blinded(monkeypatch)
    part = (lambda simulator: simulator.inner) if name in CALIBRATING else (lambda simulator: simulator)
    assert validation_changes_nothing(learner, part)


@pytest.mark.parametrize("name", EVERY)
def test_no_forecast_knows_later_knobs(name):
    _, _, data = world_and_data()
    assert later_knobs_change_nothing(fitted(small(name), data).simulator)


@pytest.mark.parametrize(
    "name", [p for p in EVERY if (p if isinstance(p, str) else p.values[0]) not in KNOWING]
)
def test_shuffled_training_scores_the_null(name):
    """And unshuffled, the same measure on the same starts finds skill, or the control could not fail."""
    _, _, data = world_and_data()
    learner = build("learners", name, LEARNING.get(name, SMALL.get(name)))
    assert not beats_the_null(learner, shuffled(data))
    assert beats_the_null(learner, data) is (name not in NO_BETTER)


class Leaky(AbstractLearner):
    """Planted leaks, one at a time, in a learner that is otherwise sound."""

    version: ClassVar[int] = 1
    role: ClassVar[str] = "learner"
    needs_prior: ClassVar[bool] = False
    leak: str = "others"

    def fit(self, data, *, prior=None, key):
        rows = np.arange(len(next(iter(data.obs.values()))))
        if self.leak == "validation":
            rows = np.concatenate([data.train, data.validation])
        return Linear(budget=1).fit(data._replace(train=rows), key=key)


class Foreseeing(eqx.Module):
    """Looks at the knobs half a time unit ahead."""

    inner: eqx.Module
    ahead: float

    @property
    def card(self):
        return self.inner.card

    def assimilate(self, history, forcing, *, time, key):
        return self.inner.assimilate(history, forcing, time=time, key=key)

    def advance(self, state, forcing, *, time, key):
        return self.inner.advance(state, forcing, time=time + self.ahead, key=key)

    def observe(self, state):
        return self.inner.observe(state)


def test_a_planted_leak_of_other_trajectories_is_found():
    assert not others_change_nothing(Leaky("others"))


def test_a_planted_leak_of_validation_is_found(monkeypatch):
    blinded(monkeypatch)
    assert not validation_changes_nothing(Leaky("validation"))


def test_planted_foresight_is_found():
    _, _, data = world_and_data()
    simulator = fitted(small("linear"), data).simulator
    assert not later_knobs_change_nothing(Foreseeing(simulator, 20 * data.card.dt))
    assert later_knobs_change_nothing(fitted(Persistence(), data).simulator)
