"""A small study of the hybrid with learned columns through the whole engine: lesson, fit, runs, scores."""

import types

import pytest

from gnomon.core.lesson import LESSON
from gnomon.engine.bench import _inside
from gnomon.engine.run import run_study
from gnomon.learners.column_hybrid import ColumnHybrid
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Limits, Ref, Study, TrialRef
from gnomon.store.results import Store

HYBRID = {"updates": 5, "runs": 2, "moments": 2, "settle": 0, "columns": 64, "snapshots": 1}


def test_the_lesson_enters_the_recipe_of_who_takes_lessons_alone():
    case = types.SimpleNamespace(learner=Ref(kind="any"))
    assert _inside(case, ColumnHybrid()) == {"lesson": LESSON}
    assert _inside(case, build("learners", "nvar")) == {}


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
    assert any('"lesson":1' in p.read_text().replace(" ", "") for p in recipes), (
        "the lesson's version is in a recipe"
    )
