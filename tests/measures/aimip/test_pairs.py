import numpy as np
import pytest

from gnomon.core.measure import CannotMeasure
from gnomon.measures.aimip.pairs import coefficient, pair_error
from gnomon.numerics.jackknife import squared_error


def test_a_regressor_of_ones_gives_the_squared_error_of_a_mean():
    x = np.random.default_rng(0).standard_normal((9, 5)) + 0.3
    np.testing.assert_allclose(pair_error(x, np.ones(9)), squared_error(x), rtol=1e-10)


def test_a_coefficient_without_noise_is_found_exactly_in_every_block():
    rng = np.random.default_rng(1)
    weights, b = rng.random(7) + 0.1, np.array([2.0, -1.0, 0.5])
    products = weights[:, None] * b
    np.testing.assert_allclose(coefficient(products, weights), b)
    np.testing.assert_allclose(pair_error(products, weights), np.full(7, b @ b))


def test_noise_does_not_count_as_error():
    """The plain square of an estimated coefficient is too large by its variance; the statistic is not."""
    rng = np.random.default_rng(2)
    t = np.array([-3.0, -2.0, -1.0, 0.5, 1.0, 2.0, 2.5, 4.0])
    plain, corrected = [], []
    for _ in range(4000):
        y = 0.7 * t[:, None] + 3 * rng.standard_normal((8, 2))
        products, weights = t[:, None] * y, t**2
        plain.append((coefficient(products, weights) ** 2).sum())
        corrected.append(pair_error(products, weights).mean())
    true, spread = 2 * 0.7**2, np.std(corrected) / np.sqrt(4000)
    assert abs(np.mean(corrected) - true) < 4 * spread + 0.01
    assert np.mean(plain) - true == pytest.approx(2 * 9 / (t**2).sum(), rel=0.1)


def test_few_blocks():
    assert pair_error(np.zeros((0, 3)), np.zeros(0)).shape == (0,)
    assert pair_error(np.array([[3.0, 4.0]]), np.array([2.0])) == pytest.approx([25 / 4])
    assert pair_error(np.array([[1.0], [3.0]]), np.ones(2)) == pytest.approx([3.0, 3.0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("middle", [0.0, 1e-16])
def test_three_years_of_a_trend_are_too_few(middle):
    """The middle year has no weight: without either of the others, no pair of blocks is left."""
    t = np.array([-1.0, middle, 1.0])
    with pytest.raises(CannotMeasure, match="only 2 of 3 blocks of time tell of it; at least 3 must"):
        pair_error(0.5 * t[:, None] ** 2, t**2)


@pytest.mark.filterwarnings("error")
def test_three_blocks_that_all_tell_are_enough():
    q = np.array([1.0, 2.0, 3.0])
    assert pair_error(2.0 * q[:, None], q) == pytest.approx([4.0, 4.0, 4.0])
    four = np.array([1.0, 0.0, 2.0, 3.0])
    assert pair_error(2.0 * four[:, None], four) == pytest.approx([4.0] * 4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weights", [[0.0], [0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
def test_a_regressor_that_vanishes_cannot_be_judged(weights):
    with pytest.raises(CannotMeasure, match="blocks of time tell of it"):
        pair_error(np.zeros((len(weights), 2)), np.array(weights))
