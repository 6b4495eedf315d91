"""The trial of causes: what it orders and what it declares."""

import math

import jax
import msgspec
import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.increments import DECLARED as INCREMENTS
from gnomon.spec.registry import build, typed_arguments
from gnomon.spec.relaxation import DECLARED, read
from gnomon.testing.trials import check_trial
from gnomon.trials.cause import Cause


@pytest.fixture(scope="module")
def card():
    with jax.enable_x64(True):
        return build("worlds", "lorenz96").card


def test_every_relaxation_is_ordered_and_starts_with_the_truth(card):
    trial = Cause(units=4)
    check_trial(trial, card)
    ordered = {e.label: e for e in trial.design(card)}
    told = trial.declare(card)[DECLARED]
    assert set(told) == set(ordered) - {"free"}
    assert all(ordered[label].starts == "shared" for label in told)
    assert ordered["free"].starts == "own"
    assert len(told) == 3 + 4


def test_weights_follow_the_relaxation_time(card):
    told = Cause(relaxation=0.2, every=0.1).declare(card)[DECLARED]
    gap = round(0.1 * card.timescale / card.dt) * card.dt / card.timescale
    assert read(told["relaxed nowhere"]).weight == pytest.approx(1 - math.exp(-gap / 0.2))
    assert read(told["steps"]).weight == 1.0
    assert read(told["steps"]).told


def test_a_world_of_one_number_has_no_parts(card):
    one = msgspec.structs.replace(card.variables[0], shape=(), dims=())
    single = msgspec.structs.replace(card, variables=(one,))
    assert [e.label for e in Cause().design(single)] == ["steps", "free"]


def test_lengths_of_nothing_are_refused(card):
    assert "free" not in [e.label for e in Cause(length=0).design(card)]
    for wrong in ({"units": 1}, {"relaxation": 0.0}, {"horizon": -1.0}, {"settle": -1.0}):
        with pytest.raises(BadSpec, match="cause"):
            Cause(**wrong)


def test_increments_are_taken_where_they_are_asked_for(card):
    trial = Cause(units=4, increments=3, spacing=0.5)
    check_trial(trial, card)
    *others, last = trial.design(card)
    assert others == list(Cause(units=4, spacing=0.5).design(card))
    assert (last.label, last.units, last.steps, last.starts) == (INCREMENTS, 4, 3, "shared")
    assert last.stride == round(0.5 * card.timescale / card.dt)
    assert trial.declare(card)[INCREMENTS] == last.label
    assert INCREMENTS not in Cause().declare(card)


def test_each_intervention_can_be_left_out(card):
    alone = Cause(increments=2, horizon=0, record=0, length=0)
    check_trial(alone, card)
    assert [e.label for e in alone.design(card)] == [INCREMENTS]
    assert alone.declare(card)[DECLARED] == {}
    assert [e.label for e in Cause(horizon=0, length=0).design(card)] == ["steps"]
    with pytest.raises(BadSpec, match="nothing is run"):
        Cause(horizon=0, record=0, length=0)


def test_what_came_later_is_in_no_identity_of_before():
    """Arguments as they entered the addresses of all results before increments could be asked for."""
    before = {
        "units": 24, "horizon": 1.5, "relaxation": 0.1, "every": 0.0, "record": 4.0, "settle": 1.0, "length": 20.0,
        "discard": 8.0, "spacing": 0.25,
    }  # fmt: skip
    assert typed_arguments("trials", "cause", {"units": 24}) == before
    assert typed_arguments("trials", "cause", {"units": 24, "increments": 0}) == before
    assert typed_arguments("trials", "cause", {"units": 24, "increments": 2}) == before | {"increments": 2}
    assert Cause.measures == ("relaxed_share", "regime_share", "resolution_share")
