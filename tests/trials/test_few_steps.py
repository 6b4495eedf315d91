"""Trials of single steps, and the smallest study of the atmosphere that is made of them."""

import pytest

from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.spec.shelf import find_study
from gnomon.spec.study import read_study


@pytest.fixture(scope="module")
def card():
    return build("worlds", "lorenz63").card


def test_one_rung_runs_both_signs_of_it_alone(card):
    trial = build("trials", "response", {"period": 0, "ladder": 2, "rungs": [2]})
    assert [e.label for e in trial.design(card)] == ["control", "amp-2", "amp+2"]
    whole = build("trials", "response", {"period": 0, "ladder": 2})
    assert trial.declare(card)["amplitudes"]["amp+2"] == whole.declare(card)["amplitudes"]["amp+2"]


def test_no_rungs_are_the_whole_ladder(card):
    one, other = build("trials", "response"), build("trials", "response", {"rungs": [1, 2, 3]})
    assert one.design(card) == other.design(card)


@pytest.mark.parametrize("rungs", [[0], [3], [-1]])
def test_rungs_off_the_ladder_are_refused(rungs):
    with pytest.raises(BadSpec, match="rungs"):
        build("trials", "response", {"ladder": 2, "rungs": rungs})


def test_single_shifts(card):
    trial = build("trials", "shift", {"steps": [4]})
    assert [e.label for e in trial.design(card)] == ["control", "shift+4"]
    assert trial.declare(card)["offsets"] == {"shift+4": 4.0}
    edged = build("trials", "shift", {"steps": [4, 2], "edge": True})
    assert [e.label for e in edged.design(card)] == ["control", "shift+1", "shift+2", "shift+4"]


@pytest.mark.parametrize("steps", [[], [1], [5]])
def test_other_shifts_are_refused(steps):
    with pytest.raises(BadSpec, match="steps"):
        build("trials", "shift", {"steps": steps})


def test_the_smoke_study_of_the_atmosphere_is_small():
    """Days of one model; both steady trials share a control, so that it is run once."""
    study = read_study(find_study("atmosphere_smoke"))
    card = build("worlds", study.worlds[0].kind, study.worlds[0].args).card
    asked = {}
    for ref in study.trials:
        for e in build("trials", ref.kind, ref.args).design(card):
            days = (e.discard + e.steps) * e.stride * card.dt * e.units
            asked[e.drives, e.units, e.stride, e.discard, e.steps, e.average, e.starts] = days
    # forecast, climate, one control, two signs of El Nino, +4 K
    assert len(asked) == 6
    assert sum(asked.values()) < 350
