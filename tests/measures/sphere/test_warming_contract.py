"""Measures of warming keep the contract, and both controls score as they should."""

import functools

import pytest

from gnomon.measures.sphere.fields import LEVELS
from gnomon.measures.sphere.warming_indices import WarmingIndices
from gnomon.measures.sphere.warming_profile import WarmingProfile
from gnomon.measures.sphere.warming_range import RangeShare
from gnomon.measures.sphere.warming_scaling import WarmingScaling
from gnomon.measures.sphere.warming_shown import WarmingShown
from gnomon.testing.measures import check_measure
from tests.measures.sphere.steady_world import steady_world

AIR = tuple(f"ta{p}" for p in LEVELS)
FEW = ("tas", "pr", "ua850", "ta850", "ta700", "ta500", "ta250", "hus1000", "ta1000")


@functools.cache
def make(role, **options):
    return steady_world(role, trial="shift", **options)


@pytest.mark.parametrize(
    ("measure", "options"),
    [
        (WarmingIndices(), {"names": FEW, "units": 10}),
        (WarmingIndices(index="hydrological_sensitivity"), {"names": ("tas", "pr")}),
        (WarmingShown(index="feedback"), {"names": ("tas", "rtmt")}),
        (WarmingShown(index="land_ocean"), {"names": ("tas",)}),
        (WarmingProfile(), {"names": (*AIR, "hus1000"), "units": 10}),
        (WarmingProfile(field="ua"), {"names": tuple(f"ua{p}" for p in LEVELS), "units": 10}),
        (WarmingScaling(), {"names": ("tas", "ta250"), "bent": 0.2}),
        (RangeShare(), {"names": ("tas", "pr", "ta250")}),
    ],
)
def test_contract(measure, options):
    check_measure(measure, make=functools.partial(make, **options))


@pytest.mark.parametrize(
    ("measure", "names"), [(WarmingIndices(), FEW), (WarmingProfile(), AIR), (RangeShare(), ("tas", "ta250"))]
)
def test_perfect_scores_one_and_no_response_zero(measure, names):
    tables = {r: measure.summarise(make(r, names=names)) for r in ("truth", "floor", "subject")}
    none = measure.summarise(make("null", names=names, null="no_response"))
    d = {k: measure.discrepancy(tables["truth"], t).mean() for k, t in tables.items()}
    null = measure.discrepancy(tables["truth"], none).mean()
    assert (null - d["subject"]) / (null - d["floor"]) == pytest.approx(1, abs=0.05)
