"""DeepONet, MultiONet and the latent spectral model: equations held against NumPy, symmetries, refusals."""

import dataclasses

import equinox as eqx
import jax
import numpy as np
import pytest

from gnomon.learners.deep_operator import DeepOperator, new_operator_network, places
from gnomon.learners.latent_spectral import LatentSpectral, new_latent_network
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.latent_tokens import new_spectral_block, patch_sides, patched, unpatched
from gnomon.numerics.sphere.grid import gauss_latitudes
from gnomon.spec.errors import BadSpec
from tests.learners.test_field_emulators import drifting_waves, step_error

RING, PLANE = Geometry("ring", (16,)), Geometry("plane", (8, 12))
RNG = np.random.default_rng


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def shaken(network, seed=0):
    """The same network with a random output, which starts silent."""
    rng = RNG(seed)
    return jax.tree.map(lambda w: np.asarray(w) + 0.2 * rng.normal(size=w.shape), network)


def test_patches_are_what_they_say():
    x = np.arange(8 * 12 * 2.0).reshape(8, 12, 2)
    cut = patched(x, 4)  # NumPy's arrays are cut by the same methods
    assert cut.shape == (2 * 3, 16, 2)
    np.testing.assert_array_equal(cut[4].reshape(4, 4, 2), x[4:8, 4:8])  # second row, second column
    np.testing.assert_array_equal(unpatched(cut, x.shape, 4), x)
    ring = np.arange(18.0).reshape(9, 2)
    assert patched(ring, 4).shape == (3, 3, 2)  # nine points have no divisor four
    np.testing.assert_array_equal(unpatched(patched(ring, 4), ring.shape, 4), ring)
    assert patch_sides((12, 7), 4) == (4, 1)


def test_a_spectral_block_is_its_equation():
    """Patch by patch and head by head, in NumPy loops."""
    block = shaken(new_spectral_block(4, RNG(0), heads=2, tokens=3, bases=5, side=4))
    x = RNG(1).normal(size=(8, 4))
    wanted = np.zeros_like(x)
    f = jax.tree.map(np.asarray, block)

    def attend(q, k, v):
        made = np.zeros_like(q)
        for head in (slice(0, 2), slice(2, 4)):
            e = np.exp(q[:, head] @ k[:, head].T)
            made[:, head] = e / e.sum(1, keepdims=True) @ v[:, head]
        return made

    for rows in (slice(0, 4), slice(4, 8)):
        p = x[rows]
        t = f.tokens + attend(f.tokens, p @ f.keys[0] + f.keys[1], p @ f.values[0] + f.values[1])
        change = np.zeros_like(t)
        for i in range(5):
            change += f.waves[:, i] * np.sin(np.pi * i / 5 * t)
            change += f.waves[:, 5 + i] * np.cos(np.pi * i / 5 * t)
        t = t + change
        wanted[rows] = p + attend(p @ f.queries[0] + f.queries[1], t, t)
    np.testing.assert_allclose(np.asarray(eqx.filter_jit(block)(x)), wanted, atol=1e-12)


def test_a_deep_operator_is_an_inner_product():
    """One hidden layer each, two channels, in NumPy."""
    net = shaken(new_operator_network(RING, 2, 2, RNG(0), width=5, depth=1, rank=3, waves=2, multi=False))
    x = RNG(1).normal(size=(16, 2))
    f = jax.tree.map(np.asarray, net)
    b = (gelu(x.ravel() @ f.branch[0].weights + f.branch[0].bias) @ f.branch[1].weights) + f.branch[1].bias
    at = 2 * np.pi * np.arange(16) / 16
    place = np.sqrt(2) * np.stack([np.cos(at), np.sin(at), np.cos(2 * at), np.sin(2 * at)], 1)
    t = gelu(gelu(place @ f.trunk[0].weights + f.trunk[0].bias) @ f.trunk[1].weights + f.trunk[1].bias)
    wanted = np.stack([t @ b[:3], t @ b[3:]], 1) + f.bias
    np.testing.assert_allclose(np.asarray(eqx.filter_jit(net)(RING, x)), wanted, atol=1e-12)


