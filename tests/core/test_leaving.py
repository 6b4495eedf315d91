"""When a run has left the attractor."""

import msgspec
import numpy as np
import pytest

from gnomon.core.runner import ESCAPE, REACHES, Starts, bounds_of, escaped
from gnomon.spec.cards import Variable
from gnomon.spec.registry import build

CARD = build("worlds", "lorenz63").card


def starts(far, library=()):
    """A history of two units and three instants whose values lie `far` from their mean in one place."""
    seen = {v.name: np.zeros((2, 3, *v.shape)) for v in CARD.variables}
    first = CARD.variables[0]
    seen[first.name][0, 0] = far
    return Starts(states=None, history=seen, library={first.name: np.array(library)} if len(library) else {})


def runs(value):
    """[unit, lead, ...] where the second lead of the first unit holds the value."""
    obs = {v.name: np.zeros((2, 2, *v.shape)) for v in CARD.variables}
    obs[CARD.variables[0].name][0, 1] = value
    return obs


def lost(history, value):
    return escaped(CARD, runs(value), bounds_of(CARD, history))


def test_beyond_fifty_scales_a_run_is_lost_and_so_is_one_that_is_not_finite():
    far = ESCAPE * CARD.variables[0].scale
    assert not lost(starts(0.0), 0.99 * far).any()
    for value in (1.01 * far, -1.01 * far, np.inf, np.nan):
        assert lost(starts(0.0), value).tolist() == [[False, True], [False, False]]


def test_where_the_attractor_itself_reaches_far_so_may_a_run():
    """As one moist point in the stratosphere: far away in the truth, farther in a model that is not lost."""
    scale = CARD.variables[0].scale
    history = starts(24.0 * scale)  # 20 from the mean of six
    assert not lost(history, 60.0 * scale).any()
    assert lost(history, (REACHES * 20.0 + 5.0) * scale).any()
    assert not lost(starts(0.0, library=[0.0, 20.0 * scale]), 60.0 * scale).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_history_that_is_not_finite_widens_no_bound(bad):
    name = CARD.variables[0].name
    with np.errstate(invalid="ignore"):
        assert bounds_of(CARD, starts(bad)).reach[name] == ESCAPE * CARD.variables[0].scale


def test_bounds_of_a_field_hold_for_all_its_places():
    card = build("worlds", "lorenz96").card
    variable: Variable = card.variables[0]
    history = np.random.default_rng(0).standard_normal((2, 3, *variable.shape))
    bounds = bounds_of(card, Starts(None, {variable.name: history}))
    assert bounds.centre[variable.name].shape == variable.shape
    assert bounds.reach[variable.name] == ESCAPE * variable.scale


def test_what_is_shown_and_not_graded_ends_no_run_while_it_is_finite():
    name = CARD.variables[0].name
    card = msgspec.structs.replace(CARD, shown=(name,))
    bounds = bounds_of(card, starts(0.0))
    far = 10 * bounds.reach[name]
    assert not escaped(card, runs(far), bounds).any()
    assert escaped(card, runs(np.nan), bounds)[0, 1]
    assert escaped(card, runs(np.inf), bounds)[0, 1]
