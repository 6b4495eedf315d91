"""Correlation dimensions of sets whose dimension is known."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from gnomon.numerics.correlation_sum import correlation_dimension, correlation_sum, local_slopes

SIZE = 8000


def cantor(random, coordinates):
    digits = random.integers(0, 2, (SIZE, coordinates, 30))
    return (2 * digits * 3.0 ** -np.arange(1, 31)).sum(axis=-1)


def henon(random):
    x = np.empty((SIZE + 100, 2))
    x[0] = random.uniform(-0.1, 0.1, 2)
    for i in range(SIZE + 99):
        x[i + 1] = 1 - 1.4 * x[i, 0] ** 2 + x[i, 1], 0.3 * x[i, 0]
    return x[100:]


def lorenz(random, runs=20, step=0.1, inner=12):
    s = random.normal([0, 0, 20], 1.0, (runs, 3))
    out = np.empty((runs, SIZE // runs, 3))

    def f(s):
        return np.stack(
            [
                10 * (s[:, 1] - s[:, 0]),
                s[:, 0] * (28 - s[:, 2]) - s[:, 1],
                s[:, 0] * s[:, 1] - 8 / 3 * s[:, 2],
            ],
            1,
        )

    h = step / inner
    for i in range(-100, SIZE // runs):
        for _ in range(inner):
            k1 = f(s)
            k2 = f(s + h / 2 * k1)
            k3 = f(s + h / 2 * k2)
            s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(s + h * k3))
        if i >= 0:
            out[:, i] = s
    return out


SETS = {
    "line": (lambda r: r.random((SIZE, 1)), 1.0, 0.01, 0),
    "square": (lambda r: r.random((SIZE, 2)), 2.0, 0.03, 0),
    "cube": (lambda r: r.random((SIZE, 3)), 3.0, 0.10, 0),
    "Gaussian in three dimensions": (lambda r: r.normal(size=(SIZE, 3)), 3.0, 0.10, 0),
    "Cantor set": (lambda r: cantor(r, 1), np.log(2) / np.log(3), 0.01, 0),
    "Cantor dust": (lambda r: cantor(r, 2), 2 * np.log(2) / np.log(3), 0.02, 0),
    "Henon": (henon, 1.22, 0.04, 0),
    "Lorenz": (lorenz, 2.05, 0.06, 20),
}


@pytest.mark.parametrize("name", SETS)
def test_known_dimensions_within_the_error(name):
    make, truth, most, theiler = SETS[name]
    found = [correlation_dimension(make(np.random.default_rng(seed)), theiler) for seed in range(3)]
    deviation = np.asarray([d.value - truth for d in found])
    error = np.asarray([d.error for d in found])
    assert (error < most).all()
    assert (np.abs(deviation) < 3 * error).all()
    assert np.abs(deviation.mean()) < most


def test_a_circle_is_a_line_and_scales_do_not_matter():
    angle = np.random.default_rng(0).random(4000) * 2 * np.pi
    points = np.stack([np.sin(angle), 1e6 * np.cos(angle), np.full(4000, 7.0)], axis=1)
    found = correlation_dimension(points)
    assert abs(found.value - 1) < 3 * found.error < 0.03


def test_the_sum_counts_pairs():
    x = np.random.default_rng(1).normal(size=(300, 2))
    found = correlation_sum(x)
    distance = pdist(x / x.std(axis=0))
    for i in np.searchsorted(found.radius, [0.1, 0.5, 2.0]):
        exact = np.mean(distance < found.radius[i])
        assert found.whole[i] == pytest.approx(exact, rel=0.03)  # interpolated between edges
    rest = pdist((x / x.std(axis=0))[15:])  # 20 pieces of 15 points
    i = np.searchsorted(found.radius, 0.5)
    assert found.left_out[0, i] == pytest.approx(np.mean(rest < found.radius[i]), rel=0.03)


def test_many_short_runs_are_left_out_in_groups():
    x = np.random.default_rng(5).random((70, 30, 2))
    found = correlation_sum(x)
    assert len(found.left_out) == 20
    flat = x.reshape(-1, 2) / x.std(axis=(0, 1))
    i = np.searchsorted(found.radius, 0.5)
    assert found.whole[i] == pytest.approx(np.mean(pdist(flat) < found.radius[i]), rel=0.03)
    rest = pdist(flat[4 * 30 :])  # 70 runs in 20 groups: the first has four
    assert found.left_out[0, i] == pytest.approx(np.mean(rest < found.radius[i]), rel=0.03)


def test_near_in_time_is_left_out():
    # waves sampled densely: consecutive points make them look like a curve
    random = np.random.default_rng(2)
    t = np.arange(3000) * 0.02
    drift = np.stack(
        [np.sin(w * t + p) for w, p in zip([1, 1.7, 2.3, 3.1], [0, 1, 2, 3], strict=True)], axis=1
    )
    near, apart = correlation_sum(drift), correlation_sum(drift, 100)
    i = np.searchsorted(near.radius, 0.05)
    assert near.pairs[i] > 10 * apart.pairs[i]
    runs = random.normal(size=(2, 50, 2))
    assert correlation_sum(runs, 49).pairs[-1] == pytest.approx(50 * 50 + 2)
    with pytest.raises(ValueError, match="smaller Theiler window"):
        correlation_sum(runs[:1], 50)


def test_high_dimensions_are_flagged_by_the_ceiling():
    found = correlation_dimension(np.random.default_rng(3).random((2000, 12)))
    assert found.ceiling == pytest.approx(6.6, abs=0.01)
    assert not found.value > 12
    assert np.isnan(found.value) or found.value > 0.8 * found.ceiling


def test_a_periodic_orbit_at_equal_phases_has_no_range():
    t = np.tile(np.arange(40), 30) * 2 * np.pi / 40
    found = correlation_dimension(np.stack([np.sin(t), np.cos(t)], axis=1), 1)
    assert np.isnan(found.value) or found.value < 0.05 or found.error > 0.3
    radius, slopes = local_slopes(correlation_sum(np.random.default_rng(4).random((3000, 1))))
    assert np.median(slopes[(radius > 0.02) & (radius < 0.5)]) == pytest.approx(1, abs=0.1)


def test_bad_points_are_refused():
    with pytest.raises(ValueError, match="expected finite"):
        correlation_dimension(np.full((50, 2), np.nan))
    with pytest.raises(ValueError, match="0 coordinates vary"):
        correlation_dimension(np.ones((50, 2)))


def test_logarithmic_convergence_misleads_as_the_docstring_says():
    x = np.empty((SIZE, 1))
    x[0] = 0.3
    for i in range(SIZE - 1):
        x[i + 1] = 4 * x[i] * (1 - x[i])  # density 1 / (pi sqrt(x (1 - x))): C(r) goes like r ln(1 / r)
    found = correlation_dimension(x, 5)
    assert 0.85 < found.value < 0.97
