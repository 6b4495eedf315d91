"""`response` on the rung of scenes: two pictures for each knob inside its range, and what a refusal leaves behind."""

import jax
import msgspec
import numpy as np
import pytest

from gnomon.core.trial import headline_for, measures_for
from gnomon.engine.run import run_study
from gnomon.measures.depth_response_pairs import moved, pairs_table
from gnomon.spec import study as studies
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Limits, Ref, Study, TrialRef, make_case
from gnomon.store.results import Store
from gnomon.testing.synthetic_scene import scene_card
from gnomon.testing.trials import check_trial
from gnomon.worlds.scene.knobs import KNOBS

CARD = msgspec.structs.replace(scene_card(), knobs=KNOBS, knob_of={"shift": "size"})
MOVING = {"field_of_view", "clutter", "size"}


def test_two_pictures_of_the_same_scenes_for_each_knob_at_the_ends_of_its_range():
    response = build("trials", "response", {"units": 12})
    check_trial(response, CARD)
    orders = {e.label: e for e in response.design(CARD)}
    assert all((e.units, e.members, e.steps, e.starts) == (12, 1, 1, "shared") for e in orders.values())
    pairs = response.declare(CARD)["pairs"]
    assert list(pairs) == [f"{k.name} {k.low:g} to {k.high:g}" for k in KNOBS]
    assert [label for labels in pairs.values() for label in labels] == list(orders)
    for knob, labels in zip(KNOBS, pairs.values(), strict=True):
        held = [orders[label].drives[0] for label in labels]
        assert {(d.knob, d.times) for d in held} == {
            (knob.name, (0.0,))
        }  # from the start: the history has it
        values = [d.values[0][0] for d in held]
        assert values == pytest.approx([knob.low, knob.high])
        assert all(knob.low <= value <= knob.high for value in values), "not beyond the ends by rounding"
    assert (headline_for(response, "scene"), headline_for(response, "flow")) == (
        "depth_response",
        "response_error",
    )
    assert measures_for(response, "flow") == response.measures


def test_rungs_of_the_ladder_are_thirds_of_the_half_range_and_none_leaves_it():
    one = build("trials", "response", {"rungs": [1, 3]})
    light = [e.drives[0].values[0][0] for e in one.design(CARD) if e.drives[0].knob == "light"]
    assert light == pytest.approx([1 - 0.4 / 3, 1 + 0.4 / 3, 0.6, 1.4])
    leaving = msgspec.structs.replace(KNOBS[0], default=1.3, step=0.3)
    card = msgspec.structs.replace(CARD, knobs=(leaving,))
    values = [e.drives[0].values[0][0] for e in build("trials", "response", {"ladder": 2}).design(card)]
    assert values == pytest.approx([0.7, 1.4])


def test_steps_that_end_at_the_same_values_are_one():
    coarse = msgspec.structs.replace(
        KNOBS[0], step=0.6
    )  # the second step leaves the range, and so does the third
    card = msgspec.structs.replace(CARD, knobs=(coarse,))
    response = build("trials", "response", {"rungs": [2, 3]})
    labels = [e.label for e in response.design(card)]
    assert len(labels) == 2
    assert list(response.declare(card)["pairs"].values()) == [tuple(labels)]


def case_of(trial, learner="mean_depth"):
    return make_case(
        Ref(kind="scene", args={"rows": 8, "columns": 8}),
        Ref(kind=learner),
        TrialRef(kind=trial, measures=(Ref(kind="depth"),)),
        data=DataPlan(),
        seed=0,
        precision="float32",
    )


