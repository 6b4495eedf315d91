"""Every climate and forecast measure of the sphere keeps the public contract, on a small synthetic atmosphere."""

import functools

import pytest

from gnomon.inference.fidelity import judge
from gnomon.measures.sphere.acc import AnomalyCorrelation
from gnomon.measures.sphere.band_variance import BandVariance
from gnomon.measures.sphere.budgets import Budgets
from gnomon.measures.sphere.extremes import Extremes
from gnomon.measures.sphere.mean_state import MeanState
from gnomon.measures.sphere.modes import Modes
from gnomon.measures.sphere.persistence import Persistence
from gnomon.measures.sphere.skill import Skill
from gnomon.measures.sphere.sphere_spectrum import SphereSpectrum
from gnomon.measures.sphere.stability import Stability
from gnomon.measures.sphere.zonal_state import ZonalState
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_sphere import synthetic_sphere

GRADED = [
    Skill,
    AnomalyCorrelation,
    MeanState,
    ZonalState,
    SphereSpectrum,
    BandVariance,
    Modes,
    Extremes,
    Persistence,
]


@functools.cache
def _made(role, **options):
    return synthetic_sphere(role, **options)


def evidence(role, **options):
    return _made(role, **({"units": 14, "leads": 30, "truncation": 10} | options))


@pytest.mark.parametrize("measure", [*GRADED, Budgets, Stability])
def test_contract(measure):
    check_measure(measure(), make=evidence)


@pytest.mark.parametrize("measure", GRADED)
def test_an_independent_run_of_the_truth_scores_one_and_the_null_zero(measure):
    found = {}
    m = measure()
    truth = m.summarise(evidence("truth"))
    for role in ("subject", "floor", "null"):
        options = {"null": m.null} if role == "null" else {}
        found[role] = m.discrepancy(truth, m.summarise(evidence(role, **options)))
    again = m.discrepancy(truth, m.summarise(evidence("null", null=m.null, seed=0)))
    perfect = judge(found["subject"], found["null"], found["floor"], seed=1, level=0.999)
    assert perfect.status == "ok"
    assert perfect.fidelity.low <= 1 <= perfect.fidelity.high
    ignorant = judge(again, found["null"], found["floor"], seed=1)
    assert ignorant.fidelity.value == pytest.approx(0, abs=1e-9)
