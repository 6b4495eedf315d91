"""A small study of the hybrid with learned columns through the whole engine: lesson, fit, runs, scores."""

import types

import jax
import numpy as np
import pytest

from gnomon.core.columns import Change, Columns
from gnomon.core.lesson import LESSON, Lesson, LessonPlan
from gnomon.engine import bench as benches
from gnomon.engine.bench import Bench, inside
from gnomon.engine.run import run_study
from gnomon.learners.column_hybrid import ColumnHybrid
from gnomon.spec.errors import BadData
from gnomon.spec.registry import build
from gnomon.spec.study import Case, DataPlan, Limits, Ref, Study, TrialRef
from gnomon.store.results import Store

HYBRID = {"updates": 5, "runs": 2, "moments": 2, "settle": 0, "columns": 64, "snapshots": 1}


def test_the_lesson_enters_the_recipe_of_who_takes_lessons_alone():
    case = types.SimpleNamespace(learner=Ref(kind="any"))
    assert inside(case, ColumnHybrid()) == {"lesson": LESSON}
    assert inside(case, build("learners", "nvar")) == {}


def _case(world, seed=0, args=None):
    return Case(
        world=Ref(kind=world, args=args or {}), learner=Ref(kind="column_hybrid"), trial=TrialRef(kind="forecast"),
        data=DataPlan(), seed=seed, precision="float32",
    )  # fmt: skip


@pytest.fixture
def drawn(monkeypatch):
    """The worlds of all lessons drawn, each made of random numbers instead of a run."""
    calls = []

    def stand_in(world, plan, *, key):
        calls.append(world)
        rng = np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())
        air = [rng.standard_normal((6, 3)).astype(np.float32) for _ in range(8)]
        like = jax.eval_shape(lambda: world.init(key=key))
        states = jax.tree.map(lambda x: rng.standard_normal((2, *x.shape)).astype(x.dtype), like)
        none = (None, None)
        return Lesson(
            Columns(*air[:4], air[4][:, 0], {"sine": air[5][:, 0]}), Change(*air[4:8], {}),
            np.repeat([0, 1], 3), *((states, states) if plan.states else none),
            {"delta_t": np.zeros(2)}, np.arange(2), np.zeros(2),
        )  # fmt: skip

    monkeypatch.setattr(benches, "lesson_of", stand_in)
    return calls


@pytest.mark.parametrize("states", [True, False])
def test_a_lesson_is_drawn_once_for_all_seeds_and_kept(tmp_path, drawn, states):
    plan = LessonPlan(runs=2, states=states)
    bench = Bench(Store(tmp_path))
    first = bench.lesson(_case("held_suarez"), plan)
    other = bench.lesson(_case("held_suarez", seed=7), plan)
    again = Bench(Store(tmp_path)).lesson(_case("held_suarez", seed=8), plan)
    assert len(drawn) == 1
    assert jax.tree.structure(tuple(first)) == jax.tree.structure(tuple(again))
    assert (first.before is None) == (not states)
    for lesson in (other, again):
        jax.tree.map(np.testing.assert_array_equal, tuple(lesson), tuple(first))
    bench.lesson(_case("held_suarez"), LessonPlan(runs=3, states=states))
    bench.lesson(_case("held_suarez", args={"friction_days": 1.25}), plan)
    assert len(drawn) == 3, "another plan and another world have lessons of their own"


def test_a_lesson_of_another_calendar_brings_its_ground(tmp_path, drawn):
    """Steps in training go over the boundary that the lesson's states stood over, under the prior's own tuning."""
    bench, learner = Bench(Store(tmp_path)), ColumnHybrid(calendar="amip", online=3)
    case = _case("speedy")
    card = bench.world(case.world).card
    prior = bench.taught_prior(case, learner, build("worlds", "speedy", card.imperfect))
    assert (prior.world.calendar, prior.ground.calendar) == ("january", "amip")
    for name, value in card.imperfect.items():
        assert float(getattr(prior.ground, name)) == float(getattr(prior.world, name)) == value
    assert drawn[0].calendar == "amip"
    assert bench.taught_prior(case, ColumnHybrid(), prior.world).ground is None
    assert len(drawn) == 2
    with pytest.raises(BadData, match="rung sphere"):
        bench.taught_prior(_case("lorenz63"), learner, build("worlds", "lorenz63"))


@pytest.mark.slow
def test_a_study_of_the_hybrid_on_the_dry_core_ends_well(tmp_path):
    store = Store(tmp_path)
    study = Study(
        name="hybrid",
        question="does a learner that takes lessons go through the engine?",
        worlds=(Ref(kind="held_suarez"),),
        learners=(Ref(kind="column_hybrid", args=HYBRID),),
        trials=(TrialRef(kind="forecast", args={"units": 2, "horizon": 0.1}),),
        data=DataPlan(trajectories=1, validation=1, steps=24),
        precision="float32",
        limits=Limits(seconds=600.0),
    )
    run_study(study, store, progress=False)
    found = {r.case["learner"]["kind"]: r for r in store.results()}
    hybrid = found["column_hybrid"]
    assert hybrid.status == "ok", hybrid.reason
    assert "tendencies" in hybrid.learned["saw"]
    recipes = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix == ".json"]
    assert any(f'"lesson":{LESSON}' in p.read_text().replace(" ", "") for p in recipes), (
        "the lesson's version is in a recipe"
    )
