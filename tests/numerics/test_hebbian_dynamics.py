"""Trajectories of sequence-storing networks: exponents that are known, recall that is known."""

import jax
import numpy as np
import pytest

from gnomon.numerics.hebbian_dynamics import Network, drive, leading_exponents, overlaps, recall
from gnomon.numerics.hebbian_sample import coupling, random_patterns

WEIGHTS = (0.1, 1.0)


def _network(n=60, patterns=6, seed=0):
    xi = random_patterns(np.random.default_rng(seed), patterns, n)
    return Network(xi, WEIGHTS)


def test_drive_is_the_matrix():
    net = _network()
    rates = np.random.default_rng(1).normal(size=(60, 3))
    np.testing.assert_allclose(
        drive(net.patterns, WEIGHTS, rates), coupling(WEIGHTS, net.patterns) @ rates, rtol=1e-10
    )
    np.testing.assert_allclose(
        drive(net.patterns, WEIGHTS, rates[:, 0]), coupling(WEIGHTS, net.patterns) @ rates[:, 0], rtol=1e-10
    )


def test_exponent_at_rest_is_that_of_the_jacobian():
    net = _network()
    rest = np.zeros((60, 2))
    gains = np.asarray([0.4, 0.7])
    largest = np.linalg.eigvals(coupling(WEIGHTS, net.patterns)).real.max()
    found, speed = leading_exponents(net, rest, gains, settle=150, duration=100, rng=np.random.default_rng(2))
    np.testing.assert_allclose(found, -1 + gains * largest, atol=0.02)
    np.testing.assert_array_equal(speed, 0)


def test_few_patterns_are_replayed_in_order_on_a_cycle_and_others_are_not():
    with jax.enable_x64(True):
        net = _network(n=400, patterns=6)
        cues, gains = net.patterns[:1].T, np.asarray([8.0])
        shown = np.concatenate([net.patterns[:5], random_patterns(np.random.default_rng(3), 5, 400)])
        seen, size = overlaps(net, cues, gains, shown=shown, duration=15.0, spacing=0.25)
        own, chance = recall(seen[:, :5]), recall(seen[:, 5:])
        exponent, speed = leading_exponents(
            net, cues, gains, settle=50, duration=100, rng=np.random.default_rng(4)
        )
    assert own.order[0] == 1
    assert own.score[0] > 0.4
    assert chance.score[0] < 0.15
    assert size.max() <= 1
    assert abs(exponent[0]) < 0.02  # a limit cycle
    assert speed[0] > 0.1


def test_recall_of_made_up_overlaps():
    time = np.arange(40.0)
    forward = np.exp(-((time[:, None] - np.asarray([0, 8, 16, 24])) ** 2) / 20)
    backward = forward[:, ::-1]
    found = recall(np.stack([forward, backward, 0.5 * forward], -1))
    np.testing.assert_allclose(found.peak, [1, 1, 0.5])
    np.testing.assert_allclose(found.order, [1, 0, 1])
    np.testing.assert_allclose(found.score, [1, 0, 0.5])


def test_a_delay_of_two_skips_a_pattern():
    net = Network(random_patterns(np.random.default_rng(5), 7, 400), (0.0, 0.0, 1.0))
    cue = net.patterns[:1].T
    seen, _ = overlaps(net, cue, np.asarray([4.0]), shown=net.patterns[:5], duration=12.0, spacing=0.25)
    first = seen[:, :, 0].argmax(0)
    assert seen[:, 2, 0].max() > 0.4
    assert first[2] < first[4]
    assert seen[: first[2], 1, 0].max() < 0.2


@pytest.mark.slow
def test_high_load_is_chaotic_and_two_step_lengths_agree():
    xi = random_patterns(np.random.default_rng(6), 200, 200)
    rng = np.random.default_rng(7)
    starts = rng.normal(size=(200, 4))
    with jax.enable_x64(True):
        values = [
            leading_exponents(
                Network(xi, (0.0, 1.0)),
                starts,
                np.full(4, 6.0),
                settle=50,
                duration=300,
                rng=rng,
                h=h,
                every=round(1 / h),
            )[0]
            for h in (0.1, 0.05)
        ]
    assert values[0].min() > 0.1
    assert values[0].mean() == pytest.approx(values[1].mean(), abs=0.05)
