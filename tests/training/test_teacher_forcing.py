"""Forcing bounds the product of Jacobians; the estimators are what they say; the loss learns."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array

from gnomon.spec.errors import BadSpec
from gnomon.training.forced_estimates import best_forcing, jacobian_norm, spectral_norm
from gnomon.training.free_run import Verdict
from gnomon.training.teacher_forcing import (
    AbstractForcedCell,
    TeacherForced,
    driven,
    forced,
    forced_stage,
    gradient_norm,
)
from gnomon.training.trainer import Recipe, fit_weights
from gnomon.training.windows import Sequences


class LinearCell(AbstractForcedCell):
    """z' = M z + C s, all of it observed."""

    matrix: Array
    drive: Array

    def start(self, seen):
        return seen

    def step(self, state, inputs):
        return self.matrix @ state + self.drive @ inputs

    def observe(self, state):
        return state

    def signals(self, seen):
        return seen

    def ready(self):
        return self

    def bound(self):
        return spectral_norm(self.matrix)

    def penalty(self):
        return jnp.sum(self.matrix**2)


class TentCell(AbstractForcedCell):
    """z' = slope * tent(z): chaotic for a slope near 2, piecewise linear as the published networks are."""

    slope: Array

    def start(self, seen):
        return seen

    def step(self, state, inputs):
        return self.slope * jnp.minimum(state, 1.0 - state)

    def observe(self, state):
        return state

    def signals(self, seen):
        return seen

    def ready(self):
        return self

    def bound(self):
        return jnp.abs(self.slope)[0]

    def penalty(self):
        return jnp.zeros(())


class RectifierCell(AbstractForcedCell):
    """z' = z + outer relu(inner z + threshold) + offset."""

    inner: Array
    threshold: Array
    outer: Array
    offset: Array

    def start(self, seen):
        return seen

    def step(self, state, inputs):
        return state + self.outer @ jax.nn.relu(self.inner @ state + self.threshold) + self.offset

    def observe(self, state):
        return state

    def signals(self, seen):
        return seen

    def ready(self):
        return self

    def bound(self):
        return 1.0 + spectral_norm(self.outer) * spectral_norm(self.inner)

    def penalty(self):
        return jnp.zeros(())


def rk4_lorenz(u: np.ndarray, dt: float) -> np.ndarray:
    def slope(v):
        x, y, w = v
        return np.array([10 * (y - x), x * (28 - w) - y, x * y - 8 / 3 * w])

    a = slope(u)
    b = slope(u + dt / 2 * a)
    c = slope(u + dt / 2 * b)
    return u + dt / 6 * (a + 2 * b + 2 * c + slope(u + dt * c))


def linear(matrix) -> LinearCell:
    return LinearCell(jnp.asarray(matrix, jnp.float32), jnp.zeros((len(matrix), 0), jnp.float32))


def sequences(z: np.ndarray) -> Sequences:
    """[trajectory, time, channel] as a world of one site without knobs."""
    z = jnp.asarray(z)[:, :, None]
    return Sequences(z, jnp.zeros((*z.shape[:3], 0), z.dtype))


def tent_data(length: int, slope: float = 1.9) -> Sequences:
    x = np.empty((1, length, 1))
    x[0, 0] = 0.3137
    for t in range(1, length):
        x[0, t] = slope * np.minimum(x[0, t - 1], 1 - x[0, t - 1])
    return sequences(x)


def test_forced_state_is_the_mixture_and_leaves_the_rest():
    state, signal = jnp.array([1.0, 2.0, 3.0]), jnp.array([5.0])
    np.testing.assert_allclose(forced(state, signal, 0.25), [2.0, 2.0, 3.0])
    np.testing.assert_array_equal(forced(state, jnp.zeros(3), 1.0), jnp.zeros(3))


def test_driven_by_hand():
    cell = linear([[2.0]])
    seen = jnp.array([[1.0], [3.0], [5.0]])
    found, last = driven(cell, seen, jnp.zeros((2, 0)), jnp.array([0.5, 0.25]))
    # 1 -> 2, pulled halfway to 3: 2.5 -> 5; pulled to 5: 5
    np.testing.assert_allclose(found[:, 0], [2.0, 5.0])
    np.testing.assert_allclose(last, [5.0])
    free, _ = driven(cell, seen, jnp.zeros((2, 0)), jnp.zeros(2))
    np.testing.assert_allclose(free[:, 0], [2.0, 4.0])


