"""Losses of several tokens and on the attractor, on sequences whose law is known."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.spec.errors import BadData
from gnomon.training.attractor_loss import OnAttractor, discrepancy
from gnomon.training.multi_token import FreeTokens, MultiToken, free_stage, multi_token_stage, run_free
from gnomon.training.windows import Sequences

TURN = np.asarray([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
KEY = jax.random.key(0)


class Rotation(eqx.Module):
    """Increments of a rotation by `angle` a step, at the last `count` positions; the model is the angle."""

    tokens: int
    stride: int
    count: int

    def __call__(self, angle: Any, window: jax.Array, forced: jax.Array) -> tuple[jax.Array, ...]:
        at = window.shape[0] - 1 - self.stride * np.arange(self.count)[::-1]
        turns = jnp.arange(1, self.tokens + 1) * angle
        cos, sin = jnp.cos(turns)[:, None], jnp.sin(turns)[:, None]
        x, y = window[at][:, None, :, 0], window[at][:, None, :, 1]
        new = jnp.stack([cos * x - sin * y, sin * x + cos * y], axis=-1)
        return (new - window[at][:, None],) * 2


def sequences(trajectories: int = 3, length: int = 40) -> Sequences:
    z = np.zeros((trajectories, length, 1, 2))
    z[:, 0, 0] = np.random.default_rng(0).normal(size=(trajectories, 2))
    for t in range(1, length):
        z[:, t, 0] = z[:, t - 1, 0] @ TURN.T
    return Sequences(jnp.asarray(z), jnp.zeros((trajectories, length, 1, 1)))


def tokens_loss(**changes: Any) -> MultiToken:
    fields = {
        "predict": Rotation(3, 1, 4), "spread": jnp.ones((3, 2)), "noise": jnp.asarray(0.0),
        "weights": jnp.ones(3), "further": jnp.asarray(0.0), "context": 5, "stride": 1,
    }  # fmt: skip
    return MultiToken(**{**fields, **changes})


def value(loss: Any, angle: float, data: Sequences) -> float:
    stage_rows = jnp.asarray([[0, 12], [2, 20]])
    return float(loss(jnp.asarray(angle), (), data, stage_rows, jnp.asarray(0.9), KEY)[0])


@pytest.mark.parametrize(("stride", "count"), [(1, 4), (2, 3)])
def test_the_law_of_the_data_has_no_loss(stride, count):
    data = sequences()
    loss = tokens_loss(predict=Rotation(3, stride, count), stride=stride)
    assert value(loss, 0.3, data) < 1e-24
    assert value(loss, 0.31, data) > 1e-6
    free = FreeTokens(Rotation(3, 1, 1), jnp.ones(2), jnp.asarray(0.0), 5, 2, 4)
    assert value(free, 0.3, data) < 1e-24
    assert value(free, 0.31, data) > 1e-5


def test_a_wrong_stride_is_seen():
    """Positions that are not where the network's are give a loss, so the law above is no accident."""
    assert value(tokens_loss(predict=Rotation(3, 2, 3), stride=1), 0.3, sequences()) > 1e-3


def test_weights_pick_the_tokens_and_further_predictions_add():
    data = sequences()
    first = value(tokens_loss(weights=jnp.asarray([1.0, 0.0, 0.0])), 0.35, data)
    last = value(tokens_loss(weights=jnp.asarray([0.0, 0.0, 2.0])), 0.35, data)
    both = value(tokens_loss(weights=jnp.asarray([1.0, 0.0, 1.0])), 0.35, data)
    # an angle wrong by d misses by 2 sin(k d / 2) of the radius
    assert last / first == pytest.approx((np.sin(0.075) / np.sin(0.025)) ** 2, rel=1e-6)
    assert both == pytest.approx((first + last) / 2)
    assert value(tokens_loss(further=jnp.asarray(0.5)), 0.35, data) == pytest.approx(
        1.5 * value(tokens_loss(), 0.35, data)
    )


