"""The dry core under Held and Suarez's forcing (T21, ten layers, one compiled function)."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import Forcing
from gnomon.worlds.sphere.gauss import gauss
from gnomon.worlds.sphere.held_suarez import HeldSuarez
from gnomon.worlds.sphere.levels import GAS, GRAVITY, VAPOUR
from gnomon.worlds.sphere.machine import at_rest
from gnomon.worlds.sphere.pool import _relayered

STEPS = 8


@pytest.fixture(autouse=True)
def _double_precision():
    """Studies of the sphere run in single precision; so do these tests."""
    with jax.enable_x64(False):
        yield


@eqx.filter_jit
def _run(world, states, forcing):
    def lane(state, own):
        def saved(carry, i):
            carry = world.step(carry, own, time=i * 0.25, key=jax.random.key(0))
            return carry, world.observe(carry)

        return jax.lax.scan(saved, state, jnp.arange(STEPS))

    return jax.vmap(lane)(states, forcing)


@pytest.fixture(scope="module")
def world():
    with jax.enable_x64(False):
        return HeldSuarez()


@pytest.fixture(scope="module")
def ran(world):
    """Two days from two starts; the second run of the first start has a contrast of 70 K."""
    with jax.enable_x64(False):
        keys = jax.random.split(jax.random.key(0), 2)[jnp.asarray([0, 1, 0])]
        states = jax.vmap(lambda one: world.init(key=one))(keys)  # eager: less to compile
        contrast = jnp.asarray([[60.0], [60.0], [70.0]])
        return _run(
            world, states, Forcing(times={"delta_t": jnp.zeros((3, 1))}, values={"delta_t": contrast})
        )


def test_observations_are_a_dry_atmosphere(world, ran):
    obs = ran[1]
    assert sorted(obs) == sorted(v.name for v in world.card.variables)
    ranges = {
        "ta850": (225, 310), "ta500": (210, 280), "ta50": (160, 250), "ua250": (-60, 90), "va500": (-60, 60),
        "zg500": (4500, 6000), "psl": (9.4e4, 1.05e5), "tas": (230, 325),
    }  # fmt: skip
    for v in world.card.variables:
        assert obs[v.name].shape == (3, STEPS, *v.shape)
        assert np.isfinite(obs[v.name]).all()
    for name, (low, high) in ranges.items():
        assert low <= float(obs[name].min()), name
        assert float(obs[name].max()) <= high, name
    assert not np.asarray(ran[0].air.humidity).any()


def test_jets_are_westerly_in_both_hemispheres(world, ran):
    wind = np.asarray(ran[1]["ua250"])[:2].mean((0, 1, -1))
    lat = np.asarray(world.card.grid.lat)
    for side in (lat < 0, lat > 0):
        assert 15 < wind[side].max() < 60
        assert 20 < abs(lat[side][wind[side].argmax()]) < 60


def test_mass_stays(world, ran):
    ps = (np.asarray(ran[1]["ps"], float).mean(-1) * np.asarray(world.card.grid.weights)).sum(-1)
    assert np.abs(ps[:, -1] - ps[:, 0]).max() < 10.0
    assert abs(ps.mean() - 1.0e5) < 200.0


def test_knob_reaches_the_state(world, ran):
    """Ten kelvin more contrast: the air over the poles cools."""
    gap = np.asarray(ran[1]["ta850"])[2, -1] - np.asarray(ran[1]["ta850"])[0, -1]
    assert gap[[0, -1]].mean() < -0.2


def test_forcing_is_the_papers(world):
    """At the ground on the equator: equilibrium 315 K, friction of a day, relaxation of four days."""

    class Now:
        temperature = jnp.full((10, 64, 32), 250.0)
        normalized_surface_pressure = jnp.ones((64, 32))

    friction, heating = world.drawn(Now, world.machine, jnp.asarray(60.0))
    sigma, lat = world.machine.sigma, np.radians(gauss(21).lat)
    low = max(0.0, (sigma[-1] - 0.7) / 0.3)
    assert float(friction[-1].ravel()[0]) == pytest.approx(low / 86400, rel=1e-5)
    assert not np.asarray(friction[sigma < 0.7]).any()
    j = 15
    target = (315 - 60 * np.sin(lat[j]) ** 2 - 10 * np.log(sigma[-1]) * np.cos(lat[j]) ** 2) * sigma[-1] ** (
        2 / 7
    )
    rate = (1 / 40 + (1 / 4 - 1 / 40) * low * np.cos(lat[j]) ** 4) / 86400
    assert float(heating[-1, 0, j]) == pytest.approx(-rate * (250.0 - target), rel=1e-4)
    assert float(heating[0, 0, j]) == pytest.approx(-(250.0 - 200.0) / 40 / 86400, rel=1e-4)


def test_lift_undoes_observe_and_brings_another_state(world, ran):
    one = jax.tree.map(lambda x: x[0], ran[0])
    both = {k: v[:2, -1] for k, v in ran[1].items()}  # what is seen of the last states of the first two runs

    @eqx.filter_jit
    def work(w, targets, a):
        moved = jax.vmap(lambda o: w.lift(o, a))(targets)
        return moved, w.observe(jax.tree.map(lambda x: x[1], moved))

    moved, got = work(world, both, one)
    again = jax.tree.map(lambda x: x[0], moved)
    start, wanted = ({k: v[i] for k, v in both.items()} for i in (0, 1))
    for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(one), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5 * float(np.abs(b).max() + 1e-12))
    for name in ("ta500", "ua850", "ps", "zg500"):
        before, after = (np.sqrt(np.mean((np.asarray(x[name]) - wanted[name]) ** 2)) for x in (start, got))
        assert after < 0.35 * before, name


def test_rest_has_the_mass_that_was_asked_for(world):
    air = at_rest(
        world.machine, 21, 9.9e4, key=jax.random.key(0)
    )  # eager: XLA folds its constants for seconds
    log_pressure = world.machine.coords.horizontal.to_nodal(air.log_pressure)[0]  # [lon, lat]
    ps = 1.0e5 * np.exp(np.asarray(log_pressure, float))
    assert (ps.mean(0) * gauss(21).weights).sum() == pytest.approx(9.9e4, rel=1e-4)


def test_other_numbers_of_layers_start_from_the_same_pool():
    from gnomon.worlds.sphere.pool import _pool

    pool = _pool("held_suarez", 21, "always")
    assert _relayered(pool, 20).temperature.shape[1] == 20
    assert _relayered(pool, 10) is pool
    fine = _pool("held_suarez", 42, "always")
    assert fine.vorticity.shape[-2:] == (85, 44)
    np.testing.assert_array_equal(fine.vorticity[..., :43, :23], pool.vorticity)


def test_constants_are_those_of_the_core():
    import jcm.constants as c

    assert (c.grav, c.rd) == pytest.approx((GRAVITY, GAS))
    assert pytest.approx(c.vtmpc1, rel=1e-2) == VAPOUR
