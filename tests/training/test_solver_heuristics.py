"""Error and stiffness estimates against fields whose answers are known, and the loss along paths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.training.path_loss import Course, PathLoss, Paths
from gnomon.training.solver_heuristics import (
    STABILITY,
    global_labour,
    labour_of_step,
    local_labour,
    solve_path,
    tsit5_step,
)
from gnomon.training.windows import Sequences

RATE = 2.5


def decay(time, state, args):
    """Exponential decay."""
    return -RATE * state


def turning(time, state, args):
    """Fast where the state is high up, slow elsewhere."""
    speed = 1.0 + 6.0 * jnp.exp(-8.0 * (state[1] - 1.0) ** 2)
    return speed * jnp.stack([-state[1], state[0]])


def test_stiffness_of_a_linear_field_is_its_rate():
    labour = labour_of_step(decay, jnp.asarray([1.0, -2.0]), 0.0, 0.3, 1e-4)
    np.testing.assert_allclose(labour.stiffness, RATE / STABILITY, rtol=1e-5)


def test_step_is_of_fifth_order_and_its_estimate_of_the_fifth_power():
    start = jnp.asarray([1.0, 0.5])

    def off(h):
        return float(jnp.max(jnp.abs(tsit5_step(decay, start, 0.0, h) - start * np.exp(-RATE * h))))

    def told(h):
        return float(labour_of_step(decay, start, 0.0, h, 1e-6).error)

    assert np.log2(off(0.04) / off(0.02)) == pytest.approx(6.0, abs=0.4)
    assert np.log2(told(0.04) / told(0.02)) == pytest.approx(5.0, abs=0.4)


def test_path_is_the_solution_and_evaluations_are_counted():
    start = jnp.asarray([1.0, -2.0])
    solved = solve_path(decay, start, 3, tolerance=1e-7, most=64)
    exact = start * jnp.exp(-RATE * jnp.arange(1.0, 4.0))[:, None]
    np.testing.assert_allclose(solved.states, exact, atol=2e-6)
    steps = int(jnp.sum(jnp.isfinite(solved.times))) - 1
    assert int(solved.evaluations) >= 6 * steps + 1
    loose = solve_path(decay, start, 3, tolerance=1e-3, most=64)
    assert int(loose.evaluations) < int(solved.evaluations)
    assert not np.isfinite(solve_path(decay, start, 3, tolerance=1e-7, most=2).states).all()


@pytest.mark.slow
def test_global_is_the_mean_of_what_local_draws():
    solved = solve_path(turning, jnp.asarray([1.0, 0.0]), 6, tolerance=1e-4, most=200)
    whole = global_labour(turning, solved, 1e-4)
    keys = jax.random.split(jax.random.key(0), 4000)
    draws = jax.vmap(lambda k: local_labour(turning, solved, 1e-4, biased=True, key=k))(keys)
    assert float(draws.error.mean()) == pytest.approx(float(whole.error), rel=0.05)
    assert float(draws.stiffness.max()) == pytest.approx(float(whole.stiffness), rel=1e-4)
    uniform = jax.vmap(lambda k: local_labour(turning, solved, 1e-4, biased=False, key=k))(keys)
    # by time the toil is met less often than by steps
    assert float(uniform.stiffness.mean()) < float(draws.stiffness.mean())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["global", "local"])
def test_penalties_have_a_gradient_that_lowers_them(kind):
    start = jnp.asarray([1.0, 0.0])

    def penalty(speed):
        def field(time, state, args):
            return speed * turning(time, state, args)

        solved = solve_path(field, start, 4, tolerance=1e-4, most=200, trained=True)
        if kind == "global":
            return global_labour(field, solved, 1e-4).error
        keys = jax.random.split(jax.random.key(0), 64)
        return jnp.mean(
            jax.vmap(lambda k: local_labour(field, solved, 1e-4, biased=False, key=k).error)(keys)
        )

    slope = jax.grad(penalty)(jnp.asarray(1.0))
    assert 0 < float(slope) < np.inf  # a faster field is harder


def test_loss_is_zero_for_the_truth_only_and_the_penalty_is_annealed():
    steps, count = 3, 5
    start = jax.random.normal(jax.random.key(0), (count, 1, 1, 2))
    z = start * jnp.exp(-RATE * jnp.arange(8.0) * 0.1)[None, :, None, None]
    data = Paths(Sequences(z, jnp.zeros((count, 8, 1, 0))), {}, 0.1 * jnp.arange(8.0))

    def solve(rate, first, course: Course, key):
        lead = course.time[1:] - course.time[0]
        return first * jnp.exp(-rate * lead)[:, None, None], jnp.ones(())

    loss = PathLoss(solve, jnp.ones(2), *(jnp.asarray(x) for x in (0.0, 0.1, 0.001)), steps)
    rows = jnp.asarray([[0, 0], [3, 4]])

    def value(rate, progress):
        return float(loss(jnp.asarray(rate), (), data, rows, jnp.asarray(progress), jax.random.key(0))[0])

    assert value(RATE, 0.0) == pytest.approx(0.1, abs=1e-6)
    assert value(RATE, 0.5) == pytest.approx(0.01, abs=1e-6)
    assert value(RATE, 1.0) == pytest.approx(0.001, abs=1e-6)
    assert value(RATE + 1.0, 1.0) > 0.002 + 0.001
