"""The missing term of a world's model is found from increments: planted twins, and what must not be named."""

from types import SimpleNamespace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.adapters.increment_runner import IncrementRunner, Level, _moved
from gnomon.adapters.jax_runner import make_starts
from gnomon.core.forcing import forcing_of
from gnomon.core.runs import Evidence
from gnomon.core.simulator import AbstractSimulator
from gnomon.core.watch import Watch
from gnomon.core.world import AbstractWorld
from gnomon.engine.increments import increment_run, runner_of
from gnomon.engine.relaxed import Subject
from gnomon.engine.run import run_study
from gnomon.measures.causes.missing_term import MissingTerm, searched
from gnomon.spec.cards import SimulatorCard, WorldCard
from gnomon.spec.errors import BadSpec
from gnomon.spec.experiment import Drive, Experiment
from gnomon.spec.increments import DECLARED
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Limits, Ref, Study, TrialRef
from gnomon.store.results import Store

UNITS = 20
STRIDE = 4


class Wrong(AbstractWorld[Any]):
    """A world whose steps add something that no library of smooth terms holds."""

    card: WorldCard = eqx.field(static=True)
    inner: AbstractWorld

    def __init__(self, inner: AbstractWorld):
        self.inner, self.card = inner, inner.card

    def init(self, *, key):
        return self.inner.init(key=key)

    def step(self, state, forcing, *, time, key):
        odd = jnp.stack([0.0 * state[0], 0.0 * state[1], 20 * jnp.sin(3 * state[0]) * jnp.cos(2 * state[1])])
        return self.inner.step(state, forcing, time=time, key=key) + self.card.dt * odd

    def observe(self, state):
        return self.inner.observe(state)

    def lift(self, obs, background):
        return self.inner.lift(obs, background)


class Shaken(Wrong):
    """A world that is pushed at random."""

    def step(self, state, forcing, *, time, key):
        return self.inner.step(state, forcing, time=time, key=key) + jax.random.normal(key, state.shape)


class Lost(Wrong):
    """A world whose steps are not a number."""

    def step(self, state, forcing, *, time, key):
        return jnp.nan * self.inner.step(state, forcing, time=time, key=key)


class Taught(AbstractSimulator[Any]):
    """A simulator that has learned a world's steps, and nothing of its inner ones."""

    card: SimulatorCard = eqx.field(static=True)
    world: AbstractWorld

    def __init__(self, world: AbstractWorld):
        known = world.card
        self.world = world
        self.card = SimulatorCard(
            name="taught", dt=known.dt, context=2, variables=tuple(v.name for v in known.variables),
            knobs=tuple(k.name for k in known.knobs),
        )  # fmt: skip

    def assimilate(self, history, forcing, *, time, key):
        return self.world.lift({k: v[-1] for k, v in history.items()}, self.world.init(key=key))

    def advance(self, state, forcing, *, time, key):
        return self.world.step(state, forcing, time=time, key=key)

    def observe(self, state):
        return self.world.observe(state)


class Lab:
    """A world with starts, and the answer for any model of it."""

    def __init__(self, kind, args=None, *, units=UNITS, steps=6, spinup=None):
        self.case: Any = SimpleNamespace(world=Ref(kind=kind, args=args or {}), precision="float64")
        self.world = build("worlds", kind, args or {})
        self.order = Experiment(label=DECLARED, units=units, steps=steps, stride=STRIDE, starts="shared")
        self.starts = make_starts(self.world, (), units, history=4, seed=3, watch=Watch())
        self.truth = self.evidence(runner_of(self.case, self.world, Subject(None, args or {}, None, {})))

    def evidence(self, runner):
        runs = runner.run(self.order, self.starts, seed=1, watch=Watch())
        return Evidence(card=self.world.card, runs={DECLARED: runs}, design={DECLARED: DECLARED}, fit={})

    def judged(self, runner):
        """The sentence, the weights by name, and the share."""
        measure, both = MissingTerm(), {"truth": self.truth, "subject": self.evidence(runner)}
        tables = {k: measure.summarise(v) for k, v in both.items()}
        shares, *_ = measure.curves(tables, both)
        weights = searched(measure, tables["truth"], tables["subject"]).weights
        rows = {f"{w.term.variable}: {w.term.label}": w for w in weights}
        return shares.note, rows, measure.value(tables["truth"], tables["subject"])

    def twin(self, wrong=None, drives=None, simulator=None):
        args = self.case.world.args | (wrong or {})
        return self.judged(runner_of(self.case, self.world, Subject(simulator, args, drives, {})))


@pytest.fixture(scope="module")
def lorenz63():
    with jax.enable_x64(True):
        return Lab("lorenz63")


def found_to_be(rows, wanted, *, rel=1e-4):
    assert set(rows) == set(wanted)
    for name, value in wanted.items():
        found = rows[name]
        assert found.value == pytest.approx(value, rel=rel)
        assert found.low <= value <= found.high, "the interval holds what was planted"
        assert found.step < 1e-3 * abs(value), "the step is short enough"


def test_a_wrong_coefficient_is_found(lorenz63):
    said, rows, share = lorenz63.twin({"beta": 2.5})
    assert said.startswith("z lacks -0.1667 z (")
    assert "with it 100 % (" in said
    found_to_be(rows, {"z: z": 2.5 - 8 / 3})
    assert np.nanmean(share) == pytest.approx(100, abs=0.01)
    assert np.isnan(share[::2]).all(), "half of the units choose, the other half judges"


