"""Recurrent learners: the contract, and cases whose answer is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.almost_linear_rnn import AlmostLinearRnn, almost_linear_cell
from gnomon.learners.hankel_network import HankelNetwork, Structured, hankel_cell
from gnomon.learners.lstm import Lstm, lstm_cell
from gnomon.learners.recurrent_simulator import World
from gnomon.learners.shallow_plrnn import ShallowPlrnn, shallow_cell
from gnomon.numerics.symbolic_code import (
    block_entropy,
    code_summary,
    entropy_rate,
    itinerary,
    region_symbols,
    topological_entropy,
    transition_counts,
    visited_regions,
)
from gnomon.spec.errors import BadData, BadSpec
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner
from gnomon.training.forced_estimates import spectral_norm
from gnomon.training.teacher_forcing import AbstractForcedCell
from gnomon.training.windows import Sequences
from tests.learners.training_data import make_data

SMALL = {"budget": 1, "units": 6, "updates": 12, "batch": 4, "snapshots": 2, "length": 12}


def world_of(channels: int, inputs: int) -> World:
    rng = np.random.default_rng(0)
    z = jnp.asarray(rng.normal(size=(2, 20, 1, channels)), jnp.float32)
    return World(Sequences(z, jnp.zeros((2, 20, 1, inputs))), channels, inputs, (0.1,) * channels)


@pytest.mark.slow
def test_contract_and_log():
    """The others are checked with all registered learners."""
    world = build("worlds", "lorenz63", {})
    data = make_data(world, train=4, validation=2, steps=90)
    fit = check_learner(AlmostLinearRnn(**SMALL), world, data, eager=False, key=jax.random.key(0))
    assert fit.log["gain"] in [row["gain"] for row in fit.log["gains"]]
    assert 1 <= fit.log["code"]["regions"] <= 4


CELLS = {
    "shallow": lambda w, k: shallow_cell(w, w.channels, 7, key=k),
    "shallow, more": lambda w, k: shallow_cell(w, w.channels + 2, 7, key=k),
    "shallow, fewer": lambda w, k: shallow_cell(w, w.channels - 1, 7, key=k),
    "almost linear": lambda w, k: almost_linear_cell(w, 8, 2, key=k),
    "lstm": lambda w, k: lstm_cell(w, 5, key=k),
    "hankel": lambda w, k: hankel_cell(w, 3, 16, 2, 2, key=k),
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_keep_their_contract(name):
    """The inverted observation model inverts; the parameter bound bounds; knobs are heard."""
    world = world_of(3, 1)
    cell: AbstractForcedCell = CELLS[name](world, jax.random.key(1))
    rng = np.random.default_rng(1)
    for _ in range(5):
        state = jnp.asarray(rng.normal(size=cell.start(jnp.zeros(3)).shape), jnp.float32)
        signal = cell.signals(cell.observe(state))
        np.testing.assert_allclose(signal, state[: len(signal)], atol=1e-4)
        slope = jax.jacfwd(cell.step)(state, jnp.zeros(1))
        assert spectral_norm(slope) <= cell.bound() * (1 + 1e-5)
    moved = cell.step(state, jnp.ones(1)) - cell.step(state, jnp.zeros(1))
    if name != "hankel":  # which starts with a silent output
        assert np.abs(moved).max() > 1e-4
    again = cell.ready().step(state, jnp.ones(1))
    np.testing.assert_allclose(again, cell.step(state, jnp.ones(1)), rtol=1e-5, atol=1e-6)


def test_structured_matrix_is_what_it_says():
    rng = np.random.default_rng(0)
    n, terms = 5, 2
    d, c, e = (rng.normal(size=(terms, n)) for _ in range(3))
    s = Structured(jnp.asarray(d), jnp.asarray(c), jnp.asarray(e), jnp.zeros(n))
    x = rng.normal(size=n)
    wanted = sum(e[k] * np.fft.ifft(np.fft.fft(c[k]) * np.fft.fft(d[k] * x)).real for k in range(terms))
    np.testing.assert_allclose(s.matrix() @ x, wanted, rtol=1e-4, atol=1e-5)


def test_clipped_form_stays_bounded():
    """|A| < 1 and clipped rectifiers: no start leads away, which the unclipped form does not promise."""
    cell = shallow_cell(world_of(3, 0), 3, 20, key=jax.random.key(0))
    assert np.all(np.abs(cell.relaxation) <= 1)
    state = jnp.full(3, 1e3)
    end = jax.lax.scan(lambda z, _: (0.9 * cell.step(z, jnp.zeros(0)), None), state, None, length=500)[0]
    most = jnp.abs(cell.outer).sum(axis=1) * jnp.abs(cell.threshold).max()
    assert np.all(np.abs(end) <= 9 * most + 1e-3)


def test_wrong_arguments_are_refused():
    data = make_data(build("worlds", "lorenz63", {}), train=2, validation=1, steps=40)
    key = jax.random.key(0)
    for learner in (
        ShallowPlrnn(hidden=0),
        AlmostLinearRnn(rectified=30),
        Lstm(warm=99),
        HankelNetwork(delays=40),
        ShallowPlrnn(context=100),
    ):
        with pytest.raises(BadSpec):
            learner.fit(data, key=key)


def test_symbols_are_bits():
    z = np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 2.0], [3.0, 0.5]])
    np.testing.assert_array_equal(region_symbols(z), [0, 1, 2, 3])
    with pytest.raises(BadData, match="62"):
        region_symbols(np.zeros((2, 63)))


def test_visits_and_itinerary():
    s = np.array([5, 5, 2, 2, 2, 5])
    found, shares = visited_regions(s)
    np.testing.assert_array_equal(found, [2, 5])
    np.testing.assert_allclose(shares, [0.5, 0.5])
    np.testing.assert_array_equal(itinerary(s), [5, 2, 5])
    np.testing.assert_array_equal(transition_counts(s[None]), [[2, 1], [1, 1]])


def test_entropies_of_known_maps():
    golden = np.array([[True, True], [True, False]])
    assert topological_entropy(golden) == pytest.approx(np.log((1 + 5**0.5) / 2))
    assert topological_entropy(np.array([[False, True], [False, False]])) == -np.inf
    assert topological_entropy(np.array([[False, True], [True, False]])) == pytest.approx(0.0)
    # the logistic map at 4 with the generating partition at 1/2: log 2 a step
    x = np.empty((20, 5000))
    x[:, 0] = np.random.default_rng(0).random(20)
    for t in range(1, 5000):
        x[:, t] = np.clip(4 * x[:, t - 1] * (1 - x[:, t - 1]), 1e-12, 1 - 1e-12)
    symbols = region_symbols(x[..., None] - 0.5)
    assert entropy_rate(symbols, 6) == pytest.approx(np.log(2), rel=0.01)
    period = np.tile([0, 1, 1], 100)[None]
    assert entropy_rate(period, 3) == pytest.approx(0.0, abs=0.01)
    assert block_entropy(period, 1) == pytest.approx(np.log(3) - 2 / 3 * np.log(2), abs=0.01)
    with pytest.raises(BadData, match="words"):
        block_entropy(period, 1000)


def test_tent_map_is_an_almost_linear_network_with_two_regions():
    """x' = s min(x, 1 - x) = s x - 2 s relu(x - 1/2), with unit 2 carrying x - 1/2."""
    s = 1.9
    cell = almost_linear_cell(world_of(1, 0), 2, 1, key=jax.random.key(0))
    cell = type(cell)(
        relaxation=jnp.zeros(2),
        weights=jnp.array([[s, -2 * s], [s, -2 * s]]),
        offset=jnp.array([0.0, -0.5]),
        drive=jnp.zeros((2, 0)),
        lift=cell.lift,
        channels=1,
        rectified=1,
    )
    with jax.enable_x64(True):
        first = jnp.array([0.3137, 0.3137 - 0.5])
        step = lambda z, _: (cell.step(z, jnp.zeros(0)), z)  # noqa: E731
        states = np.asarray(jax.lax.scan(step, first, None, length=4000)[1])
    x = states[:, 0]
    np.testing.assert_allclose(x[1:], s * np.minimum(x[:-1], 1 - x[:-1]), atol=1e-6)
    code = code_summary(region_symbols(states[None, :, 1:]), most=2)
    assert code["regions"] == 2
    assert code["entropy_rate"] == pytest.approx(np.log(s), rel=0.1)
