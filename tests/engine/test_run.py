"""A study from its plain data to its results: shared nodes, named outcomes, resumption, identical values."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from gnomon.core.watch import OutOfMemory, Watch
from gnomon.engine.conduct import perform
from gnomon.engine.plan import make_plan
from gnomon.engine.progress import Progress
from gnomon.engine.run import run_study
from gnomon.spec.errors import BadSpec, StoreError
from gnomon.spec.study import DataPlan, Limits, Ref, Study, TrialRef
from gnomon.store.results import Store

BAD = "gnomon.testing.misbehaving:Misbehaving"
DATA = DataPlan(trajectories=4, validation=2, steps=60)
FORECAST = TrialRef(kind="forecast", args={"units": 6, "horizon": 2.0})


def study(*learners, trials=(FORECAST,), worlds=("lorenz63",), **fields):
    return Study(
        name="small",
        question="does the engine work?",
        worlds=tuple(Ref(kind=w) for w in worlds),
        learners=learners,
        trials=trials,
        data=DATA,
        **fields,
    )


def bad(how):
    return Ref(kind=BAD, args={"how": how}, label=how)


def outcomes(store):
    return {r.case["learner"]["label"] or r.case["learner"]["kind"]: r for r in store.results()}


def values(store):
    """Everything that must not differ between two runs."""
    return {r.id: msgspec.to_builtins((r.status, r.scores, r.learned.get("chosen"))) for r in store.results()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished study that several tests read."""
    store = Store(tmp_path_factory.mktemp("finished"))
    summary = run_study(study(bad("still"), bad("grow")), store, progress=False)
    return store, summary


def test_every_case_has_a_result_and_controls_come_along(finished):
    store, summary = finished
    assert summary.cases == 4
    assert set(outcomes(store)) == {"perfect", "null", "still", "grow"}
    assert summary.outcomes == {"ok": 3, "diverged": 1}


def test_divergence_is_named_and_dated(finished):
    store, _ = finished
    result = outcomes(store)["grow"]
    assert result.status == "diverged"
    assert result.when is not None
    assert result.when > 0
    assert "left the attractor" in result.reason


def test_a_result_explains_itself(finished):
    store, _ = finished
    result = outcomes(store)["perfect"]
    assert result.provenance["rung"] == "flow"
    assert {"jax", "numpy", "processor", "nodes"} <= set(result.provenance)
    assert result.case["world"]["args"]["sigma"] == 10.0
    details = store.get_details(result.id)
    assert len(details.unit_values["valid_time"]["subject"]) == 6


def test_a_second_run_does_nothing(finished):
    store, _ = finished
    before = values(store)
    again = run_study(study(bad("still"), bad("grow")), store, progress=False)
    assert again.outcomes == {}
    assert again.already == 4
    assert values(store) == before


