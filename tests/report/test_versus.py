import pytest

from gnomon.report import versus
from gnomon.report.versus import tournament
from gnomon.spec.study import Rule
from tests.report.synthetic_results import NAME, fill_store


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    return fill_store(tmp_path_factory.mktemp("three"), only={"hybrid", "analogue", "persistence", "perfect"})


def test_wins_are_counted_only_where_the_corrected_interval_allows(three):
    games = tournament(three, list(three.results(NAME)), Rule(), ["hybrid", "analogue", "persistence"])
    assert not games.partial
    assert {c.versus.subject for c in games.claims} | {c.versus.other for c in games.claims} == set(
        games.learners
    )
    for claim in games.claims:
        gap = claim.versus.comparison.difference
        if claim.outcome in ("beats", "loses"):
            assert claim.p_adjusted is not None
            assert claim.p_adjusted < 0.05
            assert gap.low * gap.high > 0
    pairs = [(c.versus.subject, c.versus.other) for c in games.claims if c.outcome == "beats"]
    won = pairs.count(("hybrid", "analogue"))
    assert games.wins["hybrid", "analogue"] == won > 0


def test_controls_and_cells_without_room_take_no_part(three):
    games = tournament(
        three, list(three.results(NAME)), Rule(), ["hybrid", "analogue", "persistence", "perfect"]
    )
    assert "perfect" not in games.learners
    assert ("lorenz63", "trust") not in {(c.versus.world, c.versus.trial) for c in games.claims}


def test_too_many_pairs_are_cut_to_the_subject_of_the_rule(three, monkeypatch):
    monkeypatch.setattr(versus, "MOST", 10)
    rule = Rule(kind="beats", subject="analogue")
    games = tournament(three, list(three.results(NAME)), rule, ["hybrid", "analogue", "persistence"])
    assert games.partial
    assert {c.versus.subject for c in games.claims} == {"analogue"}


def test_nothing_to_compare_is_no_error(three):
    games = tournament(three, [], Rule(), ["hybrid"])
    assert games.claims == ()
