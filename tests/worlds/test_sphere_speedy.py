"""The moist atmosphere: one compiled function carries every test here (T21, two days).

`check_world` as a whole does not hold for so big a world, and is not called: `lift` reproduces the observations of
another state only as far as eight layers and the truncation allow (here: most of the difference), and the spin-up at
both ends of every knob would take minutes. What it checks besides is checked here one by one.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.worlds.sphere.levels import GRAVITY
from gnomon.worlds.sphere.machine import column_of, grid_state, native
from gnomon.worlds.sphere.speedy import Speedy

LANES, STEPS = 4, 8
RANGES = {  # of single points and moments, on an atmosphere like ours with T21's polar night
    "ta1000": (210, 330), "ta850": (205, 320), "ta500": (195, 290), "ta250": (170, 255), "ta50": (130, 250),
    "ua250": (-90, 130), "va250": (-90, 90), "hus850": (0, 0.03), "hus50": (0, 1e-4), "zg500": (4500, 6100),
    "psl": (9.5e4, 1.06e5), "ps": (4.5e4, 1.08e5), "tas": (205, 330), "pr": (0, 5e-3), "evspsbl": (-2e-4, 1e-3),
    "rtmt": (-350, 450),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _double_precision():
    """Studies of the sphere run in single precision; so do these tests."""
    with jax.enable_x64(False):
        yield


@eqx.filter_jit
def _run(world, states, forcing):
    """Eight steps of every lane under its own forcing: last states, observations [lane, step, ...]."""

    def lane(state, own):
        def saved(carry, i):
            carry = world.step(carry, own, time=i * 0.25, key=jax.random.key(0))
            return carry, world.observe(carry)

        return jax.lax.scan(saved, state, jnp.arange(STEPS))

    return jax.vmap(lane)(states, forcing)


def _steady(enso, warming):
    values = {"enso": jnp.asarray(enso)[:, None], "warming": jnp.asarray(warming)[:, None]}
    return Forcing(times={k: jnp.zeros((LANES, 1)) for k in values}, values=values)


@pytest.fixture(scope="module")
def world():
    with jax.enable_x64(False):
        return Speedy()


@pytest.fixture(scope="module")
def came(world):
    """Four states, two days after `init`, and what was seen on the way; the second pair starts like the first."""
    with jax.enable_x64(False):
        keys = jax.random.split(jax.random.key(0), 2)
        states = eqx.filter_jit(lambda w, k: jax.vmap(lambda one: w.init(key=one))(k))(world, keys)
        doubled = jax.tree.map(lambda x: jnp.concatenate([x, x]), states)
        return _run(world, doubled, _steady(np.zeros(4), np.zeros(4)))


@pytest.fixture(scope="module")
def settled(came):
    """Those four states."""
    return came[0]


@pytest.fixture(scope="module")
def ran(world, settled):
    """Two more days: lanes 0 and 1 at the defaults, lane 2 with a warm event, lane 3 four kelvin warmer."""
    with jax.enable_x64(False):
        return _run(world, settled, _steady(np.array([0.0, 0.0, 2.0, 0.0]), np.array([0.0, 0.0, 0.0, 4.0])))


def _globally(world, field):
    return (np.asarray(field, float).mean(-1) * np.asarray(world.card.grid.weights)).sum(-1)


def test_observations_keep_the_card(world, ran):
    obs = ran[1]
    assert list(sorted(obs)) == sorted(v.name for v in world.card.variables)
    for v in world.card.variables:
        assert obs[v.name].shape == (LANES, STEPS, *v.shape)
        assert obs[v.name].dtype == jnp.float32
        assert np.isfinite(obs[v.name]).all()


@pytest.mark.parametrize("name", RANGES)
def test_observations_are_an_atmosphere(ran, name):
    low, high = RANGES[name]
    x = np.asarray(ran[1][name])
    assert low <= x.min()
    assert x.max() <= high


def test_latitude_runs_from_south_to_north(world, ran):
    """January: it is colder in the north, and the Himalaya is high."""
    ta = np.asarray(ran[1]["ta850"])[:2].mean((0, 1, -1))
    assert ta[-4] < ta[3]
    rows = world.card.grid.lat
    high = np.asarray(ran[1]["ps"])[0, 0].min(axis=1).argmin()
    assert 20 < rows[high] < 45


def test_scales_are_of_the_size_of_differences_between_states(world, ran):
    obs = ran[1]
    for v in world.card.variables:
        gap = np.asarray(obs[v.name])[0, -1] - np.asarray(obs[v.name])[1, -1]
        size = np.sqrt(_globally(world, gap**2) / 2) / v.scale
        assert 0.3 < size < 2.5, v.name


def test_mean_pressure_and_dry_mass_stay(world, ran):
    obs = {k: np.asarray(v, float) for k, v in ran[1].items()}
    assert abs(_globally(world, obs["psl"][:2]).mean() - 1.011e5) < 300.0
    drift = _globally(world, obs["ps"][:, -1]) - _globally(world, obs["ps"][:, 0])
    assert np.abs(drift).max() < 20.0


def test_vapour_changes_by_evaporation_less_rain(world, settled, ran):
    """Over two days, from the model's own layers: to within a tenth of what has fallen."""
    machine = world.machine
    thickness = np.diff(np.array([0.0, 0.05, 0.14, 0.26, 0.42, 0.6, 0.77, 0.9, 1.0]))

    def vapour(states):
        column = jax.jit(jax.vmap(lambda a: column_of(grid_state(machine, a))))(states.air)
        layers = np.asarray(column.humidity, float) * thickness[:, None, None]
        return _globally(world, layers.sum(1) * np.asarray(column.pressure) / GRAVITY)

    gained = vapour(ran[0]) - vapour(settled)
    fallen = _globally(world, ran[1]["pr"]).sum(1) * 21600
    risen = _globally(world, ran[1]["evspsbl"]).sum(1) * 21600
    assert (np.abs(gained - (risen - fallen)) < 0.1 * fallen).all()


