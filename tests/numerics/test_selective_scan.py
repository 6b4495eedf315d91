"""Scans and companion filters against loops, matrices and processes whose answer is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.companion import (
    advance_companion,
    bounded_column,
    causal_filter,
    closed_loop,
    companion_matrix,
    krylov_states,
    open_loop,
)
from gnomon.numerics.selective_scan import SHORT, linear_recurrence, selective_scan
from gnomon.numerics.sequence_layers import causal_convolution, norm


@pytest.mark.parametrize("time", [1, 7, SHORT, 45])
def test_recurrence_is_the_loop(time):
    rng = np.random.default_rng(0)
    decay, drive = rng.uniform(0, 1, (time, 3, 2)), rng.normal(size=(time, 3, 2))
    h, wanted = np.zeros((3, 2)), []
    for a, b in zip(decay, drive, strict=True):
        h = a * h + b
        wanted.append(h)
    np.testing.assert_allclose(linear_recurrence(jnp.asarray(decay), jnp.asarray(drive)), wanted, rtol=1e-12)


@pytest.mark.parametrize("time", [8, 40])
def test_constant_coefficients_give_an_exponential(time):
    """A constant step, input and B: h_t = drive (1 - e^(t s A)) / (1 - e^(s A))."""
    step, rate = 0.3, -2.0
    ones = jnp.ones((time, 1))
    y = selective_scan(ones, step * ones, jnp.full((1, 1), rate), ones, ones, jnp.asarray([0.5]))
    t = np.arange(1, time + 1)
    wanted = step * (1 - np.exp(t * step * rate)) / (1 - np.exp(step * rate)) + 0.5
    np.testing.assert_allclose(y[:, 0], wanted, rtol=1e-12)


def test_a_step_of_zero_keeps_the_memory():
    """Selection: a token whose step is zero is not seen, and forgets nothing."""
    inputs = jnp.asarray([[1.0], [50.0], [0.0]])
    step = jnp.asarray([[1.0], [0.0], [0.0]])
    ones = jnp.ones((3, 1))
    y = selective_scan(inputs, step, -jnp.ones((1, 1)), ones, ones, jnp.zeros(1))
    np.testing.assert_allclose(y[:, 0], 1.0)


def test_gradient_of_the_scan_is_the_loop_s():
    rng = np.random.default_rng(1)
    decay, drive = jnp.asarray(rng.uniform(0, 1, (40, 2))), jnp.asarray(rng.normal(size=(40, 2)))

    def loop(d):
        return jnp.sum(jax.lax.scan(lambda h, x: (x[0] * h + x[1],) * 2, jnp.zeros(2), (d, drive))[1] ** 2)

    ours = jax.jit(jax.grad(lambda d: jnp.sum(linear_recurrence(d, drive) ** 2)))(decay)
    np.testing.assert_allclose(ours, jax.jit(jax.grad(loop))(decay), rtol=1e-9)


def test_companion_matrix_has_the_roots_of_its_polynomial():
    column = jnp.asarray([0.3, -0.2, 0.5])
    ours = np.sort_complex(np.linalg.eigvals(np.asarray(companion_matrix(column))))
    np.testing.assert_allclose(ours, np.sort_complex(np.roots([1, -0.5, 0.2, -0.3])), atol=1e-12)
    x = jnp.asarray([1.0, 2.0, 3.0])
    np.testing.assert_allclose(advance_companion(column, x), companion_matrix(column) @ x)


@pytest.mark.parametrize("time", [11, 23])
def test_open_and_closed_loop_are_the_recurrence(time):
    rng = np.random.default_rng(2)
    a, b, c, k = (jnp.asarray(rng.normal(size=(1, 4))) / 3 for _ in range(4))
    u = jnp.asarray(rng.normal(size=(time, 1)))
    matrix, x, wanted = np.asarray(companion_matrix(a[0])), np.zeros(4), []
    for value in np.asarray(u[:, 0]):
        x = matrix @ x + np.asarray(b[0]) * value
        wanted.append(np.asarray(c[0]) @ x)
    y, state = open_loop(a, b, c, u)
    np.testing.assert_allclose(y[:, 0], wanted, atol=1e-12)
    np.testing.assert_allclose(state[0], x, atol=1e-12)
    loop = matrix + np.outer(b[0], k[0])
    ahead = [np.asarray(c[0]) @ np.linalg.matrix_power(loop, h) @ x for h in range(5)]
    np.testing.assert_allclose(closed_loop(a, b, c, k, state, 5)[:, 0], ahead, atol=1e-12)


def test_one_companion_layer_is_exactly_autoregressive():
    """a = 0, B = e_0, C = K = the coefficients: one-step forecasts and the free run are those of the process."""
    phi = np.asarray([0.6, -0.3, 0.2])
    rng = np.random.default_rng(3)
    u = rng.normal(size=40)
    zero, unit = jnp.zeros((1, 3)), jnp.asarray([[1.0, 0.0, 0.0]])
    y, state = open_loop(zero, unit, jnp.asarray(phi)[None], jnp.asarray(u)[:, None])
    wanted = [sum(phi[i] * (u[t - i] if t >= i else 0.0) for i in range(3)) for t in range(40)]
    np.testing.assert_allclose(y[:, 0], wanted, atol=1e-12)
    free = list(u)
    for _ in range(6):
        free.append(phi @ np.asarray(free[-1:-4:-1]))
    c = jnp.asarray(phi)[None]
    np.testing.assert_allclose(closed_loop(zero, unit, c, c, state, 6)[:, 0], free[40:], atol=1e-12)


def _fitted(order: int, series: np.ndarray) -> tuple[np.ndarray, float]:
    """C by gradient descent through the convolution, and the error left."""
    zero = jnp.zeros((1, order))
    unit = zero.at[0, 0].set(1.0)
    u = jnp.asarray(series)[:, None]

    def cost(c):
        return jnp.mean((open_loop(zero, unit, c, u)[0][order:-1, 0] - u[order + 1 :, 0]) ** 2)

    step = jax.jit(lambda c: c - 0.2 * jax.grad(cost)(c))
    c = zero
    for _ in range(300):
        c = step(c)
    return np.asarray(c[0]), float(cost(c))


def test_a_trained_layer_finds_the_coefficients_and_too_few_numbers_do_not():
    phi, rng = np.asarray([0.5, -0.6, 0.3]), np.random.default_rng(4)
    u = np.zeros(3000)
    for t in range(3, 3000):
        u[t] = phi @ u[t - 3 : t][::-1] + rng.normal()
    found, error = _fitted(3, u)
    np.testing.assert_allclose(found, phi, atol=0.05)
    assert error == pytest.approx(1.0, abs=0.06)  # what is left is the noise
    assert _fitted(2, u)[1] > error + 0.05


def test_a_bounded_column_keeps_powers_bounded():
    column = jnp.asarray([[3.0, -4.0, 5.0]])
    wild = krylov_states(column, jnp.ones((1, 3)), 200)
    tame = krylov_states(bounded_column(column), jnp.ones((1, 3)), 200)
    assert jnp.max(jnp.abs(wild)) > 1e30
    assert jnp.max(jnp.abs(tame)) < 10.0


def test_filter_does_not_wrap_around():
    kernel, inputs = jnp.ones((20, 1)), jnp.zeros((20, 1)).at[19].set(1.0)
    np.testing.assert_allclose(causal_filter(kernel, inputs)[:, 0], [0] * 19 + [1], atol=1e-12)


def test_convolution_is_causal_and_norm_has_unit_size():
    layer = causal_convolution(4, 2, key=jax.random.key(0))
    x = jax.random.normal(jax.random.key(1), (9, 2))
    other = x.at[5:].add(1.0)
    np.testing.assert_array_equal(layer(x)[:5], layer(other)[:5])
    assert not np.allclose(layer(x)[5], layer(other)[5])
    np.testing.assert_allclose(jnp.mean(norm(2)(x) ** 2, axis=-1), 1.0, rtol=1e-4)
