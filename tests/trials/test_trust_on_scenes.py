"""`trust` on the rung of scenes: a picture at the defaults and one for each knob beyond its range; and a whole run."""

import msgspec
import numpy as np
import pytest

from gnomon.core.trial import headline_for, measures_for
from gnomon.engine.run import run_study
from gnomon.spec.identity import canonical, identity
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Limits, Ref, Study, TrialRef
from gnomon.store.results import Store
from gnomon.testing.synthetic_scene import scene_card
from gnomon.testing.trials import check_trial
from gnomon.worlds.scene.knobs import KNOBS

ADDRESS = "5ee42b3fa1f952aab41e81482f9bf2d07ebabc01"  # of what `shift` asks of that card by default
CARD = msgspec.structs.replace(scene_card(), knobs=KNOBS, knob_of={"shift": "size"})


def test_one_picture_at_the_defaults_and_one_for_each_knob_beyond_its_range():
    trust = build("trials", "trust", {"units": 12, "members": 5})
    check_trial(trust, CARD)
    first, *rest = trust.design(CARD)
    assert (first.label, first.drives) == ("ensemble", ())
    assert all((e.units, e.members, e.steps, e.starts) == (12, 5, 1, "shared") for e in (first, *rest))
    held = {e.drives[0].knob: e.drives[0].values for e in rest}
    assert held["size"] == ((1.5,),)
    assert held["haze"] == ((3.0,),)
    assert set(held) == {k.name for k in KNOBS} - {"clutter"}, (
        "two half ranges of clutter are more than all of it"
    )
    told = trust.declare(CARD)
    assert told["turned"] == {e.label: e.drives[0].knob for e in rest}
    assert list(told["distances"].values()) == pytest.approx([0.5] * len(rest))
    assert (headline_for(trust, "scene"), headline_for(trust, "flow")) == ("depth_crps", "crps")
    assert measures_for(trust, "flow") == trust.measures


def test_shift_asks_of_scenes_what_it_asked_before_the_two_shared_code():
    """Labels, drives and declarations by hand, and the address of all of it as it was when a study ran with it."""
    shift = build("trials", "shift")
    control, *rest = shift.design(CARD)
    assert canonical(control) == canonical(type(control)(label="control", units=40, steps=1, starts="shared"))
    expected = []
    for knob in KNOBS:
        for k in (2, 3, 4):
            value = knob.default + k * (knob.high - knob.low) / 2
            if knob.most is None or value <= knob.most:
                label = f"shift+{k}" if knob.name == "size" else f"shift+{k} {knob.name}"
                expected.append((label, knob.name, value))
    assert [(e.label, e.drives[0].knob, e.drives[0].values[0][0]) for e in rest] == expected
    assert all((e.units, e.members, e.steps, e.starts) == (40, 1, 1, "shared") for e in rest)
    told = shift.declare(CARD)
    assert list(told) == ["offsets", "distances", "turned"]
    assert identity("asked", [canonical(shift.design(CARD)), canonical(told)]) == ADDRESS


@pytest.mark.slow
def test_perfect_is_right_the_null_knows_nothing_and_a_mean_map_is_too_sure(tmp_path):
    study = Study(
        name="trusted_scenes",
        question="does it know when it is wrong?",
        worlds=(Ref(kind="scene", args={"rows": 12, "columns": 16}),),
        learners=(Ref(kind="mean_depth"),),
        trials=(TrialRef(kind="trust", args={"units": 16, "members": 4}),),
        data=DataPlan(trajectories=32, validation=8, steps=2),
        precision="float32",
        limits=Limits(seconds=600.0),
    )
    store = Store(tmp_path)
    run_study(study, store, progress=False)
    found = {r.case["learner"]["kind"]: {s.measure: s for s in r.scores} for r in store.results()}
    perfect, null, mean = (found[name] for name in ("perfect", "null", "mean_depth"))
    assert all(s.status == "ok" for s in (*perfect.values(), *mean.values()))
    assert perfect["depth_crps"].fidelity.value == 1
    low, high = null["depth_crps"].fidelity.low, null["depth_crps"].fidelity.high
    assert low < 0 < high
    assert mean["depth_crps"].fidelity.high < 1
    for name in ("depth_coverage", "depth_coverage_shifted"):
        assert perfect[name].value.value == perfect[name].discrepancy.value == 0
        assert mean[name].value.value > 0.05
        assert null[name].status == "unsupported"
    for name in ("depth_sparsification", "depth_sparsification_shifted"):
        assert perfect[name].value.value == 0
        assert np.isclose(mean[name].value.value, mean[name].discrepancy.value)
        assert 0 < mean[name].value.value < 1