def test_a_wrong_forcing_is_found_where_the_knob_acts(lorenz63):
    said, rows, _ = lorenz63.twin(drives=(Drive.steady("rho", 28.5),))
    assert said.startswith("y lacks -0.5 x (")
    found_to_be(rows, {"y: x": -0.5})


def test_a_term_that_was_dropped_is_found(lorenz63):
    _, rows, _ = lorenz63.twin({"beta": 0.0})
    found_to_be(rows, {"z: z": -8 / 3})


def test_a_perfect_model_lacks_nothing(lorenz63):
    said, rows, share = lorenz63.twin()
    assert said.startswith("not attributable: no error")
    assert not rows
    assert np.isnan(share).all()


def test_what_the_library_does_not_hold_is_not_named(lorenz63):
    runner = runner_of(lorenz63.case, lorenz63.world, Subject(None, {}, None, {}))
    levels = [Level(at.truth, Wrong(at.truth), 1) for at in (runner.fine, runner.coarse)]
    said, _, share = lorenz63.judged(IncrementRunner(runner.truth, *levels))
    assert said.startswith("not attributable: the library does not hold it; ")
    assert np.isnan(share).all()


def test_every_unit_and_step_of_a_random_world_has_a_push_of_its_own(lorenz63):
    world = Shaken(lorenz63.world)
    states, told = jnp.ones((3, 3)), forcing_of(world.card, (), 3)
    keys = jax.random.split(jax.random.key(0), 3)
    ends = [np.asarray(_moved(world, states, {}, told, keys, jnp.asarray(n), 1)[0]) for n in (0, 0, 1)]
    np.testing.assert_array_equal(ends[0], ends[1])
    assert len(np.unique(np.concatenate([ends[0], ends[2]])[:, 0])) == 6


def test_a_unit_that_only_the_longer_step_loses_is_lost(lorenz63):
    runner = runner_of(lorenz63.case, lorenz63.world, Subject(None, {"beta": 2.5}, None, {}))
    coarse = runner.coarse._replace(model=Lost(runner.coarse.truth))
    runs = IncrementRunner(runner.truth, runner.fine, coarse).run(
        lorenz63.order, lorenz63.starts, seed=1, watch=Watch()
    )
    assert (runs.diverged == 0).all()


@pytest.mark.slow
def test_a_simulator_is_asked_over_its_own_step(lorenz63):
    """It cannot be stepped more finely; the terms go along the truth's path, and first order in its error is left."""
    said, rows, _ = lorenz63.twin(simulator=Taught(build("worlds", "lorenz63", {"beta": 2.5})))
    assert said.startswith("z lacks ")
    assert rows["z: z"].value == pytest.approx(2.5 - 8 / 3, rel=0.02)
    assert len(rows) == 1


@pytest.mark.slow
def test_forcing_and_damping_of_a_ring_of_sites():
    lab = Lab("lorenz96", {"n": 12})
    found_to_be(lab.twin({"damping": 0.8})[1], {"x: x": -0.2})
    found_to_be(lab.twin(drives=(Drive.steady("F", 8.5),))[1], {"x: 1": -0.5})


@pytest.mark.slow
def test_two_terms_of_a_field_on_a_ring():
    lab = Lab("kuramoto_sivashinsky", steps=2)
    said, rows, _ = lab.twin(lab.world.card.imperfect)
    assert said.startswith("u lacks 0.")
    assert " u_xxxx (" in said
    assert "; with them 100 % (" in said
    found_to_be(
        rows, {"u: u_xx": 0.1, "u: u_xxxx": 0.1}, rel=3e-4
    )  # its short waves are damped within a step


def test_worlds_without_a_library_or_a_shorter_step_say_so():
    world = build("worlds", "lorenz63")
    case: Any = SimpleNamespace(world=Ref(kind="lorenz63", args={}), precision="float64")
    bench: Any = SimpleNamespace(world=lambda _: world)
    assert "is the truth" in increment_run(bench, case, order(), "floor").reason
    assert "null" in increment_run(bench, case, order(), "null").reason
    coarse: Any = SimpleNamespace(card=world.card)
    with pytest.raises(BadSpec, match="no shorter step"):
        runner_of(case, coarse, Subject(None, {}, None, {}))
    sphere: Any = SimpleNamespace(card=SimpleNamespace(rung="sphere", grid=None), substeps=1)
    refused = increment_run(SimpleNamespace(world=lambda _: sphere), case, order(), "truth")
    assert "no library of terms" in refused.reason


def order():
    return Experiment(label=DECLARED, units=2, steps=1, starts="shared")


@pytest.mark.slow
def test_a_study_asks_for_the_missing_term(tmp_path):
    trial = TrialRef(
        kind="cause",
        args={"units": 20, "increments": 6, "horizon": 0, "record": 0, "length": 0},
        measures=(Ref(kind="missing_term"),),
    )
    study = Study(
        name="terms",
        question="which term is missing?",
        worlds=(Ref(kind="lorenz63"),),
        learners=(Ref(kind="peer"),),
        trials=(trial,),
        data=DataPlan(trajectories=2, validation=1, steps=20),
        limits=Limits(seconds=600.0),
    )
    store = Store(tmp_path)
    run_study(study, store, progress=False)
    found = {r.case["learner"]["kind"]: r for r in store.results()}
    assert {r.status for r in found.values()} == {"ok"}
    notes = {k: store.get_details(found[k].id).curves["missing_term"][0].note for k in ("peer", "perfect")}
    assert notes["peer"].startswith("z lacks -0.1667 z (")
    assert notes["perfect"].startswith("not attributable: no error")
    (score,) = found["peer"].scores
    assert score.value.value > 99
    assert score.floor_value is None
