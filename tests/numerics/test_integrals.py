"""Local integrals and attention as quadratures: exact integrals, sizes, symmetry, areas."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy.special import iv

from gnomon.numerics.attention_integral import AttentionIntegral, frames_of, new_attention_integral
from gnomon.numerics.geometry import Geometry
from gnomon.numerics.local_integral import LocalIntegral, bump, new_local_integral, offsets
from gnomon.numerics.sphere.grid import gauss_latitudes

RNG = np.random.default_rng


def ring(points):
    return Geometry("ring", (points,))


def sphere(rows):
    grid = gauss_latitudes(rows)
    return Geometry("sphere", (rows, 2 * rows), tuple(grid.lat.tolist()), tuple(grid.lon.tolist()), rows // 2)


def unit_vectors(geometry):
    return frames_of(geometry, 1)[0, :, 0]


def single(number, count=3, reach=0.3):
    """The integral against one bump of one channel."""
    return LocalIntegral(np.eye(count)[:, number][:, None, None], (reach,))


def test_bumps_are_of_integral_one_and_end_at_the_reach():
    r = np.linspace(-0.5, 0.5, 20001)[:-1]
    for number in range(4):
        phi = bump(0.35, 4, number, r)
        assert abs(phi.mean() - 1.0) < 1e-9  # the axis has length one
        assert not phi[np.abs(r) >= 0.35].any()
        step = 2 * 0.35 / 7
        assert abs((r * phi).mean() - (number - 1.5) * step) < 1e-9
        assert abs(((r - (number - 1.5) * step) ** 2 * phi).mean() - step**2 / 3) < 1e-8  # of four boxes


@pytest.mark.parametrize("points", [23, 46, 92])
def test_a_wave_is_multiplied_by_the_bumps_transform_at_fourth_order(points):
    """sinc(k s)^4 and the shift of the bump's centre, plus the waves that the grid takes for it: as points^-4."""
    wave, step, number = 3, 2 * 0.3 / 6, 2
    x, many = np.arange(points) / points, np.arange(-300, 301)

    def transform(k):
        return np.sinc(k * step) ** 4 * np.exp(2j * np.pi * k * (number - 1) * step)

    made = np.asarray(single(number)(ring(points), np.cos(2 * np.pi * wave * x)[:, None]))[:, 0]
    turning = np.exp(2j * np.pi * wave * x)
    np.testing.assert_allclose(made, np.real(transform(wave + points * many).sum() * turning), atol=1e-9)
    error = np.abs(made - np.real(transform(wave) * turning)).max()
    assert 0 < error < 2 * np.pi**4 / 90 / (np.pi * step * (points - wave)) ** 4  # 2 zeta(4) of the nearest


def test_on_a_plane_it_is_the_sum_over_points():
    """Odd grids have no wave without a phase: the sum is exact; axes are not exchanged."""
    ny, nx, reach, count = 9, 7, (0.4, 0.3), 3
    layer = new_local_integral(reach, count, 2, 2, RNG(0))
    layer = dataclasses.replace(layer, weights=np.asarray(layer.weights, float))
    v = RNG(1).normal(size=(ny, nx, 2))
    wanted = np.zeros((ny, nx, 2))
    for i in range(ny):
        for j in range(nx):
            for a in range(ny):
                for b in range(nx):
                    dy, dx = (np.mod([(a - i) / ny, (b - j) / nx], 1.0) + 0.5) % 1.0 - 0.5
                    for p in range(count):
                        for q in range(count):
                            phi = bump(reach[0], count, p, dy) * bump(reach[1], count, q, dx) / (ny * nx)
                            wanted[i, j] += phi * v[a, b] @ layer.weights[p * count + q]
    made = np.asarray(layer(Geometry("plane", (ny, nx)), v.reshape(-1, 2))).reshape(ny, nx, 2)
    np.testing.assert_allclose(made, wanted, atol=1e-12)


