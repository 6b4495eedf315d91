"""The sphere's numerics and measures against SciPy's spherical harmonics, xeofs and scores."""

import numpy as np
import pytest
import scipy.special
import xarray as xr
import xeofs

from gnomon.measures.sphere.modes import covariances, leading, pattern
from gnomon.measures.sphere.stability import hazard_interval
from gnomon.numerics.sphere.grid import area_weights, gauss_grid, regular_grid
from gnomon.numerics.sphere.harmonics import analyse, harmonics, legendre

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("truncation", [21, 63])
def test_legendre_functions_equal_scipys(truncation):
    lat = np.linspace(-88, 88, 23)
    ours, slope = legendre(truncation, lat)
    colatitude = np.radians(90 - lat)
    for m in (0, 1, 2, 7, truncation):
        for n in (m, min(m + 1, truncation), (m + truncation) // 2, truncation):
            value, gradient = scipy.special.sph_harm_y(n, m, colatitude, 0.0, diff_n=1)
            size = np.sqrt(4 * np.pi) * (-1) ** m  # mean square one, without the Condon-Shortley sign
            np.testing.assert_allclose(ours[m, n], size * value.real, atol=1e-10)
            np.testing.assert_allclose(slope[m, n], -size * gradient[..., 0].real, atol=1e-8)


@pytest.mark.parametrize("grid", [gauss_grid(21), regular_grid(37, 72, poles=True)])
def test_scipys_harmonics_come_back_as_one_coefficient(grid):
    h = harmonics(grid.lat, grid.lon, 21)
    for n, m in [(0, 0), (3, 2), (15, 0), (21, 21), (21, 4)]:
        y = scipy.special.sph_harm_y(n, m, np.radians(90 - grid.lat)[:, None], np.radians(grid.lon)[None, :])
        expected = np.zeros((22, 22), complex)
        expected[m, n] = (0.5 if m else 1.0) * (-1) ** m / np.sqrt(4 * np.pi)
        np.testing.assert_allclose(analyse(h, y.real), expected, atol=1e-13)


@pytest.mark.filterwarnings("ignore:Deleting a single level of a MultiIndex:FutureWarning")  # inside xeofs
def test_the_leading_mode_is_that_of_xeofs():
    random = np.random.default_rng(0)
    lat, lon = np.arange(22.5, 90, 5.0), np.arange(0, 360, 15.0)
    shape = np.cos(np.radians(lat - 50))[:, None] * (1 + 0.3 * np.cos(2 * np.radians(lon)))
    x = 2 * random.normal(size=(60, 1, 1)) * shape + random.normal(size=(60, len(lat), len(lon)))
    x = x - x.mean(axis=0)
    field = xr.DataArray(
        x, dims=("time", "lat", "lon"), coords={"time": np.arange(60), "lat": lat, "lon": lon}
    )
    theirs = xeofs.single.EOF(n_modes=1, use_coslat=True)
    theirs.fit(field, dim="time")
    # Bands of equal width have areas proportional to the cosine of their middle.
    root = np.sqrt(np.cos(np.radians(lat)))[:, None] * np.ones(len(lon))
    np.testing.assert_allclose(
        area_weights(np.arange(-87.5, 90, 5))[22:], root[:, 0] ** 2 * np.sin(np.radians(2.5))
    )
    weighted = (x * root).reshape(1, 60, -1)
    e, share = leading(weighted)
    component = theirs.components().values[0]
    other = component.ravel() / np.linalg.norm(component)
    assert abs(e @ other) == pytest.approx(1, abs=1e-10)
    assert share == pytest.approx(float(theirs.explained_variance_ratio().values[0]), rel=1e-8)
    b = pattern(covariances(weighted, e).mean(axis=0), e)
    variance = float(theirs.explained_variance().values[0]) * 59 / 60  # theirs divides by n - 1
    assert np.linalg.norm(b) == pytest.approx(np.sqrt(variance), rel=1e-8)


@pytest.mark.parametrize("events", [1, 3, 12])
def test_the_poisson_interval_inverts_the_distribution(events):
    low, high = hazard_interval(events, 4.0)
    assert scipy.special.pdtr(events, 4 * high) == pytest.approx(0.025)
    assert scipy.special.pdtrc(events - 1, 4 * low) == pytest.approx(0.025)
