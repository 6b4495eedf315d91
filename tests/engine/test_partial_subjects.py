"""Where a subject lacks a variable, truth, floor and null are looked at without it too."""

import jax
import pytest

from gnomon.engine.bench import Bench
from gnomon.engine.scoring import Stage, score
from gnomon.spec.registry import build
from gnomon.spec.study import DataPlan, Ref, TrialRef, make_case
from gnomon.store.results import Store

KIND = "tests.engine.partial_subject:Partial"
SIZES = {
    "forecast": {"units": 12, "horizon": 2.0},
    "shift": {"units": 12, "length": 20.0, "discard": 4.0},
    "climate": {"units": 12, "length": 20.0, "discard": 4.0, "tangent_units": 0},
}


@pytest.mark.parametrize(
    ("trial", "measure"),
    [
        ("forecast", "error_growth"),
        ("shift", "shift_error"),
        ("climate", "moments"),
        ("climate", "log_spectrum"),
    ],
)
def test_what_is_missing_is_missing_for_all(tmp_path, trial, measure):
    with jax.enable_x64(True):
        case = make_case(
            Ref(kind="lorenz63"), Ref(kind=KIND), TrialRef(kind=trial, args=SIZES[trial]),
            data=DataPlan(trajectories=6, validation=2, steps=80), seed=0, precision="float64", model="partial y",
        )  # fmt: skip
        bench = Bench(Store(tmp_path))
        made = build("trials", trial, SIZES[trial])
        stage = Stage(bench, case, made, bench.world(case.world), {})
        got, _ = score(stage, case, made, Ref(kind=measure), is_null=False)
    assert stage.missing == ("y",)
    for role, null in (("truth", ""), ("floor", ""), ("subject", "")):
        evidence = stage.evidence(role, null)
        assert [v.name for v in evidence.card.variables] == ["x", "z"]
        assert set(evidence.runs[stage.experiments[0].label].obs) == {"x", "z"}
    assert got.status == "ok"
    assert "without y" in (got.reason or "")
    assert got.fidelity is not None
    assert got.fidelity.low is None or got.fidelity.low < 1.1
    assert got.fidelity.value == pytest.approx(1.0, abs=0.4)