def test_in_one_process_every_task_is_told_before_the_next_begins(tmp_path, monkeypatch):
    """Else a bar stands still until all that could begin at once has ended."""
    told = []
    ended = Progress.ended

    def noted(self, task, status):
        told.append(task.kind)
        return ended(self, task, status)

    def performed(*args):
        told.append("began")
        return perform(*args)

    monkeypatch.setattr(Progress, "ended", noted)
    monkeypatch.setattr("gnomon.engine.run.perform", performed)
    run_study(study(bad("still")), Store(tmp_path), progress=False)
    assert told[::2] == ["began"] * (len(told) // 2)
    assert "began" not in told[1::2]
    assert told.count("case") == 3


def test_adding_a_measure_reruns_no_simulation(finished):
    store, _ = finished
    more = TrialRef(kind="forecast", args=FORECAST.args, measures=(Ref(kind="valid_time"),))
    run_study(study(bad("still"), trials=(more,)), store, progress=False)
    fresh = [r for r in store.results() if len(r.scores) == 1]
    assert len(fresh) == 3
    assert all(not r.provenance["made"] for r in fresh)


def test_two_runs_give_identical_values(finished, tmp_path):
    store, _ = finished
    twin = Store(tmp_path)
    run_study(study(bad("still"), bad("grow")), twin, progress=False)
    mine, theirs = values(store), values(twin)
    assert all(theirs[i] == mine[i] for i in theirs)
    assert len(theirs) == 4


def test_one_failure_does_not_spread(tmp_path):
    store = Store(tmp_path)
    learners = (bad("raise"), bad("exit"), bad("misshapen"), bad("nan"), bad("still"))
    run_study(study(*learners), store, progress=False)
    found = outcomes(store)
    assert found["exit"].status == "failed"
    assert "SystemExit" in found["exit"].reason
    assert found["raise"].status == "failed"
    assert "always fails" in found["raise"].reason
    assert found["misshapen"].status == "failed"
    assert "shape" in found["misshapen"].reason
    assert found["nan"].status == "diverged"
    assert found["still"].status == "ok"


def test_failed_cases_are_not_repeated_unless_asked(tmp_path):
    store = Store(tmp_path)
    run_study(study(bad("raise")), store, progress=False)
    assert run_study(study(bad("raise")), store, progress=False).outcomes == {}
    assert run_study(study(bad("raise")), store, progress=False, retry=True).outcomes == {"failed": 1}


def test_workers_outlive_what_kills_their_tasks(tmp_path):
    """A fit that never ends, one that eats memory and one that ends its process; the others go on."""
    store = Store(tmp_path)
    limits = Limits(seconds=6.0, memory_gb=1.5)
    order = study(bad("sleep"), bad("eat"), bad("die"), bad("still"), limits=limits)
    run_study(order, store, workers=2, progress=False)
    found = outcomes(store)
    assert {k: found[k].status for k in ("sleep", "eat", "die", "still")} == {
        "sleep": "timeout",
        "eat": "memory",
        "die": "failed",
        "still": "ok",
    }
    assert found["perfect"].status == "ok"


def test_what_the_caller_holds_is_not_the_case_s_to_answer_for(tmp_path, monkeypatch):
    """A notebook that holds 50 GB of its own runs a case that may take 12."""
    for module in ("core.watch", "engine.run"):
        monkeypatch.setattr(f"gnomon.{module}.resident_mb", lambda: 50_000.0)
    assert run_study(study(bad("still")), Store(tmp_path), progress=False).outcomes["ok"] > 0
    watch = Watch(memory_gb=1.0, held_mb=48_000.0)
    with pytest.raises(OutOfMemory, match="1 GB beyond what it held before at a test"):
        watch.check("a test")


def test_workers_give_the_values_of_one_process(finished, tmp_path):
    store, _ = finished
    spawned = Store(tmp_path)
    run_study(study(bad("still"), bad("grow")), spawned, workers=2, progress=False)
    mine, theirs = values(store), values(spawned)
    assert all(theirs[i] == mine[i] for i in theirs)


def test_plan_counts_before_anything_runs(tmp_path):
    store = Store(tmp_path)
    plan = make_plan(study(bad("still")), store)
    kinds = [t.kind for t in plan.tasks]
    assert kinds.count("case") == 3
    assert kinds.count("truth") == 1
    assert kinds.count("fit") == 1
    assert plan.seconds > 0
    assert plan.megabytes > 0
    assert list(store.results()) == []


def test_foreign_code_needs_trust(tmp_path):
    order = study(Ref(kind="os:getcwd"))
    with pytest.raises(BadSpec, match="--trust"):
        run_study(order, Store(tmp_path), progress=False)


def test_full_disk_stops_the_study_and_loses_nothing(tmp_path, monkeypatch):
    store = Store(tmp_path)
    run_study(study(bad("still")), store, progress=False)
    before = values(store)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="space"):
            run_study(study(bad("still"), bad("grow")), store, progress=False)
    assert values(store) == before
    assert not [p for p in tmp_path.rglob("*") if ".tmp" in p.name]
    run_study(study(bad("still"), bad("grow")), store, progress=False)
    assert len(values(store)) == len(before) + 1


def test_damaged_results_are_detected_and_redone(tmp_path):
    store = Store(tmp_path)
    run_study(study(bad("still")), store, progress=False)
    before = values(store)
    torn, edited = sorted((tmp_path / "results").rglob("*.json"))[:2]
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size // 2])
    edited.write_text(edited.read_text().replace('"status":"ok"', '"status":"no_room"', 1))
    fresh = Store(tmp_path)
    assert len(list(fresh.results())) == len(before) - 2
    assert len(fresh.quarantined()) == 2
    run_study(study(bad("still")), fresh, progress=False)
    assert values(fresh) == before


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_run import study, bad
from gnomon.engine.run import run_study
from gnomon.store.results import Store
from gnomon.spec.study import TrialRef
trials = tuple(TrialRef(kind="forecast", args={{"units": 4 + i, "horizon": 1.0}}) for i in range(12))
run_study(study(bad("still"), bad("grow"), trials=trials), Store(Path({root!r})), workers={workers}, progress=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_killed_at_random_moments_and_resumed(tmp_path, workers):
    """SIGKILL, ten times in one process and ten with workers: in the end each case has exactly one valid result."""
    code = KILLED.format(tests=str(Path(__file__).parent), root=str(tmp_path), workers=workers)
    rng = np.random.default_rng(workers)
    kills = 0
    # The whole run takes longer than the longest of these, and what is done stays done: moments spread over all of it.
    for moment in rng.uniform(2.5, 9.0, 10):
        child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
        try:
            child.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            kills += 1
    assert kills >= 5
    time.sleep(1.0)
    subprocess.run([sys.executable, "-c", code], check=True)
    store = Store(tmp_path)
    results = list(store.results())
    assert len(results) == len({r.id for r in results}) == 4 * 12
    assert store.quarantined() == []
    assert {r.status for r in results} == {"ok", "diverged"}
