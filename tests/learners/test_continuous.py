"""Learners in continuous time against systems whose answers are known."""

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest
import scipy.linalg

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.learners.corrected_physics import CorrectedPhysics
from gnomon.learners.hamiltonian_network import HamiltonianNetwork
from gnomon.learners.neural_ode import NeuralODE
from gnomon.learners.neural_sde import NeuralSDE, energy_score
from gnomon.learners.vector_field import DrivenField
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from tests.learners.training_data import make_data

DAMPED = np.asarray([[-0.1, 1.0], [-1.0, -0.1]])


def data_of(paths: np.ndarray, dt: float, error: float = 1e-3) -> Data:
    """[trajectory, time, 2] as observations `x` and `y` of a made-up world whose knob does nothing."""
    card = build("worlds", "henon_heiles").card
    variables = tuple(
        msgspec.structs.replace(v, scale=float(paths[..., i].std()), obs_error=error)
        for i, v in enumerate(card.variables[:2])
    )
    card = msgspec.structs.replace(card, variables=variables, dt=dt, timescale=1.0)
    count, length = paths.shape[:2]
    knob = card.knobs[0]
    return Data(
        obs={v.name: paths[..., i] for i, v in enumerate(variables)},
        forcing={knob.name: np.full((count, length), knob.default)},
        time=dt * np.arange(length),
        train=np.arange(count - 2),
        validation=np.arange(count - 2, count),
        card=card,
    )


def linear_paths(matrix: np.ndarray, dt: float, count: int, length: int) -> np.ndarray:
    """Exact solutions from random starts."""
    rng = np.random.default_rng(0)
    step, z = scipy.linalg.expm(matrix * dt), rng.normal(size=(count, 2))
    out = [z]
    for _ in range(length - 1):
        out.append(out[-1] @ step.T)
    return np.stack(out, axis=1)


def run(simulator, data: Data, steps: int, row: int = 0) -> np.ndarray:
    """[step, 2] a free run from the beginning of a validation trajectory."""
    at = data.validation[row]
    forcing = Forcing(
        {k: jnp.asarray(data.time) for k in data.forcing},
        {k: jnp.asarray(v[at]) for k, v in data.forcing.items()},
    )
    state = simulator.assimilate(
        {k: jnp.asarray(v[at, :1]) for k, v in data.obs.items()}, forcing, time=0.0, key=jax.random.key(0)
    )

    def step(state, n):
        key = jax.random.fold_in(jax.random.key(1), n)
        new = simulator.advance(state, forcing, time=n * data.card.dt, key=key)
        return new, jnp.stack(list(simulator.observe(new).values()))

    return np.asarray(jax.jit(lambda s: jax.lax.scan(step, s, jnp.arange(steps))[1])(state))


def test_neural_ode_finds_the_matrix_of_a_linear_system():
    dt = 0.3
    data = data_of(linear_paths(DAMPED, dt, 10, 40), dt)
    learner = NeuralODE(budget=1, width=8, depth=1, updates=300, batch=64)
    fit = learner.fit(data, key=jax.random.key(0))
    simulator = fit.simulator
    assert fit.log["evaluations"] == 6.0
    forced = jnp.zeros((2, 1, 1))
    field = DrivenField(simulator.network, simulator.patches, simulator.spread, forced)
    jacobian = jax.jacfwd(lambda z: field(0.0, z[None], None)[0])(jnp.zeros(2))
    found = np.linalg.eigvals(np.asarray(jacobian) / dt)
    np.testing.assert_allclose(sorted(found.imag), [-1.0, 1.0], atol=0.03)
    np.testing.assert_allclose(found.real, -0.1, atol=0.03)
    free = run(simulator, data, 20)
    truth = np.stack([v[data.validation[0], 1:21] for v in data.obs.values()], axis=1)
    assert np.abs(free - truth).max() < 0.1 * np.abs(truth).max()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["global", "local"])
def test_adaptive_and_regularised_keep_the_contract(kind):
    world = build("worlds", "lorenz63")
    data = make_data(world, train=4, validation=2, steps=60)
    learner = NeuralODE(
        budget=1,
        width=8,
        depth=1,
        updates=6,
        batch=16,
        unroll=1,
        solver="adaptive",
        regularise=kind,
        heuristic="both",
    )
    fit = check_learner(learner, world, data, eager=False, key=jax.random.key(0))
    assert fit.log["evaluations"] >= 7.0


def test_what_cannot_be_asked_is_refused():
    data = data_of(linear_paths(DAMPED, 0.3, 4, 20), 0.3)
    wrong = [
        (NeuralODE(regularise="local"), "adaptive"),
        (NeuralODE(solver="magic"), "solver"),
        (NeuralSDE(train="hope"), "train"),
        (CorrectedPhysics(), "imperfect physics"),
        (HamiltonianNetwork(positions="x"), "momentum"),
        (HamiltonianNetwork(positions="x", momenta="z"), "each variable"),
    ]
    for learner, said in wrong:
        with pytest.raises(BadSpec, match=said):
            learner.fit(data, key=jax.random.key(0))


