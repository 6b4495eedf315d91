"""The criteria keep the contract of every measure, on evidence of files."""

import functools

import pytest

from gnomon.measures.aimip.bias import Bias
from gnomon.measures.aimip.daily import Daily
from gnomon.measures.aimip.el_nino import ElNino
from gnomon.measures.aimip.trend import Trend
from gnomon.measures.aimip.warmed import Warmed
from gnomon.testing.measures import check_measure
from tests.measures.aimip.planted import as_role

MEASURES = [
    Bias(block=1),
    Daily(),
    ElNino(block=1),
    Trend(block=1),
    Warmed(block=1),
]  # a unit is a year, or a month


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: type(m).__name__)
def test_a_criterion_keeps_the_contract(measure):
    planted = {Trend: {"trend": 1.0}, ElNino: {"response": 1.0}}.get(type(measure), {})
    check_measure(measure, make=functools.cache(functools.partial(as_role, **planted)))
