"""A field from few points: exact where waves suffice, better than least squares on waves where points are few."""

import numpy as np
import pytest

from gnomon.numerics.fourier_features import random_features, seen_at, told_waves, trigonometric

LENGTH, GRID, SAMPLES = 100.0, 256, 30
PLACES = LENGTH / GRID * np.arange(GRID)


@pytest.fixture(scope="module")
def fields():
    """Flat up to a wave and then exponential, as turbulence on a ring is."""
    rng = np.random.default_rng(0)
    k = 2 * np.pi / LENGTH * np.arange(GRID // 2 + 1)
    size = np.exp(-np.maximum(k - 0.8, 0) / 0.12) * (k > 0)
    spectrum = size * (rng.standard_normal((SAMPLES, len(k))) + 1j * rng.standard_normal((SAMPLES, len(k))))
    found = np.fft.irfft(spectrum, GRID)
    return found / found.std()


def errors(fields, number):
    points = np.sort(np.random.default_rng(number).uniform(0, LENGTH, number))
    seen = seen_at(fields, points, LENGTH)
    ways = (
        random_features(points, seen, PLACES, LENGTH, rng=np.random.default_rng(1)),
        trigonometric(points, seen, PLACES, LENGTH),
    )
    return [(float(np.sqrt(np.mean((way(seen) - fields) ** 2))), way.expected) for way in ways]


def test_a_field_seen_anywhere_is_its_own_waves():
    x = np.array([0.3, 7.1, 55.5])
    angle = 2 * np.pi / LENGTH
    field = (1.5 + np.cos(3 * angle * PLACES) - 2 * np.sin(10 * angle * PLACES))[None]
    wanted = 1.5 + np.cos(3 * angle * x) - 2 * np.sin(10 * angle * x)
    np.testing.assert_allclose(seen_at(field, x, LENGTH)[0], wanted, atol=1e-12)
    np.testing.assert_allclose(seen_at(field, PLACES, LENGTH), field, atol=1e-12)


def test_more_points_tell_more(fields):
    found = {n: errors(fields, n) for n in (24, 48, 96)}
    for way in (0, 1):
        first, _, last = (found[n][way][0] for n in found)
        assert last < 0.01 * first
    assert found[96][0][0] < 1e-2
    assert found[24][0][0] < 0.8 * found[24][1][0], "where points are few the ridge decides better than a cut"


def test_what_is_expected_is_told(fields):
    """The leave-one-out error is no smaller than the error by more than the luck of one set of points."""
    for number in (32, 64):
        for error, expected in errors(fields, number):
            assert error < 2 * expected


def test_one_wave_is_found_exactly():
    points = np.sort(np.random.default_rng(2).uniform(0, LENGTH, 15))
    field = np.sin(2 * np.pi / LENGTH * 3 * PLACES)[None]
    seen = seen_at(field, points, LENGTH)
    found = trigonometric(points, seen, PLACES, LENGTH)
    np.testing.assert_allclose(found(seen), field, atol=1e-9)
    assert found.waves >= 3


def test_waves_that_are_told_stand_clear_of_what_is_made_of_others(fields):
    points = np.sort(np.random.default_rng(5).uniform(0, LENGTH, 64))
    seen = seen_at(fields, points, LENGTH)
    found = random_features(points, seen, PLACES, LENGTH, rng=np.random.default_rng(1))
    made = found(seen)
    told = told_waves(found, points, made, LENGTH)
    gap, size = ((np.abs(np.fft.rfft(x)) ** 2).mean(0) for x in (made - fields, fields))
    real = size[1:30] / gap[1:30]
    assert told.shape == (GRID // 2 + 1,)
    assert np.corrcoef(np.log(told[1:30]), np.log(real))[0, 1] > 0.8
    assert np.median(np.abs(np.log(told[1:30] / real))) < np.log(3)
