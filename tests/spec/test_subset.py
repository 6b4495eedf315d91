"""Parts of a study: names, controls, shares that neither overlap nor leave anything out."""

import msgspec
import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.study import Ref, Study, TrialRef
from gnomon.spec.subset import part_of

STUDY = Study(
    name="parts",
    question="?",
    worlds=(Ref(kind="lorenz63"), Ref(kind="rossler"), Ref(kind="thomas", label="cyclic")),
    learners=(Ref(kind="linear"), Ref(kind="nvar", args={"budget": 2}, label="small"), Ref(kind="nvar")),
    trials=(TrialRef(kind="forecast"), TrialRef(kind="climate")),
    seeds=(0, 1),
)
CASES = tuple(STUDY.cases())


def test_nothing_asked_is_everything():
    assert part_of(CASES) == CASES


def test_names_are_labels_or_kinds_and_hold_together():
    some = part_of(CASES, ["world=cyclic,rossler", "seed=1", "trial=forecast"])
    assert {(c.world.kind, c.seed, c.trial.kind) for c in some} == {
        ("thomas", 1, "forecast"), ("rossler", 1, "forecast"),
    }  # fmt: skip
    assert len(some) == 2 * 5


def test_controls_come_with_every_learner():
    assert {c.learner.shown for c in part_of(CASES, ["learner=small"])} == {"perfect", "null", "small"}
    assert {c.learner.shown for c in part_of(CASES, ["learner=nvar"])} == {"perfect", "null", "small", "nvar"}


def test_keys_add_up_and_a_label_may_hold_commas():
    apart = part_of(CASES, ["world=lorenz63", "world=rossler"])
    assert apart == part_of(CASES, ["world=lorenz63,rossler"])
    wide = Ref(kind="residual", args={"width": 256}, label="residual, width 256")
    cases = tuple(msgspec.structs.replace(STUDY, learners=(*STUDY.learners, wide)).cases())
    some = part_of(cases, ["learner=small, residual, width 256"])
    assert {c.learner.shown for c in some} == {"perfect", "null", "small", "residual, width 256"}
    with pytest.raises(BadSpec, match="no learner 'width 256'"):
        part_of(cases, ["learner=width 256"])


@pytest.mark.parametrize("count", [1, 4, 7])
def test_shares_are_the_study(count):
    shares = [part_of(CASES, shard=f"{i + 1}/{count}") for i in range(count)]
    assert sorted(c.id for share in shares for c in share) == sorted(c.id for c in CASES)
    groups = [{(c.world.kind, c.seed) for c in share} for share in shares]
    assert sum(map(len, groups)) == 6  # no world and seed in two shares
    assert max(map(len, groups)) - min(map(len, groups)) <= 1


@pytest.mark.parametrize(
    ("only", "shard", "sentence"),
    [
        (["world"], "", "expected KEY=NAME"),
        (["model=nvar"], "", "expected KEY=NAME"),
        (["learner=nvarr"], "", "no learner 'nvarr'"),
        (["seed=7"], "", "no seed '7'"),
        ([], "0/4", "such as 2/8"),
        ([], "5/4", "such as 2/8"),
        ([], "one", "such as 2/8"),
    ],
)
def test_what_is_not_there_is_said(only, shard, sentence):
    with pytest.raises(BadSpec, match=sentence):
        part_of(CASES, only, shard)
