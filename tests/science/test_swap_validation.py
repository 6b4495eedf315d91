"""The command that plants faults in the dry core and divides the error: when it calls an answer right."""

import numpy as np
import pytest

from gnomon.inference.swap import Cells, swapped
from validation.swap import MODELS, Plan, right, table_of


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(0)
    places = 200
    wave, more = np.linalg.qr(rng.normal(size=(places, 2)))[0].T * np.sqrt(places)

    def of(heating, basic):
        drawn = [x + 0.05 * rng.normal(size=(8, places)) for x in (
            wave, wave + heating * more, wave + basic * more, wave + (heating + basic) * more, wave,
            wave + (heating + basic) * more,
        )]  # fmt: skip
        return swapped(Cells(*drawn), np.full(places, 1 / places))

    return {"nothing": of(0, 0), "heating": of(0.7, 0), "basic": of(0, 0.7), "both": of(0.5, 0.4)}


def test_an_answer_is_right_where_it_names_what_was_planted_and_nothing_else(answers):
    nothing, heating, basic, both = answers.values()
    assert [right(x, None) for x in answers.values()] == [True, False, False, both.found.named is None]
    assert right(heating, 0)
    assert right(basic, 1)
    assert right(both, -1)
    assert not right(heating, 1)
    assert not right(basic, 0)
    assert not right(nothing, 0)
    assert not right(nothing, -1)


def test_every_planted_cause_is_of_a_kind_that_is_judged(answers):
    assert [planted for _, planted in MODELS.values()] == [None, 0, 1, -1]
    table = table_of(answers, Plan(layers=5, units=8, days=8.0, size=3.0, keep=None))
    assert table.row_count == 4
    assert next(iter(table.columns[4].cells)) == "unknown"
