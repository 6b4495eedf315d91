"""Linear inverse model and pattern scaling: what was planted is found, on any kind of state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.core.learner import Data
from gnomon.numerics.sphere.grid import gauss_latitudes
from gnomon.spec.cards import Grid, Knob, Variable, WorldCard
from gnomon.spec.errors import BadModel
from gnomon.spec.registry import build
from gnomon.testing.learners import check_learner

ROWS, COLUMNS = 8, 16
PROPAGATOR = np.array([[0.95, -0.2, 0.0], [0.2, 0.95, 0.0], [0.0, 0.0, 0.7]]) * 0.98
SLOPE = 2.5  # of the forced pattern


@pytest.fixture(scope="module")
def card():
    lat, lon, weights = gauss_latitudes(ROWS)
    grid = Grid(lat=tuple(lat), lon=tuple(lon), weights=tuple(weights))
    fields = dict(shape=(ROWS, COLUMNS), dims=("lat", "lon"))
    return WorldCard(
        name="linear_sphere", rung="sphere", summary="", dt=0.25, time_units="d",
        variables=(
            Variable(name="t", units="K", scale=2.0, obs_error=0.02, **fields),
            Variable(name="u", units="m s-1", scale=8.0, obs_error=0.08, **fields),
        ),
        knobs=(Knob(name="heat", default=0.0, low=-1.0, high=1.0, units="K", meaning="warming"),),
        timescale=2.0, spinup=1.0, exponents=1, references=(), grid=grid,
    )  # fmt: skip


@pytest.fixture(scope="module")
def data(card):
    """Three modes with known linear dynamics and a forced pattern; next to no observation error."""
    rng = np.random.default_rng(0)
    lat, lon = np.radians(card.grid.lat), np.radians(card.grid.lon)
    shapes = np.stack([
        np.cos(lat)[:, None] * np.cos(lon), np.cos(lat)[:, None] * np.sin(lon),
        np.sin(2 * lat)[:, None] * np.ones(COLUMNS),
    ])  # fmt: skip
    trajectories, steps = 24, 300
    z = rng.standard_normal((trajectories, 3))
    heat = np.linspace(-1, 1, trajectories)
    series = np.empty((trajectories, steps, 3))
    for t in range(steps + 100):
        z = z @ PROPAGATOR.T + 0.3 * rng.standard_normal(z.shape)
        if t >= 100:
            series[:, t - 100] = z
    field = np.einsum("ijk,kxy->ijxy", series, shapes)
    forced = SLOPE * heat[:, None, None, None] * np.cos(2 * lat)[:, None]
    noise = lambda scale: 1e-3 * scale * rng.standard_normal(field.shape)  # noqa: E731
    obs = {"t": 280 + field + forced + noise(2.0), "u": 10 + 4 * np.roll(field, 3, axis=-1) + noise(8.0)}
    return Data(
        obs=obs, forcing={"heat": np.broadcast_to(heat[:, None], (trajectories, steps)).copy()},
        time=np.arange(steps) * card.dt, train=np.arange(1, 24, 1)[:18], validation=np.arange(19, 24), card=card,
    )  # fmt: skip


def test_linear_inverse_finds_the_dynamics_that_made_the_data(data):
    with jax.enable_x64(True):
        fit = build("learners", "linear_inverse", {"budget": 12}).fit(data, key=jax.random.key(0))
        values = np.linalg.eigvals(np.asarray(fit.simulator.propagator))
    wanted = np.linalg.eigvals(PROPAGATOR)
    for value in wanted:
        assert np.abs(values - value).min() < 0.03
    assert fit.log["tried"] <= fit.log["budget"]
    assert fit.log["variance kept"] > 0.95


def test_noise_keeps_the_training_variance(data, card):
    with jax.enable_x64(True):
        sim = build("learners", "linear_inverse", {"budget": 2}).fit(data, key=jax.random.key(0)).simulator
        still = Forcing(times={"heat": jnp.zeros(1)}, values={"heat": jnp.zeros(1)})
        history = {k: jnp.asarray(v[0, :1]) for k, v in data.obs.items()}

        def step(state, n):
            new = sim.advance(state, still, time=0.0, key=jax.random.fold_in(jax.random.key(1), n))
            return new, sim.observe(new)["t"]

        start = sim.assimilate(history, still, time=0.0, key=jax.random.key(2))
        _, run = jax.jit(lambda s: jax.lax.scan(step, s, jnp.arange(6000)))(start)
    ratio = np.var(np.asarray(run)[500:], axis=0).mean() / np.var(data.obs["t"][data.train], axis=1).mean()
    assert 0.75 < ratio < 1.35  # training trajectories are short, so their own variance is a little low


def test_without_noise_runs_are_deterministic_and_fade(data):
    sim = (
        build("learners", "linear_inverse", {"noise": False, "budget": 2})
        .fit(data, key=jax.random.key(0))
        .simulator
    )
    assert not sim.card.stochastic
    assert not np.asarray(sim.noise).any()


@pytest.mark.parametrize("name", ["linear_inverse", "pattern_scaling"])
def test_forced_pattern_comes_back_and_extrapolates(data, card, name):
    with jax.enable_x64(True):
        sim = build("learners", name).fit(data, key=jax.random.key(0)).simulator
        gain = np.asarray(sim.mean.at(jnp.array([2.0])) - sim.mean.at(jnp.array([0.0])))[: ROWS * COLUMNS]
    wanted = 2 * SLOPE * np.cos(2 * np.radians(card.grid.lat))
    np.testing.assert_allclose(gain.reshape(ROWS, COLUMNS).mean(axis=1), wanted, atol=0.6)


@pytest.mark.parametrize("name", ["linear_inverse", "pattern_scaling", "persistence", "climatology"])
def test_contract_on_a_sphere(data, name):
    class Unused:
        """The contract asks no learner without a prior for the world."""

    with jax.enable_x64(True):
        check_learner(build("learners", name), Unused(), data, key=jax.random.key(1))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["linear", "nvar", "echo_state", "residual", "analogue"])
def test_what_cannot_hold_a_big_state_says_so_at_once(data, card, name):
    fields = tuple(
        Variable(name=f"v{i}", units="1", shape=(50, 60), dims=("lat", "lon"), scale=1.0, obs_error=0.1)
        for i in range(2)
    )
    lat, lon, weights = np.linspace(-88, 88, 50), np.arange(60) * 6.0, np.full(50, 0.02)
    big = WorldCard(
        name="big", rung="sphere", summary="", dt=0.25, time_units="d", variables=fields, knobs=card.knobs,
        timescale=2.0, spinup=1.0, exponents=1, references=(),
        grid=Grid(lat=tuple(lat), lon=tuple(lon), weights=tuple(weights)),
    )  # fmt: skip
    obs = {v.name: np.zeros((24, 10, 50, 60), np.float32) for v in fields}
    short = data._replace(
        obs=obs, card=big, time=data.time[:10], forcing={k: v[:, :10] for k, v in data.forcing.items()}
    )
    with pytest.raises(BadModel, match="too big"):
        build("learners", name).fit(short, key=jax.random.key(0))
