"""Does the interval of a second draw of the null cover 0, and of the twin 1? Simulated, so that the answer is known.

The stored study of eight units missed 0 in three cells (docs/atmosphere-results.md). Here the same measures and the
same judge look at tables of independent units, hundreds of times.
"""

import functools

import numpy as np
import pytest

from gnomon.spec.registry import build
from gnomon.testing.null_oracle import TABLES, chance_of_misses, held

DRAWS, UNITS = 200, 8


@functools.cache
def found(name, control, shared=0.0):
    measure = build("measures", name)
    return held(measure, TABLES[name], units=UNITS, control=control, draws=DRAWS, shared=shared)


@pytest.mark.parametrize("name", TABLES)
def test_the_null_covers_zero_as_often_as_intervals_of_eight_units_do(name):
    got = found(name, "null control")
    assert got.room > DRAWS / 3
    # Bootstrap-t of eight units holds 91 to 95 % (docs/design/inference.md); three Monte Carlo errors beside that.
    assert got.covered > 0.91 - 3 * np.sqrt(0.91 * 0.09 / got.room)


@pytest.mark.parametrize("name", TABLES)
def test_its_standard_error_is_the_spread_over_draws(name):
    got = found(name, "null control")
    assert got.stderr == pytest.approx(got.spread, rel=0.25)


@pytest.mark.parametrize("name", TABLES)
def test_a_second_twin_covers_one(name):
    assert found(name, "subject").covered > 0.9


@pytest.mark.parametrize("name", ["response_gain", "response_odd"])
def test_units_that_share_their_noise_are_found_out(name):
    """The oracle can fail: where all units of a run share half of their noise, intervals are far too short."""
    assert found(name, "null control", 0.5).covered < 0.8


def test_no_room_is_no_coverage():
    measure = build("measures", "response_odd")
    assert held(measure, TABLES["response_odd"], units=2, control="null control", draws=3).room == 0


def test_chance_of_misses():
    assert chance_of_misses(10, 0, 0.95) == 1
    assert chance_of_misses(10, 1, 0.95) == pytest.approx(1 - 0.95**10)
    assert chance_of_misses(2, 2, 0.9) == pytest.approx(0.01)
