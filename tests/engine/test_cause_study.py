"""A study of causes through the whole engine: planted ones are named, a perfect model has none."""

import inspect

import pytest

from gnomon.engine import scoring
from gnomon.engine.run import run_study
from gnomon.spec.study import DataPlan, Limits, Ref, Study, TrialRef
from gnomon.store.results import Store

# The stage must hand relaxed experiments to `engine.relaxed`; until it does there is nothing to test here.
HANDED = "relaxed_run" in inspect.getsource(scoring)
WORLD = Ref(kind="lorenz96", args={"n": 12})
PLANTED = Ref(
    kind="gnomon.testing.planted_causes:LocalFault",
    args={"part": 2, "world_args": '{"n": 12}'},
    label="planted",
)


def study(*learners):
    return Study(
        name="causes",
        question="where does the error come from?",
        worlds=(WORLD,),
        learners=learners,
        trials=(TrialRef(kind="cause", args={"units": 12, "horizon": 1.0, "record": 2.0, "length": 5.0}),),
        data=DataPlan(trajectories=2, validation=1, steps=20),
        limits=Limits(seconds=600.0),
    )


@pytest.mark.slow
@pytest.mark.skipif(not HANDED, reason="engine/scoring.py does not hand relaxed experiments on")
def test_a_planted_cause_is_named_and_nothing_in_a_perfect_model(tmp_path):
    store = Store(tmp_path)
    run_study(study(PLANTED), store, progress=False)
    found = {r.case["learner"]["kind"]: r for r in store.results()}
    assert {r.status for r in found.values()} == {"ok"}
    notes = {
        kind.rpartition(":")[2]: {m: c[0].note for m, c in store.get_details(r.id).curves.items()}
        for kind, r in found.items()
        if kind != "null"
    }
    assert notes["LocalFault"]["relaxed_share"].startswith("relaxing x 6 to 8 towards the truth removes")
    assert "arises in x 6 to 8, which holds 25 % of time and place" in notes["LocalFault"]["regime_share"]
    assert all(said.startswith("not attributable") for said in notes["perfect"].values())
    told = {s.measure: s for s in found["gnomon.testing.planted_causes:LocalFault"].scores}
    assert told["relaxed_share"].value.low > 50
    assert told["relaxed_share"].floor_value.value is None, "the twin has no cause either"
    again = run_study(study(PLANTED), store, progress=False)
    assert again.already == again.cases
