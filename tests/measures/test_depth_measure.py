"""The measure of the scene rung keeps the contract and gives the numbers of the metrics."""

import functools

import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.depth import ERRORS, PURE, Depth
from gnomon.numerics.depth_metrics import SCENE_CAP, depth_errors, step_scores
from gnomon.spec.errors import BadSpec
from gnomon.testing.measures import check_measure
from gnomon.testing.synthetic_evidence import synthetic_evidence
from gnomon.testing.synthetic_scene import TURNED, synthetic_scene


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("error", ["abs_rel", "delta1"])
def test_contract(error, turned):
    check_measure(Depth(error=error), make=functools.partial(synthetic_scene, turned=turned))


def scattered(role, *, fault=0.0, **options):
    """A fault of every pixel by itself: that of the made scenes is one factor, which leaves edges where they are."""
    evidence = synthetic_scene(role, **options)
    for label, run in evidence.runs.items():
        noise = np.random.default_rng(len(label)).standard_normal(run.obs["depth"].shape)
        run.obs["depth"] = (run.obs["depth"] * np.exp(fault * noise)).astype(np.float32)
    return evidence


@pytest.mark.parametrize("turned", [False, True])
def test_contract_of_edges(turned):
    check_measure(Depth(error="edge_f1"), make=functools.partial(scattered, turned=turned))


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


def stepped(predicted, true, units=12):
    """Evidence of one picture a unit: pairs of maps, [y, x] or [unit, y, x]."""
    both = []
    for role, maps in (("truth", true), ("subject", predicted)):
        evidence = synthetic_scene(role, units=units)
        depth = np.broadcast_to(maps, (units, *np.shape(maps)[-2:]))
        evidence.runs["forecast"].obs["depth"] = np.asarray(depth, np.float32)[:, None, None]
        both.append(evidence)
    return both, [Depth().summarise(evidence) for evidence in both]


def words(evidence, tables):
    """Of the model, as the page of scenes reads them."""
    figures = Depth().curves(dict(zip(("truth", "subject"), tables, strict=True)), {"truth": evidence[0]})
    mine = next(c for c in figures if c.name == "bands").note.removeprefix("model: ").partition(";")[0]
    return {key: float(value) for key, value in (part.rsplit(" ", 1) for part in mine.split(", "))}


def test_edges_are_those_of_the_metrics():
    truth, subject = synthetic_scene("truth"), synthetic_scene("subject", fault=0.5)
    tables = [Depth().summarise(e) for e in (truth, subject)]
    t, p = (e.runs["forecast"].obs["depth"][:, 0, 0] for e in (truth, subject))
    each = [step_scores(p[n], t[n], cap=SCENE_CAP) for n in range(len(t))]
    assert all(e.f1 for e in each)
    np.testing.assert_allclose(Depth(error="edge_f1").value(*tables), [e.f1 for e in each])
    np.testing.assert_allclose(Depth(error="edge_f1").discrepancy(*tables), [1 - e.f1 for e in each])
    said = words((truth, subject), tables)
    assert tuple(said) == ERRORS
    assert set(PURE) < set(said)
    for key in ("f1", "precision", "recall", "distance"):
        assert said[f"edge_{key}"] == pytest.approx(np.mean([getattr(e, key) for e in each]), rel=5e-3)


def test_a_flat_map_of_good_depth_has_no_edges():
    """Half of the maps are one depth; the model shows one depth in all."""
    step = np.where(np.arange(10) < 5, 4.0, 6.0) * np.ones((8, 1))
    true = np.where(np.arange(12)[:, None, None] < 6, step, 5.0)
    evidence, tables = stepped(np.full((8, 10), 5.0), true)
    said = words(evidence, tables)
    assert "edge_precision" not in said  # no picture can tell
    assert (said["edge_recall"], said["edge_f1"], said["edge_distance"]) == (0, 0.5, 5)
    np.testing.assert_array_equal(Depth(error="edge_f1").discrepancy(*tables)[[0, -1]], [1, 0])
    assert said["delta1"] == pytest.approx(0.75)
    twin = stepped(true, true)[1]
    assert (Depth(error="edge_f1").discrepancy(*twin) == 0).all()


def test_sky_is_no_edge_and_stripes_of_sky_leave_none_to_see():
    true = np.where(np.arange(10) < 5, 4.0, 6.0) * np.ones((8, 1))
    true[:3] = 0
    wrong = true.copy()
    wrong[:3] = np.where(np.arange(10) % 2, 100.0, 0.2)
    assert (Depth(error="edge_f1").value(*stepped(wrong, true)[1]) == 1).all()
    stripes = np.where(np.arange(10) % 2, true + 4, 0.0)
    evidence, tables = stepped(stripes, stripes)
    with pytest.raises(CannotMeasure, match="no edge can be seen"):
        Depth(error="edge_f1").value(*tables)
    said = words(evidence, tables)
    assert said["abs_rel"] == 0
    assert not any(key.startswith("edge") for key in said)


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