def test_radiation_at_the_top_is_near_balance(world, ran):
    assert np.abs(_globally(world, ran[1]["rtmt"])[:2].mean()) < 40.0


def test_knobs_reach_the_state_and_only_from_where_they_act(world, ran):
    obs = ran[1]
    grid = world.card.grid
    pattern = np.reshape(world.card.knob("enso").pattern, (32, 64)) > 1.0
    warmer = np.asarray(obs["tas"])[2, -1] - np.asarray(obs["tas"])[0, -1]
    assert warmer[pattern].mean() > 0.5
    sea = np.reshape(grid.land, (32, 64)) == 0
    tropics = sea & (np.abs(np.asarray(grid.lat)) < 30)[:, None]
    warmed = np.asarray(obs["tas"])[3, -1] - np.asarray(obs["tas"])[1, -1]
    assert 1.0 < warmed[tropics].mean() < 4.5
    assert _globally(world, obs["evspsbl"])[3, 0] > 1.05 * _globally(world, obs["evspsbl"])[1, 0]


def test_perpetual_month_has_no_clock(settled, ran):
    np.testing.assert_array_equal(settled.clock, ran[0].clock)


def test_same_start_gives_the_same_bits_and_other_keys_other_starts(settled):
    air = settled.air
    np.testing.assert_array_equal(air.temperature[0], air.temperature[2])
    assert np.abs(air.temperature[0] - air.temperature[1]).max() > 1.0


def test_state_is_made_of_real_numbers(settled):
    assert all(jnp.issubdtype(x.dtype, jnp.floating) for x in jax.tree.leaves(settled))


@pytest.fixture(scope="module")
def lifted(world, came):
    """Observations of the first state, of the second, of the first lifted to the second; and the first to itself."""
    with jax.enable_x64(False):
        one = jax.tree.map(lambda x: x[0], came[0])
        both = {k: v[:2, -1] for k, v in came[1].items()}  # of the last states

        @eqx.filter_jit
        def work(w, targets, a):
            moved = jax.vmap(lambda o: w.lift(o, a))(targets)
            return w.observe(jax.tree.map(lambda x: x[1], moved)), jax.tree.map(lambda x: x[0], moved)

        return one, both, *work(world, both, one)


def test_lift_undoes_observe(lifted):
    one, _, _, again = lifted
    assert jax.tree.structure(again) == jax.tree.structure(one)
    for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(one), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * float(np.abs(b).max()))


def test_lift_brings_most_of_another_state(world, lifted):
    _, both, got, _ = lifted
    for name in ("pr", "tas", "evspsbl", "rtmt"):
        np.testing.assert_array_equal(got[name], both[name][1])
    for name in ("ta850", "ta500", "ua850", "ua250", "va500", "hus700", "ps", "zg500", "psl"):
        start, wanted = np.asarray(both[name])
        before = np.sqrt(_globally(world, (start - wanted) ** 2))
        after = np.sqrt(_globally(world, (np.asarray(got[name]) - wanted) ** 2))
        assert after < 0.35 * before, (name, after / before)
    assert float(got["hus700"].min()) >= 0.0


