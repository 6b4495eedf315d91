"""The trial of causes: what it orders and what it declares."""

import math

import jax
import msgspec
import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
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
