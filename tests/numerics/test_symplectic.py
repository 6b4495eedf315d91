"""The Gauss method: order four, energy without drift, quadratic invariants and the symplectic form kept."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.integrators import rk4
from gnomon.numerics.symplectic import gauss_legendre


def run(f, start, end, steps, scheme=gauss_legendre):
    at = lambda t: {"c": 0.0 * t}  # noqa: E731
    return scheme(lambda u, k: f(u), jnp.asarray(start), at, time=jnp.asarray(0.0), dt=end, substeps=steps)


def pushed(begin, end, steps):
    """The solution of u' = cos t that is zero at `begin`."""

    def tendency(u, knobs):
        return knobs["c"] * jnp.ones_like(u)

    at = lambda t: {"c": jnp.cos(t)}  # noqa: E731
    found = gauss_legendre(
        tendency, jnp.zeros(1), at, time=jnp.asarray(begin), dt=end - begin, substeps=steps
    )
    return float(found[0])


def pendulum(u):
    return jnp.stack([u[1], -jnp.sin(u[0])])


def energy(u):
    return 0.5 * u[..., 1] ** 2 - jnp.cos(u[..., 0])


def test_order_four():
    fine = run(pendulum, [1.0, 0.5], 2.0, 400)
    errors = [float(jnp.abs(run(pendulum, [1.0, 0.5], 2.0, n) - fine).max()) for n in (10, 20)]
    assert 3.7 < np.log2(errors[0] / errors[1]) < 4.3


def walk(scheme, steps, h):
    """Energies along a long run, one every ten steps."""

    def some(u, _):
        u = run(pendulum, u, 10 * h, 10, scheme)
        return u, energy(u)

    return np.asarray(jax.lax.scan(some, jnp.array([1.0, 1.0]), None, length=steps // 10)[1])


def test_energy_does_not_drift():
    """A fourth-order explicit method loses as much in every period; this one oscillates and comes back."""
    h = 0.2
    ours, theirs = walk(gauss_legendre, 20_000, h), walk(rk4, 20_000, h)
    drift, other = (abs(e[-200:].mean() - e[:200].mean()) for e in (ours, theirs))
    assert drift < 1e-7
    assert drift < 1e-3 * other
    assert np.ptp(ours) < 2e-4


def test_a_quadratic_invariant_is_kept_to_rounding():
    """Angular momentum of a planar orbit about the origin."""

    def kepler(u):
        return jnp.concatenate([u[2:], -u[:2] / jnp.sum(u[:2] ** 2) ** 1.5])

    start = jnp.array([1.0, 0.0, 0.0, 0.9])
    found = run(kepler, start, 50.0, 1000)
    assert float(found[0] * found[3] - found[1] * found[2]) == pytest.approx(0.9, abs=1e-12)


def test_areas_are_kept():
    jacobian = jax.jacfwd(lambda u: run(pendulum, u, 3.0, 30))(jnp.array([0.7, 1.2]))
    assert float(jnp.linalg.det(jacobian)) == pytest.approx(1.0, abs=1e-11)
    backward = jax.jacrev(lambda u: run(pendulum, u, 3.0, 30))(jnp.array([0.7, 1.2]))
    np.testing.assert_allclose(backward, jacobian, atol=1e-11)


def test_a_forcing_in_time_is_followed_to_order_four():
    """u' = cos t, which a quadrature of fourth order integrates."""
    errors = [abs(pushed(0.0, 2.0, n) - np.sin(2.0)) for n in (4, 8)]
    assert 3.7 < np.log2(errors[0] / errors[1]) < 4.3
    assert pushed(5.0, 6.0, 50) == pytest.approx(np.sin(6.0) - np.sin(5.0), abs=1e-8)


def test_a_system_without_knobs_is_stepped_too():
    found = gauss_legendre(
        lambda u, k: -u, jnp.ones(1), lambda t: {}, time=jnp.asarray(0.0), dt=1.0, substeps=20
    )
    assert float(found[0]) == pytest.approx(np.exp(-1.0), abs=1e-6)


def test_too_long_a_step_is_seen_in_the_energy():
    """Where the sweeps do not converge nothing is conserved: the failure the docstring warns of is a visible one."""
    found = run(lambda u: 40.0 * pendulum(u), [1.0, 1.0], 100.0, 500)
    assert not abs(float(energy(found) - energy(jnp.array([1.0, 1.0])))) < 1e-2
