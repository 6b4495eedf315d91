"""Spectral convolutions and stencils: exact linear equations, symmetry, resolution, transforms against their oracle."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.geometry import Geometry, geometry_of
from gnomon.numerics.periodic_stencil import (
    Stencil,
    doubled,
    halved,
    halvings,
    pad_by_one,
)
from gnomon.numerics.spectral_convolution import SpectralConvolution, multiplier, waves_kept
from gnomon.numerics.sphere.grid import gauss_grid, gauss_latitudes
from gnomon.numerics.sphere.harmonics import analyse, harmonics, synthesise
from gnomon.numerics.sphere.transforms import analyse_channels, synthesise_channels
from gnomon.spec.errors import BadSpec
from gnomon.spec.registry import build

NU, SPEED, DT = 0.02, 0.7, 0.3


def sphere(truncation=10, rows=None):
    grid = gauss_grid(truncation) if rows is None else gauss_latitudes(rows)
    return Geometry(
        "sphere",
        (len(grid.lat), len(grid.lon)),
        tuple(grid.lat.tolist()),
        tuple(grid.lon.tolist()),
        truncation,
    )


GRIDS = {"ring": Geometry("ring", (32,)), "plane": Geometry("plane", (16, 24)), "sphere": sphere()}


@eqx.filter_jit
def run(layer, where, x):
    """Compiled: one program, not one for every operation."""
    return layer(where, x)


def random_layer(kind, modes, inputs, outputs, seed):
    draw = np.random.default_rng(seed).normal(size=(2, waves_kept(kind, modes), inputs, outputs))
    return SpectralConvolution(jnp.asarray(draw[0]), jnp.asarray(draw[1]), modes)


def shifted(geometry, x, by):
    """Moved along the last axis."""
    fields = np.asarray(x).reshape(*geometry.shape, -1)
    return np.roll(fields, by, axis=len(geometry.shape) - 1).reshape(geometry.sites, -1)


def waves_on(points, phases):
    at = 2 * np.pi * np.arange(points) / points
    return sum(np.cos(k * at + p) / k for k, p in enumerate(phases, 1))[:, None]


def test_advection_and_diffusion_on_a_ring_are_one_layer():
    k = np.arange(12)
    layer = multiplier("ring", 12, np.exp((-1j * SPEED * k - NU * k**2) * DT))
    phases = np.random.default_rng(0).uniform(0, 6, 10)
    at = 2 * np.pi * np.arange(32) / 32
    exact = sum(
        np.exp(-NU * n**2 * DT) * np.cos(n * (at - SPEED * DT) + p) / n for n, p in enumerate(phases, 1)
    )
    made = run(layer, GRIDS["ring"], jnp.asarray(waves_on(32, phases)))
    np.testing.assert_allclose(made[:, 0], exact, atol=1e-13)
    few = multiplier("ring", 6, np.exp((-1j * SPEED * k - NU * k**2) * DT)[:6])  # too few modes: it must fail
    assert np.abs(run(few, GRIDS["ring"], jnp.asarray(waves_on(32, phases)))[:, 0] - exact).max() > 0.05


def test_advection_on_a_plane_is_one_layer():
    modes = 5
    ky, kx = np.meshgrid(np.arange(1 - modes, modes), np.arange(modes), indexing="ij")
    speed = np.array([0.4, -0.9])
    layer = multiplier("plane", modes, np.exp(-1j * (speed[0] * ky + speed[1] * kx) * DT).ravel())
    y, x = np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in (16, 24)), indexing="ij")

    def field(y, x):
        return np.cos(3 * y - 2 * x + 1) + np.sin(4 * y + x) + 0.3 * np.cos(2 * y) + np.sin(4 * x) + 0.5

    made = run(layer, GRIDS["plane"], jnp.asarray(field(y, x).reshape(-1, 1)))
    exact = field(y - speed[0] * DT, x - speed[1] * DT)
    np.testing.assert_allclose(made[:, 0], exact.ravel(), atol=1e-13)


def test_diffusion_on_a_sphere_is_one_layer():
    geometry = GRIDS["sphere"]
    degree = np.arange(11)
    decay = np.exp(-NU * degree * (degree + 1) * DT)
    h = geometry.harmonics
    rng = np.random.default_rng(1)
    c = np.tril(rng.normal(size=(11, 11)) + 1j * rng.normal(size=(11, 11))).T  # m <= l
    c[0] = c[0].real
    made = run(multiplier("sphere", 11, decay), geometry, jnp.asarray(synthesise(h, c).reshape(-1, 1)))
    np.testing.assert_allclose(made[:, 0], synthesise(h, c * decay).ravel(), atol=1e-12)


def test_channel_transforms_are_those_of_harmonics():
    """Against the NumPy transform, there and back, and in their gradients (the transposed map)."""
    h = harmonics(*gauss_grid(10)[:2], 10)
    x = np.random.default_rng(2).normal(size=(len(h.lat), len(h.lon), 2))
    forth = jax.jit(lambda x: analyse_channels(h, x))
    back = jax.jit(lambda c: synthesise_channels(h, c))
    c = np.asarray(forth(jnp.asarray(x)))
    oracle = analyse(h, np.moveaxis(x, -1, 0))
    np.testing.assert_allclose(np.moveaxis(c[..., :2] + 1j * c[..., 2:], -1, 0), oracle, atol=1e-13)
    low = back(jnp.asarray(c))
    np.testing.assert_allclose(forth(low), c, atol=1e-12)
    assert np.abs(np.asarray(low) - x).max() > 0.1  # white noise is not within the truncation

    @jax.jit
    def energy(field):
        return jnp.sum(synthesise_channels(h, analyse_channels(h, field)) ** 2)

    slope = jax.jit(jax.grad(energy))(jnp.asarray(x))
    way = np.random.default_rng(3).normal(size=x.shape)
    step = 1e-5
    numeric = (energy(jnp.asarray(x + step * way)) - energy(jnp.asarray(x - step * way))) / (2 * step)
    np.testing.assert_allclose(np.sum(np.asarray(slope) * way), numeric, rtol=1e-7)


@pytest.mark.parametrize("kind", [pytest.param("ring", marks=pytest.mark.slow), "plane", "sphere"])
def test_convolution_commutes_with_shifts(kind):
    geometry = GRIDS[kind]
    layer = random_layer(kind, 6, 3, 2, 0)
    x = np.random.default_rng(4).normal(size=(geometry.sites, 3))
    for by in (1, 5):
        moved = run(layer, geometry, jnp.asarray(shifted(geometry, x, by)))
        np.testing.assert_allclose(
            moved, shifted(geometry, run(layer, geometry, jnp.asarray(x)), by), atol=1e-12
        )
    places = np.arange(geometry.sites)[:, None] / geometry.sites  # a place that is told must break it

    def told(x):
        return np.asarray(run(layer, geometry, jnp.asarray(x + places)))

    assert np.abs(told(shifted(geometry, x, 5)) - shifted(geometry, told(x), 5)).max() > 1e-3


@pytest.mark.parametrize(
    "kind", ["ring", *(pytest.param(k, marks=pytest.mark.slow) for k in ("plane", "sphere"))]
)
def test_convolution_does_not_depend_on_the_grid(kind):
    layer = random_layer(kind, 5, 1, 2, 1)
    if kind == "sphere":
        coarse, fine = sphere(rows=16), sphere(rows=32)
        rng = np.random.default_rng(5)
        c = np.tril(rng.normal(size=(11, 11)) + 1j * rng.normal(size=(11, 11))).T
        c[0] = c[0].real
        fields = [synthesise(g.harmonics, c) for g in (coarse, fine)]
        made = [
            np.asarray(run(layer, g, jnp.asarray(f.reshape(-1, 1))))
            for g, f in zip((coarse, fine), fields, strict=True)
        ]
        ends = [
            analyse(g.harmonics, np.moveaxis(m.reshape(*g.shape, 2), -1, 0))
            for g, m in zip((coarse, fine), made, strict=True)
        ]
        np.testing.assert_allclose(ends[0], ends[1], atol=1e-10)
        return
    axes = 1 if kind == "ring" else 2
    coarse, fine = Geometry(kind, (16,) * axes), Geometry(kind, (32,) * axes)
    at = np.meshgrid(*(2 * np.pi * np.arange(32) / 32,) * axes, indexing="ij")
    field = np.cos(2 * at[0] + 3 * at[-1] + 1) + np.sin(4 * at[0]) + np.cos(6 * at[-1])
    every_other = (slice(None, None, 2),) * axes
    small = run(layer, coarse, jnp.asarray(field[every_other].reshape(-1, 1)))
    large = np.asarray(run(layer, fine, jnp.asarray(field.reshape(-1, 1)))).reshape(*fine.shape, 2)
    np.testing.assert_allclose(small, large[every_other].reshape(-1, 2), atol=1e-10)


def test_multipliers_are_counted():
    with pytest.raises(ValueError, match="expected 12"):
        multiplier("ring", 12, np.ones(11))


def test_neighbours_across_a_pole_are_right():
    """A field that is smooth on the sphere stays smooth through the padding: x, y, z of the points themselves."""
    grid = gauss_latitudes(32)
    lat, lon = np.radians(grid.lat)[:, None], np.radians(grid.lon)[None, :]
    xyz = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat) + 0 * lon], axis=-1)
    padded = np.asarray(eqx.filter_jit(pad_by_one)("sphere", jnp.asarray(xyz)))
    assert padded.shape == (34, 66, 3)
    beyond = np.radians(180.0 - grid.lat[-1])  # the latitude of the point beyond the pole, along the meridian
    exact = np.stack(
        [np.cos(beyond) * np.cos(lon), np.cos(beyond) * np.sin(lon), np.sin(beyond) + 0 * lon], axis=-1
    )
    np.testing.assert_allclose(padded[-1, 1:-1], exact[0], atol=1e-12)
    np.testing.assert_allclose(padded[0, 1:-1, 2], -exact[0, :, 2], atol=1e-12)
    wrapped = np.pad(xyz, ((1, 1), (1, 1), (0, 0)), mode="edge")  # what a plain image network does: wrong
    assert np.abs(wrapped[-1, 1:-1] - exact[0]).max() > 0.05


def test_stencil_is_a_discrete_laplacian():
    weights = np.array([0, 1, 0, 1, -4, 1, 0, 1, 0.0])[:, None]
    x = np.random.default_rng(6).normal(size=(6, 8, 1))
    made = Stencil(jnp.asarray(weights), jnp.zeros(1))
    made = run(made, "plane", jnp.asarray(x))
    exact = sum(np.roll(x, s, a) for s in (-1, 1) for a in (0, 1)) - 4 * x
    np.testing.assert_allclose(made, exact, atol=1e-13)
    ring = run(Stencil(jnp.asarray([[-0.5], [0.0], [0.5]]), jnp.zeros(1)), "ring", jnp.asarray(x[0]))
    np.testing.assert_allclose(ring, (np.roll(x[0], -1, 0) - np.roll(x[0], 1, 0)) / 2, atol=1e-13)


@pytest.mark.parametrize("kind", [pytest.param("ring", marks=pytest.mark.slow), "sphere"])
def test_both_precisions_hold_the_same_stencil(kind):
    """Single precision goes through a library's convolution, double through a product of matrices."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(*((10,) if kind == "ring" else (6, 8)), 2))
    weights = rng.normal(size=(6 if kind == "ring" else 18, 3))
    made = [
        run(Stencil(jnp.asarray(weights, d), jnp.ones(3, d)), kind, jnp.asarray(x, d))
        for d in (np.float32, float)
    ]
    assert [m.dtype for m in made] == [np.float32, np.float64]
    np.testing.assert_allclose(made[0], made[1], atol=1e-5)


def test_grids_are_halved_while_they_can_be():
    x = jnp.arange(32.0).reshape(4, 8, 1)
    np.testing.assert_allclose(jax.jit(lambda x: halved(doubled(x)))(x), x)
    assert halvings("ring", (40,), 5) == 3
    assert halvings("sphere", (32, 64), 2) == 2
    assert halvings("plane", (9, 8), 2) == 0
    assert halvings("sphere", (32, 6), 2, smallest=2) == 0


def test_geometry_is_what_the_card_says():
    assert geometry_of(build("worlds", "lorenz96").card, name="a") == Geometry("ring", (40,))
    found = geometry_of(build("worlds", "held_suarez").card, name="a")
    assert (found.kind, found.shape, found.truncation) == ("sphere", (32, 64), 21)
    assert abs(found.weights().mean() - 1) < 1e-12
    for world in ("lorenz63", "random_network", "deep_hebbian"):
        with pytest.raises(BadSpec, match="fourier_operator needs a world whose variables share one ring"):
            geometry_of(build("worlds", world).card, name="fourier_operator")
