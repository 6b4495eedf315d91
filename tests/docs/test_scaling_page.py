"""The page of scaling: sweeps move one thing, known laws come back, patience is replayed as the trainer keeps it."""

import json

import numpy as np
import pytest

from docs.scaling_laws import error_of, laws_of, of_sweep, outcome
from docs.scaling_page import (
    made,
    missing,
    patience,
    scaling,
    stopped,
    table,
    unversioned,
    verdict,
    write_csv,
)
from gnomon.inference.scaling_law import ScalingLaw


def run(point, seed, error=0.1):
    told = {"one_step": error, "valid_time": 1 / error, "nrmse": 1.0, "diverged": 0.0}
    return {
        **point._asdict(),
        "seed": seed,
        "observations": point.data * scaling.STEPS,
        "weights": 3 * point.size,
        "compute": point.updates * 3 * point.size,
        "snapshots": [],
        "cpu_seconds": 1.0,
        "in": told,
        "out": told | {"one_step": 2 * error},
    }


def law(point, seed):
    scatter = np.exp(0.05 * np.random.default_rng(seed).standard_normal())
    return (point.data / 4) ** -0.5 * scatter


def runs(learner="lstm"):
    points = list(scaling.points(learner))
    return [run(p, s, law(p, [s, n])) for n, p in enumerate(points) for s in range(3)]


def test_a_sweep_moves_one_thing():
    found = runs()
    for sweep, count in (("data", 5), ("size", 5), ("compute", 5)):
        own = of_sweep(found, sweep, "lstm")
        assert len(own) == 3 * count
        assert len({(r["data"], r["size"], r["updates"]) for r in own}) == count
    assert of_sweep(found, "size", "sindy") == []


def test_a_known_exponent_comes_back_and_holds():
    laws = [x for x in laws_of(runs()) if x.sweep == "data"]
    assert len(laws) == 4
    for x in laws:
        assert x.law.exponent_interval[0] < 0.5 < x.law.exponent_interval[1]
        assert x.law.held_out == 64 * scaling.STEPS
    assert "surely smaller in 0" in verdict(laws)


def test_a_run_without_a_valid_time_has_no_error():
    assert error_of({"in": {"valid_time": 0.5}}, "valid_time", "in") == 2.0
    assert np.isnan(error_of({"in": {"valid_time": 0.0}}, "valid_time", "in"))
    assert np.isnan(error_of({"in": {"one_step": float("inf")}}, "one_step", "in"))


def test_what_is_missing_is_said():
    assert "lstm" not in missing(runs())
    assert "lstm (1 of 39)" in missing(runs()[:-1])


@pytest.mark.parametrize(("allowed", "end"), [(1, 2), (2, 5), (3, 6)])
def test_patience_ends_as_many_snapshots_after_the_best(allowed, end):
    valid = [1.0, 2.0, 1.5, 3.0, 2.0, 2.5, 4.0]
    snapshots = [[100 * (i + 1), v, 1.0, 0.0] for i, v in enumerate(valid)]
    assert stopped(snapshots, allowed) == end
    told = patience([{"learner": "lstm", "snapshots": [snapshots]}]).splitlines()[1 + allowed]
    assert f"| lstm | {allowed} | 1 | {1 - (end + 1) / 7:.0%} | {0 if allowed == 3 else 1:.0%} |" in told


def test_a_better_snapshot_of_equal_valid_time_is_missed_too():
    """The error decides between equal valid times, as it does for the trainer."""
    snapshots = [[100, 1.0, 0.5, 0.0], [200, 1.0, 0.6, 0.0], [300, 1.0, 0.6, 0.0], [400, 1.0, 0.2, 0.0]]
    told = patience([{"learner": "lstm", "snapshots": [snapshots]}]).splitlines()
    assert told[2] == "| lstm | 1 | 1 | 50% | 100% | 0.00 |"
    assert told[4] == "| lstm | 3 | 1 | 0% | 0% |  |"


@pytest.mark.parametrize(
    ("exponent", "ends", "interval", "observed", "said"),
    [
        (0.5, (0.1, 3.9), (1.0, 3.0), 2.0, "yes"),
        (0.5, (0.1, 3.9), (1.0, 3.0), 3.5, "no"),
        (0.5, (0.1, 3.9), (1.0, 4.5), 2.0, "cannot tell"),
        (0.5, (0.1, 4.0), (1.0, 3.0), 2.0, "cannot tell"),
        (0.5, (0.02, 1.0), (1.0, 3.0), 2.0, "cannot tell"),
        (4.0, (0.1, 3.9), (1.0, 3.0), 2.0, "cannot tell"),
        (0.02, (0.03, 3.9), (1.0, 3.0), 2.0, "cannot tell"),
        (4.0, (0.1, 4.0), (1.0, 30.0), 31.0, "no"),
    ],
)
def test_a_law_that_could_not_fail_has_not_held(exponent, ends, interval, observed, said):
    law = ScalingLaw(exponent, ends, 1.0, 0.0, 1e4, 2.0, interval, observed)
    assert outcome(law) == said


def test_a_law_over_several_versions_is_none():
    """The largest of one sweep is of another version: of that sweep nothing is said, of the others as before."""
    found = [r | {"learner_version": 3 if r["updates"] == 4000 else 2} for r in runs()]
    laws = laws_of(found)
    said = {sweep: {x.outcome() for x in laws if x.sweep == sweep} for sweep in ("data", "size", "compute")}
    assert said["compute"] == {"mixed"}
    assert "mixed" not in said["data"] | said["size"]
    assert "(4 more are mixed)" in verdict(laws)
    assert "| lstm | 2, 3 |" in table(laws, "compute")
    assert {line.count("|") for line in table(laws, "compute").splitlines()[2:]} == {12}
    assert unversioned(found, laws) == " Over more than one version: the laws of lstm against compute."


def test_runs_without_a_version_are_named():
    found = [r | ({"learner_version": 2} if r["updates"] == 4000 else {}) for r in runs()]
    said = unversioned(found, laws_of(found))
    assert "lstm (36 of 39)" in said
    assert "lstm against compute" in said
    assert "against data" not in said


def test_the_table_of_runs_keeps_versions(tmp_path):
    first, second = runs()[:2]
    write_csv(tmp_path / "runs.csv", [first | {"learner_version": 2}, second])
    lines = (tmp_path / "runs.csv").read_text().splitlines()
    assert [line.rpartition(",")[2] for line in lines] == ["learner_version", "2", "?"]


def test_a_run_of_another_version_is_made_again(tmp_path):
    point = scaling.Point("nvar", 16, 0, 0)
    path = scaling.place(tmp_path, point, 0)
    own = scaling.made_by(scaling.learner_of(point))
    assert not scaling.is_current(path, point)
    for stored, current in (({}, False), (own, True), (own | {"learner_version": 0}, False)):
        path.write_text(json.dumps(stored))
        assert scaling.is_current(path, point) is current
    rows = [{"learner": "nvar"} | own, {"learner": "nvar"}]
    assert "nvar (before versions were kept): 1 runs" in made(rows)
    assert f"gnomon {own['gnomon']}" in made(rows)
