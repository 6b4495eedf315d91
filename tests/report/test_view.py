import msgspec
import pytest

from gnomon.inference.ladder import Cell, SeedCell, ladder
from gnomon.inference.verdict import first_failure
from gnomon.report.sections import worlds
from gnomon.report.view import judged_trials, learners, verdict_of
from gnomon.spec.results import Estimate, Score
from tests.report.synthetic_results import fill_store


@pytest.fixture(scope="module")
def views(results):
    table = ladder(results)
    return {v.name: v for v in learners(table, first_failure(table), results, 0.5)}


def cell_of(view, world, trial):
    return next(c for row in view.rows for c in row.cells if c and (c.world, c.trial) == (world, trial))


def cell(*bounds: tuple[float, float] | str) -> Cell:
    seeds = []
    for i, bound in enumerate(bounds):
        if isinstance(bound, str):
            seeds.append(SeedCell(result=str(i), seed=i, status=bound))
            continue
        fidelity = Estimate(value=sum(bound) / 2, low=bound[0], high=bound[1], n=40)
        score = Score(measure="m", version=1, units="1", status="ok", value=fidelity, fidelity=fidelity, n=40)
        seeds.append(SeedCell(result=str(i), seed=i, status="ok", score=score))
    return Cell(learner="l", rung="flow", world="w", trial="t", status="ok", seeds=tuple(seeds))


@pytest.mark.parametrize(
    ("seeds", "verdict"),
    [
        ([(0.6, 0.9)], "holds"), ([(0.1, 0.4)], "fails"), ([(0.3, 0.7)], "open"), (["diverged"], "fails"),
        (["no_room"], "untold"), (["unsupported"], "untold"), (["failed", (0.6, 0.9)], "open"),
        (["failed", "timeout", (0.6, 0.9)], "fails"), ([(0.6, 0.9), "no_room"], "holds"),
    ],
)  # fmt: skip
def test_verdict_of_a_cell(seeds, verdict):
    assert verdict_of(cell(*seeds), 0.5) == verdict


def test_the_highest_climber_comes_first_and_controls_come_apart(views):
    assert [v.role for v in views.values()] == ["subject"] * 7 + ["control"] * 2
    assert next(iter(views)) == "hybrid"
    climbed = [99 if v.fails_at is None else v.fails_at for v in views.values() if v.role == "subject"]
    assert climbed == sorted(climbed, reverse=True)


def test_the_hardest_world_is_the_top_row(views):
    assert [row.rung for row in views["hybrid"].rows] == ["field", "network", "flow"]
    assert [row.number for row in views["hybrid"].rows] == [3, 2, 1]


def test_what_one_case_says_against_its_world_is_told_once_beside_the_rest(results):
    said = [
        "All of it.",
        "All of it.\nOf 8 states 2 not_resolved.",
        "All of it.\nOf 8 states 2 not_resolved.",
    ]
    changed = [
        msgspec.structs.replace(r, provenance=r.provenance | {"world_summary": "a world", "limits": words})
        for r, words in zip(
            [r for r in results if r.case["world"]["kind"] == "lorenz63"][:3], said, strict=True
        )
    ]
    (told,) = worlds(changed, ladder(changed)).values()
    assert told == {"summary": "a world", "limits": ["All of it.", "Of 8 states 2 not_resolved."]}


def test_cost_is_no_column(results):
    assert "cost" not in judged_trials(ladder(results))


def test_outcomes_without_fidelity_are_words(views):
    shown = {
        ("nvar", "kuramoto_sivashinsky", "climate"): ("out of time", "fails"),
        ("analogue", "kuramoto_sivashinsky", "shift"): ("out of memory", "fails"),
        ("residual", "lorenz96", "trust"): ("failed", "fails"),
        ("persistence", "lorenz63", "response"): ("unsupported", "untold"),
        ("hybrid", "lorenz63", "trust"): ("no room", "untold"),
    }
    for (learner, world, trial), (word, verdict) in shown.items():
        found = cell_of(views[learner], world, trial)
        assert (found.shown, found.verdict, found.step) == (word, verdict, None)


def test_divergence_is_a_word_beside_the_number(views):
    assert cell_of(views["echo_state"], "kuramoto_sivashinsky", "shift").note == "11 diverged"
    assert cell_of(views["nvar"], "lorenz96", "shift").note == "diverged"


def test_the_tip_names_interval_units_and_reason(views):
    assert "95% interval over 40 units" in cell_of(views["hybrid"], "lorenz96", "forecast").tip
    assert "expected (40,)" in cell_of(views["residual"], "lorenz96", "trust").tip


def test_several_seeds_show_the_median_and_their_range(tmp_path):
    store = fill_store(tmp_path, seeds=(0, 1), only={"hybrid"})
    results = list(store.results("synthetic"))
    table = ladder(results)
    (view,) = learners(table, first_failure(table), results, 0.5)
    assert "median of 2 seeds" in cell_of(view, "lorenz96", "forecast").tip
