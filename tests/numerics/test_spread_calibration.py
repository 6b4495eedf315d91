"""Calibration in closed form, on samples that are their own quantiles, and the report over images."""

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import laplace, norm

from gnomon.numerics.spread_calibration import (
    LEVELS,
    coverage,
    fitted_levels,
    fitted_spread,
    fitted_temperature,
    negative_log_density,
    quantile_of_truth,
)
from gnomon.numerics.uncertainty_report import uncertainty_report
from gnomon.spec.errors import BadData

N = 4000
GRID = (np.arange(N) + 0.5) / N
LAWS = {"gaussian": norm, "laplace": laplace}
EXACT = {"gaussian": ndtri(GRID), "laplace": laplace.ppf(GRID)}  # each law's own sample
families = pytest.mark.parametrize("family", list(LAWS))


@families
def test_levels_and_densities_are_the_laws(family):
    z = np.linspace(-6, 6, 41)
    assert quantile_of_truth(z, family) == pytest.approx(LAWS[family].cdf(z), rel=1e-12)
    assert negative_log_density(z, np.full(41, 0.3), family) == pytest.approx(
        -LAWS[family].logpdf(z, scale=0.3)
    )
    entropy = LAWS[family].entropy(scale=0.3)
    assert negative_log_density(0.3 * EXACT[family], np.full(N, 0.3), family).mean() == pytest.approx(
        entropy, abs=3e-3
    )
    with pytest.raises(BadData, match="no family"):
        quantile_of_truth(z, "cauchy")


@families
def test_a_spread_that_is_half_as_large_as_the_errors(family):
    told = np.full(N, 0.1)
    errors = 0.2 * EXACT[family]
    assert fitted_temperature([errors], [told], family) == pytest.approx(2, rel=2e-3)
    seen = coverage([quantile_of_truth(errors / told, family)] * 2)
    expected = LAWS[family].cdf(LAWS[family].ppf(LEVELS) / 2)
    assert seen.observed == pytest.approx(expected, abs=1 / N)
    assert seen.error.value == pytest.approx(np.abs(expected - LEVELS).mean(), abs=1 / N)
    assert seen.squared.value == pytest.approx(((expected - LEVELS) ** 2).mean(), abs=1 / N)
    right = coverage([quantile_of_truth(errors / (2 * told), family)] * 2)
    assert right.error.value == pytest.approx(0, abs=1 / N)


def test_images_weigh_alike_however_many_pixels_they_have():
    few, many = np.full(2, 0.2), np.full(500, 0.6)
    ones = [np.ones(2), np.ones(500)]
    assert fitted_temperature([few, many], ones, "laplace") == pytest.approx(0.4)
    assert fitted_spread([few, many], ones, "laplace")(np.ones(1)) == pytest.approx([0.4])
    seen = coverage([np.zeros(2), np.ones(500)])
    assert seen.observed == pytest.approx(np.full(19, 0.5))


@families
def test_the_isotonic_spread_is_the_likeliest_of_all_rising_ones(family):
    rng = np.random.default_rng(3)
    told = [rng.uniform(0.05, 0.5, n) for n in (300, 700)]
    errors = [LAWS[family].rvs(scale=t**2 + 0.02, random_state=rng) for t in told]

    def cost(function):
        return np.mean(
            [negative_log_density(e, function(t), family).mean() for e, t in zip(errors, told, strict=True)]
        )

    factor, scaling = fitted_temperature(errors, told, family), fitted_spread(errors, told, family)
    best = cost(scaling)
    assert best < cost(lambda t: factor * t) < cost(lambda t: t)
    for rising in (
        lambda t: t**2 + 0.02,
        lambda t: 1.01 * scaling(t),
        lambda t: scaling(t) + 0.003,
        lambda t: 0 * t + 0.1,
    ):
        assert best < cost(rising)
    assert scaling(np.array([0.1, 0.3, 0.45])) == pytest.approx([0.03, 0.11, 0.2225], rel=0.35)


def test_levels_are_mended_whatever_the_shape():
    z = 0.4 * ndtri(GRID) ** 3 + 0.1
    told, mended = quantile_of_truth(z, "laplace"), fitted_levels([z])(z)
    assert mended == pytest.approx(GRID, abs=1e-9)
    assert coverage([mended] * 2).error.value == pytest.approx(0, abs=1 / N)
    assert coverage([told] * 2).error.value > 0.03
    function = fitted_levels([np.array([-1.0, -1.0, 1.0, 1.0])])  # ties lie in the middle of their step
    assert function(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])) == pytest.approx([0.25, 0.25, 0.5, 0.75, 0.75])


def test_levels_of_spreads_ten_times_too_small_are_right_in_both_tails():
    rng = np.random.default_rng(5)
    fitted, judged = 10 * rng.standard_normal((2, 8, 2000))
    assert (quantile_of_truth(judged, "gaussian") == 1).mean() > 0.1  # where levels have no order any more
    mended = fitted_levels(list(fitted))(judged)
    noise = 4 * np.sqrt(2 * 0.05 * 0.95 / judged.size)  # of both samples
    assert (mended < 0.05).mean() == pytest.approx(0.05, abs=noise)
    assert (mended < 0.95).mean() == pytest.approx(0.95, abs=noise)


def drawn_quantiles(rng, shift=0.0, images=12):
    """[image, pixel] levels of truths that lie `shift` spreads too high; pixels of an image are not independent."""
    own = rng.standard_normal((images, 1))
    return list(norm.cdf((rng.standard_normal((images, 50)) + 0.5 * own) / np.sqrt(1.25) + shift))