def test_on_a_sphere_it_is_the_sum_over_points_by_area():
    """North and east of each point, along great circles; a constant stays nearly one."""
    geometry, reach, count = sphere(8), (0.2, 0.25), 3
    layer = new_local_integral(reach, count, 1, 1, RNG(0))
    layer = dataclasses.replace(layer, weights=np.asarray(layer.weights, float))
    v = RNG(1).normal(size=(geometry.sites, 1))
    frames, area = frames_of(geometry, 1)[:, :, 0], geometry.weights() / geometry.sites / np.pi
    wanted = np.zeros(geometry.sites)
    for i in range(geometry.sites):
        here, north, east = frames[:, i]
        along, up, right = (frames[0] @ way for way in (here, north, east))
        far = np.arccos(np.clip(along, -1, 1)) / (2 * np.pi)
        sine = np.hypot(up, right)
        up, right = (np.where(sine > 1e-9, far * w / np.maximum(sine, 1e-9), 0.0) for w in (up, right))
        for p in range(count):
            for q in range(count):
                phi = bump(reach[0], count, p, up) * bump(reach[1], count, q, right)
                wanted[i] += layer.weights[p * count + q, 0, 0] * (area * phi * v[:, 0]).sum()
    np.testing.assert_allclose(np.asarray(layer(geometry, v))[:, 0], wanted, atol=1e-10)
    north, east = offsets(geometry.lat, 16)
    assert north[2, 5, 0] > 0 > north[5, 2, 0]
    assert east[4, 4, 1] > 0 > east[4, 4, -1]


def uniform(geometry, sharp, heads=1):
    """Attention that looks by place alone, and passes values on as they are."""
    frames = 3 if geometry.kind == "sphere" else 2
    places = np.zeros((heads, frames, 1))
    places[:, 0] = sharp
    nothing, one = np.zeros((1, heads, 1)), np.ones((1, heads, 1))
    return AttentionIntegral(nothing, nothing, one, np.ones((heads, 1)), places)


def test_attention_on_a_ring_is_an_exact_integral():
    """Of cos against von Mises' density: the ratio of Bessel functions; with few points to machine precision."""
    for points, within in ((8, 1e-3), (16, 1e-9), (32, 1e-13)):
        x = 2 * np.pi * np.arange(points) / points
        made = uniform(ring(points), 3.0)(ring(points), np.cos(x - 0.3)[:, None])[:, 0]
        np.testing.assert_allclose(np.asarray(made), iv(1, 3.0) / iv(0, 3.0) * np.cos(x - 0.3), atol=within)


def test_attention_on_a_sphere_is_an_exact_integral_by_area():
    """Of a coordinate against Fisher's density: Langevin's function; with equal weights it is wrong."""
    sharp, geometry = 2.0, sphere(16)
    z = unit_vectors(geometry)[:, 2:]
    wanted = (1 / np.tanh(sharp) - 1 / sharp) * z
    layer = uniform(geometry, sharp)
    np.testing.assert_allclose(np.asarray(layer(geometry, z)), wanted, atol=1e-9)
    equal = np.exp(sharp * unit_vectors(geometry) @ unit_vectors(geometry).T)
    assert np.abs(equal @ z / equal.sum(1, keepdims=True) - wanted).max() > 0.05


def test_attention_is_its_equation():
    """Head by head in NumPy: scaled products of queries and keys, the way between points, areas."""
    geometry = sphere(4)
    layer = new_attention_integral(geometry, 4, 3, RNG(0), heads=2, waves=1, width=0.1)
    f = jax.tree.map(lambda w: np.asarray(w, float), layer)
    x, frames = RNG(1).normal(size=(geometry.sites, 4)), frames_of(geometry, 1)[:, :, 0]
    seen = []
    for h in range(2):
        q, k, v = (x @ w[:, h] for w in (f.queries, f.keys, f.values))
        way = np.einsum("f,fxc,yc->xy", f.places[h, :, 0], frames, frames[0])
        e = np.exp(q @ k.T / np.sqrt(2) + way) * geometry.weights()
        seen.append(e / e.sum(1, keepdims=True) @ v)
    np.testing.assert_allclose(np.asarray(f(geometry, x)), np.hstack(seen) @ f.out, atol=1e-10)


@pytest.mark.parametrize("geometry", [ring(24), sphere(12)], ids=["ring", "sphere"])
def test_heads_look_at_places_near_by_and_each_at_its_own(geometry):
    layer = new_attention_integral(geometry, 8, 8, RNG(0), heads=4, waves=2, width=1 / 16)
    shares = np.asarray(layer.shares(geometry, np.zeros((geometry.sites, 8))))
    np.testing.assert_allclose(shares.sum(-1), 1.0, rtol=1e-6)
    at = geometry.sites // 2 + 5
    places = unit_vectors(geometry)
    looks = shares[:, at] @ places
    cosine = looks @ places[at] / np.linalg.norm(looks, axis=1)
    assert (cosine > np.cos(2 * np.pi / 8 * 1.5)).all()
    assert min(np.abs(a - b).max() for i, a in enumerate(looks) for b in looks[:i]) > 1e-2
