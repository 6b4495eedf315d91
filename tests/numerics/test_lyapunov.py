"""Lyapunov exponents where they are known, and the dimension that follows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.numerics.lyapunov import evolve_tangent, kaplan_yorke, lyapunov_exponents, start_tangent
from gnomon.spec.registry import build


def test_linear_map_gives_the_logarithms_of_its_eigenvalues():
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    values = np.asarray([1.5, 1.0, 0.6, 0.1])
    matrix = jnp.asarray(
        basis @ np.triu(np.full((4, 4), 0.3), 1) @ basis.T + basis @ np.diag(values) @ basis.T
    )
    found = lyapunov_exponents(
        lambda s, t: matrix @ s,
        jnp.zeros(4),
        k=4,
        blocks=50,
        steps_per_block=2,
        dt=0.5,
        discard=50,
        key=jax.random.key(0),
    )
    np.testing.assert_allclose(found, np.log(values) / 0.5, atol=1e-9)


def test_fewer_exponents_are_the_leading_ones_and_states_may_be_trees():
    def advance(state, time):
        return {"a": 2.0 * state["a"], "b": 0.5 * state["b"]}

    found = lyapunov_exponents(
        advance, {"a": jnp.ones(2), "b": jnp.ones((2, 2))}, k=3, blocks=20, steps_per_block=1, dt=1.0,
        discard=60, key=jax.random.key(1),
    )  # fmt: skip
    np.testing.assert_allclose(found, np.log([2.0, 2.0, 0.5]), atol=1e-9)


def test_a_map_that_depends_on_time_is_given_the_time():
    found = lyapunov_exponents(
        lambda s, t: s * jnp.exp(0.1 * t), jnp.ones(1), k=1, blocks=10, steps_per_block=1, dt=0.1, discard=0,
        time=3.0, key=jax.random.key(0),
    )  # fmt: skip
    assert float(found[0]) == pytest.approx(np.mean(0.1 * (3.0 + 0.1 * np.arange(10))) / 0.1)


def test_chunks_continue_one_another():
    def advance(s, t):
        return jnp.sin(s + 0.3 * jnp.roll(s, 1)) * 1.5

    whole = start_tangent(jnp.asarray([0.1, 0.2, 0.3]), k=2, key=jax.random.key(2))
    _, together = evolve_tangent(advance, whole, blocks=6, steps_per_block=3, dt=1.0)
    half, first = evolve_tangent(advance, whole, blocks=2, steps_per_block=3, dt=1.0)
    _, second = evolve_tangent(advance, half, blocks=4, steps_per_block=3, dt=1.0)
    np.testing.assert_allclose(np.concatenate([first, second]), together, rtol=1e-12)


def test_a_constant_map_has_no_infinite_exponent():
    found = lyapunov_exponents(
        lambda s, t: jnp.zeros_like(s),
        jnp.ones(2),
        k=2,
        blocks=3,
        steps_per_block=1,
        dt=1.0,
        key=jax.random.key(0),
    )
    assert bool(jnp.isfinite(found).all())
    assert float(found.max()) < -500


def test_exponents_of_lorenz63_sum_to_its_divergence():
    world = build("worlds", "lorenz63")
    forcing = Forcing(times={"rho": jnp.zeros(1)}, values={"rho": jnp.asarray([28.0])})
    keys = jax.random.split(jax.random.key(3), 32)

    @jax.jit
    def spectra(keys):
        def one(key):
            def advance(state, time):
                return world.step(state, forcing, time=time, key=key)

            start = jax.lax.fori_loop(0, 1000, lambda i, s: advance(s, 0.0), world.init(key=key))
            return lyapunov_exponents(
                advance, start, k=3, blocks=80, steps_per_block=10, dt=world.card.dt, discard=40, key=key
            )

        return jax.vmap(one)(keys)

    found = np.asarray(spectra(keys))
    np.testing.assert_allclose(found.sum(1), -(10 + 1 + 8 / 3), atol=1e-4)
    error = found.std(0, ddof=1) / np.sqrt(len(found))
    assert abs(found[:, 0].mean() - 0.9056) < 4 * error[0]
    assert abs(found[:, 1].mean()) < 4 * error[1] + 1e-3


def test_too_many_exponents_are_refused():
    with pytest.raises(ValueError, match="at most 2"):
        start_tangent(jnp.ones(2), k=3, key=jax.random.key(0))


@pytest.mark.parametrize(
    ("exponents", "size", "dimension"),
    [
        ([0.9056, 0.0, -14.572], None, 2 + 0.9056 / 14.572),
        ([-14.572, 0.9056, 0.0], None, 2 + 0.9056 / 14.572),
        ([0.0, -1.0], None, 1.0),
        ([-0.1, -1.0], None, 0.0),
        ([0.5, 0.1], None, None),
        ([0.5, -0.5], 2, 2.0),
        ([0.5, -0.5], 3, None),
    ],
)
def test_kaplan_yorke(exponents, size, dimension):
    found = kaplan_yorke(np.asarray(exponents), size)
    assert found == (None if dimension is None else pytest.approx(dimension))


def test_kaplan_yorke_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="NaN"):
        kaplan_yorke(np.asarray([1.0, np.nan]))
