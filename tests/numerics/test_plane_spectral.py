"""Derivatives, products without aliasing, conservation by the Jacobian, rings and grids of the periodic plane."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.layers import (
    coupling,
    layer_advection,
    layer_energy,
    layer_products,
    layer_work,
    mean_flow,
    potential_vorticity,
    stream_functions,
)
from gnomon.numerics.plane_spectral import Plane, resized, ring_spectrum, times_i

PLANE = {"grid": 24, "length": 2 * np.pi}


def _noise(plane, fields, seed=0):
    return plane.mask * plane.to_modes(
        jax.random.normal(jax.random.key(seed), (fields, plane.grid, plane.grid))
    )


def _grid(n):
    x, y = np.meshgrid(*2 * [2 * np.pi * np.arange(n) / n])
    return x, y


def test_derivatives_of_known_waves():
    plane = Plane(**PLANE)
    x, y = _grid(24)
    f = plane.to_modes(jnp.asarray(np.sin(3 * x) * np.cos(2 * y)))
    np.testing.assert_allclose(plane.to_grid(plane.ddx(f)), 3 * np.cos(3 * x) * np.cos(2 * y), atol=1e-12)
    np.testing.assert_allclose(plane.to_grid(plane.ddy(f)), -2 * np.sin(3 * x) * np.sin(2 * y), atol=1e-12)
    np.testing.assert_allclose(
        plane.to_grid(plane.laplacian(f)), -13 * np.sin(3 * x) * np.cos(2 * y), atol=1e-11
    )
    np.testing.assert_allclose(plane.inverse * plane.laplacian(f), f, atol=1e-11)


def _advection(plane, w):
    u, v = plane.to_grid(plane.winds(plane.inverse * w))
    return plane.self_advection(plane.to_modes(plane.stresses(u, v)))


def test_jacobian_in_four_transforms_is_that_of_the_definition():
    """u w_x + v w_y on a grid four times as fine, cut to the kept waves."""
    plane = Plane(**PLANE)
    w = _noise(plane, 1)[0]
    fine = resized(plane.to_grid(w), 96)
    k = np.fft.fftfreq(96, 1 / 96)
    spectrum = np.fft.fft2(np.asarray(fine))
    k2 = k[:, None] ** 2 + k**2
    psi = np.where(k2 > 0, -spectrum / np.where(k2 > 0, k2, 1), 0)

    def d(f, ax):
        return np.fft.ifft2(1j * (k if ax else k[:, None]) * f).real

    expected = -(-d(psi, 0) * d(spectrum, 1) + d(psi, 1) * d(spectrum, 0))
    coarse = plane.mask * plane.to_modes(resized(jnp.asarray(expected), 24))
    np.testing.assert_allclose(_advection(plane, w), coarse, atol=1e-9 * np.abs(coarse).max())


def test_jacobian_keeps_energy_and_enstrophy_and_an_aliased_grid_does_not():
    for kept, exact in ((None, True), (11, False)):
        plane = Plane(**PLANE, kept=kept)
        assert plane.exact is exact
        w = _noise(plane, 1)[0]
        change = _advection(plane, w)
        size = jnp.sqrt(plane.mean_product(w, w) * plane.mean_product(change, change))
        enstrophy = float(plane.mean_product(w, change) / size)
        energy = float(plane.mean_product(plane.inverse * w, change) / size)
        if exact:
            assert abs(enstrophy) < 1e-14
            assert abs(energy) < 1e-15
        else:
            assert abs(enstrophy) > 1e-4


def test_products_of_spectra_are_means_over_the_grid():
    plane = Plane(**PLANE)
    a, b = _noise(plane, 2)
    expected = float((plane.to_grid(a) * plane.to_grid(b)).mean())
    assert float(plane.mean_product(a, b)) == pytest.approx(expected, rel=1e-12)


def test_ring_spectrum_puts_a_wave_in_its_ring_and_sums_to_the_mean_square():
    plane = Plane(**PLANE)
    x, y = _grid(24)
    rings = np.asarray(ring_spectrum(plane, plane.to_modes(jnp.asarray(np.cos(3 * x + 4 * y)))))
    np.testing.assert_allclose(rings, 0.5 * (np.arange(8) == 5), atol=1e-14)
    w = _noise(plane, 1)[0] * (plane.square < 7.4**2)
    assert float(ring_spectrum(plane, w).sum()) == pytest.approx(float(plane.mean_product(w, w)))


@pytest.mark.parametrize(("old", "new"), [(24, 16), (16, 24), (24, 48), (48, 24)])
def test_resized_keeps_the_waves_that_both_grids_hold(old, new):
    x, y = _grid(old)
    wide, tall = _grid(new)
    field = 2.0 + np.cos(3 * x - 5 * y) + np.sin(7 * y)
    expected = 2.0 + np.cos(3 * wide - 5 * tall) + np.sin(7 * tall)
    np.testing.assert_allclose(resized(jnp.asarray(field), new), expected, atol=1e-12)


def test_resized_drops_the_wave_without_a_phase():
    _, y = _grid(16)
    assert float(jnp.abs(resized(jnp.asarray(np.cos(8 * y)), 24)).max()) < 1e-13


def test_times_i_is_a_complex_product():
    k, z = jnp.asarray([[2.0, -3.0]]), jnp.asarray([[1 + 2j, 3 - 1j]])
    np.testing.assert_allclose(times_i(k, z), 1j * k * z)


@pytest.mark.parametrize("grid", [7, 15, 4])
def test_wrong_grids_are_refused(grid):
    with pytest.raises(ValueError, match="even grid"):
        Plane(grid, 1.0)


def test_too_many_kept_waves_are_refused():
    with pytest.raises(ValueError, match="wavenumbers"):
        Plane(24, 1.0, kept=12)


def _layers():
    plane = Plane(24, 2 * np.pi)
    hold = coupling(jnp.asarray(0.4), jnp.asarray(0.25))
    q = _noise(plane, 2, seed=3) * (plane.inverse != 0)
    return plane, hold, q


def test_inversion_undoes_potential_vorticity():
    plane, hold, q = _layers()
    psi = stream_functions(plane, q, hold)
    np.testing.assert_allclose(potential_vorticity(plane, psi, hold), q, atol=1e-11 * np.abs(q).max())


def test_inversion_is_that_of_the_published_matrix():
    """psi1 = -((K2 + F2) q1 + F1 q2) / det and psi2 = -(F2 q1 + (K2 + F1) q2) / det, det = K2 (K2 + F1 + F2)."""
    plane, hold, q = _layers()
    f1 = 1 / 0.4**2 / 1.25
    f2, k2 = 0.25 * f1, np.asarray(plane.square)
    det = np.where(k2 > 0, k2 * (k2 + f1 + f2), 1)
    psi = stream_functions(plane, q, hold)
    np.testing.assert_allclose(psi[0], -((k2 + f2) * q[0] + f1 * q[1]) / det, atol=1e-11 * np.abs(psi).max())
    np.testing.assert_allclose(psi[1], -(f2 * q[0] + (k2 + f1) * q[1]) / det, atol=1e-11 * np.abs(psi).max())


def _layer_change(plane, hold, q):
    psi = stream_functions(plane, q, hold)
    winds = plane.to_grid(plane.winds(psi))
    products = layer_products(winds[:, 0], winds[:, 1])
    return psi, winds, layer_advection(plane, plane.to_modes(products), hold)


def test_advection_in_nine_transforms_is_the_flux_form_in_ten():
    plane, hold, q = _layers()
    _, winds, change = _layer_change(plane, hold, q)
    carried = plane.to_grid(q)
    for i in range(2):
        fluxes = plane.to_modes(winds[i] * carried[i])
        np.testing.assert_allclose(
            change[i], -plane.mask * plane.divergence(fluxes), atol=1e-11 * np.abs(change).max()
        )


def test_layers_keep_energy_and_each_layer_its_enstrophy():
    plane, hold, q = _layers()
    psi, _, change = _layer_change(plane, hold, q)
    parts = jnp.sqrt(plane.mean_product(psi, psi) * plane.mean_product(change, change)).sum()
    assert abs(float(layer_work(plane, psi, change, hold))) < 1e-14 * float(parts)
    for i in range(2):
        size = jnp.sqrt(plane.mean_product(q[i], q[i]) * plane.mean_product(change[i], change[i]))
        assert abs(float(plane.mean_product(q[i], change[i]) / size)) < 1e-13


def test_energy_is_kinetic_and_potential():
    plane, hold, q = _layers()
    psi, winds, _ = _layer_change(plane, hold, q)
    kinetic = (winds**2).sum(1).mean((-2, -1)) / 2
    gap = plane.to_grid(psi[0] - psi[1])
    share = np.asarray([0.2, 0.8])  # of the depth, for H1 / H2 = 1/4
    potential = 0.5 * float(hold.upper * hold.lower * hold.stiffness) * float((gap**2).mean())
    expected = float(kinetic @ share) + potential
    assert float(layer_energy(plane, q, hold)) == pytest.approx(expected, rel=1e-12)


def test_mean_flow_makes_rossby_waves_of_the_right_speed():
    """Without shear the depth mean obeys omega = -beta k / K2, the difference -beta k / (K2 + 1 / rd2)."""
    plane, hold, _ = _layers()
    x, y = _grid(24)
    wave = plane.to_modes(jnp.asarray(np.cos(2 * x + 3 * y)))
    for psi, below in (
        (jnp.stack([wave, wave]), 13.0),
        (jnp.stack([hold.upper * wave, -hold.lower * wave]), 13.0 + 1 / 0.16),
    ):
        q = potential_vorticity(plane, psi, hold)
        change = mean_flow(plane, q, psi, hold, shear=jnp.asarray(0.0), beta=jnp.asarray(1.7))
        omega = -1.7 * 2 / below
        np.testing.assert_allclose(change, -1j * omega * q, atol=1e-10 * np.abs(change).max())
