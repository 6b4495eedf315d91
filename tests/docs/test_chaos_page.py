"""The page of learners of chaos: who is first is decided by pairs, champions are chosen where they are not judged."""

from types import SimpleNamespace

import numpy as np
import pytest

from docs import chaos_budgets
from docs.chaos_budgets import agreement, equal_budgets, of_seeds, others_than
from docs.chaos_page import TEXT, _ranking, _scale, _unranked, _verdict
from docs.chaos_ranking import (
    Bout,
    Field,
    Flow,
    apart,
    contest,
    correlation,
    in_common,
    is_polynomial,
    leaders,
    scaling,
    sign_flips,
)
from docs.chaos_sections import PUBLISHED, _spectrum
from gnomon.spec.registry import build
from gnomon.spec.results import Result
from gnomon.spec.shelf import find_study
from gnomon.spec.study import check_arguments, read_study
from gnomon.store.results import Store


def flow(polynomial=True, observations=30.0, **starts):
    """From the valid times of the starts of one seed."""
    arrays = {n: np.asarray(v, float) for n, v in starts.items()}
    return Flow(
        valid={n: {0: float(v.mean())} for n, v in arrays.items()},
        starts={n: {0: v} for n, v in arrays.items()},
        numbers={n: 10 * i for i, n in enumerate(sorted(arrays)) if n not in ("perfect", "null")},
        seconds={},
        observations=observations,
        polynomial=polynomial,
    )


def test_shares_are_of_the_twin_of_the_same_flow():
    field = Field({"a": flow(perfect=[10, 10], nvar=[5, 5]), "b": flow(perfect=[4, 4], nvar=[4, 4])})
    assert field.shares("nvar") == [0.5, 1.0]
    assert field.share("linear", "a") is None


def test_equal_learners_are_not_told_apart_and_unequal_ones_are():
    rng = np.random.default_rng(0)
    base = rng.gamma(4.0, size=60)
    same = leaders(flow(nvar=base, sindy=base + rng.normal(0, 1, 60), linear=base / 4))
    assert set(same) == {"nvar", "sindy"}
    assert sign_flips(base) < 1e-4 < 0.2 < sign_flips(rng.normal(0, 1, 60))


def test_pairs_need_flows_in_common():
    rng = np.random.default_rng(1)
    flows = {
        str(i): flow(perfect=[10, 10], sindy=9 + rng.normal(0, 0.1, 2), nvar=2 + rng.normal(0, 0.1, 2))
        for i in range(6)
    }
    told = apart(Field(flows))
    assert (told["sindy", "nvar"] or 1.0) < 1e-3
    few = Field({k: flows[k] for k in "012"})
    assert apart(few) == {("sindy", "nvar"): None}


def test_a_champion_is_not_chosen_where_it_is_judged():
    """`echo_state` is lucky on one flow only: judged there, the steadier `nvar` stands for what knows."""
    flows = {str(i): flow(perfect=[10, 10], nvar=[5, 5], echo_state=[1, 1], nbeats=[4, 4]) for i in range(4)}
    flows["lucky"] = flow(perfect=[10, 10], nvar=[5, 5], echo_state=[9, 9], nbeats=[4, 4])
    bouts = contest(Field(flows), list(flows))
    assert [b.gap for b in bouts] == pytest.approx([0.1] * 5)
    assert {(b.knows, b.scale) for b in bouts} == {("nvar", "nbeats")}


def test_twin_and_learner_are_aligned_by_seed():
    """The learner lacks seed 0, on which the twin held longest."""
    one = flow(perfect=[1, 1], nvar=[1, 1])
    seeds = one._replace(valid={"perfect": {0: 20.0, 1: 10.0, 2: 8.0}, "nvar": {1: 5.0, 3: 100.0}})
    assert Field({"a": seeds}).share("nvar", "a") == 0.5
    assert (
        Field({"a": seeds._replace(valid={"perfect": {0: 9.0}, "nvar": {1: 5.0}})}).share("nvar", "a") is None
    )


def uneven():
    """`sindy` is the best where it ran, which is on two flows of five; `nvar` and `analogue` are alike."""
    rng = np.random.default_rng(2)
    flows = {}
    for i in range(5):
        same = 2 + rng.normal(0, 0.1, 2)
        more = {"sindy": [9, 9]} if i < 2 else {}
        flows[str(i)] = flow(
            perfect=[10, 10], nvar=same, analogue=same, nbeats=5 + rng.normal(0, 0.1, 2), **more
        )
    return Field(flows)


