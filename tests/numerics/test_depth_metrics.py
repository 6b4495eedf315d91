"""Depth errors against plain loops, on random maps and at the edges of what a map may hold."""

import math

import numpy as np
import pytest

from gnomon.numerics.depth_metrics import (
    SCENE_CAP,
    crop_mask,
    depth_edges,
    depth_errors,
    edge_scores,
    step_scores,
)
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
    assert right == (1, 1, 1, 0, 7 * 18)
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
    assert flat[:4] == (None, 0, 0, 10)
    none = edge_scores(np.full_like(truth, 3), np.full_like(truth, 3))
    assert none[:4] == (None, None, None, None)
    assert edge_scores(truth, np.full_like(truth, 3))[:4] == (0, None, 0, 10)


def test_the_distance_of_edges_by_hand():
    """Every edge pixel of both maps to the nearest of the other, one pair at a time."""
    rng = np.random.default_rng(0)
    one, other = (rng.uniform(1, 3, (9, 12)) for _ in range(2))
    sides = [np.argwhere(depth_edges(d, threshold=4.0)) for d in (one, other)]
    assert all(3 < len(side) < 60 for side in sides)
    distances = [
        min(min(math.dist(a, b) for b in there), 1.5) for here, there in (sides, sides[::-1]) for a in here
    ]
    assert 1 in distances
    assert max(distances) == 1.5  # the cut is met
    found = edge_scores(one, other, threshold=4.0, reach=1.5).distance
    assert found == pytest.approx(sum(distances) / len(distances), rel=1e-12)


def two_depths(ratio, shape=(9, 20), near=2.0):
    return np.where(np.arange(shape[1]) < 10, near, near * ratio)[None] * np.ones((shape[0], 1))


def test_a_step_is_a_ratio_wherever_it_is():
    for near in (0.2, 3.0, 90.0):
        low, high = (two_depths(ratio, near=near) for ratio in (1.249, 1.251))
        assert step_scores(low, low, cap=SCENE_CAP).f1 is None
        assert step_scores(high, high, cap=SCENE_CAP)[:4] == (1, 1, 1, 0)
        assert step_scores(low, low, ratio=1.2, cap=SCENE_CAP).f1 == 1
    assert edge_scores(two_depths(1.2, near=3.0), two_depths(1.2, near=3.0)).f1 == 1  # metres see it, and
    assert edge_scores(two_depths(1.3, near=0.2), two_depths(1.3, near=0.2)).f1 is None  # miss this


def test_a_factor_on_the_prediction_moves_no_step():
    truth = RNG.uniform(1, 20, (12, 15))
    predicted = truth * RNG.lognormal(0, 0.2, truth.shape)
    found = step_scores(predicted, truth, cap=SCENE_CAP)
    assert 0 < found.f1 < 1
    assert step_scores(3.7 * predicted, truth, cap=SCENE_CAP) == found
    assert step_scores(predicted[:, ::-1], truth, cap=SCENE_CAP).f1 < found.f1


def test_level_ground_is_a_step_near_the_horizon():
    below = np.arange(1, 31)[:, None]
    ground = 80 / below * np.ones((1, 7))  # height times focal length over rows below the horizon
    edges = depth_edges(np.log(ground), threshold=4 * np.log(1.25))
    inside = (below[1:-1] != 9)[:, 0]  # at nine the ratio over two rows, 10 / 8, is the threshold itself
    assert (edges[1:-1, 1:-1][inside] == (below[1:-1] < 9)[inside]).all()
    assert step_scores(np.full_like(ground, 5.0), ground, cap=SCENE_CAP).recall == 0


def test_the_skyline_and_what_is_masked_are_no_edges():
    truth = two_depths(3.0)
    truth[:4, 10:] = 0  # sky behind the upper half of a wall
    truth[7, 3] = np.nan
    wild = np.where(np.isfinite(truth) & (truth > 0), truth, 1e9)
    found = step_scores(wild, truth, cap=SCENE_CAP)
    assert found[:4] == (1, 1, 1, 0)
    by_hand = np.argwhere(depth_edges(truth, threshold=0.5, valid=truth > 0))
    assert by_hand.min(0).tolist() == [5, 9]  # one row below the sky, at the step alone
    assert by_hand[:, 1].max() == 10
    wild[truth == 0] = np.nan
    assert step_scores(wild, truth, cap=SCENE_CAP) == found
    thin = np.where(np.arange(20) % 2, truth, 0)  # no pixel has all its neighbours
    assert step_scores(thin, thin, cap=SCENE_CAP) == (None, None, None, None, 0)
    half = step_scores(truth, truth, valid=np.arange(20)[None] * np.ones((9, 1)) < 10, cap=SCENE_CAP)
    assert half.f1 is None
    assert half.pixels > 0


def test_a_blurred_step_is_lost_and_a_moved_one_is_counted():
    truth = two_depths(1.5)
    ramp = np.clip((np.arange(20) - 6) / 7, 0, 1)[None] * np.ones((9, 1))
    blurred = step_scores(2 * 1.5**ramp, truth, cap=SCENE_CAP)
    assert blurred[:4] == (None, 0, 0, 10)
    moved = step_scores(np.roll(truth, 3, axis=1)[:, 3:], truth[:, 3:], cap=SCENE_CAP)
    assert moved[:4] == (0, 0, 0, 2.5)  # two pixels wide, three aside: 3, 2 and 2, 3


@pytest.mark.parametrize("bad", ["ratio", "shape", "not finite"])
def test_steps_that_cannot_be_judged_say_why(bad):
    truth, predicted, ratio = two_depths(2.0), two_depths(2.0), 1.25
    match bad:
        case "ratio":
            ratio = 1.0
        case "shape":
            predicted = predicted[:4]
        case "not finite":
            predicted[3, 3] = np.nan
    with pytest.raises(BadData):
        step_scores(predicted, truth, ratio=ratio, cap=SCENE_CAP)