def test_the_distance_is_as_it_is_and_its_interval_covers_it_where_all_is_right_and_where_it_is_not():
    rng = np.random.default_rng(2)
    for shift in (0.0, 1.0):
        true = np.abs(norm.cdf(ndtri(LEVELS) - shift) - LEVELS).mean()
        hits = 0
        for _ in range(100):
            seen = coverage(drawn_quantiles(rng, shift))
            assert seen.error.value == pytest.approx(np.abs(seen.observed - LEVELS).mean())
            assert 0 <= seen.error.low <= seen.error.value <= seen.error.high
            hits += seen.error.low <= true <= seen.error.high
        assert hits >= 88  # 95 % less three standard errors
    wrong = coverage(drawn_quantiles(rng, 1.0)).error
    assert wrong.low > 0.05


def test_a_distance_without_noise_has_no_interval():
    same = coverage([GRID] * 3).error
    assert same.value == pytest.approx(0, abs=1 / N)
    assert same.low is None
    assert "no variance" in same.reason


def scenes(images=24, shape=(16, 20), bend=1.0, seed=0):
    """Told spreads whose `bend`-th power, halved, is the scale of Laplace errors; half of the images are held out."""
    rng = np.random.default_rng(seed)
    told = rng.uniform(0.02, 0.4, (images, *shape))
    middle = rng.uniform(-1, 2, (images, *shape))
    depth = np.exp(middle + 0.5 * told**bend * rng.laplace(size=told.shape))
    return middle, told, depth, rng.random(told.shape) < 0.9, np.arange(images) % 2 == 0


def test_a_factor_is_all_that_a_proportional_spread_needs():
    report = uncertainty_report(*scenes()[:4], held_out=scenes()[4])
    assert (report.fitted_on, report.judged_on) == (12, 12)
    assert report.factor == pytest.approx(0.5, rel=0.05)
    assert report.before.coverage.error.low > 0.05
    for mended in (report.temperature, report.isotonic, report.levels):
        assert mended.coverage.error.value < 0.015
        assert mended.coverage.squared.low < 1e-4
    assert report.temperature.negative_log_likelihood.value < report.before.negative_log_likelihood.value
    assert report.temperature.spread.value == pytest.approx(report.factor * report.before.spread.value)
    assert report.levels.negative_log_likelihood is report.levels.ranking is None
    before, after = report.before.ranking, report.temperature.ranking
    assert after.ause.value == pytest.approx(before.ause.value)
    assert before.floor.low < before.ause.value < before.floor.high
    assert before.aurg.low > 0
    assert report.isotonic.ranking.ause.value == pytest.approx(before.ause.value, abs=0.02)


def test_a_bent_spread_needs_more_than_a_factor():
    told = scenes(bend=2.5)
    report = uncertainty_report(*told[:4], held_out=told[4])
    assert report.isotonic.negative_log_likelihood.high < report.temperature.negative_log_likelihood.low
    assert report.isotonic.coverage.error.value < 0.5 * report.temperature.coverage.error.value


def test_a_spread_without_knowledge_gains_nothing():
    middle, told, depth, valid, held_out = scenes()
    shuffled = np.random.default_rng(9).permuted(told, axis=2)
    ranking = uncertainty_report(middle, shuffled, depth, valid, held_out=held_out).before.ranking
    assert abs(ranking.aurg.value) < 0.05
    assert ranking.ause.low > ranking.floor.high


def test_what_is_held_out_is_not_fitted_on():
    middle, told, depth, valid, held_out = scenes(images=6)
    one = uncertainty_report(middle, told, depth, valid, held_out=held_out)
    harder = np.where(held_out[:, None, None], depth**2, depth)
    other = uncertainty_report(middle, told, harder, valid, held_out=held_out)
    assert other.factor == one.factor
    assert np.array_equal(other.scaling.y, one.scaling.y)
    assert other.before.coverage.error.value > one.before.coverage.error.value


def test_values_where_nothing_is_known_play_no_part():
    middle, told, depth, valid, held_out = scenes(images=6)
    one = uncertainty_report(middle, told, depth, valid, held_out=held_out)
    spoiled = [np.where(valid, a, bad) for a, bad in ((middle, np.nan), (told, -1.0), (depth, 0.0))]
    other = uncertainty_report(*spoiled, valid, held_out=held_out)
    assert np.array_equal(other.before.coverage.observed, one.before.coverage.observed)
    assert other.isotonic.negative_log_likelihood == one.isotonic.negative_log_likelihood
    assert other.factor == one.factor


def test_what_is_refused():
    middle, told, depth, valid, held_out = scenes(images=4, shape=(4, 5))
    valid[0, 0, 0] = True

    def spoiled(array, value):
        array = array.copy()
        array[0, 0, 0] = value
        return array

    for arguments, held, words in (
        ((middle, told, depth, valid), np.ones(4, bool), "at least one"),
        ((middle, told, depth, valid), np.zeros(4, bool), "at least one"),
        ((middle, told, depth, valid), np.array([0, 1]), "held_out"),
        ((middle, told, depth[:2], valid), held_out, "one shape"),
        ((spoiled(middle, np.nan), told, depth, valid), held_out, "predicted_log_depth"),
        ((middle, spoiled(told, 0), depth, valid), held_out, "predicted_spread must be finite and positive"),
        ((middle, told, spoiled(depth, -1), valid), held_out, "depth must be finite and positive"),
        ((middle, told, depth, valid & ~held_out[:, None, None]), held_out, "at least one"),
    ):
        with pytest.raises(BadData, match=words):
            uncertainty_report(*arguments, held_out=held)


def test_one_image_a_side_has_values_and_no_interval():
    middle, told, depth, valid, _ = scenes(images=2)
    report = uncertainty_report(
        middle, told, depth, valid, held_out=np.array([True, False]), family="gaussian"
    )
    assert report.before.coverage.error.value is not None
    assert report.before.coverage.error.low is None
