"""Areas, regions, distances: against closed forms."""

import numpy as np
import pytest

from gnomon.numerics.sphere.grid import (
    LatLon,
    area_mean,
    area_weights,
    at_point,
    box,
    eddy,
    gauss_grid,
    gauss_latitudes,
    great_circle,
    point_weights,
    regular_grid,
    zonal_mean,
)


@pytest.mark.parametrize(("truncation", "shape"), [(21, (32, 64)), (31, (48, 96)), (42, (64, 128))])
def test_gauss_grids_have_the_usual_sizes(truncation, shape):
    g = gauss_grid(truncation)
    assert (len(g.lat), len(g.lon)) == shape
    assert g.weights.sum() == pytest.approx(1, abs=1e-14)
    assert (np.diff(g.lat) > 0).all()


@pytest.mark.parametrize("grid", [gauss_grid(21), regular_grid(36, 72), regular_grid(73, 144, poles=True)])
def test_area_mean_of_the_square_of_the_sine_is_a_third(grid: LatLon):
    x = np.sin(np.radians(grid.lat))[:, None] ** 2 * np.ones(len(grid.lon))
    assert area_mean(x, grid.weights) == pytest.approx(1 / 3, abs=1e-3)
    assert (x * point_weights(grid.weights, len(grid.lon))).sum() == pytest.approx(1 / 3, abs=1e-3)


def test_bands_reach_the_poles_and_have_the_area_of_their_zone():
    weights = area_weights(np.array([-60.0, 0.0, 60.0]))  # borders at 30S and 30N
    np.testing.assert_allclose(weights, [0.25, 0.5, 0.25])


def test_latitudes_that_descend_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        area_weights(np.array([90.0, 0.0, -90.0]))


def test_a_region_is_averaged_alone():
    g = gauss_grid(21)
    x = np.where(g.lat[:, None] > 0, 3.0, -1.0) * np.ones(len(g.lon))
    north = box(g.lat, g.lon, 0, 90)
    assert area_mean(x, g.weights, north) == pytest.approx(3)
    assert area_mean(x, g.weights) == pytest.approx(1)
    with pytest.raises(ValueError, match="no grid point"):
        area_mean(x, g.weights, np.zeros_like(x))


def test_a_box_may_cross_greenwich():
    lat, lon = np.array([10.0]), np.arange(0.0, 360.0, 10.0)
    inside = box(lat, lon, 0, 20, 350, 20)[0]
    assert set(lon[inside]) == {350, 0, 10, 20}
    assert box(lat, lon, 0, 20)[0].all()
    assert not box(lat, lon, 20, 30).any()
    assert set(lon[box(lat, lon, 0, 20, -30, -10)[0]]) == {330, 340, 350}


@pytest.mark.parametrize(
    ("points", "angle"),
    [((0, 0, 0, 90), 90), ((-90, 12, 90, 200), 180), ((45, 0, 45, 180), 90), ((10, 350, 10, 350), 0)],
)
def test_distances(points, angle):
    assert great_circle(*points) == pytest.approx(angle, abs=1e-9)


def test_a_point_is_interpolated_across_greenwich():
    g = gauss_latitudes(32)
    x = g.lat[:, None] + np.cos(np.radians(g.lon))
    assert at_point(x, g.lat, g.lon, 33.0, 358.0) == pytest.approx(33 + np.cos(np.radians(2)), abs=5e-3)
    assert at_point(x, g.lat, g.lon, 89.9, 0.0) == pytest.approx(g.lat[-1] + 1)


def test_zonal_mean_and_eddy_make_the_whole():
    x = np.random.default_rng(0).normal(size=(2, 5, 8))
    np.testing.assert_allclose(zonal_mean(x)[..., None] + eddy(x), x)
