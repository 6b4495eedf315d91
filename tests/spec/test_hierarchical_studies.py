"""The studies of the hierarchical test can be planned, and cost what they say."""

import re

import pytest

from gnomon.engine.plan import make_plan
from gnomon.learners.column_network import INVARIANT
from gnomon.spec.registry import build
from gnomon.spec.shelf import find_study
from gnomon.spec.study import check_arguments, read_study
from gnomon.store.results import Store

CASES = {  # controls included
    "hierarchical_smoke": 3 * 4,
    "hierarchical": 8 * 4,
    "hierarchical_t31": 4 * 2,
    "hierarchical_full": 8 * 4 * 3,
    "hierarchical_twin": 8 * 3,
    "hierarchical_seed": 8 * 3 * 2,
    "hierarchical_withheld": 3 * 3,
    "hierarchical_ablation": 10 * 3,
}
STATED = re.compile(
    r"# Days a simulator: ([\d.]+), of which ([\d.]+) are forecasts, ([\d.]+) climate"
    r"(?:, ([\d.]+) response)?(?:, ([\d.]+) warming)?"
)


def days(study, trial):
    card = build("worlds", study.worlds[0].kind, study.worlds[0].args).card
    return sum(
        e.units * e.members * (e.discard + e.steps) * e.stride * card.dt
        for e in build("trials", trial.kind, trial.args).design(card)
    )


@pytest.mark.parametrize("name", CASES)
def test_the_study_plans_and_costs_what_its_head_says(name, tmp_path):
    path = find_study(name)
    study = read_study(path)
    check_arguments(path, study)
    assert study.name == name
    plan = make_plan(study, Store(tmp_path))
    assert len(plan.cases) == CASES[name]
    spent = [days(study, t) for t in study.trials]
    told = [float(x) for x in STATED.search(path.read_text(encoding="utf-8")).groups() if x]
    assert told == pytest.approx([sum(spent), *spent])


def test_a_plan_of_a_slow_world_counts_its_steps(tmp_path):
    """Truth, floor, three simulators and what is settled: more than five times the days of one."""
    study = read_study(find_study("hierarchical"))
    plan = make_plan(study, Store(tmp_path))
    step = build("worlds", "speedy").card.step_seconds
    assert step > 0
    assert plan.seconds > 5 * sum(days(study, t) for t in study.trials) * 4 * step
    assert plan.guessed == sum(t.kind == "fit" for t in plan.tasks)


def test_causes_are_asked_of_the_models_of_the_laptop_study():
    """One store, one data set, one fit."""
    asked, laptop = (read_study(find_study(n)) for n in ("hierarchical_cause", "hierarchical"))
    assert (asked.data, asked.worlds, asked.seeds, asked.precision) == (
        laptop.data, laptop.worlds, laptop.seeds, laptop.precision,
    )  # fmt: skip
    assert set(map(str, asked.learners)) <= set(map(str, laptop.learners))
    check_arguments(find_study("hierarchical_cause"), asked)


def test_the_second_truth_is_the_first_ones_peer_and_its_peer_the_first():
    second = read_study(find_study("hierarchical_twin")).worlds[0]
    first = build("worlds", "speedy").card
    assert {k: first.imperfect[k] for k in second.args} == second.args
    back = build("worlds", "speedy", build("worlds", second.kind, second.args).card.imperfect).card
    assert back.decisive() == first.decisive()


def test_the_other_seed_asks_the_same_models_of_the_same_world():
    again, laptop = (read_study(find_study(n)) for n in ("hierarchical_seed", "hierarchical"))
    assert (again.data, again.worlds, again.precision) == (laptop.data, laptop.worlds, laptop.precision)
    assert again.learners == laptop.learners
    assert not set(again.seeds) & set(laptop.seeds)


def test_the_ablation_asks_of_the_laptop_studys_hybrids_and_takes_one_thing_at_a_time():
    parts, laptop = (read_study(find_study(n)) for n in ("hierarchical_ablation", "hierarchical"))
    assert (parts.data, parts.worlds, parts.seeds, parts.precision) == (
        laptop.data, laptop.worlds, laptop.seeds, laptop.precision,
    )  # fmt: skip
    hybrids = [ref for ref in laptop.learners if ref.kind == "column_hybrid"]
    assert set(map(str, hybrids)) <= set(map(str, parts.learners))
    alone = {ref.args.get("invariant", "none") for ref in parts.learners if not ref.args.get("online")}
    assert alone == {"none", "all", *INVARIANT}


def test_the_laptop_study_holds_every_simulator_of_the_full_one():
    small, full = (read_study(find_study(n)) for n in ("hierarchical", "hierarchical_full"))
    assert small.learners == full.learners
    assert [t.kind for t in small.trials] == [t.kind for t in full.trials]
    assert full.worlds[0].args == {"truncation": 31}