@pytest.mark.slow
def test_neural_sde_finds_drift_and_noise_of_an_autoregression():
    rng, memory, noise, error = np.random.default_rng(0), 0.8, 0.5, 0.2
    x = [rng.normal(size=(14, 2)) * noise / np.sqrt(1 - memory**2)]
    for _ in range(199):
        x.append(memory * x[-1] + noise * rng.normal(size=(14, 2)))
    seen = np.stack(x, axis=1)
    seen = seen + error * rng.normal(size=seen.shape)
    data = data_of(seen, 1.0, error)
    learner = NeuralSDE(budget=1, width=8, depth=1, updates=400, batch=256)
    simulator = learner.fit(data, key=jax.random.key(0)).simulator
    assert simulator.card.stochastic
    forced = jnp.zeros((2, 1, 1))
    states = jax.random.normal(jax.random.key(1), (300, 1, 2))
    moments = jax.vmap(lambda z: simulator.scheme.moments(simulator.model, z, forced))(states)
    mean, variance = (np.asarray(m) for m in moments)
    # what a regression sees: memory shrunk by the error in the start, and the noise that is left of the variance
    signal = noise**2 / (1 - memory**2)
    shrunk = memory * signal / (signal + error**2)
    left = memory**2 * signal * error**2 / (signal + error**2)  # of the start, given its observation
    # two errors are taken out of the variance, the regression carries one and what is left of the other
    expected = noise**2 + left - error**2
    slope = np.sum(mean * states) / np.sum(states**2)
    np.testing.assert_allclose(slope, shrunk, atol=0.05)
    found = variance.mean((0, 1)) * np.asarray(simulator.scheme.patches.std) ** 2
    np.testing.assert_allclose(found, expected, rtol=0.15)
    free = run(simulator, data, 3000)
    assert 0.75 < free.std() / np.sqrt(signal) < 1.25
    assert not np.array_equal(free[:10], free[10:20])


def test_energy_score_is_least_for_the_right_spread():
    key = jax.random.key(0)
    truth = jax.random.normal(key, (4000, 1, 1))

    def score(spread):
        runs = spread * jax.random.normal(jax.random.fold_in(key, 1), (8, 4000, 1, 1))
        return float(energy_score(runs, truth))

    assert score(1.0) < min(score(0.5), score(2.0))


@pytest.mark.slow
@pytest.mark.parametrize("canonical", [True, False])
def test_only_the_canonical_form_is_symplectic(canonical):
    data = data_of(linear_paths(np.asarray([[0.0, 1.0], [-1.0, 0.0]]), 0.3, 6, 30), 0.3)
    names = {"positions": "x", "momenta": "y"} if canonical else {}
    learner = HamiltonianNetwork(budget=1, width=8, depth=1, updates=4, batch=8, unroll=1, **names)
    simulator = learner.fit(data, key=jax.random.key(0)).simulator
    forced = jnp.zeros((2, 1, 1))
    z = jnp.asarray([0.7, -0.4])
    moved = jax.jacfwd(lambda z: simulator.flow.step(simulator.patches, z[None], forced)[0])(z)
    twist = np.asarray([[0.0, 1.0], [-1.0, 0.0]])
    off = np.abs(np.asarray(moved).T @ twist @ np.asarray(moved) - twist).max()
    assert (off < 1e-6) == canonical, f"area changes by {off}"


@pytest.mark.slow
def test_hamiltonian_keeps_the_energy_of_an_oscillator():
    data = data_of(linear_paths(np.asarray([[0.0, 1.0], [-1.0, 0.0]]), 0.3, 10, 40), 0.3)
    learner = HamiltonianNetwork(
        budget=1, positions="x", momenta="y", width=8, depth=1, updates=300, batch=64, unroll=2
    )
    simulator = learner.fit(data, key=jax.random.key(0)).simulator
    free = run(simulator, data, 2000)
    energy = (free**2).sum(1)
    assert np.abs(energy / energy[0] - 1).max() < 0.25  # a learned oscillation, not a drift
    assert abs(energy[-200:].mean() / energy[:200].mean() - 1) < 0.02


@pytest.mark.parametrize("way", ["additive", pytest.param("tendency", marks=pytest.mark.slow)])
def test_correction_mends_a_wrong_damping(way):
    world = build("worlds", "lorenz96", {"n": 8})
    physics = build("worlds", "lorenz96", {"n": 8, "damping": 0.5})
    data = make_data(world, train=6, validation=2, steps=100)
    learner = CorrectedPhysics(budget=1, way=way, width=8, depth=1, radius=1, updates=80, batch=256, unroll=2)
    fit = learner.fit(data, prior=physics, key=jax.random.key(0))
    at = int(data.validation[0])
    before, after = jnp.asarray(data.obs["x"][at, :-1]), data.obs["x"][at, 1:]
    knob = jnp.asarray(data.forcing["F"][at])
    forcing = Forcing({"F": jnp.asarray(data.time)}, {"F": knob})
    times = jnp.asarray(data.time[:-1])
    key = jax.random.key(0)

    def corrected(x, time):
        state = fit.simulator.assimilate({"x": x[None]}, forcing, time=time, key=key)
        return fit.simulator.observe(fit.simulator.advance(state, forcing, time=time, key=key))["x"]

    wrong = jax.vmap(lambda x, t: physics.step(x, forcing, time=t, key=key))(before, times)
    right = jax.vmap(corrected)(before, times)
    ratio = np.std(np.asarray(right) - after) / np.std(np.asarray(wrong) - after)
    assert ratio < 0.3, f"error after the correction over error of the physics: {ratio:.2f}"
