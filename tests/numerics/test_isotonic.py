"""The nearest rising function: against the min-max formula, known answers, and what must be refused."""

import numpy as np
import pytest

from gnomon.numerics.isotonic import rising_fit
from gnomon.spec.errors import BadData


def by_formula(y, w):
    """g_i is the largest over a <= i of the smallest over b >= i of the mean of y from a to b (Barlow and others)."""
    n, mass, total = len(y), np.append(0, np.cumsum(w)), np.append(0, np.cumsum(w * y))
    mean = np.array(
        [
            [(total[b + 1] - total[a]) / (mass[b + 1] - mass[a]) if b >= a else np.inf for b in range(n)]
            for a in range(n)
        ]
    )
    return np.array([max(mean[a, i:].min() for a in range(i + 1)) for i in range(n)])


@pytest.mark.parametrize("seed", range(4))
def test_the_min_max_formula(seed):
    rng = np.random.default_rng(seed)
    x, w = rng.permutation(40) / 3, rng.uniform(0.1, 4, 40)
    y = 0.2 * x + rng.standard_normal(40)
    order = np.argsort(x)
    got = rising_fit(x, y, w)
    assert got(x[order]) == pytest.approx(by_formula(y[order], w[order]), abs=1e-12)
    assert (np.diff(got.y) >= 0).all()
    assert not np.allclose(got(x[order]), by_formula(y[order], np.ones(40)))  # weights count


def test_known_answers():
    fit = rising_fit(np.arange(4.0), np.array([1.0, 3.0, 2.0, 4.0]))
    assert fit(np.arange(4.0)) == pytest.approx([1, 2.5, 2.5, 4])
    assert fit(np.array([-9.0, 0.5, 1.5, 99.0])) == pytest.approx([1, 1.75, 2.5, 4])
    falling = rising_fit(np.arange(5.0), -np.arange(5.0), np.array([1.0, 1, 1, 1, 6]))
    assert falling(np.arange(5.0)) == pytest.approx([-3] * 5)
    ties = rising_fit(np.array([1.0, 1, 2]), np.array([0.0, 4, 3]), np.array([3.0, 1, 1]))
    assert ties(np.array([1.0, 2.0])) == pytest.approx([1, 3])
    assert rising_fit(np.array([2.0]), np.array([7.0]))(np.array([0.0, 5.0])) == pytest.approx([7, 7])


@pytest.mark.parametrize(
    ("x", "y", "w"),
    [
        ([], [], None),
        ([1.0], [1.0, 2], None),
        ([1.0], [np.nan], None),
        ([1.0], [1.0], [0.0]),
        ([[1.0]], [[1.0]], None),
    ],
)
def test_what_is_refused(x, y, w):
    with pytest.raises(BadData):
        rising_fit(np.array(x), np.array(y), None if w is None else np.array(w))
