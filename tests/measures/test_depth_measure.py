"""The measure of the scene rung keeps the contract and gives the numbers of the metrics."""

import functools

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.depth import Depth
from gnomon.numerics.depth_metrics import SCENE_CAP, depth_errors
from gnomon.spec.errors import BadSpec
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_evidence import synthetic_evidence
from gnomon.testing.synthetic_scene import TURNED, synthetic_scene


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("error", ["abs_rel", "delta1"])
def test_contract(error, turned):
    check_measure(Depth(error=error), make=functools.partial(synthetic_scene, turned=turned))


def test_numbers_are_those_of_the_metrics_without_sky():
    truth, subject = synthetic_scene("truth"), synthetic_scene("subject", fault=0.5)
    measure = Depth()
    tables = measure.summarise(truth), measure.summarise(subject)
    found = measure.discrepancy(*tables)
    t, p = (e.runs["forecast"].obs["depth"][:, 0, 0] for e in (truth, subject))
    expected = [depth_errors(p[n], t[n], cap=SCENE_CAP).abs_rel for n in range(len(t))]
    np.testing.assert_allclose(found, expected)
    by_hand = [np.mean(np.abs(p[n, 2:] - t[n, 2:]) / t[n, 2:]) for n in range(len(t))]
    np.testing.assert_allclose(found, by_hand, rtol=1e-6)
    with_sky = synthetic_scene("subject", fault=0.5)
    with_sky.runs["forecast"].obs["depth"] = np.where(t == 0, 1e6, p)[:, None, None]
    np.testing.assert_allclose(measure.discrepancy(tables[0], measure.summarise(with_sky)), expected)


def test_turned_knobs_are_judged_and_the_control_is_not():
    truth, subject = (synthetic_scene(role, turned=True) for role in ("truth", "subject"))
    tables = [Depth().summarise(e) for e in (truth, subject)]
    errors = [
        [depth_errors(p, t, cap=SCENE_CAP).abs_rel for p, t in zip(ps, ts, strict=True)]
        for ps, ts in (
            (subject.runs[label].obs["depth"][:, 0, 0], truth.runs[label].obs["depth"][:, 0, 0])
            for label in TURNED
        )
    ]
    np.testing.assert_allclose(Depth().value(*tables), np.mean(errors, axis=0))
    figures = Depth().curves(
        dict(zip(("truth", "subject"), tables, strict=True)), {"truth": truth, "subject": subject}
    )
    turned = next(c for c in figures if c.name == "turned")
    assert [s.label for s in turned.series] == ["size", "light"]
    assert turned.series[0].x == (-0.5, 0.5, 1.5)


def test_what_has_no_depth_is_refused():
    with pytest.raises(BadSpec, match="error must be one of"):
        Depth(error="abs")
    with pytest.raises(CannotMeasure, match="one hidden variable"):
        Depth().summarise(synthetic_evidence("truth"))
    truth = synthetic_scene("truth")
    truth.runs["forecast"].obs["depth"] = np.zeros((12, 1, 1, 8, 10), np.float32)
    table = Depth().summarise(truth)
    with pytest.raises(CannotMeasure, match="nothing but sky"):
        Depth().value(table, table)