def test_a_refusal_is_no_answer_to_what_is_asked_later_and_moves_nothing_else(monkeypatch):
    """A world that refuses a trial now and takes it later: only the refused case has another address."""

    def ids(unasked):
        def changed(kind, name, args=None):
            found = build(kind, name, args)
            if kind == "worlds":
                object.__setattr__(found, "card", msgspec.structs.replace(found.card, unasked=unasked))
            return found

        monkeypatch.setattr(studies, "build", changed)
        studies._world_told.cache_clear()
        try:
            return {trial: case_of(trial).id for trial in ("forecast", "response", "shift")}
        finally:
            monkeypatch.undo()
            studies._world_told.cache_clear()

    asked, refused, other = ids({}), ids({"response": "why"}), ids({"response": "in other words"})
    assert refused["response"] != asked["response"]
    assert refused == other
    assert {k: v for k, v in refused.items() if k != "response"} == {
        k: v for k, v in asked.items() if k != "response"
    }


def test_what_a_world_refuses_is_in_no_address_of_its_data_and_runs():
    refusing = msgspec.structs.replace(CARD, unasked={"climate": "why"})
    assert refusing.decisive() == CARD.decisive()
    assert "unasked" not in CARD.decisive()
    assert not any("refused" in name for name in case_of("forecast").versions)
    assert case_of("climate").versions["trials:climate refused"] == 1


@pytest.mark.slow
def test_perfect_follows_exactly_and_whoever_never_responds_is_the_null(tmp_path):
    study = Study(
        name="responding_scenes",
        question="does depth follow?",
        worlds=(Ref(kind="scene", args={"rows": 12, "columns": 16}),),
        learners=(Ref(kind="mean_depth"), Ref(kind="depth_linear")),
        trials=(TrialRef(kind="response", args={"units": 16}),),
        data=DataPlan(trajectories=48, validation=8, steps=2),
        precision="float32",
        limits=Limits(seconds=600.0),
    )
    store = Store(tmp_path)
    run_study(study, store, progress=False)
    found = {r.case["learner"]["kind"]: {s.measure: s for s in r.scores} for r in store.results()}
    perfect, null, mean, linear = (found[n] for n in ("perfect", "null", "mean_depth", "depth_linear"))
    assert all(s.status == "ok" for one in (perfect, mean, linear) for s in one.values())
    assert perfect["depth_response"].fidelity.value == 1
    assert perfect["depth_response"].value.value == perfect["depth_invariance"].value.value == 0
    for never in (null, mean):
        assert never["depth_response"].fidelity.value == pytest.approx(0, abs=1e-6)
    assert mean["depth_invariance"].value.value == 0
    assert mean["depth_invariance"].fidelity is None
    assert null["depth_invariance"].status == "unsupported"
    assert 0.1 < mean["depth_response"].value.value < 0.6
    assert 0 < linear["depth_invariance"].value.value < 0.1  # its colours answer to the lamp, a little


@pytest.mark.slow
def test_the_truth_moves_under_three_knobs_and_not_at_all_under_the_others():
    """The world itself: size by the ratio of its ends at every pixel, lamp, texture, noise and air by nothing."""
    from gnomon.adapters.jax_runner import WorldRunner, make_starts
    from gnomon.core.runs import Evidence
    from gnomon.core.watch import Watch

    trial = build("trials", "response", {"units": 8})
    with jax.enable_x64(False):
        world = build("worlds", "scene", {"rows": 12, "columns": 16})
        runs = {}
        for order in trial.design(world.card):
            starts = make_starts(world, order.drives, order.units, history=1, seed=3, watch=Watch())
            runs[order.label] = WorldRunner(world, False).run(order, starts, seed=4, watch=Watch())
    truth = pairs_table(Evidence(card=world.card, runs=runs, design=trial.declare(world.card), fit={}))
    changes = truth["logs"][:, :, 1] - truth["logs"][:, :, 0]
    for n, (name, moves) in enumerate(zip(trial.declare(world.card)["pairs"], moved(truth), strict=True)):
        assert moves == (name.split()[0] in MOVING)
        if not moves:
            assert (changes[:, n] == 0).all()
        if name.startswith("size"):
            np.testing.assert_allclose(changes[:, n][truth["judged"][:, n]], np.log(1.25 / 0.75), rtol=1e-4)
