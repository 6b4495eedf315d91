"""Closures: exact in what they take, right where the answer is known, and without a preferred place."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gnomon.numerics.closures import (
    Layers,
    deformation,
    energy_rate,
    from_points,
    gradient,
    grid_width,
    jansen_held,
    leith,
    on_points,
    smagorinsky,
    square_rate,
)
from gnomon.numerics.plane_spectral import Plane, times

SHARES = np.asarray([0.2, 0.8])


@pytest.fixture
def plane() -> Plane:
    """In the precision of the tests."""
    return Plane(24, 2 * np.pi)


@pytest.fixture
def flow(plane) -> Layers:
    """Two layers of unequal depth; what is carried is not the vorticity."""
    fields = jnp.asarray(np.random.default_rng(0).standard_normal((4, 24, 24)))
    spectra = times(plane.mask / (1 + plane.square), plane.to_modes(fields))
    return Layers(spectra[:2], spectra[2:], jnp.asarray(SHARES))


def _mean(field):
    return field.mean((-2, -1))


def test_smagorinsky_takes_the_energy_of_its_stress(plane, flow):
    constant = 0.3
    tension, shear = deformation(plane, flow.psi)
    viscosity = (constant * grid_width(plane)) ** 2 * jnp.hypot(tension, shear)
    taken = (SHARES * _mean(viscosity * (tension**2 + shear**2))).sum()
    rate = energy_rate(plane, flow, smagorinsky(plane, flow, constant))
    np.testing.assert_allclose(rate, -taken, rtol=1e-12)
    assert rate < 0


def test_leith_takes_the_square_of_what_is_carried(plane, flow):
    constant = 0.4
    along_x, along_y = gradient(plane, flow.carried)
    viscosity = (constant * grid_width(plane)) ** 3 * jnp.hypot(along_x, along_y)
    taken = _mean(viscosity * (along_x**2 + along_y**2))
    np.testing.assert_allclose(square_rate(plane, flow, leith(plane, flow, constant)), -taken, rtol=1e-12)


@pytest.mark.parametrize("returned", [0.0, 0.5, 1.0])
def test_backscatter_returns_the_share_that_is_said(plane, flow, returned):
    """At one the energy is kept to round-off, while the square of the vorticity falls; at zero all is lost."""
    friction = energy_rate(plane, flow, jansen_held(plane, flow, 0.2, 0.0))
    rate = energy_rate(plane, flow, jansen_held(plane, flow, 0.2, returned))
    assert friction < 0
    np.testing.assert_allclose(rate, (1 - returned) * friction, rtol=1e-10, atol=1e-12 * abs(friction))
    vorticity = plane.laplacian(flow.psi)
    change = jansen_held(plane, flow, 0.2, returned)
    assert (SHARES * plane.mean_product(vorticity, change)).sum() < 0


def test_a_budget_with_the_wrong_sign_of_one_layer_is_seen(plane, flow):
    """The oracle must fail where the depth shares are wrong: energy of one layer is not energy of the whole."""
    wrong = flow._replace(shares=jnp.asarray([0.5, 0.5]))
    change = jansen_held(plane, flow, 0.2, 1.0)
    friction = energy_rate(plane, flow, jansen_held(plane, flow, 0.2, 0.0))
    assert abs(energy_rate(plane, wrong, change)) > 1e-3 * abs(friction)


def test_smagorinsky_of_a_shear_flow_is_known(plane):
    """psi = cos x: u = 0, v = -sin x, so D = (0, -cos x) and the tendency is d_xx(nu v_x), nu = (C Delta)^2 |cos x|."""
    x = jnp.broadcast_to(2 * np.pi * jnp.arange(24) / 24, (24, 24))
    psi = times(plane.mask, plane.to_modes(jnp.cos(x)))
    flow = Layers(psi[None], plane.laplacian(psi)[None], jnp.ones(1))
    scale = (0.3 * grid_width(plane)) ** 2
    stress = plane.to_modes(-scale * jnp.abs(jnp.cos(x)) * jnp.cos(x))
    wanted = plane.ddx(plane.ddx(stress))
    found = smagorinsky(plane, flow, 0.3)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-10)
    assert abs(found).max() > 0.1


def test_closures_move_with_the_flow(plane, flow):
    """No place is special: shifting the flow by whole points shifts the tendency."""

    def shifted(spectrum):
        return plane.to_modes(jnp.roll(plane.to_grid(times(plane.mask, spectrum)), (3, 5), (-2, -1)))

    moved = Layers(shifted(flow.psi), shifted(flow.carried), flow.shares)
    for closure in (smagorinsky, leith, jansen_held):
        there, here = closure(plane, moved, 0.2), shifted(closure(plane, flow, 0.2))
        size = float(jnp.abs(here).max())
        np.testing.assert_allclose(times(plane.mask, there), here * plane.mask, atol=1e-10 * size)


def test_a_flow_at_rest_stays_at_rest(plane):
    still = Layers(*(jnp.zeros((2, 24, plane.kept + 1), complex),) * 2, jnp.asarray(SHARES))
    for closure in (smagorinsky, leith, jansen_held):
        assert not jnp.abs(closure(plane, still, 0.2)).any()


def test_points_hold_the_kept_waves_exactly(plane, flow):
    for points in (16, 30):
        field = on_points(plane, flow.psi, points)
        np.testing.assert_allclose(from_points(plane, field), flow.psi, atol=1e-12)
    np.testing.assert_allclose(on_points(plane, flow.psi, 24), plane.to_grid(flow.psi), atol=1e-12)
    with pytest.raises(ValueError, match="do not hold"):
        on_points(plane, flow.psi, 12)


@pytest.mark.slow
def test_single_precision_in_the_units_of_the_ocean():
    """Vorticities of 1e-5 per second on 1000 km: nothing underflows."""
    with jax.enable_x64(False):
        plane = Plane(24, 1e6)
        rng = np.random.default_rng(1)
        psi = times(plane.mask, plane.to_modes(jnp.asarray(rng.standard_normal((2, 24, 24)), jnp.float32)))
        psi = times(1e4 / (1 + plane.square / 1e-9), psi)
        flow = Layers(psi, plane.laplacian(psi), jnp.asarray([0.2, 0.8], jnp.float32))
        friction = float(energy_rate(plane, flow, jansen_held(plane, flow, 0.1, 0.0)))
        kept = float(energy_rate(plane, flow, jansen_held(plane, flow, 0.1, 1.0)))
    assert friction < 0
    assert abs(kept) < 1e-4 * abs(friction)