def test_only_learners_of_all_flows_are_ranked():
    field = uneven()
    assert field.ranked() == ["nbeats", "analogue", "nvar"]
    assert field.others() == ["sindy"]
    assert not any("sindy" in line for line in _ranking(field))
    beside = next(line for line in _unranked(field) if line.startswith("| sindy"))
    assert beside.startswith("| sindy | knows | 0, 1 | 0.90 |")
    shares = [np.mean([field.share(n, f) for f in "01"]) for n in field.ranked()]
    assert [float(c) for c in beside.split("|")[5:-1]] == pytest.approx(shares, abs=0.006)


def test_untested_pairs_are_not_counted():
    """Two learners that are alike on all flows are not tested: Holm corrects over two pairs, not three."""
    told = apart(uneven())
    assert told["analogue", "nvar"] is None
    assert len(told) == 3
    known = [p for p in told.values() if p is not None]
    alone = apart(Field({k: v._replace(valid={n: x for n, x in v.valid.items() if n != "analogue"}) for k, v in
                         uneven().flows.items()}))  # fmt: skip
    assert len(known) == 2
    assert known == pytest.approx([2 * alone["nbeats", "nvar"]] * 2)
    assert "{tested} pairs" in TEXT
    assert any("analogue (untested)" in line for line in _ranking(uneven()))


def test_a_flow_that_is_only_begun_leaves_the_others_complete():
    flows = dict(uneven().flows)
    flows["begun"] = flow(perfect=[10, 10], nvar=[5, 5])
    field, begun = in_common(Field(flows))
    assert begun == ["begun"]
    assert "nbeats" in field.ranked()


def test_size_is_correlated_among_the_same_learners_on_all_flows_and_no_baselines():
    more = {"sindy": [6, 6], "echo_state": [5, 5], "nvar": [4, 4], "dmd": [3, 3], "linear": [0, 0]}
    flows = {str(i): flow(perfect=[10, 10], **more) for i in range(4)}
    flows["0"] = flow(perfect=[10, 10], **more, lstm=[9, 9])
    names, values = scaling(Field(flows), "numbers", None)
    assert names == ["sindy", "echo_state", "nvar", "dmd"]
    assert len(values) == 4
    assert any("4 (sindy, echo_state, nvar, dmd)" in line for line in _scale(Field(flows)))
    assert scaling(Field(flows), "numbers", "scale") == ([], pytest.approx([]))


def bouts(*gaps):
    return [Bout(str(i), "nvar", "nbeats", g) for i, g in enumerate(gaps)]


def test_the_answer_follows_the_numbers_and_names_the_champions():
    assert "domain knowledge" in _verdict(bouts(0.3, 0.4, 0.35), [], {}, 3)
    assert "scale" in _verdict(bouts(-0.3, -0.4, -0.35), [], {}, 3)
    told = _verdict(bouts(-0.3, 0.4, 0.1), bouts(0.1, -0.1), {}, 3)
    assert "neither" in told
    assert "`nvar` (on 3) against `nbeats` (on 3)" in told
    assert "none yet" in _verdict(bouts(0.3), [], {}, 1)


def test_there_is_no_answer_while_a_member_of_a_group_is_missing():
    told = _verdict(bouts(-0.3, -0.4, -0.35), [], {"sindy": 2, "lstm": 0}, 3)
    assert told.startswith("**Answer: none yet.**")
    assert "sindy (2)" in told
    assert "lstm (0)" in told
    assert "smaller comparison" in told
    assert "Too few flows" in _verdict([], [], {"sindy": 2}, 3)


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        ("lorenz63", True),
        ("duffing", True),
        ("thomas", False),
        ("chua", False),
        ("double_pendulum", False),
        ("mackey_glass", False),
    ],
)
def test_polynomials_are_recognised(world, expected):
    assert is_polynomial(world) is expected


def test_a_rank_correlation_has_its_interval():
    assert correlation([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 7]) == "1.00"
    told = correlation([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])
    assert told.startswith("0.83 [")


