"""Equations on a ring: exact solutions, orders, budgets, batches, precision and derivatives."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.exact_waves import cnoidal, cole_hopf, soliton
from gnomon.numerics.integrators import Etdrk4, phi_functions, sum_by_parts, weighted_sum
from gnomon.numerics.ring import RingEquation, derivative, last_kept, spread


@eqx.filter_jit
def _run(equation, field, count):
    return jnp.fft.irfft(equation.steps(jnp.fft.rfft(field), count), equation.grid)


def _burgers(grid, h):
    return RingEquation(linear={2: 0.1}, advection={1: 1.0}, length=2 * np.pi, grid=grid, h=h)


def _kdv(h, grid=128, length=32.0):
    return RingEquation(linear={3: -1.0}, advection={1: 6.0}, length=length, grid=grid, h=h)


def _slope(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


def test_burgers_is_cole_s_and_hopf_s_with_order_four_in_time():
    x = 2 * np.pi * np.arange(192) / 192
    goal = cole_hopf(x, 2.0, viscosity=0.1)
    steps = np.asarray([0.1, 0.05, 0.025])
    errors = [np.abs(_run(_burgers(192, h), np.sin(x), round(2 / h)) - goal).max() for h in steps]
    assert _slope(steps, errors) == pytest.approx(4.0, abs=0.5)
    assert errors[-1] < 1e-6


def test_burgers_converges_faster_than_any_power_in_space():
    errors = []
    for grid in (32, 64, 128):
        x = 2 * np.pi * np.arange(grid) / grid
        errors.append(
            np.abs(_run(_burgers(grid, 0.02), np.sin(x), 100) - cole_hopf(x, 2.0, viscosity=0.1)).max()
        )
    first, second = np.log2(errors[0] / errors[1]), np.log2(errors[1] / errors[2])
    assert first > 4
    assert second > 2 * first  # the order itself doubles with the grid


def test_cole_hopf_solves_burgers():
    """The formula against differences of itself, without our solver."""
    x, e = np.linspace(0, 2 * np.pi, 50), 1e-4
    u = {(i, j): cole_hopf(x + i * e, 1.0 + j * e, viscosity=0.2) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    change = (u[0, 1] - u[0, -1]) / (2 * e)
    slope, curve = (u[1, 0] - u[-1, 0]) / (2 * e), (u[1, 0] - 2 * u[0, 0] + u[-1, 0]) / e**2
    np.testing.assert_allclose(change + u[0, 0] * slope, 0.2 * curve, atol=1e-6)
    np.testing.assert_allclose(cole_hopf(x, 0.0, viscosity=0.2), np.sin(x), atol=1e-12)


def test_periodic_wave_of_kdv_keeps_shape_and_speed_with_order_four():
    x = 32.0 * np.arange(128) / 128
    start, speed = cnoidal(x, length=32.0, waves=2, modulus=0.95)
    goal = cnoidal(x - 4 * speed, length=32.0, waves=2, modulus=0.95)[0]
    steps = np.asarray([0.04, 0.02, 0.01])
    errors = [np.abs(_run(_kdv(h), start, round(4 / h)) - goal).max() for h in steps]
    assert _slope(steps, errors) == pytest.approx(4.0, abs=0.3)


def test_soliton_is_the_long_limit_of_the_periodic_wave_and_travels_at_its_speed():
    x = 40.0 * np.arange(128) / 128 - 20
    goal = soliton(x, 1.0, 4.0)
    ended = np.asarray(_run(_kdv(0.01, length=40.0), soliton(x, 1.0, 0.0), 400))
    # the second image of the tail around the ring is exp(-16) of the top
    np.testing.assert_allclose(ended, goal, atol=3e-6)
    assert np.abs(ended - soliton(x, 1.1, 4.4)).max() > 0.01  # another speed is not its
    wave, speed = cnoidal(x, length=40.0, modulus=1 - 1e-12)
    np.testing.assert_allclose(wave, soliton(x, speed, 0.0), atol=1e-6)


def _rough(equation, powers=1):
    rng = np.random.default_rng(0)
    kept = np.arange(equation.grid // 2 + 1) <= last_kept(equation.grid, powers)
    v = np.fft.rfft(rng.normal(size=equation.grid)) * kept
    v[0] = 0
    return jnp.asarray(v)


def test_truncated_products_conserve_what_the_equations_do():
    kdv = _kdv(0.01)
    v = _rough(kdv)
    u, rate = jnp.fft.irfft(v, 128), jnp.fft.irfft(kdv.tendency(v), 128)
    for gradient in (
        jnp.ones_like(u),
        u,
        3 * u**2 + derivative(u, 2, 32.0),
    ):  # mean, <u^2>/2, <u^3 - u_x^2 / 2>
        assert abs(float((gradient * rate).mean())) < 1e-14 * float(jnp.abs(gradient * rate).mean()) * 128
    cubic = RingEquation(linear={}, advection={1: 1.0, 2: 0.7}, length=32.0, grid=128, h=0.01)
    v = _rough(cubic, 2)
    u, rate = jnp.fft.irfft(v, 128), jnp.fft.irfft(cubic.tendency(v), 128)
    assert abs(float((u * rate).mean())) < 1e-14 * float(jnp.abs(u * rate).mean()) * 128


def test_energy_would_not_close_with_aliasing():
    """The case that must fail: the same products with every wave kept."""
    kdv = _kdv(0.01)
    aliased = eqx.tree_at(lambda e: e.slope, kdv, -1j * jnp.asarray(2 * np.pi / 32 * np.arange(65)))
    v = jnp.fft.rfft(jnp.asarray(np.random.default_rng(0).normal(size=128)))
    u, rate = jnp.fft.irfft(v, 128), jnp.fft.irfft(aliased.nonlinear(v), 128)
    assert abs(float((u * rate).mean())) > 1e-3 * float(jnp.abs(u * rate).mean())


def test_scheme_is_exact_for_waves_and_real_coefficients_stay_real():
    waves = RingEquation(linear={1: -2.0, 3: -1.0, 2: 0.1}, advection={}, length=10.0, grid=32, h=0.3)
    x = 10.0 * np.arange(32) / 32
    k = 2 * np.pi * 3 / 10
    ended = _run(waves, np.cos(k * x), 5)
    phase = (-2 * k + k**3) * 1.5
    np.testing.assert_allclose(ended, np.exp(-0.1 * k**2 * 1.5) * np.cos(k * x + phase), atol=1e-13)
    assert not jnp.iscomplexobj(_burgers(32, 0.1).scheme.whole)
    z = np.asarray([1e-7j, -3j, 2 + 1j])
    np.testing.assert_allclose(phi_functions(z)[0][1:], ((np.exp(z) - 1) / z)[1:], rtol=1e-13)
    np.testing.assert_allclose(phi_functions(z)[2][0], 1 / 6, rtol=1e-6)
    assert not np.iscomplexobj(phi_functions(z.real)[0])
    assert not jnp.iscomplexobj(Etdrk4(np.asarray([-1.0, 2.0]), 0.1).first)


def test_batches_single_precision_and_derivatives_pass_through():
    x = 2 * np.pi * np.arange(64) / 64
    fields = np.stack([np.sin(x), 0.5 * np.cos(2 * x)])
    equation = _burgers(64, 0.05)
    both = _run(equation, fields, 10)
    for one, field in zip(both, fields, strict=True):
        np.testing.assert_allclose(one, _run(equation, field, 10), atol=1e-14)
    gradient = jax.grad(lambda u: jnp.sum(_run(equation, u, 10) ** 2))(jnp.asarray(fields[0]))
    e = 1e-6 * np.cos(x)
    change = np.sum(_run(equation, fields[0] + e, 10) ** 2) - np.sum(_run(equation, fields[0] - e, 10) ** 2)
    assert float(gradient @ e) * 2 == pytest.approx(float(change), rel=1e-6)
    with jax.enable_x64(False):
        single = _run(_burgers(64, 0.05), jnp.asarray(fields, jnp.float32), 10)
        assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, both, atol=2e-6)


@pytest.mark.parametrize("linear", [{2: -1.0, 4: -1.0}, {3: -1.0, 2: 0.01}])
def test_real_coefficients_part_by_part_are_the_same_to_round_off(linear):
    """With and without waves that travel; beside plain complex arithmetic, step by step the same scheme."""
    equation = RingEquation(linear=linear, advection={1: 1.0, 2: 0.3}, length=32.0, grid=64, h=0.01)
    v = jnp.stack([_rough(equation, 2), 2 * _rough(equation, 2)])

    def plain(w, _):
        u = jnp.fft.irfft(w * equation.mask, 64)
        return equation.slope * jnp.fft.rfft(0.5 * u**2 + 0.1 * u**3)

    goal = equation.scheme.through(plain, v, {"none": jnp.zeros((20, 3))})
    size = float(jnp.abs(goal).max())
    np.testing.assert_allclose(jax.jit(lambda w: equation.steps(w, 20))(v), goal, atol=1e-13 * size)
    assert float(jnp.abs(goal - v).max()) > 1e-3 * size  # it moved
    rotated = (1j, v), (2.0, v[::-1])
    np.testing.assert_array_equal(sum_by_parts(*rotated), weighted_sum(*rotated))


def test_spread_passes_through_the_values_and_adds_no_short_waves():
    values = jnp.asarray(np.random.default_rng(1).normal(size=16))
    fine = spread(values, 64)
    np.testing.assert_allclose(fine[::4], values, atol=1e-14)
    assert float(jnp.abs(jnp.fft.rfft(fine)[9:]).max()) < 1e-12


@pytest.mark.parametrize("wrong", [{"grid": 7}, {"grid": 2}, {"advection": {0: 1.0}}, {"linear": {-1: 1.0}}])
def test_wrong_rings_are_named(wrong):
    with pytest.raises(ValueError, match=r"ring needs|advection has"):
        RingEquation(
            **({"linear": {2: 1.0}, "advection": {1: 1.0}, "length": 1.0, "grid": 32, "h": 0.1} | wrong)
        )


def test_cole_hopf_refuses_what_it_cannot_sum():
    with pytest.raises(ValueError, match="cancels beyond"):
        cole_hopf(np.zeros(1), 1.0, viscosity=1e-3)
