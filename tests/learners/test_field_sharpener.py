"""Sharpeners: untrained they are zero-filling, they never contradict the coarse field, training lowers the error."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.learners.field_emulator import AbstractFieldNetwork
from gnomon.learners.field_sharpener import (
    FieldSharpener,
    FieldSharpening,
    PictureNetwork,
    new_sharpening_network,
)
from gnomon.numerics.refinement import plane_refinement, sphere_refinement
from gnomon.spec.errors import BadData, BadSpec

RNG = np.random.default_rng(0)
PLANE = plane_refinement((16, 16), (4, 4))
SPHERE = sphere_refinement(8, 4)
QUICK = FieldSharpening(network="unet", width=4, updates=2, batch=2, snapshots=1)


class Scaled(AbstractFieldNetwork):
    """A number times the channels that it is given, and a wave that it makes up."""

    scale: jax.Array

    def __call__(self, geometry, x):
        made_up = jnp.cos(jnp.arange(geometry.sites, dtype=x.dtype) ** 2)[:, None]
        return self.scale * (x[:, :2] ** 2 + made_up)


def framed(network, refinement):
    rows = refinement.fine.shape[0]
    return FieldSharpener(network, refinement, jnp.zeros((rows, 2)), jnp.ones(2), jnp.asarray([0.5, 2.0]))


def new_network(name, refinement):
    rng = np.random.default_rng(1)
    return new_sharpening_network(name, refinement, 2, rng, width=4 if name == "unet" else 12, halo=2)


def pairs(count):
    """Coarse and fine fields whose missing part follows from the known one."""
    x = jnp.asarray(RNG.standard_normal((count, 16, 16, 1)))
    known = jax.vmap(PLANE.known)(x)
    fine = known + jax.vmap(PLANE.missing)(known**2)
    return np.asarray(jax.vmap(PLANE.coarsened)(fine)), np.asarray(fine)


BOTH = pytest.mark.parametrize(
    "refinement", [PLANE, pytest.param(SPHERE, marks=pytest.mark.slow)], ids=["plane", "sphere"]
)


@BOTH
def test_with_weights_of_zero_it_is_zero_filling_to_the_bit(refinement):
    coarse = jnp.asarray(RNG.standard_normal((*refinement.coarse.shape, 2)))
    still = framed(Scaled(jnp.zeros(())), refinement)
    np.testing.assert_array_equal(still(coarse), refinement.filled(coarse))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "sidert", "plain"])
@pytest.mark.parametrize("refinement", [PLANE, SPHERE], ids=["plane", "sphere"])
def test_untrained_networks_have_weights_of_zero_at_the_end(name, refinement):
    coarse = jnp.asarray(RNG.standard_normal((*refinement.coarse.shape, 2)))
    found = eqx.filter_jit(framed(new_network(name, refinement), refinement))(coarse)
    np.testing.assert_allclose(found, refinement.filled(coarse), atol=1e-12)


@BOTH
def test_it_never_contradicts_the_coarse_field(refinement):
    loud = framed(Scaled(jnp.ones(())), refinement)
    fine = refinement.resolved(jnp.asarray(RNG.standard_normal((*refinement.fine.shape, 2))))
    coarse = refinement.coarsened(fine)
    found = loud(coarse)
    assert float(jnp.abs(found - refinement.filled(coarse)).max()) > 1e-2
    np.testing.assert_allclose(
        refinement.coarsened(found), coarse, atol=1e-5
    )  # networks are single precision


@pytest.mark.slow
def test_a_picture_network_sees_across_the_ends():
    network = new_network("sidert", PLANE)
    drawn = lambda a: a + jnp.asarray(0.1 * RNG.standard_normal(a.shape), a.dtype)  # noqa: E731
    arrays, rest = eqx.partition(network, eqx.is_inexact_array)
    network = eqx.combine(jax.tree.map(drawn, arrays), rest)
    assert isinstance(network, PictureNetwork)
    x = jnp.asarray(RNG.standard_normal((16, 16, 2)), jnp.float32)
    call = eqx.filter_jit(lambda x: network(PLANE.fine, x.reshape(256, 2)).reshape(16, 16, 2))
    change = jnp.abs(call(x.at[:, -1].add(1.0)) - call(x))
    assert float(change[:, 0].max()) > 1e-6  # its first column answers to the last one


def test_hostile_pairs_and_settings_are_refused():
    coarse, fine = np.zeros((3, 4, 4, 1)), np.zeros((3, 16, 16, 1))
    key = jax.random.key(0)
    for bad, said in (
        ((coarse[0], fine), "expected coarse fields"),
        ((fine, coarse), "expected coarse fields"),
        ((coarse[:2], fine), "do not pair up"),
        ((coarse, np.zeros((3, 16, 16, 2))), "do not pair up"),
        ((coarse + np.nan, fine), "not finite"),
        ((coarse[:0], fine[:0]), "at least one pair"),
    ):
        with pytest.raises(BadData, match=said):
            QUICK.fit(PLANE, *bad, (coarse, fine), key=key)
    for setting, said in (
        ({"network": "gan"}, "one of sidert"),
        ({"updates": 1, "snapshots": 5}, "as many updates"),
        ({"rates": ()}, "learning rate"),
    ):
        with pytest.raises(BadSpec, match=said):
            FieldSharpening(**setting).fit(PLANE, coarse, fine, (coarse, fine), key=key)
    with pytest.raises(BadData, match="fitted to fields of 2 channels"):
        framed(Scaled(jnp.zeros(())), PLANE)(jnp.zeros((4, 4, 1)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "sidert", "plain"])
def test_training_recovers_part_of_what_is_missing(name):
    train, held = pairs(64), pairs(16)
    width = 8 if name == "unet" else 24
    way = FieldSharpening(
        network=name, width=width, halo=4, updates=400, batch=8, rates=(1e-3, 3e-3), snapshots=4
    )
    found = way.fit(PLANE, *train, held, key=jax.random.key(0))
    assert found.log["history"][-1]["nrmse"] < 0.9
    assert set(found.log["rates"]) == {1e-3, 3e-3}
    guess = jax.vmap(found.sharpener)(jnp.asarray(held[0]))
    error, gone = (
        ((np.asarray(guess) - held[1]) ** 2).mean(),
        ((jax.vmap(PLANE.filled)(held[0]) - held[1]) ** 2).mean(),
    )
    assert error < 0.85 * float(gone)


@pytest.mark.slow
def test_the_same_key_gives_the_same_bits():
    train, held = pairs(8), pairs(4)
    one, two = (QUICK.fit(PLANE, *train, held, key=jax.random.key(3)).sharpener for _ in range(2))
    assert eqx.tree_equal(one, two)
