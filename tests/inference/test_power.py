"""Detection of planted faults."""

import pytest

from gnomon.inference.power import detection_curves, smallest_detectable, wilson
from gnomon.spec.errors import BadData
from tests.inference.results_for_tests import a_result, a_score

SEEN, MISSED = (0.6, 0.4, 0.8), (0.95, 0.85, 1.05)


def planted(size, outcomes, **fields):
    return [
        a_result(learner="wrong_forcing", learner_args={"size": size}, seed=i, fidelity=f, **fields)
        for i, f in enumerate(outcomes)
    ]


def test_wilson_known_answers():
    low, high = wilson(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    low, high = wilson(0, 10)
    assert (low, high) == (0.0, pytest.approx(0.2775, abs=1e-4))
    assert wilson(5, 5)[1] == 1.0
    with pytest.raises(BadData):
        wilson(3, 0)


def test_a_curve_rises_with_the_size():
    results = [
        *planted(0.4, [SEEN] * 5),
        *planted(0.1, [MISSED, MISSED, SEEN, MISSED, MISSED]),
        *planted(0.2, [SEEN, SEEN, SEEN, SEEN, MISSED]),
        *[a_result(learner="perfect", seed=i, fidelity=MISSED) for i in range(5)],
        a_result(learner="linear", fidelity=SEEN),
    ]
    (curve,) = detection_curves(results)
    assert (curve.fault, curve.world, curve.trial, curve.measure) == (
        "wrong_forcing",
        "lorenz63",
        "climate",
        "attractor",
    )
    assert [p.size for p in curve.points] == [0.0, 0.1, 0.2, 0.4]
    assert [p.rate for p in curve.points] == [0.0, 0.2, 0.8, 1.0]
    assert [p.fidelity for p in curve.points] == [0.95, 0.95, 0.6, 0.6]
    assert curve.headline
    assert curve.smallest == 0.2
    assert not curve.sure  # 4 of 5: Wilson says 0.38 to 0.96
    assert curve.reason is None


def test_every_measure_has_its_own_curve_and_cells_without_room_have_none():
    other = a_score(SEEN, headline=False, measure="moments")
    results = [
        a_result(learner="damped", learner_args={"size": 0.3}, score=other),
        a_result(
            learner="damped", learner_args={"size": 0.3}, trial="shift", score=a_score(status="no_room")
        ),
    ]
    (curve,) = detection_curves(results)
    assert (curve.measure, curve.headline, curve.points[0].runs) == ("moments", False, 1)


def test_divergence_is_seen_and_a_missing_interval_is_not():
    gone = a_score(status="diverged", diverged=40)
    blind = a_score((0.2, None, None))
    (a,) = detection_curves([a_result(learner="damped", learner_args={"size": 1.0}, score=gone)])
    (b,) = detection_curves([a_result(learner="damped", learner_args={"size": 1.0}, score=blind)])
    assert (a.points[0].detected, a.points[0].fidelity) == (1, None)
    assert (b.points[0].detected, b.smallest) == (0, None)
    assert "no planted size" in b.reason


def test_a_lucky_small_size_is_not_the_smallest():
    results = [*planted(0.1, [SEEN] * 5), *planted(0.2, [MISSED] * 5), *planted(0.4, [SEEN] * 5)]
    (curve,) = detection_curves(results)
    assert smallest_detectable(curve.points) == 0.4