def test_estimators_of_a_linear_map_agree_with_its_norm():
    matrix = np.array([[0.5, 1.5], [0.0, 0.7]])
    norm = np.linalg.norm(matrix, 2)
    seen, inputs = jnp.ones((3, 4, 2)), jnp.zeros((3, 4, 0))
    for estimator in ("bound", "maximum", "geometric", "arithmetic"):
        assert jacobian_norm(linear(matrix), estimator, seen, inputs) == pytest.approx(norm, rel=1e-5)
    assert best_forcing(jnp.asarray(norm)) == pytest.approx(1 - 1 / norm)
    assert best_forcing(jnp.asarray(0.5)) == 0.0
    with pytest.raises(BadSpec, match="one of"):
        jacobian_norm(linear(matrix), "guess", seen, inputs)


def test_arithmetic_mean_is_not_the_geometric_one():
    """Slopes of both signs cancel in the mean Jacobian and not in the mean of their norms."""
    cell = TentCell(jnp.array([1.9]))
    seen, inputs = jnp.array([[[0.2], [0.8]]]), jnp.zeros((1, 2, 0))
    assert jacobian_norm(cell, "arithmetic", seen, inputs) == pytest.approx(0.0, abs=1e-6)
    assert jacobian_norm(cell, "geometric", seen, inputs) == pytest.approx(1.9, rel=1e-5)


def norms(level: float, lengths: tuple[int, ...]) -> list[float]:
    with jax.enable_x64(True):
        data = tent_data(max(lengths) + 2)
        cell = TentCell(jnp.array([1.9 + 1e-3]))
        row = jnp.zeros((1, 2), jnp.int32)
        return [
            float(gradient_norm(TeacherForced(level=level, length=n, updates=10), cell, data, row))
            for n in lengths
        ]


def test_gradients_stay_bounded_under_the_best_forcing_and_explode_without():
    """(1 - a) * 1.9 = 0.95: the sum over the past of 0.95^k is at most 20 however long the sequence."""
    level = 1 - 0.95 / 1.901
    bounded = norms(level, (10, 100, 1000))
    assert all(g < 2 * 20 for g in bounded)
    free = norms(0.0, (10, 100, 400))
    assert free[0] < free[1] < free[2]
    assert np.log(free[2] / free[1]) / 300 == pytest.approx(np.log(1.9), rel=0.1)


def lorenz_cell(z: np.ndarray) -> RectifierCell:
    """A network that is Lorenz's flow: random rectifiers, and a readout by ridge regression on one step."""
    rng = np.random.default_rng(0)
    inner, threshold = rng.normal(size=(300, 3)), rng.uniform(-3, 3, 300)
    hidden = np.concatenate([np.maximum(z[:-1] @ inner.T + threshold, 0), np.ones((len(z) - 1, 1))], axis=1)
    outer = np.linalg.solve(hidden.T @ hidden + 1e-6 * np.eye(301), hidden.T @ (z[1:] - z[:-1]))
    return RectifierCell(*(jnp.asarray(a) for a in (inner, threshold, outer[:-1].T, outer[-1])))


def test_gradients_of_a_network_that_is_lorenz():
    """Sequences of up to 1,000 steps, 22 Lyapunov times: bounded under forcing, e^(exponent time) without."""
    with jax.enable_x64(True):
        z = np.empty((4000, 3))
        z[0] = [1.0, 2.0, 20.0]
        for t in range(1, len(z)):
            u = z[t - 1]
            for _ in range(5):
                u = rk4_lorenz(u, 0.005)
            z[t] = u
        z = (z - z.mean(0)) / z.std(0)
        cell = lorenz_cell(z[200:])
        data = sequences(z[None])
        sigma = jacobian_norm(cell, "maximum", jnp.asarray(z[None, ::8]), jnp.zeros((1, 500, 0)))
        level = float(best_forcing(sigma))
        assert 0.1 < level < 0.6

        def norm(level: float, length: int) -> float:
            loss = TeacherForced(level=level, length=length, updates=10)
            rows = jnp.stack([jnp.zeros(4, jnp.int32), 300 + 600 * jnp.arange(4, dtype=jnp.int32)], axis=1)
            many = eqx.filter_jit(
                lambda loss: jax.vmap(lambda r: gradient_norm(loss, cell, data, r[None]))(rows)
            )
            return float(np.median(many(loss)))

        bounded, free = ([norm(a, n) for n in (30, 300, 1000)] for a in (level, 0.0))
    assert max(bounded) < 3 * bounded[0]
    assert free[2] > 100 * free[1] > 1e4 * bounded[1]


