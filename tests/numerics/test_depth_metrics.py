"""Depth errors against plain loops, on random maps and at the edges of what a map may hold."""

import math

import numpy as np
import pytest

from gnomon.numerics.depth_metrics import crop_mask, depth_edges, depth_errors, edge_scores
from gnomon.spec.errors import BadData

RNG = np.random.default_rng(8)


def by_hand(predicted, truth, valid, cap, box, scaled):
    """Every number one pixel at a time; returns None where nothing is judged."""
    pairs = []
    for i in range(truth.shape[0]):
        for j in range(truth.shape[1]):
            inside = box[0] <= i < box[1] and box[2] <= j < box[3]
            if inside and valid[i, j] and cap[0] < truth[i, j] < cap[1]:
                pairs.append((float(predicted[i, j]), float(truth[i, j])))
    if not pairs:
        return None
    factor = 1.0
    if scaled:
        middles = []
        for side in (1, 0):
            order = sorted(pair[side] for pair in pairs)
            n = len(order)
            middles.append(order[n // 2] if n % 2 else (order[n // 2 - 1] + order[n // 2]) / 2)
        factor = middles[0] / middles[1]
    out = dict.fromkeys("abs_rel sq_rel rmse rmse_log log10 delta1 delta2 delta3 silog".split(), 0.0)
    logs = []
    for p, t in pairs:
        p = min(max(p * factor, cap[0]), cap[1])
        out["abs_rel"] += abs(p - t) / t
        out["sq_rel"] += (p - t) ** 2 / t
        out["rmse"] += (p - t) ** 2
        out["log10"] += abs(math.log10(p) - math.log10(t))
        logs.append(math.log(p) - math.log(t))
        for n in (1, 2, 3):
            out[f"delta{n}"] += max(p / t, t / p) < 1.25**n
    n = len(pairs)
    out = {name: value / n for name, value in out.items()}
    out["rmse"] = math.sqrt(out["rmse"])
    out["rmse_log"] = math.sqrt(sum(g * g for g in logs) / n)
    mean = sum(logs) / n
    out["silog"] = 100 * math.sqrt(sum((g - mean) ** 2 for g in logs) / n)
    return out | {"pixels": n, "scale": factor}


def random_maps(shape=(17, 23)):
    truth = RNG.uniform(0, 100, shape)
    truth[RNG.random(shape) < 0.3] = 0  # no lidar point
    return truth * RNG.lognormal(0, 0.3, shape) + RNG.normal(0, 0.5, shape), truth, RNG.random(shape) < 0.8


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("crop", ["none", "garg", "eigen"])
def test_errors_equal_plain_loops(scaled, crop):
    for _ in range(4):
        predicted, truth, valid = random_maps()
        rows, columns = np.nonzero(crop_mask(truth.shape, crop))
        box = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
        expected = by_hand(predicted, truth, valid, (1e-3, 80), box, scaled)
        found = depth_errors(predicted, truth, valid=valid, crop=crop, median_scaling=scaled)._asdict()
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-10, abs=1e-12), name


def test_a_wrong_map_is_told_from_a_right_one():
    truth = RNG.uniform(1, 60, (9, 9))
    perfect = depth_errors(truth, truth)
    assert perfect[:5] == (0, 0, 0, 0, 0)
    assert perfect[5:9] == (1, 1, 1, 0)
    doubled = depth_errors(2 * truth, truth, cap=(1e-3, 200))
    assert doubled.abs_rel == pytest.approx(1)
    assert doubled.delta3 == 0
    assert doubled.silog == pytest.approx(0, abs=1e-9)  # a factor is all that is wrong
    assert depth_errors(2 * truth, truth, cap=(1e-3, 200), median_scaling=True).rmse < 1e-12
    assert depth_errors(truth + RNG.normal(0, 5, (9, 9)), truth).silog > 1


@pytest.mark.parametrize("bad", ["mask", "capped", "zeros", "not finite", "shape", "median", "cap", "axes"])
def test_maps_that_cannot_be_judged_say_why(bad):
    truth, predicted, options = np.full((5, 6), 7.0), np.full((5, 6), 6.0), {}
    match bad:
        case "mask":
            options["valid"] = np.zeros((5, 6), bool)
        case "capped":
            truth[:] = 80.0  # the cap itself is out
        case "zeros":
            truth[:] = 0
        case "not finite":
            predicted[2, 2] = np.nan
        case "shape":
            predicted = predicted[:4]
        case "median":
            predicted[:], options["median_scaling"] = 0, True
        case "cap":
            options["cap"] = (0.0, 80.0)
        case "axes":
            truth, predicted = truth[0], predicted[0]
    with pytest.raises(BadData):
        depth_errors(predicted, truth, **options)


def test_what_is_not_judged_may_be_anything():
    truth, predicted = np.full((4, 4), 5.0), np.full((4, 4), 5.0)
    truth[0], predicted[0] = [0, np.nan, np.inf, 1e6], np.nan
    assert depth_errors(predicted, truth).pixels == 12
    assert depth_errors(np.zeros((4, 4)) - 3, np.full((4, 4), 2.0)).abs_rel == pytest.approx((2 - 1e-3) / 2)


def test_crops_are_those_of_the_literature():
    garg = np.argwhere(crop_mask((375, 1242), "garg"))
    assert garg.min(0).tolist() == [153, 44]
    assert garg.max(0).tolist() == [370, 1196]
    eigen = np.argwhere(crop_mask((375, 1242), "eigen"))
    assert eigen.min(0).tolist() == [124, 44]
    assert eigen.max(0).tolist() == [341, 1196]
    assert crop_mask((480, 640), "nyu").sum() == 426 * 560
    for shape, crop in (((375, 1242), "nyu"), ((5, 5), "square")):
        with pytest.raises(BadData):
            crop_mask(shape, crop)


def test_edges_against_loops():
    depth = RNG.uniform(1, 3, (8, 11))
    valid = RNG.random((8, 11)) < 0.95
    weights = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    expected = np.zeros((8, 11), bool)
    for i in range(1, 7):
        for j in range(1, 10):
            patch = depth[i - 1 : i + 2, j - 1 : j + 2]
            if valid[i - 1 : i + 2, j - 1 : j + 2].all():
                expected[i, j] = math.hypot((weights * patch).sum(), (weights.T * patch).sum()) > 2
    assert 0 < expected.sum() < expected.size
    assert (depth_edges(depth, threshold=2.0, valid=valid) == expected).all()


def test_edge_scores_see_a_step_that_is_moved():
    truth = np.where(np.arange(20) < 10, 2.0, 5.0)[None] * np.ones((9, 1))
    right = edge_scores(truth, truth)
    assert right == (1, 1, 1, 0)
    moved = edge_scores(
        np.roll(truth, 1, axis=1)[:, :], truth, valid=(np.arange(20) > 1)[None] * np.ones((9, 1), bool)
    )
    assert (moved.precision, moved.recall, moved.f1, moved.distance) == (0.5, 0.5, 0.5, 0.5)
    assert (
        edge_scores(
            np.roll(truth, 4, axis=1), truth, valid=(np.arange(20) > 4)[None] * np.ones((9, 1), bool)
        ).f1
        == 0
    )
    flat = edge_scores(np.full_like(truth, 3), truth)
    assert flat == (None, 0, 0, None)
    assert edge_scores(np.full_like(truth, 3), np.full_like(truth, 3)).f1 is None
