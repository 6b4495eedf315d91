"""The time that a run has left, in the plan's own measure of work."""

import io

from rich.console import Console

from gnomon.engine.plan import Plan, Task
from gnomon.engine.progress import Progress
from gnomon.spec.study import Case, DataPlan, Ref, TrialRef


def a_task(name):
    case = Case(
        world=Ref(kind="lorenz63"), learner=Ref(kind="linear"), trial=TrialRef(kind=name), data=DataPlan()
    )
    return Task(name, "case", case, (), "")


def test_a_long_trial_weighs_what_the_plan_says(monkeypatch):
    tasks = (a_task("forecast"), a_task("response"))
    plan = Plan(tasks, (), frozenset(), 100.0, 0, 0.0, {"forecast": 10.0, "response": 90.0})
    clock = iter([0.0, 60.0, 60.0, 60.0])
    monkeypatch.setattr("gnomon.engine.progress.time.monotonic", lambda: next(clock))
    said = io.StringIO()
    Progress(plan, None, Console(file=said, width=200)).ended(tasks[0], "ok")
    assert "1/2 lorenz63: linear, forecast; about 9 min left" in said.getvalue()
