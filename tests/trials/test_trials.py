"""Every registered trial on every registered world."""

import jax
import msgspec
import numpy as np
import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build, entries
from gnomon.spec.study import ARCHIVE
from gnomon.testing.trials import check_trial
from gnomon.trials.lengths import SCENE


@pytest.fixture(scope="module")
def cards():
    with jax.enable_x64(True):
        return {name: build("worlds", name).card for name in entries("worlds") if name != ARCHIVE}


@pytest.fixture(scope="module")
def timed(cards):
    """Of the worlds that move in time; what `response` asks of scenes stands in `test_response_on_scenes.py`."""
    return {name: card for name, card in cards.items() if card.rung != SCENE}


@pytest.mark.parametrize("trial", sorted(entries("trials")))
def test_contract(trial, cards):
    for card in cards.values():
        check_trial(build("trials", trial), card)


def test_response_stays_inside_what_training_saw_or_says_so(timed):
    for card in timed.values():
        knob, trial = card.turned_by("response"), build("trials", "response")
        for experiment in trial.design(card):
            if experiment.label in trial.declare(card)["beyond"]:
                continue
            for drive in experiment.drives:
                assert min(map(min, drive.values)) >= knob.low - 1e-9
                assert max(map(max, drive.values)) <= knob.high + 1e-9


def test_shift_leaves_it_by_the_declared_distance(cards):
    trial = build("trials", "shift")
    for card in cards.values():
        declared = trial.declare(card)["distances"]
        for experiment in trial.design(card):
            if experiment.drives:
                knob = card.knob(experiment.drives[0].knob)
                end = experiment.drives[0].values[0][-1]
                assert end > knob.high
                expected = (end - knob.high) / (knob.high - knob.low)
                assert declared[experiment.label] == pytest.approx(expected)


def test_shift_steps_double(cards):
    trial = build("trials", "shift")
    for card in cards.values():
        offsets = trial.declare(card)["offsets"]
        assert offsets["shift+4"] == 2 * offsets["shift+2"]


def test_amplitudes_come_in_both_signs(timed):
    for card in timed.values():
        amplitudes = build("trials", "response").declare(card)["amplitudes"]
        for label, value in amplitudes.items():
            assert amplitudes[label.replace("+", "~").replace("-", "+").replace("~", "-")] == -value


def test_slow_cycle_is_a_sine_over_the_kept_steps(timed):
    for card in timed.values():
        trial = build("trials", "response")
        slow = next(e for e in trial.design(card) if e.label == "slow")
        drive, period = slow.drives[0], trial.declare(card)["slow"]["period"]
        knob = card.turned_by("response")
        expected = knob.default + (2 / 3) * (knob.high - knob.low) / 2 * np.sin(
            2 * np.pi * np.asarray(drive.times) / period
        )
        np.testing.assert_allclose(drive.values[0], expected, atol=1e-9)
        last = (slow.discard + slow.steps) * slow.stride * card.dt
        assert drive.times[-1] >= last


def test_a_knob_with_a_step_of_its_own_declares_what_leaves_its_range(cards):
    knob = msgspec.structs.replace(cards["lorenz63"].knobs[0], step=5.0, low=18.0, high=38.0)
    card = msgspec.structs.replace(cards["lorenz63"], knobs=(knob,))
    trial = build("trials", "response")
    declared = trial.declare(card)
    assert declared["amplitudes"] == {"amp-2": -1.0, "amp-1": -0.5, "amp+1": 0.5, "amp+2": 1.0}
    assert declared["beyond"] == {"amp-3": -1.5, "amp+3": 1.5}
    ends = {e.label: e.drives[0].values[0][-1] for e in trial.design(card) if e.label.startswith("amp")}
    assert ends["amp+3"] == knob.default + 15.0


def test_trials_turn_the_knob_that_the_card_names(cards):
    first = cards["lorenz63"].knobs[0]
    other = msgspec.structs.replace(first, name="other")
    card = msgspec.structs.replace(
        cards["lorenz63"], knobs=(first, other), knob_of={"shift": "other"}, averages=True
    )
    for name, knob in (("response", first.name), ("shift", "other")):
        trial = build("trials", name)
        assert trial.declare(card)["knob"] == knob
        assert {d.knob for e in trial.design(card) for d in e.drives} == {knob}
        assert all(e.average for e in trial.design(card))


def test_a_response_without_a_slow_cycle(cards):
    trial = build("trials", "response", {"period": 0, "ladder": 1})
    assert [e.label for e in trial.design(cards["lorenz63"])] == ["control", "amp-1", "amp+1"]
    assert "slow" not in trial.declare(cards["lorenz63"])


def test_a_climate_without_tangents_and_with_wider_spacing(cards):
    card = cards["lorenz63"]
    (free,) = build("trials", "climate", {"tangent_units": 0, "spacing": 0.5}).design(card)
    assert free.stride == round(0.5 * card.timescale / card.dt)
    every = build("trials", "climate").design(card)
    assert [e.label for e in every] == ["free", "tangent"]
    assert every[0].stride == 1
    with pytest.raises(BadSpec, match="tangent_units"):
        build("trials", "climate", {"tangent_units": 1})
