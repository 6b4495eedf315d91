"""Waves about a held state: what is held stays, a turned heating turns its wave, and a free run is the world itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.core.forcing import forcing_of
from gnomon.spec.registry import build
from gnomon.worlds.sphere.held_suarez import DAY, Dry
from gnomon.worlds.sphere.standing_wave import blob, eddy_streamfunction, free, held, integrate, zonal

LAYERS = 5


@pytest.fixture(scope="module")
def world():
    return build("worlds", "held_suarez", {"layers": LAYERS})


def test_the_heating_is_a_blob_of_the_stated_size_without_a_zonal_mean(world):
    lat, lon = np.asarray(world.card.grid.lat), np.asarray(world.card.grid.lon)
    got = blob(world, lat=0.0, lon=180.0, size=3.0) * DAY
    assert got.shape == (LAYERS, 32, 64)
    np.testing.assert_allclose(got.mean(axis=-1), 0, atol=1e-12)
    level, row, column = np.unravel_index(got.argmax(), got.shape)
    assert (level, lon[column]) == (LAYERS // 2, 180.0)
    assert abs(lat[row]) < 3
    away = got[2, row].min()  # what the zonal mean takes from everywhere
    assert got.max() - away == pytest.approx(3.0, rel=0.05)
    np.testing.assert_allclose(got[:, np.abs(lat) > 20], 0, atol=1e-12)
    turned = blob(world, lat=0.0, lon=180.0 + 45.0, size=3.0) * DAY
    np.testing.assert_allclose(turned, np.roll(got, 8, axis=-1), atol=1e-12)


@pytest.mark.slow
def test_a_held_state_stays_and_its_waves_are_those_of_the_heating():
    with jax.enable_x64(False):
        about_a_held_state(build("worlds", "held_suarez", {"layers": LAYERS}))


def about_a_held_state(world):
    machine, number = world.machine, lambda x: jnp.asarray(x, jnp.float32)
    one = world.init(key=jax.random.key(0)).air
    airs = jax.tree.map(lambda x: jnp.stack([x] * 4), zonal(machine, one))
    contrast = jnp.full(4, 60.0, jnp.float32)
    straight, turned = (blob(world, lat=0.0, lon=x, size=1.0) for x in (180.0, 225.0))
    heating = jnp.asarray(np.stack([0 * straight, straight, turned, 2 * straight]), jnp.float32)
    setting = held(world, airs, heating, contrast, 20.0)
    end, mean = integrate(world, airs, setting, number(2.0), number(1.0))
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(end))
    still, wave, east, double = eddy_streamfunction(machine, mean.vorticity, 1)
    assert np.abs(still).max() < 1e-3 * np.abs(wave).max()
    assert np.abs(east - np.roll(wave, 8, axis=-1)).max() < 0.01 * np.abs(wave).max()
    assert np.abs(double - 2 * wave).max() < 0.1 * np.abs(wave).max()
    np.testing.assert_allclose(wave.mean(axis=-1), 0, atol=1e-3 * np.abs(wave).max())
    # without holding, the same function is the world itself
    lanes = jax.tree.map(lambda x: jnp.stack([x] * 4), one)
    moved, _ = integrate(world, lanes, free(lanes, 0 * heating, contrast), number(0.25), number(0.0))
    forcing = jax.tree.map(lambda x: x[0], forcing_of(world.card, (), 1))
    own = jax.jit(lambda s: world.step(s, forcing, time=0.0, key=jax.random.key(0)))(Dry(one)).air
    for x, y in zip(jax.tree.leaves(moved), jax.tree.leaves(own), strict=True):
        np.testing.assert_allclose(x[0], y, atol=1e-5 * float(jnp.abs(y).max() + 1e-30))
