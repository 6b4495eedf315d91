"""What is inside a wrapping learner is part of its identity, whatever the depth."""

from gnomon.spec.registry import load, typed_arguments
from gnomon.spec.study import DataPlan, Ref, TrialRef, make_case
from gnomon.spec.wrappers import inner_versions


def test_no_wrapper_adds_nothing():
    assert inner_versions(typed_arguments("learners", "nvar", {})) == {}


def test_the_inner_learner_counts():
    args = typed_arguments("learners", "deep_ensemble", {"of": "nvar"})
    assert inner_versions(args) == {"learners:nvar": load("learners", "nvar").version}


def test_a_default_inside_an_inner_wrapper_counts():
    args = typed_arguments("learners", "deep_ensemble", {"of": "calibrated", "of_args": "{}"})
    assert set(inner_versions(args)) == {"learners:calibrated", "learners:residual"}


def test_the_case_says_so():
    case = make_case(
        Ref(kind="lorenz63"), Ref(kind="calibrated", args={"of": "linear"}), TrialRef(kind="forecast"),
        data=DataPlan(), seed=0, precision="float64",
    )  # fmt: skip
    assert case.versions["learners:linear"] == load("learners", "linear").version


def test_what_cannot_be_read_is_left_to_the_learner():
    assert inner_versions({"of": "nvar", "of_args": "not json"}) == {
        "learners:nvar": load("learners", "nvar").version
    }
