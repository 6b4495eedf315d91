"""Faults that need a control beside them, or another world, go through the engine as every subject does."""

import numpy as np

from gnomon.core.faults import AbstractResponseFault
from gnomon.engine import bench as engine
from gnomon.engine.bench import Bench
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Ref, TrialRef, make_case
from gnomon.store.results import Store

DATA = DataPlan(trajectories=4, validation=2, steps=60)
SIZES = {"units": 4, "length": 2.0, "discard": 1.0, "period": 0.0, "ladder": 2}


def case_of(kind, args=None):
    return make_case(
        Ref(kind="lorenz63"), Ref(kind=kind, args=args or {}), TrialRef(kind="response", args=SIZES),
        data=DATA, seed=0, precision="float64",
    )  # fmt: skip


class Doubled(AbstractResponseFault):
    """The response at every lead twice as strong."""

    version = 1
    role = "fault"
    is_null = False
    is_imperfect = False

    def alter_response(self, runs, control, card):
        """See `AbstractResponseFault.alter_response`."""
        return runs._replace(obs={k: 2 * v - control.obs[k] for k, v in runs.obs.items()})


def test_a_response_fault_is_given_its_own_control_and_no_run_is_made_twice(tmp_path, monkeypatch):
    bench, case = Bench(Store(tmp_path)), case_of("perfect")
    control, *forced = build("trials", "response", SIZES).design(bench.world(case.world).card)
    still, moved = bench.subject(case, control), bench.subject(case, forced[-1])
    made = dict(bench.made)
    real = engine.build
    monkeypatch.setattr(engine, "build", lambda room, *a: Doubled() if room == "learners" else real(room, *a))
    got = bench.subject(case, forced[-1])
    np.testing.assert_allclose(got.obs["x"], 2 * moved.obs["x"] - still.obs["x"])
    np.testing.assert_array_equal(bench.subject(case, control).obs["x"], still.obs["x"])
    assert bench.made == made


def test_wrong_physics_runs_the_wrong_world_from_the_right_start(tmp_path):
    bench = Bench(Store(tmp_path))
    cases = {k: case_of(k) for k in ("perfect", "peer", "wrong_physics")}
    control = build("trials", "response", SIZES).design(bench.world(cases["peer"].world).card)[0]
    runs = {k: bench.subject(c, control).obs["x"] for k, c in cases.items()}
    np.testing.assert_array_equal(runs["wrong_physics"], runs["peer"])
    assert np.abs(runs["wrong_physics"] - runs["perfect"]).max() > 0