def test_noise_in_the_window_is_not_in_the_target():
    """The right law, started off the truth by s, misses by s: error 2 s^2 over two coordinates of spread 1, halved."""
    rows = jnp.stack([jnp.zeros(4000, int), jnp.full(4000, 12)], axis=1)
    loss = tokens_loss(noise=jnp.asarray(0.1))
    got = loss(jnp.asarray(0.3), (), sequences(), rows, jnp.asarray(0.0), KEY)[0]
    assert float(got) == pytest.approx(0.01, rel=0.05)


def test_a_free_run_takes_what_is_consumed():
    data = sequences()
    for consume, calls in ((1, 6), (3, 2)):
        run = run_free(Rotation(3, 1, 1), jnp.asarray(0.3), data.z[0, :5], data.forced[0], consume, calls)
        np.testing.assert_allclose(run, data.z[0, 5:11], atol=1e-12)


def test_stages_draw_windows_that_fit():
    data = sequences(2, 12)
    stage = multi_token_stage(tokens_loss(), data, updates=2, snapshots=1, batch=50)
    rows = np.asarray(stage.draw(np.random.default_rng(0), (2, 1)))
    assert rows.shape == (2, 1, 50, 2)
    assert rows[..., 1].min() >= 4
    assert rows[..., 1].max() <= 12 - 1 - 3
    free = FreeTokens(Rotation(3, 1, 1), jnp.ones(2), jnp.asarray(0.0), 5, 2, 4)
    with pytest.raises(BadData, match="at least 13"):
        free_stage(free, data, updates=2, snapshots=1, batch=4)


def test_discrepancy_tells_distributions_apart_and_is_zero_on_the_same():
    rng = np.random.default_rng(0)
    a, b = (jnp.asarray(rng.normal(size=(400, 2))) for _ in range(2))
    assert float(discrepancy(a, a)) == pytest.approx(0.0, abs=1e-12)
    same = float(discrepancy(a, b))
    assert 0 < same < 0.03
    assert float(discrepancy(a, b + 0.5)) > 5 * same
    assert float(discrepancy(a, 1.5 * b)) > 3 * same
    # two points a distance apart: each scale gives 2 (1 - s^2 / (s^2 + d^2))
    gap = discrepancy(jnp.zeros((1, 1)), jnp.full((1, 1), 0.5), (0.5,))
    assert float(gap) == pytest.approx(2 * (1 - 0.5))


def on_attractor(conditional: float, unconditional: float) -> OnAttractor:
    numbers = (0.0, conditional, unconditional, 0.5, 0.8)
    return OnAttractor(Rotation(2, 1, 1), *map(jnp.asarray, numbers), 5, 2, 3)


@pytest.mark.slow
def test_the_truth_has_no_conditional_discrepancy_and_the_horizon_grows():
    data = sequences(30)
    rows = jnp.stack([jnp.arange(30), jnp.full(30, 10)], axis=1)

    def at(loss: OnAttractor, angle: float, progress: float) -> float:
        return float(loss(jnp.asarray(angle), (), data, rows, jnp.asarray(progress), KEY)[0])

    loss = on_attractor(1000.0, 0.0)
    assert at(loss, 0.3, 1.0) < 1e-9
    assert at(loss, 0.4, 1.0) > at(loss, 0.4, 0.5) > 0.0
    # a run that stands still keeps the measure it started from, and only that
    still = on_attractor(0.0, 1.0)
    error = on_attractor(0.0, 0.0)
    assert 2 * at(still, 0.0, 1.0) == pytest.approx(at(error, 0.0, 1.0), rel=1e-9)
    assert 2 * at(on_attractor(1.0, 0.0), 0.0, 1.0) > at(error, 0.0, 1.0)


@pytest.mark.slow
def test_attractor_loss_has_a_gradient_that_points_to_the_truth():
    data = sequences(30)
    rows = jnp.stack([jnp.arange(30), jnp.full(30, 10)], axis=1)
    loss = on_attractor(1.0, 0.0)
    slope = jax.grad(lambda a: loss(a, (), data, rows, jnp.asarray(1.0), KEY)[0])
    assert float(slope(jnp.asarray(0.35))) > 0 > float(slope(jnp.asarray(0.25)))
