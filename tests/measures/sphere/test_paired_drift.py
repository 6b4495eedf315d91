"""A drift that control and shift have in common is no response: pairing takes it out, unit by unit, lead by lead."""

import numpy as np
import pytest

from gnomon.measures.sphere.fields import LEVELS
from gnomon.measures.sphere.warming_indices import WarmingIndices
from gnomon.measures.sphere.warming_profile import WarmingProfile
from tests.measures.sphere.steady_world import steady_world

UPPER = ("ta100", "ta50")
NAMES = tuple(f"ta{p}" for p in LEVELS)


def drifting(evidence, names, rate, labels=None):
    """A climate still on its way: every unit at a pace of its own, more in the second half of the run."""
    units = len(evidence.runs["control"].diverged)
    pace = rate * np.linspace(0.5, 1.5, units)[:, None, None, None, None]
    when = np.array([0.0, 1.0])[None, None, :, None, None]
    runs = {}
    for label, run in evidence.runs.items():
        moved = labels is None or label in labels
        obs = {
            k: (v + pace * when).astype(np.float64) if moved and k in names else v for k, v in run.obs.items()
        }
        runs[label] = run._replace(obs=obs)
    return evidence._replace(runs=runs)


@pytest.fixture(scope="module")
def cast():
    return {r: steady_world(r, trial="shift", names=NAMES, units=12) for r in ("truth", "subject")}


@pytest.mark.parametrize("rate", [1.0, 8.0])
def test_a_common_drift_of_the_upper_levels_changes_no_score(cast, rate):
    measure = WarmingProfile()
    tables = {r: measure.summarise(e) for r, e in cast.items()}
    moved = {r: measure.summarise(drifting(e, UPPER, rate)) for r, e in cast.items()}
    for role in cast:
        np.testing.assert_allclose(moved[role]["section"], tables[role]["section"], atol=1e-4)
        np.testing.assert_allclose(moved[role]["drift"], tables[role]["drift"], atol=1e-4)
    np.testing.assert_allclose(
        measure.discrepancy(moved["truth"], moved["subject"]),
        measure.discrepancy(tables["truth"], tables["subject"]),
        atol=1e-4,
    )


def test_a_drift_of_the_shift_alone_is_what_is_left(cast):
    measure = WarmingProfile()
    plain = measure.summarise(cast["truth"])
    alone = measure.summarise(drifting(cast["truth"], ("ta50",), 8.0, labels={"shift+4"}))
    gained = alone["section"][:, -1, LEVELS.index(50)] - plain["section"][:, -1, LEVELS.index(50)]
    np.testing.assert_allclose(
        gained.mean(), 4.0, rtol=1e-3
    )  # half of it, the mean of both halves of the run


def test_indices_are_paired_too():
    evidence = steady_world("truth", trial="shift", names=("tas", "pr"), units=8)
    measure = WarmingIndices(index="surface_warming")
    a, b = (measure.summarise(e) for e in (evidence, drifting(evidence, ("tas",), 2.0)))
    np.testing.assert_allclose(a["surface_warming"], b["surface_warming"], atol=1e-4)
