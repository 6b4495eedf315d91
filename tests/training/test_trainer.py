"""The trainer finds what can be found, reproduces, and keeps its best snapshot."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.spec.errors import BadData
from gnomon.training.free_run import Verdict
from gnomon.training.trainer import Phase, Rates, Sequences, train

TRUE = np.array([[-0.1, 0.3], [-0.3, -0.1]], np.float32)
KEY = jax.random.key(3)


class Matrix(eqx.Module):
    """increment = z @ a."""

    a: jax.Array


def predict(model, window, forced):
    return window[-1] @ model.a


def spirals() -> Sequences:
    z = [np.random.default_rng(0).standard_normal((6, 1, 2)).astype(np.float32)]
    for _ in range(20):
        z.append(z[-1] + z[-1] @ TRUE)
    path = jnp.asarray(np.stack(z, axis=1))
    return Sequences(path, jnp.zeros((*path.shape[:3], 0), jnp.float32))


PHASES = (Phase(1, 200, 2), Phase(3, 200, 2))


def fit(judge, phases=PHASES, key=KEY):
    rates = Rates(jnp.float32(0.03), jnp.float32(0.0), jnp.float32(0.0))
    start = Matrix(jnp.zeros((2, 2), jnp.float32))
    return train(
        start,
        predict,
        spirals(),
        phases,
        rates,
        judge,
        delays=1,
        batch=16,
        spread=jnp.ones(2, jnp.float32),
        key=key,
    )


def closeness(model):
    return Verdict(-float(jnp.max(jnp.abs(model.a - TRUE))), 0.0, 0.0)


def test_recovers_a_linear_map():
    model, _, history = fit(closeness)
    np.testing.assert_allclose(model.a, TRUE, atol=2e-3)
    assert [h["unroll"] for h in history] == [1, 1, 3, 3]


def test_same_key_same_bits():
    one, other = fit(closeness)[0], fit(closeness)[0]
    assert np.array_equal(one.a, other.a)
    assert not np.array_equal(one.a, fit(closeness, key=jax.random.key(4))[0].a)


def test_keeps_the_best_snapshot():
    seen = []

    def first_is_best(model):
        seen.append(model)
        return Verdict(1.0 / len(seen), 0.0, 0.0)

    model, verdict, _ = fit(first_is_best)
    assert model is seen[0]
    assert verdict.valid_time == 1.0


def test_too_short_trajectories_are_named():
    with pytest.raises(BadData, match="at least 32"):
        fit(closeness, phases=(Phase(30, 10, 1),))