def test_twin_differs_by_more_than_the_observation_error_after_a_day(world, settled, ran):
    tuned = list(world.card.imperfect)
    twin = eqx.tree_at(
        lambda w: [getattr(w, k) for k in tuned], world, [jnp.asarray(world.card.imperfect[k]) for k in tuned]
    )
    _, obs = _run(twin, settled, _steady(np.zeros(4), np.zeros(4)))
    square = [
        _globally(world, ((np.asarray(obs[v.name]) - np.asarray(ran[1][v.name]))[0, 3] / v.scale) ** 2)
        for v in world.card.variables
    ]
    assert 0.1 < np.sqrt(np.mean(square)) < 1.0


@pytest.mark.oracle
@pytest.mark.slow
def test_a_step_is_twelve_of_jcms_own():
    """The bare model, started from the same air under the same boundary, six hours on."""
    from jcm.model import Model

    world = Speedy(calendar="annual")
    state = eqx.filter_jit(lambda w: w.init(key=jax.random.key(3)))(world)
    own = jax.tree.map(lambda x: x[0], _steady(np.zeros(4), np.zeros(4)))
    after = eqx.filter_jit(lambda w, s: w.step(s, own, time=jnp.asarray(0.0), key=jax.random.key(0)))(
        world, state
    )
    still = world.boundary(jnp.asarray(15.625), {"enso": jnp.asarray(0.0), "warming": jnp.asarray(0.0)})
    machine = world.machine
    model = Model(dycore=machine.core, terrain=machine.terrain, start_time="2001-01-16T12:00:00")
    told = model.run(initial_state=native(state.air), forcing=still, save_interval=0.25, total_time=0.25)
    bare = column_of(jax.tree.map(lambda x: x[0], told.dynamics))
    mine = column_of(grid_state(machine, after.air))  # negative humidity is cut in what either shows
    np.testing.assert_allclose(mine.temperature, bare.temperature, atol=0.02)
    np.testing.assert_allclose(mine.u, bare.u, atol=0.02)
    np.testing.assert_allclose(mine.humidity, bare.humidity, atol=2e-5)


@pytest.mark.slow
def test_t31_steps_from_its_own_pool_and_holds_cyclones():
    """Ten days of sea-level pressure: some lows live for two days, and they lie where lows belong."""
    from gnomon.measures.cyclones.preset import track
    from gnomon.worlds.sphere.pool import own_pool

    assert own_pool("speedy", 31, "january")
    world = Speedy(truncation=31)
    state = eqx.filter_jit(lambda w: w.init(key=jax.random.key(0)))(world)
    own = jax.tree.map(lambda x: x[0], _steady(np.zeros(4), np.zeros(4)))

    @eqx.filter_jit
    def ten_days(w, s):
        def saved(carry, i):
            carry = w.step(carry, own, time=i * 0.25, key=jax.random.key(0))
            return carry, w.observe(carry)["psl"]

        return jax.lax.scan(saved, s, jnp.arange(40))[1]

    psl, grid = np.asarray(ten_days(world, state)), world.card.grid
    assert np.isfinite(psl).all()
    assert abs(_globally(world, psl).mean() - 1.011e5) < 300.0
    found = track(
        psl, np.asarray(grid.lat), np.asarray(grid.lon), hours=6.0 * np.arange(40),
        orography=np.reshape(grid.orography, psl.shape[1:]),
    )  # fmt: skip
    away = np.abs(found.nodes.lat)
    print(f"{found.number} tracks, {len(away)} lows, latitudes {np.quantile(away, [0.05, 0.5, 0.95])}")
    assert found.number >= 5
    assert ((away > 30) & (away < 75)).mean() > 0.7
    assert (found.nodes.lat > 0).any()
    assert (found.nodes.lat < 0).any()


@pytest.mark.slow
def test_runs_in_double_precision():
    with jax.enable_x64(True):
        world = Speedy(calendar="amip")
        state = world.init(key=jax.random.key(0))
        forcing = jax.tree.map(lambda x: x[0], _steady(np.zeros(4), np.zeros(4)))
        after = eqx.filter_jit(lambda w, s: w.step(s, forcing, time=0.0, key=jax.random.key(0)))(world, state)
        assert all(x.dtype == jnp.float64 for x in jax.tree.leaves(after))
        assert float(after.clock - state.clock) == 0.25
        assert np.isfinite(world.observe(after)["ta500"]).all()