def test_adaptive_strength_falls_towards_the_estimate_and_jumps_up_to_it():
    cell = linear([[1.25]])
    data = sequences(np.ones((1, 12, 1), np.float32))
    loss = TeacherForced(level=1.0, length=8, updates=100, estimator="bound", decay=0.5, every=5)
    row, key = jnp.zeros((1, 2), jnp.int32), jax.random.key(0)

    def after(memory: float, update: int) -> float:
        return float(loss(cell, jnp.float32(memory), data, row, jnp.float32(update / 100), key)[1])

    assert after(1.0, 0) == pytest.approx(0.6)  # half way from 1 to 1 - 1 / 1.25
    assert after(1.0, 1) == 1.0  # not due
    assert after(0.05, 5) == pytest.approx(0.2)  # below the estimate: taken at once


def test_sparse_forcing_pulls_at_the_interval_alone():
    cell = linear([[0.0]])
    data = sequences(np.arange(10, dtype=np.float32).reshape(1, 10, 1))
    loss = TeacherForced(level=1.0, interval=4, length=8, updates=1)
    np.testing.assert_array_equal(loss._pattern(), [0, 0, 0, 1, 0, 0, 0, 1])
    value, _ = loss(
        cell, loss.memory, data, jnp.zeros((1, 2), jnp.int32), jnp.float32(0.5), jax.random.key(0)
    )
    assert value == pytest.approx(np.mean(np.arange(1, 9) ** 2.0))


@pytest.mark.parametrize(("level", "estimator"), [(0.3, "fixed"), (1.0, "arithmetic"), (0.0, "fixed")])
def test_a_linear_map_is_learned(level, estimator):
    angle = 0.3
    true = 0.99 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    z = np.empty((2, 60, 2), np.float32)
    z[:, 0] = [[1.0, 0.0], [0.0, 2.0]]
    for t in range(1, 60):
        z[:, t] = z[:, t - 1] @ true.T
    data = sequences(z)
    loss = TeacherForced(level=level, estimator=estimator, length=10, updates=400, decay=0.9)
    stage = forced_stage(loss, data, snapshots=1, batch=8)
    verdict = Verdict(0.0, 0.0, 0.0)
    (trained,) = fit_weights(
        [linear(np.eye(2))],
        [stage],
        data,
        lambda _: verdict,
        Recipe(rate=2e-2, final=0.01),
        memory=loss.memory,
        key=jax.random.key(0),
    )
    np.testing.assert_allclose(trained.model.matrix, true, atol=2e-3)


def test_seeds_side_by_side_carry_their_own_strength():
    data = sequences(np.ones((1, 20, 1), np.float32))
    loss = TeacherForced(level=1.0, estimator="bound", length=5, updates=10, decay=0.0)
    stage = forced_stage(loss, data, snapshots=1, batch=2)
    models = [linear([[1.5]]), linear([[1.1]])]
    told = fit_weights(
        models, [stage], data, lambda _: Verdict(0.0, 0.0, 0.0), memory=loss.memory, key=jax.random.key(0)
    )
    assert len(told) == 2
    assert not np.array_equal(told[0].model.matrix, told[1].model.matrix)


def test_noise_and_warm_up_change_what_counts():
    cell = linear([[0.0]])
    z = np.zeros((1, 12, 1), np.float32)
    z[0, 1:4] = 100.0
    data = sequences(z)
    row = jnp.zeros((1, 2), jnp.int32)

    def value(**told) -> float:
        loss = TeacherForced(level=1.0, length=8, updates=1, **told)
        return float(loss(cell, loss.memory, data, row, jnp.float32(0.5), jax.random.key(0))[0])

    assert value() > 0
    assert value(warm=3) == 0.0
    same = eqx.tree_at(lambda c: c.matrix, cell, jnp.eye(1, dtype=jnp.float32))
    loss = TeacherForced(level=1.0, length=8, updates=1, warm=4, noise=1.0)
    assert loss(same, loss.memory, data, row, jnp.float32(0.5), jax.random.key(0))[0] > 0.05


@pytest.mark.parametrize(
    "told",
    [
        {"level": 1.5},
        {"level": 0.5, "estimator": "guess"},
        {"level": 0.5, "length": 0},
        {"level": 0.5, "warm": 9},
    ],
)
def test_nonsense_is_refused(told):
    with pytest.raises(BadSpec):
        TeacherForced(**{"length": 5, "updates": 1, **told})
