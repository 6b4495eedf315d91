"""EOFs by snapshots: planted patterns come back, and an independent library agrees."""

import numpy as np
import pytest

from gnomon.numerics.eofs import snapshot_eofs


@pytest.fixture
def anomalies():
    rng = np.random.default_rng(0)
    patterns = np.linalg.qr(rng.standard_normal((300, 3)))[0].T
    x = (rng.standard_normal((80, 3)) * [5.0, 2.0, 0.5]) @ patterns
    return x - x.mean(axis=0)


def test_planted_patterns_come_back(anomalies):
    found = snapshot_eofs(anomalies, np.ones(300), 10)
    assert found.patterns.shape == (3, 300)  # what is not there is not made up
    np.testing.assert_allclose(found.scores @ found.patterns, anomalies, atol=1e-9)
    np.testing.assert_allclose(anomalies @ found.filters.T, found.scores, atol=1e-9)
    np.testing.assert_allclose(found.scores.T @ found.scores / 79, np.eye(3), atol=1e-9)
    assert found.variance.sum() == pytest.approx(1.0)


def test_many_samples_of_few_points_are_the_same_eofs(anomalies):
    few = anomalies[:, :40] + 1e-3 * np.random.default_rng(2).standard_normal((80, 40))
    both = [snapshot_eofs(few[rows], np.ones(40), 3) for rows in (slice(None), slice(0, 39))]
    np.testing.assert_allclose(both[0].scores.T @ both[0].scores / 79, np.eye(3), atol=1e-8)
    np.testing.assert_allclose(few @ both[0].filters.T, both[0].scores, atol=1e-9)
    assert both[1].patterns.shape == (3, 40)


def test_weights_decide_what_is_orthogonal(anomalies):
    weights = np.linspace(0.1, 2.0, 300)
    found = snapshot_eofs(anomalies, weights, 3)
    inner = (found.patterns * weights) @ found.patterns.T
    np.testing.assert_allclose(inner, np.diag(np.diag(inner)), atol=1e-9)


@pytest.mark.oracle
@pytest.mark.filterwarnings("ignore::FutureWarning")  # of the library's own use of xarray
def test_against_xeofs():
    xarray, xeofs = pytest.importorskip("xarray"), pytest.importorskip("xeofs")
    rng = np.random.default_rng(1)
    lat, lon = np.linspace(-80, 80, 12), np.arange(0, 360, 20.0)
    x = rng.standard_normal((40, 12, 18)).cumsum(axis=0)
    model = xeofs.single.EOF(n_modes=4, use_coslat=True)
    field = xarray.DataArray(
        x, dims=("time", "lat", "lon"), coords={"time": np.arange(40), "lat": lat, "lon": lon}
    )
    model.fit(field, dim="time")
    weights = np.repeat(np.cos(np.radians(lat)), 18)
    flat = (x - x.mean(axis=0)).reshape(40, -1)
    found = snapshot_eofs(flat, weights, 4)
    np.testing.assert_allclose(found.variance, model.explained_variance_ratio().values, rtol=1e-6)
    theirs = model.scores().transpose("time", "mode").values
    for mode in range(4):
        assert abs(np.corrcoef(theirs[:, mode], found.scores[:, mode])[0, 1]) == pytest.approx(1.0, abs=1e-8)