def test_a_multi_operator_is_the_mean_over_layers():
    """With equal weights the published formula: mean over layers of plain inner products; each layer counts."""
    net = shaken(new_operator_network(RING, 1, 1, RNG(0), width=4, depth=2, rank=1, waves=1, multi=True))
    net = dataclasses.replace(net, mix=(np.full((1, 4), 0.7), np.full((1, 4), -0.3)))
    x = RNG(1).normal(size=(16, 1))
    f = jax.tree.map(np.asarray, net)
    b, t = x.ravel(), places(RING, 1)
    products = []
    for of_field, of_place in zip(f.branch, f.trunk, strict=True):
        b, t = gelu(b @ of_field.weights + of_field.bias), gelu(t @ of_place.weights + of_place.bias)
        products.append(t @ b)
    wanted = (0.7 * products[1] - 0.3 * products[2]) / 2 + f.bias
    made = np.asarray(eqx.filter_jit(net)(RING, x))[:, 0]
    np.testing.assert_allclose(made, wanted, atol=1e-12)
    assert np.abs(made - (0.7 * products[1] + f.bias)).max() > 1e-3


def test_places_differ_and_close():
    sphere = Geometry(
        "sphere", (8, 16), tuple(gauss_latitudes(8).lat.tolist()), tuple(gauss_latitudes(8).lon.tolist()), 5
    )
    at = places(sphere, 4)
    np.testing.assert_allclose((at**2).sum(1), 3.0)
    for geometry in (RING, PLANE, sphere):
        at = places(geometry, 3)
        assert len(np.unique(np.round(at, 9), axis=0)) == geometry.sites
    np.testing.assert_allclose((places(PLANE, 3) ** 2).mean(0), 1.0)


def test_shifts_that_a_latent_network_knows():
    """Patch times 2^levels points, and no fewer; a deep operator knows none."""
    latent = shaken(
        new_latent_network(RING, 2, 2, RNG(0), width=4, levels=1, heads=2, tokens=2, bases=3, patch=4)
    )
    deep = shaken(new_operator_network(RING, 2, 2, RNG(0), width=4, depth=1, rank=3, waves=2, multi=False))
    x = RNG(2).normal(size=(16, 2))

    run = eqx.filter_jit(lambda network, x: network(RING, x))

    def gap(network, by):
        made, moved = (np.asarray(run(network, v)) for v in (x, np.roll(x, by, 0)))
        return np.abs(moved - np.roll(made, by, 0)).max()

    assert gap(latent, 8) < 1e-10
    assert gap(latent, 4) > 1e-3
    assert gap(deep, 8) > 1e-3


@pytest.mark.parametrize(("patch", "knows"), [(3, True), (4, False)])
def test_shifts_where_patches_shrink(patch, knows):
    """24 points: sides of 3, 3, 3 make 12; sides of 4, 4, 3 make 24, so half the ring is no shift that it knows."""
    ring = Geometry("ring", (24,))
    assert [patch_sides((n,), 4)[0] for n in (24, 12, 6)] == [4, 4, 3]
    latent = shaken(
        new_latent_network(ring, 2, 2, RNG(0), width=4, levels=2, heads=2, tokens=2, bases=3, patch=patch)
    )
    run = eqx.filter_jit(lambda x: latent(ring, x))
    x = RNG(2).normal(size=(24, 2))
    gap = np.abs(np.asarray(run(np.roll(x, 12, 0))) - np.roll(np.asarray(run(x)), 12, 0)).max()
    assert gap < 1e-10 if knows else gap > 1e-3


def test_wrong_settings_are_named():
    data = drifting_waves(steps=4, count=4)
    with pytest.raises(BadSpec, match="not a multiple of 3 heads"):
        LatentSpectral(width=8, heads=3).fit(data, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="levels not negative"):
        LatentSpectral(levels=-1).fit(data, key=jax.random.key(0))
    with pytest.raises(BadSpec, match="rank and waves"):
        DeepOperator(rank=0).fit(data, key=jax.random.key(0))


@pytest.mark.slow
@pytest.mark.parametrize("multi", [False, True])
def test_a_deep_operator_learns_an_exact_law(multi):
    """Six drifting waves are twelve functions: rank 24 holds them; rank 2 cannot. A mean over layers learns slower."""
    data = drifting_waves(count=40)

    def error(rank):
        learner = DeepOperator(
            budget=1, width=48 if rank > 2 else 2, depth=1, rank=rank, waves=6, multi=multi, updates=1500,
            batch=400, unroll=1,
        )  # fmt: skip
        return step_error(learner.fit(data, key=jax.random.key(0)).simulator, data)

    assert error(24) < (0.3 if multi else 0.15)
    assert error(2) > 0.4


@pytest.mark.slow
def test_a_latent_model_learns_an_exact_law():
    data = drifting_waves()
    learner = LatentSpectral(budget=1, width=12, levels=1, heads=2, bases=4, updates=300, batch=400, unroll=1)
    assert step_error(learner.fit(data, key=jax.random.key(0)).simulator, data) < 0.2