def test_published_horizons_are_restated_by_the_exponent():
    """Roessler's stored exponent is twice the true one, that of Lorenz-96 is of four sites."""
    from gnomon.spec.registry import build

    factors = {w: 1 / (e * build("worlds", w, {}).card.timescale) for w, (e, _) in PUBLISHED.items()}
    assert factors["lorenz63"] == pytest.approx(1.02, abs=0.01)
    assert factors["rossler"] == pytest.approx(0.475, abs=0.02)
    assert factors["lorenz96_five"] == pytest.approx(1.84, abs=0.05)


def test_true_eigenvalues_of_a_torus_are_counted():
    n, dt = 4.2, 0.21
    true = [np.exp(s * 1j * w * dt) for w in (1, n - 1, n, n + 1) for s in (1, -1)]
    case = {"world": {"kind": "torus", "args": {"parameters": {"n": n}, "error": 0.0}}}
    rows = [{"eigenvalue": [v.real, v.imag], "residual": 1e-6, "spurious": False} for v in true[:5]]
    rows.append({"eigenvalue": [0.5, 0.2], "residual": 0.5, "spurious": True})
    told = _spectrum(
        Result(id="x", case=case, status="ok", learned={"spectrum": rows, "pairs": 6, "spurious": 1})
    )
    assert told == (6.0, 5.0, 1.0, 5.0)


def test_rankings_of_two_budgets_agree_or_turn_round():
    own = Field({"a": flow(perfect=[10, 10], nvar=[5, 5], lstm=[2, 2], sindy=[8, 8])})
    same = Field({"a": flow(perfect=[10, 10], nvar=[4, 4], lstm=[3, 3], sindy=[9, 9])})
    other = Field({"a": flow(perfect=[10, 10], nvar=[4, 4], lstm=[9, 9], sindy=[1, 1])})
    names = ["nvar", "lstm", "sindy"]
    assert "+1.00 on a" in agreement(same, own, names, ["a"])
    assert "-1.00 on a" in agreement(other, own, names, ["a"])
    assert "Too few" in agreement(other, own, names[:1], ["a"])


def test_another_seed_is_no_other_budget():
    both = flow(perfect=[10, 10], nvar=[5, 5])._replace(
        valid={"perfect": {0: 10.0, 1: 10.0}, "nvar": {0: 5.0, 1: 1.0}}
    )
    assert of_seeds(Field({"a": both}), [0]).share("nvar", "a") == 0.5
    assert Field({"a": both}).share("nvar", "a") == pytest.approx(0.3)


def test_equal_budgets_stand_beside_the_own_ones_with_what_the_search_cost(monkeypatch):
    starts = {"perfect": [10.0] * 8, "sindy": [8.0] * 8, "persistence": [0.1] * 8}
    four = flow(**starts, lstm=[5.0] * 8)
    monkeypatch.setattr(chaos_budgets, "field_of", lambda store, found: Field({"lorenz63": four}))
    learner = {"kind": "lstm", "label": ""}
    case = {"learner": learner, "seed": 0}
    done = [SimpleNamespace(scores=(1,), case=case, learned={"tried": 4, "seconds": 30.0})]
    store = SimpleNamespace(studies=lambda: {"equal_budgets"}, results=lambda name: done)
    text = equal_budgets(store, Field({"lorenz63": flow(**starts, lstm=[2.0] * 8)}))
    assert "| lstm | 4 | 30 | 0.50 | 0.20 |" in text
    assert "the 2 learners with other settings here" in text, "persistence has none to differ in"
    assert "lorenz63: sindy" in text


def test_equal_budgets_that_were_not_run_are_not_run(tmp_path):
    assert "is not run yet" in equal_budgets(Store(tmp_path), Field({}))


def test_equal_budgets_ask_what_the_laptop_study_asks_with_as_many_settings_for_all():
    laptop, equal = (read_study(find_study(n)) for n in ("chaos_laptop", "equal_budgets"))
    assert (equal.data, equal.trials) == (laptop.data, laptop.trials)
    assert [r.shown for r in equal.learners] == [r.shown for r in laptop.learners]
    for mine, theirs in zip(equal.learners, laptop.learners, strict=True):
        assert {**mine.args, "budget": 0} == {**theirs.args, "budget": 0}
        made = build("learners", mine.kind, mine.args)
        assert getattr(made, "budget", 4) == 4
    assert "residual, width 64" in others_than("chaos_laptop")
    assert not {"persistence", "pretrained", "resdmd"} & others_than("chaos_laptop")
    assert set(map(str, equal.worlds)) <= set(map(str, laptop.worlds))
    check_arguments(find_study("equal_budgets"), equal)
